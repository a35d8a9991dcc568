"""textDocument/didClose: the file on disk is the document again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any) -> None:
    ls.session.documents.closed(params)
