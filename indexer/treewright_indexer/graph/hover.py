"""What a hover says of a target: its signature, its documentation, where it stands."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.model import Target
from treewright_indexer.graph.resolve import CLASS_KINDS, Resolver, Value
from treewright_indexer.model import Symbol
from treewright_indexer.snapshot import Snapshot

_MEMBERS: Final = frozenset({"method", "property", "constructor"})
_PARAMETER_LISTS: Final = frozenset(
    {
        "parameters", "lambda_parameters", "formal_parameters", "parameter_list",
        "function_value_parameters", "method_parameters", "block_parameters",
    }
)  # fmt: skip
_MAX_PARAMETER: Final = 300
"""Bytes of a parameter that are shown."""


class HoverInfo(NamedTuple):
    signature: str
    """One line or several."""
    doc: str
    kind: str
    where: str
    """`path:line` from the folder, line from 1."""
    language: str


def hover_of(snapshot: Snapshot, target: Target) -> HoverInfo:
    """Raises UnknownFileError when the target's file is gone."""
    text = snapshot.text(target.path)
    language = snapshot.language(target.path)
    where = f"{snapshot.display_path(target.path)}:{text.line_of(target.name_span.start) + 1}"
    signature, doc = target.name, ""
    if target.kind == "module":
        signature, doc = f"module {target.name}", _module_doc(snapshot, target.path)
    elif target.symbol >= 0:
        symbol = snapshot.facts(target.path).symbols[target.symbol]
        signature, doc = symbol.signature or symbol.name, symbol.doc
        resolver = Resolver(snapshot)
        if target.kind in CLASS_KINDS:
            signature += _constructor(resolver, target)
        doc = doc or _inherited_doc(resolver, target, symbol)
    elif target.kind == "parameter":
        signature, doc = _parameter(snapshot, target)
    else:
        signature = text.slice(text.line_span(text.line_of(target.name_span.start))).strip()
    return HoverInfo(signature, doc, target.kind, where, language.id if language else "")


def _constructor(resolver: Resolver, target: Target) -> str:
    """How the class is called, as a line below; '' when no constructor says it."""
    for constructor in resolver.member(Value(target), "__init__")[:1]:
        facts = resolver.facts(constructor.path)
        if facts is None or constructor.symbol < 0:
            continue
        signature = facts.symbols[constructor.symbol].signature
        opening = signature.find("(")
        if opening >= 0:
            inside = re.sub(r"\A\(\s*\w+\s*(?:,\s*|(?=\)))", "(", signature[opening:])
            return f"\n{target.name}{inside.partition(' -> None')[0]}"
    return ""


def _inherited_doc(resolver: Resolver, target: Target, symbol: Symbol) -> str:
    """The documentation of the nearest base that has one, as `inspect.getdoc` finds it."""
    if target.kind in CLASS_KINDS:
        cls, name = target, ""
    elif target.kind in _MEMBERS and symbol.parent >= 0:
        cls, name = resolver.target_of(target.path, symbol.parent), target.name
    else:
        return ""
    if cls.kind not in CLASS_KINDS:
        return ""
    for ancestor in resolver.lineage(cls)[1:]:
        facts = resolver.facts(ancestor.path)
        if facts is None:
            continue
        indexes = (
            resolver.member_indexes(ancestor.path, ancestor.symbol).get(name, [])
            if name
            else [ancestor.symbol]
        )
        for index in indexes:
            if facts.symbols[index].doc:
                return facts.symbols[index].doc
    return ""


def _parameter(snapshot: Snapshot, target: Target) -> tuple[str, str]:
    """The parameter as its function has it, and what the function's documentation says of it."""
    resolver = Resolver(snapshot)
    shown, doc = target.name, ""
    facts = resolver.facts(target.path)
    owner = facts.scopes[target.scope].symbol if facts is not None and target.scope >= 0 else -1
    try:
        node = snapshot.tree(target.path).root_node.descendant_for_byte_range(*target.name_span)
        while node is not None and node.parent is not None:
            if node.parent.type in _PARAMETER_LISTS:
                data = snapshot.text(target.path).data[node.start_byte : node.end_byte]
                shown = " ".join(data[:_MAX_PARAMETER].decode("utf-8", "replace").split())
                break
            node = node.parent
    except TreewrightError:
        pass
    if facts is not None and owner >= 0:
        symbol = facts.symbols[owner]
        doc = parameter_doc(symbol.doc, target.name)
        if shown in ("self", "cls") and symbol.kind in (*_MEMBERS, "function"):
            cls = resolver.enclosing_class(target.path, symbol.name_start)
            if cls is not None:
                shown += f": {cls.name}" if shown == "self" else f": type[{cls.name}]"
    return shown, doc


def parameter_doc(doc: str, name: str) -> str:
    """What a docstring says of a parameter: `:param x: …`, `x (int): …`, or `x : int` and below."""
    escaped = re.escape(name)
    match = re.search(rf"^[ \t]*[:@]param\s+(?:[^:\n]*\s)?\*{{0,2}}{escaped}\s*:[ \t]*", doc, re.M)
    if match is None:
        match = re.search(rf"^[ \t]+\*{{0,2}}{escaped}[ \t]*(?:\([^)\n]*\))?:[ \t]+", doc, re.M)
    if match is not None:
        return _entry(doc, match.start(), match.end())
    match = re.search(rf"^([ \t]*)\*{{0,2}}{escaped}[ \t]*:[^\n]*\n(?=\1[ \t]+\S)", doc, re.M)
    return _entry(doc, match.start(), match.end()) if match is not None else ""


def _entry(doc: str, start: int, text: int) -> str:
    """The rest of the line at `text`, and the lines below that are indented more than `start`."""
    first = doc[start:].partition("\n")[0]
    indent = len(first) - len(first.lstrip())
    lines = doc[text:].split("\n")
    found = [lines[0].strip()]
    for line in lines[1:]:
        if not line.strip() or len(line) - len(line.lstrip()) <= indent:
            break
        found.append(line.strip())
    return " ".join(filter(None, found))


def _module_doc(snapshot: Snapshot, path: str) -> str:
    """The docstring that opens a Python module, without its quotes."""
    try:
        root = snapshot.tree(path).root_node
        text = snapshot.text(path)
    except TreewrightError:
        return ""
    first = next((c for c in root.children if c.type != "comment"), None)
    if first is None or first.type != "expression_statement" or not first.children:
        return ""
    string = first.children[0]
    if string.type != "string":
        return ""
    content = next((c for c in string.children if c.type == "string_content"), None)
    return text.data[content.start_byte : content.end_byte].decode().strip() if content else ""
