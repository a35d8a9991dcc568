"""treewright.feedback.search: what the user did with a result of `treewright/search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_server.commands.arguments import decoded

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    search: str
    result: int | None = None
    """None, with `ignored`: nothing of it was of use."""
    action: Literal["opened", "used", "ignored"] = "opened"


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    """-> `{"recorded": bool}`: false when feedback is off or the search is long gone."""
    given = decoded(arguments, "treewright.feedback.search", Arguments)
    feedback = ls.session.feedback
    return {"recorded": feedback.searches.used(given.search, given.result, given.action)}
