"""textDocument/documentSymbol: the outline of one file, nested where the client can show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnsupportedLanguageError
from treewright_indexer.model import Symbol
from treewright_server.convert import Mapper, symbol_kind, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL
OPTIONS = None

Result = list[lsp.DocumentSymbol] | list[lsp.SymbolInformation]


async def handle(ls: TreewrightServer, params: lsp.DocumentSymbolParams) -> Result:
    uri = params.text_document.uri
    client = ls.session.client

    def work(snapshot: Snapshot, token: CancelToken) -> Result:
        path = to_path(uri)
        try:
            symbols = snapshot.outline(path)
        except UnsupportedLanguageError:
            return []
        mapper = Mapper(snapshot.text(path), client.encoding)
        if client.nested_symbols:
            return _nested(symbols, mapper)
        return _flat(symbols, mapper, uri)

    return await answer(ls, work, needs_folders=False)


def _nested(symbols: list[Symbol], mapper: Mapper) -> list[lsp.DocumentSymbol]:
    roots: list[lsp.DocumentSymbol] = []
    made: list[lsp.DocumentSymbol] = []
    for symbol in symbols:
        item = lsp.DocumentSymbol(
            name=symbol.name or "(unnamed)",
            kind=symbol_kind(symbol.kind),
            range=mapper.range(symbol.span),
            selection_range=mapper.range(symbol.name_span),
            detail=symbol.signature or None,
        )
        made.append(item)
        if 0 <= symbol.parent < len(made) - 1:
            parent = made[symbol.parent]
            parent.children = [*(parent.children or ()), item]
        else:
            roots.append(item)
    return roots


def _flat(symbols: list[Symbol], mapper: Mapper, uri: str) -> list[lsp.SymbolInformation]:
    return [
        lsp.SymbolInformation(
            name=symbol.name or "(unnamed)",
            kind=symbol_kind(symbol.kind),
            location=lsp.Location(uri, mapper.range(symbol.span)),
            container_name=symbols[symbol.parent].name if symbol.parent >= 0 else None,
        )
        for symbol in symbols
    ]
