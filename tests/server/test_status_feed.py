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
    assert listener.feed.subscribe() == BUSY
    listener.feed.changed()
    assert listener.is_ready.wait(10)
    assert listener.told == [READY], "what is the same is not told again"


def test_what_is_told_before_the_answer_arrives_is_told_again() -> None:
    # The index is complete between reading the status and sending it: the client may see the
    # notification first and take the older answer for the newer one.
    listener = Listener(BUSY, READY)
    answer = listener.feed.subscribe()
    assert answer == BUSY
    assert listener.is_ready.wait(10)
    assert listener.told == [READY]


def test_a_status_that_cannot_be_read_yet_is_read_later() -> None:
    listener = Listener(BUSY, {}, READY)  # the session opens: its status has no fields
    listener.feed.subscribe()
    assert listener.is_ready.wait(10)


def test_who_did_not_ask_is_told_nothing() -> None:
    listener = Listener(READY)
    listener.feed.changed()
    assert not listener.is_ready.wait(0.6)
    assert listener.told == []
