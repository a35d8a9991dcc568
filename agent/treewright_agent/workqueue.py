"""A bounded queue with priorities: so many at once, so many waiting, the rest refused by name.

Work runs in the thread that asked. It starts no thread and holds no lock while work runs.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from treewright_agent.models.resilience import DeadlineError
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError

T = TypeVar("T")


class Priority(IntEnum):
    """Lower goes first."""

    INTERACTIVE = 0
    BACKGROUND = 1
    BATCH = 2


class QueueFullError(RefusedError):
    """So many wait already that the user is better off to hear it at once."""


class _Ticket:
    __slots__ = ("granted", "left")

    def __init__(self) -> None:
        self.granted = False
        self.left = False


class WorkQueue:
    """Thread safe. Equal priorities go first come, first served."""

    def __init__(
        self, concurrent: int = 10, queued: int = 100, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._concurrent, self._queued = concurrent, queued
        self._clock = clock
        self._condition = threading.Condition()
        self._waiting: list[tuple[int, int, _Ticket]] = []
        self._numbers = itertools.count()
        self._active = 0
        self._total = 0
        self._rejected = 0

    def run(
        self,
        work: Callable[[], T],
        priority: Priority = Priority.INTERACTIVE,
        token: CancelToken | None = None,
        wait_s: float = 60.0,
    ) -> T:
        """What `work` returns or raises, once it is its turn.

        Raises QueueFullError at once when there is no room, CancelledError while it waits, and
        DeadlineError when its turn does not come within `wait_s`.
        """
        self._enter(priority, token, wait_s)
        try:
            return work()
        finally:
            with self._condition:
                self._active -= 1
                self._grant()

    def stats(self) -> dict[str, int]:
        with self._condition:
            return {
                "active_requests": self._active,
                "queued_requests": sum(not ticket.left for _, _, ticket in self._waiting),
                "max_concurrent": self._concurrent,
                "total_requests": self._total,
                "rejected_requests": self._rejected,
            }

    def _enter(self, priority: Priority, token: CancelToken | None, wait_s: float) -> None:
        ticket = _Ticket()
        began = self._clock()
        with self._condition:
            self._total += 1
            if self._active < self._concurrent and not self._waiting:
                self._active += 1
                return
            n_waiting = sum(not each.left for _, _, each in self._waiting)
            if n_waiting >= self._queued:
                self._rejected += 1
                raise QueueFullError(
                    f"{self._active} tasks run and {n_waiting} wait already: try again later, or cancel some"
                )
            heapq.heappush(self._waiting, (int(priority), next(self._numbers), ticket))
            while not ticket.granted:
                self._condition.wait(0.05)
                late = self._clock() - began > wait_s
                if not ticket.granted and (late or (token is not None and token.cancelled)):
                    ticket.left = True
                    if token is not None:
                        token.check()
                    raise DeadlineError("waiting for its turn", self._clock() - began)

    def _grant(self) -> None:
        """Hand free places to who waits; the lock is held."""
        while self._waiting and self._active < self._concurrent:
            _, _, ticket = heapq.heappop(self._waiting)
            if not ticket.left:
                ticket.granted = True
                self._active += 1
        self._condition.notify_all()
