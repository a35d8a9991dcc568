"""Triples for rerankers: a query, a result that was used, one that was passed over.

`query`, `positive`, `negative` are the columns of sentence-transformers' triplet losses, and of
what LLaMA-Factory and FlagEmbedding convert from. The text of a result is what a reranker sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from treewright_agent.feedback.levels import Level
from treewright_agent.feedback.reading import SearchRow, consents
from treewright_agent.feedback.samples import Filter, Source, project_of
from treewright_agent.feedback.store import FeedbackStore
from treewright_agent.feedback.tuning.reranker import judged

NEGATIVES = 4
"""Of one result that was used: those nearest above it, the hardest."""


def triples(
    store: FeedbackStore, chosen: Filter, left_out: Counter[str]
) -> Iterator[tuple[dict[str, Any], Source]]:
    """Rows with where they came from, oldest search first."""
    levels = consents(store.database)
    for row in store.searches(chosen.workspace):
        if (chosen.since is not None and row.time < chosen.since) or (
            chosen.until is not None and row.time >= chosen.until
        ):
            left_out["filtered"] += 1
        elif levels.get(row.workspace, Level.LOCAL) is not Level.LOCAL:
            left_out["consent withdrawn"] += 1
        elif row.consent != Level.LOCAL:
            left_out["recorded without code"] += 1
        elif not row.uses:
            left_out["nothing was used"] += 1
        else:
            yield from _of(row, left_out)


def _of(row: SearchRow, left_out: Counter[str]) -> Iterator[tuple[dict[str, Any], Source]]:
    found = judged(row)
    if found is None:
        left_out["nothing was passed over"] += 1
        return
    source = Source(
        project_of(row.workspace), row.time, "used", "human", "search", "", ("search",),
        {"search": row.id},
    )  # fmt: skip
    for index, gain in enumerate(found.gains):
        worse = [
            n for n, less in enumerate(found.gains) if gain and less is not None and less < gain
        ]
        for other in sorted(worse, key=lambda n: abs(n - index))[:NEGATIVES]:
            positive, negative = text_of(found.results[index]), text_of(found.results[other])
            if not positive.strip() or not negative.strip():
                left_out["hidden"] += 1
                continue
            yield {"query": found.query, "positive": positive, "negative": negative}, source


def text_of(result: Mapping[str, Any]) -> str:
    """As the engine hands a chunk to a reranker."""
    return f"{result.get('path', '')} {result.get('symbol', '')}\n{result.get('snippet', '')}"
