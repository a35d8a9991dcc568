"""textDocument/didSave: what is on disk is the document now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any) -> None:
    ls.session.documents.saved(params)
    ls.session.changed_on_disk([path_of(params)])
