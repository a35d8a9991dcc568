"""Places as callers name them: a symbol, or a file and a line. Rows as callers read them."""

from __future__ import annotations

from typing import Any

from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import ToolError, Trouble
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph import Target, Use, targets_named
from treewright_indexer.model import Symbol
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span


def targets(bench: Bench, symbol: str) -> list[Target]:
    """Every definition that `symbol` names: `name`, `Class.method`, `pkg.mod.name`,
    `path/to/file.py::Class.method`. Raises ToolError when there is none."""
    file, separator, dotted = symbol.strip().rpartition("::")
    dotted = dotted.replace("::", ".").removesuffix("()")
    if not dotted:
        raise ToolError("symbol: give a name", Trouble.ARGUMENTS)
    found = targets_named(bench.snapshot, dotted, bench.token)
    if separator:
        path = bench.path(file.split("::")[0])
        inner = ".".join([*file.split("::")[1:], dotted])
        if inner != dotted:
            found = targets_named(bench.snapshot, inner, bench.token)
        found = [target for target in found if target.path == path]
    if found:
        return found
    name = dotted.rpartition(".")[2]
    near = bench.snapshot.symbols_matching(name, 5)
    hint = ", ".join(dict.fromkeys(f"{hit.name} ({bench.shown(hit.path)})" for hit in near))
    raise ToolError(
        f"no symbol named {symbol!r}" + (f"; there is {hint}" if hint else ""), Trouble.NOT_FOUND
    )


def one_target(bench: Bench, symbol: str) -> Target:
    """The one definition; several are listed in the error for the caller to choose from."""
    found = targets(bench, symbol)
    if len(found) > 1:
        listed = "; ".join(f"{name_of(bench, t)} (line {line_of(bench, t)})" for t in found[:10])
        raise ToolError(
            f"{symbol!r} names {len(found)} definitions: {listed}. Say which one",
            Trouble.NOT_FOUND,
            candidates=[name_of(bench, target) for target in found[:50]],
        )
    return found[0]


def name_of(bench: Bench, target: Target) -> str:
    """`path/to/file.py::Class.method`, which names it alone and can be given back."""
    dotted = f"{target.container}.{target.name}" if target.container else target.name
    return f"{bench.shown(target.path)}::{dotted}"


def line_of(bench: Bench, target: Target) -> int:
    return bench.snapshot.text(target.path).line_of(target.name_span.start) + 1


def target_row(bench: Bench, target: Target) -> dict[str, Any]:
    text = bench.snapshot.text(target.path)
    return {
        "symbol": name_of(bench, target),
        "kind": target.kind,
        "file": bench.shown(target.path),
        "line": text.line_of(target.name_span.start) + 1,
        "end_line": text.line_of(max(target.span.start, target.span.end - 1)) + 1,
        "confidence": target.confidence.value,
    }


def use_row(bench: Bench, use: Use) -> dict[str, Any]:
    text = bench.snapshot.text(use.path)
    line = text.line_of(use.span.start)
    return {
        "file": bench.shown(use.path),
        "line": line + 1,
        "column": column_of(text, use.span.start),
        "role": use.role.name.lower(),
        "inside": use.enclosing,
        "confidence": use.confidence.value,
        "text": text.slice(text.line_span(line)).strip()[:200],
    }


def column_of(text: SourceText, offset: int) -> int:
    """From 1, in code points."""
    start = text.line_span(text.line_of(offset)).start
    return len(text.data[start:offset].decode("utf-8", "replace")) + 1


def offset_of(text: SourceText, line: int, column: int) -> int:
    """Bytes; `line` and `column` (code points) from 1. Raises ToolError."""
    if not 1 <= line <= text.n_lines:
        raise ToolError(f"line {line}: the file has {text.n_lines} lines", Trouble.RANGE)
    start, end = text.line_span(line - 1)
    string = text.data[start:end].decode("utf-8", "replace")
    return start + len(string[: max(0, column - 1)].encode())


def symbol_rows(snapshot: Snapshot, path: str) -> list[dict[str, Any]]:
    """The file's outline: nested, in order."""
    try:
        outline, text = snapshot.outline(path), snapshot.text(path)
    except TreewrightError as error:
        raise ToolError(str(error)) from error
    rows: list[dict[str, Any]] = []
    by_index: dict[int, dict[str, Any]] = {}
    for index, symbol in enumerate(outline):
        row = _symbol_row(text, symbol)
        by_index[index] = row
        parent = by_index.get(symbol.parent)
        if parent is None:
            rows.append(row)
        else:
            parent.setdefault("children", []).append(row)
    return rows


def _symbol_row(text: SourceText, symbol: Symbol) -> dict[str, Any]:
    return {
        "name": symbol.name,
        "kind": symbol.kind,
        "line": text.line_of(symbol.name_start) + 1,
        "end_line": text.line_of(max(symbol.start, symbol.end - 1)) + 1,
        "signature": symbol.signature,
    }


def code_of(bench: Bench, target: Target) -> str:
    """The whole definition, from the start of its first line."""
    text = bench.snapshot.text(target.path)
    start = text.line_span(text.line_of(target.span.start)).start
    return text.slice(Span(start, target.span.end))
