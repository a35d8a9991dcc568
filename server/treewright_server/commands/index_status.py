"""treewright.index.status: what is indexed and what is left to do, folder by folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"ready", "folders": [{"root", "ready", "pending", "counts", "skipped"}]}`."""

    def work(snapshot: Snapshot, token: CancelToken) -> dict[str, Any]:
        folders = [
            {
                "root": folder.root,
                "ready": folder.ready,
                "pending": len(folder.pending),
                "counts": dict(folder.store.counts()),
                "skipped": len(folder.store.skipped()),
            }
            for folder in snapshot.folders
        ]
        return {"ready": all(folder["ready"] for folder in folders), "folders": folders}

    return await answer(ls, work)
