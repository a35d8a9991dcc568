"""Time and memory of one test inside a forked child.

CPU time is what counts: a search that shares the machine must not take a slow moment for
an endless loop. The kernel's part counts too: a loop that only takes memory spends its time
there. What hangs without using the processor is ended from outside.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

TIMED_OUT = 86
"""The exit code of a child whose tested code would not be interrupted."""

_MAX_SIGNALS = 8


class OutOfTime(BaseException):
    """Raised in the middle of the tested code; no `except Exception` takes it."""


class Timer:
    """`start` before a test, `stop` after it; `expired` also when the code swallowed it."""

    def __init__(self) -> None:
        self.expired = False
        self._running = False
        self._n_signals = 0
        signal.signal(signal.SIGPROF, self._ring)

    def start(self, seconds: float) -> None:
        self.expired = False
        self._running = True
        self._n_signals = 0
        signal.setitimer(signal.ITIMER_PROF, seconds, max(seconds / 4, 0.01))

    def stop(self) -> None:
        self._running = False
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        if not self._running:
            return
        self.expired = True
        self._n_signals += 1
        if self._n_signals > _MAX_SIGNALS:
            os._exit(TIMED_OUT)
        raise OutOfTime


def limit_memory(extra_bytes: int) -> None:
    """At most `extra_bytes` more address space than now; then MemoryError."""
    import resource

    try:
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return  # not Linux: the sandbox's own limit stands
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + extra_bytes
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
