"""Tests that run while the model thinks: used for exactly what they were started for, or ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_agent.routines.ahead import Ahead
from treewright_agent.tools.bench import CommandRun, TestRun
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, RefusedError
from treewright_indexer.text import Span


def change(text: str) -> SourceChange:
    return SourceChange((FileChange("/w/a.py", "h", (TextEdit(Span(0, 0), text),)),))


class Slow:
    """A workshop whose runs take until they are let go or cancelled."""

    def __init__(self, *, passes: bool = True) -> None:
        self.asked: list[tuple[SourceChange, tuple[str, ...]]] = []
        self.cancelled = 0
        self.go = threading.Event()
        self.passes = passes
        self.closed = False

    def test(
        self, change: SourceChange, selection: Sequence[str], timeout_s: float, token: CancelToken
    ) -> TestRun:
        self.asked.append((change, tuple(selection)))
        while not self.go.wait(0.01):
            if token.cancelled:
                self.cancelled += 1
                token.check()
        passed = self.passes or change.is_empty
        return TestRun(passed, 0 if passed else 1, kind="passed" if passed else "failed", n_run=1)

    def command(
        self, change: SourceChange, argv: Sequence[str], workdir: str, timeout_s: float,
        max_output: int, token: CancelToken,
    ) -> CommandRun:  # fmt: skip
        raise RefusedError("no")

    def build(self, change: SourceChange, timeout_s: float, token: CancelToken) -> TestRun:
        raise RefusedError("no")

    def close(self) -> None:
        self.closed = True


def test_the_answer_is_there_when_it_is_asked_for() -> None:
    slow = Slow()
    ahead = Ahead(slow)
    ahead.begin(change("x"), ["test_a.py"], 10)
    threading.Timer(0.1, slow.go.set).start()
    run = ahead.test(change("x"), ["test_a.py"], 10, CancelToken())
    assert run.passed
    assert len(slow.asked) == 1
    assert ahead.test(change("x"), ["test_a.py"], 10, CancelToken()) is run
    assert len(slow.asked) == 1


def test_a_stale_run_is_ended_and_never_used() -> None:
    slow = Slow()
    ahead = Ahead(slow)
    ahead.begin(change("x"), ["test_a.py"], 10)
    ahead.begin(change("y"), ["test_a.py"], 10)
    assert slow.cancelled == 1
    slow.go.set()
    ahead.test(change("z"), ["test_a.py"], 10, CancelToken())
    assert slow.asked[-1][0] == change("z")


def test_a_red_run_is_compared_with_the_one_before() -> None:
    slow = Slow(passes=False)
    slow.go.set()
    ahead = Ahead(slow)
    ahead.begin(change("x"), ["test_a.py"], 10, ["test_a.py"])
    assert not ahead.test(change("x"), ["test_a.py"], 10, CancelToken()).passed
    assert ahead.test(SourceChange(), ["test_a.py"], 10, CancelToken()).passed
    assert len(slow.asked) == 2


def test_cancelling_the_task_ends_it_at_once() -> None:
    slow = Slow()
    ahead = Ahead(slow)
    ahead.begin(change("x"), [], 10)
    token = CancelToken()
    threading.Timer(0.1, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        ahead.test(change("x"), [], 10, token)
    assert time.monotonic() - started < 1.0
    assert slow.cancelled == 1


def test_closing_leaves_nothing_running() -> None:
    slow = Slow()
    ahead = Ahead(slow)
    ahead.begin(change("x"), [], 10)
    ahead.close()
    assert (slow.cancelled, slow.closed) == (1, True)


def test_a_run_that_was_refused_is_refused_to_who_asks() -> None:
    class Refuses(Slow):
        def test(
            self, change: SourceChange, selection: Sequence[str], timeout_s: float,
            token: CancelToken,
        ) -> TestRun:  # fmt: skip
            raise RefusedError("nothing may be run here")

    ahead = Ahead(Refuses())
    ahead.begin(change("x"), [], 10)
    with pytest.raises(RefusedError):
        ahead.test(change("x"), [], 10, CancelToken())
