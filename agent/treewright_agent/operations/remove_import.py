"""Remove import: take an import out of a file that does not use it.

One name leaves its `from` import, or the whole statement goes, with its line, its comment and
the blank lines that only it needed. An import that is still used, in this file or through it
by others, is refused with the places.

        //- a.py
        import os
        import sys

        print(os.name)
    -> {"path": "a.py", "module": "sys"}
        //- a.py
        import os

        print(os.name)
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_removal import ImportUse, Removal, uses_of_import
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot


class RemoveImport(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")]
    module: Annotated[
        str, msgspec.Meta(description="Dotted module as it is written, with leading dots.")
    ] = ""
    name: Annotated[
        str, msgspec.Meta(description="The name imported from it; empty: `import module`.")
    ] = ""
    alias: Annotated[str, msgspec.Meta(description="The alias, if it has one.")] = ""
    offset: Annotated[
        int | None,
        msgspec.Meta(description="A byte inside the import, where the file has several alike."),
    ] = None


def _plan(snapshot: Snapshot, arguments: RemoveImport, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "remove_import")
    removal = Removal(snapshot, path)
    found = [
        one
        for one in removal.imports()
        if (not arguments.module or one.module == arguments.module)
        and (not (arguments.name or arguments.module) or one.name == arguments.name)
        and (not arguments.alias or one.alias == arguments.alias)
        and (arguments.offset is None or one.touches(arguments.offset))
    ]
    shown = snapshot.display_path(path)
    if not arguments.module and arguments.offset is None:
        raise ArgumentsError("remove_import: give module (and name), or offset")
    if not found:
        what = arguments.name or arguments.module or f"byte {arguments.offset}"
        raise RefusedError(f"{shown} has no such import: {what}")
    if len(found) > 1 and arguments.offset is not None and not arguments.module:
        statements = {one.statement.start for one in found}
        if len(statements) > 1:
            raise RefusedError(f"byte {arguments.offset} of {shown} is in several imports")
    elif len(found) > 1:
        text = snapshot.text(path)
        lines = ", ".join(str(text.line_of(one.item.start) + 1) for one in found)
        raise RefusedError(f"{shown} has {len(found)} such imports (lines {lines}): give offset")
    for one in found:
        token.check()
        uses = uses_of_import(snapshot, path, one, token)
        if uses:
            raise RefusedError(_still_used(snapshot, one.binds, uses))
    build = ChangeBuilder(snapshot)
    removal.remove(build.file(path), found)
    return build.build()


def _still_used(snapshot: Snapshot, name: str, uses: list[ImportUse]) -> str:
    places = [
        f"{snapshot.display_path(use.path)}:{snapshot.text(use.path).line_of(use.start) + 1}"
        for use in uses[:8]
    ]
    more = f" and {len(uses) - 8} more" if len(uses) > 8 else ""
    return f"`{name}` is still used: {', '.join(places)}{more}"


REMOVE_IMPORT = Operation(
    name="remove_import",
    title="Remove import",
    arguments=RemoveImport,
    plan=_plan,
    document=__doc__ or "",
    kind="quickfix",
)
