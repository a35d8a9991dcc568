"""Events in, batches at the sink: each once, in order, whatever the sink does."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.outbox import Batch, Outbox, SinkError
from treewright_agent.feedback.sinks import sink_of
from treewright_agent.feedback.sinks.folder import FolderSink
from treewright_agent.feedback.sinks.https import HttpsSink
from treewright_indexer.errors import ArgumentsError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "data") as opened:
        yield opened


class FlakySink:
    """Fails, or takes a batch and says it did not, as networks do."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.received: dict[str, Batch] = {}
        self.order: dict[str, list[int]] = defaultdict(list)

    def send(self, batch: Batch) -> None:
        luck = self._random.random()
        if luck < 0.3:
            raise SinkError("refused", 1.0)
        known = self.received.get(batch.key)
        if known is None:
            self.received[batch.key] = batch
            self.order[batch.project].append(batch.sequence)
        else:
            assert known.body == batch.body
        if luck < 0.5:
            raise SinkError("the answer was lost", 1.0)


def record(store: FeedbackStore, n: int, workspace: str) -> None:
    store.record_proposal(proposal_of(f"p{n}"), workspace, now=1000.0 + n)
    store.record_outcome(f"p{n}", "accepted", now=1000.5 + n)


@pytest.mark.parametrize("seed", range(4))
def test_exactly_once_and_in_order(store: FeedbackStore, seed: int) -> None:
    luck = random.Random(seed)
    sink, outbox = FlakySink(seed), Outbox(store, "s", with_code=True)
    now, n = 2000.0, 0
    for _ in range(25):
        for _ in range(luck.randrange(4)):
            record(store, n, f"/w/{n % 3}")
            n += 1
        if luck.random() < 0.3:
            outbox = Outbox(store, "s", with_code=True)  # the process was started again
        outbox.seal()
        outbox.drain(sink, now=now)
        now += 100.0
    while outbox.n_open():
        outbox.drain(sink, now=now)
        now += 10_000.0
    events = [
        json.loads(line)["event"]
        for batch in sink.received.values()
        for line in batch.body.decode().splitlines()
    ]
    assert len(events) == len(set(events)) == 3 * n  # proposal, shown, accepted
    for sequence in sink.order.values():
        assert sequence == sorted(sequence) == list(range(1, len(sequence) + 1))


def test_without_code_no_code_leaves(store: FeedbackStore) -> None:
    record(store, 1, "/w")
    lines = list(Outbox(store, "s").preview())
    assert len(lines) == 3
    assert not any("import os" in line or "a.py" in line for line in lines)
    assert json.loads(lines[2])["outcome"] == "accepted"


def test_what_is_forgotten_does_not_leave(store: FeedbackStore) -> None:
    record(store, 1, "/w")
    record(store, 2, "/w")
    outbox = Outbox(store, "s", with_code=True)
    outbox.seal()
    store.forget(proposal="p1")
    sink = FlakySink(3)
    now = 5000.0
    while outbox.n_open():
        outbox.drain(sink, now=now)
        now += 100.0
    (batch,) = sink.received.values()
    about = [json.loads(line) for line in batch.body.decode().splitlines()]
    assert {event.get("id") or event.get("proposal") for event in about} == {"p2"}


def test_a_full_outbox_waits_and_loses_nothing(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treewright_agent.feedback.outbox.MAX_OPEN", 2)
    outbox = Outbox(store, "s", with_code=True)
    for n in range(6):
        record(store, n, f"/w/{n}")
        outbox.seal()
    assert outbox.n_open() == 2
    sink, now = FlakySink(1), 3000.0
    for _ in range(60):
        outbox.seal()
        outbox.drain(sink, now=now)
        now += 10_000.0
    assert outbox.n_open() == 0
    assert sum(batch.n_events for batch in sink.received.values()) == 18


def test_a_folder_gets_whole_signed_files(store: FeedbackStore, tmp_path: Path) -> None:
    record(store, 1, "/w")
    outbox = Outbox(store, "s", with_code=True)
    outbox.seal()
    sink = FolderSink(str(tmp_path / "sink"), b"key")
    assert outbox.drain(sink).n_sent == 1
    (path,) = (tmp_path / "sink").glob("*/*.jsonl")
    key = path.stem.partition("-")[2]
    body_hash = hashlib.sha256(path.read_bytes()).hexdigest()
    signed = "\n".join((key, path.parent.name, "1", body_hash)).encode()
    expected = hmac.new(b"key", signed, hashlib.sha256).hexdigest()
    assert path.with_suffix(".sig").read_text().strip() == expected


class _Endpoint(BaseHTTPRequestHandler):
    answers: list[int]
    bodies: dict[str, bytes]
    headers_seen: list[dict[str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = type(self).answers.pop(0) if type(self).answers else 204
        if status < 300:
            type(self).bodies.setdefault(self.headers["Idempotency-Key"], body)
        type(self).headers_seen.append(dict(self.headers))
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "120")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_an_endpoint_that_is_down_for_a_while(store: FeedbackStore) -> None:
    handler = type(
        "Handler", (_Endpoint,), {"answers": [503, 500], "bodies": {}, "headers_seen": []}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        record(store, 1, "/w")
        outbox = Outbox(store, "s", with_code=True)
        outbox.seal()
        sink = HttpsSink(f"http://127.0.0.1:{server.server_port}/in", b"key")
        first = outbox.drain(sink, now=1000.0)
        assert (first.n_sent, first.error) == (0, "127.0.0.1 answers 503")
        assert outbox.drain(sink, now=1100.0).n_sent == 0  # it asked for two minutes
        assert len(handler.headers_seen) == 1
        assert outbox.drain(sink, now=1121.0).n_sent == 0
        assert outbox.drain(sink, now=9999.0).n_sent == 1
        assert len(handler.bodies) == 1
        assert handler.headers_seen[-1]["X-Treewright-Signature"]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ftp://x", "is no address"),
        ("http://example.org/in", "use https"),
        ("s3://bucket/x", "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY is missing"),
    ],
)
def test_bad_addresses_are_named(address: str, message: str) -> None:
    with pytest.raises(ArgumentsError, match=message):
        sink_of(address, {})
