"""TaskRequest, TaskResult and Services: what goes into a task, what comes out, what it may use."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from treewright_agent.calls import Call
from treewright_agent.changes import SourceChange
from treewright_agent.context import Environment, Turn
from treewright_agent.draft import Draft
from treewright_agent.episodes import Episodes
from treewright_agent.guard.commands import Trust
from treewright_agent.health import Health
from treewright_agent.memory import Memory
from treewright_agent.models.router import Router
from treewright_agent.proposals import Proposal
from treewright_agent.routines.planner import Approve, Plan
from treewright_agent.routines.routine import Status
from treewright_agent.settings import AgentSettings
from treewright_agent.tools.bench import Asker, Gate, TestRun, WebSearch, Workshop
from treewright_agent.trajectory import Event
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from treewright_agent.feedback.rules import Rule

Kind = Literal["task", "fix", "refactor", "write_tests", "explain", "review", "chat"]
KINDS: tuple[Kind, ...] = ("task", "fix", "refactor", "write_tests", "explain", "review", "chat")
READ_ONLY: frozenset[str] = frozenset({"explain", "review", "chat"})
Source = Literal["recipe", "repair", "model", "step", "cache", "template", "guide", "none"]

MAX_INSTRUCTION = 20_000
MAX_ATTACHMENT = 100_000


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """`instruction` is the user's word; attachments (an issue, a log) are data."""

    instruction: str
    kind: Kind = "task"
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    environment: Environment = field(default_factory=Environment)
    attachments: tuple[tuple[str, str], ...] = ()
    conversation: tuple[Turn, ...] = ()
    wire: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The task as it was given, for a remote brain."""
    code_version: str = ""
    """The edit hash of an earlier answer that is wanted again, and nothing else."""


class _Attachment(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=MAX_ATTACHMENT)]
    source: str = msgspec.field(name="from", default="attachment")


class _TaskJson(msgspec.Struct, frozen=True):
    instruction: Annotated[str, msgspec.Meta(max_length=MAX_INSTRUCTION)] = ""
    task_id: str | None = None
    kind: Kind = "task"
    attachments: list[_Attachment] = []
    code_version: str = ""


def read_task(raw: bytes) -> TaskRequest:
    """A task from JSON: `{"instruction": …, "task_id"?, "kind"?, "attachments"?: [{"from", "text"}]}`.

    Keys that are not known here go on to a remote brain. Raises ArgumentsError with one line that
    says what is wrong.
    """
    try:
        row = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ArgumentsError(
            f'the task is not a JSON object such as {{"instruction": "…"}}: {error}'
        ) from error
    try:
        task = msgspec.convert(row, _TaskJson)
    except msgspec.ValidationError as error:
        raise ArgumentsError(f"the task does not fit: {error}") from error
    if not task.instruction.strip() and not task.code_version:
        raise ArgumentsError("the task's instruction is empty")
    given: dict[str, Any] = {"task_id": task.task_id} if task.task_id else {}
    attachments = tuple((each.source, each.text) for each in task.attachments)
    instruction = task.instruction.strip() or f"once more the answer {task.code_version}"
    return TaskRequest(
        instruction, task.kind, attachments=attachments, wire=row,
        code_version=task.code_version, **given
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Repaired:
    """What the search for a repair found: the best change first, then the alternatives."""

    changes: tuple[SourceChange, ...]
    titles: tuple[str, ...]
    before: TestRun | None = None
    after: TestRun | None = None
    note: str = ""


Repairer = Callable[[Snapshot, str, Sequence[str], float, CancelToken], Repaired]
"""(snapshot, root, tests to mend ([]: all that fail), seconds, token) -> what was found."""


def _no_events(event: Event) -> None: ...


@dataclass(frozen=True)
class Services:
    """What tasks may use. Everything is optional but the settings."""

    settings: AgentSettings = field(default_factory=AgentSettings)
    router: Router | None = None
    workshop: Callable[[Snapshot, str], Workshop | None] = lambda snapshot, root: None
    repair: Repairer | None = None
    episodes: Episodes | None = None
    memory: Memory | None = None
    ask: Asker | None = None
    approve: Approve | None = None
    web: WebSearch | None = None
    gate: Callable[[TaskRequest, str], Gate] | None = None
    trust: Trust = Trust.DEFAULT
    """Of the workspace; NONE runs and changes nothing, whatever else is set."""
    health: Health | None = None
    """Hears of every tool call, and takes tools out that fail by themselves."""
    rules: tuple[Rule, ...] = ()
    """Mined from the user's edits and approved: the recipe rung knows them."""
    trajectories: Path | None = None
    on_event: Callable[[Event], None] = _no_events
    on_text: Callable[[str], None] | None = None
    brain: Callable[[TaskRequest], Any] | None = None
    """Decides instead of models: a scripted brain of tests and demos."""


