"""A real model behind a real OpenAI-compatible server: protocol, streaming, schemas, tool calls.

Nothing here judges what the model says; a model of 135 million parameters says little. No timing is
asserted: the server has one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from tests.support.real_model import CONTEXT_TOKENS, real_model
from treewright_agent.models.calling import Caller
from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import CallStyle, Endpoint
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.messages import ChatRequest, Message
from treewright_agent.models.resilience import Deadline
from treewright_agent.models.structured import ask
from treewright_indexer.cancel import CancelToken

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Read one file.",
        "parameters": {
            "type": "object",
            "properties": {"file_path": {"type": "string", "maxLength": 40}},
            "required": ["file_path"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def url() -> Generator[str]:
    with real_model() as address:
        yield address


def client_of(url: str, **how: object) -> ChatClient:
    settings: dict[str, object] = {
        "context_tokens": CONTEXT_TOKENS, "first_byte_s": 240.0, "stall_s": 120.0, **how,
    }  # fmt: skip
    return ChatClient(Endpoint("local", url, "smollm2", **settings))  # type: ignore[arg-type]


def request(text: str, max_tokens: int = 24) -> ChatRequest:
    return ChatRequest((Message("user", text),), max_tokens=max_tokens)


def deadline() -> Deadline:
    return Deadline(300)


def test_the_same_question_has_the_same_answer_and_tokens_are_counted(url: str) -> None:
    client = client_of(url)
    replies = [client.complete(request("Say hello."), deadline(), CancelToken()) for _ in range(2)]
    client.close()
    assert replies[0].text.strip()
    assert replies[0].text == replies[1].text
    assert replies[0].usage.counted
    assert 0 < replies[0].usage.completion_tokens <= 24


def test_text_comes_in_pieces_and_they_are_the_whole(url: str) -> None:
    client = client_of(url)
    pieces: list[str] = []
    reply = client.complete(
        request("Count from one to five."), deadline(), CancelToken(), on_text=pieces.append
    )
    client.close()
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text
    assert reply.usage.counted


class Place(msgspec.Struct, frozen=True):
    city: Annotated[str, msgspec.Meta(max_length=20)]
    large: bool


def test_an_answer_that_fits_a_schema(url: str) -> None:
    client = client_of(url)
    made = ask(
        client, Place, "place", [Message("user", "Name one city in France. Is it large?")],
        deadline(), CancelToken(), max_tokens=60,
    )  # fmt: skip
    client.close()
    assert made.value is not None, made.problem
    assert isinstance(made.value.large, bool)
    assert made.value.city


def test_a_tool_call_by_schema(url: str) -> None:
    client = client_of(url, call_style=CallStyle.SCHEMA)
    decision = Caller(client).decide(
        [Message("user", "Read the file a.py with the tool read_file.")],
        [TOOL],
        deadline(),
        CancelToken(),
        max_tokens=120,
    )
    client.close()
    assert decision.style is CallStyle.SCHEMA
    assert decision.calls or decision.answer is not None or decision.problem
    for made in decision.calls:
        assert made.name == "read_file"
        assert isinstance(made.arguments.get("file_path"), str)


def test_how_it_calls_tools_is_found_out(url: str) -> None:
    """Its template knows no tools: whatever it answers, a style that works is left, or an honest
    problem."""
    client = client_of(url)
    decision = Caller(client).decide(
        [Message("user", "Read the file a.py with the tool read_file.")],
        [TOOL],
        deadline(),
        CancelToken(),
        max_tokens=80,
    )
    client.close()
    assert decision.style in CallStyle
    assert decision.calls or decision.answer or decision.problem


def test_what_does_not_fit_is_refused_unsent(url: str) -> None:
    client = client_of(url)
    with pytest.raises(ProviderError) as raised:
        client.complete(request("word " * 6_000), deadline(), CancelToken())
    client.close()
    assert raised.value.kind is ErrorKind.CONTEXT_LENGTH


def test_a_server_that_says_so_is_believed(url: str) -> None:
    """A context that was set too large in the settings: the server's own words come through."""
    client = client_of(url, context_tokens=200_000)
    with pytest.raises(ProviderError) as raised:
        client.complete(request("word " * 6_000), deadline(), CancelToken())
    client.close()
    assert raised.value.kind is ErrorKind.CONTEXT_LENGTH


def test_a_task_with_it_ends_typed_and_touches_nothing(url: str, tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    (root / "a.py").write_text("def f(x):\n    return x + 1\n")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "MCP"))}
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    environment = {
        **kept, "PYTHONPATH": path, "TREEWRIGHT_HOME": str(tmp_path / "home"),
        "OPENAI_BASE_URL": url, "OPENAI_MODEL": "smollm2", "MAX_MCP_ITERATIONS": "1",
    }  # fmt: skip
    task = {"instruction": "explain what f does", "kind": "explain"}
    ran = subprocess.run(
        [sys.executable, "-m", "treewright_server", "task", str(root), "--json"],
        input=json.dumps(task), capture_output=True, text=True, env=environment, timeout=600,
        check=False,
    )  # fmt: skip
    row = json.loads(ran.stdout)
    assert ran.returncode in (0, 1)
    assert row["source"] in ("model", "guide")
    assert row["status"]
    assert (root / "a.py").read_text() == "def f(x):\n    return x + 1\n"
