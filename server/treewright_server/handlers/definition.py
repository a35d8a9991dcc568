"""textDocument/definition: where the thing at the cursor is defined; links where understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_DEFINITION
OPTIONS = None

Result = list[lsp.Location] | list[lsp.LocationLink]


async def handle(ls: TreewrightServer, params: lsp.DefinitionParams) -> Result:
    client, documents = ls.session.client, ls.session.documents

    def work(snapshot: Snapshot, token: CancelToken) -> Result:
        from treewright_indexer import graph

        path = to_path(params.text_document.uri)
        mapper = Mapper(snapshot.text(path), client.encoding)
        offset = mapper.offset(params.position)
        targets = graph.definitions(snapshot, path, offset, token)
        links: list[lsp.LocationLink] = []
        origin = graph.occurrence_at(snapshot, path, offset)
        for target in targets:
            there = Mapper(snapshot.text(target.path), client.encoding)
            links.append(
                lsp.LocationLink(
                    target_uri=documents.uri(target.path),
                    target_range=there.range(target.span),
                    target_selection_range=there.range(target.name_span),
                    origin_selection_range=mapper.range(origin.span) if origin else None,
                )
            )
        if client.definition_links:
            return links
        return [lsp.Location(link.target_uri, link.target_selection_range) for link in links]

    return await answer(ls, work)
