"""Brains: who decides the next step of a routine. Rules, a model, a remote step server, a script.

A brain sees a View and answers with a Step; it never touches the draft. Everything that it asks
for goes through the registry, so a brain that lies, loops or attacks can do no more than call the
task's tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from treewright_agent.tools.model import ToolCall, ToolOutput

if TYPE_CHECKING:
    from treewright_agent.tools.bench import Bench
    from treewright_agent.tools.registry import Registry

Severity = Literal["HIGH", "MEDIUM", "LOW"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with the draft. HIGH blocks the end of the task."""

    severity: Severity
    comment: str
    source: Literal["check", "test", "critique", "plan", "user"] = "critique"

    def to_json(self) -> dict[str, str]:
        return {"severity": self.severity, "comment": self.comment, "source": self.source}


@dataclass(frozen=True, slots=True)
class Round:
    """One round as it went: `outputs` answer `calls`, in order. `note` says what was wrong with a
    round that called nothing; `edited` names the files that it changed."""

    thought: str
    calls: tuple[ToolCall, ...] = ()
    outputs: tuple[ToolOutput, ...] = ()
    note: str = ""
    edited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """What a brain decides on."""

    task_id: str
    routine: str
    goal: str
    kind: str
    tools: Registry
    bench: Bench
    rounds: tuple[Round, ...]
    context: str
    environment: str = ""
    memory: str = ""
    plan: str = ""
    findings: tuple[Finding, ...] = ()
    hurry: str = ""
    """Which bound is near; '' while there is room."""
    attachments: tuple[tuple[str, str], ...] = ()
    """(where it came from, text): an issue, a log. Data, not instructions."""


@dataclass(frozen=True, slots=True)
class Step:
    """Calls to make; or an `answer` that ends the routine; or neither, with the `problem`."""

    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    answer: str | None = None
    success: bool = True
    implicit: bool = False
    """The answer is plain prose that nothing marked as the end."""
    code: str | None = None
    """FINAL_CODE: new text of the file that is worked on."""
    problem: str = ""
    prompt: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What was asked, for the trajectory."""
    reply: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Brain(Protocol):
    name: str

    def decide(self, view: View) -> Step:
        """The next step. Raises CancelledError, and TreewrightError when it cannot decide."""
        ...

    def last_word(self, view: View) -> Step | None:
        """Asked once when a bound is reached: a brain that was about to finish may say so."""
        ...

    def ended(self, view: View, status: str, reason: str) -> None:
        """The routine is over; a remote brain is told."""
        ...
