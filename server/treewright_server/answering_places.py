"""The three requests that lead to a place: definition, declaration and type definition.

What the graph proves is answered at once. An attribute that it cannot decide is decided by a
provider of semantics, and what stands outside the workspace is found by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from treewright_indexer.cancel import CancelToken
from treewright_server.foreign import Asking, as_links, locations
from treewright_server.given import path_of
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.graph import Occurrence, Target
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def answer_places(
    ls: TreewrightServer,
    params: Any,
    snapshot: Snapshot,
    token: CancelToken,
    what: Literal["definition", "declaration", "type"],
    *,
    links: bool,
) -> list[dict[str, Any]]:
    """LSP's Locations, or LocationLinks."""
    from treewright_indexer.graph.occurrences import occurrence_at, word_at

    path = path_of(params)
    places = Places(ls, snapshot)
    mapper = places.mapper(path)
    offset = mapper.offset(params.get("position"))
    asking = Asking(ls, snapshot, path, token)
    origin = occurrence_at(snapshot, path, offset)
    targets = _targets(snapshot, path, offset, token, what, asking) if origin is not None else []
    word = origin.span if origin is not None else word_at(mapper.text.data, offset)
    # Of a variable the graph knows what its text says; a type checker knows its type.
    certain = targets and (what != "type" or all(t.name == origin_name(origin) for t in targets))
    if not certain and word is not None:
        found = locations(places, asking.places(what, offset))
        if found:
            return as_links(found, mapper.range(word)) if links else found
        if not targets and what == "type":  # of unknown type: where it comes from
            targets = _targets(snapshot, path, offset, token, "definition", asking)
    return places.links(targets, origin) if links else places.locations(targets)


def origin_name(origin: Occurrence | None) -> str:
    return origin.name if origin is not None else ""


def _targets(
    snapshot: Snapshot,
    path: str,
    offset: int,
    token: CancelToken,
    what: Literal["definition", "declaration", "type"],
    asking: Asking,
) -> list[Target]:
    if what == "type":
        from treewright_indexer.ide.typed import type_definitions

        return type_definitions(snapshot, path, offset, token, asking.oracle())
    from treewright_indexer.ide.definitions import declarations, definitions

    find = definitions if what == "definition" else declarations
    return find(snapshot, path, offset, token, asking.oracle())
