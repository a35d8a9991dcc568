"""RemoteBrain: decisions come from a server that speaks the step protocol.

POST <url>/step   {"task_id": …, "payload": …}      30 s, answers outside 2xx are errors
payloads          {"event": "start", "task": {…}}
                  {"event": "tool_result", "name": …, "arguments": {…}, "result": {…}}
                  {"event": "agent_abort", "reason": "max_iterations"}
replies           {"event": "tool_call", "name": …, "arguments": {…}}
                  {"event": "finish", "summary": …}
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, cast

from treewright_agent.brains import Step, View
from treewright_agent.models.errors import ProviderError
from treewright_agent.models.http import request_json
from treewright_agent.tools.model import ToolCall, ToolOutput, Trouble
from treewright_indexer.errors import TreewrightError

TIMEOUT_S = 30.0


class ProtocolError(TreewrightError):
    """The other side sent what the step protocol does not have; the message names it."""


class RemoteBrain:
    name = "step"

    def __init__(self, url: str, task: Mapping[str, Any], timeout_s: float = TIMEOUT_S) -> None:
        """`url` without `/step`; `task` goes out with `start` as it stands."""
        self._url = url.rstrip("/").removesuffix("/step") + "/step"
        self._task = dict(task)
        self._timeout_s = timeout_s
        self._sent = 0
        """Rounds whose results the server has."""

    def decide(self, view: View) -> Step:
        return self._exchange(view)

    def last_word(self, view: View) -> Step | None:
        """The last result goes out; the server may still say that it is finished."""
        if self._sent >= len(view.rounds):
            return None
        step = self._exchange(view)
        return step if step.answer is not None else None

    def ended(self, view: View, status: str, reason: str) -> None:
        if status == "exhausted":
            with contextlib.suppress(ProviderError):
                self._post(view, {"event": "agent_abort", "reason": reason})

    def _exchange(self, view: View) -> Step:
        if not view.rounds:
            payload: dict[str, Any] = {"event": "start", "task": self._task}
        else:
            self._sent = len(view.rounds)
            payload = self._result(view)
        return self._step(payload, self._post(view, payload))

    def _result(self, view: View) -> dict[str, Any]:
        last = view.rounds[-1]
        if not last.calls:
            raise ProtocolError("the last round called no tool")
        return tool_result(last.calls[-1], last.outputs[-1], last.note)

    def _post(self, view: View, payload: Mapping[str, Any]) -> Any:
        body = {"task_id": view.task_id, "payload": payload}
        timeout = min(self._timeout_s, max(0.1, view.bench.budget.deadline.remaining_s))
        return request_json(
            "POST", self._url, body, view.bench.token, timeout_s=timeout, provider="step server"
        )[1]

    def _step(self, payload: Mapping[str, Any], reply: Any) -> Step:
        step = read_reply(reply)
        return Step(calls=step.calls, answer=step.answer, prompt=dict(payload), reply=dict(reply))


def read_reply(reply: Any) -> Step:
    """A server's reply. Raises ProtocolError naming what is wrong."""
    if not isinstance(reply, Mapping):
        raise ProtocolError("the reply is not an object")
    row = cast("Mapping[str, Any]", reply)
    event = row.get("event")
    if event == "tool_call":
        name, arguments = row.get("name"), row.get("arguments", {})
        if not isinstance(name, str) or not name:
            raise ProtocolError("tool_call without a name")
        if not isinstance(arguments, Mapping):
            raise ProtocolError("tool_call: arguments must be an object")
        return Step(calls=(ToolCall(name, dict(cast("Mapping[str, Any]", arguments))),))
    if event == "finish":
        summary = row.get("summary", "")
        if not isinstance(summary, str):
            raise ProtocolError("finish: summary must be a string")
        return Step(answer=summary)
    raise ProtocolError(f"unknown event {event!r}")


# -------------------------------------------------------------------- results on the wire

_MESSAGES: Mapping[Trouble, str] = {
    Trouble.UNKNOWN_TOOL: "未知工具",
    Trouble.OUTSIDE: "路径越界被阻止",
    Trouble.OUTSIDE_WORKDIR: "工作目录越界",
    Trouble.BLOCKED: "命令被安全策略阻止",
    Trouble.NO_FILE: "文件不存在",
    Trouble.COMBINATION: "参数组合非法",
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "edit_file": ("status", "message", "diff"),
    "read_file": ("status", "content"),
    "run_command": ("status", "returncode", "stdout", "stderr"),
}


def tool_result(call: ToolCall, output: ToolOutput, note: str = "") -> dict[str, Any]:
    """The `tool_result` payload; an unknown tool's has no arguments."""
    payload: dict[str, Any] = {"event": "tool_result", "name": call.name}
    if output.trouble is not Trouble.UNKNOWN_TOOL:
        payload["arguments"] = dict(call.arguments)
    payload["result"] = wire_result(call.name, output)
    if note:
        payload["result"].setdefault("message", note)
    return payload


def wire_result(name: str, output: ToolOutput) -> dict[str, Any]:
    """The result as the protocol has it: exactly the keys it names for the three first tools."""
    if not output.ok and output.trouble is not None:
        return {"status": "failure", "message": _message(name, output)}
    row = output.to_json()
    row.pop("duration_ms")
    row.pop("truncated")
    if name in _KEYS:
        return {key: row.get(key, "") for key in _KEYS[name]}
    return row


def _message(name: str, output: ToolOutput) -> str:
    trouble = output.trouble
    if trouble is Trouble.TIMEOUT:
        seconds = output.data.get("timeout", "")
        return f"执行超时 {seconds:g}s" if isinstance(seconds, (int, float)) else output.message
    if trouble is Trouble.RANGE and name == "edit_file":
        return "replace_lines 范围非法"
    if trouble is Trouble.BLOCKED and name != "run_command":
        return output.message
    return _MESSAGES.get(trouble, output.message) if trouble is not None else output.message
