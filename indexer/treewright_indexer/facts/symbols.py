"""Definitions: from captured nodes to Symbols, in order, parents first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.facts.docs import doc_of_string, leading_comment
from treewright_indexer.facts.rules import CLASS_KINDS, CONTAINER_KINDS, FUNCTION_KINDS, Rules
from treewright_indexer.model import Flag, Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tree_sitter import Node

Captures = "Mapping[str, Sequence[Node]]"

MAX_SIGNATURE: Final = 400
"""Bytes of a signature; the rest is cut off."""
_MAX_VALUE: Final = 120
"""Bytes of a variable's statement in its signature."""
_MAX_DECORATOR: Final = 200

# Two patterns may capture one node: the kind that says more wins.
_RANK: Final = {
    kind: rank
    for rank, kind in enumerate(
        """constructor method function property macro enum trait interface struct class namespace
        package module type enum_member constant field variable heading key""".split()
    )
}


class Outline(NamedTuple):
    """The symbols of a text, and the nodes they were made of."""

    symbols: list[Symbol]
    bodies: list[int]
    """Per symbol: first byte of its body, or -1."""
    containers: list[int]
    """Indexes of the symbols that hold other code, in order."""


def outline_of(rules: Rules, data: bytes, captured: Mapping[str, Sequence[Node]]) -> Outline:
    entries = _definitions(rules, captured)
    names = sorted((entry[3], index) for index, entry in enumerate(entries))
    name_starts = [start for start, _ in names]
    decorators = _decorators(captured, entries, names, name_starts)
    containers = [pair for pair in names if entries[pair[1]][2] in CONTAINER_KINDS]
    docs = _belonging(captured.get("doc", ()), containers)
    bases = _belonging(captured.get("base", ()), [p for p in containers if entries[p[1]][2] in CLASS_KINDS])
    modifiers = _belonging_ahead(captured.get("modifier", ()), entries, names, name_starts)
    exported = [(node.start_byte, node.end_byte) for node in captured.get("exported", ())]

    items: list[tuple[int, int, int, int, Node | None]] = [
        (entry[0], -entry[1], 0, index, None) for index, entry in enumerate(entries)
    ]
    for kind, capture in ((1, "assign"), (2, "field")):
        items += [(node.start_byte, -node.end_byte, kind, 0, node) for node in captured.get(capture, ())]
    items.sort(key=lambda item: item[:4])

    symbols: list[Symbol] = []
    bodies: list[int] = []
    container_indexes: list[int] = []
    stack: list[tuple[int, int, str]] = []  # end, index, kind
    seen: set[tuple[int, str]] = set()
    name_field = rules.name_field
    del name_field
    exported_end, exported_at, exported_depth = -1, 0, -1
    for start, negative_end, what, index, node in items:
        while stack and stack[-1][0] <= start:
            stack.pop()
        if what == 0:
            start, end, kind, name_start, name_end, body = entries[index]
            parent, parent_kind = (stack[-1][1], stack[-1][2]) if stack else (-1, "")
            while exported_at < len(exported) and exported[exported_at][0] <= start:
                exported_end, exported_depth = exported[exported_at][1], len(stack)
                exported_at += 1
            name = data[name_start:name_end].decode("utf-8", "replace")
            symbol_bases = tuple(_text(data, n, _MAX_DECORATOR) for n in bases.get(index, ()))
            symbol_decorators = decorators.get(index, [])
            first = min((n.start_byte for n in symbol_decorators), default=start)
            texts = tuple(
                _text(data, n, _MAX_DECORATOR).lstrip("@#![").rstrip("]") if False else _decorator(data, n)
                for n in symbol_decorators
            )
            kind = _kind_in(rules, kind, name, parent_kind, symbol_bases)
            signature = _signature(data, start, body if body > 0 else end, kind)
            flags = 0
            words = [f"@{text}" for text in texts]
            words += [_text(data, n, 40) for n in modifiers.get(index, ())]
            words += signature[: signature.find(name)].split() if rules.flags else ()
            for word in words:
                for pattern, flag in rules.flags:
                    if pattern.fullmatch(word):
                        flags |= flag
            if flags & Flag.PROPERTY and kind == "method":
                kind = "property"
            if start < exported_end and len(stack) == exported_depth:
                flags |= Flag.EXPORTED
            if rules.private.match(name):
                flags |= Flag.PRIVATE
            elif rules.exports and parent < 0:
                flags |= Flag.EXPORTED
            if kind in FUNCTION_KINDS and rules.test_functions.match(name):
                if parent_kind not in CLASS_KINDS or _is_test_class(rules, symbols[parent]):
                    flags |= Flag.TEST
            doc_nodes = docs.get(index)
            doc = (
                doc_of_string(data, doc_nodes[0].start_byte, doc_nodes[0].end_byte)
                if doc_nodes
                else leading_comment(rules, data, first)
            )
            symbol = Symbol(
                name, kind, first, end, name_start, name_end, parent, signature, doc,
                symbol_bases, texts, flags,
            )  # fmt: skip
            if kind in CONTAINER_KINDS:
                stack.append((end, len(symbols), kind))
                container_indexes.append(len(symbols))
            symbols.append(symbol)
            bodies.append(body)
            continue
        assert node is not None
        at = len(stack) - 1
        if what == 2:
            if at < 0 or stack[at][2] not in FUNCTION_KINDS:
                continue
            while at >= 0 and stack[at][2] in FUNCTION_KINDS:
                at -= 1
            if at < 0 or not data[:start].endswith(rules.receivers, max(0, start - 8), start):
                continue
        elif at >= 0 and stack[at][2] in FUNCTION_KINDS:
            continue
        parent, parent_kind = (stack[at][1], stack[at][2]) if at >= 0 else (-1, "")
        name = data[start:-negative_end].decode("utf-8", "replace")
        if (parent, name) in seen:
            continue
        seen.add((parent, name))
        begin, end, text = _statement(rules, data, node, what == 2)
        kind = "constant" if rules.constant.fullmatch(name) else "variable"
        if parent_kind == "enum" and what == 1:
            kind = "enum_member"
        elif parent_kind in CLASS_KINDS and (kind != "constant" or what == 2):
            kind = "field"
        flags = 0
        if rules.private.match(name):
            flags |= Flag.PRIVATE
        elif rules.exports and parent < 0:
            flags |= Flag.EXPORTED
        symbols.append(
            Symbol(
                name, kind, begin, end, start, -negative_end, parent, text,
                leading_comment(rules, data, begin) if what == 1 else "", (), (), flags,
            )  # fmt: skip
        )
        bodies.append(-1)
    if rules.exports:
        symbols = _with_exports(rules, data, symbols)
    return Outline(symbols, bodies, container_indexes)


