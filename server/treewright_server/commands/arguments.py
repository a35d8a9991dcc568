"""The one argument object that each command takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from treewright_indexer.errors import ArgumentsError

T = TypeVar("T")


def the_object(arguments: list[Any], command: str) -> dict[str, Any]:
    """The single object that a command is called with. Raises ArgumentsError."""
    if not arguments:
        return {}
    if len(arguments) != 1 or not isinstance(arguments[0], Mapping):
        raise ArgumentsError(f"{command} takes one object")
    return dict(cast("Mapping[str, Any]", arguments[0]))


def decoded(arguments: list[Any], command: str, kind: type[T]) -> T:
    """The same as a typed struct; the message names the field that does not fit."""
    try:
        return msgspec.convert(the_object(arguments, command), kind)
    except msgspec.ValidationError as error:
        raise ArgumentsError(f"{command}: {error}") from error
