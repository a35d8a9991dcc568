"""treewright.feedback.report: what became of proposals, as a page to show in the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"html": page}`: without scripts, loads nothing, follows the light or dark scheme."""
    if not ls.session.feedback.on:
        raise RefusedError("feedback is off: there is nothing to report")

    def work(token: CancelToken) -> str:
        from treewright_agent.feedback import FeedbackStore
        from treewright_agent.feedback.report import report

        with FeedbackStore.open() as store:
            return report(store)

    return {"html": await ls.session.lanes.run(work, Lane.BACKGROUND)}
