"""treewright.search: the same Hits as `treewright search --json`, over every folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    mode: Literal["hybrid", "lexical", "dense", "graph"] = "hybrid"


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.search", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        from treewright_indexer.search.engine import search

        found = search(snapshot, given.query, given.k, mode=given.mode, token=token)
        return [hit._asdict() for hit in found.hits]

    return await answer(ls, work)
