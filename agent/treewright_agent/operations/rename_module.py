"""Rename module: give a Python module or package another name, in its folder.

As `move_file`, for who thinks of the module and not of its file. Say which one by `path`, or
by `path` and `offset` of its name in an import.

        //- p/__init__.py
        //- p/a.py
        x = 1
        //- b.py
        from p import a

        print(a.x)
    -> {"path": "p/a.py", "new_name": "c"}
        //- p/__init__.py
        //- p/c.py
        x = 1
        //- b.py
        from p import c

        print(c.x)
"""

from __future__ import annotations

import os
from typing import Annotated

import msgspec

from treewright_agent.changes import SourceChange
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.moving import moved_change, moves_of
from treewright_agent.operations.names import require_identifier
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import definitions
from treewright_indexer.snapshot import Snapshot


class RenameModule(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The module's file or the package's folder.")]
    new_name: Annotated[str, msgspec.Meta(description="The new name, without dots and suffix.")]
    offset: Annotated[
        int | None, msgspec.Meta(description="A byte of the module's name in `path`, an importer.")
    ] = None
    strings: Annotated[
        bool, msgspec.Meta(description="Also dotted names in strings and configuration, marked.")
    ] = False


def _plan(snapshot: Snapshot, arguments: RenameModule, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    if arguments.offset is not None:
        found = definitions(snapshot, path, arguments.offset, token)
        modules = [target.path for target in found if target.kind == "module"]
        if not modules:
            raise RefusedError("there is no module of this workspace's at that place")
        path = modules[0]
    return rename_module(snapshot, path, arguments.new_name, token, strings=arguments.strings)


def rename_module(
    snapshot: Snapshot, path: str, new_name: str, token: CancelToken, *, strings: bool = False
) -> SourceChange:
    """Raises RefusedError as `moves_of`, and for a name that no import could write."""
    new_name = require_identifier(new_name, "new_name")
    if os.path.basename(path).startswith("__init__."):
        path = os.path.dirname(path)
    suffix = "" if os.path.isdir(path) else os.path.splitext(path)[1]
    new_path = os.path.join(os.path.dirname(path), new_name + suffix)
    if new_path == path:
        return SourceChange(revision=snapshot.revision)
    for other in (".py", ".pyi", f"{os.sep}__init__.py"):
        beside = os.path.join(os.path.dirname(path), new_name + other)
        if snapshot.exists(beside):
            raise RefusedError(f"{snapshot.display_path(beside)} exists already")
    return moved_change(snapshot, moves_of(snapshot, path, new_path), token, strings=strings)


RENAME_MODULE = Operation(
    name="rename_module",
    title="Rename module",
    arguments=RenameModule,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rename",
)
