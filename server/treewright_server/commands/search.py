"""treewright.search: the same Hits as `treewright search --json`, over every folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    query: str
    k: Annotated[int, msgspec.Meta(ge=1, le=200)] = 10


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.search", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        from treewright_indexer.search.lexical import search

        return [hit._asdict() for hit in search(snapshot, given.query, given.k)]

    return await answer(ls, work)