def _definitions(
    rules: Rules, captured: Mapping[str, Sequence[Node]]
) -> list[tuple[int, int, str, int, int, int]]:
    """(start, end, kind, name start, name end, body start or -1), parents first."""
    name_field, body_field = rules.name_field, rules.body_field
    found: dict[tuple[int, int], tuple[int, int, str, int, int, int]] = {}
    names = [(node.start_byte, node.end_byte) for node in captured.get("name", ())]
    names.sort()
    for capture, nodes in captured.items():
        if not capture.startswith("def."):
            continue
        kind = capture[4:]
        for node in nodes:
            start, end = node.byte_range
            other = found.get((start, end))
            if other is not None and _RANK[other[2]] <= _RANK[kind]:
                continue
            name = node.child_by_field_id(name_field)
            if name is not None:
                name_start, name_end = name.byte_range
            else:
                at = bisect_left(names, (start, start))
                if at == len(names) or names[at][1] > end:
                    continue
                name_start, name_end = names[at]
            if name_start == name_end:
                continue  # a name that is missing in the text
            body = node.child_by_field_id(body_field)
            found[start, end] = (
                start, end, kind, name_start, name_end, -1 if body is None else body.start_byte,
            )  # fmt: skip
    return sorted(found.values(), key=lambda entry: (entry[0], -entry[1]))


def _belonging(nodes: Sequence[Node], names: list[tuple[int, int]]) -> dict[int, list[Node]]:
    """Nodes by the definition whose name is the last one before them."""
    found: dict[int, list[Node]] = {}
    starts = [start for start, _ in names]
    for node in nodes:
        at = bisect_right(starts, node.start_byte) - 1
        if at >= 0:
            found.setdefault(names[at][1], []).append(node)
    return found


def _belonging_ahead(
    nodes: Sequence[Node],
    entries: list[tuple[int, int, str, int, int, int]],
    names: list[tuple[int, int]],
    name_starts: list[int],
) -> dict[int, list[Node]]:
    """Nodes by the definition whose name is the first one behind them."""
    found: dict[int, list[Node]] = {}
    del entries
    for node in nodes:
        at = bisect_left(name_starts, node.start_byte)
        if at < len(names):
            found.setdefault(names[at][1], []).append(node)
    return found


