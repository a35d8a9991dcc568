"""The search: which candidates are tried, in which order, and when it is enough.

Single edits first, by cost; a first success sets how far the search goes on to find what else
would explain the tests. Then those that were stopped for time, those that need a fresh import,
and pairs of edits that each changed something.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from treewright_agent.repair.model import Candidate, Combination, Observed, TestCase
from treewright_agent.repair.session import HostSession, OutOfTimeError
from treewright_indexer.cancel import CancelToken

_MARGIN = 1.3
"""How much more than the first success a candidate may cost and still be tried."""
_MAX_PLAUSIBLE = 48
_CHUNK = 64
_LIKELY_PAIR = 6.5
"""What two edits may cost together and still be likelier than one rare edit."""

Progress = Callable[[str, int, int], None]
"""(what is being tried, candidates judged, plausible ones)"""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search may use. It ends by itself at the first of them."""

    cpu_s: float = 60.0
    wall_s: float = 90.0
    n_jobs: int = field(default_factory=lambda: max(1, min(4, os.cpu_count() or 1)))


@dataclass(slots=True)
class Verdict:
    combination: Combination
    passed: frozenset[int]
    changed: bool
    """It made a failing test fail in another way, or pass."""
    broke: bool


@dataclass(slots=True)
class Found:
    """What came of it. `partial` fix some of the failing tests and break none."""

    plausible: list[Combination] = field(default_factory=list[Combination])
    partial: list[Verdict] = field(default_factory=list[Verdict])
    n_tried: int = 0
    n_generated: int = 0
    cpu_s: float = 0.0
    stopped: str = ""
    """Why it ended before everything was tried: cpu, time, or ''."""


