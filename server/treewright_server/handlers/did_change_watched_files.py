"""workspace/didChangeWatchedFiles: files that changed outside the editor are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.convert import is_file, to_path
from treewright_server.given import objects
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any) -> None:
    session = ls.session
    uris = [change.get("uri") for change in objects(params, "changes")]
    paths = {p for uri in uris if isinstance(uri, str) and is_file(p := to_path(uri))}

    def work() -> None:
        session.changed_on_disk(paths)
        session.lanes.post(lambda: session.workspace.files_changed(paths), Lane.BACKGROUND)

    session.park(work)
