"""What goes wrong at a model's address, in eleven kinds; and the primitives that bound waiting."""

from __future__ import annotations

import email.utils
import time

import httpx
import pytest

from treewright_agent.models.budget import Budget, Limits
from treewright_agent.models.errors import ErrorKind, ProviderError, from_exception, from_response
from treewright_agent.models.messages import Usage
from treewright_agent.models.resilience import (
    Breaker,
    BreakerOpenError,
    BreakerState,
    Deadline,
    RetryPolicy,
    TokenBucket,
)
from treewright_agent.models.sse import EventReader
from treewright_agent.models.tokens import TokenMeter, estimate
from treewright_indexer.errors import CancelledError

K = ErrorKind


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable"),
    [
        (400, '{"error": {"message": "bad value"}}', K.INVALID_PARAMETER, False),
        (400, '{"error": {"code": "context_length_exceeded", "message": "m"}}', K.CONTEXT_LENGTH, False),
        (400, '{"error": {"type": "exceed_context_size_error", "n_ctx": 512}}', K.CONTEXT_LENGTH, False),
        (400, '{"error": {"code": "content_filter", "message": "m"}}', K.CONTENT_FILTER, False),
        (400, '{"error": "prompt is too long: 9 tokens"}', K.CONTEXT_LENGTH, False),
        (401, '{"error": {"code": "invalid_api_key"}}', K.AUTHENTICATION, False),
        (402, "", K.QUOTA_EXCEEDED, False),
        (403, '{"detail": "rate limit is none of this"}', K.AUTHORIZATION, False),
        (404, '{"error": {"message": "The model `x` does not exist"}}', K.NOT_FOUND, False),
        (404, "<html>nginx</html>", K.NOT_FOUND, False),
        (408, "", K.TIMEOUT, True),
        (413, "", K.CONTEXT_LENGTH, False),
        (422, '{"detail": [{"msg": "field required"}]}', K.INVALID_PARAMETER, False),
        (429, '{"error": {"message": "Rate limit reached"}}', K.THROTTLING, True),
        (429, '{"error": {"code": "insufficient_quota"}}', K.QUOTA_EXCEEDED, False),
        (429, '[{"error": {"status": "RESOURCE_EXHAUSTED"}}]', K.THROTTLING, True),
        (500, "oops", K.SERVICE_UNAVAILABLE, True),
        (502, "", K.SERVICE_UNAVAILABLE, True),
        (503, '{"error": {"message": "Loading model", "type": "unavailable_error"}}', K.SERVICE_UNAVAILABLE, True),
        (504, '{"error": {"status": "DEADLINE_EXCEEDED"}}', K.TIMEOUT, True),
        (529, '{"type": "error", "error": {"type": "overloaded_error"}}', K.SERVICE_UNAVAILABLE, True),
        (418, "", K.UNKNOWN, False),
    ],
)  # fmt: skip
def test_answers(status: int, body: str, kind: ErrorKind, retryable: bool) -> None:
    error = from_response(status, {}, body.encode(), provider="p")
    assert (error.kind, error.retryable, error.status) == (kind, retryable, status)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), K.SERVICE_UNAVAILABLE),
        (httpx.ReadTimeout("slow"), K.TIMEOUT),
        (httpx.RemoteProtocolError("cut"), K.SERVICE_UNAVAILABLE),
        (httpx.UnsupportedProtocol("ftp"), K.INVALID_PARAMETER),
        (TimeoutError(), K.TIMEOUT),
        (ConnectionResetError(), K.SERVICE_UNAVAILABLE),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), K.AUTHENTICATION),
        (RuntimeError("odd"), K.UNKNOWN),
    ],
)
def test_exceptions(error: Exception, kind: ErrorKind) -> None:
    assert from_exception(error).kind is kind


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"Retry-After": "7"}, 7, 7),
        ({"retry-after": "1.5"}, 1.5, 1.5),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
    ],
)
def test_retry_after(headers: dict[str, str], low: float, high: float) -> None:
    wait = from_response(429, headers, b"").retry_after
    assert wait is not None
    assert low <= wait <= high


@pytest.mark.parametrize(("ahead_s", "low", "high"), [(30, 27, 31), (-30, 0, 0)])
def test_retry_after_as_a_date(ahead_s: float, low: float, high: float) -> None:
    date = email.utils.formatdate(time.time() + ahead_s, usegmt=True)
    wait = from_response(429, {"Retry-After": date}, b"").retry_after
    assert wait is not None
    assert low <= wait <= high


@pytest.mark.parametrize("value", ["", "soon", "-"])
def test_retry_after_that_says_nothing(value: str) -> None:
    assert from_response(429, {"Retry-After": value}, b"").retry_after is None


# -------------------------------------------------------------------- clocks


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


DOWN = ProviderError(K.SERVICE_UNAVAILABLE, "down")


def attempt(breaker: Breaker, error: BaseException | None = None) -> str:
    try:
        with breaker.guarding():
            if error is not None:
                raise error
    except BreakerOpenError:
        return "open"
    except (ProviderError, CancelledError):
        return "failed"
    return "ok"