class Search:
    def __init__(
        self,
        session: HostSession,
        observed: Observed,
        targets: Sequence[TestCase],
        keep: Sequence[TestCase],
        budget: Budget,
        deadline: float,
        token: CancelToken,
        progress: Progress = lambda stage, done, found: None,
    ) -> None:
        self._session = session
        self._targets = [test.index for test in targets]
        self._collect = [name for name, _ in observed.errors]
        self._keep = keep
        self._budget = budget
        self._deadline = deadline
        self._token = token
        self._progress = progress
        self._baseline = {
            test.index: test.failed.signature for test in targets if test.failed is not None
        }
        self._signatures = {
            str(test.index): test.failed.signature
            for test in targets
            if test.failed is not None and test.outcome == "failed"
        }
        self._limit = self._first_limit(observed, targets)
        self._seen: set[tuple[object, ...]] = set()
        self._timed_out: list[Combination] = []
        self._fresh: list[Combination] = []
        self._verdicts: list[Verdict] = []
        self.found = Found()
        self._cost_limit = float("inf")
        self._first_cpu: float | None = None
        self._stage = ""

    @staticmethod
    def _first_limit(observed: Observed, targets: Sequence[TestCase]) -> float:
        """CPU seconds for one failing test: several times what passing tests need."""
        passing = [test.seconds for test in observed.passing]
        failing = [test.seconds for test in targets if test.outcome == "failed"]
        longest = max([*passing, *failing], default=0.0)
        return min(10.0, max(0.006, 12 * longest))

    # ---------------------------------------------------------------- the order of things

    def run(
        self, candidates: Sequence[Candidate], late: Callable[[], list[Candidate]] = list
    ) -> Found:
        """`late` gives more candidates when these hold no repair."""
        self.found.n_generated = len(candidates)
        singles = [Combination((c,)) for c in candidates]
        try:
            self._all(singles, late)
        except OutOfTimeError:
            self.found.stopped = "time"
        self.found.cpu_s = self._session.cpu_s
        self.found.partial = sorted(
            (v for v in self._verdicts if v.passed and not v.broke),
            key=lambda v: (-len(v.passed), v.combination.cost),
        )[:20]
        return self.found

    def _all(self, singles: list[Combination], late: Callable[[], list[Candidate]]) -> None:
        if self._collect:
            self._stage = "single edits, imported anew"
            self._attempt_fresh(singles, 0.8)
            return
        self._stage = "single edits"
        swapped = [c for c in singles if c.parts[0].unit is not None]
        self._fresh = [c for c in singles if c.parts[0].unit is None]
        self._attempt(swapped)
        self._stage = "edits outside functions"
        self._attempt_fresh(sorted(self._fresh, key=lambda c: c.cost), 0.45)
        if self.found.plausible:
            return
        # two faults with tests of their own are soon tried, slow candidates are not
        self._stage = "two edits"
        self._attempt([c for c in self._complements() if c.cost <= _LIKELY_PAIR])
        if self.found.plausible:
            return
        if self._timed_out:
            self._stage = "slow candidates"
            again = sorted(self._timed_out, key=lambda c: c.cost)[:80]
            self._timed_out = []
            self._limit = min(10.0, self._limit * 20)
            self._seen -= {_key(c) for c in again}
            self._attempt([c for c in again if _swappable(c)], share=0.6)
            # those that were imported anew are so again
            self._attempt_fresh([c for c in again if not _swappable(c)], 0.3)
            self._limit = max(0.006, self._limit / 20)
        if self.found.plausible:
            return
        self._stage = "two edits"
        together = list(self._complements())
        self._attempt([c for c in together if c.cost <= _LIKELY_PAIR])
        if not self.found.plausible:
            self._stage = "rare single edits"
            self._attempt([Combination((c,)) for c in late() if c.unit is not None], 0.6)
        self._stage = "two edits"
        if not self.found.plausible:
            self._attempt([c for c in together if c.cost > _LIKELY_PAIR])
        if not self.found.plausible:
            self._attempt(_ordered_pairs(self._verdicts, singles))

    def _spent(self, share: float = 1.0) -> bool:
        """Is the budget (or a share of it), or what follows a first success, used up?"""
        cpu = self._session.cpu_s
        if cpu > self._budget.cpu_s * share:
            self.found.stopped = "cpu"
            return True
        if time.monotonic() > self._deadline:
            self.found.stopped = "time"
            return True
        if len(self.found.plausible) >= _MAX_PLAUSIBLE:
            return True
        return self._first_cpu is not None and cpu > self._first_cpu + max(
            2.5, 1.5 * self._first_cpu
        )

    def _attempt(self, combinations: Sequence[Combination], share: float = 1.0) -> None:
        waiting = iter(combinations)
        while not self._spent(share):
            chunk = list(islice(self._unseen(waiting), _CHUNK * self._budget.n_jobs))
            if not chunk:
                return
            self._judge(chunk, fresh=False)

    def _attempt_fresh(self, combinations: Sequence[Combination], share: float) -> None:
        waiting = iter(combinations)
        began = self._session.cpu_s
        room = (self._budget.cpu_s - began) * share
        if self.found.plausible:
            room = min(room, max(1.0, began * 0.5))
        while not self._spent() and self._session.cpu_s - began < room:
            chunk = list(islice(self._unseen(waiting), 8 * self._budget.n_jobs))
            if not chunk:
                return
            self._judge(chunk, fresh=True)

    def _unseen(self, waiting: Iterator[Combination]) -> Iterator[Combination]:
        for combination in waiting:
            if combination.cost > self._cost_limit:
                return
            key = _key(combination)
            if key not in self._seen:
                self._seen.add(key)
                yield combination

    # ---------------------------------------------------------------- verdicts

    def _judge(self, chunk: Sequence[Combination], *, fresh: bool) -> None:
        self._token.check()
        numbered = dict(enumerate(chunk))
        request: dict[str, Any] = {
            "targets": self._targets,
            "keep": [test.index for test in self._keep],
            "collect": self._collect,
            "limit": self._limit,
            "keep_limits": {
                str(test.index): min(20.0, max(0.05, 10 * test.seconds)) for test in self._keep
            },
            "signatures": self._signatures,
            "every_target": True,
        }
        plausible: set[int] = set()
        rows = self._session.attempt(
            list(numbered.items()), request, self._token, self._deadline, fresh=fresh
        )
        for row in rows:
            combination = numbered.get(int(row.get("id", -1)))
            if combination is None:
                continue
            result = row["result"]
            self.found.n_tried += 1
            if result == "pass" and int(row["id"]) not in plausible:
                plausible.add(int(row["id"]))
                self._succeeded(combination)
            elif result == "timeout":
                self._timed_out.append(combination)
            elif result == "fresh":
                self._fresh.append(combination)
                self._seen.discard(_key(combination))
            if result in ("fail", "timeout"):
                self._note(combination, row)
        self._progress(self._stage, self.found.n_tried, len(self.found.plausible))

    def _succeeded(self, combination: Combination) -> None:
        self.found.plausible.append(combination)
        self._cost_limit = min(self._cost_limit, combination.cost + _MARGIN)
        if self._first_cpu is None:
            self._first_cpu = self._session.cpu_s

    def _note(self, combination: Combination, row: Mapping[str, Any]) -> None:
        passed = frozenset(int(index) for index in row.get("passed", ()) if isinstance(index, int))
        failed: Mapping[str, str] = row.get("failed", {})
        changed = bool(passed) or any(
            index.isdigit() and self._baseline.get(int(index)) != signature
            for index, signature in failed.items()
        )
        if changed:
            self._verdicts.append(Verdict(combination, passed, True, "broke" in row))

    def _complements(self) -> Iterator[Combination]:
        """Candidates that together make every failing test pass: two faults, each with its
        own tests."""
        wanted = frozenset(self._targets)
        helpful = sorted(
            (v for v in self._verdicts if v.passed and not v.broke and _swappable(v.combination)),
            key=lambda v: v.combination.cost,
        )[:120]
        found: list[Combination] = []
        for position, first in enumerate(helpful):
            for second in helpful[position + 1 :]:
                if first.passed | second.passed == wanted:
                    joined = Combination((*first.combination.parts, *second.combination.parts))
                    if not joined.overlaps():
                        found.append(joined)
        if not found:
            covered: frozenset[int] = frozenset()
            parts: tuple[Candidate, ...] = ()
            for verdict in sorted(helpful, key=lambda v: (-len(v.passed), v.combination.cost)):
                if verdict.passed - covered and len(parts) < 5:
                    joined = Combination((*parts, *verdict.combination.parts))
                    if not joined.overlaps():
                        parts, covered = joined.parts, covered | verdict.passed
            if covered == wanted and len(parts) > 1:
                found.append(Combination(parts))
        yield from sorted(found, key=lambda c: c.cost)


