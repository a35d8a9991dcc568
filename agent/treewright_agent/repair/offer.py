"""Patch: a ranked repair as a SourceChange, with words for people."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_agent.repair.fix import Outcome
from treewright_agent.repair.model import Combination
from treewright_agent.repair.ranking import Ranked
from treewright_indexer.text import SourceText, Span


@dataclass(frozen=True, slots=True)
class Patch:
    """One way to make the failing tests pass. `title` says where and what; `doubts` what
    speaks against it; `group` is equal for patches that behave alike."""

    change: SourceChange
    title: str
    kind: str
    score: float
    group: int
    doubts: tuple[str, ...] = ()


def patches_of(
    outcome: Outcome, files: Mapping[str, SourceText], root: str, revision: int
) -> list[Patch]:
    """Best first: of every behaviour its likeliest form, then the other forms."""
    first: list[Ranked] = []
    rest: list[Ranked] = []
    seen: set[int] = set()
    for row in outcome.ranked:
        (rest if row.group in seen else first).append(row)
        seen.add(row.group)
    return [
        Patch(
            change_of(row.combination, files, root, revision),
            _title(row.combination),
            row.combination.kind,
            row.score,
            row.group,
            row.smells,
        )
        for row in (*first, *rest)
    ]


def change_of(
    combination: Combination, files: Mapping[str, SourceText], root: str, revision: int
) -> SourceChange:
    changed: list[FileChange] = []
    for file, edits in sorted(combination.by_file().items()):
        parts = tuple(TextEdit(Span(e.start, e.end), e.text) for e in sorted(edits))
        path = os.path.join(root, *file.split("/"))
        changed.append(FileChange(path, files[file].hash, parts))
    return SourceChange(tuple(changed), revision=revision)


def _title(combination: Combination) -> str:
    places = [
        f"{part.kind} in {part.unit.qualname if part.unit else part.file}"
        f" ({part.file}:{part.line + 1})"
        for part in combination.parts
    ]
    return "Repair: " + "; ".join(dict.fromkeys(places))


def ambiguity(outcome: Outcome, patches: Sequence[Patch]) -> str:
    """What tells the first two behaviours apart, as a question to the user; '' when all
    repairs that were found behave alike."""
    groups = list(dict.fromkeys(row.group for row in outcome.ranked))
    if len(groups) < 2:
        return ""
    numbers = [next(r.number for r in outcome.ranked if r.group == g) for g in groups[:2]]
    shown = outcome.behaviour.difference(numbers[0], numbers[1])
    text = f"{len(groups)} repairs that behave differently pass the tests"
    if shown is None:
        return text
    call, first, second = shown
    return f"{text}: {call} gives {first} with the first and {second} with the next"
