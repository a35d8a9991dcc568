"""textDocument/typeDefinition: the class of the value at the cursor, where the text says it."""

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
    from treewright_indexer.graph import occurrence_at
    from treewright_indexer.ide.typed import type_definitions

    path = path_of(params)
    places = Places(ls, snapshot)
    offset = places.mapper(path).offset(params.get("position"))
    targets = type_definitions(snapshot, path, offset, token)
    if not ls.session.client.type_definition_links:
        return places.locations(targets)
    return places.links(targets, occurrence_at(snapshot, path, offset))
