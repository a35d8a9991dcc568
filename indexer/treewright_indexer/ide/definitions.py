"""Definitions as an editor wants them: every binding of a variable, the source behind a stub.

The graph knows one place of a thing, its first; whoever asks where a variable comes from wants all
that bind it.
"""

from __future__ import annotations

import os
from typing import Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Occurrence, Target
from treewright_indexer.graph.occurrences import occurrence_at
from treewright_indexer.graph.references import same_thing
from treewright_indexer.graph.resolve import Oracle, Resolver
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_VARIABLES: Final = frozenset({"local", "parameter", "variable", "constant"})
_BINDS: Final = frozenset({Role.WRITE, Role.DEFINITION, Role.PARAMETER})


def definitions(
    snapshot: Snapshot, path: str, offset: int, token: CancelToken, oracle: Oracle | None = None
) -> list[Target]:
    """Where the thing at `offset` is defined, in order of the text; source rather than stubs."""
    resolver = Resolver(snapshot, token, oracle)
    found: dict[tuple[str, int], Target] = {}
    occurrence = occurrence_at(snapshot, path, offset)
    keyword = occurrence is not None and occurrence.role == Role.KEYWORD
    for target in resolver.resolve(occurrence) if occurrence is not None else []:
        for other in _sources(resolver, target) if _is_stub(target.path) else (target,):
            # A keyword argument is given to the parameter, whatever else binds that name inside.
            bindings = [] if keyword else _bindings(resolver, other)
            for binding in [*same_thing(resolver, other), *bindings]:
                found.setdefault((binding.path, binding.name_span.start), binding)
    return _without_stubs(list(found.values()))


def declarations(
    snapshot: Snapshot, path: str, offset: int, token: CancelToken, oracle: Oracle | None = None
) -> list[Target]:
    """The same, but what a stub says of a thing rather than its source."""
    resolver = Resolver(snapshot, token, oracle)
    found: dict[tuple[str, int], Target] = {}
    for target in _meant(resolver, path, offset):
        stubs = [] if _is_stub(target.path) else _beside(resolver, target, ".pyi")
        for other in stubs or [target]:
            for binding in _bindings(resolver, other):
                found.setdefault((binding.path, binding.name_span.start), binding)
    return list(found.values())


def _meant(resolver: Resolver, path: str, offset: int) -> list[Target]:
    occurrence = occurrence_at(resolver.snapshot, path, offset)
    return resolver.resolve(occurrence) if occurrence is not None else []


def _is_stub(path: str) -> bool:
    return path.endswith(".pyi")


def _sources(resolver: Resolver, target: Target) -> list[Target]:
    return _beside(resolver, target, ".py") or [target]


def _beside(resolver: Resolver, target: Target, suffix: str) -> list[Target]:
    """The same thing in the file of the same name with `suffix`."""
    stem, own = os.path.splitext(target.path)
    if own not in (".py", ".pyi") or target.scope > 0:
        return []
    other = stem + suffix
    facts = resolver.facts(other) if resolver.snapshot.exists(other) else None
    if facts is None:
        return []
    if target.kind == "module":
        return [resolver.module(other)]
    return [
        resolver.target_of(other, index, target.confidence)
        for index, symbol in enumerate(facts.symbols)
        if symbol.name == target.name
        and (facts.qualified_name(symbol.parent) if symbol.parent >= 0 else "") == target.container
    ]


def _without_stubs(targets: list[Target]) -> list[Target]:
    return [target for target in targets if not _is_stub(target.path)] or targets


def _bindings(resolver: Resolver, target: Target) -> list[Target]:
    """Every place that binds the variable; the target itself for anything else."""
    if target.kind not in _VARIABLES:
        return [target]
    length = len(target.name.encode())
    found: list[Target] = []
    for reference in resolver.snapshot.references_in(target.path, target.name):
        if reference.attribute or reference.role not in _BINDS:
            continue
        span = Span(reference.start, reference.start + length)
        if span == target.name_span:
            found.append(target)
            continue
        occurrence = Occurrence(target.path, target.name, span, reference.role, False)
        if any(meant.key == target.key for meant in resolver.resolve(occurrence)):
            found.append(target._replace(name_span=span, span=span))
    return found or [target]
