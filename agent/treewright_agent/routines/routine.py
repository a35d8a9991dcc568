"""Routine: think → act → observe → critique → refine, until done or a bound is reached.

`step` is one round and `run` all of them. Whatever a brain, a tool or a check does, a routine ends
with one typed Ending, and nothing but its own draft has changed.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from treewright_agent import trajectory as events
from treewright_agent.brains import Brain, Finding, Round, Step, View
from treewright_agent.brains.remote import ProtocolError
from treewright_agent.calls import Call, canonical_json
from treewright_agent.changes import SourceChange
from treewright_agent.models.errors import ProviderError
from treewright_agent.models.resilience import DeadlineError
from treewright_agent.models.router import NoEndpointError
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolOutput
from treewright_agent.tools.registry import Registry
from treewright_agent.trajectory import Trajectory
from treewright_indexer.errors import CancelledError, TreewrightError

NO_TOOL = "No valid tool was called. LLM might be reasoning or an error occurred."
EXHAUSTED = "Max iterations reached. Unable to complete task."


class RoutineState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


Status = Literal[
    "done", "failed", "given_up", "exhausted", "no_progress", "no_tool", "unverified", "unavailable",
    "protocol_error", "cancelled",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """How a routine ended. `reason` is for people; done: the goal is reached and checks passed."""

    status: Status
    summary: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a critic says of the draft when the brain wants to end."""

    findings: tuple[Finding, ...] = ()
    give_up: bool = False
    terminated: bool = False
    """A critic said that the goal is met (and no check objects)."""

    @property
    def blocks(self) -> bool:
        return any(finding.severity == "HIGH" for finding in self.findings)


class Critic(Protocol):
    """Looks at the draft: `quick` after each edit, `final` when the brain wants to end."""

    def quick(self, routine: Routine) -> tuple[Finding, ...]: ...

    def final(self, routine: Routine, summary: str) -> Verdict: ...


class NoCritic:
    def quick(self, routine: Routine) -> tuple[Finding, ...]:
        return ()

    def final(self, routine: Routine, summary: str) -> Verdict:
        return Verdict()


