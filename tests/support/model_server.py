"""An OpenAI-compatible server on loopback that answers from a script and records what it is asked.

It can also delay, cut, lie, loop and flood: each reply is a value that says how it is sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]


@dataclass
class Reply:
    """One answer. Exactly one of text, calls, raw or status decides what is sent."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    """(tool, arguments); arguments that are a string are sent as they stand."""
    status: int = 200
    body: bytes | None = None
    """Sent as it stands, with `content_type`."""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang: bool = False
    """Never answer; the connection stays open until the server closes."""
    cut_after: int | None = None
    """Close the connection after this many bytes of a stream."""
    usage: tuple[int, int] | None = None
    finish_reason: str | None = None
    chunk: int = 7
    """Characters in each event of a stream."""
    stall_after: int | None = None
    """Send no more after this many bytes of a stream."""


Scripted = Reply | Callable[[Request], Reply]


def say(text: str, **how: Any) -> Reply:
    return Reply(text=text, **how)


def use(tool: str, **arguments: Any) -> Reply:
    return Reply(calls=((tool, arguments),))


def uses(*calls: tuple[str, dict[str, Any]]) -> Reply:
    return Reply(calls=calls)


def error(status: int, message: str = "", **how: Any) -> Reply:
    body = json.dumps({"error": {"message": message, "type": "error"}}).encode()
    return Reply(status=status, body=body, **how)


class ModelServer:
    """`requests` holds every body it got, in order."""

    def __init__(self, script: Iterable[Scripted] = (), otherwise: Scripted | None = None) -> None:
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self._script = list(script)
        self._otherwise = otherwise
        self._lock = threading.Lock()
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer._answer(self, json.loads(body))

            def log_message(self, format: str, *args: Any) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def then(self, *replies: Scripted) -> None:
        with self._lock:
            self._script += replies

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            self.headers.append(dict(handler.headers))
            self.paths.append(handler.path)
            self.times.append(time.monotonic())
            scripted = self._script.pop(0) if self._script else self._otherwise
        if scripted is None:
            scripted = error(500, "the script is over")
        reply = scripted(request) if callable(scripted) else scripted
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(handler, request, reply)

    def _send(self, handler: BaseHTTPRequestHandler, request: Request, reply: Reply) -> None:
        if reply.delay_s:
            self._closing.wait(reply.delay_s)
        if reply.hang:
            self._closing.wait()
            handler.close_connection = True
            return
        if reply.body is not None or reply.status != 200:
            self._whole(handler, reply.status, reply.body or b"", reply)
        elif request.get("stream"):
            self._stream(handler, reply)
        else:
            self._whole(handler, 200, json.dumps(_answer_of(reply)).encode(), reply)

    def _whole(
        self, handler: BaseHTTPRequestHandler, status: int, body: bytes, reply: Reply
    ) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", reply.content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _stream(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        sent = 0
        for event in _events(reply):
            data = f"data: {event}\n\n".encode()
            if reply.stall_after is not None and sent + len(data) > reply.stall_after:
                handler.wfile.flush()
                self._closing.wait()
                return
            if reply.cut_after is not None and sent + len(data) > reply.cut_after:
                handler.wfile.write(data[: reply.cut_after - sent])
                return
            handler.wfile.write(data)
            handler.wfile.flush()
            sent += len(data)


def _usage(reply: Reply) -> dict[str, int] | None:
    if reply.usage is None:
        return None
    return {"prompt_tokens": reply.usage[0], "completion_tokens": reply.usage[1]}


def _tool_calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": given
                if isinstance(given, str)
                else json.dumps(given, ensure_ascii=False),
            },
        }
        for index, (name, given) in enumerate(reply.calls)
    ]


def _reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.calls else "stop")


def _answer_of(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = _tool_calls(reply)
    row: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": _reason(reply)}],
    }
    if (usage := _usage(reply)) is not None:
        row["usage"] = usage
    return row


def _events(reply: Reply) -> Iterator[str]:
    def event(delta: dict[str, Any], reason: str | None = None) -> str:
        return json.dumps(
            {
                "object": "chat.completion.chunk",
                "model": "scripted",
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            },
            ensure_ascii=False,
        )

    yield event({"role": "assistant", "content": ""})
    for start in range(0, len(reply.text), reply.chunk):
        yield event({"content": reply.text[start : start + reply.chunk]})
    for call in _tool_calls(reply):
        arguments = call["function"]["arguments"]
        head = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield event({"tool_calls": [head]})
        for start in range(0, len(arguments), reply.chunk):
            piece = {
                "index": call["index"],
                "function": {"arguments": arguments[start : start + reply.chunk]},
            }
            yield event({"tool_calls": [piece]})
    yield event({}, _reason(reply))
    if (usage := _usage(reply)) is not None:
        yield json.dumps({"object": "chat.completion.chunk", "choices": [], "usage": usage})
    yield "[DONE]"


@contextmanager
def model_server(*script: Scripted, otherwise: Scripted | None = None) -> Iterator[ModelServer]:
    server = ModelServer(script, otherwise)
    try:
        yield server
    finally:
        server.close()
