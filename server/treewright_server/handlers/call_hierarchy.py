"""textDocument/prepareCallHierarchy: the function at the cursor, as the root of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.foreign import Asking
from treewright_server.given import path_of
from treewright_server.hierarchy import item_of
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]] | None:
    from treewright_indexer import graph
    from treewright_indexer.graph.resolve import Resolver
    from treewright_indexer.ide.calls import CALLABLE, foreign_targets

    path = path_of(params)
    places = Places(ls, snapshot)
    offset = places.mapper(path).offset(params.get("position"))
    oracle = Asking(ls, snapshot, path, token).oracle()
    targets = graph.definitions(snapshot, path, offset, token, oracle)
    occurrence = graph.occurrence_at(snapshot, path, offset)
    if not targets and occurrence is not None:
        targets = foreign_targets(Resolver(snapshot, token, oracle), occurrence)
    return [item_of(places, t, snapshot) for t in targets if t.kind in CALLABLE] or None
