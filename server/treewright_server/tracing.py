"""OpenTelemetry spans of tasks, sent as OTLP/JSON to an address of the user's; off without one.

One trace per task: the editor's request or command, the task below it, its tool calls and its questions
to models below that. The trace's id is the one in the `traceparent` that models were sent, made from the
task's id, so what an endpoint recorded is found from here. Names, times and outcomes are sent; no code,
no prompt, no path.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_agent.trajectory import Event

logger = logging.getLogger("treewright")

TIMEOUT_S = 3.0
MAX_SPANS = 500

Send = Callable[[dict[str, Any]], None]


def trace_id_of(task_id: str) -> str:
    """As the agent's `traceparent` has it."""
    return hashlib.sha256(task_id.encode()).hexdigest()[:32]


class TaskSpans:
    """Hears one task's events and sends its spans when it ends. One thread at a time."""

    def __init__(self, task_id: str, send: Send, clock: Callable[[], float] = time.time) -> None:
        self._trace = trace_id_of(task_id)
        self._root = self._trace[:16]
        self._send = send
        self._clock = clock
        self._began = clock()
        self._asked: dict[str, float] = {}
        self._called: dict[str, float] = {}
        self._kind = "task"
        self._spans: list[dict[str, Any]] = []

    def heard(self, event: Event) -> None:
        data = event.data
        if event.name == "task":
            self._began = self._clock() - event.at
            self._kind = str(data.get("kind", "task"))
        elif event.name == "thought_prompt":
            self._asked[event.routine] = event.at
        elif event.name == "llm_thought_response":
            start = self._asked.pop(event.routine, event.at)
            problem = str(data.get("problem") or "")
            self._add("model", start, event.at, not problem, {"routine": event.routine})
        elif event.name == "action_executed":
            self._called[event.routine] = event.at
        elif event.name == "observation":
            start = self._called.pop(event.routine, event.at)
            output: Mapping[str, Any] = data.get("output") or {}
            good = output.get("status") == "success"
            error = str(output.get("error") or "")
            self._add(
                f"tool {data.get('name', '')}",
                start,
                event.at,
                good,
                {"error": error} if error else {},
            )
        elif event.name == "result":
            self._end(event)

    def _add(
        self, name: str, start: float, end: float, good: bool, more: Mapping[str, str]
    ) -> None:
        if len(self._spans) < MAX_SPANS:
            digest = hashlib.sha256(f"{self._trace}{len(self._spans)}".encode()).hexdigest()[:16]
            self._spans.append(self._span(name, digest, self._root, start, end, good, more))

    def _span(
        self, name: str, id: str, parent: str, start: float, end: float, good: bool, more: Mapping[str, str]
    ) -> dict[str, Any]:  # fmt: skip
        row: dict[str, Any] = {
            "traceId": self._trace, "spanId": id, "name": name, "kind": 1,
            "startTimeUnixNano": str(int((self._began + start) * 1e9)),
            "endTimeUnixNano": str(int((self._began + max(start, end)) * 1e9)),
            "status": {"code": 1 if good else 2},
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in more.items()],
        }  # fmt: skip
        return {**row, "parentSpanId": parent} if parent else row

    def _end(self, event: Event) -> None:
        data = event.data
        more = {
            "kind": self._kind,
            "source": str(data.get("source", "")),
            "status": str(data.get("status", "")),
        }
        root = self._span("task", self._root, "", 0.0, event.at, bool(data.get("success")), more)
        request = {**root, "spanId": self._trace[16:], "name": f"treewright.{self._kind}"}
        root["parentSpanId"] = self._trace[16:]
        self._send(
            {
                "resourceSpans": [
                    {
                        "resource": {
                            "attributes": [
                                {"key": "service.name", "value": {"stringValue": "treewright"}}
                            ]
                        },
                        "scopeSpans": [
                            {
                                "scope": {"name": "treewright"},
                                "spans": [request, root, *self._spans],
                            }
                        ],
                    }
                ]
            }
        )


class Sender:
    """Posts to `address` in a thread of its own; what does not arrive is dropped, and said once."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/") + (
            "" if address.endswith("/v1/traces") else "/v1/traces"
        )
        self._failed = False

    def __call__(self, payload: dict[str, Any]) -> None:
        threading.Thread(
            target=self.post, args=(payload,), name="treewright-spans", daemon=True
        ).start()

    def post(self, payload: dict[str, Any]) -> None:
        from urllib.request import Request, urlopen

        body = json.dumps(payload).encode()
        try:
            if not self._address.startswith(("http://", "https://")):
                raise ValueError(f"no address: {self._address}")
            request = Request(self._address, body, {"Content-Type": "application/json"})
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                answer.read(1000)
        except (OSError, ValueError) as error:
            if not self._failed:
                logger.warning("spans are not sent: %s", error)
            self._failed = True
