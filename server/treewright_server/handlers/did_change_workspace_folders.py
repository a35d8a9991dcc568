"""workspace/didChangeWorkspaceFolders: folders that the editor opened and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.given import objects, string

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any) -> None:
    added = [string(folder, "uri") for folder in objects(params, "event", "added")]
    removed = [string(folder, "uri") for folder in objects(params, "event", "removed")]
    ls.session.change_folders(added, removed)
