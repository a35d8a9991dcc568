"""Fusion: one ranking out of what the retrievers found, with rules about files and names.

Scores are scaled to 0…1 inside each retriever and added with the plan's weights: on every set
that was better than adding ranks. A candidate that words alone found is scored by meaning too,
and so is not punished for what a retriever's limit left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from treewright_indexer.search.places import factor_of
from treewright_indexer.search.plan import Plan

_FILE_CHUNKS: Final = 4
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_STOP: Final = frozenset(
    "a an and are as at be been but by can do does for from had has have how i if in into is it its "
    "of on or our should so than that the their them then there these they this to was we were what "
    "when where which who why will with would you your python java go js get set use code file".split()
)


@dataclass(slots=True)
class Candidate:
    """A chunk with what each retriever said of it."""

    path: str
    """Absolute."""
    shown: str
    """Relative to its folder, with forward slashes."""
    start: int
    end: int
    start_line: int
    """Zero-based."""
    end_line: int
    symbol: str
    kind: str
    scores: dict[str, float] = field(default_factory=dict[str, float])
    """Retriever -> its own score."""
    score: float = 0.0
    rerank: float | None = None
    """What the reranker said, when it looked at it."""
    blend: float = 0.0
    """That with `score`, both scaled within the reranked head."""

    @property
    def key(self) -> tuple[str, int]:
        return self.path, self.start


def fuse(
    plan: Plan,
    candidates: Iterable[Candidate],
    *,
    boosts: Mapping[str, float] | None = None,
    complete: bool = True,
) -> list[Candidate]:
    """All candidates, best first. `boosts` multiplies the scores of absolute paths.

    While vectors are not `complete`, a candidate without one is taken to mean what its words
    say: nothing that was found may sink because it has yet to be embedded.
    """
    ranked = list(candidates)
    if not ranked:
        return ranked
    words = frozenset(_stemmed(plan.query))
    dense, lexical = _scaled(ranked, "dense"), _from_zero(ranked, "lexical")
    weight = plan.dense if dense else 0.0
    names: dict[str, float] = {}
    for candidate, meant, said in zip(ranked, dense or [0.0] * len(ranked), lexical, strict=True):
        if not complete and "dense" not in candidate.scores:
            meant = said
        score = weight * meant + (1.0 - weight) * said
        if candidate.path not in names:
            names[candidate.path] = _name_overlap(candidate.shown, words)
        score += plan.path * names[candidate.path]
        score += plan.name * candidate.scores.get("symbol", 0.0)
        score += 0.8 * candidate.scores.get("path", 0.0)
        score += 0.3 * candidate.scores.get("graph", 0.0)
        score *= factor_of(candidate.shown, plan.about)
        if boosts:
            score *= boosts.get(candidate.path, 1.0)
        candidate.score = score
    ranked.sort(key=_order)
    if plan.file:
        _add_files(ranked, plan.file)
    if plan.spread < 1.0:
        _spread(ranked, plan.spread)
    return ranked


def _order(candidate: Candidate) -> tuple[float, str, int]:
    return -candidate.score, candidate.path, candidate.start


def _scaled(ranked: Sequence[Candidate], source: str) -> list[float]:
    """0…1 from the lowest to the highest score; [] when the source has none at all."""
    found = [c.scores[source] for c in ranked if source in c.scores]
    if not found:
        return []
    low, high = min(found), max(found)
    width = high - low
    if width <= 0:
        return [float(source in c.scores) for c in ranked]
    return [(c.scores.get(source, low) - low) / width for c in ranked]


def _from_zero(ranked: Sequence[Candidate], source: str) -> list[float]:
    high = max((c.scores.get(source, 0.0) for c in ranked), default=0.0)
    return [c.scores.get(source, 0.0) / high if high > 0 else 0.0 for c in ranked]


def _add_files(ranked: list[Candidate], weight: float) -> None:
    """Add what the best chunks of a file score together, halved from one to the next."""
    totals: dict[str, float] = {}
    counts: dict[str, int] = {}
    for candidate in ranked:
        n = counts.get(candidate.path, 0)
        if n < _FILE_CHUNKS:
            totals[candidate.path] = totals.get(candidate.path, 0.0) + candidate.score * 0.5**n
            counts[candidate.path] = n + 1
    highest = max(totals.values())
    if highest > 0:
        for candidate in ranked:
            candidate.score += weight * totals[candidate.path] / highest
        ranked.sort(key=_order)


def _spread(ranked: list[Candidate], keep: float) -> None:
    """Each further chunk of a file keeps `keep` of what the one before kept."""
    counts: dict[str, int] = {}
    for candidate in ranked:
        n = counts.get(candidate.path, 0)
        candidate.score *= keep**n
        counts[candidate.path] = n + 1
    ranked.sort(key=_order)


def _name_overlap(shown: str, words: frozenset[str]) -> float:
    """How much of the file's name, and a little of its folders', the query says."""
    folder, _, name = shown.rpartition("/")
    own = _path_words(name.partition(".")[0])
    above = _path_words("/".join(folder.split("/")[-2:]))
    score = len(own & words) / len(own) if own else 0.0
    if above:
        score += 0.3 * len(above & words) / len(above)
    return score


@lru_cache(maxsize=65536)
def _path_words(name: str) -> frozenset[str]:
    return frozenset(_stemmed(name))


def _stemmed(text: str) -> list[str]:
    return [stem(word.lower()) for word in _WORD.findall(text) if word.lower() not in _STOP]


def stem(word: str) -> str:
    """A rough stem: enough that `parsing` meets `parser`."""
    for ending in ("ings", "ing", "ions", "ion", "ers", "er", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def certainty(candidates: Sequence[Candidate]) -> float:
    """The best cosine among the candidates; 0 without vectors."""
    found = [c.scores["dense"] for c in candidates if "dense" in c.scores]
    return max(found) if found and math.isfinite(max(found)) else 0.0
