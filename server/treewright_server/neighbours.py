"""The graph's answers as rows of plain data, for the command line and for LSP commands.

`{"path", "line", "end_line", "column", "name", "kind", "container", "confidence", "text"}`:
`path` relative to its folder, lines and columns from 1, columns in code points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError, UnknownFileError

if TYPE_CHECKING:
    from treewright_indexer.graph import Target, Use
    from treewright_indexer.snapshot import Snapshot

Relation = Literal[
    "definitions", "references", "callers", "callees", "subclasses", "importers", "tests"
]
RELATIONS: tuple[Relation, ...] = (
    "definitions", "references", "callers", "callees", "subclasses", "importers", "tests",
)  # fmt: skip


def rows(
    snapshot: Snapshot, relation: Relation, symbol: str, token: CancelToken
) -> list[dict[str, Any]]:
    """Neighbours of every definition that `symbol` (`name`, `Class.method`) names.

    Raises UnknownFileError when nothing has that name.
    """
    from treewright_indexer import graph

    targets = graph.targets_named(snapshot, symbol, token)
    if not targets:
        raise UnknownFileError(f"no symbol named {symbol!r}")
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


def _use_row(snapshot: Snapshot, use: Use) -> dict[str, Any]:
    row = _row(snapshot, use.path, use.span.start, use.span.end)
    row |= {
        "name": snapshot.text(use.path).slice(use.span),
        "kind": use.role.name.lower(),
        "container": use.enclosing,
        "confidence": str(use.confidence),
    }
    return row
