"""Sample: one recorded proposal in the form that training files are made from.

Only what was recorded counts: what was proposed, and what the user's text was afterwards.
Every format renders the same samples, so that two files of one store agree.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from treewright_agent.feedback.levels import Level
from treewright_agent.feedback.outcomes import KEPT, Outcome
from treewright_agent.feedback.reading import ProposalRow, consents
from treewright_agent.feedback.store import FeedbackStore
from treewright_indexer.errors import ArgumentsError

SYSTEM = (
    "You change source code by calling operations. Call the operations that do what is asked "
    "and nothing more. Every call names the file and is checked before it is shown to the user."
)

REFUSED = frozenset({Outcome.REJECTED, Outcome.REVERTED})


class Origin(StrEnum):
    """Who wrote the answer that a row teaches."""

    AGENT = "agent"
    """Proposed by treewright and kept as it was."""
    HUMAN = "human"
    """What the user made of a proposal."""
    TEACHER = "teacher"
    """Proposed by a remote model and kept as it was."""


class Source(NamedTuple):
    """Where a row of a training file came from, for its card and its provenance."""

    project: str
    time: float
    outcome: str
    origin: str
    rung: str
    language: str
    operations: tuple[str, ...]
    ids: Mapping[str, Any]
    """What finds it again in the store."""


def project_of(workspace: str) -> str:
    """The same for everything of one workspace, and not its path."""
    return hashlib.sha256(workspace.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """`proposed` is what treewright offered; `kept` what the user kept, None when nothing."""

    row: ProposalRow
    request: str
    """The user's turn: what was asked, and the code before."""
    proposed: tuple[ToolCall, ...]
    kept: tuple[ToolCall, ...] | None
    kept_diff: str

    @property
    def origin(self) -> Origin:
        if self.row.outcome is not Outcome.ACCEPTED:
            return Origin.HUMAN
        return Origin.TEACHER if self.row.source == "model" else Origin.AGENT

    @property
    def was_changed(self) -> bool:
        return self.row.outcome in (Outcome.EDITED, Outcome.ACCEPTED_IN_PART)

    @property
    def refused(self) -> bool:
        return self.row.outcome in REFUSED

    @property
    def project(self) -> str:
        """See `project_of`."""
        return project_of(self.row.workspace)

    @property
    def source(self) -> Source:
        row = self.row
        return Source(
            self.project, row.time, row.outcome.value, self.origin.value, row.rung, row.language,
            row.operations, {"proposal": row.id, "fingerprint": row.fingerprint},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """Which samples an export takes; None and empty mean all."""

    workspace: str | None = None
    since: float | None = None
    """Seconds since 1970."""
    until: float | None = None
    rungs: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    per_project: int | None = None
    """At most so many rows of one workspace, the newest ones."""
    per_user: int | None = None
    """At most so many rows of the whole store, which is one user's; the newest ones."""
    standing: float | None = None
    """Only what still stood to this share or more when it was last measured."""

    def __post_init__(self) -> None:
        unknown = self.outcomes - {outcome.value for outcome in Outcome}
        if unknown:
            raise ArgumentsError(
                f"outcome: {', '.join(sorted(unknown))} is none of {', '.join(Outcome)}"
            )

    def takes(self, row: ProposalRow) -> bool:
        return (
            (self.since is None or row.time >= self.since)
            and (self.until is None or row.time < self.until)
            and (not self.rungs or row.rung in self.rungs)
            and (not self.languages or row.language in self.languages)
            and (not self.outcomes or row.outcome.value in self.outcomes)
            and (self.standing is None or _stands(row) >= self.standing)
        )


def _stands(row: ProposalRow) -> float:
    """The share at the latest moment measured; -1 before the first."""
    return next((row.kept[m] for m in ("day", "commit", "ten_minutes") if m in row.kept), -1.0)


def samples(store: FeedbackStore, chosen: Filter, left_out: Counter[str]) -> Iterator[Sample]:
    """Every recorded proposal that can teach something, oldest first; why others cannot is
    counted in `left_out`."""
    levels = consents(store.database)
    for row in store.proposals(chosen.workspace):
        if not chosen.takes(row):
            left_out["filtered"] += 1
            continue
        if levels.get(row.workspace, Level.LOCAL) is not Level.LOCAL:
            left_out["consent withdrawn"] += 1
            continue
        if row.consent != "local":
            left_out["recorded without code"] += 1
            continue
        if row.outcome not in KEPT and row.outcome not in REFUSED:
            left_out[row.outcome.value] += 1
            continue
        if not row.calls:
            left_out["no calls"] += 1
            continue
        sample, reason = _sample(row)
        if sample is None:
            left_out[reason] += 1
        elif chosen.origins and sample.origin.value not in chosen.origins:
            left_out["filtered"] += 1
        else:
            yield sample


def _sample(row: ProposalRow) -> tuple[Sample | None, str]:
    proposed = tuple(ToolCall(call["operation"], call["arguments"]) for call in row.calls)
    kept: tuple[ToolCall, ...] | None = None
    kept_diff = ""
    if row.outcome is Outcome.ACCEPTED:
        kept, kept_diff = proposed, row.diff
    elif row.outcome in KEPT:
        if not row.final_diff:
            return None, "final text unknown"
        kept_diff = row.final_diff
        kept = tuple(
            ToolCall("replace_text", {"path": path, "patch": patch})
            for path, patch in split_diff(row.final_diff)
        )
    return Sample(row, _request(row), proposed, kept, kept_diff), ""


def code_before(row: ProposalRow) -> str:
    """The code that the proposal was about, each piece fenced under its path."""
    parts: list[str] = []
    for piece in row.context:
        fence = "`" * max(3, _longest_run(piece["code"], "`") + 1)
        parts.append(f"{piece['path']}:\n{fence}{piece['language']}\n{piece['code']}\n{fence}")
    return "\n\n".join(parts)


def instruction(row: ProposalRow) -> str:
    if row.reason and row.reason != row.title:
        return f"{row.title}\n\n{row.reason}"
    return row.title


def _request(row: ProposalRow) -> str:
    return "\n\n".join(part for part in (instruction(row), code_before(row)) if part)


def _longest_run(text: str, character: str) -> int:
    longest = run = 0
    for each in text:
        run = run + 1 if each == character else 0
        longest = max(longest, run)
    return longest


def split_of(project: str, shares: tuple[float, float]) -> str:
    """train, validation or test: by project, so that no project is in two of them.

    `shares` are those of validation and test; a project's place depends on nothing else.
    """
    place = int(hashlib.sha256(f"split {project}".encode()).hexdigest()[:8], 16) / 0x1_0000_0000
    if place < shares[1]:
        return "test"
    return "validation" if place < shares[0] + shares[1] else "train"


def split_diff(diff: str) -> Iterator[tuple[str, str]]:
    """(path, its part) of each file in a unified diff."""
    part: list[str] = []
    for line in diff.splitlines(keepends=True):
        if (line.startswith("diff --git ") and part) or (
            line.startswith("--- ") and any(p.startswith("@@") for p in part) and _ends_hunk(part)
        ):
            yield _path_of(part), "".join(part)
            part = []
        part.append(line)
    if part:
        yield _path_of(part), "".join(part)


def _path_of(part: list[str]) -> str:
    """Of the file after the change, or before it for a deleted one."""
    for prefix in ("+++ ", "--- "):
        for line in part:
            if line.startswith(prefix):
                path = line[4:].rstrip("\r\n").partition("\t")[0]
                if path != os.devnull:
                    return path[2:] if path[:2] in ("a/", "b/") else path
    return ""


def _ends_hunk(part: list[str]) -> bool:
    """Whether the last hunk has as many lines as its header says: `--- ` can be a removed line."""
    wanted_old = wanted_new = old = new = 0
    for line in part:
        if line.startswith("@@"):
            _, before, after, *_ = line.split()
            wanted_old = int(before.partition(",")[2] or 1)
            wanted_new = int(after.partition(",")[2] or 1)
            old = new = 0
        elif wanted_old or wanted_new:
            old += line[:1] in " -"
            new += line[:1] in " +"
    return (old, new) == (wanted_old, wanted_new)
