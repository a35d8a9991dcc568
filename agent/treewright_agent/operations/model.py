"""The nouns of operations: Operation, Arguments, and how arguments are checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
from msgspec.structs import FieldInfo

from treewright_agent.changes import SourceChange
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.snapshot import Snapshot

Behaviour = Literal["kept", "changed"]
"""Whether the operation promises that the program does the same afterwards."""


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every operation's arguments. Fields carry their description:

        name: Annotated[str, msgspec.Meta(description="…")] = ""

    A default makes a field optional. Paths are absolute, positions are UTF-8 byte offsets.
    """


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Operation(Generic[A]):
    """A named change with typed arguments; see the package for how to add one."""

    name: str
    title: str
    """What a menu says: `Rename symbol`."""
    arguments: type[A]
    plan: Callable[[Snapshot, A, CancelToken], SourceChange]
    """Raises RefusedError with the reason when the result cannot be proven, ArgumentsError
    for arguments that do not fit the workspace, CancelledError. Touches nothing."""
    document: str
    """The `__doc__` of its module: title, what it does, one example."""
    kind: str = "refactor"
    """The code action kind: `quickfix`, `refactor.extract`, `source.organizeImports`, …"""
    behaviour: Behaviour = "kept"
    effect: Literal["edits"] = "edits"

    @property
    def description(self) -> str:
        """For people and models: the module's docstring without its title and example."""
        return described(self.document)


@dataclass(frozen=True, slots=True)
class Example:
    """The example of a docstring: two workspaces as fixture text, and the arguments."""

    before: str
    arguments: Mapping[str, Any]
    after: str


_ARROW = re.compile(r"^[ \t]*->(?P<arguments>.*)$", re.MULTILINE)


def described(document: str) -> str:
    """The prose of an operation's docstring, without the example, one paragraph a line."""
    kept: list[str] = []
    for block in re.split(r"\n[ \t]*\n", document.strip()):
        lines = block.split("\n")
        if lines[0].startswith((" ", "\t")):
            continue
        kept.append(" ".join(line.strip() for line in lines))
    title, _, rest = kept[0].partition(": ") if kept else ("", "", "")
    kept[:1] = [rest[:1].upper() + rest[1:] if rest else title]
    return "\n".join(kept)


def example_of(document: str) -> Example:
    """The indented example of an operation's docstring:

            before
        -> {"argument": value}
            after

    Raises ValueError when there is none.
    """
    import json
    import textwrap

    blocks = [b for b in re.split(r"\n(?=\S)", document.strip()) if _ARROW.search(b)]
    if not blocks:
        raise ValueError("the docstring has no example: before, `-> {arguments}`, after")
    lines = blocks[0].split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith((" ", "\t")))
    text = textwrap.dedent("\n".join(lines[first:]))
    match = _ARROW.search(text)
    assert match is not None
    arguments = match["arguments"].strip()
    given: dict[str, Any] = json.loads(arguments) if arguments else {}
    before, after = text[: match.start()], text[match.end() :]
    return Example(before.strip("\n") + "\n", given, after.strip("\n") + "\n")


# -------------------------------------------------------------------- arguments

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")


def checked(operation: Operation[A], given: Mapping[str, Any]) -> A:
    """The typed arguments. Raises ArgumentsError that names the field and what it should be."""
    fields = _fields(operation.arguments)
    unknown = [name for name in given if name not in fields]
    if unknown:
        near = get_close_matches(unknown[0], fields, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ArgumentsError(
            f"{operation.name}: no argument {unknown[0]!r}{hint} It takes {', '.join(fields)}"
        )
    missing = [name for name, field in fields.items() if field.required and name not in given]
    if missing:
        about = _about(operation, missing[0])
        raise ArgumentsError(f"{operation.name}: {missing[0]} is missing{about}")
    try:
        return msgspec.convert(dict(given), operation.arguments)
    except msgspec.ValidationError as error:
        message = str(error)
        match = _PLACE.search(message)
        if match is None:
            raise ArgumentsError(f"{operation.name}: {message}") from error
        place = match["place"]
        what = message[: match.start()]
        about = _about(operation, re.split(r"[.\[]", place)[0])
        raise ArgumentsError(f"{operation.name}: {place}: {what}{about}") from error


@cache
def _fields(arguments: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(arguments)}


def _about(operation: Operation[Any], name: str) -> str:
    described_as = schema(operation)["properties"].get(name, {}).get("description", "")
    return f" ({described_as})" if described_as else ""


def schema(operation: Operation[Any]) -> dict[str, Any]:
    """The JSON schema of the arguments: one object, without references unless it is
    recursive, as models and other protocols want it."""
    (whole,), definitions = msgspec.json.schema_components(
        [operation.arguments], ref_template="#/$defs/{name}"
    )
    name = str(whole["$ref"]).rpartition("/")[2]
    flat = cast(dict[str, Any], _inlined(definitions[name], definitions, (name,)))
    flat.pop("title", None)
    flat["description"] = operation.description
    return flat


def _inlined(value: Any, definitions: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_inlined(each, definitions, within) for each in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    mapping = cast(dict[str, Any], value)
    reference = mapping.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name not in within:
            inner = cast(dict[str, Any], _inlined(definitions[name], definitions, (*within, name)))
            inner.pop("title", None)
            rest = {key: each for key, each in mapping.items() if key != "$ref"}
            return inner | rest
        return {"type": "object"}
    return {key: _inlined(each, definitions, within) for key, each in mapping.items()}
