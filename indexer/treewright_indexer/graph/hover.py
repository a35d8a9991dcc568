"""What a hover says of a target: its signature, its documentation, where it stands."""

from __future__ import annotations

from typing import NamedTuple

from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.model import Target
from treewright_indexer.snapshot import Snapshot


class HoverInfo(NamedTuple):
    signature: str
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
        if target.container and symbol.kind in ("method", "property", "field", "constructor"):
            doc = doc or ""
    else:
        line = text.slice(text.line_span(text.line_of(target.name_span.start))).strip()
        signature = (
            line if target.kind == "local" else f"{target.name}: parameter of {target.container}"
        )
    return HoverInfo(signature, doc, target.kind, where, language.id if language else "")


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
