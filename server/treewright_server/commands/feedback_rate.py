"""treewright.feedback.rate: thumbs up or down on an answer of the chat, a task or a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from treewright_server.commands.arguments import decoded

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

MAX_COMMENT = 10_000


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    """`id` of a chat's answer, `task_id` of a task, `search` of a result."""
    rating: Annotated[int, msgspec.Meta(ge=-1, le=1)]
    comment: Annotated[str, msgspec.Meta(max_length=MAX_COMMENT)] = ""


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"recorded": bool}`: false when feedback is off."""
    given = decoded(arguments, "treewright.feedback.rate", Arguments)
    session = ls.session
    snapshot = session.workspace.snapshot()
    recorded = session.feedback.rated(given.subject, snapshot, given.rating, given.comment)
    return {"recorded": recorded}
