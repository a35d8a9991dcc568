"""The graph's answers as rows of plain data, for the command line and for LSP commands.

`{"path", "line", "end_line", "column", "name", "kind", "container", "confidence", "text"}`:
`path` relative to its folder, lines and columns from 1, columns in code points. `impact` and
`path` add `depth` and, where a use led there, `via`; `related` adds `score`; a row of `cycles` is
`{"files": […]}`, each file of which imports the next and the last one the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError, UnknownFileError

if TYPE_CHECKING:
    from treewright_indexer.graph import Target, Use
    from treewright_indexer.graph.walks import Reached
    from treewright_indexer.snapshot import Snapshot

Relation = Literal[
    "definitions", "references", "callers", "callees", "subclasses", "importers", "tests",
    "overrides", "implementations", "impact", "path", "related", "cycles", "dead",
]  # fmt: skip
RELATIONS: tuple[Relation, ...] = get_args(Relation)
WITHOUT_SYMBOL: frozenset[Relation] = frozenset({"cycles", "dead"})
"""Questions about the whole workspace."""


def rows(
    snapshot: Snapshot,
    relation: Relation,
    symbol: str,
    token: CancelToken,
    *,
    to: str = "",
    depth: int = 3,
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """Neighbours of every definition that `symbol` (`name`, `Class.method`) names.

    `to` ends a `path`; `depth` bounds `impact`. Raises UnknownFileError when nothing has that name.
    """
    if relation in WITHOUT_SYMBOL:
        return _of_workspace(snapshot, relation, token, limit)
    targets = _named(snapshot, symbol, token)
    if relation in ("impact", "path", "related"):
        goals = _named(snapshot, to, token) if relation == "path" else []
        return _walked(snapshot, relation, targets, goals, token, depth, limit)
    return _neighbours(snapshot, relation, targets, token)[:limit]


def _named(snapshot: Snapshot, symbol: str, token: CancelToken) -> list[Target]:
    from treewright_indexer import graph

    targets = graph.targets_named(snapshot, symbol, token) if symbol else []
    if not targets:
        raise UnknownFileError(f"no symbol named {symbol!r}" if symbol else "a symbol is missing")
    return targets


def _of_workspace(
    snapshot: Snapshot, relation: Relation, token: CancelToken, limit: int
) -> list[dict[str, Any]]:
    if relation == "cycles":
        from treewright_indexer.graph.modules import import_cycles

        circles = import_cycles(snapshot, token)[:limit]
        return [{"files": [snapshot.display_path(path) for path in circle]} for circle in circles]
    from treewright_indexer.graph.dead import dead

    return [_target_row(snapshot, target) for target in dead(snapshot, token, limit)]


def _walked(
    snapshot: Snapshot,
    relation: Relation,
    targets: list[Target],
    goals: list[Target],
    token: CancelToken,
    depth: int,
    limit: int,
) -> list[dict[str, Any]]:
    from treewright_indexer.graph import walks

    if relation == "related":
        ranked = walks.related(snapshot, targets, limit, token)
        return [_target_row(snapshot, r.target) | {"score": round(r.score, 6)} for r in ranked]
    if relation == "impact":
        reached = [r for t in targets for r in walks.impact(snapshot, t, depth, token, limit)]
        reached.sort(key=lambda step: step.depth)
        nearest = list({step.target.key: step for step in reversed(reached)}.values())[::-1]
        return [_step_row(snapshot, step) for step in nearest[:limit]]
    ways = [
        way
        for start in targets
        for goal in goals
        if (way := walks.shortest_path(snapshot, start, goal, token))
    ]
    if not ways:
        return []
    return [_step_row(snapshot, step) for step in min(ways, key=len)]


def _neighbours(
    snapshot: Snapshot, relation: Relation, targets: list[Target], token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer import graph
    from treewright_indexer.graph import hierarchy

    found: dict[tuple[str, int], dict[str, Any]] = {}

    def add_target(target: Target) -> None:
        key = target.path, target.name_span.start
        found.setdefault(key, _target_row(snapshot, target))

    def add_use(use: Use) -> None:
        found.setdefault((use.path, use.span.start), _use_row(snapshot, use))

    for target in targets:
        token.check()
        if relation == "definitions":
            add_target(target)
        elif relation == "references":
            for use in graph.references(snapshot, target, token):
                add_use(use)
        elif relation == "callers":
            for use in graph.callers(snapshot, target, token):
                add_use(use)
        elif relation == "importers":
            for use in graph.importers(snapshot, target, token):
                add_use(use)
        elif relation == "callees":
            for other in graph.callees(snapshot, target, token):
                add_target(other)
        elif relation == "subclasses":
            for other in graph.subclasses(snapshot, target, token):
                add_target(other)
        elif relation == "overrides":
            for other in hierarchy.overrides(snapshot, target, token):
                add_target(other)
        elif relation == "implementations":
            for other in hierarchy.implementations(snapshot, target, token):
                add_target(other)
        else:
            for other in graph.tests_of(snapshot, target, token):
                add_target(other)
    return [found[key] for key in sorted(found)]


def _row(snapshot: Snapshot, path: str, start: int, end: int) -> dict[str, Any]:
    try:
        text = snapshot.text(path)
    except TreewrightError:  # it vanished while it was being answered about
        return {"path": snapshot.display_path(path), "line": 1, "column": 1, "text": ""}
    line = text.line_of(start)
    first, last = text.line_span(line)
    return {
        "path": snapshot.display_path(path),
        "line": line + 1,
        "end_line": text.line_of(max(start, end - 1)) + 1,
        "column": len(text.data[first:start].decode("utf-8", "replace")) + 1,
        "text": text.data[first:last].decode("utf-8", "replace").strip(),
    }


def _target_row(snapshot: Snapshot, target: Target) -> dict[str, Any]:
    row = _row(snapshot, target.path, target.name_span.start, target.span.end)
    row |= {
        "name": target.name,
        "kind": target.kind,
        "container": target.container,
        "confidence": str(target.confidence),
    }
    return row


def _step_row(snapshot: Snapshot, step: Reached) -> dict[str, Any]:
    row = _target_row(snapshot, step.target) | {"depth": step.depth}
    if step.via is not None:
        row["via"] = _use_row(snapshot, step.via)
    return row


def _use_row(snapshot: Snapshot, use: Use) -> dict[str, Any]:
    row = _row(snapshot, use.path, use.span.start, use.span.end)
    row |= {
        "name": snapshot.text(use.path).slice(use.span),
        "kind": use.role.name.lower(),
        "container": use.enclosing,
        "confidence": str(use.confidence),
    }
    return row
