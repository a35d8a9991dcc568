"""ScriptedBrain: steps decided beforehand. For tests, demos and the replay of a trajectory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from treewright_agent.brains import Step, View
from treewright_agent.tools.model import ToolCall

Scripted = "Step | Callable[[View], Step]"


class ScriptedBrain:
    """Gives its steps in order, and finishes when there are none left. A step may be a function
    of what it sees."""

    name = "scripted"

    def __init__(self, steps: Iterable[Step | Callable[[View], Step]]) -> None:
        self._steps = list(steps)
        self.seen: list[View] = []
        self.endings: list[tuple[str, str]] = []

    def decide(self, view: View) -> Step:
        view.bench.token.check()
        self.seen.append(view)
        if not self._steps:
            return Step(answer="done")
        step = self._steps.pop(0)
        return step(view) if callable(step) else step

    def last_word(self, view: View) -> Step | None:
        return None

    def ended(self, view: View, status: str, reason: str) -> None:
        self.endings.append((status, reason))


def call(name: str, **arguments: Any) -> Step:
    """A step that calls one tool."""
    return Step(calls=(ToolCall(name, arguments),))


def calls(*steps: Step) -> Step:
    """One step with the calls of several."""
    return Step(calls=tuple(each for step in steps for each in step.calls))


def finish(summary: str = "done", *, success: bool = True) -> Step:
    return Step(calls=(ToolCall("finish", {"summary": summary, "success": success}),))


def from_events(events: Sequence[Any]) -> ScriptedBrain:
    """The brain that a recorded task had, without whoever decided: the same calls again."""
    from treewright_agent import trajectory

    steps: list[Step | Callable[[View], Step]] = []
    for event in events:
        if event.name == trajectory.THOUGHT_RESPONSE and not event.data.get("child"):
            steps.append(
                Step(
                    thought=event.data.get("thought", ""),
                    calls=tuple(ToolCall.from_json(row) for row in event.data.get("calls", ())),
                    answer=event.data.get("answer"),
                    success=event.data.get("success", True),
                    problem=event.data.get("problem", ""),
                )
            )
    return ScriptedBrain(steps)
