"""The names that a file lists as what it exports: `__all__`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from treewright_indexer.model import Flag, Symbol

if TYPE_CHECKING:
    from treewright_indexer.facts.rules import Rules

_QUOTED: Final = re.compile(rb"([\"'])([^\W\d]\w*)\1")
_MORE: Final = re.compile(rb"\s*(?:\+=|\.(?:extend|append)\s*\()")
_END: Final = re.compile(rb"[)\]][ \t\r]*\n|\Z")
_MAX_LIST: Final = 200_000
_EXPORTED: Final = int(Flag.EXPORTED)


def exported_names(
    rules: Rules, data: bytes, symbols: Sequence[Symbol]
) -> list[tuple[str, int]] | None:
    """(name, first byte) of each entry of the file's list of exports; None without a list."""
    mark = rules.exports.encode()
    if not mark or mark not in data:
        return None
    listed = next((s for s in symbols if s.parent < 0 and s.name == rules.exports), None)
    if listed is None:
        return None
    regions = [(listed.start, listed.end)]
    position = listed.end
    while (position := data.find(mark, position)) >= 0:
        more = _MORE.match(data, position + len(mark))
        if more is not None and data[position - 1] == 10:
            end = _END.search(data, more.end(), more.end() + _MAX_LIST)
            regions.append((more.end(), end.end() if end else len(data)))
        position += len(mark)
    return [
        (match.group(2).decode("utf-8", "replace"), match.start(2))
        for start, end in regions
        for match in _QUOTED.finditer(data, start, end)
    ]


def with_exports(rules: Rules, data: bytes, symbols: list[Symbol]) -> list[Symbol]:
    """The symbols, EXPORTED at the top level when the list has them; untouched without a list."""
    listed = exported_names(rules, data, symbols)
    if listed is None:
        return symbols
    names = {name for name, _ in listed}
    return [
        symbol
        if symbol.parent >= 0 or bool(symbol.flags & _EXPORTED) == (symbol.name in names)
        else symbol._replace(flags=symbol.flags ^ _EXPORTED)
        for symbol in symbols
    ]
