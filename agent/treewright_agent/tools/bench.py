"""Bench: what one routine's tools work on, and the Protocols of what they need from outside.

The draft is the only thing that a tool changes, and only by `bench.edit`. Running programs,
asking the user, searching the web and forking are handed in; where one is missing, its tools are
not offered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from treewright_agent.calls import Call
from treewright_agent.changes import SourceChange, TextOf
from treewright_agent.draft import Draft
from treewright_agent.guard.plan_scope import PlanScope
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.tools.model import Tool, ToolError, Trouble
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import OutsideWorkspaceError, RefusedError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

if TYPE_CHECKING:
    from treewright_agent.routines.request import Repairer


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A program that ran in the sandbox. `limit` names the bound that ended it, or is ''."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    limit: str = ""
    truncated: bool = False
    level: str = ""
    """The sandbox that was active."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed test or broken place, as parsed from a tool's output."""

    node_id: str
    path: str
    line: int
    """From 1; 0 when unknown."""
    error: str
    """`AssertionError`, `SyntaxError` …"""
    message: str

    def to_json(self) -> dict[str, Any]:
        return {
            "node_id": self.node_id,
            "file": self.path,
            "line": self.line,
            "error": self.error,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class TestRun:
    """A run of tests, with the fields of requirements.md Appendix A3 and what they mean."""

    __test__ = False  # not a test class of pytest's

    passed: bool
    """Exit code 0 and at least one test ran."""
    exit_code: int
    stdout: str = ""
    stderr: str = ""
    report: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kind: str = "passed"
    """passed, failed, no_tests, collection, environment, timeout, crash"""
    failures: tuple[Failure, ...] = ()
    n_run: int = 0
    command: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "test_passed": self.passed,
            "exit_code": self.exit_code,
            "kind": self.kind,
            "tests_run": self.n_run,
            "failures": [failure.to_json() for failure in self.failures],
            "command": list(self.command),
            "stdout": self.stdout,
            "stderr": self.stderr,
            "test_report": dict(self.report),
        }


class Workshop(Protocol):
    """Runs programs on a copy of the workspace with a change in it. Never the user's files."""

    def test(
        self, change: SourceChange, selection: Sequence[str], timeout_s: float, token: CancelToken
    ) -> TestRun:
        """`selection`: node ids or paths; empty runs everything."""
        ...

    def command(
        self,
        change: SourceChange,
        argv: Sequence[str],
        workdir: str,
        timeout_s: float,
        max_output: int,
        token: CancelToken,
    ) -> CommandRun: ...

    def build(self, change: SourceChange, timeout_s: float, token: CancelToken) -> TestRun: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """The brain said that it is done."""

    summary: str
    success: bool


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    choices: tuple[str, ...] = ()


Asker = Callable[[Question], "str | None"]
"""The user's answer; None when there is none: then nothing changes."""

WebSearch = Callable[[str, int], "list[dict[str, str]]"]
"""(query, how many) -> rows of title, url, text. Off unless the user set one up."""


