"""treewright/proposals/refresh: the proposal made for the text as it is now -> Offered.

Its calls are planned again where their places stand now; else its edits are carried over. The
old proposal is closed as expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_server.given import string
from treewright_server.reviews import offered, refused

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    from treewright_agent.renewal import renew

    ls.session.require_trust("changes")
    review = ls.session.reviews.get(string(params, "proposal"))
    old = review.proposal
    if review.state == "open":
        review.state = "expired"
        ls.session.feedback.decided(old.id, "expired", "planned again on newer text")
        ls.session.status.changed()
    try:
        made = renew(old, snapshot, token)
    except TreewrightError as error:
        token.check()
        return refused(str(error))
    return offered(ls, made, snapshot)
