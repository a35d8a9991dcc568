"""workspace/symbol: definitions whose name the letters of the query match, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError, UnreadableFileError
from treewright_indexer.text import Span
from treewright_server.convert import Mapper, symbol_kind
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.WORKSPACE_SYMBOL
OPTIONS = None

LIMIT = 200


async def handle(
    ls: TreewrightServer, params: lsp.WorkspaceSymbolParams
) -> list[lsp.SymbolInformation]:
    client, documents = ls.session.client, ls.session.documents

    def work(snapshot: Snapshot, token: CancelToken) -> list[lsp.SymbolInformation]:
        found: list[lsp.SymbolInformation] = []
        mappers: dict[str, Mapper] = {}
        for hit in snapshot.symbols_matching(params.query, LIMIT):
            token.check()
            mapper = mappers.get(hit.path)
            if mapper is None:
                try:
                    mapper = Mapper(snapshot.text(hit.path), client.encoding)
                except (UnknownFileError, UnreadableFileError):
                    continue  # it vanished since it was indexed
                mappers[hit.path] = mapper
            span = Span(hit.name_start, hit.name_start + len(hit.name.encode()))
            found.append(
                lsp.SymbolInformation(
                    name=hit.name,
                    kind=symbol_kind(hit.kind),
                    location=lsp.Location(documents.uri(hit.path), mapper.range(span)),
                    container_name=hit.container or None,
                )
            )
        return found

    return await answer(ls, work)
