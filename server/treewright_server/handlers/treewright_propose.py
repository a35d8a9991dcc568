"""treewright/propose: an operation by name, planned and verified for review -> Offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_server.answering import decoded
from treewright_server.proposing import operation_arguments
from treewright_server.reviews import offered, refused, refused_as

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = "treewright/propose"


class Params(msgspec.Struct, frozen=True):
    operation: str
    arguments: dict[str, Any] = {}


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    from treewright_agent.calls import Call
    from treewright_agent.operations import operation_named
    from treewright_agent.proposals import ProposalRefused, consider

    given = decoded(params, Params, METHOD)
    ls.session.require_trust("changes")
    operation = operation_named(given.operation)
    arguments = operation_arguments(given.arguments, snapshot, ls.session.client.encoding)
    call = Call(operation.name, arguments)
    try:
        made = consider(snapshot, operation.title, [call], "operation", token)
    except RefusedError as error:
        return refused(str(error))
    if isinstance(made, ProposalRefused):
        return refused_as(made)
    return offered(ls, made, snapshot)
