"""treewright.<operation>: plan, verify and apply one operation in the editor.

The names stand in the package, so that starting the server need not import the operations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.commands import OPERATIONS
from treewright_server.commands.arguments import the_object
from treewright_server.lanes import answer
from treewright_server.proposing import operation_arguments, plan, send

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


NAMES = OPERATIONS
"""Written down in the package; a test holds them equal to the agent's OPERATIONS."""


def command(name: str) -> Callable[[TreewrightServer, list[Any]], Awaitable[dict[str, Any]]]:
    async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
        given = the_object(arguments, f"treewright.{name}")
        ls.session.require_trust("changes")

        def work(snapshot: Snapshot, token: CancelToken) -> tuple[Proposal, Snapshot]:
            return planned(ls, name, given, snapshot, token), snapshot

        proposal, snapshot = await answer(ls, work)
        return await send(ls, proposal, snapshot)

    return run


def planned(
    ls: TreewrightServer,
    name: str,
    given: dict[str, Any],
    snapshot: Snapshot,
    token: CancelToken,
) -> Proposal:
    """The proposal of one operation. Runs in a thread."""
    from treewright_agent.calls import Call
    from treewright_agent.operations import OPERATIONS
    from treewright_indexer.errors import ArgumentsError

    operation = next((o for o in OPERATIONS if o.name == name), None)
    if operation is None:
        raise ArgumentsError(f"no such operation: {name}")
    arguments = operation_arguments(given, snapshot, ls.session.client.encoding)
    return plan(snapshot, operation.title, [Call(name, arguments)], "operation", token)
