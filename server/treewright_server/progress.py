"""Work-done progress in the editor: begin, reports that never go back, end; can be cancelled.

A client without the capability gets none of it, and the work is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from treewright_server.lanes import patience

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

INTERVAL_S = 0.1


class Progress:
    """One piece of work. `report` and `finish` may be called from any thread."""

    def __init__(self, ls: TreewrightServer, title: str, on_cancel: Callable[[], None]) -> None:
        self._ls = ls
        self._title = title
        self._on_cancel = on_cancel
        self._token = f"treewright/{uuid.uuid4()}"
        self._loop = asyncio.get_running_loop()
        self._shown = False
        self._finished: str | None = None
        self._ended = False
        self._percentage = -1
        self._last = 0.0

    async def begin(self) -> None:
        """Returns once the client knows the token, or at once when it has no progress."""
        if not self._ls.session.client.work_done_progress:
            return
        progress = self._ls.work_done_progress
        try:
            async with patience(5.0):
                await progress.create_async(self._token)
                self._shown = True
        except Exception:  # a client that refuses the token gets no progress
            return
        if not self._shown:
            return
        progress.begin(
            self._token,
            lsp.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0),
        )
        self._percentage = 0
        progress.tokens[self._token].add_done_callback(self._cancelled)
        if self._finished is not None:
            self._end(self._finished)

    def _cancelled(self, future: Future[Any]) -> None:
        if future.cancelled():
            self._on_cancel()

    def report(self, done: int, total: int, message: str = "") -> None:
        now = time.monotonic()
        if now - self._last < INTERVAL_S and done < total:
            return
        self._last = now
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._report, done, total, message)

    def finish(self, message: str = "") -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, message)

    def _report(self, done: int, total: int, message: str) -> None:
        if not self._shown or self._finished is not None:
            return
        percentage = min(99, 100 * done // total) if total else 0
        if percentage < self._percentage:
            return
        self._percentage = percentage
        self._ls.work_done_progress.report(
            self._token,
            lsp.WorkDoneProgressReport(
                message=message or f"{done}/{total}", percentage=percentage, cancellable=True
            ),
        )

    def _end(self, message: str) -> None:
        self._finished = message
        if not self._shown or self._ended:
            return
        self._ended = True
        progress = self._ls.work_done_progress
        progress.end(self._token, lsp.WorkDoneProgressEnd(message=message or None))
        progress.tokens.pop(self._token, None)
