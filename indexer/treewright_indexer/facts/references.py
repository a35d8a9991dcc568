"""References: every use of a name, packed per name."""

from __future__ import annotations

import re
import sys
from array import array
from typing import TYPE_CHECKING, Final

from treewright_indexer.facts.rules import CONTAINER_KINDS, Rules
from treewright_indexer.model import Role, Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tree_sitter import Node

# Later ones win where several patterns captured one identifier.
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
_MEMBER: Final = 16
_IDENTIFIER: Final = re.compile(rb"(\.\s*)?([^\W\d]\w*)")
_TYPE_TEXT: Final = re.compile(rb"[\w.,\[\] |\n\t]+\Z")


def postings_of(
    rules: Rules,
    data: bytes,
    captured: Mapping[str, Sequence[Node]],
    symbols: Sequence[Symbol],
    exports: Mapping[str, int] | None,
) -> dict[str, bytes]:
    """name -> packed references in order; see `model.pack_posting`."""
    codes: dict[int, int] = {}
    for capture, role in _ROLES:
        nodes = captured.get(capture)
        if nodes:
            codes.update(dict.fromkeys([node.start_byte for node in nodes], int(role)))
    definition = int(Role.DEFINITION)
    for symbol in symbols:
        codes[symbol.name_start] = definition
    members = {node.start_byte for node in captured.get("member", ())}
    regions = _regions(captured)
    borders = _borders(symbols)
    tokens: list[tuple[int, int]] = [node.byte_range for node in captured.get("read", ())]
    extra = _in_strings(rules, data, captured, exports)
    if extra:
        tokens += [(start, end) for start, end, _ in extra]
        members.update(start for start, _, member in extra if member)
    tokens.sort()

    found: dict[bytes, list[int]] = {}
    border, at = borders[0], 0
    owner = 0
    region_at, region_end, region_role = 0, -1, 0
    region_start = regions[0][0] if regions else sys.maxsize
    code_of = codes.get
    for start, end in tokens:
        while start >= border[0]:
            owner = border[1]
            at += 1
            border = borders[at]
        while start >= region_start:
            region_end, region_role = regions[region_at][1:]
            region_at += 1
            region_start = regions[region_at][0] if region_at < len(regions) else sys.maxsize
        code = code_of(start, 0)
        if start < region_end and (code == 0 or region_role == Role.IMPORT):
            code = region_role
        if start in members:
            code |= _MEMBER
        name = data[start:end]
        if name in found:
            found[name] += (start << 5 | code, owner)
        else:
            found[name] = [start << 5 | code, owner]
    pack = _packed
    return {name.decode("utf-8", "replace"): pack(values) for name, values in found.items()}


def _packed(values: list[int]) -> bytes:
    packed = array("I", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _borders(symbols: Sequence[Symbol]) -> list[tuple[int, int]]:
    """(offset, enclosing symbol + 1 from there on), in order, with an end that is never reached."""
    borders: list[tuple[int, int]] = []
    stack: list[tuple[int, int]] = [(sys.maxsize, 0)]
    for index, symbol in enumerate(symbols):
        if symbol.kind not in CONTAINER_KINDS:
            continue
        while stack[-1][0] <= symbol.start:
            end, _ = stack.pop()
            borders.append((end, stack[-1][1]))
        stack.append((symbol.end, index + 1))
        borders.append((symbol.start, index + 1))
    while len(stack) > 1:
        end, _ = stack.pop()
        borders.append((end, stack[-1][1]))
    borders.append((sys.maxsize, 0))
    return borders


def _regions(captured: Mapping[str, Sequence[Node]]) -> list[tuple[int, int, int]]:
    """Outermost stretches where every name has one role: types and import statements."""
    found = [(*node.byte_range, int(Role.TYPE)) for node in captured.get("type", ())]
    found += [(*node.byte_range, int(Role.IMPORT)) for node in captured.get("import", ())]
    found.sort()
    merged: list[tuple[int, int, int]] = []
    end = -1
    for region in found:
        if region[0] >= end:
            merged.append(region)
            end = region[1]
    return merged


def _in_strings(
    rules: Rules,
    data: bytes,
    captured: Mapping[str, Sequence[Node]],
    exports: Mapping[str, int] | None,
) -> list[tuple[int, int, bool]]:
    """Names in strings that mean code: quoted annotations and the list of exports."""
    found: list[tuple[int, int, bool]] = []
    for node in captured.get("type.text", ()):
        start, end = node.byte_range
        if _TYPE_TEXT.match(data, start, end):
            for match in _IDENTIFIER.finditer(data, start, end):
                found.append((match.start(2), match.end(2), match.group(1) is not None))
    for name, start in (exports or {}).items():
        found.append((start, start + len(name.encode()), False))
    return found
