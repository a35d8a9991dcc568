"""treewright/proposals/refresh: the same calls planned on the text as it is now -> Offered.

The old proposal is closed as expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_server.given import string
from treewright_server.reviews import offered, refused, refused_as

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    from treewright_agent.calls import absolute_calls
    from treewright_agent.proposals import ProposalRefused, consider

    ls.session.require_trust("changes")
    review = ls.session.reviews.get(string(params, "proposal"))
    old = review.proposal
    if review.state == "open":
        review.state = "expired"
        ls.session.feedback.decided(old.id, "expired", "planned again on newer text")
        ls.session.status.changed()
    # What a chat or a task decided names files as people do, from the folder's root.
    calls = absolute_calls(old.calls, old.root)
    try:
        made = consider(
            snapshot, old.title, calls, old.source, token, reason=old.reason, rung=old.rung
        )
    except TreewrightError as error:
        token.check()
        return refused(str(error))
    return refused_as(made) if isinstance(made, ProposalRefused) else offered(ls, made, snapshot)
