"""Builder: brings one folder's index up to date with its files, in one thread of its own.

It sleeps until a scan is asked for or a path is noticed, and then works in short steps, so
that what is noticed meanwhile is looked at next. Many files are read by worker processes, few
in this thread; everything is written by this thread. Three promises:

* a path is pending from the moment its file is known to differ from the index until the
  transaction that holds its new content is committed;
* what is written for a path comes from the last look at it, whatever order results come in;
* a step that fails leaves the index as it was, and is said once.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Container, Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treewright_indexer.errors import StoreError
from treewright_indexer.languages import language_for_path
from treewright_indexer.pipeline.entries import Job, Outcome, Reader, Touched, extractor_of
from treewright_indexer.pipeline.ignore import is_ignore_file
from treewright_indexer.pipeline.scan import Scanner, ScanResult
from treewright_indexer.settings import IndexSettings
from treewright_indexer.store import FileEntry, FileRow, SkippedRow, Store
from treewright_indexer.store.filelock import FileLock

if TYPE_CHECKING:
    from treewright_indexer.pipeline.pool import Pool
    from treewright_indexer.store.shared import SharedFacts

logger = logging.getLogger("treewright")

Report = Callable[[int, int, str], None]
"""(done, total, message), from the builder's thread."""
Finish = Callable[[str], None]

