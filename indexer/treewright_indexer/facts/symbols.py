"""Definitions: from captured nodes to Symbols in order of their text.

Captures are matched by where they stand: a decorator belongs to the next name behind it, a
base class to the last class name before it, a docstring to the last name of a container.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.facts.docs import doc_of_string, leading_comment
from treewright_indexer.facts.exports import with_exports
from treewright_indexer.facts.rules import (
    CLASS_KINDS,
    CONSTANT,
    CONTAINER_KINDS,
    FUNCTION_KINDS,
    Rules,
)
from treewright_indexer.model import Flag, Symbol

if TYPE_CHECKING:
    from tree_sitter import Node

    Captures = Mapping[str, Sequence[Node]]

MAX_SIGNATURE: Final = 400
"""Bytes of a container's signature; the rest is cut off."""
MAX_VALUE: Final = 120
"""Bytes of a variable's statement in its signature."""
MAX_DECORATOR: Final = 200

_KINDS: Final = (
    "test constructor method function property macro enum trait interface struct class namespace "
    "package module type enum_member constant field heading key variable"
).split()
_RANK: Final = {kind: rank for rank, kind in enumerate(_KINDS)}
"""Two patterns may capture one node: the kind that says more wins."""

# Possessive: `(\w+)*` that fails would try every way to cut a word.
_BETWEEN: Final = re.compile(rb"(?:\s|\w++|(?://|#)[^\n]*+\n|/\*.*?\*/)*+", re.DOTALL)
_CALLED: Final = re.compile(rb"[A-Za-z][\w.]*", re.ASCII)
_OPEN_KINDS: Final = frozenset({"", "namespace", "module"})
DATA_KINDS: Final = frozenset({"variable", "constant", "field", "enum_member"})
"""Kinds of which the first definition of a name in one place counts."""
_VALUE_KINDS: Final = frozenset({"variable", "constant"})
_PROPERTY, _TEST, _EXPORTED = int(Flag.PROPERTY), int(Flag.TEST), int(Flag.EXPORTED)
_VISIBILITY: Final = int(Flag.PRIVATE | Flag.EXPORTED)


class Outline(NamedTuple):
    """The symbols of a text, with what their scopes are made from."""

    symbols: list[Symbol]
    bodies: list[int]
    """Per symbol: first byte of its body, or -1."""
    containers: list[int]
    """Indexes of the symbols that hold other code, in order."""


class _Entry(NamedTuple):
    """A captured definition."""

    start: int
    end: int
    kind: str
    name_start: int
    name_end: int
    body: int


class Frame(NamedTuple):
    """What the sweep is inside of. `symbol` is -1 when the type is not in this file."""

    end: int
    symbol: int
    kind: str
    owner: str


class Context(NamedTuple):
    """What stands around and before a part of a text that is read on its own."""

    frames: list[Frame]
    before: list[Symbol]
    """Symbols that precede the part: its own are numbered behind them."""
    seen: set[tuple[int, str]]
    """(parent, name) of those whose first definition counts."""
    classes: dict[str, int]
    """Classes that members outside of them may name."""


_OUTSIDE: Final = Frame(1 << 62, -1, "", "")
_DEFINITION, _ASSIGNED, _FIELD, _MEMBERS = range(4)


def outline_of(
    rules: Rules, data: bytes, captured: Captures, context: Context | None = None
) -> Outline:
    """The symbols of a text whose query captured `captured`, or of the part in `context`."""
    entries = _entries(rules, captured)
    sweep = _Sweep(rules, data, captured, entries, context)
    items = [(entry[0], -entry[1], _DEFINITION, index) for index, entry in enumerate(entries)]
    nodes: list[Node] = []
    for what, capture in ((_ASSIGNED, "assign"), (_FIELD, "field"), (_MEMBERS, "members")):
        for node in captured.get(capture, ()):
            items.append((node.start_byte, -node.end_byte, what, len(nodes)))
            nodes.append(node)
    items.sort()
    stack = sweep.stack
    for start, negative_end, what, index in items:
        while stack[-1][0] <= start:
            stack.pop()
        if what == _DEFINITION:
            sweep.define(index)
        elif what == _ASSIGNED:
            if stack[-1][2] not in FUNCTION_KINDS:
                sweep.assign(start, -negative_end, nodes[index], stack[-1])
        elif what == _FIELD:
            sweep.assign_field(start, -negative_end, nodes[index])
        else:
            sweep.open_members(start, -negative_end)
    symbols = sweep.symbols
    if rules.exports and context is None:
        symbols = with_exports(rules, data, symbols)
    return Outline(symbols, sweep.bodies, sweep.containers)


