"""Chunks: pieces of text for search that follow the structure of the code."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from treewright_indexer.facts.docs import comment_start, line_start
from treewright_indexer.facts.rules import FUNCTION_KINDS, Rules
from treewright_indexer.model import Chunk, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node, Tree

    from treewright_indexer.text import SourceText

MAX_LINES: Final = 60
MAX_BYTES: Final = 2000


def chunks_of(rules: Rules, text: SourceText, tree: Tree, symbols: Sequence[Symbol]) -> list[Chunk]:
    """A chunk per function and method; of classes and the file, what stands between those.

    Together they hold every line that is not blank. One that is longer than MAX_LINES or
    MAX_BYTES is cut where a statement begins.
    """
    data = text.data
    chunks: list[Chunk] = []
    for start, end, symbol in _stretches(rules, data, symbols):
        start, end = _trimmed(data, start, end)
        if start == end:
            continue
        if end - start <= MAX_BYTES and data.count(b"\n", start, end) < MAX_LINES:
            chunks.append(Chunk(start, end, symbol))
            continue
        for piece_start, piece_end in _pieces(text, tree, start, end):
            chunks.append(Chunk(piece_start, piece_end, symbol))
    return chunks


def _stretches(
    rules: Rules, data: bytes, symbols: Sequence[Symbol]
) -> Iterator[tuple[int, int, int]]:
    """(start, end, symbol or -1) without a gap from the first byte to the last."""
    position = 0
    stack: list[tuple[int, int]] = [(len(data), -1)]
    for index, symbol in enumerate(symbols):
        function = symbol.kind in FUNCTION_KINDS
        if not function and symbol.kind not in _OPEN_KINDS:
            continue
        if symbol.start < position and symbol.end <= position:
            continue  # inside a function
        first = comment_start(rules, data, symbol.start)
        start = max(position, line_start(data, symbol.start) if first == symbol.start else first)
        while stack[-1][0] <= start:
            end, owner = stack.pop()
            yield position, end, owner
            position = max(position, end)
        yield position, start, stack[-1][1]
        position = start
        if function:
            position = _CLOSING.match(data, symbol.end).end()  # type: ignore[union-attr]
            yield start, position, index
        else:
            stack.append((symbol.end, index))
    while stack:
        end, owner = stack.pop()
        yield position, end, owner
        position = max(position, end)


_CLOSING: Final = re.compile(rb"[;,)]*")
"""Belongs to the definition before it."""
_OPEN_KINDS: Final = frozenset(
    {"class", "struct", "interface", "trait", "enum", "namespace", "module", "heading"}
)


def _trimmed(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The stretch without blank lines at its ends; the first line keeps its indentation."""
    body = data[start:end]
    end = start + len(body.rstrip())
    if end <= start:
        return start, start
    first = start + len(body) - len(body.lstrip())
    line = data.rfind(b"\n", start, first) + 1
    return max(start, line), end


def _pieces(text: SourceText, tree: Tree, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cuts of a long stretch, each within the limits unless one line is longer."""
    data = text.data
    borders = _borders(text, tree, start, end)
    begin, last = start, start
    for border in (*borders, end):
        if border - begin > MAX_BYTES or data.count(b"\n", begin, border) > MAX_LINES:
            if last > begin:
                yield from _non_blank(data, begin, last)
                begin = last
            while border - begin > MAX_BYTES or data.count(b"\n", begin, border) > MAX_LINES:
                cut = _line_cut(data, begin, border)
                yield from _non_blank(data, begin, cut)
                begin = cut
        last = border
    yield from _non_blank(data, begin, end)


def _non_blank(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    start, end = _trimmed(data, start, end)
    if end > start:
        yield start, end


def _line_cut(data: bytes, start: int, end: int) -> int:
    """Where a stretch without structure is cut: behind its last line that fits."""
    limit = min(start + MAX_BYTES, end - 1)
    line, position = 0, start
    while line < MAX_LINES:
        following = data.find(b"\n", position, limit) + 1
        if following <= 0:
            break
        position, line = following, line + 1
    if position > start:
        return position
    while limit > start + 1 and data[limit] & 0xC0 == 0x80:  # inside a character
        limit -= 1
    return limit


def _borders(text: SourceText, tree: Tree, start: int, end: int) -> list[int]:
    """Starts of lines where a node begins whose parent is too long to stay whole.

    Time grows with the nodes that are too long and with their children, whatever their depth.
    """
    data, lines = text.data, text.line_starts
    found: set[int] = set()
    root = tree.root_node.descendant_for_byte_range(start, end - 1)
    pending: list[Node] = [root] if root is not None else []
    while pending:
        for child in pending.pop().children:
            child_start, child_end = child.start_byte, child.end_byte
            if child_end <= start or child_start >= end:
                continue
            row = bisect_right(lines, child_start)
            line = lines[row - 1]
            if start < line and (line == child_start or data[line:child_start].isspace()):
                found.add(line)
            n_more = bisect_right(lines, child_end) - row
            if n_more and (n_more >= MAX_LINES or child_end - child_start > MAX_BYTES):
                pending.append(child)
    return sorted(found)
