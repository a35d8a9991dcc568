"""Timers of one session: one thread that sleeps until the next one is due, and no longer.

What a timer calls must be short: it posts work to a lane. Nothing runs while no timer is set, so
an idle server wakes up for nothing.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("treewright")


class Timer:
    """A call that is due at a time; `cancel` may come from any thread."""

    __slots__ = ("action", "cancelled")

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._due: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def later(self, delay_s: float, action: Callable[[], None]) -> Timer:
        timer = Timer(action)
        with self._condition:
            if self._closed:
                timer.cancelled = True
                return timer
            entry = (time.monotonic() + delay_s, next(self._count), timer)
            heapq.heappush(self._due, entry)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="treewright-clock", daemon=True
                )
                self._thread.start()
            elif self._due[0] is entry:
                self._condition.notify()
        return timer

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._due.clear()
            self._condition.notify()

    def _run(self) -> None:
        while (timer := self._next()) is not None:
            if timer.cancelled:
                continue
            try:
                timer.action()
            except Exception as error:
                logger.error("a timer failed: %r", error, exc_info=error)

    def _next(self) -> Timer | None:
        with self._condition:
            while not self._closed:
                while self._due and self._due[0][2].cancelled:
                    heapq.heappop(self._due)
                if not self._due:
                    self._condition.wait()
                    continue
                wait = self._due[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._condition.wait(wait)
        return None