def _entries(rules: Rules, captured: Captures) -> list[_Entry]:
    """The captured definitions, parents first, one per stretch of text."""
    name_field, body_field = rules.name_field, rules.body_field
    found: dict[tuple[int, int], _Entry] = {}
    names = sorted([node.byte_range for node in captured.get("name", ())])
    late_names = sorted([node.byte_range for node in captured.get("name.last", ())])
    bodies = sorted(node.byte_range for node in captured.get("body", ()))
    for capture, nodes in captured.items():
        if not capture.startswith("def."):
            continue
        kind = capture[4:]
        for node in nodes:
            span = start, end = node.start_byte, node.end_byte
            other = found.get(span)
            if other is not None and _RANK[other.kind] <= _RANK[kind]:
                continue
            name = node.child_by_field_id(name_field)
            if name is not None:
                name_start, name_end = name.start_byte, name.end_byte
            elif (late := _last_inside(late_names, start, end)) is not None:
                name_start, name_end = late
            else:
                at = bisect_left(names, (start, start))
                if at == len(names) or names[at][1] > end:
                    continue
                name_start, name_end = names[at]
            if name_start == name_end:
                continue  # the name is missing in the text
            body_node = node.child_by_field_id(body_field)
            body = -1
            if body_node is not None:
                body = body_node.start_byte
            elif bodies:
                at = bisect_left(bodies, (name_end, name_end))
                if at < len(bodies) and bodies[at][1] <= end:
                    body = bodies[at][0]
            found[span] = _Entry(start, end, kind, name_start, name_end, body)
    entries: dict[int, _Entry] = {}
    for entry in sorted(found.values(), key=_by_place):
        entries.setdefault(entry.name_start, entry)  # the outermost of one name
    return list(entries.values())


def _by_place(entry: _Entry) -> tuple[int, int]:
    return entry[0], -entry[1]


