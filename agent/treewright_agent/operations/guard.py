"""What no operation may do, whatever it plans: leave the workspace, write read-only files.

Edits of files that a generator writes are marked for confirmation: it would undo them.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from treewright_agent.changes import FileChange, SourceChange
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot

_GENERATED = re.compile(
    rb"@generated\b|\bDO NOT (?:EDIT|MODIFY)\b|[Aa]uto-?generated (?:by|from)|"
    rb"This file (?:is|was) (?:automatically )?generated"
)
_HEAD_BYTES = 600
_COMMENT = re.compile(rb"(?m)^[ \t]*(?:#|//|/?\*|<!--|--|;|\"\"\")")
GENERATED = "a generated file: its generator may write it anew"


def guarded(snapshot: Snapshot, change: SourceChange) -> SourceChange:
    """The change, with edits of generated files marked.

    Raises OutsideWorkspaceError, and RefusedError for a file that may not be written.
    """
    places = _Places(snapshot)
    for path in change.paths():
        if not places.hold(os.path.dirname(path)) or os.path.islink(path):
            snapshot.require_inside(path)
    for path in sorted({file.path for file in change.files if file.edits}):
        if not os.access(path, os.W_OK) and os.path.exists(path):
            raise RefusedError(f"{snapshot.display_path(path)} is read-only")
    files = tuple(_marked(snapshot, file) for file in change.files)
    return change if files == change.files else replace(change, files=files)


class _Places:
    """Which folders lie in the workspace without a symbolic link on the way."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._inside = {folder.root: True for folder in snapshot.folders}

    def hold(self, folder: str) -> bool:
        known = self._inside.get(folder)
        if known is None:
            parent = os.path.dirname(folder)
            known = parent != folder and self.hold(parent) and not os.path.islink(folder)
            self._inside[folder] = known
        return known


def _marked(snapshot: Snapshot, file: FileChange) -> FileChange:
    head = snapshot.text(file.path).data[:_HEAD_BYTES]
    found = _GENERATED.search(head)
    if found is None or _COMMENT.match(head, head.rfind(b"\n", 0, found.start()) + 1) is None:
        return file
    return file._replace(
        edits=tuple(e if e.doubt else e._replace(doubt=GENERATED) for e in file.edits)
    )
