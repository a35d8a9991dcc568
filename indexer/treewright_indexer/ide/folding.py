"""Regions of a file that can be folded away, from its syntax tree; the same in every language.

A region is what stands between a pair of brackets, the body of a statement, a run of comments
or imports, a long string, and what `#region` and `#endregion` mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.text import SourceText

MAX_FOLDS: Final = 20_000
_OPENING: Final = frozenset({"{", "[", "(", "do", "then", "begin", "{|", "${", "#{"})
_CLOSING: Final = frozenset({"}", "]", ")", "end", "fi", "done", "esac", "|}"})
_REGION: Final = re.compile(rb"^[ \t]*(?://|#|--|/\*|<!--)[ \t]*#?(end)?region\b", re.MULTILINE)


class Fold(NamedTuple):
    """Lines `first` to `last`, zero-based, inclusive; `first` stays visible.

    `start` and `end` are the bytes between which text is hidden.
    """

    first: int
    last: int
    start: int
    end: int
    kind: str
    """comment imports region, or '' for code."""


def folds(snapshot: Snapshot, path: str, token: CancelToken) -> list[Fold]:
    """In order of their first line, outer ones first; at most one for each pair of lines.

    Raises UnsupportedLanguageError, UnknownFileError, UnreadableFileError.
    """
    text, tree = snapshot.text(path), snapshot.tree(path)
    found: dict[tuple[int, int], Fold] = {}
    for fold in _folds(text, tree.root_node, token):
        if fold.last > fold.first:
            found.setdefault((fold.first, fold.last), fold)
        if len(found) >= MAX_FOLDS:
            break
    return sorted(found.values(), key=lambda fold: (fold.first, -fold.last))


def _folds(text: SourceText, root: Node, token: CancelToken) -> Iterator[Fold]:
    yield from _marked(text)
    stack = [root]
    while stack:
        token.check()
        node = stack.pop()
        children = node.children
        yield from _runs(text, children)
        opening: list[Node] = []
        previous: Node | None = None
        for child in children:
            kind = child.type
            if kind in _OPENING:
                opening.append(child)
            elif kind in _CLOSING and opening:
                first = opening.pop()
                yield _between(text, first.end_byte, child.start_byte)
            else:
                yield from _of_node(text, child, previous)
                if _is_tall(child):
                    stack.append(child)
            previous = child


def _of_node(text: SourceText, node: Node, previous: Node | None) -> Iterator[Fold]:
    kind = node.type
    if kind == "block" or kind.endswith(("_block", "_body", "_statements")):
        # A body without brackets: it hangs from the line before it.
        bare = node.child_count and node.children[0].type not in _OPENING
        if bare and previous is not None:
            yield _region(text, previous.end_byte, node.end_byte, "")
    elif _is_tall(node) and ("comment" in kind or ("string" in kind and kind != "string_content")):
        end = text.line_span(text.line_of(node.start_byte)).end
        yield _region(text, end, node.end_byte, "comment" if "comment" in kind else "")


def _is_tall(node: Node) -> bool:
    return node.end_point[0] > node.start_point[0]


def _between(text: SourceText, start: int, end: int) -> Fold:
    """What stands between two brackets; the line of the closing one stays visible."""
    first, last = text.line_of(start), text.line_of(end)
    return Fold(first, last - 1, start, text.line_span(max(first, last - 1)).end, "")


def _region(text: SourceText, start: int, end: int, kind: str) -> Fold:
    while end > start and text.data[end - 1] in b" \t\r\n":
        end -= 1
    return Fold(text.line_of(start), text.line_of(end), start, end, kind)


def _runs(text: SourceText, children: list[Node]) -> Iterator[Fold]:
    """Line comments below each other, and import statements below each other."""
    run: list[Node] = []
    kind = ""
    for child in [*children, None]:
        found = ""
        if child is not None:
            if "comment" in child.type:
                found = "comment"
            elif child.type.startswith(("import", "use_decl", "preproc_include", "using_dir")):
                found = "imports"
        follows = (
            bool(run)
            and child is not None
            and (
                text.line_of(child.start_byte) - text.line_of(run[-1].end_byte)
                <= (1 if found == "comment" else 2)
            )
        )
        if run and (found != kind or not follows):
            if len(run) > 1:
                start = text.line_span(text.line_of(run[0].start_byte)).end
                yield _region(text, start, run[-1].end_byte, kind)
            run = []
        if child is not None and found:
            run.append(child)
            kind = found


def _marked(text: SourceText) -> Iterator[Fold]:
    if b"region" not in text.data:
        return
    opened: list[int] = []
    for match in _REGION.finditer(text.data):
        line = text.line_of(match.end())
        if not match.group(1):
            opened.append(line)
        elif opened:
            first = opened.pop()
            yield Fold(first, line, text.line_span(first).end, text.line_span(line).end, "region")
