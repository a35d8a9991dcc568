"""treewright.feedback.record: the user's own word on a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_server.commands.arguments import decoded

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    proposal: str
    outcome: Literal["accepted", "accepted_in_part", "edited", "rejected", "reverted", "expired"]
    comment: str = ""


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"recorded": bool}`: false when feedback is off."""
    given = decoded(arguments, "treewright.feedback.record", Arguments)
    ls.session.feedback.decided(given.proposal, given.outcome, given.comment)
    return {"recorded": ls.session.feedback.on}
