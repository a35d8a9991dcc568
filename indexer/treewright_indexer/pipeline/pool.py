"""Pool: worker processes that read files in bulk, isolated from each other and from us.

A worker that dies or hangs takes nothing with it: the batch it had is read again in halves by
its successor, down to the one file that is to blame, which is marked as skipped. Workers are
started anew, never forked from a process with threads.
"""

from __future__ import annotations

import contextlib
import logging
import marshal
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from treewright_indexer.pipeline.entries import Job, Outcome
from treewright_indexer.pipeline.worker import packed_job, unpacked
from treewright_indexer.store.rows import SkippedRow

logger = logging.getLogger("treewright")

Result = list[tuple[Job, Outcome | None]]

_IN_FLIGHT: Final = 2
"""Batches that a worker holds, so that it never waits for us."""
_START_S: Final = 30.0
_BATCH_S: Final = 120.0
_FILE_S: Final = 20.0
"""How long one file may take."""
_MAX_WORKERS: Final = 8
_MAX_IDLE_DEATHS: Final = 5


class Pool:
    """See the module. `take`, `submit` and `close` are for one thread; `on_event` comes from others."""

    def __init__(
        self,
        root: str,
        max_bytes: int,
        shared: Path | None,
        n_workers: int,
        on_event: Callable[[], None],
        *,
        start: Callable[[], subprocess.Popen[bytes]] | None = None,
        file_s: float = _FILE_S,
        batch_s: float = _BATCH_S,
    ) -> None:
        """`file_s` and `batch_s` say how long one file and a batch may take."""
        self.options = (root, max_bytes, str(shared) if shared is not None else "")
        self.on_event = on_event
        self.start = start or start_worker
        self.file_s = file_s
        self.batch_s = batch_s
        self._lock = threading.Lock()
        self._results: deque[Result] = deque()
        self._suspects: deque[list[Job]] = deque()
        """Batches that killed a worker: each is tried alone."""
        self.broken = ""
        """Why no worker can be had; then nothing is accepted any more."""
        self.n_extracted = 0
        self._workers: list[_Worker] = []
        self._n_idle_deaths = 0
        self._begin(n_workers)

    def _begin(self, n_workers: int) -> None:
        try:
            self._workers += [_Worker(self) for _ in range(n_workers)]
        except OSError as error:
            self.broken = f"cannot start processes to read files ({error})"

    def has_room(self) -> bool:
        with self._lock:
            return not self.broken and any(len(w.batches) < w.room for w in self._workers)

    def is_busy(self) -> bool:
        """Whether some job has no outcome yet, or an outcome waits to be taken."""
        with self._lock:
            if self._results or self._suspects:
                return True
            return any(worker.batches for worker in self._workers)

    def has_results(self) -> bool:
        return bool(self._results)

    def submit(self, jobs: Sequence[Job]) -> None:
        """Hand a batch to the worker that has least to do."""
        with self._lock:
            worker = min(self._workers, key=lambda each: len(each.batches) - each.room)
            worker.batches.append(list(jobs))
        worker.send(jobs)

    def take(self) -> Result:
        """What came in since, and a look at who hangs."""
        self._watch()
        taken: Result = []
        with self._lock:
            while self._results:
                taken += self._results.popleft()
        return taken

    def abandon(self) -> list[Job]:
        """End the workers; the jobs that have no outcome."""
        self.close()
        with self._lock:
            left = [job for worker in self._workers for batch in worker.batches for job in batch]
            left += [job for batch in self._suspects for job in batch]
            return left

    def close(self) -> None:
        """Let the workers finish what they have and end; nobody waits for them."""
        for worker in self._workers:
            worker.close()

    # ---------------------------------------------------------------- when a worker is lost

    def _watch(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.batches and now > worker.deadline:
                worker.kill("took too long")
        with self._lock:
            idle = next((w for w in self._workers if not w.batches and w.is_ready), None)
            if idle is None or not self._suspects:
                return
            jobs = self._suspects.popleft()
            idle.batches.append(jobs)
        idle.send(jobs)

    def received(self, worker: _Worker, answer: tuple[int, list[Any]]) -> None:
        n_extracted, values = answer
        with self._lock:
            jobs = worker.batches.popleft()
            worker.touch()
            self.n_extracted += n_extracted
            self._results.append(
                [(job, unpacked(value)) for job, value in zip(jobs, values, strict=True)]
            )
        self.on_event()

    def lost(self, worker: _Worker, reason: str) -> None:
        """A worker ended with work in its hands."""
        with self._lock:
            batches, worker.batches = list(worker.batches), deque()
            if not worker.is_ready:
                self.broken = f"cannot start processes to read files ({reason})"
            if batches:
                first = batches.pop(0)
                if len(first) == 1:
                    logger.warning("reading %s: the worker %s", first[0].path, reason)
                    row = SkippedRow(first[0].path, f"reading it {reason}", first[0].stamp)
                    self._results.append([(first[0], row)])
                else:
                    middle = len(first) // 2
                    self._suspects += [first[:middle], first[middle:]]
            else:
                self._n_idle_deaths += 1
            self._suspects += batches
            self._workers.remove(worker)
            if self._n_idle_deaths > _MAX_IDLE_DEATHS:
                self.broken = f"processes that read files end by themselves ({reason})"
            if not self.broken:
                self._begin(1)
        self.on_event()


class _Worker:
    """One process, and the thread that reads what it says."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.batches: deque[list[Job]] = deque()
        self.is_ready = False
        self.deadline = time.monotonic() + _START_S
        self._reason = ""
        self._closed = False
        self._process = pool.start()
        self._write(pool.options)
        threading.Thread(target=self._read, name="treewright-worker", daemon=True).start()

    @property
    def room(self) -> int:
        return _IN_FLIGHT

    def touch(self) -> None:
        """The clock of the batch that is worked on now starts."""
        first = self.batches[0] if self.batches else []
        limit = self._pool.file_s if len(first) == 1 else self._pool.batch_s
        self.deadline = time.monotonic() + limit + (0 if self.is_ready else _START_S)

    def send(self, jobs: Sequence[Job]) -> None:
        if len(self.batches) == 1:
            self.touch()
        self._write([packed_job(job) for job in jobs])

    def close(self) -> None:
        self._closed = True
        self._write(None)
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self, reason: str) -> None:
        self._reason = reason
        self._process.kill()

    def _write(self, value: Any) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it died: its reader says so
            stdin.write(marshal.dumps(value))
            stdin.flush()

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            marshal.load(stdout)
            self.is_ready = True
            self.touch()
            self._pool.on_event()
            while True:
                self._pool.received(self, marshal.load(stdout))
        except (EOFError, ValueError, TypeError, OSError):
            pass
        stdout.close()
        code = self._process.wait()
        if not self._closed:
            self._pool.lost(self, self._reason or f"ended with code {code}")
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()


def start_worker() -> subprocess.Popen[bytes]:
    """A fresh interpreter that finds our package and nothing of the folder it stands in."""
    home = str(Path(__file__).parents[2])
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from treewright_indexer.pipeline.worker import main; main()"
    )
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=flags,
    )


def worker_count(wanted: int | None) -> int:
    """How many processes to use; half of them on battery."""
    if wanted is not None:
        return max(0, wanted)
    try:
        n_cpus = len(os.sched_getaffinity(0))
    except AttributeError:
        n_cpus = os.cpu_count() or 1
    n_workers = min(n_cpus, _MAX_WORKERS)
    return max(1, n_workers // 2) if _on_battery() else n_workers


def _on_battery() -> bool:
    """Where the system tells (Linux): a mains supply exists and none is plugged in."""
    supplies = Path("/sys/class/power_supply")
    try:
        states = [
            (supply / "online").read_text().strip()
            for supply in supplies.iterdir()
            if (supply / "type").read_text().strip() == "Mains"
        ]
    except OSError:
        return False
    return bool(states) and "1" not in states
