"""What agents of others are offered, under the names that they know.

Tools on a Bench, as the agent's own: they read one snapshot and edit a draft; `server` writes the
draft once it is verified.
"""

from __future__ import annotations

import os
from typing import Annotated, Any

import msgspec

from treewright_agent.calls import Call
from treewright_agent.context import find_hits
from treewright_agent.operations import run
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.checking import lint
from treewright_agent.tools.model import Effect, Tool, ToolError, Trouble, tool
from treewright_agent.tools.places import (
    code_of,
    name_of,
    offset_of,
    symbol_rows,
    target_row,
    targets,
    use_row,
)
from treewright_agent.tools.reading import search_text
from treewright_indexer import graph
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Target

Few = Annotated[int, msgspec.Meta(ge=1, le=100)]
Line = Annotated[int, msgspec.Meta(ge=1)]


def _named(bench: Bench, name_path: str, relative_path: str = "") -> list[Target]:
    """Definitions of `Class/method` (or `Class.method`), in one file or folder if given."""
    found = targets(bench, name_path.strip("/").replace("/", "."))
    if relative_path:
        place = bench.path(relative_path)
        found = [t for t in found if t.path == place or t.path.startswith(place + os.sep)]
    if not found:
        raise ToolError(f"no symbol {name_path!r} in {relative_path}", Trouble.NOT_FOUND)
    return found


def _one(bench: Bench, name_path: str, relative_path: str) -> Target:
    found = _named(bench, name_path, relative_path)
    if len(found) > 1:
        names = [name_of(bench, target) for target in found]
        raise ToolError(
            f"{name_path!r} names {len(found)} symbols: {', '.join(names[:10])}",
            Trouble.NOT_FOUND,
            candidates=names[:50],
        )
    return found[0]


@tool(Effect.READS, "mcp")
def get_symbols_overview(bench: Bench, relative_path: str) -> dict[str, Any]:
    """The outline of a file: classes, functions and methods with lines and signatures.

    Args:
    relative_path: file, relative to the workspace root
    """
    path, _ = bench.file(relative_path)
    return {"file": bench.shown(path), "symbols": symbol_rows(bench.snapshot, path)}


@tool(Effect.READS, "mcp")
def find_symbol(
    bench: Bench,
    name_path: str,
    relative_path: str = "",
    include_body: bool = False,
    substring_matching: bool = False,
    limit: Few = 20,
) -> dict[str, Any]:
    """Find definitions by name.

    Args:
    name_path: `name` or `Class/method`
    relative_path: only in this file or folder
    include_body: give the code too
    substring_matching: the letters may stand anywhere in the name
    limit: at most this many
    """
    if substring_matching:
        hits = bench.snapshot.symbols_matching(name_path, limit)
        found = [
            target
            for hit in hits
            for target in graph.targets_named(bench.snapshot, hit.name, bench.token)
            if (target.path, target.name_span.start) == (hit.path, hit.name_start)
        ]
    else:
        found = _named(bench, name_path, relative_path)
    rows: list[dict[str, Any]] = []
    for target in found[:limit]:
        row = target_row(bench, target)
        rows.append({**row, "body": code_of(bench, target)} if include_body else row)
    return {"symbols": rows, "total": len(found)}


@tool(Effect.READS, "mcp")
def find_referencing_symbols(
    bench: Bench, name_path: str, relative_path: str = "", limit: Few = 100
) -> dict[str, Any]:
    """Every use of a symbol, with the symbol that it stands in and how sure it is.

    Args:
    name_path: `name` or `Class/method`
    relative_path: the file that defines it
    limit: at most this many
    """
    target = _one(bench, name_path, relative_path)
    uses = graph.references(bench.snapshot, target, bench.token)
    return {
        "symbol": name_of(bench, target),
        "references": [use_row(bench, use) for use in uses[:limit]],
        "total": len(uses),
        "truncated": len(uses) > limit,
    }


