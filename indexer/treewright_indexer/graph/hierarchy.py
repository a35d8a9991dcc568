"""Classes above and below, and methods that override each other."""

from __future__ import annotations

from collections.abc import Iterator

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Confidence, Target
from treewright_indexer.graph.neighbours import subclasses
from treewright_indexer.graph.references import references
from treewright_indexer.graph.resolve import CLASS_KINDS, Resolver
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot

MEMBER_KINDS = frozenset({"method", "constructor", "property", "field", "variable", "function"})


def supertypes(
    snapshot: Snapshot, target: Target, token: CancelToken | None = None
) -> list[Target]:
    """The direct bases of a class that stand in the workspace, in order."""
    return Resolver(snapshot, token).bases(target) if target.kind in CLASS_KINDS else []


def subtypes(snapshot: Snapshot, target: Target, token: CancelToken | None = None) -> list[Target]:
    """The classes that name the target as a base."""
    if target.kind not in CLASS_KINDS:
        return []
    resolver = Resolver(snapshot, token)
    found: dict[tuple[str, int], Target] = {}
    for use in references(snapshot, target, token, resolver=resolver):
        if use.role != Role.INHERIT:
            continue
        facts = resolver.facts(use.path)
        index = facts.symbol_at(use.span.start) if facts is not None else -1
        if index >= 0:
            subtype = resolver.target_of(use.path, index, use.confidence)
            if subtype.key != target.key:
                found.setdefault(subtype.key, subtype)
    return list(found.values())


def owner(resolver: Resolver, member: Target) -> Target | None:
    """The class that a member is defined in; None for anything else."""
    facts = resolver.facts(member.path)
    if facts is None or member.symbol < 0:
        return None
    parent = facts.symbols[member.symbol].parent
    if parent < 0 or facts.symbols[parent].kind not in CLASS_KINDS:
        return None
    return resolver.target_of(member.path, parent)


def overridden(
    snapshot: Snapshot, member: Target, token: CancelToken | None = None
) -> list[Target]:
    """The members of bases that this one overrides, nearest first."""
    resolver = Resolver(snapshot, token)
    cls = owner(resolver, member)
    if cls is None:
        return []
    above = (ancestor for ancestor in resolver.lineage(cls) if ancestor.key != cls.key)
    return list(_members(resolver, above, member.name))


def overrides(snapshot: Snapshot, member: Target, token: CancelToken | None = None) -> list[Target]:
    """The members of subclasses, at any depth, that override this one."""
    resolver = Resolver(snapshot, token)
    cls = owner(resolver, member)
    if cls is None:
        return []
    return list(_members(resolver, subclasses(snapshot, cls, token), member.name))


def implementations(
    snapshot: Snapshot, target: Target, token: CancelToken | None = None
) -> list[Target]:
    """What implements an interface or a class, or overrides a member of one."""
    if target.kind in CLASS_KINDS:
        return subclasses(snapshot, target, token)
    return overrides(snapshot, target, token)


def _members(
    resolver: Resolver, classes: Iterator[Target] | list[Target], name: str
) -> Iterator[Target]:
    for cls in classes:
        for index in resolver.member_indexes(cls.path, cls.symbol).get(name, ()):
            yield resolver.target_of(cls.path, index, Confidence.IMPORT)
