"""textDocument/semanticTokens/full/delta: what has changed since an earlier answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.given import path_of, string
from treewright_server.semantic import difference, encoded

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    path = path_of(params)
    before = ls.session.tokens.recall(path, string(params, "previousResultId"))
    data = encoded(ls, snapshot, path, None, token)
    result_id = ls.session.tokens.remember(path, data)
    if before is None:
        return {"resultId": result_id, "data": data}
    return {"resultId": result_id, "edits": difference(before, data)}
