"""Move file: move or rename a file or a package, and rewrite every import of it and in it.

Absolute and relative imports, `import a.b` with its dotted uses, `from a import b`, `__all__`
of the package and, in JavaScript and TypeScript, relative paths follow. With `strings` dotted
names in strings and in the project's configuration follow as well, each to be confirmed. A
module becomes a package when `new_path` is `module/__init__.py`. Refused when the new place is
taken, or when importers could not name it.

        //- p/__init__.py
        //- p/a.py
        x = 1
        //- b.py
        from p.a import x
    -> {"path": "p/a.py", "new_path": "p/c.py"}
        //- p/__init__.py
        //- p/c.py
        x = 1
        //- b.py
        from p.c import x
"""

from __future__ import annotations

import os
from typing import Annotated

import msgspec

from treewright_agent.changes import SourceChange
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.moving import moved_change, moves_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.snapshot import Snapshot


class MoveFile(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The file or folder.")]
    new_path: Annotated[
        str, msgspec.Meta(description="Where it goes; relative to the workspace folder.")
    ]
    strings: Annotated[
        bool, msgspec.Meta(description="Also dotted names in strings and configuration, marked.")
    ] = False


def _plan(snapshot: Snapshot, arguments: MoveFile, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    if not arguments.new_path.strip():
        raise ArgumentsError("move_file: new_path is empty")
    new_path = snapshot.require_inside(absolute(snapshot, path, arguments.new_path))
    moves = moves_of(snapshot, path, new_path)
    return moved_change(snapshot, moves, token, strings=arguments.strings)


def absolute(snapshot: Snapshot, path: str, given: str) -> str:
    """A path given relative to the folder that holds `path`."""
    if os.path.isabs(given):
        return os.path.normpath(given)
    folder = snapshot.folder_of(path)
    root = folder.root if folder is not None else os.path.dirname(path)
    return os.path.normpath(os.path.join(root, given))


MOVE_FILE = Operation(
    name="move_file",
    title="Move file",
    arguments=MoveFile,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.move",
)
