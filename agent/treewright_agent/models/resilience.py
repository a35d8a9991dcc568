"""Deadline, Breaker, TokenBucket, retry: small primitives on a monotonic clock.

Each takes its clock as an argument, so that a test is a table of times. None of them starts a
thread or holds a lock while it waits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError

T = TypeVar("T")
Clock = Callable[[], float]


class DeadlineError(TreewrightError):
    """A stage ran out of time; the message names the stage and the seconds."""

    def __init__(self, stage: str, elapsed_s: float) -> None:
        super().__init__(f"{stage} timed out after {elapsed_s:.1f} s")
        self.stage = stage
        self.elapsed_s = elapsed_s


class Deadline:
    """One moment that everything below a command shares; stages may only shorten it."""

    def __init__(self, seconds: float, stage: str = "task", clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._at = self._started + seconds
        self.stage = stage

    @property
    def remaining_s(self) -> float:
        return max(0.0, self._at - self._clock())

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._started

    @property
    def passed(self) -> bool:
        return self._clock() >= self._at

    def check(self) -> None:
        if self.passed:
            raise DeadlineError(self.stage, self.elapsed_s)

    def within(self, seconds: float, stage: str) -> Deadline:
        """A stage's own deadline: `seconds` from now, never later than this one."""
        return Deadline(min(seconds, self.remaining_s), stage, self._clock)


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerOpenError(ProviderError):
    def __init__(self, name: str, remaining_s: float) -> None:
        super().__init__(
            ErrorKind.SERVICE_UNAVAILABLE,
            f"not asked: it failed repeatedly; tried again in {remaining_s:.0f} s",
            provider=name,
            retry_after=remaining_s,
            retryable=False,
        )
        self.remaining_s = remaining_s


_COUNTED = frozenset(
    {ErrorKind.SERVICE_UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.UNKNOWN, ErrorKind.THROTTLING}
)


class Breaker:
    """CLOSED -> OPEN after `failures` in a row; after `open_s` a few probes decide.

    A client's own mistake (4xx) proves that the server is there and counts as neither failure
    nor success; a cancelled probe gives its slot back.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        successes: int = 2,
        open_s: float = 60.0,
        probes: int = 3,
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self._limits = failures, successes, open_s, probes
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._succeeded = 0
        self._probing = 0
        self._opened_at: float | None = None
        self._half_open = False

    @property
    def state(self) -> BreakerState:
        with self._lock:
            self._tick()
            return self._state()

    def stats(self) -> dict[str, object]:
        with self._lock:
            self._tick()
            return {"state": self._state().value, "failures": self._failed}

    def _state(self) -> BreakerState:
        if self._half_open:
            return BreakerState.HALF_OPEN
        return BreakerState.CLOSED if self._opened_at is None else BreakerState.OPEN

    def _tick(self) -> None:
        if (
            self._opened_at is not None
            and not self._half_open
            and self._clock() >= self._opened_at + self._limits[2]
        ):
            self._half_open, self._probing, self._succeeded = True, 0, 0

    @contextmanager
    def guarding(self) -> Generator[None]:
        """One call. Raises BreakerOpenError without running it while the breaker is open."""
        with self._lock:
            self._tick()
            probe = self._half_open
            if self._opened_at is not None and (not probe or self._probing >= self._limits[3]):
                left = max(0.0, self._opened_at + self._limits[2] - self._clock())
                raise BreakerOpenError(self.name, left)
            self._probing += probe
        failed: bool | None = None
        try:
            yield
            failed = False
        except ProviderError as error:
            failed = True if error.kind in _COUNTED else None
            raise
        except (CancelledError, GeneratorExit):
            raise
        except Exception:
            failed = True
            raise
        finally:
            with self._lock:
                self._settle(probe, failed)

    def _settle(self, probe: bool, failed: bool | None) -> None:
        if probe:
            self._probing = max(0, self._probing - 1)
        if failed is None:
            return
        if failed:
            self._failed += 1
            if probe or self._failed >= self._limits[0]:
                self._opened_at, self._half_open = self._clock(), False
            return
        if self._half_open:
            self._succeeded += 1
            if self._succeeded < self._limits[1]:
                return
        self._failed, self._opened_at, self._half_open = 0, None, False


class TokenBucket:
    """At most `per_minute` calls in a burst, refilled evenly: never more credit than time gives."""

    def __init__(self, per_minute: float, clock: Clock = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._lock = threading.Lock()
        self._level = float(per_minute)
        self._at = clock()

    def reserve(self) -> float:
        """Take one token now; returns the seconds to wait before using it."""
        with self._lock:
            now = self._clock()
            self._level = min(self._capacity, self._level + (now - self._at) * self._per_second)
            self._at = now
            self._level -= 1
            return max(0.0, -self._level / self._per_second)

    def give_back(self) -> None:
        with self._lock:
            self._level += 1


class RetryPolicy:
    """Full jitter in [factor/2, factor] of an exponential delay; see `delay_s`."""

    def __init__(
        self,
        attempts: int = 3,
        first_s: float = 1.0,
        longest_s: float = 60.0,
        multiplier: float = 2.0,
        *,
        jitter: bool = True,
        random_source: Callable[[], float] = random.random,
    ) -> None:
        self.attempts = max(1, attempts)
        self._first_s, self._longest_s, self._multiplier = first_s, longest_s, multiplier
        self._jitter = jitter
        self._random = random_source

    def delay_s(self, attempt: int, error: ProviderError) -> float:
        """Seconds before try `attempt + 1` (attempts count from 1), at least what the server asked."""
        delay = min(self._longest_s, self._first_s * self._multiplier ** (attempt - 1))
        if self._jitter:
            delay *= 0.5 + 0.5 * self._random()
        return max(delay, error.retry_after or 0.0)


def retrying(
    call: Callable[[], T],
    policy: RetryPolicy,
    deadline: Deadline,
    token: CancelToken,
    on_retry: Callable[[int, float, ProviderError], None] = lambda attempt, delay, error: None,
) -> T:
    """`call()` again while its error may pass and the deadline has room for the wait."""
    for attempt in range(1, policy.attempts + 1):
        token.check()
        deadline.check()
        try:
            return call()
        except ProviderError as error:
            if not error.retryable or attempt == policy.attempts:
                raise
            delay = policy.delay_s(attempt, error)
            if delay >= deadline.remaining_s:  # no try fits any more: the error is the answer
                raise
            on_retry(attempt, delay, error)
            sleep(delay, token)
    raise AssertionError("unreachable")


def sleep(seconds: float, token: CancelToken, step_s: float = 0.05) -> None:
    """Wait, and raise CancelledError within `step_s` of a cancellation."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        token.check()
        time.sleep(min(step_s, left))
    token.check()
