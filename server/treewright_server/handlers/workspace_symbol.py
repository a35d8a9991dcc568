"""workspace/symbol: definitions whose name the letters of the query match, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError, UnreadableFileError
from treewright_server.convert import Mapper, symbol_kind
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
    mappers: dict[str, Mapper] = {}
    for hit in snapshot.symbols_matching(query, LIMIT):
        token.check()
        mapper = mappers.get(hit.path)
        if mapper is None:
            try:
                mapper = Mapper(snapshot.text(hit.path), encoding)
            except (UnknownFileError, UnreadableFileError):
                continue  # it vanished since it was indexed
            mappers[hit.path] = mapper
        end = hit.name_start + len(hit.name.encode())
        item: dict[str, Any] = {
            "name": hit.name,
            "kind": symbol_kind(hit.kind),
            "location": {"uri": uri(hit.path), "range": mapper.range((hit.name_start, end))},
        }
        if hit.container:
            item["containerName"] = hit.container
        found.append(item)
    return found
