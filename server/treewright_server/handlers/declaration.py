"""textDocument/declaration: the definitions; no language here declares a thing elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.given import path_of
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer import graph

    path = path_of(params)
    places = Places(ls, snapshot)
    offset = places.mapper(path).offset(params.get("position"))
    targets = graph.definitions(snapshot, path, offset, token)
    if not ls.session.client.declaration_links:
        return places.locations(targets)
    return places.links(targets, graph.occurrence_at(snapshot, path, offset))
