"""treewright/search: code by words, meaning, or like a place. `{"query", "limit", …}` -> [Found].

With a `partialResultToken` what is known before the end is told as it comes: words at once, then
words with meaning, and the answer is what a reranker makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.text import Span
from treewright_server.answering import decoded
from treewright_server.convert import to_path
from treewright_server.finding import rows
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.search.lexical import Hit
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = "treewright/search"


class Like(msgspec.Struct, frozen=True):
    uri: str
    range: Any


class Params(msgspec.Struct, frozen=True, rename="camel"):
    query: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    like: Like | None = None
    mode: Literal["hybrid", "lexical", "dense", "graph"] = "hybrid"
    partial_result_token: str | int | None = None


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    given = decoded(params, Params, METHOD)
    places = Places(ls, snapshot)
    if given.like is not None:
        from treewright_indexer.search.similar import similar

        path = to_path(given.like.uri)
        span: Span = places.mapper(path).span(given.like.range)
        if span.start < span.end:
            hits = similar(snapshot, path, span, given.limit, token=token)
            return list(rows(places, snapshot, hits))
    searches = ls.session.feedback.searches
    from treewright_indexer.search.engine import search

    progress = given.partial_result_token

    def partial(stage: str, hits: list[Hit]) -> None:
        if not token.cancelled:
            found = list(rows(places, snapshot, hits))
            ls.notify(
                "$/progress", {"token": progress, "value": {"stage": stage, "results": found}}
            )

    lacking = ls.session.status.lacking(snapshot, METHOD)
    answer = search(
        snapshot,
        given.query,
        given.limit,
        mode=given.mode,
        partial=partial if progress is not None else None,
        token=token,
    )
    if progress is not None:
        last = {
            "stage": "done",
            "complete": answer.complete and lacking == 0,
            "indexing": -1 if lacking is None else lacking,
            "relevant": answer.relevant,
            "notes": list(answer.notes),
        }
        ls.notify("$/progress", {"token": progress, "value": last})
    found = searches.ranked(given.query, list(rows(places, snapshot, answer.hits)))
    return searches.told(given.query, found, snapshot)
