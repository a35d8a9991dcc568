"""Tools that follow the code graph: references, callers, callees, impact, tests_of, graph."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, Trouble, tool
from treewright_agent.tools.places import (
    line_of,
    name_of,
    offset_of,
    one_target,
    target_row,
    targets,
    use_row,
)
from treewright_indexer import graph as edges
from treewright_indexer.graph.walks import impact as reach

Some = Annotated[int, msgspec.Meta(ge=1, le=500)]


@tool(Effect.READS, "graph")
def references(bench: Bench, symbol: str, limit: Some = 200) -> dict[str, Any]:
    """Every use of a symbol in the workspace, with how sure it is. Strings and comments are not
    uses.

    Args:
    symbol: `name`, `Class.method` or `file.py::Class.method`
    limit: at most this many
    """
    target = one_target(bench, symbol)
    uses = edges.references(bench.snapshot, target, bench.token)
    return _uses(bench, name_of(bench, target), uses, limit)


@tool(Effect.READS, "graph")
def callers(bench: Bench, symbol: str, limit: Some = 100) -> dict[str, Any]:
    """The places that call a function, method or class.

    Args:
    symbol: `name`, `Class.method` or `file.py::Class.method`
    limit: at most this many
    """
    target = one_target(bench, symbol)
    return _uses(
        bench, name_of(bench, target), edges.callers(bench.snapshot, target, bench.token), limit
    )


def _uses(bench: Bench, symbol: str, uses: list[edges.Use], limit: int) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "references": [use_row(bench, use) for use in uses[:limit]],
        "total": len(uses),
        "files": len({use.path for use in uses}),
        "truncated": len(uses) > limit,
    }


@tool(Effect.READS, "graph")
def callees(bench: Bench, symbol: str) -> dict[str, Any]:
    """What a function's body calls, as far as it is known.

    Args:
    symbol: `name`, `Class.method` or `file.py::Class.method`
    """
    target = one_target(bench, symbol)
    found = edges.callees(bench.snapshot, target, bench.token)
    return {"symbol": name_of(bench, target), "callees": [target_row(bench, t) for t in found]}


@tool(Effect.READS, "graph")
def impact(
    bench: Bench, symbol: str, depth: Annotated[int, msgspec.Meta(ge=1, le=6)] = 3
) -> dict[str, Any]:
    """What a change of a symbol can reach: its users, their users and so on, nearest first.

    Args:
    symbol: `name`, `Class.method` or `file.py::Class.method`
    depth: how many steps
    """
    target = one_target(bench, symbol)
    reached = reach(bench.snapshot, target, depth, bench.token)
    return {
        "symbol": name_of(bench, target),
        "reached": [
            {
                "symbol": name_of(bench, each.target),
                "steps": each.depth,
                "line": line_of(bench, each.target),
            }
            for each in reached[:200]
        ],
        "total": len(reached),
    }


@tool(Effect.READS, "graph")
def tests_of(bench: Bench, symbol: str) -> dict[str, Any]:
    """The test functions that name a symbol.

    Args:
    symbol: `name`, `Class.method` or `file.py::Class.method`
    """
    target = one_target(bench, symbol)
    found = edges.tests_of(bench.snapshot, target, bench.token)
    return {"symbol": name_of(bench, target), "tests": [name_of(bench, test) for test in found]}


@tool(Effect.READS, "graph")
def graph(bench: Bench, symbols: list[str]) -> dict[str, Any]:
    """The part of the code graph around some symbols: nodes, and who calls, inherits or tests
    whom.

    Args:
    symbols: names as for references
    """
    snapshot, token = bench.snapshot, bench.token
    nodes: dict[str, dict[str, Any]] = {}
    found: list[dict[str, str]] = []

    def node(target: edges.Target) -> str:
        name = name_of(bench, target)
        nodes.setdefault(name, target_row(bench, target))
        return name

    for symbol in symbols[:10]:
        for target in targets(bench, symbol):
            name = node(target)
            for callee in edges.callees(snapshot, target, token):
                found.append({"from": name, "to": node(callee), "kind": "calls"})
            for use in edges.callers(snapshot, target, token):
                found.append(
                    {"from": use.enclosing or bench.shown(use.path), "to": name, "kind": "calls"}
                )
            if target.kind == "class":
                for subclass in edges.subclasses(snapshot, target, token):
                    found.append({"from": node(subclass), "to": name, "kind": "inherits"})
            for test in edges.tests_of(snapshot, target, token):
                found.append({"from": node(test), "to": name, "kind": "tests"})
    unique = list({tuple(sorted(edge.items())): edge for edge in found}.values())
    return {"nodes": list(nodes.values()), "edges": unique}


@tool(Effect.READS, "graph")
def infer_type(
    bench: Bench,
    file_path: str,
    line: Annotated[int, msgspec.Meta(ge=1)],
    column: Annotated[int, msgspec.Meta(ge=1)],
) -> dict[str, Any]:
    """The type of the expression at a place; says "unknown" when it is not known.

    Args:
    file_path: relative to the workspace root
    line: from 1
    column: from 1, in characters
    """
    from treewright_agent.tools.inference import type_at

    path, text = bench.file(file_path)
    if not path.endswith((".py", ".pyi")):
        raise ToolError(f"{file_path}: types are inferred for Python only", Trouble.UNAVAILABLE)
    return type_at(bench, path, text, offset_of(text, line, column))


TOOLS = (references, callers, callees, impact, tests_of, graph, infer_type)
