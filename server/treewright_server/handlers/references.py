"""textDocument/references: every use of the thing at the cursor, unsaved text included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
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

    path = path_of(params)
    places = Places(ls, snapshot)
    offset = places.mapper(path).offset(params.get("position"))
    declared = field(params, "context", "includeDeclaration") is not False
    found: dict[tuple[str, int], tuple[str, tuple[int, int]]] = {}
    for target in graph.definitions(snapshot, path, offset, token):
        uses = graph.references(snapshot, target, token, include_declaration=declared)
        for use in uses:
            found[use.path, use.span[0]] = use.path, use.span
    return [places.location(*found[key]) for key in sorted(found)]
