"""The messages dialect (Anthropic and servers that speak like it), behind the same interface."""

from __future__ import annotations

import json
from typing import Any, ClassVar, cast

from treewright_agent.models.endpoint import Endpoint
from treewright_agent.models.messages import ChatRequest, Message
from treewright_agent.models.sse import ReplyBuilder

_REASONS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length",
            "tool_use": "tool_calls", "refusal": "content_filter"}  # fmt: skip
_SCHEMA_TOOL = "answer"


class AnthropicDialect:
    route: ClassVar[str] = "messages"

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        if endpoint.api_key is not None:
            headers["x-api-key"] = endpoint.api_key.reveal()
        return headers

    def body(self, endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        body: dict[str, Any] = {
            "model": endpoint.model,
            "max_tokens": request.max_tokens,
            "temperature": request.sampling.temperature,
            "messages": _turns(request.messages),
        }
        if endpoint.streams:
            body["stream"] = True
        if system:
            body["system"] = system
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if request.tools:
            functions = [cast("dict[str, Any]", tool["function"]) for tool in request.tools]
            body["tools"] = [
                {
                    "name": function["name"],
                    "description": function.get("description", ""),
                    "input_schema": function["parameters"],
                }
                for function in functions
            ]
        elif request.schema is not None:  # a forced tool is this dialect's JSON schema
            body["tools"] = [
                {
                    "name": _SCHEMA_TOOL,
                    "description": "Give the answer in this form.",
                    "input_schema": dict(request.schema[1]),
                }
            ]
            body["tool_choice"] = {"type": "tool", "name": _SCHEMA_TOOL}
        return body

    def builder(self, provider: str) -> ReplyBuilder:
        return _Builder(provider)

    def learn(self, message: str, request: ChatRequest) -> bool:
        return False


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Alternating turns; answers of tools are blocks of a user's turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        blocks: list[dict[str, Any]] = []
        if message.role == "tool":
            speaker = "user"
            blocks.append(
                {"type": "tool_result", "tool_use_id": message.call_id, "content": message.content}
            )
        else:
            speaker = message.role
            if message.content:
                blocks.append({"type": "text", "text": message.content})
            for call in message.calls:
                try:
                    given: Any = json.loads(call.arguments or "{}")
                except ValueError:
                    given = {"_unparsed": call.arguments}
                blocks.append(
                    {"type": "tool_use", "id": call.id, "name": call.name, "input": given}
                )
        if turns and turns[-1]["role"] == speaker:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": speaker, "content": blocks})
    return turns


class _Builder(ReplyBuilder):
    """Translates each event to the chunk that chat completions would have sent."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._prompt_tokens = 0
        self._schema_blocks: set[int] = set()

    def chunk(self, value: Any, key: str) -> str:
        if not isinstance(value, dict):
            return super().chunk(value, key)
        row = cast("dict[str, Any]", value)
        kind = row.get("type")
        if kind == "error":
            return super().chunk({"error": row.get("error") or row}, key)
        if kind == "message_start":
            message = cast("dict[str, Any]", row.get("message") or {})
            return super().chunk({"model": message.get("model"), **self._usage_of(message)}, key)
        if kind == "message":
            return self._whole(row)
        if kind == "content_block_start":
            block = cast("dict[str, Any]", row.get("content_block") or {})
            if block.get("type") == "tool_use":
                if block.get("name") == _SCHEMA_TOOL:
                    self._schema_blocks.add(row.get("index", 0))
                    return ""
                function = {"name": block.get("name"), "arguments": ""}
                return self._delta(
                    {
                        "tool_calls": [
                            {"index": row.get("index"), "id": block.get("id"), "function": function}
                        ]
                    }
                )
            return ""
        if kind == "content_block_delta":
            delta = cast("dict[str, Any]", row.get("delta") or {})
            if delta.get("type") == "input_json_delta":
                piece = delta.get("partial_json", "")
                if row.get("index", 0) in self._schema_blocks:
                    return self._delta({"content": piece})
                return self._delta(
                    {"tool_calls": [{"index": row.get("index"), "function": {"arguments": piece}}]}
                )
            return self._delta({"content": delta.get("text", "")})
        if kind == "message_delta":
            delta = cast("dict[str, Any]", row.get("delta") or {})
            reason = delta.get("stop_reason")
            choice: dict[str, Any] = {
                "finish_reason": _REASONS.get(str(reason), reason),
                "delta": {},
            }
            return super().chunk({"choices": [choice], **self._usage_of(row)}, "delta")
        if kind == "message_stop":
            self.done = True
        return ""

    def _delta(self, delta: dict[str, Any]) -> str:
        return super().chunk({"choices": [{"delta": delta}]}, "delta")

    def _whole(self, row: dict[str, Any]) -> str:
        text: list[str] = []
        calls: list[dict[str, Any]] = []
        for block in cast("list[dict[str, Any]]", row.get("content") or []):
            if block.get("type") == "text":
                text.append(str(block.get("text", "")))
            elif block.get("type") == "tool_use":
                arguments = json.dumps(block.get("input") or {}, ensure_ascii=False)
                if block.get("name") == _SCHEMA_TOOL:
                    text.append(arguments)
                else:
                    calls.append(
                        {
                            "id": block.get("id"),
                            "function": {"name": block.get("name"), "arguments": arguments},
                        }
                    )
        reason = row.get("stop_reason")
        choice = {
            "finish_reason": _REASONS.get(str(reason), reason),
            "message": {"content": "".join(text), "tool_calls": calls},
        }
        whole = {"model": row.get("model"), "choices": [choice], **self._usage_of(row)}
        return super().chunk(whole, "message")

    def _usage_of(self, row: dict[str, Any]) -> dict[str, Any]:
        usage = row.get("usage")
        if not isinstance(usage, dict):
            return {}
        counted = cast("dict[str, Any]", usage)
        self._prompt_tokens = counted.get("input_tokens") or self._prompt_tokens
        return {
            "usage": {
                "prompt_tokens": self._prompt_tokens,
                "completion_tokens": counted.get("output_tokens"),
                "prompt_tokens_details": {"cached_tokens": counted.get("cache_read_input_tokens")},
            }
        }
