"""References: every use of a name, packed per name."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from treewright_indexer.facts.rules import CONTAINER_KINDS, Rules
from treewright_indexer.model import Import, Role, Symbol

if TYPE_CHECKING:
    from treewright_indexer.facts.symbols import Captures

_ROLES: Final = (
    ("write", Role.WRITE),
    ("bind", Role.WRITE),
    ("bind.hoisted", Role.WRITE),
    ("bind.type", Role.DEFINITION),
    ("assign", Role.WRITE),
    ("field", Role.WRITE),
    ("call", Role.CALL),
    ("type.name", Role.TYPE),
    ("inherit", Role.INHERIT),
    ("decorate", Role.DECORATE),
    ("keyword", Role.KEYWORD),
    ("parameter", Role.PARAMETER),
    ("delete", Role.DELETE),
)
"""Later ones win where several patterns captured one identifier."""

_ATTRIBUTE: Final = 16
_CODES: Final = (
    ("member", _ATTRIBUTE),
    *((capture, int(role)) for capture, role in _ROLES if capture != "field"),
    *((f"{capture}.member", role | _ATTRIBUTE) for capture, role in _ROLES if capture != "field"),
    ("field", Role.WRITE | _ATTRIBUTE),
)
"""Capture -> low bits of a posting."""
_NEVER: Final = 1 << 62
_IDENTIFIER: Final = re.compile(rb"(\.\s*)?([^\W\d]\w*)")
_TYPE_TEXT: Final = re.compile(rb"[\w.,\[\] |\n\t]+")
_WORD_BEFORE: Final = re.compile(rb"(\w+)\s*\[[^\]\n]*\Z")


def postings_of(
    rules: Rules,
    data: bytes,
    captured: Captures,
    symbols: Sequence[Symbol],
    imports: Sequence[Import],
    exports: Sequence[tuple[str, int]] | None,
) -> dict[str, bytes]:
    """name -> packed references in order; see `model.pack_posting`."""
    codes: dict[int, int] = {}
    for capture, code in _CODES:
        nodes = captured.get(capture)
        if nodes:
            codes.update(dict.fromkeys([node.start_byte for node in nodes], code))
    definition = int(Role.DEFINITION)
    for symbol in symbols:
        start = symbol.name_start
        codes[start] = definition | codes.get(start, 0) & _ATTRIBUTE
    for item in imports:
        codes[item.name_start] = codes[item.alias_start] = Role.IMPORT
    nodes = captured.get("read", ())
    # A query's captures come in no order. Identifiers do not overlap: sorted starts and sorted
    # ends fit together.
    starts = sorted([node.start_byte for node in nodes])
    ends = sorted([node.end_byte for node in nodes])
    values: list[int] = []
    code_of = codes.get
    at = 0
    for border, owner, role in _borders(symbols, imports, captured):
        stop = bisect_left(starts, border, at)
        if stop > at:
            values += [(start << 5 | code_of(start, role)) + owner for start in starts[at:stop]]
            at = stop
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for name, value in zip(map(data.__getitem__, map(slice, starts, ends)), values, strict=True):
        found[name].append(value)
    extra = _in_strings(rules, data, captured, exports)
    if extra:
        borders = _borders(symbols, imports, captured)
        border, owner, role = next(borders)
        for start, end, attribute in extra:
            while start >= border:
                border, owner, role = next(borders)
            values = found[data[start:end]]
            values.append(owner | start << 5 | attribute << 4 | role)
            values.sort(key=_place)
    return {
        str(name, "utf-8", "replace"): values[0].to_bytes(8, "little")
        if len(values) == 1
        else _packed(values)
        for name, values in found.items()
    }


def _place(value: int) -> int:
    """The lower half of a posting, which starts with the offset."""
    return value & 0xFFFFFFFF


def _packed(values: list[int]) -> bytes:
    packed = array("Q", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _borders(
    symbols: Sequence[Symbol], imports: Sequence[Import], captured: Captures
) -> Iterator[tuple[int, int, int]]:
    """Stretches of the text where mere names have one owner and one role, in order.

    (end of the stretch, (enclosing symbol + 1) << 32, role). The last one never ends.
    """
    events: list[tuple[int, int, int]] = []  # offset, what, owner or role
    stack: list[tuple[int, int]] = [(_NEVER, 0)]
    for index, symbol in enumerate(symbols):
        if symbol.kind not in CONTAINER_KINDS:
            continue
        start = symbol.start
        while stack[-1][0] <= start:
            events.append((stack.pop()[0], _OWNER_ENDS, stack[-1][1]))
        stack.append((symbol.end, index + 1 << 32))
        events.append((start, _OWNER_BEGINS, index + 1 << 32))
    while len(stack) > 1:
        events.append((stack.pop()[0], _OWNER_ENDS, stack[-1][1]))
    end_of_last = -1
    for start, end, role in _regions(imports, captured):
        if start >= end_of_last:  # the outermost one counts
            end_of_last = end
            events.append((end, _ROLE_ENDS, 0))
            events.append((start, _ROLE_BEGINS, role))
    events.sort(key=_by_place)  # several that end together stay in order, inner ones first
    owner, role = 0, 0
    for offset, what, value in events:
        yield offset, owner, role
        if what <= _OWNER_BEGINS:
            owner = value
        else:
            role = value
    yield _NEVER, owner, role


def _by_place(event: tuple[int, int, int]) -> tuple[int, int]:
    return event[0], event[1]


_OWNER_ENDS, _OWNER_BEGINS, _ROLE_ENDS, _ROLE_BEGINS = range(4)


def _regions(imports: Sequence[Import], captured: Captures) -> list[tuple[int, int, int]]:
    """Where mere names have a role: types and import statements."""
    found = [(*node.byte_range, int(Role.TYPE)) for node in captured.get("type", ())]
    found += {(item.start, item.end, int(Role.IMPORT)) for item in imports}
    found.sort()
    return found


def _in_strings(
    rules: Rules,
    data: bytes,
    captured: Captures,
    exports: Sequence[tuple[str, int]] | None,
) -> list[tuple[int, int, bool]]:
    """Names in strings that mean code: quoted annotations and the list of exports."""
    found: list[tuple[int, int, bool]] = []
    for node in captured.get("type.text", ()):
        start, end = node.byte_range
        before = _WORD_BEFORE.search(data, max(0, start - 200), start - 1)
        if before is not None and before.group(1) in rules.literal_types:
            continue
        if _TYPE_TEXT.fullmatch(data, start, end):
            for match in _IDENTIFIER.finditer(data, start, end):
                if match.group(2) not in rules.type_keywords:
                    found.append((match.start(2), match.end(2), match.group(1) is not None))
    for name, start in exports or ():
        found.append((start, start + len(name.encode()), False))
    found.sort()
    return found
