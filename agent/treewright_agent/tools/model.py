"""The nouns of tools: Effect, Tool, ToolCall, ToolOutput, ToolError.

A Tool is a typed function whose signature and docstring are its schema. Its first parameter is
the Bench, the rest are what a caller may give. What it returns becomes the one envelope:

    {"status": "success" | "failure", "message": …, <data>, "truncated": …, "duration_ms": …}
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from treewright_indexer.errors import TreewrightError

if TYPE_CHECKING:
    from treewright_agent.tools.bench import Bench

MAX_TEXT = 20_000
"""Characters of one text in an output; the middle of a longer one is left out, and said so."""


class Effect(StrEnum):
    """What a tool can do. Only the first is possible for tasks that explain or review."""

    READS = "reads"
    EDITS = "edits"
    """Changes the task's draft, never a file."""
    RUNS = "runs"
    """Starts a program in the sandbox, on a copy."""
    NETWORK = "network"
    ASKS = "asks"
    """Waits for the user."""
    CONTROLS = "controls"
    """Forks, joins or ends the routine."""


class Trouble(StrEnum):
    """Kinds of failure that callers and the wire format tell apart."""

    UNKNOWN_TOOL = "unknown_tool"
    ARGUMENTS = "arguments"
    OUTSIDE = "outside_workspace"
    OUTSIDE_WORKDIR = "outside_workdir"
    BLOCKED = "blocked"
    TIMEOUT = "timeout"
    NO_FILE = "no_such_file"
    COMBINATION = "bad_combination"
    RANGE = "bad_range"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


