"""textDocument/documentSymbol: the outline of one file, nested where the client can show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnsupportedLanguageError
from treewright_indexer.model import Symbol
from treewright_server.convert import SYMBOL_KIND, VARIABLE, Mapper, to_path
from treewright_server.given import uri_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    uri = uri_of(params)
    path = to_path(uri)
    try:
        symbols = snapshot.outline(path)
    except UnsupportedLanguageError:
        return []
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    if ls.session.client.nested_symbols:
        return nested(symbols, mapper)
    return flat(symbols, mapper, uri)


def nested(symbols: list[Symbol], mapper: Mapper) -> list[dict[str, Any]]:
    """LSP's DocumentSymbols."""
    roots: list[dict[str, Any]] = []
    made: list[dict[str, Any]] = []
    # One pass over plain tuples: this runs after every key press, on thousands of symbols.
    places = iter(mapper.places([offset for symbol in symbols for offset in symbol[2:5]]))
    for symbol, (a, b), (c, d), (e, f) in zip(symbols, places, places, places, strict=False):
        name, kind, _, _, name_start, name_end, parent, signature = symbol[:8]
        g, h = e, f + name_end - name_start
        if not name.isascii() or name_end - name_start != len(name):
            g, h = mapper.place(name_end)
        item: dict[str, Any] = {
            "name": name or "(unnamed)",
            "kind": SYMBOL_KIND.get(kind, VARIABLE),
            "range": {"start": {"line": a, "character": b}, "end": {"line": c, "character": d}},
            "selectionRange": {
                "start": {"line": e, "character": f},
                "end": {"line": g, "character": h},
            },
        }
        if signature:
            item["detail"] = signature
        if 0 <= parent < len(made):
            above = made[parent]
            if "children" in above:
                above["children"].append(item)
            else:
                above["children"] = [item]
        else:
            roots.append(item)
        made.append(item)
    return roots


def flat(symbols: list[Symbol], mapper: Mapper, uri: str) -> list[dict[str, Any]]:
    """LSP's SymbolInformations."""
    items: list[dict[str, Any]] = []
    for symbol in symbols:
        item: dict[str, Any] = {
            "name": symbol.name or "(unnamed)",
            "kind": SYMBOL_KIND.get(symbol.kind, VARIABLE),
            "location": {"uri": uri, "range": mapper.range(symbol.span)},
        }
        if symbol.parent >= 0:
            item["containerName"] = symbols[symbol.parent].name
        items.append(item)
    return items
