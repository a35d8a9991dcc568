"""Imports: from the captured parts of import statements to one Import per name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treewright_indexer.model import Import

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tree_sitter import Node

    from treewright_indexer.facts.rules import Rules

_PARTS = ("module", "name", "alias", "star", "default", "namespace", "reexport")


def imports_of(
    rules: Rules, data: bytes, captured: Mapping[str, Sequence[Node]]
) -> list[Import]:
    """The imports of a text in order."""
    statements = sorted(node.byte_range for node in captured.get("import", ()))
    if not statements:
        return []
    parts: list[tuple[int, int, str]] = []
    for part in _PARTS:
        parts += [(*node.byte_range, part) for node in captured.get(f"import.{part}", ())]
    parts.sort()
    found: list[Import] = []
    at = 0
    for start, end in statements:
        while at < len(parts) and parts[at][0] < start:
            at += 1
        first = at
        while at < len(parts) and parts[at][0] < end:
            at += 1
        found += _statement(rules, data, start, end, parts[first:at])
    return found


def _statement(
    rules: Rules, data: bytes, start: int, end: int, parts: list[tuple[int, int, str]]
) -> list[Import]:
    modules: list[tuple[int, int]] = []
    items: list[tuple[str, int, int, int, int]] = []  # what, start, end, alias start, alias end
    waiting: tuple[int, int] | None = None
    reexport = False
    for part_start, part_end, part in parts:
        if part == "reexport":
            reexport = True
        elif part == "alias":
            if items and items[-1][3] < 0:
                what, begin, stop, _, _ = items[-1]
                items[-1] = (what, begin, stop, part_start, part_end)
            else:
                waiting = (part_start, part_end)
        else:
            alias = waiting or (-1, -1)
            waiting = None
            if part == "module":
                modules.append((part_start, part_end))
            items.append((part, part_start, part_end, *alias))
    names = [item for item in items if item[0] != "module"]
    module, level = ("", 0)
    if names and modules:
        module, level = _module(rules, data, *modules[0])
    found: list[Import] = []
    for what, begin, stop, alias_start, alias_end in names or items:
        text = _unquoted(data, begin, stop)
        alias = data[alias_start:alias_end].decode("utf-8", "replace") if alias_start >= 0 else ""
        where = alias_start if alias_start >= 0 else begin
        if what == "module":
            module, level = _module(rules, data, begin, stop)
            name_start = begin + data[begin:stop].find(text.encode()) if text else begin
            found.append(_bare(rules, start, end, module, level, name_start, alias, alias_start, reexport))
        elif what == "star":
            found.append(Import(start, end, module, level, "*", alias, begin, where, reexport))
        elif what == "namespace":
            found.append(Import(start, end, module, level, "", text, begin, begin, reexport))
        elif what == "default":
            found.append(Import(start, end, module, level, "default", text, begin, begin, reexport))
        else:
            again = reexport or (alias_start >= 0 and alias == text)
            found.append(Import(start, end, module, level, text, alias or text, begin, where, again))
    return found


def _bare(
    rules: Rules, start: int, end: int, module: str, level: int, name_start: int,
    alias: str, alias_start: int, reexport: bool,
) -> Import:  # fmt: skip
    """A statement that names a module and nothing in it; what it binds is the language's habit."""
    where = alias_start if alias_start >= 0 else name_start
    separator = rules.import_separator
    if rules.import_bare == "first":
        bound = alias or module.partition(separator)[0]
        return Import(start, end, module, level, "", bound, name_start, where, reexport)
    if rules.import_bare == "last-name":
        head, _, name = module.rpartition(separator)
        offset = name_start + len(module.encode()) - len(name.encode())
        where = alias_start if alias_start >= 0 else offset
        return Import(start, end, head, level, name, alias or name, offset, where, reexport)
    if rules.import_bare == "star":
        return Import(start, end, module, level, "*", "", name_start, name_start, reexport)
    bound = alias or module.rpartition(separator)[2]
    return Import(start, end, module, level, "", bound, name_start, where, reexport)


def _module(rules: Rules, data: bytes, start: int, end: int) -> tuple[str, int]:
    """A module's name without quotes and white space, and its leading dots."""
    text = "".join(_unquoted(data, start, end).split())
    if not rules.import_relative:
        return text, 0
    bare = text.lstrip(rules.import_relative)
    return bare, len(text) - len(bare)


def _unquoted(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace").strip("\"'`<>")
