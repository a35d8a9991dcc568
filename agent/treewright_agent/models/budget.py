"""Budget: what one task may use, and what it has used.

Children of a fork spend from their parent's budget, so that a fork never buys more. When a bound
comes near, the brain is told to finish with what it has; when it is reached, the task ends.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from treewright_agent.models.messages import Usage
from treewright_agent.models.resilience import Deadline


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may use. `cost` in the user's currency; None: no cap."""

    rounds: int = 24
    tool_calls: int = 100
    tokens: int = 400_000
    seconds: float = 600.0
    cost: float | None = None
    repair_rounds: int = 5


@dataclass(frozen=True, slots=True)
class Spent:
    rounds: int = 0
    tool_calls: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    model_seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Budget:
    """Safe to use from several threads; `parent` is charged along."""

    def __init__(
        self, limits: Limits, deadline: Deadline | None = None, parent: Budget | None = None
    ) -> None:
        self.limits = limits
        self.deadline = deadline or Deadline(limits.seconds)
        self._parent = parent
        self._lock = threading.Lock()
        self._rounds = self._calls = self._requests = self._in = self._out = 0
        self._cost = self._model_s = 0.0
        self._by = ""

    def child(self, limits: Limits | None = None) -> Budget:
        own = limits or self.limits
        return Budget(own, self.deadline.within(own.seconds, self.deadline.stage), self)

    def round(self) -> None:
        self._add(rounds=1)

    def tool_call(self) -> None:
        self._add(calls=1)

    def model_call(self, usage: Usage, cost: float, seconds: float, requests: int = 1) -> None:
        self._add(requests=requests, usage=usage, cost=cost, seconds=seconds)

    def decided_by(self, label: str) -> None:
        """The model of this endpoint decided what was done."""
        self._by = label
        if self._parent is not None:
            self._parent.decided_by(label)

    @property
    def by(self) -> str:
        """Which endpoint decided last; '' while none did."""
        return self._by

    def _add(
        self,
        rounds: int = 0,
        calls: int = 0,
        requests: int = 0,
        usage: Usage | None = None,
        cost: float = 0.0,
        seconds: float = 0.0,
    ) -> None:
        with self._lock:
            self._rounds += rounds
            self._calls += calls
            self._requests += requests
            self._cost += cost
            self._model_s += seconds
            if usage is not None:
                self._in += usage.prompt_tokens
                self._out += usage.completion_tokens
        if self._parent is not None:  # rounds are a routine's own
            self._parent._add(0, calls, requests, usage, cost, seconds)

    @property
    def spent(self) -> Spent:
        with self._lock:
            return Spent(
                self._rounds, self._calls, self._requests, self._in, self._out,
                round(self._cost, 6), round(self.deadline.elapsed_s, 3), round(self._model_s, 3),
            )  # fmt: skip

    @property
    def cost_left(self) -> float | None:
        if self.limits.cost is None:
            return None
        return max(0.0, self.limits.cost - self._cost)

    def exhausted(self) -> str:
        """Which bound is reached, in words; '' while none is."""
        spent, limits = self.spent, self.limits
        if spent.rounds >= limits.rounds:
            return "max_iterations"
        if spent.tool_calls >= limits.tool_calls:
            return "max_tool_calls"
        if spent.tokens >= limits.tokens:
            return "max_tokens"
        if limits.cost is not None and spent.cost >= limits.cost:
            return "max_cost"
        if self.deadline.passed:
            return "deadline"
        return self._parent.exhausted_shared() if self._parent is not None else ""

    def exhausted_shared(self) -> str:
        """As `exhausted`, of what children share; rounds are not."""
        reason = self.exhausted()
        return "" if reason == "max_iterations" else reason

    def nearly(self) -> str:
        """Which bound the next round may reach: time to finish with what is there."""
        spent, limits = self.spent, self.limits
        if limits.rounds > 1 and spent.rounds >= limits.rounds - 1:
            return "the last round"
        if spent.tool_calls >= limits.tool_calls - 2:
            return "the last tool calls"
        if spent.tokens >= limits.tokens * 0.9:
            return "the last tokens"
        if limits.cost is not None and spent.cost >= limits.cost * 0.9:
            return "the last of the budget"
        if self.deadline.remaining_s < min(15.0, limits.seconds * 0.1):
            return "the last seconds"
        return ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self.spent)
