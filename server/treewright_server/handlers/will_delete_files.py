"""workspace/willDeleteFiles: imports that nothing needs go with the file, the others are told.

The edits ask first where the editor can: a deletion may be one half of a move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import is_file, to_path
from treewright_server.edits import to_workspace_edit
from treewright_server.given import objects, string

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

MAX_NAMED = 5


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any] | None:
    from treewright_agent.changes import FileChange, SourceChange, TextEdit
    from treewright_indexer.ide.files import left_behind

    deleted = [to_path(string(file, "uri")) for file in objects(params, "files")]
    found = left_behind(snapshot, [path for path in deleted if is_file(path)], token)
    if found.used:
        rows = [
            f"{snapshot.display_path(path)}:{snapshot.text(path).line_of(start) + 1}: {text}"
            for path, start, text in found.used
        ]
        more = f" and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else ""
        ls.show(f"still imported: {'; '.join(rows[:MAX_NAMED])}{more}")
    if not found.unused:
        return None
    files = tuple(
        FileChange(path, snapshot.hash(path), tuple(TextEdit(span, "") for span in spans))
        for path, spans in sorted(found.unused.items())
    )
    change = SourceChange(files=files, revision=snapshot.revision)
    session = ls.session
    return to_workspace_edit(
        change,
        snapshot,
        session.client,
        session.documents.uri,
        label="Remove imports of deleted files",
        confirm=True,
    )
