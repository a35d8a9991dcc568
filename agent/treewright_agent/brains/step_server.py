"""The step protocol's other side: `/step` over HTTP on loopback, any brain behind it.

The workspace is the client's: this side sees what tool results tell it, and names the tools that
the protocol knows. One session per task id; an idle one is dropped.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from treewright_agent.brains import Brain, Round, Step, View
from treewright_agent.draft import Draft
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Tool, ToolCall, ToolOutput
from treewright_agent.tools.registry import Registry
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_log = logging.getLogger(__name__)

MAX_BODY = 8_000_000
IDLE_S = 3600.0
MAX_SESSIONS = 256

BrainOf = Callable[[str, Mapping[str, Any]], Brain]
"""(task id, task) -> the brain that decides for it."""


class StepError(TreewrightError):
    """A request that the protocol does not have; answered with 400."""


class _Session:
    def __init__(
        self, task_id: str, task: Mapping[str, Any], brain: Brain, tools: Registry
    ) -> None:
        self.lock = threading.Lock()
        self.used = time.monotonic()
        self._brain = brain
        self._task_id = task_id
        self._goal = str(task["instruction"])
        self._tools = tools
        self._rounds: list[Round] = []
        self._waiting: list[ToolCall] = []
        self._done: list[tuple[ToolCall, ToolOutput]] = []
        self._thought = ""
        token = CancelToken()
        self._bench = Bench(
            Draft(Snapshot(0, (), {})), token, Budget(Limits(rounds=1_000, seconds=IDLE_S)), "/"
        )

    def result(self, name: str, output: ToolOutput) -> None:
        if not self._waiting:
            raise StepError("tool_result without a tool_call")
        call = self._waiting[0]
        if call.name != name:
            raise StepError(f"tool_result of {name!r}, but {call.name!r} was called")
        del self._waiting[0]
        self._done.append((call, output))
        if not self._waiting:
            calls, outputs = zip(*self._done, strict=True)
            self._rounds.append(Round(self._thought, tuple(calls), tuple(outputs)))
            self._done = []

    def next(self) -> dict[str, Any]:
        """The reply: one tool call at a time."""
        for _ in range(2):
            if self._waiting:
                call = self._waiting[0]
                return {"event": "tool_call", "name": call.name, "arguments": dict(call.arguments)}
            step = self._brain.decide(self._view())
            self._thought = step.thought
            if step.answer is not None:
                return {"event": "finish", "summary": step.code or step.answer}
            ending = next((c for c in step.calls if c.name == "finish"), None)
            if ending is not None and len(step.calls) == 1:
                return {"event": "finish", "summary": str(ending.arguments.get("summary", ""))}
            self._waiting = [c for c in step.calls if c.name != "finish" and not c.problem]
            if not self._waiting:
                self._rounds.append(
                    Round(step.thought, note=step.problem or "No valid tool was called.")
                )
        return {"event": "finish", "summary": "No valid tool was called twice in a row."}

    def abort(self, reason: str) -> None:
        self._brain.ended(self._view(), "exhausted", reason)

    def _view(self) -> View:
        return View(
            self._task_id, "remote", self._goal, "task", self._tools, self._bench,
            tuple(self._rounds), "",
        )  # fmt: skip


class StepServer:
    """`serve()` blocks; `close()` from another thread ends it."""

    def __init__(self, host: str, port: int, brain_of: BrainOf, tools: tuple[Tool, ...]) -> None:
        self._brain_of = brain_of
        self._tools = Registry(tools)
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                status, row = outer.respond(self.path, self._body())
                data = json.dumps(row, ensure_ascii=False).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _body(self) -> bytes:
                length = int(self.headers.get("Content-Length") or 0)
                if length > MAX_BODY:
                    self.close_connection = True
                    return b""
                return self.rfile.read(length)

            def log_message(self, format: str, *args: Any) -> None:
                _log.debug(format, *args)

        self._http = ThreadingHTTPServer((host, port), Handler)
        self._http.daemon_threads = True

    @property
    def address(self) -> str:
        host, port = self._http.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}"

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def respond(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """(status, reply). Never raises."""
        if path.rstrip("/") != "/step":
            return 404, {"error": f"no such route: {path}"}
        try:
            return 200, self._respond(body)
        except StepError as error:
            return 400, {"error": str(error)}
        except TreewrightError as error:
            return 502, {"error": str(error)}
        except Exception:
            _log.exception("a step failed")
            return 500, {"error": "internal error; see the log"}

    def _respond(self, body: bytes) -> dict[str, Any]:
        try:
            row: Any = json.loads(body)
        except ValueError as error:
            raise StepError("the body is not JSON") from error
        if not isinstance(row, dict):
            raise StepError("the body is not an object")
        whole = cast("dict[str, Any]", row)
        task_id, payload = whole.get("task_id"), whole.get("payload")
        if not isinstance(task_id, str) or not task_id:
            raise StepError("task_id is missing")
        if not isinstance(payload, dict):
            raise StepError("payload is missing")
        payload = cast("dict[str, Any]", payload)
        event = payload.get("event")
        if event == "start":
            session = self._start(task_id, payload.get("task"))
        elif event in ("tool_result", "agent_abort"):
            with self._lock:
                known = self._sessions.get(task_id)
            if known is None:
                raise StepError(f"no task {task_id!r} was started")
            session = known
        else:
            raise StepError(f"unknown event {event!r}")
        with session.lock:
            session.used = time.monotonic()
            if event == "agent_abort":
                session.abort(str(payload.get("reason", "")))
                reply: dict[str, Any] = {"event": "finish", "summary": "aborted"}
            else:
                if event == "tool_result":
                    result = payload.get("result")
                    if not isinstance(payload.get("name"), str) or not isinstance(result, dict):
                        raise StepError("tool_result needs name and result")
                    output = ToolOutput.from_json(cast("dict[str, Any]", result))
                    session.result(payload["name"], output)
                reply = session.next()
        if reply["event"] == "finish":
            with self._lock:
                self._sessions.pop(task_id, None)
        return reply

    def _start(self, task_id: str, task: Any) -> _Session:
        task = cast("dict[str, Any]", task) if isinstance(task, dict) else {}
        if not isinstance(task.get("instruction"), str):
            raise StepError('start needs a task with an "instruction"')
        session = _Session(task_id, task, self._brain_of(task_id, task), self._tools)
        now = time.monotonic()
        with self._lock:
            if task_id in self._sessions:
                raise StepError(f"task {task_id!r} was started already")
            for id in [i for i, s in self._sessions.items() if now - s.used > IDLE_S]:
                del self._sessions[id]
            if len(self._sessions) >= MAX_SESSIONS:
                raise StepError("too many tasks at once")
            self._sessions[task_id] = session
        return session


def step_of(row: Mapping[str, Any]) -> Step:
    """A reply of ours as a step, for tests that skip the network."""
    from treewright_agent.brains.remote import read_reply

    return read_reply(row)
