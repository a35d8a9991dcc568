"""How much of what happens is recorded; the narrower of two levels always wins."""

from __future__ import annotations

from enum import StrEnum

from treewright_indexer.errors import ArgumentsError


class Level(StrEnum):
    """How much is recorded; nothing ever leaves the machine by itself."""

    OFF = "off"
    """Nothing."""
    OUTCOMES = "outcomes"
    """That something was proposed and what became of it; no code, no names, no arguments."""
    LOCAL = "local"
    """Also calls, code before and after: what a training file needs."""


def level_of(given: Level | str) -> Level:
    """Raises ArgumentsError for a word that is no level."""
    try:
        return Level(given)
    except ValueError as error:
        raise ArgumentsError(f"feedback level: {given!r} is none of {', '.join(Level)}") from error


def narrower(one: Level, other: Level) -> Level:
    order = list(Level)
    return order[min(order.index(one), order.index(other))]
