"""Operations by name on the command line: `treewright apply PATH rename_symbol symbol=f new_name=g`.

`name=value` gives an argument; a value that is not text by the operation's schema is JSON.
`at=FILE:LINE[:COLUMN][-LINE[:COLUMN]]` says a place as `treewright graph` prints it: lines and
columns count from 1, columns in characters, and the end of a range is exclusive.
"""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.errors import ArgumentsError
from treewright_server.cli.support import DONE, painter, print_json

if TYPE_CHECKING:
    from treewright_agent.calls import Call
    from treewright_indexer.text import SourceText

_PLACE = re.compile(
    r"(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?(?:-(?P<last>\d+)(?::(?P<end>\d+))?)?"
)


def call_of(name: str, given: Iterable[str], root: str, read: Callable[[str], SourceText]) -> Call:
    """The call that `NAME argument=value …` means. `read` gives a file's text by absolute path.

    Raises ArgumentsError that names the argument; the operation itself checks the values.
    """
    from treewright_agent.calls import Call
    from treewright_agent.operations import operation_named
    from treewright_agent.operations.model import schema

    properties: dict[str, Any] = schema(operation_named(name))["properties"]
    arguments: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals:
            raise ArgumentsError(f"{name}: {each!r} is not ARGUMENT=VALUE, such as new_name=total")
        if key == "at":
            arguments |= _place(name, value, properties, root, read)
        else:
            arguments[key] = _value(value, properties.get(key, {}))
    return Call(name, arguments)


def _value(text: str, schema: dict[str, Any]) -> Any:
    """Text where the schema takes text; else JSON, and what is no JSON is left to the check."""
    kinds = [schema, *schema.get("anyOf", [])]
    if any(kind.get("type") == "string" for kind in kinds):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _place(
    name: str, text: str, takes: dict[str, Any], root: str, read: Callable[[str], SourceText]
) -> dict[str, Any]:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ArgumentsError(
            f"{name}: at={text}: write FILE:LINE:COLUMN, or FILE:LINE:COLUMN-LINE:COLUMN"
        )
    path = os.path.normpath(os.path.join(root, match["path"]))
    source = read(path)
    start = _offset(source, text, int(match["line"]), match["column"], at_end=False)
    result: dict[str, Any] = {"file_path" if "file_path" in takes else "path": path}
    if match["last"] is None:
        fields = {"offset": start} if "offset" in takes else {"start": start, "end": start}
    else:
        end = _offset(source, text, int(match["last"]), match["end"], at_end=True)
        if end < start:
            raise ArgumentsError(f"{name}: at={text}: the range ends before it starts")
        fields = {"start": start, "end": end}
    unknown = [field for field in fields if field not in takes]
    if unknown:
        raise ArgumentsError(f"{name}: at={text}: this operation takes no {' or '.join(unknown)}")
    return result | fields


def _offset(source: SourceText, place: str, line: int, column: str | None, *, at_end: bool) -> int:
    """The byte of a line and column. Without a column: the line's first word, or its end."""
    if not 1 <= line <= source.n_lines:
        raise ArgumentsError(f"at={place}: the file has {source.n_lines} lines")
    span = source.line_span(line - 1)
    text = source.slice(span)
    if column is None:
        characters = len(text) if at_end else len(text) - len(text.lstrip())
    else:
        characters = int(column) - 1
        if not 0 <= characters <= len(text):
            raise ArgumentsError(f"at={place}: line {line} has {len(text)} columns")
    return span.start + len(text[:characters].encode())


def run(arguments: Namespace) -> int:
    """`treewright operations [NAME]`: what can be applied, and with which arguments."""
    from treewright_agent.operations import OPERATIONS, operation_named
    from treewright_agent.operations.model import schema

    if arguments.name is None:
        rows = sorted(OPERATIONS, key=lambda operation: operation.name)
        if arguments.json:
            print_json(
                [_row(operation.name, operation.title, schema(operation)) for operation in rows]
            )
            return DONE
        paint = painter()
        width = max(len(operation.name) for operation in rows)
        for operation in rows:
            print(f"{paint('bold', operation.name.ljust(width))}  {operation.title}")
        return DONE
    operation = operation_named(arguments.name)
    whole = schema(operation)
    if arguments.json:
        print_json(_row(operation.name, operation.title, whole))
        return DONE
    paint = painter()
    print(f"{paint('bold', operation.name)}: {operation.title}\n\n{operation.description}\n")
    required = set(whole.get("required", []))
    for key, about in whole["properties"].items():
        needed = "" if key in required else paint("dim", " (optional)")
        print(f"  {paint('cyan', key)}{needed}  {about.get('description', '')}".rstrip())
    return DONE


def _row(name: str, title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": title, "schema": schema}
