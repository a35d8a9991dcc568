"""Batches in an object store that checks signatures itself, as another project implements them.

`make trainers` makes the Python that has it, or TREEWRIGHT_S3_PYTHON names one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.outbox import Outbox
from treewright_agent.feedback.sinks import sink_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
Objects = dict[str, tuple[str, dict[str, str]]]


class ObjectStore:
    def __init__(self, given: dict[str, str], objects: Callable[[], Objects]) -> None:
        self.address = f"s3://{given['bucket']}/a team/ü+%41"
        self.environment = {
            "AWS_ENDPOINT_URL_S3": given["url"],
            "AWS_REGION": given["region"],
            "AWS_ACCESS_KEY_ID": given["id"],
            "AWS_SECRET_ACCESS_KEY": given["secret"],
        }
        self.objects = objects


@pytest.fixture
def object_store() -> Iterator[ObjectStore]:
    python = os.environ.get("TREEWRIGHT_S3_PYTHON") or str(ROOT / ".venv-s3/bin/python")
    if not Path(python).exists():
        if os.environ.get("TREEWRIGHT_REQUIRE_TRAINERS"):
            pytest.fail(f"{python} is not there")
        pytest.skip("no Python with an object store: run `make trainers`")
    process = subprocess.Popen(
        [python, str(ROOT / "tests/support/s3_server.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def objects() -> Objects:
        stdin.write("\n")
        stdin.flush()
        return {
            name: (text, about) for name, (text, about) in json.loads(stdout.readline()).items()
        }

    def first_line() -> Any:
        for line in stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise AssertionError("the object store did not start")

    try:
        yield ObjectStore(first_line(), objects)
    finally:
        stdin.close()
        process.wait(20)
        stdout.close()


def record(store: FeedbackStore, numbers: range) -> None:
    for n in numbers:
        store.record_proposal(proposal_of(f"p{n}"), f"/w/{n % 2}", now=1000.0 + n)
        store.record_outcome(f"p{n}", "accepted", now=1000.5 + n)


def test_each_batch_is_one_signed_object_in_order(
    tmp_path: Path, object_store: ObjectStore
) -> None:
    environment = {**object_store.environment, "TREEWRIGHT_FORWARD_KEY": "shared"}
    sink = sink_of(object_store.address, environment)
    with FeedbackStore.open(tmp_path / "data") as store:
        outbox = Outbox(store, "s", with_code=True)
        for round in range(3):
            record(store, range(round * 4, round * 4 + 4))
            outbox.seal()
            outbox.drain(sink, now=2000.0 + round)
        assert outbox.n_open() == 0
    objects = object_store.objects()
    assert len(objects) == 6  # two workspaces, three batches each
    sequences: dict[str, list[int]] = {}
    proposals: list[str] = []
    for name, (body, about) in sorted(objects.items()):
        prefix, project, batch = name.rsplit("/", 2)
        assert prefix == "a team/ü+%41"
        number, _, key = batch.removesuffix(".jsonl").partition("-")
        sequences.setdefault(project, []).append(int(number))
        signed = f"{key}\n{project}\n{int(number)}\n{hashlib.sha256(body.encode()).hexdigest()}"
        expected = hmac.new(b"shared", signed.encode(), hashlib.sha256).hexdigest()
        assert expected in about["signature"]
        proposals += [row["id"] for row in map(json.loads, body.splitlines()) if "id" in row]
    assert list(sequences.values()) == [[1, 2, 3], [1, 2, 3]]
    assert sorted(proposals) == sorted(f"p{n}" for n in range(12))


def test_a_wrong_secret_is_refused_by_the_store_and_nothing_is_lost(
    tmp_path: Path, object_store: ObjectStore
) -> None:
    wrong = {**object_store.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}
    with FeedbackStore.open(tmp_path / "data") as store:
        outbox = Outbox(store, "s", with_code=True)
        record(store, range(2))
        outbox.seal()
        refused = outbox.drain(sink_of(object_store.address, wrong), now=2000.0)
        assert "403" in str(refused)
        assert object_store.objects() == {}
        assert outbox.n_open() == 2
        outbox.drain(sink_of(object_store.address, object_store.environment), now=1e9)
        assert outbox.n_open() == 0
    assert len(object_store.objects()) == 2
