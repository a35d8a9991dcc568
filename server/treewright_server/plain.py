"""Plain data as it came over the wire, looked at without trusting its shape."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def field(value: object, *path: str) -> Any:
    """What stands under `path`, or None where there is nothing or no object on the way."""
    for key in path:
        if not is_object(value):
            return None
        value = value.get(key)
    return value


def items(value: object) -> list[Any]:
    """The list, or nothing for anything else."""
    return value if is_list(value) else []


def strings(value: object) -> list[str]:
    return [item for item in items(value) if isinstance(item, str)]
