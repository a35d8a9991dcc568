"""Small projects with seeded tasks, and the words of a model that does them.

A task is solved when the files afterwards are exactly the right ones, whoever decided. The script
is what a fair model would answer: it reads, edits through tools, looks at tests and finishes; some
first attempts are wrong and are mended after the red test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Call = tuple[str, Mapping[str, Any]]
"""(tool, arguments)"""


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    kind: str
    """bug, feature, refactor, tests"""
    instruction: str
    script: Sequence[Sequence[Call]]
    """One entry per answer of the model."""
    right: Mapping[str, str | None]
    """file -> text afterwards (None: it is gone); every other file stays as it is."""


@dataclass(frozen=True, slots=True)
class Project:
    name: str
    files: Mapping[str, str]
    tasks: Sequence[Task] = field(default_factory=tuple[Task, ...])


def read(file: str) -> Sequence[Call]:
    return (("read_file", {"file_path": file}),)


def edit(file: str, old: str, new: str) -> Call:
    return ("edit_file", {"file_path": file, "search": old, "replace": new})


def create(file: str, text: str) -> Call:
    return ("edit_file", {"file_path": file, "new_content": text})


def tool(name: str, **arguments: Any) -> Sequence[Call]:
    return ((name, arguments),)


def done(summary: str) -> Sequence[Call]:
    return (("finish", {"summary": summary}),)


def swapped(text: str, *pairs: tuple[str, str]) -> str:
    """`text` with each piece, which stands in it once, exchanged."""
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def load() -> list[Project]:
    from benchmarks.agent_cases import ledger, notes, router, stock, words

    return [module.PROJECT for module in (ledger, notes, router, stock, words)]
