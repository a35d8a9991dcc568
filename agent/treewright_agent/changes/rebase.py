"""A change made for an older text, carried over to the text as it is now; or why it cannot be.

Three ways, the surest first: nothing of the file changed; what changed lies elsewhere, so the
edit moves along; the definition around it stands elsewhere now, and is found by its symbol
path and compared by its text. Text is never matched by likeness: what does not fit is named
with its real cause. A group of edits is carried over whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import NamedTuple

from treewright_agent.changes.algebra import TextEdit, moved_span, ordered, require_disjoint
from treewright_agent.changes.model import (
    FILE,
    FileChange,
    HunkId,
    SourceChange,
    TextOf,
)
from treewright_agent.linediff import line_edits
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.model import Symbol
from treewright_indexer.text import SourceText, Span

Outline = Callable[[str, SourceText], list[Symbol]]
"""(path, text) -> the definitions of the text, parents before their members."""

_TOKEN = re.compile(rb"[\w\x80-\xff]+|\s+|.", re.DOTALL)
_MAX_TOKENS = 4000


class Carried(NamedTuple):
    """What became of one hunk: `reason` is '' when it was carried over."""

    hunk: HunkId
    groups: tuple[str, ...]
    reason: str
    start: int = -1
    """Byte of the edit in the text it was made for; -1 for a file as a whole."""


@dataclass(frozen=True, slots=True)
class Rebased:
    """`change` fits the texts as they are now and holds every group that could be carried
    over whole; `items` report on each hunk."""

    change: SourceChange
    items: tuple[Carried, ...]

    @property
    def is_whole(self) -> bool:
        return not any(item.reason for item in self.items)

    @property
    def reason(self) -> str:
        """Why it is not whole, in one line."""
        return "; ".join(dict.fromkeys(item.reason for item in self.items if item.reason))


def rebase(
    change: SourceChange, before_of: TextOf, now_of: TextOf, outline: Outline | None = None
) -> Rebased:
    """`before_of` gives the texts the change was made for, `now_of` those of now."""
    items: list[Carried] = []
    files: list[FileChange] = []
    for file in change.files:
        edits, reports = _file(file, before_of, now_of, outline)
        items += reports
        now = _or_none(now_of, file.path)
        if now is not None:
            files.append(FileChange(file.path, now.hash, tuple(edits)))
    for rename in change.renames:
        reason = ""
        if _or_none(now_of, rename.old) is None:
            reason = f"{rename.old} is gone"
        elif _or_none(now_of, rename.new) is not None:
            reason = f"{rename.new} exists by now"
        items.append(Carried(HunkId(rename.old, FILE), rename.groups, reason))
    for create in change.creates:
        exists = _or_none(now_of, create.path) is not None
        reason = f"{create.path} exists by now" if exists else ""
        items.append(Carried(HunkId(create.path, FILE), create.groups, reason))
    deletes = list(change.deletes)
    for index, delete in enumerate(deletes):
        now = _or_none(now_of, delete.path)
        reason = f"{delete.path} is gone already" if now is None else ""
        if now is not None and delete.base_hash not in (None, now.hash):
            reason = f"{delete.path} has changed since"
        items.append(Carried(HunkId(delete.path, FILE), delete.groups, reason))
        if now is not None:
            deletes[index] = delete._replace(base_hash=now.hash)
    failed = {group for item in items if item.reason for group in item.groups}
    items = [
        item._replace(reason="another part of the same step cannot be carried over")
        if not item.reason and failed & set(item.groups)
        else item
        for item in items
    ]
    carried = replace(
        change,
        files=tuple(_without(file, failed) for file in files),
        renames=tuple(
            r
            for r, i in zip(change.renames, _of(items, change.renames, "old"), strict=True)
            if not i
        ),
        creates=tuple(
            c
            for c, i in zip(change.creates, _of(items, change.creates, "path"), strict=True)
            if not i
        ),
        deletes=tuple(
            d for d, i in zip(deletes, _of(items, change.deletes, "path"), strict=True) if not i
        ),
        notes=(),
    )
    carried = replace(carried, files=tuple(file for file in carried.files if file.edits))
    return Rebased(carried, tuple(items))


def rebase_or_refuse(
    change: SourceChange, before_of: TextOf, now_of: TextOf, outline: Outline | None = None
) -> SourceChange:
    """The whole change on the texts of now. Raises RefusedError with every cause."""
    rebased = rebase(change, before_of, now_of, outline)
    if not rebased.is_whole:
        raise RefusedError(f"the text has changed: {rebased.reason}")
    return rebased.change


def _or_none(text_of: TextOf, path: str) -> SourceText | None:
    try:
        return text_of(path)
    except (TreewrightError, KeyError):
        return None


def _without(file: FileChange, failed: set[str]) -> FileChange:
    return file._replace(edits=tuple(e for e in file.edits if not failed & set(e.groups)))


def _of(items: Sequence[Carried], members: Sequence[object], attribute: str) -> list[str]:
    """The reason of each member's FILE hunk."""
    reasons = {item.hunk.path: item.reason for item in items if item.hunk.hunk == FILE}
    return [reasons[getattr(member, attribute)] for member in members]


# -------------------------------------------------------------------- one file


