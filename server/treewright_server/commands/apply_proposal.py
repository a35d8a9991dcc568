"""treewright.applyProposal: apply a proposal that was shown, by id or by an action's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import StaleSnapshotError
from treewright_server.commands.arguments import the_object
from treewright_server.lanes import answer
from treewright_server.proposing import from_data, send

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """`{"proposal": id}` -> `{"proposal", "applied", "reason"}`, whole or not at all.

    When the text has changed and the proposal does not fit it any more, `items` reports on each
    part: `{"path", "line", "reason"}`, `reason` "" for a part that would fit.
    """
    data = the_object(arguments, "treewright.applyProposal")
    ls.session.require_trust("changes")

    def work(snapshot: Snapshot, token: CancelToken) -> tuple[Proposal, Snapshot]:
        return from_data(ls, data, snapshot, token), snapshot

    try:
        proposal, snapshot = await answer(ls, work)
    except StaleSnapshotError as error:  # a `HeldError`, which is not loaded for its name alone
        items = [item._asdict() for item in getattr(error, "items", ())]
        asked = data.get("proposal")
        return {"proposal": asked, "applied": False, "reason": str(error), "items": items}
    return await send(ls, proposal, snapshot)
