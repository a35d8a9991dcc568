"""Rows that say the same as an earlier one: equal, or nearly so.

Near duplicates by MinHash over word shingles with banding (Broder 1997; Leskovec, Rajaraman,
Ullman: Mining of Massive Datasets, ch. 3); a candidate counts only when the exact Jaccard
similarity of the shingle sets says so.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict

_WORD = re.compile(r"\w+|[^\w\s]")
_SHINGLE = 5
_N_HASHES, _BAND = 48, 4
_PRIME = (1 << 61) - 1


class Deduplicator:
    """Remembers what it has seen. `threshold` 1.0 drops equal texts only."""

    def __init__(self, threshold: float = 0.9) -> None:
        self._threshold = threshold
        self._exact: set[bytes] = set()
        self._sets: list[frozenset[int]] = []
        self._bands: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)

    def repeats(self, text: str) -> str:
        """'' for a new text, which is remembered; else how it repeats an earlier one."""
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        if digest in self._exact:
            return "repetition"
        self._exact.add(digest)
        if self._threshold >= 1.0:
            return ""
        shingles = _shingles(text)
        keys = _band_keys(shingles)
        candidates = {index for key in keys for index in self._bands[key]}
        for index in candidates:
            other = self._sets[index]
            if len(shingles & other) >= self._threshold * len(shingles | other):
                return "near repetition"
        self._sets.append(shingles)
        for key in keys:
            self._bands[key].append(len(self._sets) - 1)
        return ""


def _shingles(text: str) -> frozenset[int]:
    words = _WORD.findall(text)
    grams = {" ".join(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1))}
    return frozenset(
        int.from_bytes(hashlib.blake2b(g.encode("utf-8", "replace"), digest_size=7).digest(), "big")
        for g in grams
    )


def _band_keys(shingles: frozenset[int]) -> list[tuple[int, ...]]:
    lowest = [min((a * value + b) % _PRIME for value in shingles) for a, b in _COEFFICIENTS]
    return [
        (band, *lowest[band * _BAND : (band + 1) * _BAND]) for band in range(_N_HASHES // _BAND)
    ]


def _coefficient(name: str, index: int) -> int:
    digest = hashlib.blake2b(f"{name}{index}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") % (_PRIME - 1) + 1


_COEFFICIENTS = [(_coefficient("a", i), _coefficient("b", i)) for i in range(_N_HASHES)]
