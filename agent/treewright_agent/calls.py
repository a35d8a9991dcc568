"""Call: an operation by name with its arguments, the form in which changes are decided.

Recipes offer calls, models emit them, proposals keep them and training files repeat them;
the SourceChange is planned from them only when somebody wants to see it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Call(NamedTuple):
    """`arguments` are JSON values; the operation checks them when it is planned."""

    operation: str
    arguments: Mapping[str, Any]


def canonical_json(value: object) -> str:
    """The one text of a JSON value: sorted keys, no spaces, characters as themselves."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def calls_to_json(calls: Iterable[Call]) -> list[dict[str, Any]]:
    return [{"operation": call.operation, "arguments": dict(call.arguments)} for call in calls]


def relative_calls(calls: Iterable[Call], root: str) -> tuple[Call, ...]:
    """The calls with each path below `root` relative to it, with forward slashes: the same on
    every machine, and without the name of anybody's home folder."""
    prefix = root.rstrip(os.sep) + os.sep

    def relative(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(prefix):
            return value[len(prefix) :].replace(os.sep, "/")
        return value

    return tuple(
        Call(call.operation, {key: relative(value) for key, value in call.arguments.items()})
        for call in calls
    )


def absolute_calls(calls: Iterable[Call], root: str) -> tuple[Call, ...]:
    """The calls with each relative `path` below `root`: the way back of `relative_calls`."""

    def absolute(name: str, value: Any) -> Any:
        if not (name == "path" or name.endswith("_path")) or not isinstance(value, str):
            return value
        if not value or os.path.isabs(value):
            return value
        return os.path.normpath(os.path.join(root, *value.split("/")))

    return tuple(
        Call(call.operation, {key: absolute(key, value) for key, value in call.arguments.items()})
        for call in calls
    )


def calls_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Call, ...]:
    return tuple(Call(str(row["operation"]), dict(row["arguments"])) for row in rows)
