"""treewright/neighbourhood: what surrounds the symbol at a position, for a picture of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_server.answering import decoded
from treewright_server.convert import to_path
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.graph import Target
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = "treewright/neighbourhood"


class Document(msgspec.Struct, frozen=True):
    uri: str


class Params(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Document
    position: Any
    mode: Literal["around", "callers", "callees", "imports", "inheritance", "impact"] = "around"
    depth: Annotated[int, msgspec.Meta(ge=1, le=6)] = 1
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 250


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    from treewright_indexer.graph.neighbourhood import neighbourhood

    given = decoded(params, Params, METHOD)
    path = to_path(given.text_document.uri)
    places = Places(ls, snapshot)
    centre = _target(snapshot, path, places.mapper(path).offset(given.position), token)
    found = neighbourhood(snapshot, centre, given.mode, given.depth, given.limit, token)
    nodes: list[dict[str, Any]] = []
    known: set[str] = set()
    for node in found.nodes:
        target = node.target
        try:
            location = places.location(target.path, target.name_span)
        except TreewrightError:
            continue
        id = _id(target.key)
        known.add(id)
        nodes.append(
            {
                "id": id,
                "name": target.name,
                "kind": target.kind,
                "container": target.container,
                "place": {**location, "path": snapshot.display_path(target.path)},
                "depth": node.depth,
                "test": _is_test(snapshot, target),
                "more": node.more,
            }
        )
    edges: list[dict[str, Any]] = []
    for link in found.links:
        source, target_id = _id(link.source), _id(link.target)
        if source not in known or target_id not in known:
            continue
        place = None
        if link.via is not None:
            shown = snapshot.display_path(link.via.path)
            place = {**places.location(link.via.path, link.via.span), "path": shown}
        edges.append(
            {
                "from": source,
                "to": target_id,
                "kind": link.kind,
                "confidence": str(link.confidence),
                "place": place,
            }
        )
    return {
        "centre": _id(found.centre.key),
        "nodes": nodes,
        "edges": edges,
        "truncated": found.truncated,
    }


def _target(snapshot: Snapshot, path: str, offset: int, token: CancelToken) -> Target:
    """What the name at the offset means, else the definition around it, else the module."""
    from treewright_indexer import graph
    from treewright_indexer.graph.walks import Edges

    for target in graph.definitions(snapshot, path, offset, token):
        if target.symbol >= 0 or target.kind == "module":
            return target
    around = Edges(snapshot, token).enclosing(path, offset)
    if around is None:
        raise RefusedError(f"{snapshot.display_path(path)} is in no language with a code graph")
    return around


def _id(key: tuple[str, int]) -> str:
    return f"{key[0]}:{key[1]}"


def _is_test(snapshot: Snapshot, target: Target) -> bool:
    from treewright_indexer.model import Flag

    if target.symbol < 0:
        return False
    try:
        return bool(snapshot.facts(target.path).symbols[target.symbol].flags & Flag.TEST)
    except (TreewrightError, IndexError):
        return False
