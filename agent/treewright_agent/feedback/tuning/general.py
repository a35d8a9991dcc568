"""Searches that anybody could make in a workspace: what a tuned reranker must not forget.

The first sentence of a docstring asks, and the definition below it is what should be found. The
order is that of the search as it ships.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

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


def general_searches(snapshot: Snapshot, token: CancelToken, limit: int = 120) -> list[Judged]:
    """Up to `limit` of them, the same ones each time. Raises CancelledError."""
    questions = sorted(set(_questions(snapshot)))
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
