"""Neighbours of a target in the graph: callers, callees, subclasses, importers, tests."""

from __future__ import annotations

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Confidence, Occurrence, Target, Use
from treewright_indexer.graph.references import references
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import Flag, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


def targets_named(
    snapshot: Snapshot, dotted: str, token: CancelToken | None = None
) -> list[Target]:
    """The symbols that a user means by `name`, `Class.method` or `package.module.name`."""
    head, _, name = dotted.rpartition(".")
    resolver = Resolver(snapshot, token)
    found: list[Target] = []
    for hit in snapshot.symbols_named(name):
        index = resolver.symbol_starting(hit.path, hit.name_start)
        if index < 0:
            continue
        target = resolver.target_of(hit.path, index)
        stem = hit.path.rpartition(".")[0].replace("\\", "/").replace("/", ".")
        full = f"{stem.removesuffix('.__init__')}.{target.container}".rstrip(".")
        if not head or full == head or full.endswith("." + head):
            found.append(target)
    return sorted(found, key=lambda t: (bool(t.container), t.path, t.name_span.start))


def callers(snapshot: Snapshot, target: Target, token: CancelToken | None = None) -> list[Use]:
    """Places that call the target, or use it as a decorator."""
    uses = references(snapshot, target, token, include_declaration=False)
    return [use for use in uses if use.role in (Role.CALL, Role.DECORATE)]


def subclasses(
    snapshot: Snapshot, target: Target, token: CancelToken | None = None
) -> list[Target]:
    """Classes that inherit from the target, directly or not, nearest first."""
    resolver = Resolver(snapshot, token)
    found: dict[tuple[str, int], Target] = {}
    queue = [target]
    while queue:
        current = queue.pop(0)
        for use in references(snapshot, current, token, resolver=resolver):
            if use.role != Role.INHERIT:
                continue
            facts = resolver.facts(use.path)
            index = facts.symbol_at(use.span.start) if facts is not None else -1
            if index < 0:
                continue
            subclass = resolver.target_of(use.path, index, use.confidence)
            if subclass.key not in found and subclass.key != target.key:
                found[subclass.key] = subclass
                queue.append(subclass)
    return list(found.values())


def importers(snapshot: Snapshot, target: Target, token: CancelToken | None = None) -> list[Use]:
    """Import statements that name the target."""
    return [
        use
        for use in references(snapshot, target, token, include_declaration=False)
        if use.role == Role.IMPORT
    ]


def tests_of(snapshot: Snapshot, target: Target, token: CancelToken | None = None) -> list[Target]:
    """Test functions whose body names the target, each once."""
    resolver = Resolver(snapshot, token)
    found: dict[tuple[str, int], Target] = {}
    for use in references(snapshot, target, token, include_declaration=False, resolver=resolver):
        facts = resolver.facts(use.path)
        index = facts.symbol_at(use.span.start) if facts is not None else -1
        while facts is not None and index >= 0:
            if facts.symbols[index].flags & Flag.TEST:
                test = resolver.target_of(use.path, index, use.confidence)
                found[test.key] = test
                break
            index = facts.symbols[index].parent
    return list(found.values())


def callees(snapshot: Snapshot, target: Target, token: CancelToken | None = None) -> list[Target]:
    """What the target's body calls, in order of first call; unknown calls are left out."""
    resolver = Resolver(snapshot, token)
    facts = snapshot.file_facts(target.path)
    calls: list[tuple[int, str, Occurrence]] = []
    for name in facts.postings:
        for reference in facts.references(name):
            inside = target.span.start <= reference.start < target.span.end
            if inside and reference.role in (Role.CALL, Role.DECORATE):
                span = Span(reference.start, reference.start + len(name.encode()))
                occurrence = Occurrence(
                    target.path, name, span, reference.role, reference.attribute
                )
                calls.append((reference.start, name, occurrence))
    found: dict[tuple[str, int], Target] = {}
    for _, _, occurrence in sorted(calls, key=lambda call: call[0]):
        for callee in resolver.resolve(occurrence):
            if callee.confidence != Confidence.NAME:
                found.setdefault(callee.key, callee)
    return list(found.values())
