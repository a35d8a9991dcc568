"""The nouns of the graph: Occurrence, Target, Use."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from treewright_indexer.model import Role
from treewright_indexer.text import Span


class Confidence(StrEnum):
    """How sure the graph is that a use means its target, best first."""

    EXACT = "exact"
    """By scopes alone, inside one file."""
    IMPORT = "import"
    """Through imports, inheritance or the type that an annotation or constructor states."""
    UNIQUE = "unique"
    """The workspace has one definition of that name that the place can mean."""
    NAME = "name"
    """The names are equal; more is not known."""


class Location(NamedTuple):
    path: str
    span: Span


class Occurrence(NamedTuple):
    """An identifier in a file."""

    path: str
    name: str
    span: Span
    role: Role
    attribute: bool


class Target(NamedTuple):
    """What an occurrence means: a symbol, a local name, or a module.

    `symbol` is the index in the file's facts, or -1 for a local and a module; `scope` the
    index of the scope that binds a local, or -1. A module's span is empty, at 0.
    """

    path: str
    name: str
    name_span: Span
    span: Span
    kind: str
    symbol: int
    scope: int
    container: str
    confidence: Confidence

    @property
    def key(self) -> tuple[str, int]:
        """The same for every occurrence of one thing."""
        return self.path, -1 if self.kind == "module" else self.name_span.start


class Use(NamedTuple):
    """A place that uses a target. `enclosing` is the qualified name around it, or ''."""

    path: str
    span: Span
    role: Role
    attribute: bool
    confidence: Confidence
    enclosing: str
