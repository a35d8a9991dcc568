"""Operators: each looks at a Scope and puts its candidates there.

A cost is about -log of how often such an edit was the repair; the order of this table does
not matter. Adding an operator: a function `(scope) -> None` and its name here.
"""

from __future__ import annotations

from collections.abc import Callable

from treewright_agent.repair.model import Candidate
from treewright_agent.repair.mutate import (
    calls,
    expressions,
    guards,
    signatures,
    statements,
)
from treewright_agent.repair.mutate.scope import Clues, Scope

__all__ = ["OPERATORS", "Clues", "Scope", "generate"]

OPERATORS: tuple[Callable[[Scope], None], ...] = (
    expressions.comparisons,
    expressions.arithmetic,
    expressions.logic,
    expressions.truth,
    expressions.constants,
    expressions.names,
    expressions.attributes,
    expressions.more_attributes,
    expressions.items,
    expressions.new_slices,
    expressions.off_by_one,
    expressions.shrink,
    expressions.lists,
    expressions.concatenation,
    expressions.comprehensions,
    expressions.formatted,
    calls.callees,
    calls.arguments,
    calls.stars,
    calls.unwraps,
    calls.wraps,
    calls.awaiting,
    statements.deletions,
    statements.moves,
    statements.keywords,
    statements.together,
    statements.returns,
    statements.early_exits,
    statements.insertions,
    statements.similar,
    statements.copies,
    statements.late_binding,
    guards.conditions,
    guards.guards,
    signatures.mutable_defaults,
    signatures.defaults,
    signatures.decorators,
    signatures.base_initialiser,
    signatures.handlers,
    signatures.try_around,
    signatures.undefined,
    signatures.missing_attribute,
)


def generate(scope: Scope) -> list[Candidate]:
    """Every candidate of one scope, cheapest first, no two with the same edits."""
    for operator in OPERATORS:
        operator(scope)
    best: dict[tuple[object, ...], Candidate] = {}
    for candidate in scope.found:
        known = best.get(candidate.edits)
        if known is None or candidate.cost < known.cost:
            best[candidate.edits] = candidate
    return sorted(best.values(), key=lambda candidate: (candidate.cost, candidate.edits))
