"""Add import: import a name where the file's imports have their place for it.

A name joins an existing `from` import of its module, at its sorted place; a new statement goes
into the group of the standard library, of other packages, of this workspace or of relative
imports, as the file and the project sort them. Nothing changes when the import is there
already; a name that means something else in the file is refused.

        //- a.py
        import os

        print(os.name, sys.path)
    -> {"path": "a.py", "module": "sys"}
        //- a.py
        import os
        import sys

        print(os.name, sys.path)
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_identifier, require_language
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot

_MODULE = re.compile(r"\.*(?:[^\W\d]\w*(?:\.[^\W\d]\w*)*)?\Z")


class AddImport(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file that lacks the import.")]
    module: Annotated[
        str, msgspec.Meta(description="Dotted module; leading dots make it relative: `.sibling`.")
    ]
    name: Annotated[
        str,
        msgspec.Meta(description="The name to import from the module; empty imports the module."),
    ] = ""
    alias: Annotated[str, msgspec.Meta(description="Bind it under this name: `as alias`.")] = ""
    type_checking: Annotated[
        bool, msgspec.Meta(description="Only for annotations: below `if TYPE_CHECKING:`.")
    ] = False


def _plan(snapshot: Snapshot, arguments: AddImport, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "add_import")
    wanted = _wanted(arguments)
    block = ImportBlock(snapshot, path)
    build = ChangeBuilder(snapshot)
    if block.existing(wanted) is not None:
        return build.build()
    bound = wanted.binds
    binding = snapshot.facts(path).scopes[0].bindings.get(bound)
    if binding is not None and _imports_it(snapshot, path, wanted):
        return build.build()  # in a `try` or an `if`
    if binding is not None and not _same_package(snapshot, path, wanted):
        start, kind = binding
        line = snapshot.text(path).line_of(start) + 1
        shown = snapshot.display_path(path)
        raise RefusedError(f"`{bound}` is another {kind} in {shown} already (line {line})")
    editor = build.file(path)
    if arguments.type_checking:
        block.add_for_types(editor, [wanted])
    else:
        block.add(editor, [wanted])
    return build.build()


def _wanted(arguments: AddImport) -> Wanted:
    module, name, alias = arguments.module, arguments.name, arguments.alias
    if not module or _MODULE.match(module) is None:
        raise ArgumentsError(f"add_import: module: {module!r} is no dotted module name")
    if not module.strip(".") and not name:
        raise ArgumentsError(f"add_import: name is missing: `import {module}` is no statement")
    if module.startswith(".") and not name:
        raise ArgumentsError("add_import: a relative import needs name: `from .module import name`")
    for part in (part for part in module.split(".") if part):
        require_identifier(part)
    for each in (name, alias):
        if each and each != "*":
            require_identifier(each)
    if name == "*":
        raise RefusedError("a star import hides where names come from; import the names you need")
    default = name or module
    return Wanted(module, name, "" if alias == default else alias)


def _same_package(snapshot: Snapshot, path: str, wanted: Wanted) -> bool:
    """`import a.b` beside `import a.c`: both bind `a`, to the same package."""
    if wanted.name or wanted.alias:
        return False
    top = wanted.module.partition(".")[0]
    return any(
        not item.name and not item.level and item.alias == top
        and item.module.partition(".")[0] == top
        for item in snapshot.facts(path).imports
    )  # fmt: skip


def _imports_it(snapshot: Snapshot, path: str, wanted: Wanted) -> bool:
    module = wanted.module.lstrip(".")
    level = len(wanted.module) - len(module)
    return any(
        item.module == module
        and item.level == level
        and item.name == wanted.name
        and item.alias == wanted.binds
        for item in snapshot.facts(path).imports
    )


ADD_IMPORT = Operation(
    name="add_import",
    title="Add import",
    arguments=AddImport,
    plan=_plan,
    document=__doc__ or "",
    kind="quickfix",
)
