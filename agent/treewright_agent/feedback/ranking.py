"""What a user tends to take, from recorded outcomes: a rate per key, shrunk to its parent's.

A key goes from the general to the special (`add_import`, `add_import json`, …). The rate of a
key with few outcomes stays near that of the key above it (Beta-Binomial with the parent's rate
as prior mean and a fixed weight; Efron and Morris, Stein's estimation rule, 1973), so one
refusal does not banish an offer and two hundred decide. Older outcomes count less.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from treewright_agent.calls import Call
from treewright_agent.feedback.outcomes import KEPT, Outcome
from treewright_agent.feedback.reading import Decision, ProposalRow

PRIOR_RATE = 0.5


class Shape(NamedTuple):
    """What the rates are computed with; the defaults ship, others must pass the gate."""

    prior_weight: float = 4.0
    """So many outcomes of a key weigh as much as what is known of its parent."""
    half_life_s: float = 60 * 86_400.0
    ignored: float = 0.25
    """An offer that expired says a quarter of what a rejection says."""


SHIPPED = Shape()


class Known(NamedTuple):
    """What is known of one key, for people: what was kept, out of how much, and what that makes
    expect once it is shrunk to the key above."""

    key: str
    kept: float
    weight: float
    share: float


class Rate(NamedTuple):
    """`share` that is kept, out of `weight` outcomes (older ones count less)."""

    share: float
    weight: float


@dataclass(slots=True)
class Ranking:
    """Rates by key. `now` in seconds since 1970 decides how old an outcome is."""

    now: float
    shape: Shape = SHIPPED
    _kept: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _all: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _above: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Each key with those above it, the key itself last."""

    @classmethod
    def of(
        cls, rows: Iterable[ProposalRow | Decision], now: float, shape: Shape = SHIPPED
    ) -> Ranking:
        ranking = cls(now, shape)
        for row in rows:
            ranking.add(keys_of(calls_of(row), row.operations), row.outcome, row.time)
        return ranking

    def add(self, keys: Sequence[str], outcome: Outcome, time: float) -> None:
        """Count one outcome for every key. What was only shown says nothing."""
        if outcome in (Outcome.SHOWN, Outcome.PREVIEWED):
            return
        weight = 0.5 ** (max(0.0, self.now - time) / self.shape.half_life_s)
        if outcome is Outcome.EXPIRED:
            weight *= self.shape.ignored
        for place, key in enumerate(dict.fromkeys(keys), 1):
            self._above.setdefault(key, tuple(keys[:place]))
            self._all[key] += weight
            self._kept[key] += weight * (outcome in KEPT)

    def rate(self, keys: Sequence[str]) -> Rate:
        """The rate of the last, most special key, each shrunk to the one before it."""
        share, weight = PRIOR_RATE, 0.0
        prior = self.shape.prior_weight
        for key in keys:
            weight = self._all.get(key, 0.0)
            kept = self._kept.get(key, 0.0)
            share = (kept + prior * share) / (weight + prior)
        return Rate(share, weight)

    def taste(self, calls: Sequence[Call]) -> tuple[float, float]:
        """For `recipes.arrange`: the rate of offers like `calls`, and how much says so."""
        share, weight = self.rate(keys_of(calls, tuple(call.operation for call in calls)))
        return share, weight

    def boost(self, calls: Sequence[Call]) -> float:
        """Log odds of being kept: 0 when nothing is known, above when users take it."""
        share = self.rate(keys_of(calls, tuple(call.operation for call in calls))).share
        return math.log(share / (1 - share))

    def known(self) -> list[Known]:
        """Every key with what it says, the special ones below the general."""
        return [
            Known(key, self._kept[key], self._all[key], self.rate(keys).share)
            for key, keys in sorted(self._above.items(), key=lambda item: item[1])
        ]

    def explain(self, calls: Sequence[Call]) -> str:
        """In words, why `calls` rank as they do."""
        keys = keys_of(calls, tuple(call.operation for call in calls))
        parts = [
            f"{key}: kept {self._kept[key]:.1f} of {self._all[key]:.1f}"
            for key in keys
            if self._all.get(key)
        ]
        rate = self.rate(keys)
        return f"{100 * rate.share:.0f} % expected ({'; '.join(parts) or 'nothing recorded yet'})"


def calls_of(row: ProposalRow | Decision) -> list[Call]:
    return [Call(str(call.get("operation", "")), call.get("arguments") or {}) for call in row.calls]


_TELLING = ("module", "name", "code", "mode", "kind")
"""Arguments by which offers of one operation differ in a way that users have tastes about."""


def keys_of(calls: Sequence[Call], operations: Sequence[str]) -> tuple[str, ...]:
    """From general to special: the operation, then its telling arguments one after the other."""
    if not operations:
        return ("",)
    key = " + ".join(operations)
    keys = ["any", key]
    if len(calls) == 1:
        for name in _TELLING:
            value = calls[0].arguments.get(name)
            if isinstance(value, str):
                key = f"{key} {name}={value}"
                keys.append(key)
    return tuple(keys)
