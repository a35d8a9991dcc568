"""Walks over the graph: impact of a change, the way from one symbol to another, what is near.

Edges are derived when a walk reaches a symbol, never for the whole workspace; every walk is
bounded in depth, in symbols and in edges per symbol, so hubs and cycles end.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.hierarchy import overrides, supertypes
from treewright_indexer.graph.model import Confidence, Occurrence, Target, Use
from treewright_indexer.graph.references import references
from treewright_indexer.graph.resolve import CLASS_KINDS, Resolver
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

Key = tuple[str, int]

MAX_SYMBOLS = 2000
MAX_EDGES = 400
"""Edges that are followed from one symbol; a hub's others are left out."""

_RESTART = 0.15
_RESIDUE = 1e-4
_CERTAIN = frozenset({Confidence.EXACT, Confidence.IMPORT, Confidence.UNIQUE})
_WEIGHT = {"call": 1.0, "inherit": 0.9, "override": 0.7, "use": 0.5, "member": 0.3}


class Reached(NamedTuple):
    """A symbol that a walk came to. `via` is the use that led there; None at the start."""

    target: Target
    depth: int
    via: Use | None


class Edge(NamedTuple):
    target: Target
    kind: str
    """call inherit override use member"""
    via: Use | None


class Edges:
    """The edges of symbols, each derived once for the length of a walk."""

    def __init__(self, snapshot: Snapshot, token: CancelToken | None = None) -> None:
        self.snapshot = snapshot
        self.resolver = Resolver(snapshot, token)
        self.token = self.resolver.token
        self._incoming: dict[Key, list[Edge]] = {}
        self._outgoing: dict[Key, list[Edge]] = {}
        self._facts: dict[str, FileFacts | None] = {}

    def incoming(self, target: Target) -> list[Edge]:
        """Symbols that use, call, inherit or override the target; import statements are none."""
        if target.key not in self._incoming:
            self.token.check()
            self._incoming[target.key] = list(self._users(target))[:MAX_EDGES]
        return self._incoming[target.key]

    def outgoing(self, target: Target) -> list[Edge]:
        """Symbols that the target's own text names, and its bases."""
        if target.key not in self._outgoing:
            self.token.check()
            self._outgoing[target.key] = list(self._used(target))[:MAX_EDGES]
        return self._outgoing[target.key]

    def _users(self, target: Target) -> Iterator[Edge]:
        seen: set[Key] = {target.key}
        for use in references(
            self.snapshot, target, self.token, include_declaration=False, resolver=self.resolver
        ):
            if use.role == Role.IMPORT or use.confidence not in _CERTAIN:
                continue
            user = self.enclosing(use.path, use.span.start)
            if user is None or user.key in seen:
                continue
            seen.add(user.key)
            kind = {Role.CALL: "call", Role.INHERIT: "inherit"}.get(use.role, "use")
            yield Edge(user._replace(confidence=use.confidence), kind, use)
        if target.kind not in CLASS_KINDS:
            for other in overrides(self.snapshot, target, self.token):
                if other.key not in seen:
                    seen.add(other.key)
                    yield Edge(other, "override", None)

    def _used(self, target: Target) -> Iterator[Edge]:
        facts = self._whole(target.path)
        if facts is None:
            return
        found: list[tuple[int, Occurrence]] = []
        for name in facts.postings:
            for reference in facts.references(name):
                if not target.span.start <= reference.start < target.span.end:
                    continue
                if reference.role in (Role.DEFINITION, Role.PARAMETER, Role.WRITE, Role.KEYWORD):
                    continue
                span = Span(reference.start, reference.start + len(name.encode()))
                occurrence = Occurrence(
                    target.path, name, span, reference.role, reference.attribute
                )
                found.append((reference.start, occurrence))
        seen: set[Key] = {target.key}
        for _, occurrence in sorted(found, key=lambda pair: pair[0]):
            for used in self.resolver.resolve(occurrence):
                local = used.symbol < 0 and used.kind != "module"
                if used.key in seen or local or used.confidence not in _CERTAIN:
                    continue
                seen.add(used.key)
                kind = {Role.CALL: "call", Role.INHERIT: "inherit"}.get(occurrence.role, "use")
                use = Use(
                    occurrence.path, occurrence.span, occurrence.role, occurrence.attribute,
                    used.confidence, target.name,
                )  # fmt: skip
                yield Edge(used, kind, use)
        for base in supertypes(self.snapshot, target, self.token):
            if base.key not in seen:
                yield Edge(base, "inherit", None)

    def _whole(self, path: str) -> FileFacts | None:
        if path not in self._facts:
            try:
                self._facts[path] = self.snapshot.file_facts(path)
            except TreewrightError:
                self._facts[path] = None
        return self._facts[path]

    def enclosing(self, path: str, offset: int) -> Target | None:
        """The innermost definition around `offset`; the module when there is none."""
        facts = self.resolver.facts(path)
        if facts is None:
            return None
        index = facts.symbol_at(offset)
        while index >= 0 and facts.symbols[index].kind in ("variable", "constant", "field"):
            index = facts.symbols[index].parent
        if index < 0:
            return self.resolver.module(path, Confidence.EXACT)
        return self.resolver.target_of(path, index)


