"""textDocument/references: every use of the thing at the cursor, unsaved text included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_REFERENCES
OPTIONS = None


async def handle(ls: TreewrightServer, params: lsp.ReferenceParams) -> list[lsp.Location]:
    client, documents = ls.session.client, ls.session.documents

    def work(snapshot: Snapshot, token: CancelToken) -> list[lsp.Location]:
        from treewright_indexer import graph

        path = to_path(params.text_document.uri)
        offset = Mapper(snapshot.text(path), client.encoding).offset(params.position)
        mappers: dict[str, Mapper] = {}
        found: dict[tuple[str, int], lsp.Location] = {}
        for target in graph.definitions(snapshot, path, offset, token):
            for use in graph.references(
                snapshot,
                target,
                token,
                include_declaration=params.context.include_declaration,
            ):
                mapper = mappers.get(use.path)
                if mapper is None:
                    mapper = mappers[use.path] = Mapper(snapshot.text(use.path), client.encoding)
                found[use.path, use.span.start] = lsp.Location(
                    documents.uri(use.path), mapper.range(use.span)
                )
        return [found[key] for key in sorted(found)]

    return await answer(ls, work)
