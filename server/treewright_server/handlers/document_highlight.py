"""textDocument/documentHighlight: the uses, in this file, of the thing at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_indexer.model import Role
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT
OPTIONS = None

_WRITES = frozenset({Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.IMPORT, Role.DELETE})


async def handle(
    ls: TreewrightServer, params: lsp.DocumentHighlightParams
) -> list[lsp.DocumentHighlight]:
    client = ls.session.client

    def work(snapshot: Snapshot, token: CancelToken) -> list[lsp.DocumentHighlight]:
        from treewright_indexer.graph.references import highlights

        path = to_path(params.text_document.uri)
        mapper = Mapper(snapshot.text(path), client.encoding)
        return [
            lsp.DocumentHighlight(
                mapper.range(use.span),
                lsp.DocumentHighlightKind.Write
                if use.role in _WRITES
                else lsp.DocumentHighlightKind.Read,
            )
            for use in highlights(snapshot, path, mapper.offset(params.position), token)
        ]

    return await answer(ls, work, needs_folders=False)
