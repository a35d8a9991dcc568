"""Who calls a function and whom it calls, with the places of the calls."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.foreign import uses_of
from treewright_indexer.graph.model import Confidence, Occurrence, Target, Use
from treewright_indexer.graph.references import references
from treewright_indexer.graph.resolve import CLASS_KINDS, Oracle, Resolver
from treewright_indexer.model import FileFacts, Flag, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

CALLABLE = frozenset(
    {"function", "method", "constructor", "class", "struct", "enum", "macro", "property"}
)
_CALLS = frozenset({Role.CALL, Role.DECORATE})


class Call(NamedTuple):
    """`other` is who calls, or who is called; `spans` stand in the caller's file."""

    other: Target
    spans: list[Span]


def enclosing_callable(facts: FileFacts, offset: int) -> int:
    """Index of the innermost function or method around `offset`, or -1 for the module."""
    index = facts.symbol_at(offset)
    while index >= 0 and facts.symbols[index].kind not in (
        "function",
        "method",
        "constructor",
        "property",
    ):
        index = facts.symbols[index].parent
    return index


def foreign_targets(resolver: Resolver, place: Occurrence) -> list[Target]:
    """What an occurrence means outside the workspace, as the resolver's oracle says."""
    found = resolver.oracle.definitions(place.path, place.span.start) if resolver.oracle else None
    targets: list[Target] = []
    for path, start in found or ():
        index = resolver.symbol_starting(path, start)
        if index >= 0 and resolver.snapshot.folder_of(path) is None:
            targets.append(resolver.target_of(path, index))
    return targets


def incoming(
    snapshot: Snapshot,
    target: Target,
    token: CancelToken,
    oracle: Oracle | None = None,
    uses: list[Use] | None = None,
) -> list[Call]:
    """The functions, or modules, that call the target, by path and position; among `uses`, where
    they are known already."""
    resolver = Resolver(snapshot, token, oracle)
    found: dict[tuple[str, int], Call] = {}
    if uses is not None:
        pass
    elif snapshot.folder_of(target.path) is None and not target.container:
        # A package may hand on what one of its modules defines: `asyncio.gather`.
        parts = foreign_module(target.path)
        uses = [
            use
            for end in range(len(parts), 0, -1)
            for use in uses_of(snapshot, ".".join((*parts[:end], target.name)), target.name, token)
        ]
    else:
        uses = references(snapshot, target, token, include_declaration=False, resolver=resolver)
    # Reading a property calls it.
    calls = _CALLS | {Role.READ} if _is_property(resolver, target) else _CALLS
    for use in uses:
        if use.role not in calls:
            continue
        facts = resolver.facts(use.path)
        if facts is None:
            continue
        index = enclosing_callable(facts, use.span.start)
        if index >= 0 and use.span.start < facts.symbols[index].name_start:
            # A decorator, a default or an annotation runs where the function is defined.
            index = enclosing_callable(facts, facts.symbols[index].start - 1)
        caller = resolver.target_of(use.path, index) if index >= 0 else resolver.module(use.path)
        found.setdefault(caller.key, Call(caller, [])).spans.append(use.span)
    return list(found.values())


def foreign_module(path: str) -> list[str]:
    """The dotted name, in parts, of a module outside the workspace, by where it stands."""
    parts = os.path.splitext(path)[0].split(os.sep)
    starts = [
        index + 1
        for index, part in enumerate(parts)
        if part in ("stdlib", "site-packages", "dist-packages") or re.match(r"python3\.\d+\Z", part)
    ]
    found = parts[starts[-1] :] if starts else parts[-1:]
    return found[:-1] if found[-1:] == ["__init__"] else found


def _is_property(resolver: Resolver, target: Target) -> bool:
    facts = resolver.facts(target.path)
    if facts is None or target.symbol < 0:
        return False
    return bool(facts.symbols[target.symbol].flags & Flag.PROPERTY)


def outgoing(
    snapshot: Snapshot, target: Target, token: CancelToken, oracle: Oracle | None = None
) -> list[Call]:
    """What the target's own text calls, in order of the first call; unknown calls are left out."""
    resolver = Resolver(snapshot, token, oracle)
    facts = snapshot.file_facts(target.path)
    whole = target.kind == "module"
    is_class = target.kind in CLASS_KINDS
    around = enclosing_callable(facts, target.span.start)
    places: list[Occurrence] = []
    for name in facts.postings:
        length = len(name.encode())
        for use in facts.references(name):
            inside = whole or target.span.start <= use.start < target.span.end
            if inside and is_class and not whole:  # what its methods call is theirs
                inside = enclosing_callable(facts, use.start) == around
            if inside and use.role in _CALLS:
                span = Span(use.start, use.start + length)
                places.append(Occurrence(target.path, name, span, use.role, use.attribute))
    found: dict[tuple[str, int], Call] = {}
    for place in sorted(places, key=lambda place: place.span.start):
        token.check()
        for callee in resolver.resolve(place) or foreign_targets(resolver, place):
            if callee.confidence != Confidence.NAME and callee.kind in CALLABLE:
                found.setdefault(callee.key, Call(callee, [])).spans.append(place.span)
    return list(found.values())
