"""Where work runs: threads of our own, each lane with its queue.

The interactive lane answers what an editor waits for; the background lane lints and talks to
disks; the folders lane opens and closes folders one after the other; the journal lane writes
feedback in order. A thread starts when work first needs it and lives as long as the session.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from treewright_indexer.cancel import CancelToken

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

T = TypeVar("T")
logger = logging.getLogger("treewright")

CLOSE_S = 3.0
"""How long closing waits for the journal."""


class Lane(Enum):
    """Value: (name, the number of threads)."""

    INTERACTIVE = ("interactive", 6)
    BACKGROUND = ("background", 2)
    FOLDERS = ("folders", 1)
    JOURNAL = ("journal", 1)


class _Pool:
    """Daemon threads on one queue. What a job raises is logged; jobs look after themselves."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._idle = 0
        """Threads that wait and are not yet promised a job."""
        self._unclaimed = 0
        """Queued jobs that no waiting thread was promised to."""
        self._closed = False
        self.threads: list[threading.Thread] = []

    @property
    def waiting(self) -> int:
        return self._queue.qsize() if self.threads else 0

    def submit(self, job: Callable[[], object]) -> bool:
        """False when the pool is closed: the job will not run."""
        with self._lock:
            if self._closed:
                return False
            self._queue.put(job)
            if self._idle > 0:
                self._idle -= 1
            elif len(self.threads) < self._limit:
                name = f"treewright-{self._name}-{len(self.threads)}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self.threads.append(thread)
                thread.start()
            else:
                self._unclaimed += 1
        return True

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            try:
                job()
            except Exception as error:
                logger.error("work in the %s lane failed: %r", self._name, error, exc_info=error)
            del job  # what it holds is let go before the next one comes
            with self._lock:
                if self._unclaimed > 0:
                    self._unclaimed -= 1
                else:
                    self._idle += 1

    def close(self, *, drop: bool) -> None:
        """No new jobs; those queued run, or are forgotten with `drop`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if drop:
                while not self._queue.empty():
                    with contextlib.suppress(Empty):
                        self._queue.get_nowait()
            for _ in self.threads:
                self._queue.put(None)


class Lanes:
    """The lanes of one session."""

    def __init__(self) -> None:
        self._pools = {lane: _Pool(*lane.value) for lane in Lane}
        self._tokens: set[CancelToken] = set()
        self._closed = False

    def waiting(self) -> int:
        """Jobs that no thread has taken yet."""
        return sum(pool.waiting for pool in self._pools.values())

    def post(self, work: Callable[[], object], lane: Lane) -> bool:
        """Queue `work` for its lane and go on. False once the lanes are closed."""
        return self._pools[lane].submit(work)

    def post_cancellable(
        self, work: Callable[[CancelToken], object], lane: Lane, token: CancelToken | None = None
    ) -> CancelToken:
        """As `post`; the token is set when the session closes."""
        token = token or CancelToken()

        def run() -> None:
            self._tokens.add(token)
            try:
                if not token.cancelled:
                    work(token)
            finally:
                self._tokens.discard(token)

        self.post(run, lane)
        return token

    async def run(self, work: Callable[[CancelToken], T], lane: Lane) -> T:
        """Run `work` off the asyncio loop; when the caller is cancelled its token is set."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        token = CancelToken()

        def settle(error: BaseException | None, value: Any) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(value)

        def job() -> None:
            self._tokens.add(token)
            error: BaseException | None = None
            value: Any = None
            try:
                token.check()
                value = work(token)
            except BaseException as raised:
                error = raised
            finally:
                self._tokens.discard(token)
            try:
                loop.call_soon_threadsafe(settle, error, value)
            except RuntimeError:  # the loop has closed
                return

        if not self.post(job, lane):
            token.cancel()
            token.check()
        try:
            return await future
        except asyncio.CancelledError:
            token.cancel()
            raise

    def close(self) -> None:
        """Cancel what runs, and let the journal write what it was given."""
        self._closed = True
        for token in list(self._tokens):
            token.cancel()
        for lane, pool in self._pools.items():
            pool.close(drop=lane is not Lane.JOURNAL)
        deadline = time.monotonic() + CLOSE_S
        for thread in self._pools[Lane.JOURNAL].threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))


async def answer(
    ls: TreewrightServer,
    work: Callable[[Snapshot, CancelToken], T],
    *,
    lane: Lane = Lane.INTERACTIVE,
    needs_folders: bool = True,
) -> T:
    """Run a part of an asynchronous handler's work on the workspace as it is now.

    The first call in a handler works on the Snapshot that was taken when its request came in,
    so a later change of the text cannot slip under it; further calls see the newest text.
    """
    taken = await snapshot_of_request(ls, needs_folders=needs_folders)
    return await ls.session.lanes.run(lambda token: work(taken, token), lane)


async def snapshot_of_request(ls: TreewrightServer, *, needs_folders: bool = True) -> Snapshot:
    """The Snapshot that an asynchronous handler works on; see `answer`."""
    snapshot = ls.take_first_snapshot()
    if snapshot is None:
        await ls.session.ready(needs_folders)
        snapshot = ls.session.workspace.snapshot()
    return snapshot