def _swappable(combination: Combination) -> bool:
    return all(part.unit is not None for part in combination.parts)


def _key(combination: Combination) -> tuple[object, ...]:
    return tuple(sorted((part.file, part.edits) for part in combination.parts))


def _ordered_pairs(
    verdicts: Sequence[Verdict], singles: Sequence[Combination]
) -> list[Combination]:
    """Pairs worth trying, the likeliest first: one that helped or changed something, with
    one that is cheap anyhow."""
    # what needs a fresh import is not swapped in, neither alone nor beside another
    verdicts = [v for v in verdicts if _swappable(v.combination)]
    helped = sorted(
        (v for v in verdicts if v.passed and len(v.combination.parts) == 1),
        key=lambda v: (v.broke, -len(v.passed), v.combination.cost),
    )[:60]
    changed = sorted(
        (v for v in verdicts if not v.passed and len(v.combination.parts) == 1),
        key=lambda v: v.combination.cost,
    )[:160]
    usable = [c for c in singles if c.parts[0].unit is not None]
    pairs: dict[tuple[object, ...], tuple[float, Combination]] = {}

    def add(first: Combination, second: Combination, bonus: float) -> None:
        joined = Combination((*first.parts, *second.parts))
        if first is second or joined.overlaps():
            return
        key = _key(joined)
        cost = joined.cost - bonus
        if key not in pairs or pairs[key][0] > cost:
            pairs[key] = (cost, joined)

    for verdict in helped:
        for other in usable[:400]:
            add(verdict.combination, other, 1.2)
    for verdict in changed:
        for other in usable[:160]:
            add(verdict.combination, other, 0.0)
    ordered = sorted(pairs.values(), key=lambda pair: pair[0])
    return [combination for _, combination in ordered[:40000]]
