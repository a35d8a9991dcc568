"""Spans of a task: one trace, nested, with the id that models were sent; nothing of the user's code."""

from __future__ import annotations

import json
from typing import Any

from tests.support.model_server import ModelServer, Reply
from treewright_agent.trajectory import Event
from treewright_server.tracing import Sender, TaskSpans, trace_id_of

EVENTS = [
    ("task", 0.0, {"instruction": "secret words", "kind": "fix"}),
    ("thought_prompt", 0.1, {"prompt": {"messages": ["secret words"]}}),
    ("llm_thought_response", 0.5, {"thought": "secret words", "problem": ""}),
    ("action_executed", 0.5, {"name": "edit_file", "arguments": {"new_content": "secret words"}}),
    (
        "observation",
        0.7,
        {"name": "edit_file", "output": {"status": "failure", "error": "refused"}},
    ),
    ("result", 1.0, {"success": True, "source": "model", "status": "done"}),
]


def _heard(send: Any) -> None:
    spans = TaskSpans("task-1", send, lambda: 1000.0)
    for number, (name, at, data) in enumerate(EVENTS):
        spans.heard(Event(number, at, "main", name, data))


def test_a_task_is_one_trace() -> None:
    sent: list[dict[str, Any]] = []
    _heard(sent.append)
    (payload,) = sent
    spans = payload["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["name"] for span in spans] == ["treewright.fix", "task", "model", "tool edit_file"]
    assert {span["traceId"] for span in spans} == {trace_id_of("task-1")}
    request, task, model, tool = spans
    assert "parentSpanId" not in request
    assert task["parentSpanId"] == request["spanId"]
    assert model["parentSpanId"] == tool["parentSpanId"] == task["spanId"]
    assert len({span["spanId"] for span in spans}) == 4
    for span in spans:
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert int(task["startTimeUnixNano"]) <= start <= end <= int(task["endTimeUnixNano"])
    assert (task["status"]["code"], tool["status"]["code"]) == (1, 2)
    assert "secret" not in json.dumps(payload)


def test_they_are_posted_and_a_collector_that_is_down_is_no_error() -> None:
    server = ModelServer([Reply(body=b"{}")])
    try:
        address = server.url.removesuffix("/v1")
        sender = Sender(address)
        _heard(sender.post)
        assert server.paths == ["/v1/traces"]
        assert server.requests[0]["resourceSpans"]
    finally:
        server.close()
    _heard(Sender("http://127.0.0.1:9").post)
    _heard(Sender("file:///etc/passwd").post)
