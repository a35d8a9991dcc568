"""treewright.graph: the neighbours of a symbol; the same rows as `treewright graph --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    relation: Literal[
        "definitions", "references", "callers", "callees", "subclasses", "importers", "tests"
    ]
    symbol: str


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.graph", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        from treewright_server.neighbours import rows

        return rows(snapshot, given.relation, given.symbol, token)

    return await answer(ls, work)
