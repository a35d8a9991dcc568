"""Every use of a target: candidates by name from the index, each resolved back to it.

A use whose meaning only a type could tell (`x.name` on an unknown `x`) keeps the confidence
`unique` or `name`; callers choose how much of that they want.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.model import Confidence, Occurrence, Target, Use
from treewright_indexer.graph.occurrences import keyword_callee
from treewright_indexer.graph.resolve import Oracle, Resolver
from treewright_indexer.model import FileFacts, Reference, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_CALLABLE = frozenset({"function", "method", "constructor", "property"})
_TOGETHER = re.compile(r"\b(?:overload|setter|getter|deleter|register)\b")


def references(
    snapshot: Snapshot,
    target: Target,
    token: CancelToken | None = None,
    *,
    include_declaration: bool = True,
    by_name: bool = False,
    aliases: bool = True,
    resolver: Resolver | None = None,
    oracle: Oracle | None = None,
) -> list[Use]:
    """The uses of `target`, by path and offset.

    With `by_name` also those that only have its name: attributes of unknown receivers. Uses
    through an alias (`import f as g`) are included unless `aliases` is off; their span covers the
    alias. The `oracle` is asked about attributes that names do not decide.
    """
    resolver = resolver or Resolver(snapshot, token)
    uses: dict[tuple[str, int], Use] = {}
    before = resolver.oracle
    # Only a member can stand behind a receiver of unknown type.
    resolver.oracle = (oracle or before) if target.container else None
    try:
        found = list(_uses(resolver, target, by_name, aliases))
    finally:
        resolver.oracle = before
    for use in found:
        if include_declaration or use.role != Role.DEFINITION:
            uses[use.path, use.span.start] = use
    return [uses[key] for key in sorted(uses)]


def _uses(resolver: Resolver, target: Target, by_name: bool, with_aliases: bool) -> Iterator[Use]:
    snapshot = resolver.snapshot
    if target.kind == "module":
        yield from _module_uses(resolver, target)
        return
    for path, found in _candidates(resolver, target):
        resolver.token.check()
        aliases: set[str] = set()
        yield from _uses_in(resolver, target, path, target.name, found, by_name, aliases)
        for alias in aliases if with_aliases else ():
            yield from _uses_in(
                resolver, target, path, alias, snapshot.references_in(path, alias), False, set()
            )


def _candidates(resolver: Resolver, target: Target) -> Iterable[tuple[str, list[Reference]]]:
    """The places that have the target's name and could mean it, by file."""
    snapshot = resolver.snapshot
    if target.scope > 0 or target.kind == "parameter":
        yield target.path, snapshot.references_in(target.path, target.name)
        if target.kind != "parameter" or _is_receiver(resolver, target):
            return
        # Elsewhere a parameter is named by the keywords of calls, in files that name the function.
        callers = _calling_files(resolver, target)
        for path in callers - {target.path} if callers else ():
            found = [r for r in snapshot.references_in(path, target.name) if r.role == Role.KEYWORD]
            if found:
                yield path, found
        return
    yield from snapshot.uses(target.name)


def _is_receiver(resolver: Resolver, target: Target) -> bool:
    """True for `self` and `cls`, which no call names."""
    facts = resolver.facts(target.path)
    if target.name not in ("self", "cls") or facts is None or target.scope < 0:
        return False
    owner = facts.scopes[target.scope].symbol
    return owner >= 0 and facts.symbols[owner].kind in ("method", "constructor", "property")


def _calling_files(resolver: Resolver, parameter: Target) -> set[str]:
    """The files that may call the function of a parameter: those that have its name.

    A constructor is called by the name of its class, and of those that inherit it.
    """
    facts = resolver.facts(parameter.path)
    owner = facts.scopes[parameter.scope].symbol if facts is not None else -1
    if facts is None or owner < 0:
        return set()
    symbol = facts.symbols[owner]
    names = {symbol.name}
    if symbol.name in ("__init__", "__new__", "__call__") and symbol.parent >= 0:
        from treewright_indexer.graph.neighbours import subclasses

        cls = resolver.target_of(parameter.path, symbol.parent)
        below = subclasses(resolver.snapshot, cls, resolver.token)
        names |= {each.name for each in (cls, *below)}
    return {path for name in names for path in resolver.snapshot.files_naming(name)}


def _uses_in(
    resolver: Resolver,
    target: Target,
    path: str,
    name: str,
    found: list[Reference],
    by_name: bool,
    aliases: set[str],
) -> Iterator[Use]:
    """Uses in one file; names that stand for the target there are added to `aliases`."""
    facts = resolver.facts(path)
    if facts is None:
        return
    length = len(name.encode())
    member = bool(target.container) and target.scope < 0
    for reference in found:
        if reference.attribute and target.scope > 0 and target.kind != "parameter":
            continue
        if reference.role == Role.KEYWORD and target.kind not in ("parameter", "field", "variable"):
            continue
        occurrence = Occurrence(
            path, name, Span(reference.start, reference.start + length), reference.role,
            reference.attribute,
        )  # fmt: skip
        if reference.role == Role.IMPORT and name == target.name:
            aliases |= _aliases_of(facts, reference.start, name)
        elif not reference.attribute and member and _is_bare_elsewhere(target, path, reference):
            continue
        for meant in resolver.resolve(occurrence):
            if meant.key == target.key:
                if meant.confidence == Confidence.NAME and not by_name:
                    break
                confidence = meant.confidence
                if path != target.path and confidence == Confidence.EXACT:
                    confidence = Confidence.IMPORT
                enclosing = facts.qualified_name(reference.symbol) if reference.symbol >= 0 else ""
                yield Use(
                    path,
                    occurrence.span,
                    reference.role,
                    reference.attribute,
                    confidence,
                    enclosing,
                )
                break
        else:
            if by_name and reference.attribute and member and _undecided(resolver, occurrence):
                enclosing = facts.qualified_name(reference.symbol) if reference.symbol >= 0 else ""
                yield Use(path, occurrence.span, reference.role, True, Confidence.NAME, enclosing)


