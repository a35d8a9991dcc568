"""treewright/search: code by words or like a place. `{"query", "limit", "like"?}` -> [Found]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import Span
from treewright_server.answering import decoded
from treewright_server.convert import to_path
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = "treewright/search"


class Like(msgspec.Struct, frozen=True):
    uri: str
    range: Any


class Params(msgspec.Struct, frozen=True):
    query: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    like: Like | None = None


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.search.engine import search

    given = decoded(params, Params, METHOD)
    places = Places(ls, snapshot)
    own: tuple[str, Span] | None = None
    if given.like is not None:
        path = to_path(given.like.uri)
        own = path, places.mapper(path).span(given.like.range)
    rows: list[dict[str, Any]] = []
    wanted = given.limit + (8 if own else 0)
    for hit in search(snapshot, given.query, wanted, token=token).hits:
        for folder in snapshot.folders:
            path = folder.absolute(hit.path)
            if snapshot.exists(path):
                break
        else:
            continue  # it vanished meanwhile
        try:
            text = snapshot.text(path)
            first = min(hit.start_line, text.n_lines) - 1
            last = min(hit.end_line, text.n_lines) - 1
            span = Span(text.line_span(first).start, text.line_span(last).end)
            location = places.location(path, span)
        except TreewrightError:
            continue
        if own and path == own[0] and span.start < own[1].end and own[1].start < span.end:
            continue
        rows.append(
            {
                "place": {**location, "path": hit.path},
                "symbol": hit.symbol,
                "kind": hit.kind,
                "score": hit.score,
                "sources": list(hit.sources),
                "snippet": hit.snippet,
            }
        )
    return rows[: given.limit]
