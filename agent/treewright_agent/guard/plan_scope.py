"""What an accepted plan allows: files, in each the kinds of operation, and symbols where it names any.

Looks at the change, not at the tool or its arguments: a definition is touched when its own text
differs, blanks aside, whichever edit made it so. What a plan leaves open stays open: a step
without symbols may change the whole of its files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from treewright_agent.changes import SourceChange
from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

ADD, MODIFY, DELETE = "ADD", "MODIFY", "DELETE"
MODULE = "(module)"
"""How a plan names the code of a file outside of its definitions. Imports need no name."""


class Step(NamedTuple):
    """One step of a plan as the guard sees it. `files`: absolute paths of files or folders."""

    files: tuple[str, ...]
    kind: str
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanScope:
    steps: tuple[Step, ...]
    accepted: bool = False
    """A user said yes to it: only a user may widen it."""

    def widened(self, steps: Iterable[Step]) -> PlanScope:
        return PlanScope((*self.steps, *steps), self.accepted)

    def covers(self, steps: Iterable[Step]) -> bool:
        """Whether the scope allows all that `steps` allow."""
        for step in steps:
            for path in step.files:
                own = [known for known in self._of(path) if known.kind == step.kind]
                if not any(
                    not known.symbols
                    or (step.symbols and all(_named(known.symbols, s) for s in step.symbols))
                    for known in own
                ):
                    return False
        return True

    def files(self) -> list[str]:
        return list(dict.fromkeys(path for step in self.steps for path in step.files))

    def _of(self, path: str) -> list[Step]:
        return [
            step
            for step in self.steps
            if any(path == place or path.startswith(place + os.sep) for place in step.files)
        ]

    def outside(
        self,
        change: SourceChange,
        before: Snapshot,
        after: Snapshot,
        shown: Callable[[str], str],
        *,
        made: frozenset[str] = frozenset(),
    ) -> dict[str, str]:
        """File -> how `change`, which leads from `before` to `after`, leaves the plan in it.

        `made`: files that the task itself created; they may also be deleted again.
        """
        found: dict[str, str] = {}
        for path in sorted(change.paths()):
            steps = self._of(path)
            if not steps:
                found[path] = "the plan does not name it"
            elif reason := _wrong_kind(change, path, {step.kind for step in steps}, made):
                found[path] = reason
            elif names := _unnamed(path, steps, before, after):
                listed = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
                found[path] = f"the plan does not name {listed} in it"
        return found


def _wrong_kind(change: SourceChange, path: str, kinds: set[str], made: frozenset[str]) -> str:
    created = any(create.path == path for create in change.creates)
    arrives = any(rename.new == path for rename in change.renames)
    if (created and ADD not in kinds) or (arrives and not kinds & {ADD, MODIFY}):
        return "the plan does not create it"
    if any(rename.old == path for rename in change.renames) and not kinds & {DELETE, MODIFY}:
        return "the plan does not move it"
    deletable = DELETE in kinds or (path in made and ADD in kinds)
    if any(delete.path == path for delete in change.deletes) and not deletable:
        return "the plan does not delete it"
    edits = [edit for file in change.files if file.path == path for edit in file.edits]
    if not kinds & {ADD, MODIFY} and any(edit.new_text.strip() for edit in edits):
        return "the plan only deletes there"
    return ""


def _unnamed(path: str, steps: Sequence[Step], before: Snapshot, after: Snapshot) -> list[str]:
    """Definitions of `path` that the change touches and no step names; none where a step leaves
    the whole file open, or for a file without definitions."""
    if any(not step.symbols for step in steps):
        return []
    names = tuple(name for step in steps for name in step.symbols)
    old, new = _own_texts(before, path), _own_texts(after, path)
    touched = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return sorted(name for name in touched if not _named(names, name))


def _named(names: Iterable[str], touched: str) -> bool:
    """`add` names a definition of that name wherever it stands, `Calc` also what is in it."""
    return any(f".{name}." in f".{touched}." for name in names)


def _own_texts(snapshot: Snapshot, path: str) -> Mapping[str, str]:
    """Qualified name of each definition -> its text without blanks and without the definitions
    in it; MODULE -> what stands outside of them all, without imports."""
    try:
        if not snapshot.exists(path):
            return {}
        data, facts = snapshot.text(path).data, snapshot.facts(path)
    except TreewrightError:
        return {}
    symbols = facts.symbols
    names: list[str] = []
    inner: dict[int, list[tuple[int, int]]] = {}
    for symbol in symbols:
        above = f"{names[symbol.parent]}." if symbol.parent >= 0 else ""
        names.append(above + symbol.name)
        inner.setdefault(symbol.parent, []).append((symbol.start, symbol.end))
    imports = [(each.start, each.end) for each in facts.imports]
    texts = {MODULE: _cut(data, 0, len(data), inner.get(-1, []) + imports)}
    for index, symbol in enumerate(symbols):
        own = _cut(data, symbol.start, symbol.end, inner.get(index, []) + imports)
        if symbol.kind == "class":
            own = own.removesuffix("pass").removesuffix("...")  # gives way to the first member
        texts[names[index]] = texts.get(names[index], "") + own
    return texts


def _cut(data: bytes, start: int, end: int, holes: Iterable[tuple[int, int]]) -> str:
    parts: list[bytes] = []
    at = start
    for first, last in sorted(holes):
        if last <= at or first >= end:
            continue
        parts.append(data[at : max(at, first)])
        at = max(at, last)
    parts.append(data[at:end])
    return "".join(b"".join(parts).decode("utf-8", "replace").split())
