"""Making an endpoint choose: one decision asked for in the style that it obeys.

The three styles are tried in order, NATIVE, SCHEMA, TEXT. An endpoint is judged by its answers
to real requests, so that no request is spent on judging: one that refuses `tools`, or writes its
calls as text in spite of them, is spoken to in the next style from then on. `probe` asks outright,
for the doctor.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from treewright_agent.models.endpoint import CallStyle, Endpoint
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.messages import ChatReply, ChatRequest, Message, RawCall, Usage
from treewright_agent.models.resilience import Deadline
from treewright_agent.models.text_protocol import (
    BrokenText,
    CallText,
    FinalText,
    ThoughtText,
    parse,
)
from treewright_indexer.cancel import CancelToken

_NO_TOOL = "no tool was called"


class Chat(Protocol):
    """What answers a request: a ChatClient, or a fake of tests."""

    @property
    def endpoint(self) -> Endpoint: ...

    def complete(
        self,
        request: ChatRequest,
        deadline: Deadline,
        token: CancelToken,
        *,
        on_text: Callable[[str], None] | None = None,
        trace: str = "",
        on_retry: Callable[[int, float, ProviderError], None] = ...,
    ) -> ChatReply: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """A tool call that was asked for. `raw` is None in the styles without ids."""

    name: str
    arguments: Mapping[str, Any]
    raw: RawCall | None = None
    problem: str = ""
    """Why the arguments are not an object; `arguments` is then empty."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a model decided: calls, or an answer, or neither (`problem` says why)."""

    thought: str
    calls: tuple[Chosen, ...] = ()
    answer: str | None = None
    is_code: bool = False
    implicit: bool = False
    """The answer is plain prose: nothing marked it as final."""
    problem: str = ""
    style: CallStyle = CallStyle.NATIVE
    usage: Usage = field(default_factory=Usage)
    n_requests: int = 1
    model: str = ""
    text: str = ""
    """The answer as it came, for the history."""


