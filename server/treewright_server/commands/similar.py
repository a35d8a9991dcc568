"""treewright.similar and treewright.testsFor: `{"uri", "range"}` -> rows as treewright/search has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.commands.arguments import decoded
from treewright_server.finding import What, like
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    uri: str
    range: Any


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    return await _find(ls, decoded(arguments, "treewright.similar", Arguments), "similar")


async def tests(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    return await _find(ls, decoded(arguments, "treewright.testsFor", Arguments), "tests")


async def _find(ls: TreewrightServer, given: Arguments, what: What) -> list[dict[str, Any]]:
    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        return like(ls, given.uri, given.range, what, snapshot, token)

    return await answer(ls, work)
