"""codeAction/resolve: the edit of an action that the user picked.

An action that is not ours, or that needs nothing, goes back as it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_server.lanes import answer
from treewright_server.proposing import edit_of, from_data

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.CODE_ACTION_RESOLVE
OPTIONS = None


async def handle(ls: TreewrightServer, action: lsp.CodeAction) -> lsp.CodeAction:
    data = cast(Any, action.data)
    if action.edit is not None or not isinstance(data, dict) or data.get("treewright") != 1:
        return action

    def work(
        snapshot: Snapshot, token: CancelToken
    ) -> tuple[Proposal, Snapshot, lsp.WorkspaceEdit]:
        proposal = from_data(ls, data, snapshot, token)
        return proposal, snapshot, edit_of(ls, proposal, snapshot)

    proposal, snapshot, action.edit = await answer(ls, work)
    ls.session.feedback.shown(proposal, snapshot)
    return action
