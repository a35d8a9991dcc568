"""Sinks that are down for days, lie, answer twice or change their mind; clocks that jump."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore, outbox
from treewright_agent.feedback.outbox import Batch, Outbox, SinkError
from treewright_agent.feedback.sinks.https import HttpsSink
from treewright_agent.feedback.sinks.s3 import S3Sink

DAY = 86_400.0
Answer = Callable[[bytes], tuple[int, dict[str, str]]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "data") as opened:
        assert opened.database is not None
        opened.database.rows("PRAGMA synchronous = OFF")
        yield opened


def record(store: FeedbackStore, n: int, now: float, workspace: str = "/w") -> None:
    store.record_proposal(proposal_of(f"p{n}"), workspace, now=now)
    store.record_outcome(f"p{n}", "accepted", now=now + 1)


class Sink:
    def __init__(self) -> None:
        self.down = True
        self.batches: dict[str, Batch] = {}
        self.n_calls = 0

    def send(self, batch: Batch) -> None:
        self.n_calls += 1
        if self.down:
            raise SinkError("down")
        assert self.batches.setdefault(batch.key, batch).body == batch.body

    @property
    def events(self) -> list[dict[str, object]]:
        ordered = sorted(self.batches.values(), key=lambda batch: (batch.project, batch.sequence))
        return [json.loads(line) for b in ordered for line in b.body.decode().splitlines()]


def test_a_week_of_outage_loses_nothing_and_asks_seldom(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every ten minutes of a week, on a clock of our own; the sink comes back on the eighth day."""
    monkeypatch.setattr(outbox, "MAX_OPEN", 8)
    monkeypatch.setattr(outbox, "MAX_EVENTS", 20)
    sink, way, now, n = Sink(), Outbox(store, "s"), 1e9, 0
    while now < 1e9 + 7 * DAY:
        if int(now) % 7200 < 600:
            record(store, n, now)
            n += 1
        way.seal()
        way.drain(sink, now=now)
        now += 600
    assert way.n_open() == 8  # back-pressure: the rest waits in the tables
    assert sink.n_calls < 7 * 24 * 3  # once an hour, a little more at first
    sink.down = False
    while way.seal() or way.n_open():
        way.drain(sink, now=now)
        now += 3600
    assert len(sink.events) == len({e["event"] for e in sink.events}) == 3 * n
    proposals = [e["id"] for e in sink.events if "id" in e]
    assert proposals == [f"p{i}" for i in range(n)]


@pytest.mark.parametrize("seed", range(5))
def test_a_jumping_clock_neither_reorders_nor_stops(store: FeedbackStore, seed: int) -> None:
    luck, sink = random.Random(seed), Sink()
    way = Outbox(store, "s")
    for n in range(40):
        now = luck.choice((1e9, 1e9 - 400 * DAY, 1e9 + 4000 * DAY)) + luck.random() * DAY
        store.record_proposal(proposal_of(f"p{n}"), "/w", now=now)
        store.record_outcome(f"p{n}", "accepted", now=now - luck.random() * 9 * DAY)
        sink.down = luck.random() < 0.5
        way.seal()
        way.drain(sink, now=now)
    sink.down = False
    for moment in (5e8, 5e8 + 2 * DAY):  # far behind every `not_before`
        way.seal()
        way.drain(sink, now=moment)
    seen: set[object] = set()
    for event in sink.events:
        if "id" in event:
            seen.add(event["id"])
        else:
            assert event["proposal"] in seen, "an outcome came before its proposal"
    assert len(seen) == 40
    rows = list(store.proposals())
    assert all(row.outcome == "accepted" for row in rows)


def test_what_is_kept_is_sealed_no_sooner_than_its_proposal(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_EVENTS", 3)
    for n in range(10):
        record(store, n, 1e9 + n)
    store.record_kept("p9", "day", 0.5, now=1e9 + DAY)
    sink = Sink()
    sink.down = False
    way = Outbox(store, "s")
    while way.seal() or way.n_open():
        way.drain(sink, now=1e9)
    places = {e["event"]: n for n, e in enumerate(sink.events)}
    assert places["kept/1"] > places["proposals/10"]
    assert len(places) == 31


def test_consent_that_was_withdrawn_holds_everything_back(store: FeedbackStore) -> None:
    record(store, 1, 1e9, "/w/a")
    record(store, 2, 1e9, "/w/b")
    way, sink = Outbox(store, "s", with_code=True), Sink()
    sink.down = False
    way.seal()
    store.record_consent("/w/a", "off", now=1e9 + 5)
    record(store, 3, 1e9 + 6, "/w/a")
    way.seal()
    way.drain(sink, now=1e9 + 10)
    assert {e["id"] for e in sink.events if "id" in e} == {"p2"}
    store.record_consent("/w/a", "outcomes", now=1e9 + 20)
    way.seal()
    way.drain(sink, now=1e9 + 30)
    about_a = [e for e in sink.events if e.get("id") == "p1"]
    assert len(about_a) == 1
    assert "diff" not in about_a[0]  # sealed with code, sent without
    assert any("diff" in e for e in sink.events)
    assert store.record_consent("/w/b", "local")


@contextmanager
def answering(answer: Answer) -> Generator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers = answer(bodies[-1])
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()


def s3(endpoint: str) -> S3Sink:
    return S3Sink(endpoint, "b", "p", "us-east-1", ("id", "secret", ""), b"key")


def lie(body: bytes) -> tuple[int, dict[str, str]]:
    return 200, {
        "X-Treewright-SHA256": hashlib.sha256(b"other").hexdigest(),
        "ETag": '"' + "0" * 32 + '"',
    }


def truth(body: bytes) -> tuple[int, dict[str, str]]:
    return 200, {
        "X-Treewright-SHA256": hashlib.sha256(body).hexdigest(),
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
    }


@pytest.mark.parametrize("kind", ["https", "s3"])
def test_a_sink_that_lies_is_not_believed(store: FeedbackStore, kind: str) -> None:
    record(store, 1, 1e9)
    way = Outbox(store, "s")
    way.seal()
    answers = [lie, lie, truth]
    with answering(lambda body: answers.pop(0)(body)) as (url, bodies):
        sink = s3(url) if kind == "s3" else HttpsSink(f"{url}/in", b"key")
        for n in range(2):
            done = way.drain(sink, now=1e9 + n * DAY)
            assert (done.n_sent, done.n_left) == (0, 1)
            assert "other bytes than were sent" in done.error
        assert way.drain(sink, now=1e9 + 5 * DAY).n_sent == 1
    assert len(set(bodies)) == 1  # the same bytes each time


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (409, True), (302, False), (500, False), (413, False)]
)
def test_only_an_acknowledgement_is_one(store: FeedbackStore, status: int, taken: bool) -> None:
    record(store, 1, 1e9)
    way = Outbox(store, "s")
    way.seal()
    with answering(lambda body: (status, {"Location": "http://127.0.0.1:1/"})) as (url, _):
        done = way.drain(HttpsSink(f"{url}/in"), now=1e9)
    assert done.n_sent == taken
    assert way.n_open() == (not taken)
