"""Ranking of symbols by name, for `workspace/symbol`.

A name matches when the query's letters occur in it in order, whatever their case. Better
ranks first: equal, equal but for case, prefix, camel humps or underscore words, substring,
letters in order; then shorter names, then path and position, so the order is total.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treewright_indexer.snapshot import SymbolHit

_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def rank_of(name: str, query: str) -> int | None:
    """0 (equal) … 6 (letters in order), or None when `name` does not match."""
    if name == query:
        return 0
    lowered, wanted = name.lower(), query.lower()
    if lowered == wanted:
        return 1
    if lowered.startswith(wanted):
        return 2
    at = lowered.find(wanted)
    if at >= 0:
        return 3 if _starts_word(name, at) else 5
    initials = "".join(word[0] for word in _HUMP.findall(name)).lower()
    if len(wanted) > 1 and initials.startswith(wanted):
        return 4
    letters = iter(lowered)
    return 6 if all(letter in letters for letter in wanted) else None


def _starts_word(name: str, at: int) -> bool:
    return at == 0 or not name[at - 1].isalnum() or (name[at].isupper() and name[at - 1].islower())


def rank_symbols(hits: Iterable[SymbolHit], query: str, limit: int) -> list[SymbolHit]:
    """The best `limit` hits that match; a dotted query's last part is the name."""
    container, _, name = query.rpartition(".")
    ranked: list[tuple[int, int, str, int, SymbolHit]] = []
    for hit in hits:
        rank = rank_of(hit.name, name)
        if rank is None or (container and container.rpartition(".")[2] != hit.container):
            continue
        ranked.append((rank, len(hit.name), hit.path, hit.name_start, hit))
    ranked.sort(key=lambda row: row[:4])
    return [row[4] for row in ranked[:limit]]


class NameTable:
    """Distinct names in one string, so that a query is one pass of the regular expression."""

    __slots__ = ("_ends", "_lowered", "names")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._lowered = "\n".join(names).lower()
        if len(self._lowered.split("\n")) != len(names):  # a name with an exotic lower case
            self._lowered = "\n".join(name.lower().replace("\n", " ") for name in names)
        self._ends: list[int] = []
        position = -1
        for _ in names:
            position = self._lowered.find("\n", position + 1)
            self._ends.append(position if position >= 0 else len(self._lowered))

    def matching(self, query: str) -> list[str]:
        """Every name that holds the query's letters in order, ignoring case."""
        letters = [re.escape(letter) for letter in query.lower()]
        if not letters:
            return list(self.names)
        # From the first letter on, never across a line: at most one match a name.
        pattern = letters[0] + "".join(rf"[^\n{letter}]*{letter}" for letter in letters[1:])
        found: list[str] = []
        position = 0
        search = re.compile(pattern).search
        while match := search(self._lowered, position):
            line = bisect_right(self._ends, match.start())
            found.append(self.names[line])
            position = self._ends[line]
        return found
