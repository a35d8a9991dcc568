"""textDocument/didSave: what is on disk is the document now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_DID_SAVE
OPTIONS = lsp.SaveOptions(include_text=False)


def handle(ls: TreewrightServer, params: lsp.DidSaveTextDocumentParams) -> None:
    ls.session.documents.saved(params)