@tool(Effect.READS, "mcp")
def find_declaration(bench: Bench, relative_path: str, line: Line, column: Line) -> dict[str, Any]:
    """Where the name at a place is defined.

    Args:
    relative_path: file, relative to the workspace root
    line: from 1
    column: from 1, in characters
    """
    path, text = bench.file(relative_path)
    found = graph.definitions(bench.snapshot, path, offset_of(text, line, column), bench.token)
    return {"declarations": [target_row(bench, target) for target in found]}


@tool(Effect.READS, "mcp")
def find_implementations(bench: Bench, name_path: str, relative_path: str = "") -> dict[str, Any]:
    """The classes that inherit from a class, or the methods that override a method.

    Args:
    name_path: `Class` or `Class/method`
    relative_path: the file that defines it
    """
    from treewright_indexer.graph.hierarchy import overrides

    target = _one(bench, name_path, relative_path)
    if target.kind == "class":
        found = graph.subclasses(bench.snapshot, target, bench.token)
    else:
        found = list(overrides(bench.snapshot, target, bench.token))
    return {"implementations": [target_row(bench, each) for each in found]}


@tool(Effect.READS, "mcp")
def get_diagnostics_for_file(bench: Bench, relative_path: str) -> dict[str, Any]:
    """Problems of a Python file, as the project's linter is configured.

    Args:
    relative_path: file, relative to the workspace root
    """
    return lint.run(bench, file_path=relative_path)


@tool(Effect.READS, "mcp")
def search_for_pattern(
    bench: Bench, pattern: str, file_pattern: str = "*", limit: Few = 50
) -> dict[str, Any]:
    """The lines that a regular expression matches.

    Args:
    pattern: a Python regular expression
    file_pattern: glob for the files
    limit: at most this many
    """
    return search_text.run(bench, pattern=pattern, file_pattern=file_pattern, limit=limit)


@tool(Effect.READS, "mcp")
def search(bench: Bench, query: str, top_k: Few = 8) -> dict[str, Any]:
    """Find code by words, identifiers or meaning, best first.

    Args:
    query: what the code does or is called
    top_k: how many results
    """
    return {"results": find_hits(bench.snapshot, query, top_k, bench.token)}


@tool(Effect.READS, "mcp")
def find_related(bench: Bench, file_path: str, line: Line, top_k: Few = 10) -> dict[str, Any]:
    """What has to do with the symbol at a line: callers, callees, its class, tests.

    Args:
    file_path: relative to the workspace root
    line: from 1
    top_k: how many
    """
    from treewright_indexer.graph.walks import related

    path, text = bench.file(file_path)
    start, end = text.line_span(min(line, text.n_lines) - 1)
    facts = bench.snapshot.file_facts(path)
    index = facts.symbol_at(max(start, end - 1))
    if index < 0:
        raise ToolError(f"no symbol at {file_path}:{line}", Trouble.NOT_FOUND)
    symbol = facts.symbols[index]
    seeds = [
        target
        for target in graph.targets_named(bench.snapshot, symbol.name, bench.token)
        if (target.path, target.name_span.start) == (path, symbol.name_start)
    ]
    ranked = related(bench.snapshot, seeds, top_k, bench.token)
    return {"related": [target_row(bench, each.target) for each in ranked]}


# -------------------------------------------------------------------- edits


def _replace(bench: Bench, target: Target, start: int, end: int, new: str) -> dict[str, Any]:
    arguments = {"path": target.path, "start": start, "end": end, "new": new}
    try:
        change = run("replace_text", arguments, bench.snapshot, bench.token)
    except RefusedError as error:
        raise ToolError(str(error), Trouble.REFUSED) from error
    shown = {**arguments, "path": bench.shown(target.path)}
    return bench.edit(Call("replace_text", shown), change)


@tool(Effect.EDITS, "mcp")
def replace_symbol_body(
    bench: Bench, name_path: str, body: str, relative_path: str = ""
) -> dict[str, Any]:
    """Replace a whole definition, decorators included, by new code.

    Args:
    name_path: `name` or `Class/method`
    body: the new definition, indented as it stands in the file
    relative_path: the file that defines it
    """
    target = _one(bench, name_path, relative_path)
    text = bench.snapshot.text(target.path)
    first = text.line_span(text.line_of(target.span.start)).start
    indent = text.data[first : target.span.start]
    start = first if not indent.strip() else target.span.start
    return _replace(bench, target, start, target.span.end, body.strip("\n"))


