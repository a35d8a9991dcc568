"""Builder: brings one folder's index up to date with its files, in one thread of its own.

It sleeps until a scan is asked for or a path is noticed, and then works in short steps, so
that what is noticed meanwhile is looked at next. Three promises:

* a path is in `pending` from the moment its file is known to differ from the index until the
  transaction that holds its new content is committed;
* what is written for a path comes from the last look at it, whatever order results come in;
* a step that fails leaves the index as it was, and is said once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Container, Iterable
from typing import Final

from treewright_indexer.errors import StoreError
from treewright_indexer.pipeline.entries import (
    Job,
    Outcome,
    Touched,
    extractor_of,
    read,
)
from treewright_indexer.pipeline.ignore import is_ignore_file
from treewright_indexer.pipeline.scan import Scanner, ScanResult
from treewright_indexer.settings import IndexSettings
from treewright_indexer.store import FileEntry, FileRow, SkippedRow, Store

logger = logging.getLogger("treewright")

Report = Callable[[int, int, str], None]
"""(done, total, message), from the builder's thread."""
Finish = Callable[[str], None]

_STEP_S: Final = 0.1
"""How long a step extracts before it writes and looks around."""
_MANY: Final = 500
"""From so many noticed paths on, looking at everything is cheaper."""


class Builder:
    """See the module. Thread safe."""

    def __init__(
        self,
        root: str,
        store: Store,
        settings: IndexSettings,
        *,
        tell: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._root = root
        self._store = store
        self._settings = settings
        self._tell = tell
        self._changed = changed
        self._scanner = Scanner(root, settings)
        self._condition = threading.Condition()
        self._jobs: dict[str, Job] = {}
        """The last job of every pending path."""
        self._queue: dict[str, None] = {}
        """Pending paths that nobody reads yet, in order; the urgent ones come before them."""
        self._urgent: dict[str, None] = {}
        self._noticed: dict[str, None] = {}
        self._open: set[str] = set()
        self._scan_wanted = False
        self._scanned = False
        self._working = False
        self._cancelled = False
        self._paused = False
        self._closed = False
        self._stuck = ""
        self._complete = bool(store.meta("complete"))
        self._thread: threading.Thread | None = None
        self._listeners: list[tuple[Report, Finish]] = []
        self._total = 0
        self._started_at = 0.0

    # ---------------------------------------------------------------- what others see

    @property
    def pending(self) -> frozenset[str]:
        with self._condition:
            return frozenset(self._jobs)

    @property
    def started(self) -> bool:
        return self._thread is not None

    @property
    def scanned(self) -> bool:
        return self._scanned

    @property
    def ready(self) -> bool:
        """Whether the index says what the files say, as far as anybody noticed."""
        with self._condition:
            return self._is_ready()

    def _is_ready(self) -> bool:
        return (
            self._scanned
            and not self._scan_wanted
            and not self._noticed
            and not self._jobs
            and not self._working
        )

    def wait_listed(self, timeout: float) -> bool:
        """Wait for the first scan, which tells what is pending."""
        if self._scanned:
            return True
        with self._condition:
            return self._condition.wait_for(
                lambda: self._scanned or self._closed or self._cancelled, timeout
            )

    def wait_ready(self, timeout: float | None) -> bool:
        """Wait until the index is complete, or work stopped; True when it is complete."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._is_ready() or self._closed or self._cancelled or bool(self._stuck),
                timeout,
            )
            return self._is_ready()

    # ---------------------------------------------------------------- what others ask for

    def start(self, report: Report, finish: Finish) -> None:
        """Look at the whole folder; `finish` is called once, when done or stopped."""
        with self._condition:
            if self._closed:
                return
            self._listeners.append((report, finish))
            self._cancelled = False
            self._scan_wanted = True
            self._wake()

    def rescan(self) -> None:
        with self._condition:
            self._scan_wanted = True
            self._wake()

    def notice(self, paths: Iterable[str]) -> None:
        """Relative paths, of files or folders, that may have changed."""
        with self._condition:
            self._noticed.update(dict.fromkeys(paths))
            self._wake()

    def opened(self, path: str) -> None:
        """Take an open document's file before the others."""
        with self._condition:
            self._open.add(path)
            if path in self._queue:
                del self._queue[path]
                self._urgent[path] = None

    def closed(self, path: str) -> None:
        with self._condition:
            self._open.discard(path)

    def cancel(self) -> None:
        """Stop reading what a scan found; `start` goes on. Single changes are still seen."""
        with self._condition:
            self._cancelled = True
            self._condition.notify_all()

    def pause(self) -> None:
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        with self._condition:
            self._paused = False
            self._condition.notify_all()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _wake(self) -> None:
        self._stuck = ""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="treewright-index", daemon=True)
            self._thread.start()
        self._condition.notify_all()

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        while self._next():
            try:
                self._step()
            except StoreError as error:
                self._stop_at(str(error))
            except Exception as error:
                logger.exception("indexing %s failed", self._root)
                self._stop_at(f"indexing failed: {error!r}")
        self._finish("")

    def _next(self) -> bool:
        """Sleep until there is something to do; False when closed."""
        with self._condition:
            self._working = False
            while not self._closed and not self._has_work():
                if not self._paused:
                    self._finish("cancelled" if self._cancelled and self._jobs else self._stuck)
                self._condition.notify_all()
                self._condition.wait()
            self._working = True
            return not self._closed

    def _has_work(self) -> bool:
        if self._stuck or self._paused:
            return False
        if self._scan_wanted or self._noticed or self._urgent:
            return True
        return bool(self._queue) and not self._cancelled

    def _stop_at(self, problem: str) -> None:
        """Rest until something new is noticed: the index stays as it is, answers go on."""
        with self._condition:
            self._stuck = problem
            self._queue = dict.fromkeys(self._jobs)
        self._tell(f"the index of {self._root} is not kept up to date: {problem}")

    def _finish(self, message: str) -> None:
        listeners, self._listeners = self._listeners, []
        for _, finish in listeners:
            finish(message)

    def _step(self) -> None:
        with self._condition:
            noticed, self._noticed = self._noticed, {}
            scan = self._scan_wanted or len(noticed) > _MANY
            scan = scan or any(is_ignore_file(path) for path in noticed)
            self._scan_wanted = False
        try:
            if scan:
                self._scan()
            elif noticed:
                self._look_at(noticed)
            else:
                self._extract()
        except BaseException:
            with self._condition:  # seen again once something wakes us
                self._scan_wanted |= scan
                self._noticed = {**noticed, **self._noticed}
            raise

    # ---------------------------------------------------------------- finding what changed

    def _scan(self) -> None:
        result = self._scanner.scan()
        known, skipped = self._store.files(), self._store.skipped_rows()
        jobs = self._jobs_of(result, lambda path: known.get(path), skipped)
        with self._condition:
            self._jobs = {job.path: job for job in self._in_order(jobs, result)}
            self._urgent = dict.fromkeys(p for p in self._open if p in self._jobs)
            self._queue = dict.fromkeys(p for p in self._jobs if p not in self._urgent)
            self._total = len(self._jobs)
            self._started_at = time.monotonic()
            first, self._scanned = not self._scanned, True
            self._condition.notify_all()
        left_out = [row for row in result.skipped if skipped.get(row.path) != row]
        kept = result.files.keys() | {row.path for row in result.skipped}
        gone = [path for path in (*known, *skipped) if path not in kept]
        self._store.apply(deleted=gone, skipped=left_out)
        if gone or left_out or first:
            self._changed()
        self._note_complete()

    def _look_at(self, paths: dict[str, None]) -> None:
        result = self._scanner.scan_paths(paths)
        skipped = self._store.skipped_rows()
        jobs = self._jobs_of(result, self._store.file, skipped)
        left_out = [row for row in result.skipped if skipped.get(row.path) != row]
        kept = result.files.keys() | {row.path for row in result.skipped}
        gone = [p for path in paths for p in self._store.paths_at(path) if p not in kept]
        with self._condition:
            old = [p for p in self._jobs if p in kept or _is_at(p, paths)]
            for path in old:
                del self._jobs[path]
                self._queue.pop(path, None)
                self._urgent.pop(path, None)
            self._jobs.update((job.path, job) for job in jobs)
            self._urgent.update((job.path, None) for job in jobs)
            self._total = max(self._total, len(self._jobs))
        if gone or left_out:
            self._store.apply(deleted=gone, skipped=left_out)
            self._changed()

    def _jobs_of(
        self,
        result: ScanResult,
        known: Callable[[str], FileRow | None],
        skipped: dict[str, SkippedRow],
    ) -> list[Job]:
        """The files whose text the index may not have."""
        jobs: list[Job] = []
        for path, stamp in result.files.items():
            row = known(path)
            if row is None:
                left_out = skipped.get(path)
                if left_out is None or left_out.stamp != stamp:
                    jobs.append(Job(path, size=stamp.size, mtime_ns=stamp.mtime_ns))
            elif row.stamp != stamp or row.extractor != extractor_of(path):
                jobs.append(Job(path, row.hash, row.extractor, stamp.size, stamp.mtime_ns))
        return jobs

    def _in_order(self, jobs: list[Job], result: ScanResult) -> list[Job]:
        """What was changed last comes first: it is what the user works on."""
        return sorted(jobs, key=lambda job: (-job.mtime_ns, job.path))

    # ---------------------------------------------------------------- reading files

    def _extract(self) -> None:
        """Read the next files here, for a tenth of a second, and write what they say."""
        outcomes: list[tuple[Job, Outcome | None]] = []
        end = time.monotonic() + _STEP_S
        while time.monotonic() < end and not self._closed:
            job = self._take()
            if job is None:
                break
            outcomes.append((job, read(self._root, job, self._settings.max_file_bytes)))
        self._write(outcomes)

    def _take(self) -> Job | None:
        with self._condition:
            if self._noticed or self._scan_wanted:
                return None
            queue = self._urgent or ({} if self._cancelled or self._paused else self._queue)
            path = next(iter(queue), None)
            if path is None:
                return None
            del queue[path]
            return self._jobs[path]

    def _write(self, outcomes: list[tuple[Job, Outcome | None]]) -> None:
        with self._condition:
            valid = [(job, out) for job, out in outcomes if self._jobs.get(job.path) is job]
        self._store.apply(
            put=[out for _, out in valid if isinstance(out, FileEntry)],
            touched=[out for _, out in valid if isinstance(out, Touched)],
            skipped=[out for _, out in valid if isinstance(out, SkippedRow)],
            deleted=[job.path for job, out in valid if out is None],
        )
        with self._condition:
            for job, _ in valid:
                if self._jobs.get(job.path) is job:
                    del self._jobs[job.path]
            done = self._total - len(self._jobs)
        self._changed()
        self._note_complete()
        rate = done / max(time.monotonic() - self._started_at, 1e-3)
        for report, _ in self._listeners:
            report(done, self._total, f"{done}/{self._total} files, {rate:.0f} files/s")

    def _note_complete(self) -> None:
        """The index was complete once: after a restart it answers before it is looked through."""
        if not self._jobs and not self._complete:
            self._store.set_meta("complete", "1")
            self._complete = True


def _is_at(path: str, tops: Container[str]) -> bool:
    """Whether `path` is one of `tops` or lies below one."""
    while path not in tops:
        path, slash, _ = path.rpartition("/")
        if not slash:
            return False
    return True
