"""callHierarchy/incomingCalls: who calls it, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.foreign import Asking, uses_at
from treewright_server.hierarchy import item_of, target_of
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.ide.calls import incoming

    places = Places(ls, snapshot)
    ls.session.status.lacking(snapshot, "callHierarchy/incomingCalls", reads_all=True)
    target = target_of(places, params, snapshot)
    if target is None:
        return []
    asking = Asking(ls, snapshot, target.path, token)
    found = incoming(snapshot, target, token, asking.oracle())
    if not found and snapshot.folder_of(target.path) is None:
        places_ = asking.places("references", target.name_span.start)
        found = incoming(snapshot, target, token, uses=uses_at(snapshot, places_))
    return [
        {
            "from": item_of(places, call.other, snapshot),
            "fromRanges": [places.mapper(call.other.path).range(span) for span in call.spans],
        }
        for call in found
    ]
