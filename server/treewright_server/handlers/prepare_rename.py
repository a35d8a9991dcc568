"""textDocument/prepareRename: the identifier at the cursor, when it can be renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_PREPARE_RENAME
OPTIONS = None


async def handle(
    ls: TreewrightServer, params: lsp.PrepareRenameParams
) -> lsp.PrepareRenamePlaceholder | None:
    client = ls.session.client

    def work(snapshot: Snapshot, token: CancelToken) -> lsp.PrepareRenamePlaceholder | None:
        from treewright_indexer import graph

        path = to_path(params.text_document.uri)
        mapper = Mapper(snapshot.text(path), client.encoding)
        offset = mapper.offset(params.position)
        occurrence = graph.occurrence_at(snapshot, path, offset)
        if occurrence is None:
            return None
        targets = graph.definitions(snapshot, path, offset, token)
        if not targets:
            raise RefusedError(f"`{occurrence.name}` is not defined in this workspace")
        if all(target.kind == "module" for target in targets):
            raise RefusedError(f"`{occurrence.name}` is a module; rename its file instead")
        return lsp.PrepareRenamePlaceholder(mapper.range(occurrence.span), occurrence.name)

    return await answer(ls, work)
