"""One file per `treewright.*` command; the operations come from one table of names.

A command is `async (ls, arguments) -> JSON`, arguments being the list the client sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from treewright_server.commands import (
    apply_proposal,
    feedback_record,
    graph,
    index_rebuild,
    index_status,
    operation,
    preview,
    search,
)

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

Command = Callable[["TreewrightServer", list[Any]], Awaitable[Any]]

COMMANDS: dict[str, Command] = {
    "treewright.applyProposal": apply_proposal.run,
    "treewright.preview": preview.run,
    "treewright.feedback.record": feedback_record.run,
    "treewright.index.status": index_status.run,
    "treewright.index.rebuild": index_rebuild.run,
    "treewright.search": search.run,
    "treewright.graph": graph.run,
    **{f"treewright.{name}": operation.command(name) for name in operation.NAMES},
}
