"""The nouns of recipes: RecipeContext, Offer, Recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic
from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


@dataclass(frozen=True, slots=True)
class RecipeContext:
    """What the user points at: a span of one file and the diagnostics that touch it."""

    snapshot: Snapshot
    path: str
    span: Span
    diagnostics: tuple[Diagnostic, ...] = ()
    token: CancelToken = field(default_factory=CancelToken)
    only: tuple[str, ...] | None = None
    """The kinds that are asked for, parents of others among them; None: whatever there is."""

    def wants(self, *kinds: str) -> bool:
        """Whether an offer of one of `kinds`, or of a kind below, is asked for."""
        if self.only is None:
            return True
        return any(
            not asked
            or kind == asked
            or kind.startswith(asked + ".")
            or asked.startswith(kind + ".")
            for asked in self.only
            for kind in kinds
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of the menu: a title and the operation calls that do it when chosen.

    `kind` is `quickfix`, `refactor.…` or `source.…`. At most one offer per diagnostic is
    `preferred`: the one that an editor may apply without asking which.
    """

    title: str
    kind: str
    calls: tuple[Call, ...]
    diagnostic: Diagnostic | None = None
    preferred: bool = False
    lazy: bool = False
    """Too much to plan before somebody chooses it: only for clients that resolve."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A rule: what it looks at and what it offers. `offer` is cheap and edits nothing."""

    id: str
    title: str
    offer: Callable[[RecipeContext], list[Offer]]
