"""Tools that find code: search, context, parse, symbols, search_symbols."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, tool
from treewright_agent.tools.places import (
    code_of,
    name_of,
    one_target,
    symbol_rows,
    target_row,
    use_row,
)
from treewright_indexer import graph
from treewright_indexer.errors import TreewrightError

Few = Annotated[int, msgspec.Meta(ge=1, le=50)]


@tool(Effect.READS, "find")
def search(bench: Bench, query: str, k: Few = 8) -> dict[str, Any]:
    """Find code by words, identifiers or meaning; best first.

    Args:
    query: what the code does or is called
    k: how many results
    """
    from treewright_agent.context import find_hits

    hits = find_hits(bench.snapshot, query, k, bench.token)
    return {"results": hits, "message": "" if hits else "nothing found"}


@tool(Effect.READS, "find")
def context(
    bench: Bench, symbol: str, tokens: Annotated[int, msgspec.Meta(ge=100, le=8_000)] = 2_000
) -> dict[str, Any]:
    """A symbol's definition with what surrounds it: its callers, callees and tests.

    Args:
    symbol: `name`, `Class.method` or `file.py::Class.method`
    tokens: about how long the answer may be
    """
    from treewright_agent.models.tokens import estimate

    target = one_target(bench, symbol)
    row: dict[str, Any] = {**target_row(bench, target), "code": code_of(bench, target)}
    left = tokens - estimate(row["code"])
    snapshot, token = bench.snapshot, bench.token
    for key, uses in (("callers", graph.callers(snapshot, target, token)),):
        rows = [use_row(bench, use) for use in uses[:20]]
        left -= 30 * len(rows)
        row[key] = rows
    row["callees"] = [name_of(bench, callee) for callee in graph.callees(snapshot, target, token)]
    row["tests"] = [name_of(bench, test) for test in graph.tests_of(snapshot, target, token)]
    shown: list[dict[str, Any]] = []
    for callee in graph.callees(snapshot, target, token):
        code = code_of(bench, callee)
        cost = estimate(code)
        if cost <= left:
            left -= cost
            shown.append({"symbol": name_of(bench, callee), "code": code})
    row["definitions"] = shown
    return row


@tool(Effect.READS, "find")
def symbols(bench: Bench, file_path: str) -> dict[str, Any]:
    """The outline of a file: classes, functions, methods with their lines and signatures.

    Args:
    file_path: relative to the workspace root
    """
    path, text = bench.file(file_path)
    return {
        "file": bench.shown(path),
        "symbols": symbol_rows(bench.snapshot, path),
        "total_lines": text.n_lines,
    }


@tool(Effect.READS, "find")
def parse(bench: Bench, file_path: str) -> dict[str, Any]:
    """Parse a file and list its syntax errors; says which language it is.

    Args:
    file_path: relative to the workspace root
    """
    path, text = bench.file(file_path)
    language = bench.snapshot.language(path)
    if language is None:
        raise ToolError(f"{file_path}: no grammar for this kind of file")
    try:
        tree = bench.snapshot.tree(path)
    except TreewrightError as error:
        raise ToolError(str(error)) from error
    errors: list[dict[str, Any]] = []
    pending = [tree.root_node]
    while pending and len(errors) < 50:
        node = pending.pop()
        if node.is_error or node.is_missing:
            line = text.line_of(node.start_byte)
            what = f"missing {node.type}" if node.is_missing else "syntax error"
            errors.append(
                {
                    "line": line + 1,
                    "message": what,
                    "text": text.slice(text.line_span(line)).strip()[:120],
                }
            )
        if node.has_error:
            pending += reversed(node.children)
    return {"file": bench.shown(path), "language": language.id, "errors": errors, "ok": not errors}


@tool(Effect.READS, "find")
def search_symbols(bench: Bench, query: str, limit: Few = 20) -> dict[str, Any]:
    """Find definitions by name; letters may be left out.

    Args:
    query: a name or its letters in order
    limit: how many
    """
    hits = bench.snapshot.symbols_matching(query, limit)
    return {
        "symbols": [
            {
                "symbol": f"{bench.shown(hit.path)}::{hit.container + '.' if hit.container else ''}{hit.name}",
                "kind": hit.kind,
                "file": bench.shown(hit.path),
                "line": hit.line + 1,
            }
            for hit in hits
        ]
    }


TOOLS = (search, context, symbols, parse, search_symbols)
