"""Code inside other code: scripts and styles of a page, fences of a document.

The host's query captures the stretches: `@embed.<language>`, or `@embed` behind an
`@embed.language` that names it. Each is parsed where it stands, so that its offsets are those of
the file, and what it says is put among what the host says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.errors import UnreadableFileError
from treewright_indexer.facts.rules import CONTAINER_KINDS
from treewright_indexer.languages import language_for_id, language_for_path
from treewright_indexer.model import Import, Scope, Symbol, pack_posting, unpack_postings
from treewright_indexer.syntax import captures, parse_ranges

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.facts.symbols import Captures
    from treewright_indexer.languages import Language

MAX_STRETCHES: Final = 500
"""Stretches of one file that are read."""


class Part(NamedTuple):
    """What one language says in a file; offsets are the file's, indexes its own."""

    symbols: list[Symbol]
    scopes: list[Scope]
    imports: list[Import]
    postings: dict[str, bytes]


class Stretch(NamedTuple):
    """Text of one language, that may be in several pieces."""

    language: Language
    ranges: tuple[tuple[int, int], ...]
    """(start, end) of each piece, in order."""
    shares: bool
    """Whether its top level is the file's: the scripts of a page see each other's names."""

    def captured(self, data: bytes, *, outline: bool = False) -> Captures:
        """What the language's query captures; nothing where the text cannot be parsed."""
        query = self.language.outline_query if outline else self.language.query
        try:
            return captures(query, parse_ranges(self.language, data, self.ranges).root_node)
        except UnreadableFileError:
            return {}


def stretches(host: Language, data: bytes, captured: Captures) -> list[Stretch]:
    """The embedded code whose language is known and is not the host's own."""
    shares = bool(host.section("embedded").get("shares_scope", False))
    named = sorted((n.start_byte, n.end_byte) for n in captured.get("embed.language", ()))
    found: list[tuple[int, Language, list[tuple[int, int]]]] = []
    for capture, nodes in captured.items():
        if not capture.startswith("embed") or capture == "embed.language":
            continue
        for node in nodes:
            ranges = _pieces(node)
            if not ranges:
                continue
            if capture == "embed":
                language = _language_before(data, named, node.start_byte)
            else:
                language = language_for_id(capture.removeprefix("embed."))
            if language is not None and language.id != host.id:
                found.append((node.start_byte, language, ranges))
    found.sort(key=lambda each: each[0])
    del found[MAX_STRETCHES:]
    if not shares:
        return [Stretch(language, tuple(ranges), False) for _, language, ranges in found]
    together: dict[str, list[tuple[int, int]]] = {}
    languages = {language.id: language for _, language, _ in found}
    for _, language, ranges in found:
        together.setdefault(language.id, []).extend(ranges)
    return [Stretch(languages[name], tuple(ranges), True) for name, ranges in together.items()]


def _pieces(node: Node) -> list[tuple[int, int]]:
    """The node without its named children: marks of a quotation, the margin of an indented list."""
    pieces: list[tuple[int, int]] = []
    start = node.start_byte
    for child in node.named_children:
        if child.end_byte > child.start_byte:
            if child.start_byte > start:
                pieces.append((start, child.start_byte))
            start = child.end_byte
    if node.end_byte > start:
        pieces.append((start, node.end_byte))
    return pieces


def _language_before(data: bytes, named: Sequence[tuple[int, int]], offset: int) -> Language | None:
    at = bisect_right(named, (offset, offset)) - 1
    if at < 0 or data.count(b"\n", named[at][1], offset) != 1:
        return None  # that name stands at an earlier fence
    name = data[slice(*named[at])].decode("utf-8", "replace").strip().lower()
    return language_for_id(name) or language_for_path(f"x.{name}")


# ---------------------------------------------------------------- putting together