_STEP_S: Final = 0.1
"""How long a step reads files in this thread before it writes and looks around."""
_MANY_NOTICED: Final = 500
"""From so many noticed paths on, looking at everything is cheaper."""
_BULK_FILES: Final = 200
_BULK_BYTES: Final = 4_000_000
"""From so much to read on, worker processes are worth their start."""
_BATCH_FILES: Final = 40
_BATCH_BYTES: Final = 400_000
_WRITE_FILES: Final = 800
_WRITE_S: Final = 1.0
_ANSWERS_FIRST_S: Final = 2.0
"""How long worker processes are not started while answers read what they would read."""
_PEEK_S: Final = 0.5
"""How often a builder looks up while others work for it: workers, or another process."""


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
        shared: Path | None = None,
        upkeep: Callable[[], None] = lambda: None,
        differing: Callable[[list[str]], None] = lambda paths: None,
    ) -> None:
        """`upkeep` is called once, when there is nothing else to do for the first time.

        `differing` gets the paths that turned out to be written, made or deleted since the
        folder was looked at before.
        """
        self._root = root
        self._store = store
        self._settings = settings
        self._tell = tell
        self._changed = changed
        self._shared = shared
        self._upkeep: Callable[[], None] | None = upkeep
        self._differing = differing
        self._scanner = Scanner(root, settings)
        self._condition = threading.Condition()
        self._jobs: dict[str, Job] = {}
        """The last job of every pending path."""
        self._queue: dict[str, None] = {}
        """Pending paths that nobody reads yet, in order; the urgent ones come before them."""
        self._urgent: dict[str, None] = {}
        self._noticed: dict[str, None] = {}
        self._looked_at: dict[str, None] = {}
        """Noticed paths that the thread is just looking at."""
        self._open: set[str] = set()
        self._n_answering = 0
        self._scan_wanted = False
        self._scanned = False
        self._working = False
        self._cancelled = False
        self._paused = False
        self._closed = False
        self._stuck = ""
        self._told = ""
        self._complete = bool(store.meta("complete"))
        self._thread: threading.Thread | None = None
        self._listeners: list[tuple[Report, Finish]] = []
        # What only the thread touches.
        self._reader: Reader | None = None
        self._pool: Pool | None = None
        self._no_pool = False
        self._was_bulk = False
        self._lock: FileLock | None = None
        self._seen_generation = -1
        self._results: list[tuple[Job, Outcome | None]] = []
        self._n_done = 0
        self._started_at = 0.0
        self._written_at = 0.0
        self.n_extracted = 0
        """Texts that this builder had extracted, since nobody had before."""

    # ---------------------------------------------------------------- what others see

    @property
    def pending(self) -> frozenset[str]:
        """What was noticed counts before it is looked at: it may be a file that differs."""
        with self._condition:
            return frozenset((*self._jobs, *self._noticed, *self._looked_at))

    @property
    def n_unread(self) -> int | None:
        """How many files the index lacks; None until the folder was looked through."""
        with self._condition:
            return len(self._jobs) if self._scanned else None

    @property
    def started(self) -> bool:
        return self._thread is not None

    @property
    def is_bulk(self) -> bool:
        """Whether so much is read, or about to be, that other work had better wait."""
        with self._condition:
            if self._pool is not None:
                return True
            if self._thread is None or self._closed or self._stuck:
                return False
            if not self._scanned:
                return not self._complete
            rests = self._cancelled or self._paused
            return len(self._queue) >= _BULK_FILES and not rests

    @property
    def scanned(self) -> bool:
        """Whether the whole folder was looked at, so that `pending` is known."""
        return self._scanned

    @property
    def complete(self) -> bool:
        """Whether the index was complete once, in this process or an earlier one."""
        return self._complete

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

    def _is_stopped(self) -> bool:
        """Whether work rests though the index is not complete."""
        cancelled = self._cancelled and self._scanned and not self._working
        return cancelled or bool(self._stuck)

    def wait_listed(self, timeout: float) -> bool:
        """Wait for the first scan, which tells what is pending."""
        if self._scanned:
            return True
        with self._condition:
            return self._condition.wait_for(
                lambda: self._scanned or self._closed or bool(self._stuck), timeout
            )

    def wait_ready(self, timeout: float | None) -> bool:
        """Wait until the index is complete, or work stopped; True when it is complete."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._is_ready() or self._closed or self._is_stopped(), timeout
            )
            return self._is_ready()

    @contextlib.contextmanager
    def answering(self) -> Generator[None]:
        """While somebody reads pending files for an answer, worker processes are not started."""
        with self._condition:
            self._n_answering += 1
        try:
            yield
        finally:
            with self._condition:
                self._n_answering -= 1
                self._condition.notify_all()

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

    def reset(self) -> None:
        """The index was lost: look at everything, and let nobody take it for complete."""
        with self._condition:
            self._scanned = False
            self._complete = False
            self._scan_wanted = self._thread is not None
            if self._scan_wanted:
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
                self._condition.notify_all()

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
        """Stop at once: what is pending is found again by the next scan."""
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

    def _poke(self) -> None:
        with self._condition:
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
        self._rest()
        if self._reader is not None:
            self._reader.close()
        self._finish("")

    def _next(self) -> bool:
        """Sleep until there is something to do; False when closed."""
        rested = False
        while True:
            with self._condition:
                if self._closed:
                    return False
                if self._has_work():
                    self._working = True
                    return True
                if self._is_waiting():
                    self._condition.wait(_PEEK_S)
                    if not self._closed and not self._has_work():
                        self._working = True
                        return True  # to look who hangs, or what others wrote
                    continue
                if rested:
                    self._working = False
                    if not self._paused:
                        self._finish("cancelled" if self._cancelled and self._jobs else self._stuck)
                    self._condition.notify_all()
                    if not self._has_chores():
                        self._condition.wait()
                        rested = False
                        continue
            if rested:
                self._do_chores()
            else:
                self._rest()
                rested = True

    def _has_work(self) -> bool:
        if self._stuck:
            return False
        if self._scan_wanted or self._noticed or self._urgent:
            return True
        if self._is_due() or (self._pool is not None and self._pool.has_results()):
            return True
        if not self._queue or self._cancelled or self._paused or self._is_elsewhere():
            return False
        return self._pool is None or self._pool.has_room() or bool(self._pool.broken)

    def _is_waiting(self) -> bool:
        """Whether something comes without our doing."""
        if self._stuck:
            return False
        return (self._pool is not None and self._pool.is_busy()) or (
            bool(self._queue) and self._is_elsewhere() and not self._cancelled
        )

    def _is_elsewhere(self) -> bool:
        """Whether another process does the bulk of the work just now."""
        return self._lock is not None and self._seen_generation >= 0

    def _rest(self) -> None:
        """Nothing to do: give back what bulk work needed."""
        if self._pool is not None:
            self.n_extracted += self._pool.n_extracted
            self._pool.close()
            self._pool = None
            self._was_bulk = True
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            self._seen_generation = -1

    def _has_chores(self) -> bool:
        has_new = self._reader is not None and self._reader.has_new
        return has_new or self._was_bulk or (self._upkeep is not None and self._scanned)

    def _do_chores(self) -> None:
        """What nobody waits for."""
        if self._was_bulk:
            self._was_bulk = False
            try:
                self._store.settle()
            except StoreError as error:
                logger.info("settling the index: %s", error)
        if self._reader is not None:
            self._reader.flush()
        if self._upkeep is not None and self._scanned:
            upkeep, self._upkeep = self._upkeep, None
            try:
                upkeep()
            except Exception:
                logger.exception("the upkeep of the index failed")

    def _stop_at(self, problem: str) -> None:
        """Rest until something new is noticed: the index stays as it is, answers go on."""
        if self._pool is not None:
            self._pool.abandon()
            self._pool = None
        self._results.clear()
        with self._condition:
            self._stuck = problem
            self._queue = dict.fromkeys(self._jobs)
            self._urgent.clear()
        if problem != self._told:
            self._told = problem
            self._tell(f"the index of {self._root} is not kept up to date: {problem}")

    def _finish(self, message: str) -> None:
        listeners, self._listeners = self._listeners, []
        for _, finish in listeners:
            finish(message)

    def _step(self) -> None:
        with self._condition:
            noticed, self._noticed = self._noticed, {}
            self._looked_at = noticed
            scan = self._scan_wanted or len(noticed) > _MANY_NOTICED
            scan = scan or any(is_ignore_file(path) for path in noticed)
            self._scan_wanted = False
        try:
            if scan:
                self._scan()
            elif noticed:
                self._look_at(noticed)
            else:
                self._read_some()
        except BaseException:
            with self._condition:  # seen again once something wakes us
                self._scan_wanted |= scan
                self._noticed = {**noticed, **self._noticed}
                self._looked_at = {}
            raise
        with self._condition:
            self._looked_at = {}

    # ---------------------------------------------------------------- finding what changed

    def _scan(self) -> None:
        result = self._scanner.scan()
        known, skipped = self._store.files(), self._store.skipped_rows()
        jobs = _jobs_of(result, known.get, skipped)
        with self._condition:
            # A file that is being read and is still the same needs no second reading.
            waiting = self._queue.keys() | self._urgent.keys()
            old = {p: job for p, job in self._jobs.items() if p not in waiting}
            if not self._jobs:
                self._n_done, self._started_at = 0, time.monotonic()
            jobs = [old[j.path] if old.get(j.path) == j else j for j in _in_order(jobs)]
            self._jobs = {job.path: job for job in jobs}
            new = [job.path for job in jobs if old.get(job.path) is not job]
            self._urgent = dict.fromkeys(path for path in new if path in self._open)
            self._queue = dict.fromkeys(path for path in new if path not in self._open)
            first, self._scanned = not self._scanned, True
            self._condition.notify_all()
        left_out = [row for row in result.skipped if skipped.get(row.path) != row]
        kept = result.files.keys() | {row.path for row in result.skipped}
        gone = [path for path in (*known, *skipped) if path not in kept]
        self._store.apply(deleted=gone, skipped=left_out)
        if gone or left_out or first:
            self._changed()
        self._note_complete()
        if not first:
            self._tell_differing([*new, *gone])

    def _tell_differing(self, paths: list[str]) -> None:
        if paths:
            try:
                self._differing(paths)
            except Exception:
                logger.exception("telling what changed in %s failed", self._root)

    def _look_at(self, paths: Mapping[str, None]) -> None:
        result = self._scanner.scan_paths(paths)
        skipped = self._store.skipped_rows()
        jobs = _jobs_of(result, self._store.file, skipped)
        left_out = [row for row in result.skipped if skipped.get(row.path) != row]
        kept = result.files.keys() | {row.path for row in result.skipped}
        gone = [p for path in paths for p in self._store.paths_at(path) if p not in kept]
        with self._condition:
            for path in [p for p in self._jobs if p in kept or _is_at(p, paths)]:
                del self._jobs[path]
                self._queue.pop(path, None)
                self._urgent.pop(path, None)
            self._jobs.update((job.path, job) for job in jobs)
            self._urgent.update((job.path, None) for job in jobs[:_BULK_FILES])
            self._queue.update((job.path, None) for job in jobs[_BULK_FILES:])
        if gone or left_out:
            self._store.apply(deleted=gone, skipped=left_out)
            self._changed()
        self._tell_differing([*(job.path for job in jobs), *gone])

    # ---------------------------------------------------------------- reading files

    def _read_some(self) -> None:
        """One round: what is urgent here, the rest here or in workers; write what is done."""
        if self._urgent or not self._is_bulk():
            self._read_here()
        else:
            self._read_in_workers()
        if self._is_due():
            self._write()

    def _is_due(self) -> bool:
        """Whether results wait to be written that were better not put off for more of them."""
        if not self._results:
            return False
        if self._pool is None or not self._pool.is_busy():
            return True
        late = time.monotonic() - self._written_at > _WRITE_S
        return late or len(self._results) >= _WRITE_FILES

    def _is_bulk(self) -> bool:
        """Whether workers are there or worth their start, with the lock that goes with them."""
        if self._pool is not None and not self._pool.broken:
            return True
        with self._condition:
            jobs = [self._jobs[path] for path in self._queue]
        if self._no_pool or (
            len(jobs) < _BULK_FILES and sum(job.stamp.size for job in jobs) < _BULK_BYTES
        ):
            return False
        from treewright_indexer.pipeline.pool import Pool, worker_count

        n_workers = worker_count(self._settings.workers)
        if n_workers == 0:
            return False
        if self._pool is None and self._may_build():
            with self._condition:  # a first answer has the processors to itself
                self._condition.wait_for(
                    lambda: self._n_answering == 0 or self._closed, _ANSWERS_FIRST_S
                )
            self._pool = Pool(
                self._root, self._settings.max_file_bytes, self._shared, n_workers, self._poke
            )
        return True

    def _read_in_workers(self) -> None:
        if self._pool is None:
            self._see_what_others_wrote()
            return
        if self._pool.broken:
            logger.warning("%s: reading them here", self._pool.broken)
            self._no_pool = True
            left = self._pool.abandon()
            self._results += self._pool.take()
            self._pool = None
            with self._condition:
                again = [job.path for job in left if self._jobs.get(job.path) is job]
                self._queue = {**dict.fromkeys(again), **self._queue}
            return
        while self._pool.has_room() and (batch := self._take(_BATCH_FILES, _BATCH_BYTES)):
            self._pool.submit(batch)
        self._results += self._pool.take()

    def _read_here(self) -> None:
        if self._reader is None:
            self._reader = Reader(self._root, self._settings.max_file_bytes, self._open_shared())
        before, end = self._reader.n_extracted, time.monotonic() + _STEP_S
        while time.monotonic() < end and not self._closed:
            jobs = self._take(8, _BATCH_BYTES // 4)
            if not jobs:
                break
            self._results += zip(jobs, self._reader.read(jobs), strict=True)
        self.n_extracted += self._reader.n_extracted - before

    def _open_shared(self) -> SharedFacts | None:
        if self._shared is None:
            return None
        from treewright_indexer.store.shared import SharedFacts

        return SharedFacts(self._shared)

    def _take(self, n_files: int, n_bytes: int) -> list[Job]:
        """The next jobs, of about so many bytes; none once something else is to be done."""
        taken: list[Job] = []
        with self._condition:
            if self._noticed or self._scan_wanted:
                return taken
            while len(taken) < n_files and n_bytes > 0:
                queue = self._urgent
                if not queue and not self._cancelled and not self._paused:
                    queue = self._queue
                path = next(iter(queue), None)
                if path is None:
                    break
                del queue[path]
                taken.append(self._jobs[path])
                n_bytes -= taken[-1].stamp.size
        return taken

    # ---------------------------------------------------------------- one builder at a time

    def _may_build(self) -> bool:
        """Whether no other process reads this folder in bulk just now."""
        if self._store.path is None:
            return True
        if self._lock is None:
            self._lock = FileLock(self._store.path.with_name(self._store.path.name + ".build"))
        if self._lock.acquire():
            if self._seen_generation >= 0:  # it was done elsewhere: see what is left
                self._seen_generation = -1
                self.rescan()
                return False
            return True
        self._seen_generation = max(self._seen_generation, 0)
        return False

    def _see_what_others_wrote(self) -> None:
        """Drop the jobs that the other process has done."""
        generation = self._store.generation
        if generation == self._seen_generation:
            return
        self._seen_generation = generation
        known = self._store.files()
        with self._condition:
            for path, job in list(self._jobs.items()):
                row = known.get(path)
                if row is not None and path in self._queue and _fits(row, job):
                    del self._jobs[path], self._queue[path]
                    self._n_done += 1
        self._report()

    # ---------------------------------------------------------------- writing

    def _write(self) -> None:
        results, self._results = self._results, []
        with self._condition:
            valid = [(job, out) for job, out in results if self._jobs.get(job.path) is job]
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
                    self._n_done += 1
        self._told = ""
        self._written_at = time.monotonic()
        self._changed()
        self._note_complete()
        self._report()

    def _report(self) -> None:
        done, total = self._n_done, self._n_done + len(self._jobs)
        rate = done / max(time.monotonic() - self._started_at, 1e-3)
        for report, _ in self._listeners:
            report(done, total, f"{done}/{total} files, {rate:.0f} files/s")

    def _note_complete(self) -> None:
        """The index was complete once: after a restart it answers before it is looked through."""
        if not self._jobs and self._scanned:
            if not self._complete:
                self._store.set_meta("complete", "1")
                self._complete = True
            if self._n_done >= _BULK_FILES:
                self._store.keep_names()


def _jobs_of(
    result: ScanResult,
    known: Callable[[str], FileRow | None],
    skipped: Mapping[str, SkippedRow],
) -> list[Job]:
    """The files whose text the index may not have."""
    jobs: list[Job] = []
    for path, stamp in result.files.items():
        row = known(path)
        if row is None:
            left_out = skipped.get(path)
            if left_out is None or left_out.stamp != stamp:
                jobs.append(Job(path, stamp))
        elif row.stamp != stamp or row.extractor != extractor_of(language_for_path(path)):
            jobs.append(Job(path, stamp, row.hash, row.extractor))
    return jobs


def _fits(row: FileRow, job: Job) -> bool:
    return row.stamp == job.stamp and row.extractor == extractor_of(language_for_path(job.path))


def _in_order(jobs: Iterable[Job]) -> list[Job]:
    """What was changed last comes first: it is what the user works on."""
    return sorted(jobs, key=lambda job: (-job.stamp.mtime_ns, job.path))


def _is_at(path: str, tops: Container[str]) -> bool:
    """Whether `path` is one of `tops` or lies below one."""
    while path not in tops:
        path, slash, _ = path.rpartition("/")
        if not slash:
            return False
    return True
