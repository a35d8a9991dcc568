"""treewright.index.rebuild: forget the index of every folder and make it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"started": number of folders}`; progress is reported as at start."""
    session = ls.session
    await session.ready(True)
    folders = session.workspace.folders
    for folder in folders:
        await session.lanes.run(lambda _, folder=folder: folder.store.clear(), Lane.BACKGROUND)
        session.index(folder)
    return {"started": len(folders)}