def _decorators(
    captured: Mapping[str, Sequence[Node]],
    entries: list[tuple[int, int, str, int, int, int]],
    names: list[tuple[int, int]],
    name_starts: list[int],
) -> dict[int, list[Node]]:
    return _belonging_ahead(captured.get("decorator", ()), entries, names, name_starts)


def _kind_in(
    rules: Rules, kind: str, name: str, parent_kind: str, bases: tuple[str, ...]
) -> str:
    if parent_kind in CLASS_KINDS:
        if kind == "function":
            return "constructor" if name in rules.constructors else "method"
        if kind == "variable":
            return "field"
    if kind == "class" and bases and any(rules.enum_bases.fullmatch(base) for base in bases):
        return "enum"
    if kind == "variable" and rules.constant.fullmatch(name):
        return "constant"
    return kind


def _is_test_class(rules: Rules, symbol: Symbol) -> bool:
    matches = rules.test_classes.fullmatch
    return bool(matches(symbol.name)) or any(matches(base) for base in symbol.bases)


def _text(data: bytes, node: Node, limit: int) -> str:
    return _folded(data, node.start_byte, node.end_byte, limit)


def _decorator(data: bytes, node: Node) -> str:
    text = _text(data, node, _MAX_DECORATOR)
    if text.startswith("#["):
        return text[2:].removesuffix("]").strip()
    return text.lstrip("@").strip()


def _folded(data: bytes, start: int, end: int, limit: int) -> str:
    cut = end - start > limit
    raw = data[start : start + limit if cut else end]
    text = " ".join(raw.decode("utf-8", "ignore").split())
    return text + "…" if cut else text


_END: Final = re.compile(r"[\s:{=]+\Z")


def _signature(data: bytes, start: int, end: int, kind: str) -> str:
    limit = MAX_SIGNATURE if kind in CONTAINER_KINDS else _MAX_VALUE
    text = _folded(data, start, end, limit).rstrip(" :{=;")
    if "(" in text:
        text = text.replace("( ", "(").replace(", )", ")").replace(" )", ")").replace(",)", ",)")
    return text


def _statement(rules: Rules, data: bytes, node: Node, member: bool) -> tuple[int, int, str]:
    """Start, end and signature of the assignment that binds the name at `node`."""
    start, end = node.byte_range
    statement: Node | None = node.parent
    for _ in range(4):
        if statement is None or statement.type in rules.assignments:
            break
        statement = statement.parent
    if statement is None or statement.type not in rules.assignments:
        return start, end, data[start:end].decode("utf-8", "replace")
    text = _folded(data, statement.start_byte, statement.end_byte, _MAX_VALUE)
    if member:  # the place in the method; the method keeps what stands on the right
        return statement.start_byte, end, text
    return statement.start_byte, statement.end_byte, text


def exported_names(rules: Rules, data: bytes, symbols: Sequence[Symbol]) -> dict[str, int] | None:
    """Names in the file's list of exports (`__all__`) -> first byte of each; None without one."""
    if not rules.exports or rules.exports.encode() not in data:
        return None
    listed = [s for s in symbols if s.parent < 0 and s.name == rules.exports]
    if not listed:
        return None
    found: dict[str, int] = {}
    mark = re.compile(rb"(?m)^" + re.escape(rules.exports.encode()) + rb"\s*(?:\+=|\.(?:extend|append)\s*\()")
    regions = [(listed[0].start, listed[0].end)]
    for match in mark.finditer(data):
        end = _closing(data, match.end())
        regions.append((match.end(), end))
    for start, end in regions:
        for match in _QUOTED.finditer(data, start, end):
            found.setdefault(match.group(2).decode("utf-8", "replace"), match.start(2))
    return found


_QUOTED: Final = re.compile(rb"([\"'])([^\W\d]\w*)\1")


def _closing(data: bytes, start: int) -> int:
    """The end of the bracket that follows, or of the line."""
    for index in range(start, min(len(data), start + 100_000)):
        if data[index] in b")]":
            return index
    return len(data)


def _with_exports(rules: Rules, data: bytes, symbols: list[Symbol]) -> list[Symbol]:
    names = exported_names(rules, data, symbols)
    if names is None:
        return symbols
    exported = int(Flag.EXPORTED)
    return [
        symbol
        if symbol.parent >= 0 or bool(symbol.flags & exported) == (symbol.name in names)
        else symbol._replace(flags=symbol.flags ^ exported)
        for symbol in symbols
    ]
