"""treewright/proposals/get: one proposal with its hunks, by id or by a code action's data.

Asking for it puts it under review.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_server.plain import is_object
from treewright_server.proposing import from_data
from treewright_server.reviews import offered, whole

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    given: dict[str, Any] = params if is_object(params) else {}
    try:
        return whole(ls, ls.session.reviews.get(str(given.get("proposal", ""))), snapshot)
    except ArgumentsError:
        proposal = from_data(ls, given, snapshot, token)
    return offered(ls, proposal, snapshot)["proposal"]
