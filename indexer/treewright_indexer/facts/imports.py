"""Imports: from the captured parts of import statements to one Import per name.

The parts of a statement are read in their order: an alias belongs to the part before it, or
to the next one when there is none yet; names are taken from the statement's module, and
modules without names are imports of their own, and so are stars that hold their module. A group
puts its prefix before what it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.model import Import

if TYPE_CHECKING:
    from treewright_indexer.facts.rules import Rules
    from treewright_indexer.facts.symbols import Captures

_PARTS: Final = (
    "module", "path", "name", "alias", "star", "default", "namespace", "reexport", "call", "group", "prefix",
)  # fmt: skip


class _Part(NamedTuple):
    start: int
    end: int
    what: str


class _Item(NamedTuple):
    """A module or name, with its alias (-1 without one) and the prefix of its groups."""

    part: _Part
    alias_start: int
    alias_end: int
    prefix: str


def imports_of(rules: Rules, data: bytes, captured: Captures) -> list[Import]:
    """The imports of a text in order."""
    nodes = captured.get("import")
    if not nodes:
        return []
    statements = sorted([(node.start_byte, node.end_byte) for node in nodes])
    parts: list[_Part] = []
    for what in _PARTS:
        for node in captured.get(f"import.{what}", ()):
            parts.append(_Part(node.start_byte, node.end_byte, what))
    parts.sort(key=_by_place)
    found: list[Import] = []
    at, last = 0, -1
    for start, end in statements:
        if start == last:
            continue  # captured by two patterns
        last = start
        while at < len(parts) and parts[at].start < start:
            at += 1
        first = at
        while at < len(parts) and parts[at].start < end:
            at += 1
        found += _statement(rules, data, start, end, parts[first:at])
    return found


def _joined(parts: Sequence[_Part]) -> list[_Part]:
    """A path whose names are separate nodes counts as one module."""
    joined: list[_Part] = []
    path = False
    for part in parts:
        if part.what == "path" and path:
            joined[-1] = joined[-1]._replace(end=part.end)
        else:
            joined.append(part._replace(what="module") if part.what == "path" else part)
        path = part.what == "path"
    return joined


def _by_place(part: _Part) -> tuple[int, int]:
    return part.start, -part.end


def _statement(
    rules: Rules, data: bytes, start: int, end: int, parts: Sequence[_Part]
) -> list[Import]:
    parts = _joined(parts)
    items: list[_Item] = []
    groups: list[tuple[int, str]] = []  # end, prefix
    waiting = (-1, -1)
    reexport = False
    for part in parts:
        while groups and groups[-1][0] <= part.start:
            groups.pop()
        what = part.what
        if what == "call":
            if _text(data, part) not in rules.import_calls:
                return []
        elif what == "reexport":
            reexport = True
        elif what == "group":
            groups.append((part.end, groups[-1][1] if groups else ""))
        elif what == "prefix":
            if groups:
                groups[-1] = (
                    groups[-1][0],
                    groups[-1][1] + _text(data, part) + rules.import_separator,
                )
        elif what == "alias":
            if items and items[-1].alias_start < 0:
                items[-1] = items[-1]._replace(alias_start=part.start, alias_end=part.end)
            else:
                waiting = (part.start, part.end)
        else:
            items.append(_Item(part, *waiting, groups[-1][1] if groups else ""))
            waiting = (-1, -1)
    own_stars = _own_stars(items)
    if own_stars:  # `use a::{b, c::*}`: the others name what they import themselves
        found = [
            Import(start, end, *_module(rules, data, items[at]), "*", "", begin, begin, reexport)
            for at, begin in own_stars.items()
        ]
        rest = [i for at, i in enumerate(items) if at not in own_stars and i.part.what == "module"]
        found += [_bare(rules, data, start, end, item, reexport) for item in rest]
        return sorted(found, key=_by_name_start)
    modules = [item for item in items if item.part.what == "module"]
    names = [item for item in items if item.part.what != "module"]
    if not names:
        return [_bare(rules, data, start, end, item, reexport) for item in modules]
    module, level = _module(rules, data, modules[0]) if modules else ("", 0)
    found: list[Import] = []
    for item in names:
        text, alias = _text(data, item.part), _alias(data, item)
        begin = item.part.start
        where = item.alias_start if alias else begin
        if item.part.what == "star":
            found.append(Import(start, end, module, level, "*", alias, begin, where, reexport))
        elif item.part.what == "namespace":
            found.append(Import(start, end, module, level, "", text, begin, begin, reexport))
        elif item.part.what == "default":
            found.append(Import(start, end, module, level, "default", text, begin, begin, reexport))
        else:
            again = reexport or alias == text  # `import a as a`
            found.append(
                Import(start, end, module, level, text, alias or text, begin, where, again)
            )
    return found


def _by_name_start(item: Import) -> int:
    return item.name_start


def _own_stars(items: Sequence[_Item]) -> dict[int, int]:
    """Modules by their place in `items` that a star node holds, each with the star's start."""
    found: dict[int, int] = {}
    for at, (star, module) in enumerate(pairwise(item.part for item in items), 1):
        if star.what == "star" and module.what == "module" and module.end <= star.end:
            found[at] = star.start
    return found


def _bare(rules: Rules, data: bytes, start: int, end: int, item: _Item, reexport: bool) -> Import:
    """An import that names a module and nothing in it: what it binds is the language's habit."""
    module, level = _module(rules, data, item)
    alias, separator = _alias(data, item), rules.import_separator
    begin = item.part.start
    if data[begin : begin + 1] in (b'"', b"'", b"<", b"`"):
        begin += 1
    where = item.alias_start if alias else begin
    if rules.import_bare == "first":
        bound = alias or module.partition(separator)[0]
        return Import(start, end, module, level, "", bound, begin, where, reexport)
    if rules.import_bare == "last-name":
        head, _, name = module.rpartition(separator)
        if name == rules.import_itself:  # `a::{self}` is a
            module = head
            head, _, name = head.rpartition(separator)
            return Import(start, end, head, level, name, alias or name, begin, where, reexport)
        offset = item.part.end - len(name.encode())
        where = item.alias_start if alias else offset
        return Import(start, end, head, level, name, alias or name, offset, where, reexport)
    if rules.import_bare == "nothing":
        return Import(start, end, module, level, "", "", begin, begin, reexport)
    if rules.import_bare == "star" and not alias:
        return Import(start, end, module, level, "*", "", begin, begin, reexport)
    bound = alias or module.rpartition(separator)[2]
    return Import(start, end, module, level, "", bound, begin, where, reexport)


def _module(rules: Rules, data: bytes, item: _Item) -> tuple[str, int]:
    """A module's name without quotes and white space, and the number of its leading dots."""
    text = item.prefix + "".join(_text(data, item.part).split())
    if not rules.import_relative:
        return text, 0
    bare = text.lstrip(rules.import_relative)
    return bare, len(text) - len(bare)


def _alias(data: bytes, item: _Item) -> str:
    return (
        data[item.alias_start : item.alias_end].decode("utf-8", "replace")
        if item.alias_start >= 0
        else ""
    )


def _text(data: bytes, part: _Part) -> str:
    return data[part.start : part.end].decode("utf-8", "replace").strip("\"'`<>")
