"""workspace/willRenameFiles: the imports of files that are about to get new names."""

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
    from treewright_indexer.ide.moves import rewritten_imports

    moves: dict[str, str] = {}
    for file in objects(params, "files"):
        old, new = to_path(string(file, "oldUri")), to_path(string(file, "newUri"))
        if is_file(old) and is_file(new) and old != new:
            moves[old] = new
    found = rewritten_imports(snapshot, moves, token)
    if found.left:
        named = [f"{snapshot.display_path(path)}: {text}" for path, _, text in found.left]
        more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
        ls.show(f"imports that need a look: {'; '.join(named[:MAX_NAMED])}{more}")
    if not found.edits:
        return None
    files = tuple(
        FileChange(path, snapshot.hash(path), tuple(TextEdit(e.span, e.new_text) for e in edits))
        for path, edits in sorted(found.edits.items())
    )
    change = SourceChange(files=files, revision=snapshot.revision)
    session = ls.session
    label = "Rewrite imports"
    return to_workspace_edit(change, snapshot, session.client, session.documents.uri, label=label)
