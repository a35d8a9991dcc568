"""Ranking of symbols by name, for `workspace/symbol`.

A name matches when the query's letters occur in it in order, whatever their case. Better
ranks first: equal, equal but for case, prefix, camel humps or underscore words, substring,
letters in order; then shorter names, then path and position, so the order is total.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treewright_indexer.snapshot import SymbolHit

_FEW = 500
_WHOLE = 4
"""A name that a query of so many letters equals is what it means: others hold these letters in
order by chance, and to find them takes longer than all the rest."""
_BETWEEN_SECTIONS = "\n\n"

_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def rank_of(name: str, query: str) -> int | None:
    """0 (equal) … 6 (letters in order), or None when `name` does not match."""
    if name == query:
        return 0
    lowered, wanted = folded(name), folded(query)
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


def folded(text: str) -> str:
    """`text` in lower case, letter for letter: one whose lower case is longer stays."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _starts_word(name: str, at: int) -> bool:
    return at == 0 or not name[at - 1].isalnum() or (name[at].isupper() and name[at - 1].islower())


def rank_symbols(hits: Iterable[SymbolHit], query: str, limit: int) -> list[SymbolHit]:
    """The best `limit` hits that match; a dotted query's last part is the name."""
    container, _, name = query.rpartition(".")
    ranked: list[tuple[int, int, str, int, SymbolHit]] = []
    ranks: dict[str, int | None] = {}
    for hit in hits:
        if hit.name not in ranks:
            ranks[hit.name] = rank_of(hit.name, name)
        rank = ranks[hit.name]
        if rank is None or (container and container.rpartition(".")[2] != hit.container):
            continue
        ranked.append((rank, len(hit.name), hit.path, hit.name_start, hit))
    ranked.sort(key=lambda row: row[:4])
    return [row[4] for row in ranked[:limit]]


class NamedHits:
    """The symbols of one text by their names, so that a query does not look at each of them."""

    __slots__ = ("_by_name", "_table")

    def __init__(self, hits: Iterable[SymbolHit]) -> None:
        self._by_name: dict[str, list[SymbolHit]] = {}
        for hit in hits:
            self._by_name.setdefault(hit.name.replace("\n", " "), []).append(hit)
        self._table: NameTable | None = None

    def named(self, name: str) -> list[SymbolHit]:
        return [hit for hit in self._by_name.get(name.replace("\n", " "), ()) if hit.name == name]

    def matching(self, query: str, limit: int) -> Iterator[SymbolHit]:
        """Every hit that may be among the best `limit` of these for `rank_symbols`."""
        if self._table is None:
            self._table = NameTable(NameTable.joined(self._by_name))
        container, _, name = query.rpartition(".")
        n_found, last = 0, (-1, -1)
        for ranked in self._table.ranked(name):
            if n_found >= limit and rank_and_length(ranked) != last:
                return  # names of one rank and length are told apart by their places
            last = rank_and_length(ranked)
            hits = self._by_name[ranked[1]]
            yield from hits
            n_found += 0 if container else len(hits)


class NameTable:
    """Distinct names in one string, shortest first, so that a query is a few passes over it.

    `ranked` gives names in the order of `rank_of` and length, and does no more work than the
    names that are taken from it need: of a short query's thousands only the best are wanted.
    """

    __slots__ = ("_sections", "text")

    def __init__(self, text: str) -> None:
        """`text` is what `joined` makes of the names."""
        self.text = text
        # Strings of ASCII letters alone are folded and searched several times as fast.
        plain, _, others = text.partition(_BETWEEN_SECTIONS)
        self._sections = [
            _Lines(f"\n{names}\n") for section in (plain, others) if (names := section.strip("\n"))
        ]

    @staticmethod
    def joined(names: Iterable[str]) -> str:
        """Every name with a line break before and behind it; those of ASCII letters come first."""
        lines = sorted({name.replace("\n", " ") for name in names}, key=len)
        plain = [line for line in lines if line.isascii()]
        others = [line for line in lines if not line.isascii()]
        return "\n" + "\n".join(plain) + _BETWEEN_SECTIONS + "\n".join(others) + "\n"

    @property
    def names(self) -> list[str]:
        return [name for section in self._sections for name in section.names]

    def ranked(self, query: str) -> Iterator[tuple[int, str]]:
        """(rank, name) of every name that `query` matches, by rank and then by length."""
        found = [section.ranked(query) for section in self._sections]
        return found[0] if len(found) == 1 else merge(*found, key=rank_and_length)