class Caller:
    """One endpoint with the call style it was found to obey."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._style = chat.endpoint.call_style
        self._proven = self._style is not None

    @property
    def style(self) -> CallStyle:
        return self._style or CallStyle.NATIVE

    def decide(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]],
        deadline: Deadline,
        token: CancelToken,
        *,
        max_tokens: int = 2_048,
        prose_is_answer: bool = False,
        on_text: Callable[[str], None] | None = None,
        on_request: Callable[[ChatRequest, CallStyle], None] = lambda request, style: None,
        trace: str = "",
    ) -> Decision:
        """Ask once; once more, saying what was wrong, when the answer is no decision.

        Raises ProviderError, DeadlineError, CancelledError. A Decision with a `problem` after
        the second try is honest failure.
        """
        usage, n_requests = Usage(), 0
        conversation = list(messages)
        decision = Decision("", problem="nothing was asked")
        for attempt in range(2):
            while True:
                style = self.style
                request = _request(style, conversation, tools, max_tokens)
                on_request(request, style)
                try:
                    reply = self.chat.complete(
                        request, deadline, token, on_text=on_text, trace=trace
                    )
                except ProviderError as error:
                    if error.kind is ErrorKind.INVALID_PARAMETER and self._refused(style, error):
                        continue
                    raise
                break
            n_requests += 1
            usage = usage + reply.usage
            decision = replace(
                self._read(style, reply, prose_is_answer), usage=usage, n_requests=n_requests
            )
            if not decision.problem or attempt or not _can_repair(reply):
                return decision
            conversation += [
                Message("assistant", reply.text or "(no text)"),
                Message("user", _repair_request(decision.problem, self.style, tools)),
            ]
        return decision

    def _refused(self, style: CallStyle, error: ProviderError) -> bool:
        """Go one style down when the refusal may be about the style itself."""
        words = error.message.lower()
        about_style = any(
            word in words
            for word in ("tool", "function", "response_format", "json_schema", "schema", "grammar",
                         "unsupported", "unknown", "extra", "template")
        )  # fmt: skip
        if style is CallStyle.TEXT or self._proven or not about_style:
            return False
        self._style = _next(style)
        return True

    def _read(self, style: CallStyle, reply: ChatReply, prose_is_answer: bool) -> Decision:
        if reply.finish_reason == "content_filter":
            return Decision(
                "", problem="the endpoint filtered its answer", style=style, text=reply.text
            )
        if reply.calls:
            self._style, self._proven = CallStyle.NATIVE, True
            calls = tuple(_chosen(call) for call in reply.calls)
            return Decision(reply.text.strip(), calls, style=CallStyle.NATIVE, model=reply.model,
                            text=reply.text)  # fmt: skip
        if style is CallStyle.SCHEMA:
            decision = _from_schema(reply)
            if decision is not None:
                self._proven = True
                return decision
        decision = _from_text(reply, style)
        # A model that has called tools ends with plain words; so does one that only explains.
        ends = prose_is_answer or (style is CallStyle.NATIVE and self._proven)
        if ends and decision.thought and decision.problem == _NO_TOOL:
            return replace(decision, answer=reply.text.strip(), implicit=True, problem="")
        if decision.calls and not self._proven and style is CallStyle.NATIVE:
            # `tools` were given and the call came as text: it does not obey them.
            self._style, self._proven = CallStyle.TEXT, True
        elif decision.problem and not self._proven and style is not CallStyle.TEXT:
            self._style = _next(style)
        return decision


def _next(style: CallStyle) -> CallStyle:
    return CallStyle.SCHEMA if style is CallStyle.NATIVE else CallStyle.TEXT


# -------------------------------------------------------------------- asking


def _request(
    style: CallStyle,
    messages: Sequence[Message],
    tools: Sequence[Mapping[str, Any]],
    max_tokens: int,
) -> ChatRequest:
    if style is CallStyle.NATIVE:
        return ChatRequest(tuple(messages), tuple(tools), max_tokens=max_tokens)
    told = (*_flattened(messages), Message("user", _instructions(style, tools)))
    schema = ("decision", decision_schema(tools)) if style is CallStyle.SCHEMA else None
    return ChatRequest(_merged(told), schema=schema, max_tokens=max_tokens)


def _flattened(messages: Sequence[Message]) -> list[Message]:
    """Without tool roles: calls and results as text."""
    flat: list[Message] = []
    for message in messages:
        if message.role == "tool":
            flat.append(Message("user", f"Observation ({message.name}):\n{message.content}"))
        elif message.calls:
            calls = "\n".join(
                json.dumps(
                    {"tool_name": c.name, "arguments": _object(c.arguments)}, ensure_ascii=False
                )
                for c in message.calls
            )
            flat.append(Message("assistant", f"{message.content}\n{calls}".strip()))
        else:
            flat.append(message)
    return flat


def _merged(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Neighbours of one speaker joined: some templates want them to alternate."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, f"{merged[-1].content}\n\n{message.content}")
        else:
            merged.append(message)
    return tuple(merged)


def _instructions(style: CallStyle, tools: Sequence[Mapping[str, Any]]) -> str:
    shown = json.dumps([dict(tool) for tool in tools], indent=2, ensure_ascii=False)
    if style is CallStyle.SCHEMA:
        return (
            f"Available tools (JSON Schema):\n{shown}\n\nAnswer with one JSON object"
            ' {"thought": …, "name": …, "arguments": {…}} that calls one tool.'
        )
    return (
        f"Available tools (JSON Schema):\n{shown}\n\n"
        "To use a tool, answer with one JSON object and nothing behind it:\n"
        '{ "tool_name": "tool_name_here", "arguments": {"arg1": "value1"} }\n'
        'When the goal is reached, begin a line with "FINAL_ANSWER:" and say what was done.'
    )


def decision_schema(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One of the tools with its arguments, as a schema that constrained decoding takes."""
    branches: list[dict[str, Any]] = []
    for tool in tools:
        function = cast("Mapping[str, Any]", tool["function"])
        branches.append(
            {
                "type": "object",
                "properties": {
                    "thought": {"type": "string", "maxLength": 400},
                    "name": {"const": function["name"]},
                    "arguments": _bounded(function["parameters"]),
                },
                "required": ["thought", "name", "arguments"],
                "additionalProperties": False,
            }
        )
    return {"anyOf": branches} if len(branches) != 1 else branches[0]


