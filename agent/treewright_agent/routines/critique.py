"""Critique: one typed review of the final diff, for what tests cannot see.

The verdict is a field of its own; a comment or quoted code that says "terminate" ends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from treewright_agent.brains import Finding
from treewright_agent.models.messages import ChatRequest, Message
from treewright_agent.models.router import Requirements
from treewright_agent.models.structured import ask
from treewright_agent.prompts import load
from treewright_agent.tools.model import shortened

if TYPE_CHECKING:
    from treewright_agent.brains.model_brain import Talk
    from treewright_agent.tools.bench import Bench

MAX_FINDINGS = 12


class ReviewFinding(msgspec.Struct, frozen=True):
    severity: Literal["HIGH", "MEDIUM", "LOW"]
    comment: Annotated[str, msgspec.Meta(max_length=2_000)]


class Review(msgspec.Struct, frozen=True):
    verdict: Literal["done", "continue", "give_up"]
    findings: list[ReviewFinding]


def review(
    talk: Talk, goal: str, diff: str, checks: str, tests: str, bench: Bench
) -> tuple[Review | None, str]:
    """(review, '') or (None, why there is none). Raises ProviderError, CancelledError, …"""
    shown, _ = shortened(diff, 40_000)
    prompt = load("critique", talk.prompt_folder).render(
        goal=goal, diff=shown, checks=checks or "none ran", tests=tests or "none ran"
    )
    decision = talk.router.route(
        Requirements(
            "critique",
            answer_tokens=1_024,
            task_id=talk.task_id,
            budget_left=bench.budget.cost_left,
        )
    )
    client = talk.router.client(decision)

    def on_request(sent: ChatRequest) -> None:
        data: dict[str, Any] = {
            "endpoint": decision.endpoint_id,
            "reason": decision.reason,
            "messages": [m.to_json() for m in sent.messages],
        }
        talk.told("critique_prompt", data)

    answer = ask(
        client, Review, "review", [Message("user", prompt)], bench.budget.deadline, bench.token,
        on_request=on_request, trace=talk.trace,
    )  # fmt: skip
    cost = client.endpoint.cost(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    bench.budget.model_call(answer.usage, cost, answer.reply.seconds, answer.n_requests)
    return answer.value, answer.problem


def findings_of(found: Review) -> tuple[Finding, ...]:
    ranked = sorted(found.findings, key=lambda f: ("HIGH", "MEDIUM", "LOW").index(f.severity))
    return tuple(Finding(f.severity, f.comment, "critique") for f in ranked[:MAX_FINDINGS])