class _Sweep:
    """Walks over definitions in order, inside the containers that hold them."""

    def __init__(
        self,
        rules: Rules,
        data: bytes,
        captured: Captures,
        entries: list[_Entry],
        context: Context | None,
    ) -> None:
        self.rules = rules
        self.data = data
        self.entries = entries
        self.symbols: list[Symbol] = []
        self.bodies: list[int] = []
        self.containers: list[int] = []
        self.stack: list[Frame] = [_OUTSIDE]
        names = sorted([(entry[3], index) for index, entry in enumerate(entries)])
        containers = [pair for pair in names if entries[pair[1]][2] in CONTAINER_KINDS]
        classes = [pair for pair in containers if entries[pair[1]][2] in CLASS_KINDS]
        self.decorators = _by_next_name(_ordered(captured, "decorator"), names, entries, data)
        self.docs = _by_last_name(_ordered(captured, "doc"), containers, entries)
        self.bases = _by_last_name(_ordered(captured, "base"), classes, entries)
        self.owners = {
            index: found[0]
            for index, found in _by_next_name(
                _ordered(captured, "owner"), names, entries, data
            ).items()
        }
        self._owner_nodes = sorted(node.byte_range for node in captured.get("owner", ()))
        self._member_bases = sorted(node.byte_range for node in captured.get("members.base", ()))
        self._exported = sorted([node.byte_range for node in captured.get("exported", ())])
        self._exported_at = 0
        self._exported_end = -1
        self._exported_depth = 0
        self._seen: set[tuple[int, str]] = set()
        self._top: dict[str, int] = {}
        """Name -> index of the classes at the top level, for members that stand elsewhere."""
        self._before: list[Symbol] = []
        if context is not None:
            self.stack += context.frames
            self._before, self._seen, self._top = context.before, context.seen, context.classes

    def define(self, index: int) -> None:
        """One captured definition."""
        rules, data = self.rules, self.data
        start, end, kind, name_start, name_end, body = self.entries[index]
        _, parent, parent_kind, owner = self.stack[-1]
        if kind in _VALUE_KINDS and parent_kind in FUNCTION_KINDS:
            return  # a local name: its scope binds it
        name = data[name_start:name_end].decode("utf-8", "replace")
        first, shown, decorators, flags = start, start, (), 0
        if index in self.decorators:
            nodes = self.decorators[index]
            first = min(start, nodes[0].start_byte)
            decorators = tuple([_decorator(data, node) for node in nodes])
            for text in decorators:
                flags |= rules.flags_of("@" + text)
            shown = max(start, nodes[-1].end_byte)
        bases: tuple[str, ...] = ()
        if index in self.bases:
            bases = tuple([_folded(data, *n.byte_range, MAX_DECORATOR) for n in self.bases[index]])
        if kind == "field" and parent_kind in FUNCTION_KINDS:  # a parameter that is kept
            at = len(self.stack) - 1
            while self.stack[at].kind in FUNCTION_KINDS:
                at -= 1
            _, parent, parent_kind, owner = self.stack[at]
        if index in self.owners:
            owner = data[slice(*self.owners[index].byte_range)].decode("utf-8", "replace")
            parent = self._top.get(owner, -1)
            parent_kind = "class"
        if kind == "test":
            called = _CALLED.match(data, start)
            if called is None or not rules.test_calls.fullmatch(called.group().decode()):
                return
            kind, flags = "function", flags | _TEST
        traits = rules.traits(name)
        if kind == "variable" or kind in FUNCTION_KINDS or bases:
            kind = self._kind(kind, name, parent_kind, bases, traits)
        signature = _signature(data, shown, body if body > name_end else end, kind)
        if name_start > start:
            flags |= rules.flags_of_prefix(data[start:name_start])
        if flags & _PROPERTY and kind == "method":
            kind = "property"
        flags |= traits & _VISIBILITY
        if self._exported and self._in_export(start):
            flags |= _EXPORTED
        if (
            traits & _TEST
            and kind in FUNCTION_KINDS
            and (
                parent < 0 or parent_kind not in CLASS_KINDS or self._is_test(self._symbol(parent))
            )
        ):
            flags |= _TEST
        if index in self.docs:
            doc = doc_of_string(data, *self.docs[index][0].byte_range)
        else:
            doc = leading_comment(rules, data, first)
        own = len(self._before) + len(self.symbols)
        if kind in DATA_KINDS:
            self._seen.add((parent, name))
        self.symbols.append(
            Symbol(
                name,
                kind,
                first,
                end,
                name_start,
                name_end,
                parent,
                signature,
                doc,
                bases,
                decorators,
                flags,
                "" if parent >= 0 else owner,
            )
        )
        self.bodies.append(body)
        if kind in CONTAINER_KINDS:
            self.containers.append(own)
            self.stack.append(Frame(end, own, kind, ""))
            if parent_kind in _OPEN_KINDS and kind in CLASS_KINDS:
                self._top.setdefault(name, own)

    def assign(self, start: int, end: int, node: Node, frame: Frame) -> None:
        """A name bound by an assignment outside functions; the first one counts."""
        rules, data = self.rules, self.data
        name = data[start:end].decode("utf-8", "replace")
        if (frame.symbol, name) in self._seen:
            return
        self._seen.add((frame.symbol, name))
        begin, stop = _statement(rules, node)
        traits = rules.traits(name)
        if frame.kind == "enum":
            kind = "enum_member"
        elif traits & CONSTANT:
            kind = "constant"
        else:
            kind = "field" if frame.kind in CLASS_KINDS else "variable"
        self.symbols.append(
            Symbol(
                name,
                kind,
                begin,
                stop,
                start,
                end,
                frame.symbol,
                _folded(data, begin, stop, MAX_VALUE),
                leading_comment(rules, data, begin),
                (),
                (),
                traits & _VISIBILITY,
                frame.owner,
            )
        )
        self.bodies.append(-1)

    def assign_field(self, start: int, end: int, node: Node) -> None:
        """`self.name = …` in a method: a field of the class, unless it has one already."""
        rules, data, stack = self.rules, self.data, self.stack
        at = len(stack) - 1
        while stack[at].kind in FUNCTION_KINDS:
            at -= 1
        if at == len(stack) - 1 or stack[at].kind not in CLASS_KINDS:
            return
        if not data.endswith(rules.receivers, max(0, start - 16), start):
            return
        frame = stack[at]
        name = data[start:end].decode("utf-8", "replace")
        if (frame.symbol, name) in self._seen:
            return
        self._seen.add((frame.symbol, name))
        begin, stop = _statement(rules, node)
        # The span ends with the name: what stands on the right belongs to the method.
        self.symbols.append(
            Symbol(
                name,
                "field",
                begin,
                end,
                start,
                end,
                frame.symbol,
                _folded(data, begin, stop, MAX_VALUE),
                "",
                (),
                (),
                rules.traits(name) & _VISIBILITY,
                frame.owner,
            )
        )
        self.bodies.append(-1)

    def open_members(self, start: int, end: int) -> None:
        """A block of members of a type that is defined elsewhere: `impl A { … }`."""
        owner = _first_inside(self._owner_nodes, start, end)
        if owner is None:
            return
        name = self.data[slice(*owner)].decode("utf-8", "replace")
        index = self._top.get(name, -1)
        base = _first_inside(self._member_bases, start, end)
        if base is not None and index >= 0:
            symbol = self.symbols[index]
            bases = (*symbol.bases, _folded(self.data, *base, MAX_DECORATOR))
            self.symbols[index] = symbol._replace(bases=bases)
        self.stack.append(Frame(end, index, "class", name))

    def _kind(
        self, kind: str, name: str, parent_kind: str, bases: tuple[str, ...], traits: int
    ) -> str:
        """What a captured kind is where it stands."""
        if parent_kind in CLASS_KINDS:
            if kind == "function" or kind == "method":
                return "constructor" if name in self.rules.constructors else "method"
            if kind == "variable":
                return "field"
        if kind == "class" and bases and any(map(self.rules.enum_bases.fullmatch, bases)):
            return "enum"
        return "constant" if kind == "variable" and traits & CONSTANT else kind

    def _in_export(self, start: int) -> bool:
        """Whether a definition stands directly in an exporting statement."""
        while self._exported_at < len(self._exported):
            region_start, region_end = self._exported[self._exported_at]
            if region_start > start:
                break
            self._exported_at += 1
            self._exported_end, self._exported_depth = region_end, len(self.stack)
        return start < self._exported_end and len(self.stack) == self._exported_depth

    def _symbol(self, index: int) -> Symbol:
        n_before = len(self._before)
        return self._before[index] if index < n_before else self.symbols[index - n_before]

    def _is_test(self, symbol: Symbol) -> bool:
        matches = self.rules.test_classes.fullmatch
        return bool(matches(symbol.name)) or any(map(matches, symbol.bases))