@tool(Effect.EDITS, "mcp")
def insert_before_symbol(
    bench: Bench, name_path: str, body: str, relative_path: str = ""
) -> dict[str, Any]:
    """Insert code before a definition.

    Args:
    name_path: `name` or `Class/method`
    body: the lines to insert, indented as they should stand
    relative_path: the file that defines it
    """
    target = _one(bench, name_path, relative_path)
    text = bench.snapshot.text(target.path)
    start = text.line_span(text.line_of(target.span.start)).start
    return _replace(bench, target, start, start, body.strip("\n") + "\n" + _gap(target))


@tool(Effect.EDITS, "mcp")
def insert_after_symbol(
    bench: Bench, name_path: str, body: str, relative_path: str = ""
) -> dict[str, Any]:
    """Insert code after a definition.

    Args:
    name_path: `name` or `Class/method`
    body: the lines to insert, indented as they should stand
    relative_path: the file that defines it
    """
    target = _one(bench, name_path, relative_path)
    text = bench.snapshot.text(target.path)
    end = text.line_span(text.line_of(max(target.span.start, target.span.end - 1))).end
    return _replace(bench, target, end, end, "\n" + _gap(target) + body.strip("\n"))


def _gap(target: Target) -> str:
    """Blank lines between definitions: two at the top of a file, one inside a class."""
    return "\n" if target.container else "\n\n"


@tool(Effect.EDITS, "mcp")
def rename_symbol(
    bench: Bench, name_path: str, new_name: str, relative_path: str = ""
) -> dict[str, Any]:
    """Rename a symbol and every use of it in the workspace.

    Args:
    name_path: `name` or `Class/method`
    new_name: what it is called afterwards
    relative_path: the file that defines it
    """
    target = _one(bench, name_path, relative_path)
    arguments = {"path": target.path, "offset": target.name_span.start, "new_name": new_name}
    change = run("rename_symbol", arguments, bench.snapshot, bench.token)
    shown = {**arguments, "path": bench.shown(target.path)}
    return bench.edit(Call("rename_symbol", shown), change)


@tool(Effect.EDITS, "mcp")
def safe_delete_symbol(bench: Bench, name_path: str, relative_path: str = "") -> dict[str, Any]:
    """Delete a definition that nothing uses; refused with the list of uses otherwise.

    Args:
    name_path: `name` or `Class/method`
    relative_path: the file that defines it
    """
    target = _one(bench, name_path, relative_path)
    uses = graph.references(bench.snapshot, target, bench.token, include_declaration=False)
    outside = [
        use
        for use in uses
        if use.path != target.path or not target.span.start <= use.span.start < target.span.end
    ]
    if outside:
        rows = [use_row(bench, use) for use in outside[:50]]
        places = ", ".join(f"{row['file']}:{row['line']}" for row in rows[:5])
        raise ToolError(
            f"{name_path} is used {len(outside)} times: {places}", Trouble.REFUSED, references=rows
        )
    text = bench.snapshot.text(target.path)
    start = text.line_span(text.line_of(target.span.start)).start
    last = text.line_of(max(target.span.start, target.span.end - 1))
    end = text.line_span(last, with_break=True).end
    while end < len(text.data) and not text.slice(text.line_span(text.line_of(end))).strip():
        end = text.line_span(text.line_of(end), with_break=True).end
        if end == len(text.data):
            break
    return _replace(bench, target, start, end, "")


READING: tuple[Tool, ...] = (
    get_symbols_overview, find_symbol, find_referencing_symbols, find_declaration,
    find_implementations, get_diagnostics_for_file, search_for_pattern, search, find_related,
)  # fmt: skip
EDITING: tuple[Tool, ...] = (
    replace_symbol_body, insert_before_symbol, insert_after_symbol, rename_symbol,
    safe_delete_symbol,
)  # fmt: skip
