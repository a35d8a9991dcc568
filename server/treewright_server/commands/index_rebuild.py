"""treewright.index.rebuild: forget the index of every folder and make it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_indexer.workspace import Folder
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"started": number of folders}`; progress is reported as at start."""
    session = ls.session
    await session.ready()
    folders = session.workspace.folders
    for folder in folders:

        def rebuild(_: object, folder: Folder = folder) -> None:
            folder.store.clear()
            session.index(folder)

        await session.lanes.run(rebuild, Lane.FOLDERS)
    return {"started": len(folders)}
