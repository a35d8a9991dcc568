"""The client of OpenAI-compatible servers: what it sends, reads, refuses, retries and gives up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.model_server import ModelServer, Reply, error, model_server, say, use, uses
from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import Endpoint, Secret
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.messages import ChatRequest, Message
from treewright_agent.models.resilience import Breaker, BreakerOpenError, Deadline, RetryPolicy
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError

HELLO = ChatRequest((Message("user", "hello"),))


_made: list[ChatClient] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


def client_of(
    server: ModelServer | str, tries: int = 3, breaker: Breaker | None = None, **more: Any
) -> ChatClient:
    policy = RetryPolicy(tries, first_s=0.01, longest_s=0.05)
    url = server if isinstance(server, str) else server.url
    endpoint = Endpoint(**{"id": "test", "base_url": url, "model": "scripted", **more})
    _made.append(ChatClient(endpoint, policy=policy, breaker=breaker))
    return _made[-1]


def complete(
    client: ChatClient, request: ChatRequest = HELLO, seconds: float = 10.0, **how: object
):
    return client.complete(request, Deadline(seconds), CancelToken(), **how)  # type: ignore[arg-type]


def kind_of(client: ChatClient, request: ChatRequest = HELLO, seconds: float = 10.0) -> ErrorKind:
    with pytest.raises(ProviderError) as caught:
        complete(client, request, seconds)
    return caught.value.kind


# -------------------------------------------------------------------- what it sends


def test_sends_what_makes_answers_repeatable() -> None:
    with model_server(say("hi")) as server:
        complete(client_of(server))
    sent = server.requests[0]
    assert (sent["temperature"], sent["top_p"], sent["seed"]) == (0.0, 1.0, 42)
    assert sent["model"] == "scripted"
    assert sent["messages"] == [{"role": "user", "content": "hello"}]
    assert server.paths == ["/v1/chat/completions"]


def test_a_key_goes_into_the_header_and_nowhere_else() -> None:
    key = Secret("sk-not-a-real-key-0123456789")
    with model_server(error(401, "Incorrect API key provided")) as server:
        client = client_of(server, api_key=key)
        with pytest.raises(ProviderError) as caught:
            complete(client)
    assert server.headers[0]["authorization"] == "Bearer sk-not-a-real-key-0123456789"
    for shown in (
        repr(client.endpoint),
        str(caught.value),
        f"{key}",
        repr(key),
        json.dumps(server.requests),
    ):
        assert "not-a-real-key" not in shown
    assert caught.value.kind is ErrorKind.AUTHENTICATION


def test_traceparent_and_own_headers_go_along() -> None:
    with model_server(say("hi")) as server:
        client = client_of(server, headers={"X-Team": "blue"}, query={"api-version": "2024-10-21"})
        complete(client, trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c")
    assert sent["x-team"] == "blue"
    assert server.paths == ["/v1/chat/completions?api-version=2024-10-21"]


# -------------------------------------------------------------------- what it reads


def test_streams_text_as_it_comes() -> None:
    text = "äöü 😋 streamed in small pieces, cut anywhere"
    pieces: list[str] = []
    with model_server(say(text, chunk=1, usage=(11, 22))) as server:
        reply = complete(client_of(server), on_text=pieces.append)
    assert "".join(pieces) == reply.text == text
    assert len(pieces) > 10
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.counted) == (
        11,
        22,
        True,
    )
    assert reply.finish_reason == "stop"


@pytest.mark.parametrize("streams", [True, False])
def test_reads_tool_calls(streams: bool) -> None:
    wanted = uses(("read_file", {"file_path": "a.py"}), ("search", {"query": "ü", "k": 3}))
    with model_server(wanted) as server:
        reply = complete(client_of(server, streams=streams))
    assert [(call.name, json.loads(call.arguments)) for call in reply.calls] == [
        ("read_file", {"file_path": "a.py"}),
        ("search", {"query": "ü", "k": 3}),
    ]
    assert ("stream" in server.requests[0]) is streams


def test_a_server_that_ignores_stream_is_read_all_the_same() -> None:
    body = {"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}
    with model_server(Reply(body=json.dumps(body).encode())) as server:
        assert complete(client_of(server)).text == "whole"


def test_usage_is_estimated_and_marked_when_the_server_is_silent() -> None:
    with model_server(say("hi")) as server:
        usage = complete(client_of(server)).usage
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert not usage.counted


# -------------------------------------------------------------------- parameters that are refused


@pytest.mark.parametrize(
    ("message", "gone"),
    [
        ("Unknown parameter: 'stream_options'", "stream_options"),
        ("Unsupported value: 'temperature' does not support 0.0", "temperature"),
        ("Unrecognized request argument supplied: seed", "seed"),
        ("'top_p' is not supported with this model", "top_p"),
        ("stream is not supported", "stream"),
    ],
)
def test_a_refused_parameter_is_left_out_from_then_on(message: str, gone: str) -> None:
    with model_server(error(400, message), say("one"), say("two")) as server:
        client = client_of(server)
        assert complete(client).text == "one"
        assert complete(client).text == "two"
    assert gone in server.requests[0]
    assert all(gone not in request for request in server.requests[1:])
    assert len(server.requests) == 3


def test_learns_the_other_name_of_the_token_limit() -> None:
    refusal = error(
        400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    )
    with model_server(refusal, say("hi")) as server:
        complete(client_of(server))
    assert "max_tokens" not in server.requests[1]
    assert server.requests[1]["max_completion_tokens"] == server.requests[0]["max_tokens"]


# -------------------------------------------------------------------- context


def test_a_prompt_that_does_not_fit_is_refused_unsent() -> None:
    long = ChatRequest((Message("user", "word " * 2_000),))
    with (
        model_server(say("never")) as server,
        pytest.raises(ProviderError, match="nothing was sent") as caught,
    ):
        complete(client_of(server, context_tokens=1_000), long)
    assert caught.value.kind is ErrorKind.CONTEXT_LENGTH
    assert server.requests == []


def test_the_answer_is_no_longer_than_the_context_leaves_room_for() -> None:
    request = ChatRequest((Message("user", "word " * 500),), max_tokens=4_000)
    with model_server(say("hi")) as server:
        complete(client_of(server, context_tokens=1_000), request)
    assert server.requests[0]["max_tokens"] <= 400


def test_a_prompt_that_the_server_cut_in_silence_is_an_error() -> None:
    long = ChatRequest((Message("user", "word " * 6_000),))
    with (
        model_server(say("made up", usage=(2_048, 3))) as server,
        pytest.raises(ProviderError, match="read only 2048") as caught,
    ):
        complete(client_of(server), long)
    assert caught.value.kind is ErrorKind.CONTEXT_LENGTH


def test_what_a_server_counts_corrects_the_estimate() -> None:
    text = "def f(a, b):\n    return a + b\n" * 40
    request = ChatRequest((Message("user", text),))
    with model_server(say("a", usage=(1_200, 1))) as server:
        client = client_of(server)
        before = client.meter.count(text)
        complete(client, request)
    assert before < 1_000
    assert client.meter.count(text) >= 1_150


# -------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(500), ErrorKind.SERVICE_UNAVAILABLE),
        (error(503, "Loading model"), ErrorKind.SERVICE_UNAVAILABLE),
        (say("half an answer", cut_after=150), ErrorKind.SERVICE_UNAVAILABLE),
        (Reply(body=b"<html>busy</html>", content_type="text/html"), ErrorKind.UNKNOWN),
        (Reply(body=b'{"choices": [{"message": "no object"}]}'), ErrorKind.UNKNOWN),
        (Reply(body=b"[1, 2]"), ErrorKind.UNKNOWN),
        (
            Reply(body=b'{"error": {"message": "overloaded", "code": 503}}'),
            ErrorKind.SERVICE_UNAVAILABLE,
        ),
        (Reply(body=b"data: {not json\n\n", content_type="text/event-stream"), ErrorKind.UNKNOWN),
        (error(404, "model 'x' not found"), ErrorKind.NOT_FOUND),
        (error(403, "no"), ErrorKind.AUTHORIZATION),
        (error(429, "You exceeded your current quota"), ErrorKind.QUOTA_EXCEEDED),
        (
            error(400, "the request exceeds the available context size: exceed_context_size_error"),
            ErrorKind.CONTEXT_LENGTH,
        ),
        (error(302, "elsewhere", headers={"Location": "http://192.0.2.1/"}), ErrorKind.UNKNOWN),
    ],
)
def test_a_fault_is_a_typed_error(reply: Reply, kind: ErrorKind) -> None:
    with model_server(otherwise=reply) as server:
        assert kind_of(client_of(server)) is kind


def test_nobody_listens() -> None:
    assert kind_of(client_of("http://127.0.0.1:9/v1", 1)) is ErrorKind.SERVICE_UNAVAILABLE


def test_a_flood_is_cut_off() -> None:
    body = json.dumps({"choices": [{"message": {"content": "x" * 5_000_000}}]}).encode()
    with model_server(Reply(body=body)) as server:
        assert kind_of(client_of(server)) is ErrorKind.UNKNOWN


def test_a_hanging_server_runs_into_the_first_byte_limit() -> None:
    with model_server(otherwise=Reply(hang=True)) as server:
        started = time.monotonic()
        assert kind_of(client_of(server, 1, first_byte_s=0.2)) is ErrorKind.TIMEOUT
        assert time.monotonic() - started < 3


def test_a_stream_that_stalls_is_cut() -> None:
    with model_server(otherwise=say("some words and then silence", stall_after=400)) as server:
        assert kind_of(client_of(server, 1, stall_s=0.2)) is ErrorKind.TIMEOUT


@pytest.mark.parametrize("reply", [Reply(hang=True), say("words " * 50, stall_after=500)])
def test_cancelling_takes_less_than_a_second(reply: Reply) -> None:
    token = CancelToken()
    with model_server(otherwise=reply) as server:
        client = client_of(server)
        threading.Timer(0.2, token.cancel).start()
        started = time.monotonic()
        with pytest.raises(CancelledError):
            client.complete(HELLO, Deadline(30), token)
        assert time.monotonic() - started < 1.0


# -------------------------------------------------------------------- retries


def test_two_failures_then_success_are_three_requests() -> None:
    with model_server(error(503), say("", cut_after=10), say("third")) as server:
        assert complete(client_of(server)).text == "third"
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_our_own_mistakes_are_not_repeated(status: int) -> None:
    with model_server(otherwise=error(status, "no")) as server:
        kind_of(client_of(server))
    assert len(server.requests) == 1


def test_retry_after_is_waited_for() -> None:
    with model_server(error(429, "slow down", headers={"Retry-After": "0.4"}), say("ok")) as server:
        assert complete(client_of(server)).text == "ok"
    assert server.times[1] - server.times[0] >= 0.4


def test_no_retry_that_the_deadline_has_no_room_for() -> None:
    with model_server(otherwise=error(429, "slow", headers={"Retry-After": "60"})) as server:
        started = time.monotonic()
        assert kind_of(client_of(server), seconds=2.0) is ErrorKind.THROTTLING
        assert time.monotonic() - started < 1.0
    assert len(server.requests) == 1


def test_an_open_breaker_asks_nobody() -> None:
    with model_server(otherwise=error(500)) as server:
        client = client_of(server, 1, Breaker("b", failures=2))
        for _ in range(2):
            kind_of(client)
        with pytest.raises(BreakerOpenError):
            complete(client)
    assert len(server.requests) == 2


def test_the_anthropic_dialect() -> None:
    body = {
        "type": "message", "model": "m", "stop_reason": "tool_use", "usage": {"input_tokens": 5, "output_tokens": 7},
        "content": [
            {"type": "text", "text": "looking"},
            {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"file_path": "a.py"}},
        ],
    }  # fmt: skip
    tool = {
        "type": "function",
        "function": {"name": "read_file", "description": "d", "parameters": {"type": "object"}},
    }
    request = ChatRequest(
        (Message("system", "be good"), Message("user", "hi"), Message("user", "again")), (tool,)
    )
    with model_server(Reply(body=json.dumps(body).encode())) as server:
        client = client_of(server, dialect="anthropic", api_key=Secret("k"), streams=False)
        reply = complete(client, request)
    assert server.paths == ["/v1/messages"]
    sent = server.requests[0]
    assert sent["system"] == "be good"
    assert [turn["role"] for turn in sent["messages"]] == ["user"]
    assert sent["tools"][0]["input_schema"] == {"type": "object"}
    assert reply.text == "looking"
    assert [(c.id, c.name, c.arguments) for c in reply.calls] == [
        ("t1", "read_file", '{"file_path": "a.py"}')
    ]
    assert reply.usage.total == 12


def test_the_anthropic_dialect_streams() -> None:
    events = [
        {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "lint"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"file_'}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": 'path": "a"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]  # fmt: skip
    body = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    with model_server(Reply(body=body, content_type="text/event-stream")) as server:
        reply = complete(client_of(server, dialect="anthropic"))
    assert reply.text == "hello"
    assert [(c.name, c.arguments) for c in reply.calls] == [("lint", '{"file_path": "a"}')]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, 4)


def test_a_plain_tool_call() -> None:
    with model_server(use("finish", summary="s")) as server:
        assert complete(client_of(server)).calls[0].name == "finish"