def test_the_breaker_follows_its_table() -> None:
    clock = Clock()
    breaker = Breaker("b", failures=5, successes=2, open_s=60, probes=3, clock=clock)
    assert [attempt(breaker, DOWN) for _ in range(5)] == ["failed"] * 5
    assert breaker.state is BreakerState.OPEN
    assert attempt(breaker) == "open"
    clock.now += 59.9
    assert attempt(breaker) == "open"
    clock.now += 0.2
    assert breaker.state is BreakerState.HALF_OPEN
    assert attempt(breaker, DOWN) == "failed"
    assert breaker.state is BreakerState.OPEN
    clock.now += 60
    for _ in range(3):  # cancelled probes give their slot back
        assert attempt(breaker, CancelledError("c")) == "failed"
    assert attempt(breaker) == "ok"
    assert breaker.state is BreakerState.HALF_OPEN
    assert attempt(breaker) == "ok"
    assert breaker.state is BreakerState.CLOSED


def test_only_so_many_probes_at_once() -> None:
    clock = Clock()
    breaker = Breaker("b", failures=1, probes=2, clock=clock)
    attempt(breaker, DOWN)
    clock.now += 60
    with breaker.guarding(), breaker.guarding():
        assert attempt(breaker) == "open"
    assert breaker.state is BreakerState.CLOSED


def test_our_own_mistakes_do_not_open_it() -> None:
    breaker = Breaker("b", failures=2)
    for _ in range(10):
        attempt(breaker, ProviderError(K.INVALID_PARAMETER, "ours"))
        attempt(breaker, ProviderError(K.AUTHENTICATION, "ours"))
    assert breaker.state is BreakerState.CLOSED


def test_the_bucket_never_gives_more_than_time_does() -> None:
    clock = Clock()
    bucket = TokenBucket(20, clock)
    starts = [clock.now + bucket.reserve() for _ in range(200)]
    begin = clock.now
    assert sum(start < begin + 60 for start in starts) <= 40
    for minute in range(1, 9):
        low, high = begin + 60 * minute, begin + 60 * (minute + 1)
        assert sum(low <= start < high for start in starts) <= 20


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (RetryPolicy(3, 1, 60, 2, random_source=lambda: 1.0), [1, 2, 4]),
        (RetryPolicy(3, 1, 60, 2, random_source=lambda: 0.0), [0.5, 1, 2]),
        (RetryPolicy(3, 2, 60, 2, jitter=False), [2, 4, 8]),
        (RetryPolicy(8, 1, 32, 2, jitter=False), [1, 2, 4, 8, 16, 32, 32]),
    ],
)
def test_delays(policy: RetryPolicy, delays: list[float]) -> None:
    assert [policy.delay_s(i + 1, DOWN) for i in range(len(delays))] == delays


def test_a_stage_never_outlives_its_task() -> None:
    clock = Clock()
    whole = Deadline(60, clock=clock)
    clock.now += 50
    stage = whole.within(30, "generation")
    assert stage.remaining_s == pytest.approx(10)
    clock.now += 11
    with pytest.raises(Exception, match=r"generation timed out after 11\.0 s"):
        stage.check()


# -------------------------------------------------------------------- streams, tokens, budget


def test_events_wherever_the_stream_is_cut() -> None:
    raw = b": note\r\ndata: one\r\n\r\nevent: x\ndata: two\ndata:  lines\n\ndata: drei \xc3\xa4\r\rdata: last"
    expected = ["one", "two\n lines", "drei ä", "last"]
    for size in range(1, len(raw) + 1):
        reader = EventReader()
        found = [e for i in range(0, len(raw), size) for e in reader.feed(raw[i : i + size])]
        assert [*found, *reader.end()] == expected, size


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("hello world", 2),
        ("def load_settings(path: str) -> dict[str, int]:\n    return {}\n", 20),
        ("把 old_name 重命名为 new_name", 12),
        ("    x = 1\n" * 100, 500),
    ],
)
def test_the_estimate_is_near(text: str, tokens: int) -> None:
    assert tokens * 0.7 <= estimate(text) <= tokens * 1.9


def test_a_meter_learns_up_at_once_and_down_slowly() -> None:
    meter, text = TokenMeter(), "some words in a line\n" * 100
    first = meter.count(text)
    meter.learn(text, first * 2)
    assert meter.count(text) >= first * 1.9
    meter.learn(text, first)
    assert first * 1.5 < meter.count(text) < first * 1.9


def test_children_spend_their_parents_budget() -> None:
    parent = Budget(Limits(rounds=3, tool_calls=10, tokens=1_000))
    child = parent.child(Limits(rounds=100, tool_calls=10, tokens=1_000))
    child.model_call(Usage(900, 200), 0.5, 1.0)
    assert parent.spent.tokens == 1_100
    assert parent.exhausted() == "max_tokens"
    assert child.exhausted() == "max_tokens"
    child.round()
    assert parent.spent.rounds == 0


def test_it_says_when_the_end_is_near() -> None:
    budget = Budget(Limits(rounds=3, cost=1.0))
    assert budget.nearly() == ""
    budget.model_call(Usage(1, 1), 0.95, 0.1)
    assert budget.nearly() == "the last of the budget"
    assert budget.cost_left == pytest.approx(0.05)
    budget.model_call(Usage(1, 1), 0.1, 0.1)
    assert budget.exhausted() == "max_cost"
