"""Who asked for the status hears of it until the index is complete, whoever forgets to tell."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from treewright_server.status import StatusFeed


class Listener:
    def __init__(self, *states: dict[str, Any]) -> None:
        self._states = list(states)
        self.told: list[dict[str, Any]] = []
        self.is_ready = threading.Event()
        ls: Any = SimpleNamespace(stopped=False, notify=self._notify)
        self.feed = StatusFeed(ls, lambda _: self._next())

    def _next(self) -> dict[str, Any]:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        assert method == "treewright/status"
        self.told.append(params)
        if params["ready"]:
            self.is_ready.set()


BUSY, READY = {"ready": False, "files": 3}, {"ready": True, "files": 3}


def test_a_change_that_nobody_tells_of_is_found() -> None:
    # The index was called finished while one more change waited: no call of `changed` follows.
    listener = Listener(BUSY, BUSY, READY)
    listener.feed.subscribe()
    listener.feed.changed()
    assert listener.is_ready.wait(10)
    assert listener.told == [BUSY, READY], "what is the same is told once"


def test_who_did_not_ask_is_told_nothing() -> None:
    listener = Listener(READY)
    listener.feed.changed()
    assert not listener.is_ready.wait(0.6)
    assert listener.told == []
