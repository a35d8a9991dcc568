"""Similar code, and tests, of a piece of code: the piece itself is the query.

Its vector is made as those of the index are, from path, symbol and text, so that like is compared
with like; where there are no vectors its rarer words must do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.errors import StoreError
from treewright_indexer.search import retrievers
from treewright_indexer.search.engine import hits_of
from treewright_indexer.search.places import place_of
from treewright_indexer.search.plan import plan_of
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.search.fuse import Candidate
    from treewright_indexer.search.lexical import Hit
    from treewright_indexer.snapshot import Snapshot

_CHARACTERS: Final = 4000
_POOL: Final = 400
_TESTS_POOL: Final = 4000
"""Tests are a part of what is near, and not the first one."""


def similar(
    snapshot: Snapshot,
    path: str,
    span: Span,
    k: int,
    *,
    tests: bool = False,
    token: CancelToken | None = None,
) -> list[Hit]:
    """The chunks most like the text of `span`, without itself; with `tests`, tests alone.

    Raises UnknownFileError.
    """
    text = snapshot.text(path)
    code = text.slice(span)[:_CHARACTERS]
    if not code.strip() or k < 1:
        return []
    symbol = _symbol(snapshot, path, span)
    found = _near(snapshot, path, symbol, code, _TESTS_POOL if tests else _POOL, token)
    kept: list[Candidate] = []
    for candidate in found:
        itself = (
            candidate.path == path and candidate.start < span.end and span.start < candidate.end
        )
        place = place_of(candidate.shown)
        if itself or (place != "tests" if tests else place == "vendored"):
            continue
        kept.append(candidate)
    return hits_of(snapshot, kept, k)


def _near(
    snapshot: Snapshot, path: str, symbol: str, code: str, limit: int, token: CancelToken | None
) -> list[Candidate]:
    shown = snapshot.display_path(path)
    try:
        meaning = retrievers.Meaning(snapshot, "", token, document=(shown, symbol, code))
        found = list(meaning.nearest(limit).values())
    except ModelError:
        found = []
    for candidate in found:
        candidate.score = candidate.scores["dense"]
    if not found:
        try:
            found = list(
                retrievers.words(snapshot, plan_of(f"{symbol}\n{code}"), token)[0].values()
            )
        except StoreError:
            return []
        for candidate in found:
            candidate.score = candidate.scores["lexical"]
    return sorted(found, key=lambda c: (-c.score, c.path, c.start))


def _symbol(snapshot: Snapshot, path: str, span: Span) -> str:
    """Qualified name of the innermost definition that holds the span, or ''."""
    if snapshot.language(path) is None:
        return ""
    facts = snapshot.facts(path)
    index = facts.symbol_at(span.start)
    names: list[str] = []
    while index >= 0:
        names.append(facts.symbols[index].name)
        index = facts.symbols[index].parent
    return ".".join(reversed(names))
