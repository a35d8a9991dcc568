"""Searches that anybody could make in a workspace: what a tuned reranker must not forget.

The first sentence of a docstring asks, and the definition below it is what should be found. The
order is that of the search as it ships. Half of the questions teach, the other half judge.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator, Sequence

from treewright_agent.feedback.triples import NEGATIVES, text_of
from treewright_agent.feedback.tuning.reranker import Judged
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.search.engine import search
from treewright_indexer.snapshot import Snapshot

_ASKED = re.compile(
    r"^[ \t]*(?:async )?(?:def|class) (?P<name>\w+)[^\n]*(?:\n[^\n]*){0,4}?:\n"
    r"[ \t]+[rR]?\"\"\"(?P<said>[A-Z][^.\n\"]{25,120})[.\n\"]",
    re.MULTILINE,
)
_FOUND = 20


def general_searches(
    snapshot: Snapshot, token: CancelToken, limit: int = 240, *, teaching: bool = False
) -> list[Judged]:
    """Up to `limit` of them, the same ones each time; no question both teaches and judges.
    Raises CancelledError."""
    asked = sorted(set(_questions(snapshot)))
    questions = [
        each
        for each in asked
        if (zlib.crc32(each[0].encode("utf-8", "replace")) & 1 == 1) is teaching
    ]
    random.Random(0).shuffle(questions)
    found: list[Judged] = []
    for query, shown, name in questions[: 2 * limit]:
        token.check()
        hits = search(snapshot, query, _FOUND, token=token).hits
        # The sentence itself must not give the answer away.
        rows = [{**hit._asdict(), "snippet": hit.snippet.replace(query, "")} for hit in hits]
        gains: list[int | None] = [
            2 if hit.path == shown and hit.symbol.rpartition(".")[2] == name else 0 for hit in hits
        ]
        if 2 in gains and len(rows) > 1:
            found.append(Judged(query, rows, gains))
        if len(found) == limit:
            break
    return found


def general_triples(searches: Sequence[Judged]) -> Iterator[dict[str, str]]:
    """As `triples` writes a user's: what should be found, and what is near it in the ranking."""
    for one in searches:
        for index, gain in enumerate(one.gains):
            others = [n for n, less in enumerate(one.gains) if gain and not less]
            for other in sorted(others, key=lambda n: abs(n - index))[:NEGATIVES]:
                yield {
                    "query": one.query,
                    "positive": text_of(one.results[index]),
                    "negative": text_of(one.results[other]),
                }


def _questions(snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    for path in snapshot.files():
        if not path.endswith(".py"):
            continue
        try:
            text = snapshot.text(path).string
        except TreewrightError:
            continue
        for match in _ASKED.finditer(text):
            yield match["said"].strip(), snapshot.display_path(path), match["name"]
