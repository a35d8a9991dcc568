"""The smallest runs of whole lines by which two texts differ."""

from __future__ import annotations

import itertools
from difflib import SequenceMatcher
from typing import NamedTuple

from treewright_indexer.text import SourceText, Span


class LineEdit(NamedTuple):
    """`span` and the lines `first:last` (zero-based, half-open) of the text before become `text`."""

    span: Span
    first: int
    last: int
    text: str


def line_edits(before: SourceText, after: SourceText) -> list[LineEdit]:
    """What turns `before` into `after`, in order and disjoint; [] when they are equal."""
    old, new = _lines(before), _lines(after)
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    matcher = SequenceMatcher(
        None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False
    )
    edits: list[LineEdit] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            first, last = start + i1, start + i2
            span = Span(_line_start(before, first), _line_start(before, last))
            text = b"".join(new[start + j1 : start + j2]).decode("utf-8", "replace")
            edits.append(LineEdit(span, first, last, text))
    return edits


def _lines(text: SourceText) -> list[bytes]:
    """The lines with their breaks; the empty one behind a final break is none."""
    starts = [*text.line_starts, len(text.data)]
    lines = [text.data[a:b] for a, b in itertools.pairwise(starts)]
    return lines[:-1] if lines and not lines[-1] else lines


def _line_start(text: SourceText, line: int) -> int:
    return text.line_starts[line] if line < text.n_lines else len(text.data)
