"""Structured answers: a JSON value of a declared type, or an honest reason why not.

The type's JSON schema goes along where the endpoint takes one and stands in the prompt where it
does not. What comes back is validated strictly; one repair request, then failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec

from treewright_agent.models.calling import Chat
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.messages import ChatReply, ChatRequest, Message, Usage
from treewright_agent.models.resilience import Deadline
from treewright_indexer.cancel import CancelToken

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Structured(Generic[T]):
    """`value`, or None with `problem`; `reply` is the last answer, which may be an action."""

    value: T | None
    problem: str
    reply: ChatReply
    usage: Usage
    n_requests: int


def ask(
    chat: Chat,
    kind: type[T],
    name: str,
    messages: Sequence[Message],
    deadline: Deadline,
    token: CancelToken,
    *,
    max_tokens: int = 2_048,
    check: Callable[[T], str] = lambda value: "",
    on_request: Callable[[ChatRequest], None] = lambda request: None,
    trace: str = "",
) -> Structured[T]:
    """`check` looks at a well-formed value and says what is wrong with it, or ''.

    Raises ProviderError, DeadlineError, CancelledError.
    """
    schema = schema_of(kind)
    conversation = list(messages)
    usage, n_requests, problem = Usage(), 0, ""
    constrained = True
    reply = ChatReply("")
    for attempt in range(2):
        while True:
            request = _request(conversation, name, schema, max_tokens, constrained)
            on_request(request)
            try:
                reply = chat.complete(request, deadline, token, trace=trace)
            except ProviderError as error:
                if error.kind is ErrorKind.INVALID_PARAMETER and constrained:
                    constrained = False  # it takes no schema: say it in words
                    continue
                raise
            break
        n_requests += 1
        usage = usage + reply.usage
        value, problem = decode(reply.text, kind)
        if value is not None:
            problem = check(value)
            if not problem:
                return Structured(value, "", reply, usage, n_requests)
        if reply.calls:  # it wants to act instead; the caller may let it
            return Structured(None, "it called a tool instead", reply, usage, n_requests)
        if not attempt:
            conversation += [
                Message("assistant", reply.text or "(no text)"),
                Message(
                    "user",
                    f"That is not a valid answer: {problem}. Answer again with only one JSON object"
                    f" that fits this schema:\n{json.dumps(schema, ensure_ascii=False)}",
                ),
            ]
    return Structured(None, problem, reply, usage, n_requests)


def _request(
    conversation: Sequence[Message],
    name: str,
    schema: Mapping[str, Any],
    max_tokens: int,
    constrained: bool,
) -> ChatRequest:
    messages = list(conversation)
    if not constrained:
        shown = json.dumps(schema, ensure_ascii=False)
        note = f"\n\nAnswer with only one JSON object that fits this schema:\n{shown}"
        messages[-1] = Message(messages[-1].role, messages[-1].content + note)
    return ChatRequest(
        tuple(messages), schema=(name, schema) if constrained else None, max_tokens=max_tokens
    )


def decode(text: str, kind: type[T]) -> tuple[T | None, str]:
    """The one JSON object in `text` as `kind`; prose around it is refused, a fence is not."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        stripped = stripped.partition("\n")[2].removesuffix("```").strip()
    try:
        raw: Any = json.loads(stripped, strict=False)
    except ValueError as error:
        return None, f"not one JSON value: {error}"
    try:
        return msgspec.convert(raw, kind), ""
    except msgspec.ValidationError as error:
        return None, str(error)


def schema_of(kind: type[Any]) -> dict[str, Any]:
    """The JSON schema of a struct, without references, every field required."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="{name}")

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(item) for item in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        row = cast("dict[str, Any]", node)
        if "$ref" in row:
            return resolved(components[row["$ref"]])
        row = {k: resolved(v) for k, v in row.items() if k not in ("title", "default")}
        if row.get("type") == "object" and "properties" in row:
            row["required"] = list(row["properties"])
            row["additionalProperties"] = False
        return row

    return resolved(schema)