def rank_and_length(ranked: tuple[int, str]) -> tuple[int, int]:
    """The order of names, of which each stands beside its rank."""
    return ranked[0], len(ranked[1])


class _Lines:
    """A section of a NameTable."""

    __slots__ = ("_lowered", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._lowered = folded(text)

    @property
    def names(self) -> list[str]:
        return self._text[1:-1].split("\n")

    def ranked(self, query: str) -> Iterator[tuple[int, str]]:
        """(rank, name) of every name that `query` matches, by rank and then by length."""
        if not query:
            yield from ((rank_of(name, "") or 0, name) for name in self.names)
            return
        wanted = folded(query)
        begin_so = self._holding(f"\n{wanted}")
        name = next(begin_so, None)
        equal: list[str] = []
        while name is not None and len(name) == len(wanted):  # shorter than all that go on
            equal.append(name)
            name = next(begin_so, None)
        for each in sorted(equal, key=lambda each: each != query):
            yield (0 if each == query else 1), each
        seen = set(equal)
        while name is not None:
            seen.add(name)
            yield 2, name
            name = next(begin_so, None)
        inside: list[str] = []
        for name in self._holding(wanted):
            if name not in seen:
                seen.add(name)
                if rank_of(name, query) == 3:
                    yield 3, name
                else:
                    inside.append(name)
        if equal and len(wanted) >= _WHOLE:
            yield from ((5, name) for name in inside)
        else:
            yield from self._scattered(query, seen, inside)

    def _scattered(
        self, query: str, seen: set[str], inside: list[str]
    ) -> Iterator[tuple[int, str]]:
        """Ranks 4 to 6: camel humps, the middle of a word, letters in order."""
        letters = [re.escape(letter) for letter in folded(query)]
        rest = "".join(rf"[^\n{letter}]*{letter}" for letter in letters[1:])
        in_order = self._lines(letters[0] + rest)
        some = list(islice(in_order, _FEW))
        if len(some) < _FEW:
            at_humps = (name for name in some if name not in seen)
        else:  # humps begin with the name: fewer lines to try
            at_humps = self._lines(rf"\n[^a-z0-9\n]*{letters[0]}{rest}")
        for name in at_humps:
            if rank_of(name, query) == 4:
                seen.add(name)
                yield 4, name
        yield from ((5, name) for name in inside)
        for name in chain(some, in_order):
            if name not in seen:
                yield 6, name

    def _holding(self, wanted: str) -> Iterator[str]:
        """The lines that hold a string, shortest first, each once."""
        text, find = self._text, self._lowered.find
        at = find(wanted)
        while at >= 0:
            # `wanted` may begin with the line break before a name.
            inner = at + 1 if wanted[0] == "\n" else at
            start = self._lowered.rfind("\n", 0, inner) + 1
            end = find("\n", inner)
            yield text[start:end]
            at = find(wanted, end)

    def _lines(self, pattern: str) -> Iterator[str]:
        """The line of each match, shortest first; at most one match a line counts."""
        search, text, lowered = re.compile(pattern).search, self._text, self._lowered
        position = 0
        while match := search(lowered, position):
            end = lowered.find("\n", match.end())
            start = lowered.rfind("\n", 0, match.end()) + 1
            yield text[start:end]
            position = end
