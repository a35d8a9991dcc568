"""Keeps the facts of open documents at hand: extracted in the background after a pause in typing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from treewright_indexer.errors import TreewrightError
from treewright_indexer.ide.recent import Recent
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_server.clock import Timer
    from treewright_server.session import Session

PAUSE_S: Final = 0.25


class Warm:
    def __init__(self, session: Session) -> None:
        self._session = session
        self.recent = Recent()
        self._lock = threading.Lock()
        self._timers: dict[str, Timer] = {}
        session.documents.on_text.append(lambda path, text, splices: self._later(path))
        session.documents.on_close.append(self._closed)

    def _later(self, path: str) -> None:
        with self._lock:
            timer = self._timers.pop(path, None)
            if timer is not None:
                timer.cancel()
            self._timers[path] = self._session.clock.later(PAUSE_S, lambda: self._begin(path))

    def _begin(self, path: str) -> None:
        with self._lock:
            self._timers.pop(path, None)
        self._session.lanes.post(lambda: self._learn(path), Lane.BACKGROUND)

    def _learn(self, path: str) -> None:
        overlay = self._session.workspace.snapshot().overlays.get(path)
        if overlay is None or self.recent.knows(overlay):
            return
        try:
            self.recent.learn(overlay)
        except TreewrightError:  # no grammar for it: nothing to keep
            return

    def _closed(self, path: str) -> None:
        with self._lock:
            timer = self._timers.pop(path, None)
            if timer is not None:
                timer.cancel()
        self.recent.forget(path)
