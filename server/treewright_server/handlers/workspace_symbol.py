"""workspace/symbol: definitions whose name the letters of the query match, best first.

No file is opened: the index knows the line and the column of each name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import SYMBOL_KIND, VARIABLE, columns
from treewright_server.given import string

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

LIMIT = 200


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    query = string(params, "query")
    encoding, uri = ls.session.client.encoding, ls.session.documents.uri
    found: list[dict[str, Any]] = []
    for hit in snapshot.symbols_matching(query, LIMIT):
        line, name = hit.line, hit.name
        start = hit.column
        if hit.n_continuation and encoding != "utf-8":
            start -= hit.n_continuation
            start += hit.n_astral if encoding != "utf-32" else 0
        end = start + (len(name) if name.isascii() else columns(name, encoding))
        item: dict[str, Any] = {
            "name": name,
            "kind": SYMBOL_KIND.get(hit.kind, VARIABLE),
            "location": {
                "uri": uri(hit.path),
                "range": {
                    "start": {"line": line, "character": start},
                    "end": {"line": line, "character": end},
                },
            },
        }
        if hit.container:
            item["containerName"] = hit.container
        found.append(item)
    return found
