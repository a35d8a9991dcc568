"""Server-sent events and the chat answers they carry: bytes in, one ChatReply out.

Pure: it never touches a socket, so that each cut, split and lie of a server is a table row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from treewright_agent.models.errors import ErrorKind, ProviderError, from_error_object
from treewright_agent.models.messages import ChatReply, RawCall, Usage

MAX_REPLY_BYTES = 4_000_000
MAX_CALLS = 64


class EventReader:
    """Feeds on chunks as they arrive and yields the `data` of each whole event.

    Lines end with LF, CRLF or CR, wherever a chunk splits them; comments and other fields are
    skipped.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        if not chunk:
            return
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        *lines, self._rest = (
            (self._rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        )
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                yield self._event()

    def end(self) -> Iterator[str]:
        """What stands behind the last blank line; servers do end without one."""
        if self._rest.startswith(b"data:"):
            self._data.append(self._rest[5:].removeprefix(b" "))
            self._rest = b""
        if self._data:
            yield self._event()

    def _event(self) -> str:
        data, self._data = b"\n".join(self._data), []
        return data.decode("utf-8", "replace")


class ReplyBuilder:
    """Puts a chat answer together, from one body or from a stream's events."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._text: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._usage: Usage | None = None
        self._finish = ""
        self._model = ""
        self._system = ""
        self._size = 0
        self.done = False

    def event(self, data: str) -> str:
        """Take one event; returns the text it adds. Raises ProviderError."""
        if data.strip() == "[DONE]":
            self.done = True
            return ""
        try:
            value: Any = json.loads(data)
        except ValueError as error:
            raise self._broken(f"the stream holds what is not JSON: {data[:80]!r}") from error
        return self.chunk(value, "delta")

    def chunk(self, value: Any, key: str) -> str:
        """One decoded object; `key` is where its choice keeps the message."""
        if not isinstance(value, dict):
            raise self._broken("the answer is not an object")
        row = cast("dict[str, Any]", value)
        if row.get("error"):
            raise from_error_object(row["error"], provider=self._provider)
        self._model = str(row.get("model") or self._model)
        self._system = str(row.get("system_fingerprint") or self._system)
        self._count(row.get("usage"))
        choices = row.get("choices")
        if not isinstance(choices, list) or not choices:
            return ""
        choice = cast("list[Any]", choices)[0]
        if not isinstance(choice, dict):
            raise self._broken("a choice is not an object")
        choice = cast("dict[str, Any]", choice)
        if reason := choice.get("finish_reason"):
            self._finish = str(reason)
        message: Any = choice.get(key) or choice.get("message") or {}
        if not isinstance(message, dict):
            raise self._broken("a message is not an object")
        return self._message(cast("dict[str, Any]", message))

    def _message(self, message: dict[str, Any]) -> str:
        content: Any = message.get("content")
        if isinstance(content, list):  # content parts
            parts = cast("list[Any]", content)
            content = "".join(
                str(cast("dict[str, Any]", part).get("text", ""))
                for part in parts
                if isinstance(part, dict)
            )
        text = content if isinstance(content, str) else ""
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal:
            text += refusal
        self._grow(len(text))
        if text:
            self._text.append(text)
        calls = message.get("tool_calls")
        if isinstance(calls, list):
            for position, call in enumerate(cast("list[Any]", calls)):
                self._call(position, call)
        return text

    def _call(self, position: int, call: Any) -> None:
        if not isinstance(call, dict):
            raise self._broken("a tool call is not an object")
        call = cast("dict[str, Any]", call)
        index = call.get("index")
        index = index if isinstance(index, int) else position
        if index not in self._calls and len(self._calls) >= MAX_CALLS:
            raise self._broken(f"more than {MAX_CALLS} tool calls in one answer")
        known = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        function = call.get("function")
        function = cast("dict[str, Any]", function) if isinstance(function, dict) else {}
        known["id"] = str(call.get("id") or known["id"])
        known["name"] = str(function.get("name") or known["name"])
        arguments = function.get("arguments")
        if arguments is not None:
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            self._grow(len(text))
            known["arguments"] += text

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        row = cast("dict[str, Any]", usage)
        details = row.get("prompt_tokens_details")
        cached = (
            cast("dict[str, Any]", details).get("cached_tokens") if isinstance(details, dict) else 0
        )
        self._usage = Usage(
            _count(row.get("prompt_tokens")), _count(row.get("completion_tokens")), _count(cached)
        )

    def _grow(self, n: int) -> None:
        self._size += n
        if self._size > MAX_REPLY_BYTES:
            raise self._broken(f"the answer is longer than {MAX_REPLY_BYTES} characters")

    def _broken(self, message: str) -> ProviderError:
        return ProviderError(ErrorKind.UNKNOWN, message, provider=self._provider, retryable=False)

    def cut(self) -> ProviderError | None:
        """The error of a stream that ended before the answer did, or None."""
        if self.done or self._finish:
            return None
        return ProviderError(
            ErrorKind.SERVICE_UNAVAILABLE,
            "the stream was cut before the answer ended",
            provider=self._provider,
        )

    def reply(self, seconds: float) -> ChatReply:
        calls = tuple(
            RawCall(call["id"] or f"call_{index}", call["name"], call["arguments"])
            for index, call in sorted(self._calls.items())
        )
        return ChatReply(
            text="".join(self._text),
            calls=calls,
            finish_reason=self._finish,
            usage=self._usage or Usage(counted=False),
            model=self._model,
            system_fingerprint=self._system,
            seconds=seconds,
        )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
