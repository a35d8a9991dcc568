"""Reranking: the head of a ranking anew, by a model that reads query and document together.

What it says is blended with what the ranking said, since words, names and places know what it does
not. It works from the top in short steps and stops at its time: what it did not reach keeps its
place behind what it did, and the answer says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Final

from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from treewright_indexer.encoders import Reranker
    from treewright_indexer.search.fuse import Candidate
    from treewright_indexer.search.plan import Plan
    from treewright_indexer.snapshot import Snapshot

_STEP: Final = 8
BUDGET_S: Final = 0.15

Start = Callable[[Callable[[], Sequence[float]]], "Future[Sequence[float]]"]


def wants(plan: Plan, reranker: Reranker | None) -> bool:
    """Whether the reranker is asked for such a query."""
    if reranker is None or plan.kind in ("identifier", "path"):
        return False
    return not reranker.kinds or plan.kind in reranker.kinds


def rerank(
    snapshot: Snapshot,
    plan: Plan,
    ranked: list[Candidate],
    reranker: Reranker,
    notes: list[str],
    start: Start,
    budget_s: float = BUDGET_S,
) -> list[Candidate]:
    """The ranking with its head in a new order; `start` runs work in another thread."""
    head = ranked[: reranker.head]
    deadline = time.monotonic() + budget_s
    scores: list[float] = []
    while len(scores) < len(head):
        some = head[len(scores) : len(scores) + _STEP]
        texts = [reranker.document(c.shown, c.symbol, _code(snapshot, c)) for c in some]

        def work(texts: list[str] = texts) -> Sequence[float]:
            return reranker.scores(plan.query, texts)

        try:
            found = start(work).result(max(0.0, deadline - time.monotonic()))
        except FutureTimeout:
            notes.append(f"rerank: skipped (late, {len(scores)} of {len(head)} were looked at)")
            break
        except ModelError as error:
            notes.append(f"rerank: skipped ({error})")
            return ranked
        except Exception as error:
            notes.append(f"rerank: skipped ({error!r})")
            return ranked
        if len(found) != len(some) or not all(map(math.isfinite, found)):
            notes.append("rerank: skipped (the reranker's scores do not fit)")
            return ranked
        scores += found
    return blended(ranked, scores, reranker.weight)


def blended(ranked: list[Candidate], scores: Sequence[float], weight: float) -> list[Candidate]:
    """The first `len(scores)` candidates ordered by both scores, each scaled to 0…1."""
    if len(scores) < 2:
        return ranked
    head, rest = ranked[: len(scores)], ranked[len(scores) :]
    before = _scaled([candidate.score for candidate in head])
    after = _scaled(scores)
    for candidate, score, old, new in zip(head, scores, before, after, strict=True):
        candidate.rerank = score
        candidate.blend = (1.0 - weight) * old + weight * new
    # Scores stay those of the ranking, in falling order: only who has which of them changes.
    falling = sorted((candidate.score for candidate in head), reverse=True)
    head.sort(key=lambda candidate: -candidate.blend)  # equal ones stay as they were
    for candidate, score in zip(head, falling, strict=True):
        candidate.score = score
    return head + rest


def _scaled(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]


def _code(snapshot: Snapshot, candidate: Candidate) -> str:
    try:
        return snapshot.text(candidate.path).slice(Span(candidate.start, candidate.end))
    except TreewrightError:
        return ""
