"""treewright.graph: the neighbours of a symbol; the same rows as `treewright graph --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer
from treewright_server.neighbours import Relation

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    relation: Relation
    symbol: str = ""
    to: str = ""
    depth: int = 3
    limit: int = 1000


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.graph", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        from treewright_server.neighbours import rows

        return rows(
            snapshot, given.relation, given.symbol, token,
            to=given.to, depth=given.depth, limit=given.limit,
        )  # fmt: skip

    return await answer(ls, work)
