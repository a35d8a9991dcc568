"""treewright/chat: an answer or a change, streamed as parts on the client's own token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.answering import Answering, ChatParams, beside, decoded
from treewright_server.lanes import snapshot_of_request

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

METHOD = "treewright/chat"


async def handle(ls: TreewrightServer, params: Any) -> dict[str, Any]:
    given = decoded(params, ChatParams, METHOD)
    snapshot = await snapshot_of_request(ls)

    def work(token: CancelToken) -> dict[str, Any]:
        return Answering(ls, given, snapshot, token).run()

    return await beside(work)
