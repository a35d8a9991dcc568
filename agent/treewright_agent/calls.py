"""Call: an operation by name with its arguments, the form in which changes are decided.

Recipes offer calls, models emit them, proposals keep them and training files repeat them;
the SourceChange is planned from them only when somebody wants to see it.
"""

from __future__ import annotations

import json
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


def calls_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Call, ...]:
    return tuple(Call(str(row["operation"]), dict(row["arguments"])) for row in rows)
