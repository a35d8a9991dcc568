"""Every Operation as a tool, and `plan`, which runs a call that names one.

Models count lines, not bytes: where an operation wants an offset its tool takes a line (and a
column or the exact code), where it wants a span the tool takes the exact text. Paths are relative
to the workspace root. What goes into the draft's log is the operation's own arguments, so that a
replay needs no tool.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast

from treewright_agent.calls import Call
from treewright_agent.changes import SourceChange
from treewright_agent.operations import OPERATIONS, Operation, run, schema
from treewright_agent.operations.addressing import FIELDS, offered
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, Tool, ToolError, Trouble
from treewright_agent.tools.places import offset_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_PATHS = frozenset({"path", "file_path", "new_path", "to_path", "folder", "target_path"})
"""Arguments of operations that are paths, whichever operation they belong to."""

_LINE = {"type": "integer", "minimum": 1, "description": "line, from 1"}
_CODE = {
    "type": "string",
    "description": "the exact code on that line, to tell what is meant when the line has more",
}
_SELECTION = {
    "type": "string",
    "description": "the exact code to work on, as it stands in the file",
}


def plan(call: Call, snapshot: Snapshot, root: str, token: CancelToken) -> SourceChange:
    """The change of a call whose paths are relative to `root`. Raises what `operations.run` does."""
    return run(call.operation, absolute(call.arguments, root), snapshot, token)


def absolute(arguments: Mapping[str, Any], root: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in arguments.items():
        if key in _PATHS and isinstance(value, str) and value:
            value = os.path.normpath(os.path.join(root, value))
        elif key in ("paths", "files") and isinstance(value, list):
            items = cast("list[Any]", value)
            value = [
                os.path.normpath(os.path.join(root, i)) if isinstance(i, str) else i for i in items
            ]
        found[key] = value
    return found


def operation_tools(hidden: frozenset[str] = frozenset()) -> tuple[Tool, ...]:
    """One tool per operation but those in `hidden`, which have a tool of their own."""
    return tuple(_tool(operation) for operation in OPERATIONS if operation.name not in hidden)


def _tool(operation: Operation[Any]) -> Tool:
    def execute(bench: Bench, **arguments: Any) -> dict[str, Any]:
        call = Call(operation.name, _own_arguments(bench, operation, arguments))
        try:
            change = plan(call, bench.snapshot, bench.root, bench.token)
        except ArgumentsError as error:
            raise ToolError(str(error), Trouble.ARGUMENTS) from error
        row = bench.edit(call, change)
        notes = [f"{bench.shown(n.path)}: {n.text}" for n in change.notes[:20]]
        doubts = [
            f"{bench.shown(file.path)}: {edit.doubt}"
            for file in change.files
            for edit in file.edits
            if edit.doubt
        ]
        if notes:
            row["left_alone"] = notes
        if doubts:
            row["to_confirm"] = doubts[:20]
        row["message"] = f"{row['edits']} edits in {len(row['files'])} files"
        return row

    return Tool(
        operation.name,
        execute,
        Effect.EDITS,
        operation.description,
        _parameters(operation),
        None,
        "operation",
    )


def _parameters(operation: Operation[Any]) -> dict[str, Any]:
    parameters = schema(operation)
    parameters.pop("description", None)
    properties = dict(cast("dict[str, Any]", parameters["properties"]))
    required = [
        name for name in parameters.get("required", []) if name not in ("offset", "start", "end")
    ]
    if properties.pop("offset", None) is not None:
        if "symbol" not in properties and "symbol" in offered(
            operation.arguments.__struct_fields__
        ):
            properties["symbol"] = {"type": "string", "description": FIELDS["symbol"]}
            required = [name for name in required if name != "path"]
        properties["line"], properties["code"] = _LINE, _CODE
    if "start" in properties and "end" in properties:
        del properties["start"], properties["end"]
        properties["selection"], properties["line"] = _SELECTION, _LINE
    return {
        **parameters,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _own_arguments(
    bench: Bench, operation: Operation[Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """What the operation takes. Raises ToolError."""
    known = schema(operation)["properties"]
    arguments = dict(given)
    path: str | None = None
    for key in _PATHS & arguments.keys():
        if isinstance(arguments[key], str) and arguments[key]:
            found = bench.path(arguments[key])
            path = found if key in ("path", "file_path") else path
            arguments[key] = bench.shown(found)
    line, code = arguments.pop("line", None), arguments.pop("code", None)
    selection = arguments.pop("selection", None)
    if (line is None and selection is None) or ("offset" not in known and "start" not in known):
        return arguments
    if path is None:
        raise ToolError("line and selection need path", Trouble.COMBINATION)
    text = bench.snapshot.text(path)
    if "start" in known and selection is not None:
        arguments["start"], arguments["end"] = _span_of(text, selection, line)
    elif "offset" in known and isinstance(line, int):
        arguments["offset"] = _place(text, line, code)
    return arguments


def _span_of(text: SourceText, selection: str, line: int | None) -> tuple[int, int]:
    """The one place of `selection` (on `line` when it stands there more than once)."""
    wanted = selection.replace("\r\n", "\n").replace("\n", text.newline).encode()
    if not wanted.strip():
        raise ToolError("selection: it is empty", Trouble.ARGUMENTS)
    starts: list[int] = []
    at = text.data.find(wanted)
    while at >= 0 and len(starts) < 1_000:
        starts.append(at)
        at = text.data.find(wanted, at + 1)
    if line is not None:
        starts = [s for s in starts if text.line_of(s) + 1 == line] or starts
    if not starts:
        raise ToolError("selection: this text is not in the file; read it again", Trouble.NOT_FOUND)
    if len(starts) > 1:
        lines = ", ".join(str(text.line_of(s) + 1) for s in starts[:10])
        raise ToolError(f"selection: it stands on lines {lines}; say which line", Trouble.NOT_FOUND)
    return starts[0], starts[0] + len(wanted)


def _place(text: SourceText, line: int, code: str | None) -> int:
    """Byte offset of `code` on the line, or of the line's first character that is no space."""
    start = offset_of(text, line, 1)
    row = text.data[start : text.line_span(line - 1).end]
    if code:
        at = row.find(code.encode())
        if at < 0:
            raise ToolError(f"code: {code!r} is not on line {line}", Trouble.NOT_FOUND)
        return start + at
    return start + len(row) - len(row.lstrip())
