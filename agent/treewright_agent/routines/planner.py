"""Planner: a request becomes steps that the user sees, and may edit, before anything is edited.

The form is that of requirements.md, Appendix A1. A plan that does not fit it is asked for once
more and then given up: the task goes on without one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_agent.guard.plan_scope import Step
from treewright_agent.models.messages import ChatReply, ChatRequest, Message
from treewright_agent.models.router import Requirements
from treewright_agent.models.structured import ask
from treewright_agent.prompts import load

if TYPE_CHECKING:
    from treewright_agent.brains.model_brain import Talk
    from treewright_agent.tools.bench import Bench


class PlanStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    step: str
    description: str
    files_to_operate: list[str]
    operation_type: Literal["ADD", "MODIFY", "DELETE"]
    expected_outcome: str
    implementation_notes: str = ""
    symbols: list[str] = []
    """Definitions that the step is about, as `Class.method`; empty: the whole of its files."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plan: list[PlanStep]

    def to_json(self) -> dict[str, Any]:
        shown = msgspec.to_builtins(self)
        for step in shown["plan"]:
            if not step["symbols"]:
                del step["symbols"]  # the form of Appendix A1 where nothing is added to it
        return shown

    def text(self) -> str:
        """As it stands in prompts and in pull requests."""
        return "\n".join(
            f"{number}. {each.step} [{each.operation_type} {', '.join(each.files_to_operate)}"
            f"{': ' if each.symbols else ''}{', '.join(each.symbols)}]: {each.description}"
            for number, each in enumerate(self.plan, 1)
        )

    def files(self) -> list[str]:
        return list(dict.fromkeys(f for step in self.plan for f in step.files_to_operate))

    def scope_steps(self, path_of: Callable[[str], str]) -> list[Step]:
        """What the guard holds edits to. Raises what `path_of` raises for a file outside."""
        return [
            Step(
                tuple(map(path_of, each.files_to_operate)), each.operation_type, tuple(each.symbols)
            )
            for each in self.plan
        ]


@dataclass(frozen=True, slots=True)
class Planned:
    """`plan` or, with its reason, none. `reply` may be an action that came instead."""

    plan: Plan | None
    problem: str = ""
    warnings: tuple[str, ...] = ()
    reply: ChatReply | None = None


Approve = Callable[[Plan, Sequence[str]], "Plan | None"]
"""Shows the plan with its warnings; the plan to follow, edited perhaps; None: the user says no."""


def read_plan(text: bytes | str) -> Plan:
    """A plan that a user edited. Raises msgspec.ValidationError, msgspec.DecodeError."""
    return msgspec.json.decode(text, type=Plan)


def problems_of(plan: Plan, bench: Bench) -> str:
    """What makes the plan impossible on this workspace, in one line; '' when nothing does."""
    if not plan.plan:
        return "the plan has no steps"
    if len(plan.plan) > 50:
        return "the plan has more than 50 steps"
    found: list[str] = []
    added: set[str] = set()
    for number, step in enumerate(plan.plan, 1):
        for file in step.files_to_operate:
            try:
                path = bench.path(file)
            except Exception as error:
                found.append(f"step {number}: {error}")
                continue
            exists = bench.snapshot.exists(path) or path in added
            if step.operation_type == "ADD":
                if exists and path not in added and not os.path.isdir(path):
                    found.append(f"step {number}: ADD of {file}, which exists")
                added.add(path)
            elif not exists and not os.path.isdir(path):
                found.append(
                    f"step {number}: {step.operation_type} of {file}, which does not exist"
                )
    return "; ".join(found)


_TESTISH = re.compile(r"test|测试", re.IGNORECASE)
_NO_BEHAVIOUR = re.compile(
    r"\b(rename|move|format|reformat|comment|docstring|documentation|readme|typo|type hints?)\b|重命名|移动|注释|文档",
    re.IGNORECASE,
)


def warnings_of(plan: Plan, request: str) -> list[str]:
    """What the user should know before saying yes."""
    found = [
        f"step {number} deletes {', '.join(step.files_to_operate)}"
        for number, step in enumerate(plan.plan, 1)
        if step.operation_type == "DELETE"
    ]
    changes = any(step.operation_type != "DELETE" for step in plan.plan)
    tests = any(
        _TESTISH.search(" ".join((step.step, step.description, *step.files_to_operate)))
        for step in plan.plan
    )
    if changes and not tests and not _NO_BEHAVIOUR.search(request):
        found.append("no step adds or changes tests")
    return found


def make_plan(
    talk: Talk, request: str, bench: Bench, context: str, history: str, *, check: bool = True
) -> Planned:
    """Raises ProviderError, NoEndpointError, DeadlineError, CancelledError."""
    prompt = load("plan", talk.prompt_folder).render(
        user_request=request,
        project_context=context or "(nothing found)",
        history=history or "(none)",
    )
    return _ask(talk, prompt, request, bench, check=check)


def replan(talk: Talk, request: str, bench: Bench, plan: Plan, suggestion: str) -> Planned:
    prompt = load("replan", talk.prompt_folder).render(
        user_request=request, plan=plan.text(), suggestion=suggestion
    )
    return _ask(talk, prompt, request, bench, check=False)


def _ask(talk: Talk, prompt: str, request: str, bench: Bench, *, check: bool) -> Planned:
    needs = Requirements(
        "main", answer_tokens=1_024, task_id=talk.task_id, budget_left=bench.budget.cost_left
    )
    decision = talk.router.route(needs)
    client = talk.router.client(decision)

    def on_request(sent: ChatRequest) -> None:
        talk.told(
            "plan_prompt",
            {
                "endpoint": decision.endpoint_id,
                "messages": [m.to_json() for m in sent.messages],
                **sent.sampling.to_json(),
            },
        )

    answer = ask(
        client, Plan, "plan", [Message("user", prompt)], bench.budget.deadline, bench.token,
        check=(lambda plan: problems_of(plan, bench)) if check else (lambda plan: ""),
        on_request=on_request, trace=talk.trace,
    )  # fmt: skip
    cost = client.endpoint.cost(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    bench.budget.model_call(answer.usage, cost, answer.reply.seconds, answer.n_requests)
    if answer.value is None:
        return Planned(None, answer.problem, (), answer.reply)
    return Planned(answer.value, "", tuple(warnings_of(answer.value, request)), answer.reply)


_MANY = re.compile(
    r"[;；\n]|\band\b|\bthen\b|\balso\b|并且|然后|同时|以及|并(?=[^发行列])", re.IGNORECASE
)


def wants_plan(request: str, attachments: int = 0) -> bool:
    """Whether a request is large enough that the user should see a plan first."""
    return attachments > 0 or len(request) > 400 or len(_MANY.findall(request)) >= 1
