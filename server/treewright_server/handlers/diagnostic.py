"""textDocument/diagnostic: what the linter and treewright itself find in a document, on request.

An editor that pulls gets nothing pushed, so that each problem is shown once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_server.given import path_of
from treewright_server.plain import field

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    path = path_of(params)
    text = snapshot.text(path)
    linting = ls.session.linting
    if not linting.wanted(path):
        return {"kind": "full", "items": []}
    try:
        found = linting.take(snapshot, path, token)
    except CancelledError:
        raise
    except TreewrightError as error:  # a linter that does not run is said in the log, once
        linting.complain(error)
        found = ()
    items = linting.converted(text, found)
    result_id = linting.result_id(text, items)
    if field(params, "previousResultId") == result_id:
        return {"kind": "unchanged", "resultId": result_id}
    return {"kind": "full", "resultId": result_id, "items": items}
