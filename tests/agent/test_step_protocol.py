"""The step protocol, byte for byte, as client and as server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.brains.scripted import ScriptedBrain, call, finish
from treewright_agent.brains.step_server import StepServer
from treewright_agent.models.budget import Limits
from treewright_agent.routines.request import Services, TaskRequest, TaskResult
from treewright_agent.routines.task import run_task
from treewright_agent.settings import AgentSettings
from treewright_agent.tools import all_tools
from treewright_indexer.cancel import CancelToken

Answer = Callable[[dict[str, Any]], Any]


@contextmanager
def step_server(*answers: Any) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers from a list (the last one again and again) and keeps the raw bodies."""
    got: list[bytes] = []
    left = list(answers)
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(body)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if answer == "hang":
                closing.wait()
                return
            status, data = (
                (answer, b"{}")
                if isinstance(answer, int)
                else (200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
            )
            self.send_response(status if self.path == "/step" else 404)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        closing.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def fx(tmp_path: Path) -> Iterator[Fixture]:
    with workspace_of(tmp_path, "//- a.py\nx = 1\n") as fixture:
        yield fixture


def run(fx: Fixture, url: str, **how: Any) -> TaskResult:
    settings = AgentSettings(step_url=url, limits=Limits(rounds=7, **how))
    request = TaskRequest(
        "raise x", task_id="t-1", wire={"instruction": "raise x", "colour": "red"}
    )
    return run_task(request, fx.snapshot, Services(settings=settings), CancelToken(), fx.root)


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    return {"event": "tool_call", "name": name, "arguments": arguments}


END = {"event": "finish", "summary": "raised"}
EDIT = tool("edit_file", file_path="a.py", new_content="x = 2\n")


def test_the_events_of_a_task(fx: Fixture) -> None:
    with step_server(
        tool("read_file", file_path="a.py"),
        EDIT,
        tool("fly"),
        tool("read_file", file_path="../x"),
        END,
    ) as (url, got):
        result = run(fx, url)
    assert (result.success, result.source, result.message) == (True, "step", "raised")
    bodies = [json.loads(body) for body in got]
    assert {body["task_id"] for body in bodies} == {"t-1"}
    assert [list(body) for body in bodies] == [["task_id", "payload"]] * 5
    start, read, edit, fly, outside = (body["payload"] for body in bodies)
    assert start == {
        "event": "start",
        "task": {"instruction": "raise x", "colour": "red", "task_id": "t-1"},
    }
    assert read == {"event": "tool_result", "name": "read_file", "arguments": {"file_path": "a.py"},
                    "result": {"status": "success", "content": "x = 1\n"}}  # fmt: skip
    assert edit["result"].keys() == {"status", "message", "diff"}
    assert "+x = 2" in edit["result"]["diff"]
    assert fly == {
        "event": "tool_result",
        "name": "fly",
        "result": {"status": "failure", "message": "未知工具"},
    }
    assert outside["result"] == {"status": "failure", "message": "路径越界被阻止"}
    assert "未知工具".encode() in got[3]


def test_a_server_that_never_finishes_is_told_so(fx: Fixture) -> None:
    with step_server(*[tool("read_file", file_path="a.py", start=n) for n in range(30)]) as (
        url,
        got,
    ):
        result = run(fx, url)
    assert result.status == "exhausted"
    payloads = [json.loads(body)["payload"] for body in got]
    assert [p["event"] for p in payloads] == ["start", *["tool_result"] * 7, "agent_abort"]
    assert payloads[-1] == {"event": "agent_abort", "reason": "max_iterations"}


def test_a_finish_that_comes_with_the_last_result_counts(fx: Fixture) -> None:
    reads = [tool("read_file", file_path="a.py", start=n) for n in range(6)]
    with step_server(*reads, EDIT, END) as (url, _):
        result = run(fx, url)
    assert (result.success, result.message) == (True, "raised")


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (500, "unavailable", "500"),
        (404, "unavailable", "404"),
        (b"not json", "unavailable", "not JSON"),
        (b"[]", "protocol_error", "not an object"),
        ({"event": "dance"}, "protocol_error", "unknown event 'dance'"),
        ({}, "protocol_error", "unknown event None"),
        ({"event": "tool_call"}, "protocol_error", "without a name"),
        ({"event": "tool_call", "name": "x", "arguments": "y"}, "protocol_error", "must be an object"),
        ({"event": "finish", "summary": 3}, "protocol_error", "summary must be"),
    ],
)  # fmt: skip
def test_what_the_protocol_does_not_have_is_a_typed_end(
    fx: Fixture, answer: Any, status: str, words: str
) -> None:
    before = Path(fx.absolute("a.py")).read_bytes()
    with step_server(answer) as (url, _):
        result = run(fx, url)
    assert (result.success, result.status) == (False, status)
    assert words in result.reason
    assert Path(fx.absolute("a.py")).read_bytes() == before


