"""ModelBrain: a language model decides, through the router, within the budget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from treewright_agent.brains import Step, View
from treewright_agent.brains.conversation import messages_for
from treewright_agent.models.calling import Caller, Decision
from treewright_agent.models.client import ChatClient
from treewright_agent.models.endpoint import CallStyle, Role
from treewright_agent.models.errors import ErrorKind, ProviderError
from treewright_agent.models.messages import ChatRequest
from treewright_agent.models.router import Requirements, Router
from treewright_agent.tools.model import ToolCall
from treewright_indexer.errors import TreewrightError

Told = Callable[[str, Mapping[str, Any]], None]
"""(event, data): what the brain wants in the trajectory."""

_ANSWER_TOKENS = 2_048


@dataclass(frozen=True, slots=True)
class Talk:
    """What every request of a task shares."""

    router: Router
    task_id: str
    told: Told = lambda event, data: None
    on_text: Callable[[str], None] | None = None
    prompt_folder: str = ""
    trace: str = ""
    max_tokens: int = _ANSWER_TOKENS


class ModelBrain:
    name = "model"

    def __init__(self, talk: Talk, role: Role = "main") -> None:
        self._talk = talk
        self._role: Role = role
        self._callers: dict[str, Caller] = {}
        self._lock = threading.Lock()

    def decide(self, view: View) -> Step:
        client = self._client(view, 0)
        limit = self._room(client)
        messages = messages_for(view, limit, client.meter.count, self._talk.prompt_folder)
        tools = view.tools.schemas()
        needed = client.meter.count("\n".join(m.content for m in messages) + str(tools))
        if needed > limit:  # another endpoint may hold it
            client = self._client(view, needed)
            limit = self._room(client)
            messages = messages_for(view, limit, client.meter.count, self._talk.prompt_folder)
        asked: dict[str, Any] = {}

        def on_request(request: ChatRequest, style: CallStyle) -> None:
            asked.update(
                endpoint=client.endpoint.id,
                model=client.endpoint.model,
                style=style.value,
                messages=[message.to_json() for message in request.messages],
                tools=[tool["function"]["name"] for tool in tools],
                max_tokens=request.max_tokens,
                **request.sampling.to_json(),
            )
            self._talk.told("thought_prompt", asked)

        budget = view.bench.budget
        started = budget.deadline.elapsed_s
        decision = self._caller(client).decide(
            messages,
            tools,
            budget.deadline,
            view.bench.token,
            max_tokens=self._talk.max_tokens,
            prose_is_answer=view.kind in ("explain", "chat", "review"),
            on_text=self._talk.on_text,
            on_request=on_request,
            trace=self._talk.trace,
        )
        cost = client.endpoint.cost(decision.usage.prompt_tokens, decision.usage.completion_tokens)
        seconds = budget.deadline.elapsed_s - started
        budget.model_call(decision.usage, cost, seconds, decision.n_requests)
        budget.decided_by(client.endpoint.label)
        return _step(decision, asked, cost, seconds)

    def last_word(self, view: View) -> Step | None:
        return None

    def ended(self, view: View, status: str, reason: str) -> None:
        """A model is not told."""

    def _client(self, view: View, prompt_tokens: int) -> ChatClient:
        router = self._talk.router
        decision = router.route(
            Requirements(
                role=self._role,
                prompt_tokens=prompt_tokens,
                needs_tools=bool(view.tools.tools),
                strong=any(f.source in ("check", "test") for f in view.findings),
                budget_left=view.bench.budget.cost_left,
                task_id=view.task_id,
            )
        )
        self._talk.told("route", {"endpoint": decision.endpoint_id, "reason": decision.reason})
        return router.client(decision)

    def _room(self, client: ChatClient) -> int:
        endpoint = client.endpoint
        answer = min(
            self._talk.max_tokens, endpoint.max_output_tokens, endpoint.context_tokens // 3
        )
        return endpoint.context_tokens - answer - 64

    def _caller(self, client: ChatClient) -> Caller:
        with self._lock:
            return self._callers.setdefault(client.endpoint.id, Caller(client))


def _step(decision: Decision, asked: Mapping[str, Any], cost: float, seconds: float) -> Step:
    reply: dict[str, Any] = {
        "text": decision.text,
        "style": decision.style.value,
        "model": decision.model,
        "prompt_tokens": decision.usage.prompt_tokens,
        "completion_tokens": decision.usage.completion_tokens,
        "counted_by_server": decision.usage.counted,
        "requests": decision.n_requests,
        "cost": cost,
        "seconds": round(seconds, 3),
    }
    calls = tuple(
        ToolCall(c.name, c.arguments, c.raw.id if c.raw else "", c.problem) for c in decision.calls
    )
    return Step(
        thought=decision.thought,
        calls=calls,
        answer=decision.answer if not decision.is_code else "code",
        implicit=decision.implicit,
        code=decision.answer if decision.is_code else None,
        problem=decision.problem,
        prompt=asked,
        reply=reply,
    )


def is_down(error: TreewrightError) -> bool:
    """Whether the model cannot be had at all, so that the ladder goes on without it."""
    return isinstance(error, ProviderError) and error.kind is not ErrorKind.CONTEXT_LENGTH
