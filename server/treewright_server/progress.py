"""Work-done progress in the editor: begin, reports that never go back, end; can be cancelled.

A client without the capability gets none of it, and the work is the same.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer
    from treewright_server.errors import RpcError

INTERVAL_S = 0.1
_COUNT = itertools.count(1)


class Progress:
    """One piece of work. Any thread may call any method."""

    def __init__(self, ls: TreewrightServer, title: str, on_cancel: Callable[[], None]) -> None:
        self._ls = ls
        self._title = title
        self.on_cancel = on_cancel
        self.token = f"treewright/{os.getpid()}/{next(_COUNT)}"
        self._lock = threading.RLock()
        self._shown = False
        self._finished: str | None = None
        self._percentage = 0
        self._last = 0.0

    def begin(self) -> None:
        """Ask the client for a progress bar; it is shown once the client has said yes."""
        if self._ls.session.client.work_done_progress:
            params = {"token": self.token}
            self._ls.ask("window/workDoneProgress/create", params, self._created)

    def _created(self, _: Any, error: RpcError | None) -> None:
        if error is not None:  # a client that refuses the token gets no progress
            return
        with self._lock:
            if self._finished is not None:  # done before there was anything to show
                return
            self._shown = True
            self._ls.session.progresses[self.token] = self
            self._send(
                {"kind": "begin", "title": self._title, "cancellable": True, "percentage": 0}
            )

    def report(self, done: int, total: int, message: str = "") -> None:
        now = time.monotonic()
        if now - self._last < INTERVAL_S and done < total:
            return
        self._last = now
        with self._lock:
            if not self._shown or self._finished is not None:
                return
            percentage = min(99, 100 * done // total) if total else 0
            if percentage < self._percentage:
                return
            self._percentage = percentage
            self._send(
                {
                    "kind": "report",
                    "message": message or f"{done}/{total}",
                    "percentage": percentage,
                    "cancellable": True,
                }
            )

    def finish(self, message: str = "") -> None:
        with self._lock:
            if self._finished is not None:
                return
            self._finished = message
            if self._shown:
                self._ls.session.progresses.pop(self.token, None)
                self._send({"kind": "end", "message": message} if message else {"kind": "end"})

    def _send(self, value: dict[str, Any]) -> None:
        self._ls.notify("$/progress", {"token": self.token, "value": value})
