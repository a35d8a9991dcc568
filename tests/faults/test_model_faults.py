"""A model endpoint that fails in every way: each task ends in a usable result or a named fallback, in time.

The default suite injects a few dozen faults, the slow one a thousand.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from tests.support.model_server import ModelServer, Reply, error, say, use
from treewright_agent.models.budget import Limits
from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import Endpoint
from treewright_agent.models.router import Router
from treewright_agent.routines.request import Services, TaskRequest
from treewright_agent.routines.task import run_task
from treewright_agent.settings import AgentSettings
from treewright_indexer.cancel import CancelToken

DEADLINE_S = 1.5
AFTER_S = 2.0
"""What the user waits at most once the deadline has passed."""

_CONTEXT = json.dumps(
    {"error": {"message": "too long", "type": "exceed_context_size_error", "n_ctx": 1}}
)
FAULTS: dict[str, Reply | None] = {
    "refused": None,  # nobody listens
    "429": error(429, "slow down", headers={"Retry-After": "1"}),
    "429 for hours": error(429, "slow down", headers={"Retry-After": "86400"}),
    "500": error(500, "oops"),
    "503": error(503, "Loading model"),
    "401": error(401, "bad key"),
    "hangs": Reply(hang=True),
    "cut": say("FINAL: a long answer that is never whole", cut_after=40),
    "stalls": say("FINAL: a long answer that is never whole", stall_after=40),
    "cut at once": say("x", cut_after=0),
    "garbage": Reply(body=b"\x00\xff<<<not json", content_type="application/json"),
    "HTML": Reply(body=b"<html>gateway</html>", content_type="text/html"),
    "empty": Reply(body=b""),
    "half JSON": Reply(body=b'{"choices": [{"mess'),
    "other JSON": Reply(body=b'{"result": 42}'),
    "a list": Reply(body=b"[1, 2, 3]"),
    "null choices": Reply(body=b'{"choices": null}'),
    "no choices": Reply(body=b'{"choices": []}'),
    "deep JSON": Reply(body=b"[" * 50_000),
    "wrong schema": use("edit_file", file_path=7, new_content={"no": "text"}),
    "no such tool": use("format_disk", drive="C"),
    "prose": say("I would rather talk about the weather."),
    "silence": say(""),
    "out of context": Reply(status=400, body=_CONTEXT.encode()),
    "a flood": say("x" * 300_000, chunk=50_000),
    "filtered": say("", finish_reason="content_filter"),
    "broken stream": Reply(body=b"data: {not json}\n\ndata: [DONE]\n\n", content_type="text/event-stream"),
    "endless redirects": Reply(status=302, body=b"", headers={"Location": "/v1/chat/completions"}),
}  # fmt: skip


def _endpoint(url: str) -> Endpoint:
    return Endpoint(
        "main",
        url,
        "m",
        first_byte_s=DEADLINE_S,
        stall_s=0.4,
        context_tokens=32_000,
        max_output_tokens=512,
    )


def _injected(folder: Path, sequence: list[str], kind: str) -> tuple[float, str, str]:
    """(seconds, status, what it said) of one task that meets these faults, one request after another."""
    script = [FAULTS[name] for name in sequence]
    server = ModelServer([reply for reply in script if reply is not None], error(500, "again"))
    url = server.url if None not in script else "http://127.0.0.1:9/v1"
    settings = AgentSettings(
        limits=Limits(rounds=3, seconds=DEADLINE_S),
        endpoints=(_endpoint(url),),
        repair_s=0.1,
        plan="never",
    )
    client = ChatClient(settings.endpoints[0])
    services = Services(settings=settings, router=Router({"main": client}, {"main": ("main",)}))
    try:
        with workspace_of(folder, {"calc.py": "def add(a, b):\n    return a - b\n"}) as fixture:
            request = TaskRequest("Make add in calc.py better", kind)  # type: ignore[arg-type]
            began = time.monotonic()
            result = run_task(
                request, fixture.snapshot, replace(services), CancelToken(), fixture.root
            )
            seconds = time.monotonic() - began
    finally:
        client.close()
        server.close()
    row = result.to_json(fixture.root)
    said = row["message"] or row.get("reason", "")
    if not result.success:
        assert row["fallback"], f"{sequence}: no fallback"
        assert row["fallback"]["title"]
        assert row["error"], f"{sequence}: no reason"
    return seconds, result.status, said


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("kind", ["task", "explain"])
def test_each_fault_ends_in_an_answer(tmp_path: Path, name: str, kind: str) -> None:
    seconds, status, said = _injected(tmp_path / "w", [name] * 4, kind)
    assert said
    assert status
    assert seconds < DEADLINE_S + AFTER_S


@pytest.mark.slow
def test_a_thousand_faults(tmp_path: Path) -> None:
    chance = random.Random(7)
    n, slowest = 0, 0.0
    while n < 1000:
        sequence = chance.choices(list(FAULTS), k=chance.randint(1, 4))
        kind = chance.choice(["task", "fix", "refactor", "write_tests", "explain", "chat"])
        seconds, _, said = _injected(tmp_path / f"w{n}", sequence, kind)
        assert said, sequence
        slowest = max(slowest, seconds)
        assert seconds < DEADLINE_S + AFTER_S, f"{sequence}: {seconds:.1f} s"
        n += len(sequence)
    assert slowest > 0
