"""What is tidied up now and then: one table of jobs, one timer, nothing while no job is due.

A job that raises is logged and does not stop the others. Jobs run in the background lane, never at
the start of a session, and each is short.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

logger = logging.getLogger("treewright")

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
KEPT_TRAJECTORIES_S = 30 * DAY_S
KEPT_REPORTS_S = 90 * DAY_S
KEPT_HISTORY_S = 30 * DAY_S


class Job(NamedTuple):
    name: str
    every_s: float
    run: Callable[[], object]


class Janitor:
    """`tick` runs what is due and returns the seconds until the next job. One thread at a time."""

    def __init__(self, jobs: Sequence[Job], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        self._due = [(job, now + job.every_s) for job in jobs]
        self.ran: dict[str, int] = {job.name: 0 for job in jobs}

    def tick(self) -> float:
        now = self._clock()
        for index, (job, due) in enumerate(self._due):
            if now < due:
                continue
            # a machine that slept runs each job once, not once for every time it missed
            self._due[index] = job, max(due + job.every_s, now + job.every_s * 0.5)
            self.ran[job.name] += 1
            try:
                job.run()
            except Exception as error:
                logger.error("%s failed: %r", job.name, error, exc_info=error)
        return max(0.0, min((due for _, due in self._due), default=now + DAY_S) - now)

    @property
    def due(self) -> dict[str, float]:
        """Job -> seconds until it runs."""
        now = self._clock()
        return {job.name: max(0.0, due - now) for job, due in self._due}


def remove_old(
    folder: Path, pattern: str, age_s: float, now: float, keep: frozenset[str] = frozenset()
) -> int:
    """Files of `folder` that match and were not changed for `age_s`; returns how many went."""
    count = 0
    for path in folder.glob(pattern) if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            if str(path) not in keep and now - path.stat().st_mtime > age_s and path.is_file():
                path.unlink()
                count += 1
    return count


def memory_mb() -> float:
    """Resident memory of this process in megabytes of 2^20 bytes; 0 where nobody can say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    return 0.0
