"""treewright.preview: the diff and the checks of a proposal or an operation; applies nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_server.commands.arguments import the_object
from treewright_server.commands.operation import planned
from treewright_server.lanes import answer
from treewright_server.plain import is_object
from treewright_server.proposing import from_data, preview

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """`{"proposal": id}`, an action's data, or `{"operation": name, "arguments": {…}}`
    -> `{"proposal", "title", "source", "diff", "checks"}`.
    """
    data = the_object(arguments, "treewright.preview")

    def work(snapshot: Snapshot, token: CancelToken) -> tuple[Proposal, Snapshot, dict[str, Any]]:
        if "operation" in data:
            given = data.get("arguments", {})
            if not is_object(given):
                raise ArgumentsError("treewright.preview: arguments must be an object")
            proposal = planned(ls, str(data["operation"]), given, snapshot, token)
        else:
            proposal = from_data(ls, data, snapshot, token)
        paths = list(proposal.change.paths())
        folder = snapshot.folder_of(paths[0]) if paths else None
        root = folder.root if folder is not None else "/"
        return proposal, snapshot, preview(proposal, snapshot, root)

    proposal, snapshot, shown = await answer(ls, work)
    ls.session.shelf.put(proposal)
    ls.session.feedback.shown(proposal, snapshot)
    ls.session.feedback.previewed(proposal.id)
    return shown