def impact(
    snapshot: Snapshot,
    target: Target,
    depth: int = 3,
    token: CancelToken | None = None,
    limit: int = MAX_SYMBOLS,
) -> list[Reached]:
    """What a change of the target can reach: its users, their users … to `depth`, nearest first.

    A module ends the walk: who imports it is not affected by each of its symbols.
    """
    edges = Edges(snapshot, token)
    seen: set[Key] = {target.key}
    queue = deque([Reached(target, 0, None)])
    reached: list[Reached] = []
    while queue and len(reached) < limit:
        here = queue.popleft()
        if here.depth >= depth or here.target.kind == "module":
            continue
        for edge in edges.incoming(here.target):
            if edge.target.key not in seen:
                seen.add(edge.target.key)
                step = Reached(edge.target, here.depth + 1, edge.via)
                reached.append(step)
                queue.append(step)
    return reached[:limit]


def shortest_path(
    snapshot: Snapshot,
    start: Target,
    goal: Target,
    token: CancelToken | None = None,
    max_depth: int = 12,
) -> list[Reached]:
    """The fewest steps along uses from `start` to `goal`, both included; [] without a way.

    Breadth first from both ends, the smaller front first.
    """
    edges = Edges(snapshot, token)
    if start.key == goal.key:
        return [Reached(start, 0, None)]
    came_from: dict[Key, tuple[Key | None, Target, Use | None]] = {start.key: (None, start, None)}
    leads_to: dict[Key, tuple[Key | None, Target, Use | None]] = {goal.key: (None, goal, None)}
    front, back = [start], [goal]
    for _ in range(max_depth):
        forward = len(front) <= len(back)
        known, others = (came_from, leads_to) if forward else (leads_to, came_from)
        following: list[Target] = []
        for here in front if forward else back:
            for edge in edges.outgoing(here) if forward else edges.incoming(here):
                key = edge.target.key
                if key in known:
                    continue
                known[key] = (here.key, edge.target, edge.via)
                following.append(edge.target)
                if key in others:
                    return _joined(key, came_from, leads_to)
        if not following or len(came_from) + len(leads_to) > MAX_SYMBOLS:
            return []
        if forward:
            front = following
        else:
            back = following
    return []


def _joined(
    middle: Key,
    came_from: dict[Key, tuple[Key | None, Target, Use | None]],
    leads_to: dict[Key, tuple[Key | None, Target, Use | None]],
) -> list[Reached]:
    steps: list[tuple[Target, Use | None]] = []
    key: Key | None = middle
    while key is not None:
        previous, target, via = came_from[key]
        steps.append((target, via))
        key = previous
    steps.reverse()
    key, _, via = leads_to[middle]
    while key is not None:
        following, target, further = leads_to[key]
        steps.append((target, via))
        key, via = following, further
    return [Reached(target, depth, via) for depth, (target, via) in enumerate(steps)]


class Ranked(NamedTuple):
    target: Target
    score: float
    """Share of a random walk's time; all scores sum to at most 1."""


def related(
    snapshot: Snapshot,
    seeds: list[Target],
    limit: int = 30,
    token: CancelToken | None = None,
    max_symbols: int = 300,
) -> list[Ranked]:
    """What a random walk that keeps returning to `seeds` visits most, best first, without them.

    Personalised PageRank by forward push (Andersen, Chung, Lang: Local graph partitioning using
    PageRank vectors, 2006) over edges in both directions, weighted by kind.
    """
    if not seeds:
        return []
    edges = Edges(snapshot, token)
    targets: dict[Key, Target] = {seed.key: seed for seed in seeds}
    score: dict[Key, float] = defaultdict(float)
    residue: dict[Key, float] = dict.fromkeys(targets, 1 / len(targets))
    neighbours: dict[Key, list[tuple[Key, float]]] = {}
    queue = deque(targets)
    while queue and len(neighbours) < max_symbols:
        key = queue.popleft()
        mass = residue.get(key, 0.0)
        if key not in neighbours:
            neighbours[key] = _weighted(edges, targets[key], targets)
        near = neighbours[key]
        if mass < _RESIDUE * max(1, len(near)):
            continue
        residue[key] = 0.0
        score[key] += _RESTART * mass
        total = sum(weight for _, weight in near)
        for other, weight in near:
            before = residue.get(other, 0.0)
            residue[other] = before + (1 - _RESTART) * mass * weight / total
            if before < _RESIDUE <= residue[other]:
                queue.append(other)
    for key, mass in residue.items():
        score[key] += _RESTART * mass
    seeded = {seed.key for seed in seeds}
    ranked = sorted(
        (Ranked(targets[key], value) for key, value in score.items() if key not in seeded),
        key=lambda item: (-item.score, item.target.path, item.target.name_span.start),
    )
    return ranked[:limit]


def _weighted(edges: Edges, target: Target, targets: dict[Key, Target]) -> list[tuple[Key, float]]:
    weights: dict[Key, float] = defaultdict(float)
    for edge in [*edges.outgoing(target), *edges.incoming(target), *_family(edges, target)]:
        if edge.target.kind == "module":
            continue
        targets.setdefault(edge.target.key, edge.target)
        weights[edge.target.key] += _WEIGHT[edge.kind]
    return list(weights.items())


def _family(edges: Edges, target: Target) -> Iterator[Edge]:
    """The class around a member."""
    facts = edges.resolver.facts(target.path)
    if facts is None or target.symbol < 0:
        return
    parent = facts.symbols[target.symbol].parent
    if parent >= 0:
        yield Edge(edges.resolver.target_of(target.path, parent), "member", None)
