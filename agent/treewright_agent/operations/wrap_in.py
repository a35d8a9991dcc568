"""Wrap in: put whole statements into a `try`, a `with`, an `if` or a loop.

The selected statements move in by one step, with their comments. `header` is what the new
statement says: the exceptions of a `try` (`Exception`), the context of a `with`, the condition of
an `if` or a `while`, `item in items` of a `for`. A handler raises again until somebody writes one.

    def f(path):
        $0data = read(path)$0
        return data
    -> {"construct": "try", "header": "OSError"}
    def f(path):
        try:
            data = read(path)
        except OSError:
            raise
        return data
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    chain_at,
    find_unit,
    indent_lines,
    kept,
    python_at,
    require_own_lines,
    require_sound,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

Construct = Literal["try", "try_finally", "with", "if", "for", "while"]
_DEFAULTS: dict[str, str] = {"try": "Exception", "if": "True", "while": "True"}
_HEADS: dict[str, str] = {
    "try": "try:", "try_finally": "try:", "with": "with {}:", "if": "if {}:",
    "for": "for {}:", "while": "while {}:",
}  # fmt: skip
_IMMOVABLE = frozenset({"future_import_statement", "global_statement", "nonlocal_statement"})


class WrapIn(Place, frozen=True, kw_only=True):
    construct: Annotated[Construct, msgspec.Meta(description="What to wrap the statements in.")]
    header: Annotated[
        str, msgspec.Meta(description="Exceptions, context, condition, or `item in items`.")
    ] = ""


def _plan(snapshot: Snapshot, arguments: WrapIn, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "wrap_in")
    header = arguments.header.strip() or _DEFAULTS.get(arguments.construct, "")
    _require_header(arguments.construct, header)
    statements = chosen(file, span)
    for statement in statements:
        require_sound(statement)
        if statement.type in _IMMOVABLE:
            raise RefusedError(f"a {statement.type.replace('_', ' ')} cannot stand in a block")
    require_own_lines(file, statements[0], statements[-1])
    indent, unit = file.indentation(statements[0]), find_unit(file, statements[0])
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    start = file.line_start(statements[0].start_byte)
    editor.insert(start, f"{indent}{_HEADS[arguments.construct].format(header)}\n")
    last = file.text.line_span(file.text.line_of(statements[-1].end_byte - 1))
    indent_lines(file, editor, Span(start, last.end), unit)
    if arguments.construct == "try":
        editor.insert(last.end, f"\n{indent}except {header}:\n{indent}{unit}raise")
    elif arguments.construct == "try_finally":
        editor.insert(last.end, f"\n{indent}finally:\n{indent}{unit}{header or 'pass'}")
    return kept(file, build)


def chosen(file: PythonFile, span: Span) -> list[Node]:
    """The whole statements that a selection covers, or the one at the cursor."""
    if span.start < span.end:
        return file.statements_in(*span)
    for node in chain_at(file.root, span):
        if node.parent is not None and node.parent.type in ("block", "module"):
            if node.type != "comment":
                return [node]
            break
    raise RefusedError("there is no statement here")


def _require_header(construct: str, header: str) -> None:
    """Raises RefusedError when the header would not parse, or says too little."""
    if construct == "try_finally" and not header:
        return
    if not header:
        raise RefusedError(f"header: what should the `{construct}` say?")
    probe = {
        "try": f"try:\n pass\nexcept {header}:\n raise",
        "try_finally": header,
    }.get(construct, _HEADS[construct].format(header) + "\n pass")
    try:
        parsed = ast.parse(probe)
    except (SyntaxError, ValueError) as error:
        raise RefusedError(f"header: {header!r} does not fit a `{construct}`") from error
    if len(parsed.body) != 1 or "\n" in header:
        raise RefusedError(f"header: {header!r} is more than a header")


WRAP_IN = Operation(
    name="wrap_in",
    title="Wrap in try, with, if or a loop",
    arguments=WrapIn,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
