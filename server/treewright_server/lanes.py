"""Where work runs: threads of our own, so that nothing waits behind pygls' pool.

The interactive lane answers what an editor waits for; the background lane indexes, lints and
talks to disks; the journal lane is a single thread that writes feedback in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from treewright_indexer.cancel import CancelToken

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

T = TypeVar("T")

CLOSE_S = 3.0


class Lane(Enum):
    """Value: the number of threads."""

    INTERACTIVE = 4
    BACKGROUND = 2
    JOURNAL = 1


class Lanes:
    """The executors of one session. Threads start with the first work."""

    def __init__(self) -> None:
        self._pools = {
            lane: ThreadPoolExecutor(lane.value, f"treewright-{lane.name.lower()}") for lane in Lane
        }
        self._tokens: set[CancelToken] = set()

    async def run(self, work: Callable[[CancelToken], T], lane: Lane) -> T:
        """Run `work` off the loop; when the caller is cancelled its token is set."""
        token = CancelToken()
        self._tokens.add(token)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pools[lane], work, token)
        except asyncio.CancelledError:
            token.cancel()
            raise
        finally:
            self._tokens.discard(token)

    def post(self, work: Callable[[], object], lane: Lane) -> None:
        """Queue `work` for its lane and go on; it runs even when the session closes meanwhile."""
        with contextlib.suppress(RuntimeError):  # the lane is closed
            self._pools[lane].submit(work)

    async def close(self) -> None:
        """Cancel what runs, and let the journal write what it was given."""
        for token in self._tokens:
            token.cancel()
        for lane, pool in self._pools.items():
            pool.shutdown(wait=False, cancel_futures=lane is not Lane.JOURNAL)
        deadline = time.monotonic() + CLOSE_S
        journal = self._pools[Lane.JOURNAL]
        # A thread pool has no timed join; its threads end once their queue is empty.
        threads = list(getattr(journal, "_threads", ()))
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)


async def answer(
    ls: TreewrightServer,
    work: Callable[[Snapshot, CancelToken], T],
    *,
    lane: Lane = Lane.INTERACTIVE,
    needs_folders: bool = True,
) -> T:
    """Run one request's work on the workspace as it is now.

    The Snapshot is taken before anything is waited for whenever the session is ready, so a
    later change of the text cannot slip under the request.
    """
    session = ls.session
    if not session.is_ready(needs_folders):
        await session.ready(needs_folders)
    snapshot = session.workspace.snapshot()
    return await session.lanes.run(lambda token: work(snapshot, token), lane)


@contextlib.asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Give up quietly on something that a client may never answer."""
    with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
        async with asyncio.timeout(seconds):
            yield
