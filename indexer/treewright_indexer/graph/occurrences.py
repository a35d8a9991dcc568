"""Which identifier stands at an offset, and what stands before its dot."""

from __future__ import annotations

import re
from typing import NamedTuple

from treewright_indexer.graph.model import Occurrence
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_WORD_BEFORE = re.compile(rb"[\w$\x80-\xff]*\Z")
_WORD_AFTER = re.compile(rb"[\w$\x80-\xff]*")
_SPACE = b" \t\r\n\f\\"
_PRIVATE_NAMES = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts")
_MAX_CALL_BYTES = 4000
"""How far back a call's arguments are followed when a receiver is read."""


class Part(NamedTuple):
    """One name of a receiver chain; `called` when arguments follow: `f` in `f(x).y`."""

    name: str
    called: bool
    start: int


def word_at(data: bytes, offset: int) -> Span | None:
    """The identifier that touches `offset`, as a span; None between identifiers."""
    before = _WORD_BEFORE.search(data, max(0, offset - 512), offset)
    after = _WORD_AFTER.match(data, offset)
    start = before.start() if before else offset
    end = after.end() if after else offset
    return Span(start, end) if end > start and not data[start : start + 1].isdigit() else None


def occurrence_at(snapshot: Snapshot, path: str, offset: int) -> Occurrence | None:
    """The occurrence at `offset`, or None in comments, strings, keywords and white space."""
    text = snapshot.text(path)
    span = word_at(text.data, offset)
    if span is None or snapshot.language(path) is None:
        return None
    if text.data[span.start - 1 : span.start] == b"#" and path.endswith(_PRIVATE_NAMES):
        span = Span(span.start - 1, span.end)  # `#name` is one name in JavaScript
    name = text.slice(span)
    for reference in snapshot.references_in(path, name):
        if reference.start == span.start:
            return Occurrence(path, name, span, reference.role, reference.attribute)
    return None


def receiver_before(data: bytes, name_start: int) -> list[Part] | None:
    """The chain in front of `.name`: `a.b(c)` before `a.b(c).name` as [a, b called].

    None when it is anything but names and calls: a subscript, a literal, an operator.
    """
    position = _skip_dot(data, name_start)
    parts: list[Part] = []
    while position is not None:
        called = False
        if data[position - 1 : position] == b")":
            opening = _matching_parenthesis(data, position)
            if opening is None:
                return None
            position, called = _skip_space(data, opening), True
        match = _WORD_BEFORE.search(data, max(0, position - 512), position)
        if match is None or match.start() == position:
            return None
        start = match.start()
        if data.endswith((b".#", b"?.#"), 0, start):
            start -= 1
            match = re.compile(rb"#[\w$\x80-\xff]*").match(data, start) or match
        parts.append(Part(match.group().decode("utf-8", "replace"), called, start))
        position = _skip_dot(data, start)
        if position is None and _preceded_by_value(data, start):
            return None
    return parts[::-1] or None


def _skip_space(data: bytes, position: int) -> int:
    while position > 0 and data[position - 1] in _SPACE:
        position -= 1
    return position


def _skip_dot(data: bytes, position: int) -> int | None:
    """The end of what stands before `.`, `?.`, `->` or `::`; None when none of them does."""
    before = position
    position = _skip_space(data, position)
    if _ends_comment(data, position, before):
        return None
    if data.endswith(b"..", 0, position):  # an ellipsis on the line above
        return None
    for mark in (b"?.", b".", b"->", b"::"):
        if data.endswith(mark, 0, position):
            return _skip_space(data, position - len(mark))
    return None


def _ends_comment(data: bytes, position: int, before: int) -> bool:
    """True when the line break between is that of a comment, whose full stop is no dot."""
    if b"\n" not in data[position:before]:
        return False
    line = data[data.rfind(b"\n", 0, position) + 1 : position]
    return b"#" in line or b"//" in line


def _preceded_by_value(data: bytes, start: int) -> bool:
    return start > 0 and data[start - 1] in b")]\"'"


def _matching_parenthesis(data: bytes, end: int) -> int | None:
    """Offset of the `(` that the `)` right before `end` closes."""
    depth, position, floor = 0, end - 1, max(0, end - _MAX_CALL_BYTES)
    quote = 0
    while position >= floor:
        byte = data[position]
        if quote:
            if byte == quote and data[position - 1 : position] != b"\\":
                quote = 0
        elif byte in b"\"'":
            quote = byte
        elif byte in b")]}":
            depth += 1
        elif byte in b"([{":
            depth -= 1
            if depth == 0:
                return position if byte == 0x28 else None
        position -= 1
    return None


def chain_from(data: bytes, start: int) -> list[Part] | None:
    """The chain that begins at `start`: `a.b(c).d` as [a, b called, d]; `A[int]()` as [A called].

    None for what only types know: an element, a call of what was returned.
    """
    parts: list[Part] = []
    position = start
    while (match := _WORD_AFTER.match(data, position)) is not None and match.group():
        name, position, called = match.group().decode("utf-8", "replace"), match.end(), False
        brackets = 0
        while data[position : position + 1] in (b"(", b"["):
            closing = _closing_bracket(data, position)
            brackets += 1
            if closing is None or called or brackets > 2:
                return None
            called = data[position] == 0x28
            position = closing + 1
        if data[position : position + 1] == b"{" and (name[:1].isupper() or brackets):
            called = True  # `Name{field: value}` in Go and Rust makes one
        if brackets and not called:
            return None
        parts.append(Part(name, called, start))
        if data[position : position + 1] != b".":
            break
        position += 1
    return parts or None


def _closing_bracket(data: bytes, start: int) -> int | None:
    """Offset of the bracket that closes the one at `start`."""
    depth, quote = 0, 0
    for position in range(start, min(len(data), start + _MAX_CALL_BYTES)):
        byte = data[position]
        if quote:
            if byte == quote and data[position - 1] != 0x5C:
                quote = 0
        elif byte in b"\"'":
            quote = byte
        elif byte in b"([{":
            depth += 1
        elif byte in b")]}":
            depth -= 1
            if depth == 0:
                return position
    return None


def keyword_callee(snapshot: Snapshot, path: str, offset: int) -> Span | None:
    """Span of the called expression of the call whose keyword argument stands at `offset`."""
    node = snapshot.tree(path).root_node.descendant_for_byte_range(offset, offset)
    while node is not None:
        called = node.child_by_field_name("function")
        if node.type == "composite_literal":  # `Point{X: 1}`
            called = node.child_by_field_name("type")
        if node.type == "class_pattern":  # `case Point(x=0)`
            called = node.named_child(0)
        if called is not None and called.end_byte <= offset:
            return Span(called.start_byte, called.end_byte)
        if node.type in ("class_definition", "class_declaration") and node.start_byte < offset:
            return None  # `class A(metaclass=M)`: no function has that parameter
        node = node.parent
    return None


def is_role(occurrence: Occurrence, *roles: Role) -> bool:
    return occurrence.role in roles
