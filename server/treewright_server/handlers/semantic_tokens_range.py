"""textDocument/semanticTokens/range: the same for a part of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.given import path_of
from treewright_server.semantic import encoded

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    within = mapper.span(params.get("range"), clamp_line=True)
    return {"data": encoded(ls, snapshot, path, within, token)}