def _is_bare_elsewhere(target: Target, path: str, reference: Reference) -> bool:
    """A bare name in another file never means a member, unless it is a keyword argument."""
    return path != target.path and reference.role != Role.KEYWORD


def _undecided(resolver: Resolver, occurrence: Occurrence) -> bool:
    """True when the graph has no idea: too many definitions of the name to list."""
    return not resolver.resolve(occurrence) and resolver.may_be_member(occurrence)


def _aliases_of(facts: FileFacts, start: int, name: str) -> set[str]:
    return {
        item.alias
        for item in facts.imports
        if item.name_start == start and item.alias and item.alias != name
    }


def _module_uses(resolver: Resolver, target: Target) -> Iterator[Use]:
    """Import statements that name the module, and the names they bind."""
    for path, found in resolver.snapshot.uses(target.name):
        resolver.token.check()
        facts = resolver.facts(path)
        if facts is None:
            continue
        length = len(target.name.encode())
        for reference in found:
            span = Span(reference.start, reference.start + length)
            occurrence = Occurrence(path, target.name, span, reference.role, reference.attribute)
            if any(meant.key == target.key for meant in resolver.resolve(occurrence)):
                enclosing = facts.qualified_name(reference.symbol) if reference.symbol >= 0 else ""
                yield Use(
                    path, span, reference.role, reference.attribute, Confidence.IMPORT, enclosing
                )


def highlights(
    snapshot: Snapshot, path: str, offset: int, token: CancelToken, oracle: Oracle | None = None
) -> list[Use]:
    """Uses of what stands at `offset` in its own file; by name when it cannot be resolved."""
    from treewright_indexer.graph.occurrences import occurrence_at

    occurrence = occurrence_at(snapshot, path, offset)
    if occurrence is None:
        return []
    resolver = Resolver(snapshot, token, oracle)
    targets = resolver.resolve(occurrence)
    keys = {each.key for target in targets for each in same_thing(resolver, target)}
    outside = _Outside(resolver, occurrence, oracle) if not keys else None
    # Where it is known what this one means, others that merely have its name are not shown.
    known = any(target.confidence != Confidence.NAME for target in targets)
    length = len(occurrence.name.encode())
    uses: list[Use] = []
    for reference in snapshot.references_in(path, occurrence.name):
        span = Span(reference.start, reference.start + length)
        other = Occurrence(path, occurrence.name, span, reference.role, reference.attribute)
        try:
            meant = {
                target.key
                for target in resolver.resolve(other)
                if not known or target.confidence != Confidence.NAME
            }
        except TreewrightError:
            meant = set[tuple[str, int]]()
        same = (
            bool(keys & meant)
            if keys
            else not meant and outside is not None and outside.same(other)
        )
        if same:
            uses.append(Use(path, span, reference.role, reference.attribute, Confidence.EXACT, ""))
    return uses


def same_thing(resolver: Resolver, target: Target) -> list[Target]:
    """The definitions that make one thing together: overloads, a property with its setter."""
    facts = resolver.facts(target.path)
    if facts is None or target.symbol < 0 or target.kind not in _CALLABLE:
        return [target]
    parent = facts.symbols[target.symbol].parent
    indexes = resolver.member_indexes(target.path, parent).get(target.name, [])
    words = [word for index in indexes for word in facts.symbols[index].decorators]
    if len(indexes) < 2 or not any(_TOGETHER.search(word) for word in words):
        return [target]
    return [resolver.target_of(target.path, index, target.confidence) for index in indexes]


class _Outside:
    """Whether another occurrence of a name may mean the same thing outside the workspace."""

    def __init__(self, resolver: Resolver, first: Occurrence, oracle: Oracle | None) -> None:
        self._resolver = resolver
        self._oracle = oracle
        self._first = first
        self._callee = self._called(first)
        self._places = self._decided(first)

    def same(self, other: Occurrence) -> bool:
        if other.attribute != self._first.attribute:
            return False
        if other.role == Role.KEYWORD or self._first.role == Role.KEYWORD:
            return other.role == self._first.role and self._called(other) == self._callee
        if not self._places or other.span == self._first.span:
            return True
        places = self._decided(other)
        return not places or bool(places & self._places)

    def _called(self, occurrence: Occurrence) -> bytes:
        """What is called with the keyword; b"" for anything else."""
        if occurrence.role != Role.KEYWORD:
            return b""
        span = keyword_callee(self._resolver.snapshot, occurrence.path, occurrence.span.start)
        data = self._resolver.snapshot.text(occurrence.path).data
        return data[slice(*span)] if span is not None else b""

    def _decided(self, occurrence: Occurrence) -> set[tuple[str, int]]:
        """Where an attribute is defined, as far as anybody can say."""
        if self._oracle is None or not occurrence.attribute:
            return set()
        return set(self._oracle.definitions(occurrence.path, occurrence.span.start) or ())
