"""What a request's parameters hold; what does not fit is refused with the name of the field."""

from __future__ import annotations

from typing import Any

from treewright_indexer.errors import ArgumentsError, InvalidPositionError
from treewright_server.convert import to_path
from treewright_server.plain import is_list, is_object


def member(params: Any, *path: str) -> Any:
    """A field that must be there. Raises ArgumentsError."""
    value = params
    for depth, key in enumerate(path):
        if not is_object(value) or key not in value:
            raise ArgumentsError(f"{'.'.join(path[: depth + 1])}: missing")
        value = value[key]
    return value


def string(params: Any, *path: str) -> str:
    value = member(params, *path)
    if not isinstance(value, str):
        raise ArgumentsError(f"{'.'.join(path)}: expected a string")
    return value


def objects(params: Any, *path: str) -> list[dict[str, Any]]:
    value = member(params, *path)
    if not is_list(value) or not all(is_object(item) for item in value):
        raise ArgumentsError(f"{'.'.join(path)}: expected a list of objects")
    return value


def uri_of(params: Any) -> str:
    return string(params, "textDocument", "uri")


def path_of(params: Any) -> str:
    """The path of `textDocument.uri`."""
    return to_path(string(params, "textDocument", "uri"))


def number(value: Any, name: str) -> int:
    """A count from 0 up. Some clients write whole numbers as 3.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArgumentsError(f"{name}: expected a whole number")
    if value < 0:
        raise InvalidPositionError(f"{name}: expected a number from 0 up, got {value}")
    return value


def place(position: Any, name: str = "position") -> tuple[int, int]:
    """Line and column of an LSP position. Raises ArgumentsError, InvalidPositionError."""
    if not is_object(position):
        raise ArgumentsError(f"{name}: expected a line and a character")
    return (
        number(position.get("line"), f"{name}.line"),
        number(position.get("character"), f"{name}.character"),
    )


def ends(range_: Any, name: str = "range") -> tuple[tuple[int, int], tuple[int, int]]:
    """Start and end of an LSP range, each as line and column."""
    if not is_object(range_):
        raise ArgumentsError(f"{name}: expected a start and an end")
    return place(range_.get("start"), f"{name}.start"), place(range_.get("end"), f"{name}.end")
