"""The middle of a task: a brain is chosen, a plan is shown, a routine runs to its end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from treewright_agent.brains import Brain
from treewright_agent.brains.model_brain import ModelBrain, Talk
from treewright_agent.brains.remote import RemoteBrain
from treewright_agent.context import select_recent_conversations
from treewright_agent.guard.plan_scope import PlanScope
from treewright_agent.models.errors import ProviderError
from treewright_agent.models.resilience import DeadlineError
from treewright_agent.models.router import NoEndpointError
from treewright_agent.routines.checks import Checks
from treewright_agent.routines.forking import Forks
from treewright_agent.routines.planner import Plan, make_plan, wants_plan
from treewright_agent.routines.request import READ_ONLY
from treewright_agent.routines.routine import Ending, Routine
from treewright_agent.tools import all_tools
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import ToolError
from treewright_agent.tools.selection import ToolSelector

if TYPE_CHECKING:
    from treewright_agent.routines.task import Task


@dataclass(frozen=True, slots=True)
class Pursued:
    ending: Ending
    checks: Checks
    brain: str
    title: str
    rounds: int
    plan: Plan | None = None
    notes: tuple[str, ...] = ()


def pursue(task: Task, bench: Bench) -> Pursued:
    """Run the request on `bench` until it ends. Raises CancelledError while planning."""
    services, request, settings = task.services, task.request, task.services.settings
    talk = _talk(task)
    title = request.instruction.strip().split("\n")[0][:100]
    notes: list[str] = []
    plan: Plan | None = None
    if talk is not None and services.brain is None and not settings.step_url:
        try:
            plan, stopped = _planned(task, talk, bench, notes)
        except (ProviderError, NoEndpointError, DeadlineError) as error:
            ending = Ending("unavailable", str(error), str(error))
            return Pursued(ending, Checks(), "model", title, 0, None, tuple(notes))
        if stopped is not None:
            return Pursued(stopped, Checks(), "model", title, 0, plan, tuple(notes))
    checks = Checks(talk, plan, settings.limits.repair_rounds, reflects=services.brain is None)
    routine = _routine(task, bench, talk, checks, plan)
    forks = Forks(
        routine,
        lambda parent, goal, child_bench, depth: _child(
            task, talk, parent, goal, child_bench, depth
        ),
        max_children=settings.max_children,
        max_depth=settings.max_depth,
        parallel=settings.parallel,
    )
    if request.kind in ("task", "refactor") and settings.max_depth > 0:
        bench.forker = forks
        _select(routine, task)
    try:
        ending = routine.run()
    finally:
        forks.close()
    return Pursued(
        ending, checks, routine.brain.name, title, len(routine.rounds), checks.plan, tuple(notes)
    )


def _talk(task: Task) -> Talk | None:
    router = task.services.router
    if router is None or not router:
        return None
    trace_id = hashlib.sha256(task.request.task_id.encode()).hexdigest()[:32]

    def told(event: str, data: Any) -> None:
        task.trajectory.add(event, "", **data)

    return Talk(
        router,
        task.request.task_id,
        told,
        task.services.on_text,
        task.services.settings.prompt_folder,
        f"00-{trace_id}-{trace_id[:16]}-01",
    )


def _brain(task: Task, talk: Talk | None) -> Brain:
    if task.services.brain is not None:
        return task.services.brain(task.request)
    settings = task.services.settings
    if settings.step_url:
        wire = {"instruction": task.request.instruction, **task.request.wire}
        wire["task_id"] = task.request.task_id
        return RemoteBrain(settings.step_url, wire)
    assert talk is not None
    return ModelBrain(talk)


def _planned(
    task: Task, talk: Talk, bench: Bench, notes: list[str]
) -> tuple[Plan | None, Ending | None]:
    """The plan to follow, if one is wanted; an Ending when the user says no to it."""
    request, settings = task.request, task.services.settings
    wanted = settings.plan == "always" or (
        settings.plan == "auto" and wants_plan(request.instruction, len(request.attachments))
    )
    if not wanted or request.kind in READ_ONLY:
        return None, None
    text = request.instruction + "".join(
        f"\n\n[{source}]\n{body}" for source, body in request.attachments
    )
    context = task.context_text()(bench.snapshot, frozenset())
    planned = make_plan(talk, text, bench, context, task.memory_text())
    if planned.plan is None:
        task.trajectory.add("plan_failed", "", reason=planned.problem)
        notes.append(f"without a plan: {planned.problem}")
        return None, None
    task.trajectory.add(
        "plan", "", plan=planned.plan.to_json()["plan"], warnings=list(planned.warnings)
    )
    notes += planned.warnings
    plan: Plan | None = planned.plan
    if task.services.approve is not None:
        plan = task.services.approve(planned.plan, planned.warnings)
        if plan is None:
            return None, Ending(
                "given_up", "the plan was not approved", "the plan was not approved"
            )
        if plan != planned.plan:
            task.trajectory.add("plan_edited", "", plan=plan.to_json()["plan"])
    try:
        bench.scope = PlanScope(
            tuple(plan.scope_steps(bench.path)), accepted=task.services.approve is not None
        )
    except ToolError as error:
        notes.append(f"the plan names a file {error}")
    return plan, None


def _routine(
    task: Task, bench: Bench, talk: Talk | None, checks: Checks, plan: Plan | None
) -> Routine:
    request = task.request
    context = task.context_text()
    turns = select_recent_conversations(request.conversation, request.instruction)
    environment = request.environment.text(task.snapshot)
    environment += "".join(f"{turn.role} said before: {turn.content}\n" for turn in turns)

    def text() -> str:
        touched = frozenset(bench.draft.touched())
        return context(bench.snapshot, touched)

    routine = Routine(
        request.instruction, request.kind, _brain(task, talk), bench, all_tools(), task.trajectory,
        checks, text, environment, task.memory_text(), plan.text() if plan is not None else "",
        request.attachments,
    )  # fmt: skip
    _select(routine, task)
    return routine


def _select(routine: Routine, task: Task) -> None:
    """Narrow the tools to the task's kind, and say why each is there."""
    health = task.services.health
    offered = all_tools().without(health.failed() if health is not None else frozenset())
    selector = ToolSelector(offered, task.services.settings.max_tools)
    registry, chosen = selector.select_tools(routine.kind, routine.goal, routine.bench)
    if task.services.brain is not None or routine.brain.name == "step":
        registry = offered  # a script and the wire name tools themselves; the kind still rules
        if routine.kind in READ_ONLY:
            registry, _ = ToolSelector(offered, 100).select_tools(
                routine.kind, routine.goal, routine.bench
            )
    routine.registry = registry
    routine.tell("tools_selected", tools=[{"tool": c.tool, "reason": c.reason} for c in chosen])


def _child(
    task: Task, talk: Talk | None, parent: Routine, goal: str, bench: Bench, depth: int
) -> Routine:
    """A child: its parent's kind and context, one goal, its own checks without a reviewer."""
    brain = _brain(task, talk)
    checks = Checks(None, None, task.services.settings.limits.repair_rounds)
    child = Routine(
        goal, parent.kind, brain, bench, parent.registry, task.trajectory, checks,
        parent.context, parent.environment, parent.memory, parent.plan, parent_id=parent.id,
    )  # fmt: skip
    if depth < task.services.settings.max_depth:
        bench.forker = Forks(
            child,
            lambda p, g, b, d: _child(task, talk, p, g, b, d),
            depth=depth,
            max_children=task.services.settings.max_children,
            max_depth=task.services.settings.max_depth,
            parallel=task.services.settings.parallel,
        )
    return child