def symbols_with(
    host: list[Symbol], parts: Sequence[list[Symbol]]
) -> tuple[list[Symbol], list[list[int]]]:
    """All symbols in order of their text, and the new index of each of the host's and each part's.

    What is at the top of a part belongs to the container of the host that it stands in.
    """
    groups = [host, *parts]
    order = sorted(
        (symbol.start, -symbol.end, group, index)
        for group, symbols in enumerate(groups)
        for index, symbol in enumerate(symbols)
    )
    moved = [[0] * len(symbols) for symbols in groups]
    for new, (_, _, group, index) in enumerate(order):
        moved[group][index] = new
    around = [
        (symbol.start, symbol.end, index)
        for index, symbol in enumerate(host)
        if symbol.kind in CONTAINER_KINDS
    ]
    found: list[Symbol] = []
    for _, _, group, index in order:
        symbol = groups[group][index]
        parent = symbol.parent
        if parent >= 0:
            parent = moved[group][parent]
        elif group:
            inside = [each for each in around if each[0] <= symbol.start and symbol.end <= each[1]]
            parent = moved[0][max(inside)[2]] if inside else -1
        found.append(symbol._replace(parent=parent))
    return found, moved


def together(host: Part, parts: Sequence[tuple[Stretch, Part]], modules: str) -> Part:
    """What host and embedded code say. Imports count where the host names files as they do."""
    symbols, moved = symbols_with(host.symbols, [part.symbols for _, part in parts])
    scopes = [*_scopes(host.scopes, moved[0])]
    postings: dict[str, list[tuple[int, bytes]]] = {}
    imports = list(host.imports)
    for places, part in zip(moved, (host, *(part for _, part in parts)), strict=True):
        for name, start, packed in _postings(part.postings, places):
            postings.setdefault(name, []).append((start, packed))
    for (stretch, part), places in zip(parts, moved[1:], strict=True):
        if stretch.language.modules == modules:
            imports += part.imports
        _put_scopes(scopes, _scopes(part.scopes, places), stretch)
    return Part(
        symbols,
        _in_order(scopes),
        sorted(imports, key=lambda item: (item.start, item.name_start)),
        {name: b"".join(packed for _, packed in sorted(uses)) for name, uses in postings.items()},
    )


def _postings(
    postings: Mapping[str, bytes], places: Sequence[int]
) -> Iterator[tuple[str, int, bytes]]:
    for name, blob in postings.items():
        for start, role, attribute, symbol in unpack_postings(blob):
            owner = places[symbol] if symbol >= 0 else -1
            yield name, start, pack_posting(start, role, attribute, owner)


def _scopes(scopes: Sequence[Scope], places: Sequence[int]) -> list[Scope]:
    return [
        scope._replace(symbol=places[scope.symbol]) if scope.symbol >= 0 else scope
        for scope in scopes
    ]


def _put_scopes(scopes: list[Scope], more: list[Scope], stretch: Stretch) -> None:
    """Behind the others, below the file's own: its bindings for code that shares them."""
    top, *inner = more
    if stretch.shares:
        for name, binding in top.bindings.items():
            scopes[0].bindings.setdefault(name, binding)
        root = 0
    else:
        start, end = stretch.ranges[0][0], stretch.ranges[-1][1]
        root = len(scopes)
        scopes.append(Scope("block", start, end, 0, -1, top.bindings, start))
    base = len(scopes) - 1
    scopes += [
        scope._replace(parent=root if scope.parent == 0 else base + scope.parent) for scope in inner
    ]


def _in_order(scopes: list[Scope]) -> list[Scope]:
    """By place, parents first."""
    order = sorted(range(len(scopes)), key=lambda at: (scopes[at].start, -scopes[at].end, at))
    order.remove(0)
    order.insert(0, 0)
    places = {old: new for new, old in enumerate(order)}
    return [
        scopes[old]._replace(parent=places[scopes[old].parent] if scopes[old].parent >= 0 else -1)
        for old in order
    ]


def read_embedded(
    host: Language,
    data: bytes,
    captured: Captures,
    own: Part,
    read: Callable[[Language, bytes, Captures], Part],
) -> Part:
    """`own` with what the embedded code of the host says; `read` makes a Part of captures."""
    found = stretches(host, data, captured)
    if not found:
        return own
    parts = [(each, read(each.language, data, each.captured(data))) for each in found]
    return together(own, parts, host.modules)


def outline_embedded(
    host: Language,
    data: bytes,
    captured: Captures,
    own: list[Symbol],
    read: Callable[[Language, bytes, Captures], list[Symbol]],
) -> list[Symbol]:
    """The symbols of `read_embedded` without the rest."""
    found = stretches(host, data, captured)
    if not found:
        return own
    parts = [read(each.language, data, each.captured(data, outline=True)) for each in found]
    return symbols_with(own, parts)[0]
