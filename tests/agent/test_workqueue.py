"""So many at once, so many waiting, the rest refused; who matters more goes first."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treewright_agent.models.resilience import (
    Breaker,
    BreakerState,
    Deadline,
    DeadlineError,
    TokenBucket,
)
from treewright_agent.workqueue import Priority, QueueFullError, WorkQueue
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError


def test_a_thousand_one_after_the_other_all_pass() -> None:
    queue = WorkQueue()
    assert [queue.run(lambda n=n: n) for n in range(1000)] == list(range(1000))
    assert queue.stats() == {
        "active_requests": 0, "queued_requests": 0, "max_concurrent": 10, "total_requests": 1000, "rejected_requests": 0,
    }  # fmt: skip


def test_of_a_hundred_and_fifty_at_once_forty_are_refused() -> None:
    queue, gate = WorkQueue(), threading.Event()
    done: list[int] = []
    refused: list[str] = []

    def ask(number: int) -> None:
        try:
            queue.run(lambda: (gate.wait(30), done.append(number)))
        except QueueFullError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(150)]
    for thread in threads:
        thread.start()
    while len(refused) < 40 or queue.stats()["queued_requests"] < 100:
        time.sleep(0.01)
    gate.set()
    for thread in threads:
        thread.join()
    assert (len(done), len(refused)) == (110, 40)
    assert "10 tasks run and 100 wait" in refused[0]
    assert queue.stats()["active_requests"] == queue.stats()["queued_requests"] == 0


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(list(Priority)), min_size=1, max_size=8))
def test_who_matters_more_goes_first(priorities: list[Priority]) -> None:
    queue, gate = WorkQueue(concurrent=1), threading.Event()
    order: list[tuple[Priority, int]] = []
    first = threading.Thread(target=lambda: queue.run(lambda: gate.wait(30)))
    first.start()
    threads: list[threading.Thread] = []
    while queue.stats()["active_requests"] == 0:
        time.sleep(0.001)
    for number, priority in enumerate(priorities):
        thread = threading.Thread(
            target=lambda p=priority, n=number: queue.run(lambda: order.append((p, n)), p)
        )
        thread.start()
        threads.append(thread)
        while queue.stats()["queued_requests"] <= number:
            time.sleep(0.001)
    gate.set()
    for thread in (first, *threads):
        thread.join()
    assert order == sorted((p, n) for n, p in enumerate(priorities))


def test_cancelled_and_late_ones_leave_their_place() -> None:
    queue, gate, token = WorkQueue(concurrent=1, queued=1), threading.Event(), CancelToken()
    first = threading.Thread(target=lambda: queue.run(lambda: gate.wait(30)))
    first.start()
    while queue.stats()["active_requests"] == 0:
        time.sleep(0.001)
    with pytest.raises(DeadlineError, match="waiting for its turn"):
        queue.run(lambda: None, wait_s=0.1)
    threading.Timer(0.1, token.cancel).start()
    with pytest.raises(CancelledError):
        queue.run(lambda: None, token=token)
    assert queue.stats()["queued_requests"] == 0
    gate.set()
    first.join()
    with pytest.raises(ZeroDivisionError):
        queue.run(lambda: 1 / 0)
    assert queue.run(lambda: 7) == 7


# -------------------------------------------------------------------- with a clock that is told the time


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 60))
def test_no_minute_gives_more_than_the_burst_and_its_refill(
    gaps: list[float], per_minute: int
) -> None:
    now = [0.0]
    bucket = TokenBucket(per_minute, lambda: now[0])
    used: list[float] = []
    for gap in gaps:
        now[0] += gap
        used.append(now[0] + bucket.reserve())
    used.sort()
    for index, start in enumerate(used):
        inside = [at for at in used[index:] if at < start + 60.0 - 1e-6]
        assert len(inside) <= 2 * per_minute + 1


@given(st.floats(0.1, 100), st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 100)), max_size=10))
def test_a_stage_only_shortens_its_deadline(
    seconds: float, steps: list[tuple[float, float]]
) -> None:
    now = [0.0]
    whole = Deadline(seconds, "task", lambda: now[0])
    for gap, wanted in steps:
        now[0] += gap
        stage = whole.within(wanted, "stage")
        assert stage.remaining_s <= whole.remaining_s + 1e-9
        assert stage.remaining_s <= wanted + 1e-9
        assert whole.passed == (now[0] >= seconds)


@given(
    st.lists(st.tuples(st.sampled_from(["ok", "fail", "cancel"]), st.floats(0, 40)), max_size=80)
)
def test_whatever_happens_the_breaker_recovers(steps: list[tuple[str, float]]) -> None:
    now = [0.0]
    breaker = Breaker("x", clock=lambda: now[0])
    for outcome, gap in steps:
        now[0] += gap
        try:
            with breaker.guarding():
                if outcome == "fail":
                    raise OSError
                if outcome == "cancel":
                    raise CancelledError("no")
        except (OSError, CancelledError, Exception):
            pass
        assert breaker.state in BreakerState
    now[0] += 61
    for _ in range(2):
        with breaker.guarding():
            pass
    assert breaker.state is BreakerState.CLOSED
