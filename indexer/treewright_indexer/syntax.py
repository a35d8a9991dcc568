"""Syntax trees: parsed within a time limit, kept up to date by edits.

A Tree is never changed once somebody has it: `edited` works on a copy, so the older tree
keeps describing the older text.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from treewright_indexer.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node, Parser, Query, Tree

    from treewright_indexer.languages import Language
    from treewright_indexer.text import SourceText

PARSE_LIMIT_S: Final = 20.0
"""Longest time for one file. Real code takes 0.1 s per MB."""

MAX_DEPTH: Final = 8_000
"""Levels of a tree that is queried: time grows with the square of the depth, 0.5 s at this one."""

_SLICE: Final = 64 * 1024
_SMALL: Final = 48 * 1024
"""Texts below are handed over whole: 2 % faster, but no other thread runs meanwhile."""

_threads = threading.local()


def parse(language: Language, data: bytes, old_tree: Tree | None = None) -> Tree:
    """The tree of `data`. `old_tree` must have been brought to it by `edited`.

    How tree-sitter recovers from an error depends on the tree it starts from. A tree with
    errors is therefore made anew, so that a text has one tree whatever was typed before.

    Raises UnreadableFileError when the grammar does not come to an end in PARSE_LIMIT_S.
    """
    if old_tree is not None:
        tree = _parse(language, data, old_tree)
        if not tree.root_node.has_error:
            return tree
    return _parse(language, data, None)


def parse_ranges(language: Language, data: bytes, ranges: Sequence[tuple[int, int]]) -> Tree:
    """The tree of the stretches (start, end) of `data`, in order, as if nothing stood between them.

    Offsets of its nodes are those of `data`. Raises UnreadableFileError as `parse` does.
    """
    from tree_sitter import Parser, Point, Range

    found: list[Range] = []
    row = last = 0
    for start, end in ranges:
        points: list[Point] = []
        for offset in (start, end):
            row += data.count(b"\n", last, offset)
            last = offset
            points.append(Point(row, offset - (data.rfind(b"\n", 0, offset) + 1)))
        found.append(Range(points[0], points[1], start, end))
    return _parsed(Parser(language.grammar, included_ranges=found), language, data, None)


def _parse(language: Language, data: bytes, old_tree: Tree | None) -> Tree:
    return _parsed(_parser(language), language, data, old_tree)


def _parsed(parser: Parser, language: Language, data: bytes, old_tree: Tree | None) -> Tree:
    if len(data) < _SMALL:
        return parser.parse(data, old_tree) if old_tree is not None else parser.parse(data)

    def read(offset: int, _point: object) -> bytes:
        return data[offset : offset + _SLICE]

    def expired(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline

    deadline = time.monotonic() + PARSE_LIMIT_S
    try:
        if old_tree is not None:
            return parser.parse(read, old_tree, progress_callback=expired)
        return parser.parse(read, progress_callback=expired)
    except ValueError as error:
        parser.reset()
        raise UnreadableFileError(
            f"the {language.name} grammar did not finish in {PARSE_LIMIT_S:.0f} s"
        ) from error


def _parser(language: Language) -> Parser:
    """This thread's parser: reading through a callback lets other threads run in a parse."""
    parsers: dict[str, Parser] = _threads.__dict__.setdefault("parsers", {})
    parser = parsers.get(language.id)
    if parser is None:
        from tree_sitter import Parser

        parser = parsers[language.id] = Parser(language.grammar)
    return parser


def captures(query: Query, root: Node) -> dict[str, list[Node]]:
    """What `query` captures in `root`, in no order.

    Raises UnreadableFileError for nesting deeper than MAX_DEPTH. The progress callback that a
    query can have is no way out: with one, tree-sitter 0.26 can crash.
    """
    from tree_sitter import QueryCursor

    node, depth = root, 0
    while node.end_byte - node.start_byte > 2 * MAX_DEPTH and node.child_count:
        node = max(node.children, key=_size)
        depth += 1
        if depth > MAX_DEPTH:
            raise UnreadableFileError(f"nested more than {MAX_DEPTH} levels deep")
    return QueryCursor(query).captures(root)


def _size(node: Node) -> int:
    return node.end_byte - node.start_byte


def edited(
    tree: Tree, start: int, old_end: int, new_end: int, before: SourceText, after: SourceText
) -> Tree:
    """A copy of `tree` moved along with the edit; hand it to `parse` with the new text."""
    copy = tree.copy()
    copy.edit(
        start,
        old_end,
        new_end,
        _point(before.data, start),
        _point(before.data, old_end),
        _point(after.data, new_end),
    )
    return copy


def _point(data: bytes, offset: int) -> tuple[int, int]:
    """Row and byte column as tree-sitter counts them: rows end at LF only."""
    return data.count(b"\n", 0, offset), offset - (data.rfind(b"\n", 0, offset) + 1)
