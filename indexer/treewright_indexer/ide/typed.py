"""The type of a thing, as far as its annotation or the class that it is made from says it."""

from __future__ import annotations

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Target
from treewright_indexer.graph.occurrences import occurrence_at
from treewright_indexer.graph.resolve import CLASS_KINDS, Oracle, Resolver
from treewright_indexer.snapshot import Snapshot

_CALLABLE = frozenset({"function", "method", "constructor"})


def type_definitions(
    snapshot: Snapshot, path: str, offset: int, token: CancelToken, oracle: Oracle | None = None
) -> list[Target]:
    """The classes that the value at `offset` may be an instance of; a class, and a function, is
    its own type."""
    occurrence = occurrence_at(snapshot, path, offset)
    if occurrence is None:
        return []
    resolver = Resolver(snapshot, token, oracle)
    found: dict[tuple[str, int], Target] = {}
    for target in resolver.resolve(occurrence):
        if target.kind in CLASS_KINDS or target.kind in _CALLABLE:
            found.setdefault(target.key, target)
            continue
        for value in resolver.value_of(target, called=False):
            if value.target.kind in CLASS_KINDS:
                found.setdefault(value.target.key, value.target)
    return list(found.values())
