"""Lanes, timers, and the asyncio side: what runs where, and that it all ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError
from treewright_server.clock import Clock
from treewright_server.lanes import Lane, Lanes


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    lanes = Lanes()
    yield lanes
    lanes.close()


def test_a_lane_has_its_number_of_threads_and_no_more(lanes: Lanes) -> None:
    limit = Lane.BACKGROUND.value[1]
    barrier, names = threading.Barrier(limit + 1), set[str]()

    def work() -> None:
        names.add(threading.current_thread().name)
        barrier.wait(10)

    for _ in range(3 * limit):
        lanes.post(work, Lane.BACKGROUND)
    for _ in range(3):
        barrier.wait(10)
    assert len(names) == limit


def test_one_piece_of_work_starts_one_thread(lanes: Lanes) -> None:
    names = set[str]()
    for _ in range(20):
        done = threading.Event()
        lanes.post(lambda: names.add(threading.current_thread().name), Lane.INTERACTIVE)
        lanes.post(done.set, Lane.INTERACTIVE)
        assert done.wait(10)
        time.sleep(0.005)
    assert len(names) <= 2


@pytest.mark.parametrize("lane", [Lane.FOLDERS, Lane.JOURNAL])
def test_these_lanes_keep_the_order(lanes: Lanes, lane: Lane) -> None:
    seen: list[int] = []
    done = threading.Event()
    for number in range(100):
        lanes.post(lambda number=number: seen.append(number), lane)
    lanes.post(done.set, lane)
    assert done.wait(10)
    assert seen == list(range(100))


def test_work_that_fails_is_logged_and_the_lane_goes_on(
    lanes: Lanes, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def fail() -> None:
        raise ValueError("broken")

    lanes.post(fail, Lane.JOURNAL)
    lanes.post(done.set, Lane.JOURNAL)
    assert done.wait(10)
    assert "broken" in caplog.text


def test_close_cancels_what_runs_but_lets_the_journal_finish() -> None:
    lanes, written, tokens = Lanes(), list[int](), list[CancelToken]()
    started = threading.Event()

    def long(token: CancelToken) -> None:
        tokens.append(token)
        started.set()
        while not token.cancelled:
            time.sleep(0.001)

    lanes.post_cancellable(long, Lane.BACKGROUND)
    assert started.wait(10)
    for number in range(5):
        lanes.post(lambda number=number: written.append(number), Lane.JOURNAL)
    lanes.close()
    assert written == list(range(5))
    assert tokens[0].cancelled
    assert not lanes.post(lambda: written.append(9), Lane.JOURNAL)


async def test_run_gives_the_result_or_the_error(lanes: Lanes) -> None:
    assert await lanes.run(lambda token: 3, Lane.BACKGROUND) == 3
    with pytest.raises(ZeroDivisionError):
        await lanes.run(lambda token: 1 // 0, Lane.BACKGROUND)


async def test_run_sets_the_token_of_who_is_cancelled(lanes: Lanes) -> None:
    started, ended = threading.Event(), threading.Event()

    def long(token: CancelToken) -> None:
        started.set()
        try:
            while True:
                token.check()
                time.sleep(0.001)
        except CancelledError:
            ended.set()
            raise

    task = asyncio.create_task(lanes.run(long, Lane.BACKGROUND))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 10)


def test_timers_go_off_in_their_order_and_not_when_cancelled() -> None:
    clock, seen, done = Clock(), list[str](), threading.Event()
    clock.later(0.06, done.set)
    clock.later(0.03, lambda: seen.append("late"))
    clock.later(0.01, lambda: seen.append("early"))
    clock.later(0.02, lambda: seen.append("never")).cancel()
    assert done.wait(10)
    assert seen == ["early", "late"]
    clock.close()
    assert clock.later(0.0, lambda: seen.append("closed")).cancelled


def test_a_timer_that_fails_does_not_stop_the_clock(caplog: pytest.LogCaptureFixture) -> None:
    clock, done = Clock(), threading.Event()

    def fail() -> None:
        raise ValueError("broken")

    clock.later(0.0, fail)
    clock.later(0.01, done.set)
    assert done.wait(10)
    assert "broken" in caplog.text
    clock.close()
