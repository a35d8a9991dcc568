"""textDocument/definition: where the thing at the cursor is defined; links where understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.foreign import as_links, asked, locations
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
    origin = graph.occurrence_at(snapshot, path, offset)
    links = ls.session.client.definition_links
    if not targets and origin is not None:
        found = locations(places, asked(ls, "places", snapshot, path, offset, token))
        return as_links(found, places.mapper(path).range(origin.span)) if links else found
    return places.links(targets, origin) if links else places.locations(targets)