def _file(
    file: FileChange, before_of: TextOf, now_of: TextOf, outline: Outline | None
) -> tuple[list[TextEdit], list[Carried]]:
    before, now = _or_none(before_of, file.path), _or_none(now_of, file.path)

    def reported(reason: str) -> list[Carried]:
        return [
            Carried(HunkId(file.path, i), edit.groups, reason, edit.span[0])
            for i, edit in enumerate(file.edits)
        ]

    if now is None:
        return [], reported(f"{file.path} is gone")
    if before is None or file.base_hash not in (None, before.hash):
        return [], reported(f"the text that {file.path} had is not known")
    if before.data == now.data:
        return list(file.edits), reported("")
    user = list(text_edits(before, now))
    place = _Place(file.path, before, now, outline)
    edits: list[TextEdit] = []
    reports: list[Carried] = []
    for index, edit in enumerate(file.edits):
        span = _carried_span(edit, before, user)
        reason = ""
        if span is None or not place.is_same(edit.span, span):
            span, reason = place.find(edit)
        hunk = HunkId(file.path, index)
        reports.append(Carried(hunk, edit.groups, reason, edit.span[0]))
        if span is not None and not reason:
            edits.append(edit._replace(span=span))
    result = ordered(edits)
    try:
        require_disjoint(file.path, result)
    except TreewrightError as error:
        return [], reported(str(error))
    return list(result), reports


def _carried_span(edit: TextEdit, before: SourceText, user: Sequence[TextEdit]) -> Span | None:
    """Where the edit goes when nobody touched its place; an insertion needs its line whole."""
    span = moved_span(edit.span, user)
    if span is None or not edit.is_insertion:
        return span
    at = edit.span[0]
    line = before.line_span(before.line_of(at), with_break=True)
    for each in user:  # what it was put beside may be gone
        deletes = not each.new_text.strip() and each.span[0] < each.span[1]
        if deletes and each.span[0] <= at <= each.span[1] and line.start <= each.span[0]:
            return None
    return span


def text_edits(before: SourceText, now: SourceText) -> Iterator[TextEdit]:
    """What was typed between two texts: by lines first, by words inside them."""
    for run in line_edits(before, now):
        start, end = run.span
        old, new = before.data[start:end], run.text.encode("utf-8", "replace")
        ours = [match.group() for match in _TOKEN.finditer(old)]
        theirs = [match.group() for match in _TOKEN.finditer(new)]
        if len(ours) + len(theirs) > _MAX_TOKENS:
            yield TextEdit(run.span, run.text)
            continue
        offsets = [start]
        for token in ours:
            offsets.append(offsets[-1] + len(token))
        matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag != "equal":
                text = b"".join(theirs[j1:j2]).decode("utf-8", "replace")
                yield TextEdit(Span(offsets[i1], offsets[i2]), text)


# -------------------------------------------------------------------- by symbol


class _Place:
    """Finds an edit's place by the definition around it."""

    def __init__(
        self, path: str, before: SourceText, now: SourceText, outline: Outline | None
    ) -> None:
        self.path = path
        self.before = before
        self.now = now
        self._outline = outline
        self._known: tuple[list[Symbol], list[Symbol]] | None = None

    def _symbols(self) -> tuple[list[Symbol], list[Symbol]]:
        if self._known is None:
            try:
                assert self._outline is not None
                old = self._outline(self.path, self.before)
                self._known = (old, self._outline(self.path, self.now))
            except TreewrightError:
                self._known = ([], [])
        return self._known

    def is_same(self, was: Span, now: Span) -> bool:
        """Whether both places lie in the same definition; lines alone may be alike."""
        if self._outline is None:
            return True
        old, new = self._symbols()
        one, other = _innermost(old, was), _innermost(new, now)
        return _qualified(old, one) == _qualified(new, other)

    def find(self, edit: TextEdit) -> tuple[Span | None, str]:
        """(where the edit goes now, '') or (None, the cause)."""
        line = self.before.line_of(edit.span[0]) + 1
        if self._outline is None:
            return None, f"line {line} of {self.path} has changed"
        old, new = self._symbols()
        index = _innermost(old, edit.span)
        cause = f"line {line} of {self.path} has changed"
        while index >= 0:
            symbol = old[index]
            name = _qualified(old, index)
            alike = [other for i, other in enumerate(new) if _qualified(new, i) == name]
            if not alike:
                cause = f"`{name}` is gone from {self.path}"
            elif len(alike) > 1:
                cause = f"`{name}` is defined {len(alike)} times in {self.path} by now"
            else:
                span = self._inside(edit, symbol, alike[0])
                if span is not None:
                    return span, ""
                cause = f"`{name}` in {self.path} has changed at the same place"
            index = symbol.parent if not alike else -1
        return None, cause

    def _inside(self, edit: TextEdit, old: Symbol, new: Symbol) -> Span | None:
        """The edit's place in the definition as it is now, by what was typed inside it."""
        was = SourceText(self.before.data[old.start : old.end])
        now = SourceText(self.now.data[new.start : new.end])
        relative = Span(edit.span[0] - old.start, edit.span[1] - old.start)
        if was.data == now.data:
            moved: Span | None = relative
        else:
            moved = _carried_span(edit._replace(span=relative), was, list(text_edits(was, now)))
        return Span(moved.start + new.start, moved.end + new.start) if moved is not None else None


def _innermost(symbols: Sequence[Symbol], span: Span) -> int:
    best, size = -1, 0
    for index, symbol in enumerate(symbols):
        holds = symbol.start <= span[0] and span[1] <= symbol.end
        if holds and (best < 0 or symbol.end - symbol.start <= size):
            best, size = index, symbol.end - symbol.start
    return best


def _qualified(symbols: Sequence[Symbol], index: int) -> str:
    parts: list[str] = []
    while index >= 0:
        parts.append(symbols[index].name)
        index = symbols[index].parent
    return ".".join(reversed(parts))
