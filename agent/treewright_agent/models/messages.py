"""What is said to a model and what it says: plain values, shared by every dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Speaker = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class RawCall:
    """A tool call as the model wrote it; `arguments` is text that may not be JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    role: Speaker
    content: str
    calls: tuple[RawCall, ...] = ()
    """Of an assistant."""
    call_id: str = ""
    """Of a tool: which call it answers."""
    name: str = ""

    def to_json(self) -> dict[str, Any]:
        """As chat completions have it."""
        row: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.calls:
            row["content"] = self.content or None
            row["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in self.calls
            ]
        if self.role == "tool":
            row["tool_call_id"] = self.call_id
            if self.name:
                row["name"] = self.name
        return row


@dataclass(frozen=True, slots=True)
class Sampling:
    """Defaults make the same request give the same answer as far as a server can."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = 42

    def to_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {"temperature": self.temperature, "top_p": self.top_p}
        if self.seed is not None:
            row["seed"] = self.seed
        return row


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """`schema` is (name, JSON schema) that the answer's text must fit."""

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: tuple[str, Mapping[str, Any]] | None = None
    max_tokens: int = 2_048
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything that counts as context, in order."""
        import json

        parts = [
            f"{m.content}{''.join(c.name + c.arguments for c in m.calls)}" for m in self.messages
        ]
        if self.tools:
            parts.append(json.dumps(list(self.tools), ensure_ascii=False))
        if self.schema:
            parts.append(json.dumps(self.schema[1], ensure_ascii=False))
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    counted: bool = True
    """False: estimated here, the server said nothing."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.counted and other.counted,
        )

    @property
    def total(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class ChatReply:
    text: str
    calls: tuple[RawCall, ...] = ()
    finish_reason: str = ""
    """`stop`, `length`, `tool_calls`, `content_filter`; '' when the server gave none."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    system_fingerprint: str = ""
    seconds: float = 0.0
