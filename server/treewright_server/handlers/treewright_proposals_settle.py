"""treewright/proposals/settle: which hunks the user took and which not -> `{"state", "closure"}`.

`closure` names the hunks that the accepted ones need and that are not accepted yet.

The client has put the accepted hunks into its buffers already. `final` is False while hunks are
undecided; a comment alone decides nothing and goes with the outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.answering import decoded
from treewright_server.reviews import chosen, hunk_ids

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = "treewright/proposals/settle"


class Params(msgspec.Struct, frozen=True):
    proposal: str
    accepted: list[str] = []
    rejected: list[str] = []
    final: bool = True
    verdict: Literal["accepted", "rejected", "dismissed"] = "accepted"
    comment: str = ""


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    given = decoded(params, Params, METHOD)
    review = ls.session.reviews.get(given.proposal)
    feedback = ls.session.feedback
    chosen(review.proposal, [*given.accepted, *given.rejected])  # every id is known
    review.accepted |= set(given.accepted)
    review.rejected |= set(given.rejected)
    review.comment = given.comment or review.comment
    if review.accepted:
        feedback.chose(given.proposal, chosen(review.proposal, review.accepted))
    if given.final and review.accepted:
        known = hunk_ids(review.proposal)
        ls.session.turns.applied(given.proposal, [known[id] for id in sorted(review.accepted)])
    if given.final and review.state == "open":
        if len(review.accepted) == len(hunk_ids(review.proposal)):
            review.state = "accepted"
        elif review.accepted:
            review.state = "accepted_in_part"
        else:
            review.state = "expired" if given.verdict == "dismissed" else "rejected"
        if review.state != "accepted" or review.comment:  # `chose` has said accepted
            feedback.decided(given.proposal, review.state, review.comment)
        ls.session.status.changed()
    ids = hunk_ids(review.proposal)
    needed = review.proposal.change.closure(ids[id] for id in review.accepted)
    closure = [id for id, hunk in ids.items() if hunk in needed and id not in review.accepted]
    return {"state": review.state, "closure": closure}
