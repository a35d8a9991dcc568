"""The order of a menu by what its user tends to take.

Rules decide what is offered and what is right; taste decides between offers that are all right.
So only quick fixes of one problem change places among themselves, and `preferred` moves only
between alternatives that one operation offers for it. Tastes come in as data: nothing here
knows where they were learned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from treewright_agent.calls import Call
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.recipes.model import Offer

Taste = Callable[[Sequence[Call]], tuple[float, float]]
"""calls -> (share of such offers that the user keeps, number of outcomes that says so)."""

CLEAR_SHARE, CLEAR_LEAD, CLEAR_WEIGHT = 0.7, 0.15, 5.0
"""An offer that no rule prefers is preferred when its user takes it this often, this much more
often than the next one, by this many outcomes."""

Found = tuple[str, Offer]


def arranged(found: Sequence[Found], taste: Taste) -> list[Found]:
    """`found` with the quick fixes of each problem in the order of taste; ties stay as they are."""
    places: defaultdict[Diagnostic, list[int]] = defaultdict(list)
    for index, (_, offer) in enumerate(found):
        if offer.diagnostic is not None and offer.kind.partition(".")[0] == "quickfix":
            places[offer.diagnostic].append(index)
    result = list(found)
    for indexes in places.values():
        if len(indexes) > 1:
            members = _group([found[index] for index in indexes], taste)
            for index, member in zip(indexes, members, strict=True):
                result[index] = member
    return result


def _group(members: list[Found], taste: Taste) -> list[Found]:
    tastes = {id(offer): taste(offer.calls) for _, offer in members}
    if not any(weight for _, weight in tastes.values()):
        return members
    # In steps of 5 %, so that a menu does not change with every single outcome.
    members = sorted(members, key=lambda member: -round(tastes[id(member[1])][0] * 20))
    chosen = _preferred([offer for _, offer in members], tastes)
    return [(name, replace(offer, preferred=offer is chosen)) for name, offer in members]


def _preferred(offers: list[Offer], tastes: dict[int, tuple[float, float]]) -> Offer | None:
    """The one that an editor may apply without asking: by rule, and among alternatives of the
    rule's choice by taste."""
    by_rule = next((offer for offer in offers if offer.preferred), None)
    first = by_rule or offers[0]
    alternatives = [o for o in offers if _names(o) == _names(first)]
    if len(alternatives) < 2:
        return by_rule
    best, second = alternatives[0], alternatives[1]
    share, weight = tastes[id(best)]
    clear = (
        share >= CLEAR_SHARE
        and weight >= CLEAR_WEIGHT
        and share - tastes[id(second)][0] >= CLEAR_LEAD
    )
    return best if clear else by_rule


def _names(offer: Offer) -> tuple[str, ...]:
    return tuple(call.operation for call in offer.calls)