class Gate(Protocol):
    """Decides before a tool runs; outside the model's reach."""

    def refuse(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        """Why this call may not run, or ''."""
        ...

    def refuse_change(
        self, change: SourceChange, text_of: TextOf, shown: Callable[[str], str]
    ) -> str:
        """Why what a call would change may not go into the draft, or ''."""
        ...


class Forker(Protocol):
    """What `fork` and `join` do; see routines/forking.py."""

    def fork(self, goals: Sequence[str], limits: Limits | None = None) -> list[str]: ...

    def join(self, ids: Sequence[str], *, best: bool = False) -> dict[str, Any]: ...


@dataclass
class Bench:
    """Changed by the routine's own thread only."""

    draft: Draft
    token: CancelToken
    budget: Budget
    root: str
    """Relative paths are below it; the other folders are reached by their absolute paths."""
    workshop: Workshop | None = None
    ask: Asker | None = None
    web: WebSearch | None = None
    gate: Gate | None = None
    forker: Forker | None = None
    memory: Any = None
    repair: Repairer | None = None
    """Searches what mends failing tests; see repair/."""
    command_timeout_s: float = 20.0
    max_output: int = 20_000
    scope: PlanScope | None = None
    """Files, kinds of operation and symbols of the plan; other edits are held. None: no plan."""
    diagnostics: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])
    """path -> what the editor's servers report there."""
    finished: Finished | None = None
    notes: list[str] = field(default_factory=list[str])
    on_edit: Callable[[Call, SourceChange], None] = lambda call, change: None
    last_test: TestRun | None = None

    @property
    def snapshot(self) -> Snapshot:
        return self.draft.snapshot

    # ---------------------------------------------------------------- paths

    def path(self, given: str) -> str:
        """The absolute path of what a caller named. Raises ToolError for one outside.

        The answer is the same whether or not something stands there.
        """
        if given.startswith("file:"):
            raise ToolError("outside the workspace: give a path, not an address", Trouble.OUTSIDE)
        joined = given if os.path.isabs(given) else os.path.join(self.root, given)
        try:
            return self.snapshot.require_inside(joined)
        except OutsideWorkspaceError as error:
            raise ToolError(
                f"outside the workspace: {given!r}; paths are relative to its root", Trouble.OUTSIDE
            ) from error

    def file(self, given: str) -> tuple[str, SourceText]:
        """(absolute path, text) of an existing file. Raises ToolError."""
        path = self.path(given)
        if not self.snapshot.exists(path):
            raise ToolError(f"no such file: {given}{self._nearest(given)}", Trouble.NO_FILE)
        try:
            return path, self.snapshot.text(path)
        except TreewrightError as error:
            raise ToolError(str(error)) from error

    def _nearest(self, given: str) -> str:
        """Files of the same name, so that the next call may be right."""
        name = os.path.basename(given)
        same = [p for p in self.snapshot.files() if os.path.basename(p) == name][:3]
        return f"; did you mean {', '.join(map(self.shown, same))}?" if same else ""

    def shown(self, path: str) -> str:
        """The path as callers name it."""
        shown = os.path.relpath(path, self.root).replace(os.sep, "/")
        return path if shown.startswith("../") else shown

    # ---------------------------------------------------------------- the draft

    def _in_scope(self, scope: PlanScope, change: SourceChange, after: Snapshot) -> None:
        """Raises ToolError that names what leaves the plan, and how."""
        made = frozenset(p for p in self.draft.touched() if not self.draft.base.exists(p))
        outside = scope.outside(change, self.draft.snapshot, after, self.shown, made=made)
        if outside:
            files = {self.shown(path): reason for path, reason in outside.items()}
            told = "; ".join(f"{file}: {reason}" for file, reason in files.items())
            raise ToolError(
                f"outside the plan: {told}. The plan names"
                f" {', '.join(sorted(map(self.shown, scope.files())))}",
                Trouble.BLOCKED,
                files=list(files),
            )

    def edit(self, call: Call, change: SourceChange) -> dict[str, Any]:
        """Put `change` into the draft. Returns what a model should hear of it.

        Raises ToolError when the plan does not cover a file that it writes.
        """
        if change.is_empty:
            raise ToolError("nothing changed: the text is as asked already", Trouble.REFUSED)
        if self.scope is not None:  # files first: what is outside is not planned any further
            self._in_scope(self.scope, change, self.draft.snapshot)
        if self.gate is not None and (
            reason := self.gate.refuse_change(change, self.snapshot.text, self.shown)
        ):
            raise ToolError(reason, Trouble.BLOCKED)
        before = self.draft
        try:
            done = before.done(call, change)
        except (RefusedError, TreewrightError) as error:
            raise ToolError(str(error)) from error
        if self.scope is not None:
            self._in_scope(self.scope, change, done.snapshot)
        self.draft = done
        self.on_edit(call, change)
        return {
            "diff": change.diff(before.snapshot.text, self.root),
            "files": sorted(self.shown(path) for path in change.paths()),
            "edits": sum(len(file.edits) for file in change.files)
            + len(change.creates) + len(change.renames) + len(change.deletes),
        }  # fmt: skip
