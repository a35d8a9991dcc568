"""The asyncio loop of a session: a thread for handlers that wait for things.

It is started by the first asynchronous handler; asyncio itself is imported then. Work still runs
in lanes: a handler on this loop only waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.protocol import Conversation, Request

logger = logging.getLogger("treewright")

first_snapshot: contextvars.ContextVar[list[Snapshot]] = contextvars.ContextVar("first_snapshot")
"""The Snapshot of the request whose handler runs, until it is taken."""

Work = Callable[[], Coroutine[Any, Any, Any]]


class Aside:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="treewright-async", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def answer(self, conversation: Conversation, request: Request, work: Work) -> None:
        """Run the handler of a request and answer with what it returns. From any thread."""

        async def run() -> None:
            held = [request.snapshot] if request.snapshot is not None else []
            first_snapshot.set(held)
            request.snapshot = None  # not kept alive by a long task
            if request.answered:
                return
            try:
                result = await work()
            except BaseException as error:
                conversation.fail(request, error)
                if not isinstance(error, (Exception, asyncio.CancelledError)):
                    raise
            else:
                conversation.succeed(request, result)

        def start() -> None:
            task = self._start(run())
            request.on_cancel = lambda: self.soon(task.cancel)
            if request.token.cancelled:  # it was cancelled before it started
                task.cancel()

        self.soon(start)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine beside the requests; it is cancelled when the session closes."""
        self.soon(lambda: self._start(work))

    def soon(self, action: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self.loop.call_soon_threadsafe(action)

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("background work failed: %r", error, exc_info=error)

    def close(self, timeout_s: float = 1.0) -> None:
        """Cancel every task, let each see it, and end the thread."""
        ended = threading.Event()

        async def end() -> None:
            tasks = [task for task in self._tasks if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            ended.set()

        self.soon(lambda: self.loop.create_task(end()))
        if threading.current_thread() is not self._thread:
            ended.wait(timeout_s)
            self.soon(self.loop.stop)
            self._thread.join(timeout_s)
