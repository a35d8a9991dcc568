"""Operators: each looks at a Scope and puts its candidates there.

A cost is about -log of how often such an edit was the repair; the order of this table does
not matter. Adding an operator: a function `(scope) -> None` and its name here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from treewright_agent.repair.model import Candidate
from treewright_agent.repair.mutate import (
    blocks,
    calls,
    expressions,
    guards,
    signatures,
    statements,
    values,
)
from treewright_agent.repair.mutate.scope import Clues, Scope

__all__ = ["LATE", "OPERATORS", "Clues", "Scope", "generate"]

OPERATORS: tuple[Callable[[Scope], None], ...] = (
    expressions.comparisons,
    expressions.arithmetic,
    expressions.logic,
    expressions.truth,
    expressions.constants,
    expressions.constant_to_variable,
    expressions.names,
    expressions.exchanged,
    expressions.attributes,
    expressions.more_attributes,
    expressions.items,
    expressions.new_slices,
    expressions.off_by_one,
    expressions.shrink,
    expressions.lists,
    expressions.concatenation,
    expressions.parallel_parts,
    expressions.comprehensions,
    expressions.formatted,
    calls.callees,
    calls.arguments,
    calls.stars,
    calls.passed_on,
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
    statements.late_binding,
    blocks.siblings,
    blocks.rests,
    blocks.paired,
    blocks.yields,
    guards.conditions,
    guards.returned_conditions,
    guards.guards,
    guards.conditioned,
    signatures.mutable_defaults,
    signatures.defaults,
    signatures.decorators,
    signatures.base_initialiser,
    signatures.handlers,
    signatures.try_around,
    signatures.undefined,
    signatures.missing_attribute,
    values.second_keys,
    values.one_more,
    values.in_text,
    values.field_factories,
)


LATE: tuple[Callable[[Scope], None], ...] = (
    expressions.ingredients,
    statements.copies,
    statements.method_calls,
    calls.recursions,
    guards.guarded_steps,
    values.lengths,
    values.absent,
)
"""Many candidates of which few are right: only tried when nothing else was."""


# What the difference between result and expectation speaks for: hint -> texts of the repair.
_SPEAKS_FOR: dict[str, tuple[str, ...]] = {
    "order": ("sorted(", ".sort(", "reverse=True"),
    "reversed": ("[::-1]", "reversed(", "reverse=True", ".reverse("),
    "case": (".lower()", ".upper()", ".title()", ".capitalize()", ".casefold()"),
    "blanks": (".strip()", ".rstrip()", ".lstrip()", ".split()"),
    "sign": ("abs(", "-"),
    "rounded": ("round(", "int(", "//", ".1f", ".2f", ".0f", ".3f"),
    "whole": ("//", "int(", "round("),
    "to list": ("list(", "sorted(", "[", ".append("),
    "to tuple": ("tuple(",),
    "to set": ("set(",),
    "to dict": ("dict(",),
    "to text": ("str(", "join(", "f'", 'f"'),
    "to number": ("int(", "float(", "len(", "sum("),
    "twice": ("set(", "not in", "break", "continue", "fromkeys("),
    "none": ("return",),
}


def hinted(candidate: Candidate, hints: frozenset[str]) -> Candidate:
    """Cheaper when its text is what one of the hints speaks for."""
    bonus = 0.0
    for hint in hints:
        if any(text in edit.text for text in _SPEAKS_FOR.get(hint, ()) for edit in candidate.edits):
            bonus = max(bonus, 0.8)
        if hint == "one" and "off by one" in candidate.kind:
            bonus = max(bonus, 0.3)
    return replace(candidate, cost=candidate.cost - bonus) if bonus else candidate


def generate(
    scope: Scope, operators: tuple[Callable[[Scope], None], ...] = OPERATORS
) -> list[Candidate]:
    """Every candidate of one scope, cheapest first, no two with the same edits."""
    for operator in operators:
        operator(scope)
    best: dict[tuple[object, ...], Candidate] = {}
    for found in scope.found:
        candidate = hinted(found, scope.clues.hints) if scope.clues.hints else found
        known = best.get(candidate.edits)
        if known is None or candidate.cost < known.cost:
            best[candidate.edits] = candidate
    return sorted(best.values(), key=lambda candidate: (candidate.cost, candidate.edits))
