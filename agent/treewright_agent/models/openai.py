"""The chat completions dialect, as OpenAI, Azure, vLLM, llama.cpp, Ollama and others speak it.

Servers differ in what they refuse; a refusal that names a parameter of ours teaches the dialect
to leave it out or to give it its other name.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

from treewright_agent.models.endpoint import Endpoint
from treewright_agent.models.messages import ChatRequest
from treewright_agent.models.sse import ReplyBuilder

_OPTIONAL = ("stream_options", "seed", "top_p", "temperature", "stop", "stream")


class OpenAiDialect:
    """What one server was found to refuse; one instance per endpoint."""

    route: ClassVar[str] = "chat/completions"

    def __init__(self) -> None:
        self._left_out: set[str] = set()
        self._limit_name = "max_tokens"

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream, application/json",
        }
        if endpoint.api_key is not None:
            key = endpoint.api_key.reveal()
            headers["authorization"] = f"Bearer {key}"
            if ".openai.azure.com" in endpoint.base_url:
                headers["api-key"] = key
        return headers

    def body(self, endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": endpoint.model,
            "messages": [message.to_json() for message in request.messages],
            self._limit_name: request.max_tokens,
            **request.sampling.to_json(),
        }
        if endpoint.streams:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        if request.stop:
            body["stop"] = list(request.stop)
        if request.tools:
            body["tools"] = [dict(tool) for tool in request.tools]
        if request.schema is not None:
            name, schema = request.schema
            strict = _is_strict(schema)
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": name, "strict": strict, "schema": dict(schema)},
            }
        for name in self._left_out:
            body.pop(name, None)
        return body

    def builder(self, provider: str) -> ReplyBuilder:
        return ReplyBuilder(provider)

    def learn(self, message: str, request: ChatRequest) -> bool:
        """Whether the same request is worth another try in a form that fits `message`."""
        if self._limit_name == "max_tokens" and "max_completion_tokens" in message:
            self._limit_name = "max_completion_tokens"
            return True
        for name in _OPTIONAL:
            if name not in self._left_out and re.search(rf"\b{name}\b", message):
                self._left_out.add(name)
                if name == "stream":
                    self._left_out.add("stream_options")
                return True
        return False


def _is_strict(schema: Any) -> bool:
    """Whether each object in `schema` is closed and requires all it names."""
    if isinstance(schema, list):
        return all(map(_is_strict, cast("list[Any]", schema)))
    if not isinstance(schema, dict):
        return True
    row = cast("dict[str, Any]", schema)
    if row.get("type") == "object" and (
        row.get("additionalProperties") is not False
        or set(row.get("properties", {})) != set(row.get("required", []))
    ):
        return False
    return all(map(_is_strict, row.values()))