class ToolError(TreewrightError):
    """A tool cannot do what it was asked; the message tells a model what to do instead."""

    def __init__(self, message: str, trouble: Trouble = Trouble.FAILED, **data: Any) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.data = data


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id: str = ""
    problem: str = ""
    """Why the arguments could not be read; the tool is then not run."""

    def to_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {"name": self.name, "arguments": dict(self.arguments)}
        if self.id:
            row["id"] = self.id
        return {**row, "problem": self.problem} if self.problem else row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> ToolCall:
        """Also of the seeds' other spellings: `tool_name`, `tool`."""
        name = row.get("name") or row.get("tool_name") or row.get("tool") or ""
        return cls(
            str(name),
            dict(row.get("arguments") or {}),
            str(row.get("id", "")),
            str(row.get("problem", "")),
        )


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The envelope. `data` never holds its own keys."""

    status: Literal["success", "failure"]
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    truncated: bool = False
    duration_ms: int = 0
    trouble: Trouble | None = None

    @property
    def ok(self) -> bool:
        return self.status == "success"

    def to_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {"status": self.status, "message": self.message, **self.data}
        row["truncated"] = self.truncated
        row["duration_ms"] = self.duration_ms
        if self.trouble is not None:
            row["error"] = self.trouble.value
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> ToolOutput:
        known = {"status", "message", "truncated", "duration_ms", "error"}
        error = row.get("error")
        return cls(
            "success" if row.get("status") == "success" else "failure",
            str(row.get("message", "")),
            {key: value for key, value in row.items() if key not in known},
            bool(row.get("truncated", False)),
            int(row.get("duration_ms", 0)),
            next((trouble for trouble in Trouble if trouble.value == error), None),
        )


ENVELOPE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"enum": ["success", "failure"]},
        "message": {"type": "string"},
        "truncated": {"type": "boolean"},
        "duration_ms": {"type": "integer", "minimum": 0},
        "error": {"enum": [trouble.value for trouble in Trouble]},
    },
    "required": ["status", "message", "truncated", "duration_ms"],
}


@dataclass(frozen=True)
class Tool:
    """See the module. `run` takes the bench and validated keyword arguments."""

    name: str
    run: Callable[..., Any]
    effect: Effect
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments; extra ones are refused."""
    arguments: type[msgspec.Struct] | None = None
    """What validates them; None where the parameters come from elsewhere, as an operation's."""
    group: str = ""
    """What it serves: read, find, graph, edit, check, run, git, web, control."""
    available: Callable[[Bench], str] = lambda bench: ""
    """Why it cannot be used on this bench, or ''."""

    @cached_property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": dict(self.parameters),
            },
        }

    def validated(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as `run` takes them. Raises ToolError naming the field."""
        if self.arguments is None:
            return dict(arguments)
        try:
            value = msgspec.convert(dict(arguments), self.arguments)
        except msgspec.ValidationError as error:
            raise ToolError(_named(str(error)), Trouble.ARGUMENTS) from error
        return {name: getattr(value, name) for name in self.arguments.__struct_fields__}


def tool(
    effect: Effect,
    group: str,
    *,
    name: str = "",
    available: Callable[[Bench], str] = lambda bench: "",
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a Tool of a function: its name, signature and docstring are the schema.

    The docstring's text up to `Args:` is the description; each `name: text` line below describes
    one parameter.
    """

    def wrap(function: Callable[..., Any]) -> Tool:
        text, described = _docstring(function)
        arguments, parameters = _parameters(function, described)
        return Tool(
            name or function.__name__,
            function,
            effect,
            text,
            parameters,
            arguments,
            group,
            available,
        )

    return wrap


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    text, _, rest = inspect.cleandoc(function.__doc__ or "").partition("\nArgs:\n")
    described: dict[str, str] = {}
    current = ""
    for line in rest.split("\n"):
        name, colon, what = line.strip().partition(": ")
        if colon and name.isidentifier() and not line.startswith("        "):
            current, described[name] = name, what
        elif current and line.strip():
            described[current] += " " + line.strip()
    return " ".join(text.split()), described


def _parameters(
    function: Callable[..., Any], described: Mapping[str, str]
) -> tuple[type[msgspec.Struct], dict[str, Any]]:
    hints = typing.get_type_hints(function, include_extras=True, localns={"Bench": object})
    signature = list(inspect.signature(function).parameters.values())[1:]
    fields: list[Any] = []
    for parameter in signature:
        hint = hints[parameter.name]
        if parameter.default is inspect.Parameter.empty:
            fields.append((parameter.name, hint))
        else:
            fields.append((parameter.name, hint, parameter.default))
    struct = msgspec.defstruct(
        function.__name__, fields, forbid_unknown_fields=True, kw_only=True, frozen=True
    )
    schema = schema_of(struct)
    for parameter in signature:
        if parameter.name in described:
            schema["properties"][parameter.name]["description"] = described[parameter.name]
        else:
            raise TypeError(
                f"{function.__name__}: the docstring does not describe {parameter.name}"
            )
    return struct, schema


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The struct's JSON schema without references and titles."""
    (schema,), components = msgspec.json.schema_components([struct], ref_template="{name}")

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(item) for item in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        row = cast("dict[str, Any]", node)
        if "$ref" in row:
            return resolved(components[row["$ref"]])
        return {key: resolved(value) for key, value in row.items() if key != "title"}

    found = resolved(schema)
    found.setdefault("required", [])
    found["additionalProperties"] = False
    return found


def _named(message: str) -> str:
    """msgspec's message with the field first: `k: expected an int, got a str`."""
    text, _, place = message.partition(" - at `$")
    field_name = place.rstrip("`").lstrip(".")
    text = text.replace("Object contains unknown field", "unknown argument").replace(
        "Object missing required field", "missing argument"
    )
    return f"{field_name}: {text}" if field_name else text


def shortened(text: str, limit: int = MAX_TEXT) -> tuple[str, bool]:
    """`text` with its middle left out when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text, False
    head, tail = limit * 2 // 3, limit // 3
    left_out = len(text) - head - tail
    return f"{text[:head]}\n… {left_out} characters left out …\n{text[-tail:]}", True
