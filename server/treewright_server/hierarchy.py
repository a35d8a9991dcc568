"""Items of call and type hierarchies: a Target as LSP shows it, and the Target of an item again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.convert import symbol_kind, to_path
from treewright_server.given import member, string
from treewright_server.places import Places

if TYPE_CHECKING:
    from treewright_indexer.graph import Target
    from treewright_indexer.snapshot import Snapshot


def item_of(places: Places, target: Target, snapshot: Snapshot) -> dict[str, Any]:
    """LSP's CallHierarchyItem, and TypeHierarchyItem, which has the same fields."""
    mapper = places.mapper(target.path)
    where = snapshot.display_path(target.path)
    return {
        "name": target.name,
        "kind": symbol_kind(target.kind),
        "detail": f"{target.container} · {where}" if target.container else where,
        "uri": places.uri(target.path),
        "range": mapper.range(target.span),
        "selectionRange": mapper.range(target.name_span),
        "data": {"kind": target.kind},
    }


def target_of(places: Places, params: Any, snapshot: Snapshot) -> Target | None:
    """What the item in `params` stands for; None when the text has changed since.

    The item is found again by its name and the start of its selection range.
    """
    from treewright_indexer.graph.resolve import Resolver

    item = member(params, "item")
    path = to_path(string(item, "uri"))
    resolver = Resolver(snapshot)
    if string(item, "data", "kind") == "module":
        return resolver.module(path)
    span = places.mapper(path).span(member(item, "selectionRange"), "item.selectionRange")
    index = resolver.symbol_starting(path, span.start)
    target = resolver.target_of(path, index) if index >= 0 else None
    return target if target is not None and target.name == item.get("name") else None
