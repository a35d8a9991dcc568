"""The symbols and files around one symbol, as a picture wants them: nodes, links, depths.

**Invariant.** The same snapshot gives the same neighbourhood, and every bound that cut something
off is said: `truncated` for the whole, `more` for each symbol whose own neighbours are not all in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Confidence, Target, Use
from treewright_indexer.graph.modules import imports_of
from treewright_indexer.graph.neighbours import importers
from treewright_indexer.graph.walks import Edge, Edges, Key
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

Mode = Literal["around", "callers", "callees", "imports", "inheritance", "impact"]
MODES: tuple[Mode, ...] = ("around", "callers", "callees", "imports", "inheritance", "impact")

_KINDS: dict[Mode, frozenset[str]] = {
    "around": frozenset({"call", "inherit", "override", "use"}),
    "callers": frozenset({"call"}),
    "callees": frozenset({"call"}),
    "inheritance": frozenset({"inherit", "override"}),
    "impact": frozenset({"call", "inherit", "override", "use"}),
    "imports": frozenset({"import"}),
}
_INWARD: frozenset[Mode] = frozenset({"around", "callers", "inheritance", "impact", "imports"})
_OUTWARD: frozenset[Mode] = frozenset({"around", "callees", "inheritance", "imports"})


class Node(NamedTuple):
    """`depth` counts steps: below 0 for what uses the centre, above for what it uses."""

    target: Target
    depth: int
    more: bool


class Link(NamedTuple):
    """`source` uses `target`."""

    source: Key
    target: Key
    kind: str
    """call inherit override use import"""
    confidence: Confidence
    via: Use | None


class Neighbourhood(NamedTuple):
    centre: Target
    nodes: list[Node]
    links: list[Link]
    truncated: bool


def neighbourhood(
    snapshot: Snapshot,
    centre: Target,
    mode: Mode,
    depth: int,
    limit: int,
    token: CancelToken | None = None,
) -> Neighbourhood:
    """Up to `limit` symbols within `depth` steps of `centre`, nearest first, both sides in turn."""
    walk = _Walk(snapshot, mode, token)
    if mode == "imports":
        centre = walk.edges.resolver.module(centre.path, Confidence.EXACT)
    depths: dict[Key, tuple[Target, int]] = {centre.key: (centre, 0)}
    links: dict[tuple[Key, Key, str], Link] = {}
    open_ends: set[Key] = set()
    queue = deque([(centre, 0)])
    truncated = False
    while queue:
        here, at = queue.popleft()
        for edge, inward in walk.around(here, at):
            other = edge.target
            side = -1 if inward else 1
            known = other.key in depths
            if not known and (abs(at) >= depth or len(depths) >= limit):
                open_ends.add(here.key)
                truncated = truncated or len(depths) >= limit
                continue
            if not known:
                depths[other.key] = (other, at + side)
                queue.append((other, at + side))
            source, target = (other, here) if inward else (here, other)
            confidence = edge.via.confidence if edge.via is not None else other.confidence
            link = Link(source.key, target.key, edge.kind, confidence, edge.via)
            links.setdefault((source.key, target.key, edge.kind), link)
    nodes = [Node(target, at, key in open_ends) for key, (target, at) in depths.items()]
    return Neighbourhood(centre, nodes, list(links.values()), truncated)


class _Walk:
    def __init__(self, snapshot: Snapshot, mode: Mode, token: CancelToken | None) -> None:
        self.snapshot = snapshot
        self.mode: Mode = mode
        self.edges = Edges(snapshot, token)

    def around(self, here: Target, depth: int) -> Iterator[tuple[Edge, bool]]:
        """(edge, whether it comes in). Away from the centre the walk goes on in one direction,
        so that the callers of a callee, which have nothing to do with the centre, stay out."""
        kinds = _KINDS[self.mode]
        if self.mode in _INWARD and depth <= 0:
            for edge in self._incoming(here):
                if edge.kind in kinds:
                    yield edge, True
        if self.mode in _OUTWARD and depth >= 0:
            for edge in self._outgoing(here):
                if edge.kind in kinds:
                    yield edge, False

    def _incoming(self, here: Target) -> Iterator[Edge]:
        if self.mode != "imports":
            # A module has no callers of its own; what it imports is another picture.
            yield from self.edges.incoming(here) if here.kind != "module" else ()
            return
        seen: set[str] = {here.path}
        for use in importers(self.snapshot, here, self.edges.token):
            if use.path not in seen:
                seen.add(use.path)
                yield Edge(self.edges.resolver.module(use.path, use.confidence), "import", use)

    def _outgoing(self, here: Target) -> Iterator[Edge]:
        if self.mode != "imports":
            yield from self.edges.outgoing(here) if here.kind != "module" else ()
            return
        seen: set[str] = {here.path}
        for edge in imports_of(self.snapshot, here.path):
            if edge.target in seen:
                continue
            seen.add(edge.target)
            module = self.edges.resolver.module(edge.target, Confidence.IMPORT)
            span = Span(edge.start, edge.start)
            use = Use(here.path, span, Role.IMPORT, False, Confidence.IMPORT, "")
            yield Edge(module, "import", use)