def test_a_hanging_server_is_given_up(fx: Fixture) -> None:
    with step_server("hang") as (url, _):
        started = time.monotonic()
        result = run(fx, url, seconds=0.5)
    assert not result.success
    assert time.monotonic() - started < 3


def test_the_same_script_over_http_gives_the_same_diff(fx: Fixture) -> None:
    def script() -> ScriptedBrain:
        return ScriptedBrain(
            [
                call("read_file", file_path="a.py"),
                call("edit_file", file_path="a.py", new_content="x = 3\n"),
                finish("three"),
            ]
        )

    server = StepServer("127.0.0.1", 0, lambda id, task: script(), all_tools().tools)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        remote = run(fx, server.address)
    finally:
        server.close()
    local = run_task(
        TaskRequest("raise x"),
        fx.snapshot,
        Services(brain=lambda r: script()),
        CancelToken(),
        fx.root,
    )
    assert remote.message == local.message == "three"
    assert remote.to_json(fx.root)["diff"] == local.to_json(fx.root)["diff"] != ""


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/other", "{}", 404, "no such route"),
        ("/step", "no", 400, "not JSON"),
        ("/step", "[]", 400, "not an object"),
        ("/step", "{}", 400, "task_id"),
        ("/step", '{"task_id": "t"}', 400, "payload"),
        ("/step", '{"task_id": "t", "payload": {"event": "dance"}}', 400, "unknown event 'dance'"),
        ("/step", '{"task_id": "t", "payload": {"event": "start"}}', 400, "instruction"),
        ("/step", '{"task_id": "t", "payload": {"event": "tool_result"}}', 400, "no task 't'"),
    ],
)
def test_the_server_refuses_what_is_no_step(path: str, body: str, status: int, words: str) -> None:
    server = StepServer("127.0.0.1", 0, lambda id, task: ScriptedBrain([]), all_tools().tools)
    try:
        answered, row = server.respond(path, body.encode())
    finally:
        server._http.server_close()
    assert answered == status
    assert words in row["error"]


def test_the_server_takes_one_result_at_a_time() -> None:
    from treewright_agent.brains.scripted import calls

    two = calls(call("read_file", file_path="a"), call("read_file", file_path="b"))
    server = StepServer(
        "127.0.0.1", 0, lambda id, task: ScriptedBrain([two, finish("both")]), all_tools().tools
    )

    def send(**payload: Any) -> dict[str, Any]:
        body = json.dumps({"task_id": "t", "payload": payload}).encode()
        return server.respond("/step", body)[1]

    try:
        assert send(event="start", task={"instruction": "x"})["arguments"] == {"file_path": "a"}
        assert "already" in send(event="start", task={"instruction": "x"})["error"]
        wrong = send(event="tool_result", name="other", result={"status": "success"})
        assert "was called" in wrong["error"]
        done = {
            "event": "tool_result",
            "name": "read_file",
            "arguments": {},
            "result": {"status": "success", "content": "x"},
        }
        assert send(**done)["arguments"] == {"file_path": "b"}
        assert send(**done) == {"event": "finish", "summary": "both"}
        assert "no task" in send(**done)["error"]
    finally:
        server._http.server_close()
