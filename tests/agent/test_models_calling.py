"""Making an endpoint choose a tool in the style that it obeys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from treewright_agent.models.calling import Caller, decision_schema, probe
from treewright_agent.models.endpoint import CallStyle, Endpoint
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.messages import ChatReply, ChatRequest, Message, RawCall, Usage
from treewright_agent.models.resilience import Deadline
from treewright_agent.models.structured import ask, decode
from treewright_agent.routines.critique import Review
from treewright_agent.routines.planner import Plan
from treewright_agent.routines.reflector import Reflection
from treewright_indexer.cancel import CancelToken

TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
    },
}
MESSAGES = [Message("system", "s"), Message("user", "add them")]


class FakeChat:
    """Answers with what its function makes of the request."""

    def __init__(
        self, answer: Callable[[ChatRequest], ChatReply], style: CallStyle | None = None
    ) -> None:
        self.endpoint = Endpoint("fake", "http://127.0.0.1:1/v1", "m", call_style=style)
        self.requests: list[ChatRequest] = []
        self._answer = answer

    def complete(self, request: ChatRequest, *args: Any, **how: Any) -> ChatReply:
        self.requests.append(request)
        return self._answer(request)


def queue(*replies: ChatReply | ProviderError) -> Callable[[ChatRequest], ChatReply]:
    left = list(replies)

    def answer(request: ChatRequest) -> ChatReply:
        reply = left.pop(0)
        if isinstance(reply, ProviderError):
            raise reply
        return reply

    return answer


def decide(caller: Caller, **how: Any):
    return caller.decide(MESSAGES, [TOOL], Deadline(5), CancelToken(), **how)


def native(arguments: str = '{"a": 1, "b": 2}') -> ChatReply:
    return ChatReply("", (RawCall("c1", "add", arguments),), "tool_calls", Usage(10, 5))


REFUSES_TOOLS = ProviderError(ErrorKind.INVALID_PARAMETER, "tools are not supported", status=400)
TEXT_CALL = '{"tool_name": "add", "arguments": {"a": 1, "b": 2}}'


def test_native_calls() -> None:
    chat = FakeChat(queue(native()))
    caller = Caller(chat)
    decision = decide(caller)
    assert [(c.name, c.arguments, c.problem) for c in decision.calls] == [
        ("add", {"a": 1, "b": 2}, "")
    ]
    assert chat.requests[0].tools == (TOOL,)
    assert caller.style is CallStyle.NATIVE


def test_arguments_that_are_no_json_are_a_problem_of_the_call() -> None:
    decision = decide(Caller(FakeChat(queue(native('{"a": 1,')))))
    assert "not valid JSON" in decision.calls[0].problem


def test_a_refusal_of_tools_leads_to_the_next_styles_and_is_remembered() -> None:
    refuses_schema = ProviderError(
        ErrorKind.INVALID_PARAMETER, "response_format: unknown", status=400
    )
    chat = FakeChat(
        queue(REFUSES_TOOLS, refuses_schema, ChatReply(TEXT_CALL), ChatReply(TEXT_CALL))
    )
    caller = Caller(chat)
    assert decide(caller).calls[0].name == "add"
    assert decide(caller).calls[0].name == "add"
    assert [(bool(r.tools), bool(r.schema)) for r in chat.requests] == [
        (True, False), (False, True), (False, False), (False, False),
    ]  # fmt: skip
    assert '"tool_name"' in chat.requests[2].messages[-1].content
    assert '"add"' in chat.requests[2].messages[-1].content


def test_calls_written_as_text_in_spite_of_tools_are_taken_and_remembered() -> None:
    chat = FakeChat(queue(ChatReply(f"Sure.\n{TEXT_CALL}"), ChatReply(TEXT_CALL)))
    caller = Caller(chat)
    assert decide(caller).calls[0].arguments == {"a": 1, "b": 2}
    decide(caller)
    assert caller.style is CallStyle.TEXT
    assert not chat.requests[1].tools


def test_schema_constrained_answers() -> None:
    text = json.dumps({"thought": "easy", "name": "add", "arguments": {"a": 1, "b": 2}})
    chat = FakeChat(queue(ChatReply(text)), CallStyle.SCHEMA)
    decision = decide(Caller(chat))
    assert (decision.thought, decision.calls[0].name, decision.style) == (
        "easy",
        "add",
        CallStyle.SCHEMA,
    )
    name, schema = chat.requests[0].schema or ("", {})
    assert name == "decision"
    assert schema["properties"]["name"] == {"const": "add"}


def test_prose_is_asked_about_once_and_then_given_up() -> None:
    chat = FakeChat(queue(ChatReply("I will add."), ChatReply("Really.")))
    decision = decide(Caller(chat))
    assert decision.problem == "no tool was called"
    assert decision.n_requests == 2
    assert "That was no valid step: no tool was called" in chat.requests[1].messages[-1].content


def test_prose_after_native_calls_is_the_end() -> None:
    caller = Caller(FakeChat(queue(native(), ChatReply("All done.", finish_reason="stop"))))
    decide(caller)
    decision = decide(caller)
    assert (decision.answer, decision.implicit) == ("All done.", True)


def test_prose_answers_a_question() -> None:
    decision = decide(Caller(FakeChat(queue(ChatReply("It adds.")))), prose_is_answer=True)
    assert decision.answer == "It adds."


def test_what_was_cut_at_the_token_limit_is_told_to_be_shorter() -> None:
    cut = ChatReply('{"tool_name": "add", "arguments": {"a": 1', finish_reason="length")
    chat = FakeChat(queue(cut, ChatReply(TEXT_CALL)), CallStyle.TEXT)
    assert decide(Caller(chat)).calls
    assert "be shorter" in chat.requests[1].messages[-1].content


def test_usage_adds_up_over_the_repair() -> None:
    replies = (ChatReply("hm", usage=Usage(10, 1)), ChatReply(TEXT_CALL, usage=Usage(20, 2)))
    decision = decide(Caller(FakeChat(queue(*replies), CallStyle.TEXT)))
    assert (decision.usage.prompt_tokens, decision.usage.completion_tokens) == (30, 3)


def test_styles_without_tool_roles_get_their_history_as_text() -> None:
    chat = FakeChat(queue(ChatReply(TEXT_CALL)), CallStyle.TEXT)
    history = [
        *MESSAGES,
        Message("assistant", "look", (RawCall("c", "add", '{"a": 1, "b": 1}'),)),
        Message("tool", '{"status": "success"}', call_id="c", name="add"),
    ]
    Caller(chat).decide(history, [TOOL], Deadline(5), CancelToken())
    sent = chat.requests[0].messages
    assert [m.role for m in sent] == ["system", "user", "assistant", "user"]
    assert '"tool_name": "add"' in sent[2].content
    assert "Observation (add)" in sent[3].content


@pytest.mark.parametrize(
    ("answers", "style"),
    [
        ([native('{"a": 17, "b": 25}')], CallStyle.NATIVE),
        ([ChatReply("42"), ChatReply('{"thought": "", "name": "add", "arguments": {"a": 17, "b": 25}}')], CallStyle.SCHEMA),
        ([REFUSES_TOOLS, ChatReply("no"), ChatReply(TEXT_CALL)], CallStyle.TEXT),
        ([ChatReply("42"), ChatReply("42"), ChatReply("42")], None),
        ([ProviderError(ErrorKind.SERVICE_UNAVAILABLE, "down")], None),
    ],
)  # fmt: skip
def test_probe(answers: list[Any], style: CallStyle | None) -> None:
    assert probe(FakeChat(queue(*answers)), Deadline(5), CancelToken()).style is style


def test_the_decision_schema_bounds_texts() -> None:
    schema = decision_schema([TOOL, {"type": "function", "function": {"name": "say", "parameters": {
        "type": "object", "properties": {"text": {"type": "string"}}}}}])  # fmt: skip
    assert len(schema["anyOf"]) == 2
    assert schema["anyOf"][1]["properties"]["arguments"]["properties"]["text"]["maxLength"] > 0


# -------------------------------------------------------------------- structured answers

PLAN = {"plan": [{"step": "s", "description": "d", "files_to_operate": ["a.py"], "operation_type": "MODIFY",
                  "expected_outcome": "e", "implementation_notes": "n"}]}  # fmt: skip


def structured(*replies: ChatReply | ProviderError, kind: type[Any] = Plan):
    chat = FakeChat(queue(*replies))
    return ask(chat, kind, "plan", MESSAGES, Deadline(5), CancelToken()), chat


def test_a_plan_that_fits() -> None:
    answer, chat = structured(ChatReply(json.dumps(PLAN)))
    assert answer.value is not None
    assert answer.value.plan[0].files_to_operate == ["a.py"]
    assert chat.requests[0].schema is not None


@pytest.mark.parametrize(
    "bad",
    [
        "Here is the plan: " + json.dumps(PLAN),
        json.dumps({"plan": [{**PLAN["plan"][0], "operation_type": "CHANGE"}]}),
        json.dumps({"plan": [{"step": "s"}]}),
        json.dumps({"plan": [{**PLAN["plan"][0], "extra": 1}]}),
        "no plan",
        "",
    ],
)
def test_a_plan_that_does_not_fit_is_asked_for_once_more(bad: str) -> None:
    answer, chat = structured(ChatReply(bad), ChatReply(json.dumps(PLAN)))
    assert answer.value is not None
    assert len(chat.requests) == 2
    answer, chat = structured(ChatReply(bad), ChatReply(bad))
    assert answer.value is None
    assert answer.problem
    assert len(chat.requests) == 2


def test_an_endpoint_without_schemas_reads_it_in_the_prompt() -> None:
    refuses = ProviderError(
        ErrorKind.INVALID_PARAMETER, "response_format is unsupported", status=400
    )
    answer, chat = structured(refuses, ChatReply(f"```json\n{json.dumps(PLAN)}\n```"))
    assert answer.value is not None
    assert "operation_type" in chat.requests[1].messages[-1].content
    assert chat.requests[1].schema is None


def test_a_boolean_must_be_one() -> None:
    row = {"diagnosis": "d", "root_cause": "r", "severity": "HIGH", "fix_strategy": "f", "code_changes": [],
           "plan_adjustment_needed": "false", "plan_adjustment_suggestion": ""}  # fmt: skip
    value, problem = decode(json.dumps(row), Reflection)
    assert value is None
    assert "plan_adjustment_needed" in problem
    value, _ = decode(json.dumps({**row, "plan_adjustment_needed": False}), Reflection)
    assert value is not None


def test_a_verdict_is_a_field_not_a_word() -> None:
    row = {
        "verdict": "continue",
        "findings": [{"severity": "HIGH", "comment": "TERMINATE: process.terminate() leaks"}],
    }
    value, _ = decode(json.dumps(row), Review)
    assert value is not None
    assert value.verdict == "continue"
