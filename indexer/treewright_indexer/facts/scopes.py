"""Scopes and what their names are bound to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from treewright_indexer.facts.rules import CLASS_KINDS, FUNCTION_KINDS, Rules
from treewright_indexer.model import Import, Scope, Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tree_sitter import Node

    from treewright_indexer.facts.symbols import Outline

_KIND_OF_SYMBOL = {
    **dict.fromkeys(FUNCTION_KINDS, "function"),
    **dict.fromkeys(CLASS_KINDS, "class"),
    "type": "type",
}


_QUOTED = re.compile(rb".?[\"'`]", re.DOTALL)


def scopes_of(
    rules: Rules,
    data: bytes,
    captured: Mapping[str, Sequence[Node]],
    outline: Outline,
    imports: Sequence[Import],
) -> list[Scope]:
    """The scopes of a text, parents first, each with the first binding of its names."""
    scopes, ends = _regions(rules, data, captured, outline)
    bindings = _bindings(rules, data, captured, outline, imports)
    stack = [0]
    ahead, count = 1, len(scopes)
    for start, kind, name in bindings:
        while ahead < count and scopes[ahead].start <= start:
            while ends[stack[-1]] <= scopes[ahead].start:
                stack.pop()
            stack.append(ahead)
            ahead += 1
        while ends[stack[-1]] <= start:
            stack.pop()
        scope = scopes[stack[-1]]
        if kind == "parameter":
            scope.bindings.setdefault(name, (start, kind))
            continue
        while (
            scope.kind == "outer"
            or start < scope.inner
            or (kind == "hoisted" and scope.kind == "block")
        ):
            scope = scopes[scope.parent]
        if kind in ("global", "nonlocal"):
            scope.bindings[name] = (start, kind)
        else:
            scope.bindings.setdefault(name, (start, "variable" if kind == "hoisted" else kind))
    return scopes


def _regions(
    rules: Rules, data: bytes, captured: Mapping[str, Sequence[Node]], outline: Outline
) -> tuple[list[Scope], list[int]]:
    """The scopes without bindings, in order, and where each ends."""
    outside = rules.header_is_outside
    regions: list[tuple[int, int, str, int, int]] = []  # start, -end, kind, symbol, inner
    symbols = outline.symbols
    for index in outline.containers:
        symbol = symbols[index]
        if symbol.kind in ("heading", "key"):
            continue
        kind = _KIND_OF_SYMBOL.get(symbol.kind, "block")
        body = outline.bodies[index]
        # A receiver stands before the name of a member outside its type.
        start = symbol.name_end if _binds(data, symbols, symbol) else symbol.start
        inner = body if outside and body >= start else start
        regions.append((start, -symbol.end, kind, index, inner))
    # A function's body is no scope beside its function, nor is `() => …` beside `f` in
    # `const f = () => …`.
    bodies = {body for body in outline.bodies if body >= 0}
    for symbol in symbols:
        if symbol.kind == "type":  # its parameters are its own
            regions.append((symbol.name_end, -symbol.end, "block", -1, symbol.name_end))
    for node in captured.get("members", ()):
        regions.append((node.start_byte, -node.end_byte, "class", -1, node.start_byte))
    for capture in ("scope.function", "scope.block", "scope.outer"):
        for node in captured.get(capture, ()):
            start, end = node.start_byte, node.end_byte
            inner = start
            if capture == "scope.function":
                body_node = node.child_by_field_id(rules.body_field)
                if body_node is not None:
                    body = body_node.start_byte
                    if body in bodies:
                        continue
                    bodies.add(body)
                    inner = body if outside else start
            elif capture == "scope.block" and start in bodies:
                continue
            regions.append((start, -end, capture[6:], -1, inner))
    headers = captured.get("scope.header", ())
    if headers:
        for node in headers:
            parent = node.parent
            if parent is not None:
                regions.append((node.start_byte, -parent.end_byte, "block", -1, node.start_byte))
    regions.sort()
    scopes = [Scope("module", 0, len(data), -1, -1, {}, 0)]
    ends = [len(data) + 1]
    stack = [0]
    for start, negative_end, kind, symbol, inner in regions:
        while ends[stack[-1]] <= start:
            stack.pop()
        parent = stack[-1]
        if kind == "outer":
            parent = scopes[parent].parent
        stack.append(len(scopes))
        scopes.append(Scope(kind, start, -negative_end, parent, symbol, {}, inner))
        ends.append(-negative_end)
    return scopes, ends


def _bindings(
    rules: Rules,
    data: bytes,
    captured: Mapping[str, Sequence[Node]],
    outline: Outline,
    imports: Sequence[Import],
) -> list[tuple[int, str, str]]:
    """(start, kind, name) in order; one kind per place, the one that says most."""
    ends: dict[int, int] = {}
    kinds: dict[int, str] = {}
    for capture, kind in (
        ("bind", "variable"),
        ("assign", "variable"),
        ("bind.type", "type"),
        ("bind.hoisted", "hoisted"),
        ("bind.function", "function"),
        ("bind.class", "class"),
        ("bind.global", "global"),
        ("bind.nonlocal", "nonlocal"),
        ("parameter", "parameter"),
    ):
        for node in captured.get(capture, ()):
            start, end = node.start_byte, node.end_byte
            ends[start] = end
            kinds[start] = kind
    found = [
        (item.alias_start, "import", item.alias)
        for item in imports
        if item.alias and (rules.reexport_binds or not item.reexport)
    ]
    for symbol in outline.symbols:
        kind = _KIND_OF_SYMBOL.get(symbol.kind)
        if kind is not None and symbol.name_start in ends:  # `const f = () => …`
            kinds[symbol.name_start] = kind
    for start, end in ends.items():
        found.append((start, kinds[start], data[start:end].decode("utf-8", "replace")))
    for symbol in outline.symbols:
        if symbol.name_start not in ends and _binds(data, outline.symbols, symbol):
            kind = _KIND_OF_SYMBOL.get(symbol.kind, "variable")
            found.append((symbol.name_start, kind, symbol.name))
    found.sort(key=_first)
    return found


def _binds(data: bytes, symbols: Sequence[Symbol], symbol: Symbol) -> bool:
    """Whether the definition binds its name in the scope around it."""
    if symbol.kind in ("field", "heading", "key", "package") or symbol.owner:
        return False
    if symbol.parent >= 0 and symbol.start >= symbols[symbol.parent].end:
        return False  # a member that stands outside its type
    if symbol.parent < 0 and symbol.kind in ("method", "constructor", "property"):
        return False  # in an object without a name
    return not _QUOTED.match(data, max(0, symbol.name_start - 1))  # a test, named by a string


def _first(binding: tuple[int, str, str]) -> int:
    return binding[0]