@dataclass(frozen=True, slots=True)
class Guide:
    """What to do by hand, with the facts that were found."""

    title: str
    summary: str
    console_steps: tuple[str, ...] = ()
    cli_command: str = ""
    sdk_code_example: str = ""
    possible_reasons: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    feedback_url: str = ""
    locations: tuple[str, ...] = ()
    """`path:line`, clickable."""

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "summary": self.summary,
            "console_steps": list(self.console_steps),
            "cli_command": self.cli_command,
            "sdk_code_example": self.sdk_code_example,
            "troubleshooting": {
                "possible_reasons": list(self.possible_reasons),
                "next_steps": list(self.next_steps),
            },
            "feedback_url": self.feedback_url,
            "locations": list(self.locations),
        }


_QUALITY: Mapping[str, tuple[str, str]] = {
    "recipe": ("rule_engine", "high"),
    "repair": ("search", "high"),
    "model": ("llm_generated", "dynamic"),
    "step": ("llm_generated", "dynamic"),
    "cache": ("proven_code_adapted", "high"),
    "template": ("template", "standard"),
    "guide": ("manual_guide", "manual"),
    "none": ("", ""),
}


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How a task ended. `source` is the rung of the ladder that answered."""

    task_id: str
    success: bool
    status: Status | Literal["undecided", "refused", "no_rule"]
    source: Source
    message: str
    proposal: Proposal | None = None
    draft: Draft | None = None
    """Also of a task that failed: the best it had, never applied."""
    answer: str = ""
    guide: Guide | None = None
    plan: Plan | None = None
    tests: TestRun | None = None
    rule_id: str = ""
    reason: str = ""
    confidence: float = 0.0
    fingerprint: str = ""
    edit_hash: str = ""
    cached_at: float | None = None
    rounds: int = 0
    spent: Mapping[str, Any] = field(default_factory=dict[str, Any])
    endpoint: str = ""
    """Of several the one whose model decided, by its label; '' when none was asked."""
    notes: tuple[str, ...] = ()
    alternatives: tuple[SourceChange, ...] = ()
    choices: tuple[str, ...] = ()
    """Of a request with several meanings."""
    remember: tuple[str, ...] = ()
    attempts: tuple[str, ...] = ()
    """Rungs that were tried before, with why they did not answer."""
    trajectory: str = ""

    @property
    def deterministic(self) -> bool:
        return self.source in ("recipe", "repair", "cache", "template", "guide")

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(entry.call for entry in self.draft.log) if self.draft is not None else ()

    def to_json(self, root: str) -> dict[str, Any]:
        """For `--json`, for clients and for logs; nothing in it is bound to this machine."""
        origin, quality = _QUALITY[self.source]
        diff = ""
        if self.proposal is not None:
            diff = self.proposal.diff
        elif self.draft is not None:
            diff = self.draft.diff(root)
        row: dict[str, Any] = {
            "task_id": self.task_id,
            "success": self.success,
            "status": self.status,
            "source": self.source,
            "origin": origin,
            "quality": quality,
            "deterministic": self.deterministic,
            "confidence": self.confidence,
            "message": self.message,
            "reason": self.reason,
            "diff": diff,
            "proposal": self.proposal.id if self.proposal is not None else None,
            "rounds": self.rounds,
            "spent": dict(self.spent),
            "notes": list(self.notes),
            "attempts": list(self.attempts),
        }
        if self.rule_id:
            row["rule_id"] = self.rule_id
        if self.source in ("model", "step") and self.success and diff:
            row["warning"] = "a language model wrote this change: look at it before you accept it"
        if self.answer:
            row["answer"] = self.answer
        if self.plan is not None:
            row["plan"] = self.plan.to_json()["plan"]
        if self.tests is not None:
            row["tests"] = {
                k: v for k, v in self.tests.to_json().items() if k not in ("stdout", "stderr")
            }
        if self.proposal is not None:
            row["checks"] = self.proposal.report.to_json()["checks"]
        if self.fingerprint:
            row["code_version"] = {
                "fingerprint": self.fingerprint,
                "code_hash": self.edit_hash,
                "source": "cache" if self.source == "cache" else "generated",
                "cached_at": self.cached_at,
            }
        if self.alternatives:
            row["alternatives"] = len(self.alternatives)
        if self.choices:
            row["choices"] = list(self.choices)
        if self.remember:
            row["remember"] = list(self.remember)
        if not self.success:
            row["error"] = self.reason or self.message
            row["fallback"] = self.guide.to_json() if self.guide is not None else None
            row["suggestion"] = (
                self.guide.next_steps[0] if self.guide is not None and self.guide.next_steps else ""
            )
        elif self.guide is not None:
            row["manual_guide"] = self.guide.to_json()
        return row