def _last_inside(spans: list[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    at = bisect_left(spans, (end, 0)) - 1
    return spans[at] if at >= 0 and spans[at][0] >= start else None


def _ordered(captured: Captures, name: str) -> list[Node]:
    """A query's captures, which come in no order, as they stand in the text."""
    return sorted(captured.get(name, ()), key=_node_start)


def _node_start(node: Node) -> int:
    return node.start_byte


def _first_inside(spans: list[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    at = bisect_left(spans, (start, start))
    return spans[at] if at < len(spans) and spans[at][1] <= end else None


def _by_last_name(
    nodes: Sequence[Node], names: Sequence[tuple[int, int]], entries: Sequence[_Entry]
) -> dict[int, list[Node]]:
    """Nodes by the definition around them whose name is the last one before them."""
    found: dict[int, list[Node]] = {}
    starts = [start for start, _ in names] if nodes else []
    for node in nodes:
        at = bisect_right(starts, node.start_byte) - 1
        if at >= 0 and node.end_byte <= entries[names[at][1]].end:
            found.setdefault(names[at][1], []).append(node)
    return found


def _by_next_name(
    nodes: Sequence[Node],
    names: Sequence[tuple[int, int]],
    entries: Sequence[_Entry],
    data: bytes,
) -> dict[int, list[Node]]:
    """Nodes by the definition whose name is the first one behind them.

    They stand in the definition, or before it with nothing but their like, white space,
    comments and words like `export` between.
    """
    found: dict[int, list[Node]] = {}
    starts = [start for start, _ in names] if nodes else []
    reach = -1
    for node in reversed(nodes):
        at = bisect_left(starts, node.start_byte)
        if at == len(names):
            continue
        index = names[at][1]
        begin = entries[index].start if index not in found else reach
        end = node.end_byte
        if end <= begin and not _BETWEEN.fullmatch(data, end, begin):
            continue
        reach = min(node.start_byte, begin)
        found.setdefault(index, []).insert(0, node)
    return found


def _statement(rules: Rules, node: Node) -> tuple[int, int]:
    """The span of the assignment that binds the name at `node`."""
    statement = node.parent
    for _ in range(4):
        if statement is None:
            break
        if statement.type in rules.assignments:
            return statement.byte_range
        statement = statement.parent
    return node.byte_range


def _decorator(data: bytes, node: Node) -> str:
    text = _folded(data, node.start_byte, node.end_byte, MAX_DECORATOR)
    if text.startswith("#["):
        return text[2:].removesuffix("]").strip()
    return text.lstrip("@").strip()


def _folded(data: bytes, start: int, end: int, limit: int) -> str:
    """The text on one line, cut off behind `limit` bytes."""
    if end - start > limit:
        return " ".join(data[start : start + limit].decode("utf-8", "ignore").split()) + "…"
    text = data[start:end].decode("utf-8", "replace")
    return text if "\n" not in text and "  " not in text else " ".join(text.split())


def _signature(data: bytes, start: int, end: int, kind: str) -> str:
    if kind == "heading" or kind == "key":  # all that follows is theirs: show the first line
        newline = data.find(b"\n", start, end)
        text = _folded(data, start, end if newline < 0 else newline, MAX_VALUE)
    else:
        text = _folded(data, start, end, MAX_SIGNATURE if kind in CONTAINER_KINDS else MAX_VALUE)
    text = text.lstrip(" ])")
    if "( " in text or ", )" in text or " )" in text:  # it was folded
        text = text.replace("( ", "(").replace(", )", ")").replace(" )", ")")
    return text.rstrip().removesuffix("=>").rstrip(" :{=;")
