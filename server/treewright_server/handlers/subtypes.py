"""typeHierarchy/subtypes: the classes that inherit from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.hierarchy import item_of, target_of
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.graph.hierarchy import subtypes

    places = Places(ls, snapshot)
    ls.session.status.lacking(snapshot, "typeHierarchy/subtypes", reads_all=True)
    target = target_of(places, params, snapshot)
    found = subtypes(snapshot, target, token) if target is not None else []
    return [item_of(places, other, snapshot) for other in found]
