"""textDocument/implementation: subclasses of a class, overrides of a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.given import path_of
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.graph import Target
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer import graph
    from treewright_indexer.graph.hierarchy import implementations

    path = path_of(params)
    places = Places(ls, snapshot)
    ls.session.status.lacking(snapshot, "textDocument/implementation", reads_all=True)
    offset = places.mapper(path).offset(params.get("position"))
    found: dict[tuple[str, int], Target] = {}
    for target in graph.definitions(snapshot, path, offset, token):
        for other in implementations(snapshot, target, token) or [target]:
            found.setdefault(other.key, other)
    if not ls.session.client.implementation_links:
        return places.locations(found.values())
    return places.links(found.values(), graph.occurrence_at(snapshot, path, offset))
