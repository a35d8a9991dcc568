"""Organize imports: sort and group the imports of a Python file.

By ruff's rules of isort, with the project's settings if it has some. With `remove_unused`
imports that nothing uses go first. Comments stay with their imports.

        //- a.py
        import sys
        import os

        print(os.name, sys.path)
    -> {"path": "a.py"}
        //- a.py
        import os
        import sys

        print(os.name, sys.path)
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.expand_star_import import names_of
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.remove_unused_imports import unused_removed
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Import
from treewright_indexer.snapshot import Overlay, Snapshot

_RULE = "I001"


class OrganizeImports(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")]
    remove_unused: Annotated[
        bool, msgspec.Meta(description="First remove imports that nothing uses.")
    ] = False


def _plan(snapshot: Snapshot, arguments: OrganizeImports, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "organize_imports")
    if not arguments.remove_unused:
        return _sorted(snapshot, path, token)
    first = unused_removed(snapshot, path, token)
    if first.is_empty:
        return _sorted(snapshot, path, token)
    text = first.apply(snapshot.text)[path]
    assert text is not None
    overlays = {**snapshot.overlays, path: Overlay(path, snapshot.language(path), text, 0)}
    between = Snapshot(snapshot.revision, snapshot.folders, overlays, snapshot.removed)
    return first.then(_sorted(between, path, token), snapshot.text)


def _sorted(snapshot: Snapshot, path: str, token: CancelToken) -> SourceChange:
    from treewright_agent.verify.ruff import lint_text  # checks import operations

    text = snapshot.text(path)
    folder = snapshot.folder_of(path)
    root = folder.root if folder is not None else None
    linted = lint_text(path, text, root, always=(_RULE,), token=token)
    if linted.skipped:
        raise RefusedError(linted.skipped)
    build = ChangeBuilder(snapshot)
    for fix in linted.fixes:
        if fix.diagnostic.code == _RULE:
            for span, new in fix.edits:
                build.file(path).rewrite(span, new)
    change = build.build()
    if b"import *" in text.data and not change.is_empty:
        _require_same_winners(snapshot, path, change, token)
    return change


def _require_same_winners(
    snapshot: Snapshot, path: str, change: SourceChange, token: CancelToken
) -> None:
    """What two imports bind the later one wins: a star import keeps its place among those it may
    share a name with."""
    after = change.apply(snapshot.text)[path]
    assert after is not None
    overlays = {**snapshot.overlays, path: Overlay(path, snapshot.language(path), after, 0)}
    later = Snapshot(snapshot.revision, snapshot.folders, overlays, snapshot.removed)
    order = [_key(item) for item in later.facts(path).imports]
    place = {key: index for index, key in enumerate(order)}
    items = [item for item in snapshot.facts(path).imports if _key(item) in place]
    for index, first in enumerate(items):
        for second in items[index + 1 :]:
            if "*" not in (first.name, second.name) or place[_key(first)] < place[_key(second)]:
                continue
            if _may_share(snapshot, path, first, second, token):
                raise RefusedError(
                    f"`{first.module}` and `{second.module}` may bind the same names by a star:"
                    " their order decides which one counts"
                )


def _key(item: Import) -> tuple[str, int, str, str]:
    return (item.module, item.level, item.name, item.alias)


def _may_share(
    snapshot: Snapshot, path: str, first: Import, second: Import, token: CancelToken
) -> bool:
    names: list[set[str]] = []
    for item in (first, second):
        if item.name != "*":
            names.append({item.alias})
            continue
        try:
            names.append(names_of(snapshot, path, item.module, item.level, token))
        except RefusedError:
            return True  # its names are not known
    return not names[0].isdisjoint(names[1])


ORGANIZE_IMPORTS = Operation(
    name="organize_imports",
    title="Organize imports",
    arguments=OrganizeImports,
    plan=_plan,
    document=__doc__ or "",
    kind="source.organizeImports",
)
