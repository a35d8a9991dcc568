"""The values that a repair search passes around: edits, candidates, what the tests said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """Bytes `start` to `end` of one file's text become `text`."""

    start: int
    end: int
    text: str

    def to_json(self) -> list[Any]:
        return [self.start, self.end, self.text]


@dataclass(frozen=True, slots=True)
class Unit:
    """An outermost function: what the host compiles and swaps as one.

    `start` and `end` are byte offsets of whole lines, from the line of `def` on; `line` is
    the line of the first decorator (from 1); `headers` stand for the blocks around it.
    """

    file: str
    name: str
    qualname: str
    line: int
    def_line: int
    start: int
    end: int
    headers: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.file}:{self.line}:{self.name}"

    def to_json(self, edits: Sequence[Edit]) -> dict[str, Any]:
        return {
            "file": self.file,
            "name": self.name,
            "line": self.line,
            "def_line": self.def_line,
            "start": self.start,
            "end": self.end,
            "headers": list(self.headers),
            "edits": [edit.to_json() for edit in edits],
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible repair in one file. `cost` is about -log of how likely it is."""

    file: str
    edits: tuple[Edit, ...]
    kind: str
    cost: float
    line: int
    """Zero-based line of the first edit: what localisation looks at."""
    unit: Unit | None
    """None when the edit stands outside every function: the program is imported anew."""


@dataclass(frozen=True, slots=True)
class Combination:
    """Candidates that are tried together; most hold one."""

    parts: tuple[Candidate, ...]

    @property
    def cost(self) -> float:
        return sum(part.cost for part in self.parts) + 1.5 * (len(self.parts) - 1)

    @property
    def kind(self) -> str:
        return " + ".join(part.kind for part in self.parts)

    def by_file(self) -> dict[str, list[Edit]]:
        files: dict[str, list[Edit]] = {}
        for part in self.parts:
            files.setdefault(part.file, []).extend(part.edits)
        return files

    def overlaps(self) -> bool:
        """True when two of its edits touch; such parts are not tried together."""
        for edits in self.by_file().values():
            ordered = sorted(edits)
            for before, after in pairwise(ordered):
                if after.start < before.end or after.start == before.start:
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one test failed. `frames` are (file, line from 1, function), innermost last."""

    kind: str
    bases: tuple[str, ...]
    message: str
    frames: tuple[tuple[str, int, str], ...]
    phase: str
    signature: str
    name: str = ""
    obj: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Failed:
        return cls(
            kind=str(row.get("kind", "")),
            bases=tuple(map(str, row.get("bases", ()))),
            message=str(row.get("message", "")),
            # a frame that was left between two instructions has no line
            frames=tuple(
                (str(f[0]), int(f[1]), str(f[2])) for f in row.get("frames", ()) if f[1] is not None
            ),
            phase=str(row.get("phase", "call")),
            signature=str(row.get("signature", "")),
            name=str(row.get("name", "")),
            obj=str(row.get("obj", "")),
        )


@dataclass(slots=True)
class TestCase:
    """One test as the host found it. `lines` are filled in by tracing."""

    __test__ = False  # its name is not a call to pytest

    index: int
    id: str
    file: str
    line: int
    outcome: str = "unknown"
    """passed, failed, timeout, skipped"""
    seconds: float = 0.0
    failed: Failed | None = None
    lines: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


@dataclass(slots=True)
class Observed:
    """What running the tests showed."""

    tests: list[TestCase]
    errors: list[tuple[str, Failed]]
    """Files that could not be collected, and why."""
    types: dict[str, dict[str, list[str]]] = field(default_factory=dict[str, dict[str, list[str]]])
    """"file:first line:function" -> name -> type names."""

    @property
    def failing(self) -> list[TestCase]:
        return [test for test in self.tests if test.outcome in ("failed", "timeout")]

    @property
    def passing(self) -> list[TestCase]:
        return [test for test in self.tests if test.outcome == "passed"]
