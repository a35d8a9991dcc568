"""What FTS5's bm25 would score a text that is not in the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

NAME_WEIGHT: Final = 8.0
TEXT_WEIGHT: Final = 1.0


def score_of(
    wanted: Mapping[tuple[str, ...], float], words: list[str], text: list[str], average: float
) -> float:
    """FTS5's formula: k1 = 1.2, b = 0.75, occurrences weighted by column."""
    length = 0.25 + 0.75 * (len(words) + len(text)) / average
    score = 0.0
    singles: list[tuple[Counter[str], float]] = [
        (Counter(words), NAME_WEIGHT),
        (Counter(text), TEXT_WEIGHT),
    ]
    for phrase, weight in wanted.items():
        if len(phrase) == 1:
            n_found = sum(counts[phrase[0]] * factor for counts, factor in singles)
        else:
            n_found = _occurrences(phrase, words) * NAME_WEIGHT
            n_found += _occurrences(phrase, text) * TEXT_WEIGHT
        if n_found:
            score += weight * n_found * 2.2 / (n_found + 1.2 * length)
    return score


def _occurrences(phrase: tuple[str, ...], tokens: list[str]) -> int:
    n = len(phrase)
    starts = range(len(tokens) - n + 1) if n else range(0)
    return sum(tokens[at] == phrase[0] and tuple(tokens[at : at + n]) == phrase for at in starts)