def _bounded(schema: Any) -> Any:
    """The schema with a length for texts that have none, or a small model may never stop."""
    if isinstance(schema, list):
        return [_bounded(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    row = {key: _bounded(value) for key, value in cast("dict[str, Any]", schema).items()}
    if row.get("type") == "string" and not row.keys() & {"enum", "const", "maxLength"}:
        row["maxLength"] = 20_000
    return row


def _repair_request(problem: str, style: CallStyle, tools: Sequence[Mapping[str, Any]]) -> str:
    names = ", ".join(str(cast("Mapping[str, Any]", tool["function"])["name"]) for tool in tools)
    how = {
        CallStyle.NATIVE: "Call one of the tools",
        CallStyle.SCHEMA: "Answer with one JSON object that calls one of the tools",
        CallStyle.TEXT: "Answer with one JSON object that calls one of the tools, or with FINAL_ANSWER:",
    }[style]
    return f"That was no valid step: {problem}. {how}: {names}."


def _can_repair(reply: ChatReply) -> bool:
    return reply.finish_reason != "content_filter"


# -------------------------------------------------------------------- reading


def _chosen(call: RawCall) -> Chosen:
    try:
        arguments: Any = json.loads(call.arguments or "{}", strict=False)
    except ValueError as error:
        return Chosen(call.name, {}, call, f"the arguments are not valid JSON: {error}")
    if isinstance(arguments, str):  # encoded twice
        with contextlib.suppress(ValueError):
            arguments = json.loads(arguments)
    if not isinstance(arguments, dict):
        return Chosen(call.name, {}, call, "the arguments are not an object")
    return Chosen(call.name, cast("dict[str, Any]", arguments), call)


def _object(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def _from_schema(reply: ChatReply) -> Decision | None:
    try:
        value: Any = json.loads(reply.text, strict=False)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    row = cast("dict[str, Any]", value)
    name, arguments = row.get("name"), row.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return Decision(
        str(row.get("thought", "")),
        (Chosen(name, cast("dict[str, Any]", arguments)),),
        style=CallStyle.SCHEMA,
        model=reply.model,
        text=reply.text,
    )


def _from_text(reply: ChatReply, style: CallStyle) -> Decision:
    parsed = parse(reply.text)
    base = Decision("", style=style, model=reply.model, text=reply.text)
    if isinstance(parsed, CallText):
        return replace(base, thought=parsed.thought, calls=(Chosen(parsed.name, parsed.arguments),))
    if isinstance(parsed, FinalText):
        return replace(base, thought=parsed.thought, answer=parsed.text, is_code=parsed.is_code)
    if isinstance(parsed, BrokenText):
        problem = parsed.reason
        if reply.finish_reason == "length":
            problem = "the answer was cut at the token limit: be shorter"
        return replace(base, thought=parsed.thought, problem=problem)
    assert isinstance(parsed, ThoughtText)
    problem = _NO_TOOL
    if reply.finish_reason == "length":
        problem = "the answer was cut at the token limit before a tool was called: be shorter"
    return replace(base, thought=parsed.thought, problem=problem)


# -------------------------------------------------------------------- asking outright


@dataclass(frozen=True, slots=True)
class Probe:
    """What an endpoint was found to do. `detail` says why not more."""

    style: CallStyle | None
    detail: str
    seconds: float = 0.0


_PROBE_TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two integers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
    },
}


def probe(chat: Chat, deadline: Deadline, token: CancelToken) -> Probe:
    """Find the first style in which the endpoint calls a tool that it is told to call."""
    question = [Message("user", "Use the tool `add` to add 17 and 25. Call the tool now.")]
    reasons: list[str] = []
    for style in CallStyle:
        request = _request(style, question, [_PROBE_TOOL], 128)
        try:
            reply = chat.complete(request, deadline, token)
        except ProviderError as error:
            if error.kind is not ErrorKind.INVALID_PARAMETER:
                return Probe(None, str(error))
            reasons.append(f"{style.value}: {error.message}")
            continue
        if style is CallStyle.NATIVE:
            calls = tuple(_chosen(call) for call in reply.calls)
        elif style is CallStyle.SCHEMA:
            decision = _from_schema(reply)
            calls = decision.calls if decision else ()
        else:
            calls = _from_text(reply, style).calls
        if any(call.name == "add" and not call.problem for call in calls):
            return Probe(style, "; ".join(reasons), reply.seconds)
        reasons.append(f"{style.value}: it answered without calling the tool")
    return Probe(None, "; ".join(reasons))
