"""textDocument/references: every use of the thing at the cursor, unsaved text included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.foreign import Asking
from treewright_server.given import path_of
from treewright_server.places import Places
from treewright_server.plain import field

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer import graph
    from treewright_indexer.graph.foreign import foreign_references
    from treewright_indexer.graph.references import highlights, same_thing
    from treewright_indexer.graph.resolve import Resolver

    path = path_of(params)
    places = Places(ls, snapshot)
    ls.session.status.lacking(snapshot, "textDocument/references", reads_all=True)
    offset = places.mapper(path).offset(params.get("position"))
    declared = field(params, "context", "includeDeclaration") is not False
    found: dict[tuple[str, int], tuple[str, tuple[int, int]]] = {}
    asking = Asking(ls, snapshot, path, token)
    oracle = asking.oracle()
    occurrence = graph.occurrence_at(snapshot, path, offset)
    targets = graph.definitions(snapshot, path, offset, token, oracle)
    resolver = Resolver(snapshot, token)
    together = {other.key: other for target in targets for other in same_thing(resolver, target)}
    for target in together.values():
        if occurrence is not None and occurrence.name != target.name:
            # A name that an import gave it here: that name's uses.
            uses = highlights(snapshot, path, offset, token, oracle)
        else:
            uses = graph.references(
                snapshot, target, token, include_declaration=declared, aliases=False, oracle=oracle
            )
        for use in uses:
            found[use.path, use.span[0]] = use.path, use.span
    if not targets and occurrence is not None:
        for use in foreign_references(snapshot, occurrence, token):
            found[use.path, use.span[0]] = use.path, use.span
        for place in [] if found else asking.places("references", offset):
            if snapshot.folder_of(place.path) is not None:
                found[place.path, place.span.start] = place.path, place.span
    return [places.location(*found[key]) for key in sorted(found)]