@dataclass
class Routine:
    """One goal with its own draft. Run by one thread; cancel its bench's token from any."""

    goal: str
    kind: str
    brain: Brain
    bench: Bench
    registry: Registry
    trajectory: Trajectory
    critic: Critic = field(default_factory=NoCritic)
    context: Callable[[], str] = lambda: ""
    environment: str = ""
    memory: str = ""
    plan: str = ""
    attachments: tuple[tuple[str, str], ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    parent_id: str = ""
    rounds: list[Round] = field(default_factory=list[Round])
    findings: tuple[Finding, ...] = ()
    ending: Ending | None = None
    state: RoutineState = RoutineState.RUNNING
    resume: threading.Event | None = None
    """Set: each round waits for it and clears it; the panel's "step"."""

    def __post_init__(self) -> None:
        self._edits: list[str] = []
        self._seen: dict[str, int] = {}
        self._rejected = 0
        self._context = ""
        self.bench.on_edit = self._edited
        self._stage("fork", parent=self.parent_id, goal=self.goal, kind=self.kind)

    # ------------------------------------------------------------------ the loop

    def run(self) -> Ending:
        """Rounds until one ends it. Raises nothing: a cancellation is an ending as well."""
        while self.ending is None:
            self.step()
        return self.ending

    def step(self) -> None:
        """One round."""
        try:
            self._pause()
            if reason := self.bench.budget.exhausted():
                self._exhausted(reason)
                return
            step = self._think()
            outputs = self._act(step)
            self._observe(step, outputs)
            if (summary := self._wants_to_end(step)) is not None:
                verdict = self._critique(summary, step)
                self._refine(verdict, summary, step)
            if self.ending is None:
                self._stage("continue")
        except CancelledError:
            self._end("cancelled", "cancelled", "the user cancelled it")
        except (ProviderError, NoEndpointError, DeadlineError) as error:
            self._end("unavailable", str(error), str(error))
        except ProtocolError as error:
            self._end("protocol_error", str(error), str(error))
        except TreewrightError as error:
            self._end("failed", str(error), str(error))

    def _think(self) -> Step:
        self._stage("context")
        self._context = self.context()
        self._stage("route", brain=self.brain.name)
        self._stage("tools", tools=[tool.name for tool in self.registry.tools])
        step = self.brain.decide(self.view())
        self.bench.budget.round()
        self._stage("call")
        if not step.prompt.get("messages"):  # a model brain has told what it asked already
            self.tell(events.THOUGHT_PROMPT, goal=self.goal, prompt=dict(step.prompt))
        self.tell(
            events.THOUGHT_RESPONSE,
            thought=step.thought,
            calls=[call.to_json() for call in step.calls],
            answer=step.answer,
            success=step.success,
            problem=step.problem,
            reply=dict(step.reply),
        )
        return step

    def _act(self, step: Step) -> list[ToolOutput]:
        if not step.calls:
            return []
        self._stage("execute")
        outputs: list[ToolOutput] = []
        for call in step.calls:
            self.tell(events.ACTION_EXECUTED, **call.to_json())
            output = self.registry.execute(self.bench, call)
            self.tell(events.OBSERVATION, name=call.name, output=output.to_json())
            outputs.append(output)
        return outputs

    def _observe(self, step: Step, outputs: Sequence[ToolOutput]) -> None:
        edited, self._edits = frozenset(self._edits), []
        note = ""
        if edited:
            self._stage("operations", files=sorted(edited))
            self._stage("apply")
            self.findings = self.critic.quick(self)
            note = "\n".join(f"{f.severity}: {f.comment}" for f in self.findings)
        elif not step.calls and step.answer is None:
            note = NO_TOOL + (f" ({step.problem})" if step.problem else "")
            self.tell(events.NO_TOOL_CALLED, problem=step.problem)
        self.rounds.append(Round(step.thought, step.calls, tuple(outputs), note, edited))
        self._watch_progress(step, outputs)

    def _watch_progress(self, step: Step, outputs: Sequence[ToolOutput]) -> None:
        """End a routine that calls nothing valid twice in a row, or the same thing three times
        with the same result."""
        useless = not step.calls and step.answer is None
        useless |= bool(outputs) and all(
            o.trouble is not None and o.trouble.value in ("unknown_tool", "arguments")
            for o in outputs
        )
        self._rejected = self._rejected + 1 if useless else 0
        if self._rejected >= 2:
            self._end("no_tool", NO_TOOL, "no valid tool was called twice in a row")
            return
        for call, output in zip(step.calls, outputs, strict=True):
            row = output.to_json()
            row.pop("duration_ms")
            key = f"{call.name}{canonical_json(dict(call.arguments))}{json.dumps(row, sort_keys=True, default=str)}"
            self._seen[key] = self._seen.get(key, 0) + 1
            if self._seen[key] >= 3:
                reason = f"{call.name} was called {self._seen[key]} times with the same result"
                self._end("no_progress", reason, reason)

    def _wants_to_end(self, step: Step) -> str | None:
        """The summary when the brain is done, else None."""
        if self.ending is not None:
            return None
        if self.bench.finished is not None:
            return self.bench.finished.summary
        if step.answer is None:
            return None
        if step.implicit and self._must_edit and self.bench.draft.is_empty:
            # Prose before anything was done is not the end of a change.
            last = self.rounds[-1]
            self.rounds[-1] = Round(last.thought, note=NO_TOOL, edited=last.edited)
            self.tell(events.NO_TOOL_CALLED, problem="prose, and nothing is changed yet")
            self._rejected += 1
            if self._rejected >= 2:
                self._end("no_tool", step.answer, "no valid tool was called twice in a row")
            return None
        return step.answer

    def _critique(self, summary: str, step: Step) -> Verdict:
        finished = self.bench.finished
        if not step.success or (finished is not None and not finished.success):
            return Verdict(give_up=True)
        verdict = self.critic.final(self, summary)
        self.tell(
            events.CRITIQUE, findings=[f.to_json() for f in verdict.findings], blocks=verdict.blocks
        )
        return verdict

    def _refine(self, verdict: Verdict, summary: str, step: Step) -> None:
        if verdict.give_up:
            self._end("given_up", summary, summary)
        elif not verdict.blocks:
            if verdict.terminated:
                self.tell(events.TERMINATED_BY_CRITIC)
            self.tell(events.FINAL_OUTPUT, summary=summary)
            self._end("done", summary)
        else:  # the next round sees what is wrong
            self.bench.finished = None
            self.findings = verdict.findings
            listed = "\n".join(f"{f.severity}: {f.comment}" for f in verdict.findings)
            last = self.rounds[-1]
            self.rounds[-1] = Round(
                last.thought or summary,
                last.calls,
                last.outputs,
                f"Not done yet:\n{listed}",
                last.edited,
            )

    # ------------------------------------------------------------------ helpers

    @property
    def _must_edit(self) -> bool:
        return any(tool.effect is Effect.EDITS for tool in self.registry.tools)

    def view(self) -> View:
        return View(
            task_id=self.trajectory.task_id,
            routine=self.id,
            goal=self.goal,
            kind=self.kind,
            tools=self.registry,
            bench=self.bench,
            rounds=tuple(self.rounds),
            context=self._context,
            environment=self.environment,
            memory=self.memory,
            plan=self.plan,
            findings=self.findings,
            hurry=self.bench.budget.nearly(),
            attachments=self.attachments,
        )

    def _pause(self) -> None:
        if self.resume is not None:
            self.state = RoutineState.WAITING
            while not self.resume.wait(0.05):
                self.bench.token.check()
            self.resume.clear()
            self.state = RoutineState.RUNNING
        self.bench.token.check()

    def _exhausted(self, reason: str) -> None:
        step = self.brain.last_word(self.view())
        if step is not None and step.answer is not None:
            self._stage("context")
            self._stage("route", brain=self.brain.name)
            self._stage("tools", tools=[])
            self._stage("call")
            verdict = self._critique(step.answer, step)
            if not verdict.blocks and not verdict.give_up:
                self._refine(verdict, step.answer, step)
                return
        self._end(
            "exhausted", EXHAUSTED if reason == "max_iterations" else f"stopped: {reason}", reason
        )

    def _edited(self, call: Call, change: SourceChange) -> None:
        self._edits += [self.bench.shown(path) for path in change.paths()]
        self.tell(
            "edit",
            operation=call.operation,
            arguments=dict(call.arguments),
            files=sorted(self.bench.shown(path) for path in change.paths()),
        )

    def _end(self, status: Status, summary: str, reason: str = "") -> None:
        if self.ending is not None:
            return
        self.ending = Ending(status, summary, reason)
        self.state = {
            "done": RoutineState.COMPLETED, "cancelled": RoutineState.CANCELLED,
        }.get(status, RoutineState.FAILED)  # fmt: skip
        self._stage("commit")
        self.tell(
            "ended",
            status=status,
            summary=summary,
            reason=reason,
            spent=self.bench.budget.to_json(),
        )
        try:
            self.brain.ended(self.view(), status, reason)
        except TreewrightError as error:
            self.tell("brain_not_told", error=str(error))

    def _stage(self, name: str, **data: Any) -> None:
        self.trajectory.stage(name, self.id, **data)

    def tell(self, name: str, /, **data: Any) -> None:
        """Put an event of this routine into the trajectory."""
        extra = {"child": True} if self.parent_id else {}
        self.trajectory.add(name, self.id, **data, **extra)
