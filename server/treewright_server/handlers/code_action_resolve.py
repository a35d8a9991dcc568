"""codeAction/resolve: the edit of an action that the user picked.

An action that is not ours, or that needs nothing, goes back as it came.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server import finding
from treewright_server.lanes import answer
from treewright_server.plain import field, is_object
from treewright_server.proposing import edit_of, from_data

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


async def handle(ls: TreewrightServer, params: Any) -> Any:
    data = field(params, "data")
    if not is_object(data) or data.get("treewright") != 1 or field(params, "edit") is not None:
        return params
    if "find" in data:
        return await answer(
            ls, lambda snapshot, token: finding.resolved(ls, params, snapshot, token)
        )
    ls.session.require_trust("changes")

    began = time.monotonic()

    def work(snapshot: Snapshot, token: CancelToken) -> tuple[Proposal, Snapshot, dict[str, Any]]:
        proposal = from_data(ls, data, snapshot, token)
        return proposal, snapshot, edit_of(ls, proposal, snapshot)

    proposal, snapshot, edit = await answer(ls, work)
    made = {"recipe": str(data.get("recipe", "")), "seconds": time.monotonic() - began}
    ls.session.feedback.shown(proposal, snapshot, made)
    return {**params, "edit": edit}
