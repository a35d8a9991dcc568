"""workspace/symbol: definitions whose name the letters of the query match, best first.

No file is opened: the index knows the line and the column of each name. A query that begins with
`?` is looked for by meaning instead: `?where are payments retried`. While the index is not complete,
each symbol says so: `data.indexing` is the number of files to be read, -1 before they are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import SYMBOL_KIND, VARIABLE, columns
from treewright_server.given import string

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

LIMIT = 128
BY_MEANING = "?"
MEANT = 40
"""Definitions that a query by meaning gives at most."""


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    query = string(params, "query")
    if query.startswith(BY_MEANING):
        return _meant(ls, query.removeprefix(BY_MEANING).strip(), snapshot, token)
    encoding, uri = ls.session.client.encoding, ls.session.documents.uri
    lacking = ls.session.status.lacking(snapshot, "workspace/symbol")
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
        if lacking != 0:
            item["data"] = {"indexing": -1 if lacking is None else lacking}
        found.append(item)
    return found


def _meant(
    ls: TreewrightServer, query: str, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    """Definitions found by search, each once; a client that filters by letters may hide some."""
    from treewright_indexer.search.engine import search
    from treewright_server.finding import rows
    from treewright_server.places import Places

    if not query:
        return []
    found: dict[tuple[str, str], dict[str, Any]] = {}
    hits = search(snapshot, query, 2 * MEANT, token=token).hits
    for row in rows(Places(ls, snapshot), snapshot, hits):
        container, _, name = row["symbol"].rpartition(".")
        place = row["place"]
        if not name or (place["uri"], row["symbol"]) in found:
            continue
        item: dict[str, Any] = {
            "name": name,
            "kind": SYMBOL_KIND.get(row["kind"], VARIABLE),
            "location": {"uri": place["uri"], "range": place["range"]},
            "containerName": container or place["path"],
        }
        found[place["uri"], row["symbol"]] = item
    return list(found.values())[:MEANT]
