"""A SourceChange as a unified diff in git's extended form, which `git apply` takes.

Git ends lines at LF alone, so a CR is part of its line and comes out as it is. Text that is
not UTF-8 on disk is shown in UTF-8; `diff_bytes` gives it in its own encoding.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.changes.algebra import TextEdit, new_bytes
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from treewright_agent.changes.model import SourceChange, TextOf

_CONTEXT = 3
_MAX_COMPARED = 4_000_000
"""Old lines times new lines of one region above which it is shown as replaced whole."""
_NULL = "/dev/null"


class _File(NamedTuple):
    old: str | None
    """Path relative to the root, None for a new file."""
    new: str | None
    before: SourceText
    edits: tuple[TextEdit, ...]
    """What makes the text after of `before`."""


class _Change(NamedTuple):
    """Lines `first:last` of the text before become `new`; lines carry their LF."""

    first: int
    last: int
    new: list[bytes]


def unified_diff(change: SourceChange, text_of: TextOf, root: str) -> str:
    """`a/` and `b/` paths are relative to `root`. '' for a change that changes nothing."""
    return "".join(_shown(file, encode=False) for file in _files(change, text_of, root))


def diff_bytes(change: SourceChange, text_of: TextOf, root: str) -> bytes:
    """The diff of the files as they stand on disk, each in its encoding."""
    shown = (_shown(file, encode=True) for file in _files(change, text_of, root))
    return "".join(shown).encode("utf-8", "surrogateescape")


def _files(change: SourceChange, text_of: TextOf, root: str) -> Iterator[_File]:
    change.apply(text_of)  # raises for text that has changed
    moved = {rename.old: rename.new for rename in change.renames}
    edits = {file.path: file.edits for file in change.files}
    prefix = root.rstrip(os.sep) + os.sep

    def relative(path: str) -> str:
        if path.startswith(prefix):
            return path[len(prefix) :].replace(os.sep, "/")
        return os.path.relpath(path, root).replace(os.sep, "/")

    rows: list[tuple[str, _File]] = []
    for path in edits.keys() | moved.keys():
        text = text_of(path)
        changing = tuple(
            edit
            for edit in edits.get(path, ())
            if text.data[edit.span[0] : edit.span[1]] != new_bytes(edit)
        )
        new = moved.get(path, path)
        if changing or new != path:
            rows.append((new, _File(relative(path), relative(new), text, changing)))
    for create in change.creates:
        text = SourceText(b"", create.encoding, create.bom)
        whole = (TextEdit(Span(0, 0), create.text),)
        rows.append((create.path, _File(None, relative(create.path), text, whole)))
    for delete in change.deletes:
        text = text_of(delete.path)
        whole = (TextEdit(Span(0, len(text.data)), ""),)
        rows.append((delete.path, _File(relative(delete.path), None, text, whole)))
    for _, file in sorted(rows, key=lambda row: row[0]):
        yield file


def _shown(file: _File, *, encode: bool) -> str:
    old, new = file.old or file.new, file.new or file.old
    assert old is not None
    assert new is not None
    before = _lines(file.before.data)
    changes = list(_changes(file.before.data, file.edits))
    head = [f"diff --git {_quoted('a/' + old)} {_quoted('b/' + new)}\n"]
    if file.old is None:
        head.append("new file mode 100644\n")
    elif file.new is None:
        head.append("deleted file mode 100644\n")
    elif old != new:
        head.append(f"similarity index {_similarity(len(before), changes)}%\n")
        head.append(f"rename from {_quoted(old)}\nrename to {_quoted(new)}\n")
    if changes:
        head.append(f"--- {_named('a/', file.old)}\n+++ {_named('b/', file.new)}\n")
        head += _hunks(before, changes, _Writer(file.before, encode))
    elif file.old is None or file.new is None:
        head.append("index 0000000..e69de29\n" if file.old is None else "index e69de29..0000000\n")
    return "".join(head)


def _named(prefix: str, path: str | None) -> str:
    if path is None:
        return _NULL
    quoted = _quoted(prefix + path)
    # As git does: what follows a blank in a name would read as a time.
    return f"{quoted}\t" if " " in quoted and not quoted.startswith('"') else quoted


_ESCAPES = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}


def _quoted(path: str) -> str:
    """The name as git writes it: in C's quotes where it holds quotes or control characters."""
    if not any(c in '"\\' or c < " " or c == "\x7f" for c in path):
        return path
    out: list[str] = []
    for character in path:
        if character in _ESCAPES:
            out.append("\\" + _ESCAPES[character])
        elif character in '"\\':
            out.append("\\" + character)
        elif character < " " or character == "\x7f":
            out.append(f"\\{ord(character):03o}")
        else:
            out.append(character)
    return '"' + "".join(out) + '"'


def _similarity(n_lines: int, changes: Sequence[_Change]) -> int:
    """Per cent, nearly as git counts it for renames: by the lines both sides have."""
    if not changes:
        return 100
    gone = sum(each.last - each.first for each in changes)
    longest = max(n_lines, n_lines - gone + sum(len(each.new) for each in changes), 1)
    return min(99, max(1, 100 * (n_lines - gone) // longest))


# -------------------------------------------------------------------- lines that differ


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    last = lines.pop()
    lines = [line + b"\n" for line in lines]
    return [*lines, last] if last else lines


def _changes(data: bytes, edits: Sequence[TextEdit]) -> Iterator[_Change]:
    """The runs of lines by which the texts differ, in order."""
    counted = line = 0
    for start, end, new in _regions(data, edits):
        line += data.count(b"\n", counted, start)
        counted = start
        before, after = _lines(data[start:end]), _lines(new)
        for i1, i2, j1, j2 in _differing(before, after):
            yield _Change(line + i1, line + i2, after[j1:j2])


def _regions(data: bytes, edits: Sequence[TextEdit]) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, new bytes) of whole lines, edits that share or touch lines together."""
    start = at = -1
    parts: list[bytes] = []

    def end() -> int:
        """Where the open region ends: behind its last line."""
        new = b"".join(parts)
        at_line_start = at == 0 or data[at - 1 : at] == b"\n"
        if at_line_start and (not new or new.endswith(b"\n")):
            return at
        newline = data.find(b"\n", at)
        return newline + 1 if newline >= 0 else len(data)

    for edit in edits:
        first, last = edit.span
        if start >= 0 and first > (stop := end()):
            yield start, stop, b"".join(parts) + data[at:stop]
            start = -1
        if start < 0:
            start = at = data.rfind(b"\n", 0, first) + 1
            parts = []
        parts += (data[at:first], new_bytes(edit))
        at = last
    if start >= 0:
        stop = end()
        yield start, stop, b"".join(parts) + data[at:stop]


def _differing(before: list[bytes], after: list[bytes]) -> Iterable[tuple[int, int, int, int]]:
    start, shorter = 0, min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    n_old, n_new = len(before) - start - end, len(after) - start - end
    if not n_old and not n_new:
        return ()
    if n_old <= 1 or n_new <= 1:
        return ((start, start + n_old, start, start + n_new),)
    if n_old * n_new > _MAX_COMPARED:
        return _anchored(before, after, start, end)
    matcher = SequenceMatcher(
        None, before[start : len(before) - end], after[start : len(after) - end], autojunk=False
    )
    return (
        (start + i1, start + i2, start + j1, start + j2)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def _anchored(
    before: list[bytes], after: list[bytes], start: int, end: int
) -> Iterator[tuple[int, int, int, int]]:
    """For large regions: cut at the lines that stand once on both sides and in order
    (Bram Cohen's patience diff, one level deep)."""
    last_old, last_new = len(before) - end, len(after) - end
    old_at = _unique(before, start, last_old)
    new_at = _unique(after, start, last_new)
    common = sorted((i, new_at[line]) for line, i in old_at.items() if line in new_at)
    i = start
    j = start
    for next_i, next_j in [*_increasing(common), (last_old, last_new)]:
        head = 0
        while i + head < next_i and j + head < next_j and before[i + head] == after[j + head]:
            head += 1
        tail = 0
        while (
            next_i - tail > i + head
            and next_j - tail > j + head
            and before[next_i - tail - 1] == after[next_j - tail - 1]
        ):
            tail += 1
        if i + head < next_i - tail or j + head < next_j - tail:
            yield i + head, next_i - tail, j + head, next_j - tail
        i, j = next_i, next_j


def _unique(lines: list[bytes], start: int, end: int) -> dict[bytes, int]:
    seen: dict[bytes, int] = {}
    for index in range(start, end):
        seen[lines[index]] = -1 if lines[index] in seen else index
    return {line: index for line, index in seen.items() if index >= 0}


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second members rise; patience sorting."""
    tops: list[int] = []
    at: list[int] = []
    previous: list[int] = []
    for index, (_, value) in enumerate(pairs):
        pile = bisect_left(tops, value)
        if pile == len(tops):
            tops.append(value)
            at.append(index)
        else:
            tops[pile], at[pile] = value, index
        previous.append(at[pile - 1] if pile else -1)
    chain: list[tuple[int, int]] = []
    index = at[-1] if at else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


# -------------------------------------------------------------------- hunks


class _Writer:
    """Lines as they stand in the diff, the byte-order mark in front of the first one."""

    def __init__(self, text: SourceText, encode: bool) -> None:
        self._encoding = text.encoding if encode else "utf-8"
        bom = text.bom.decode("utf-8", "surrogateescape") if encode else "\ufeff"
        self._bom = bom if text.bom else ""

    def line(self, mark: str, line: bytes, number: int) -> str:
        shown = line.decode("utf-8", "replace")
        if self._encoding != "utf-8":
            shown = self._encoded(shown)
        if number == 0:
            shown = self._bom + shown
        if line.endswith(b"\n"):
            return mark + shown
        return f"{mark}{shown}\n\\ No newline at end of file\n"

    def _encoded(self, shown: str) -> str:
        try:
            return shown.encode(self._encoding).decode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return shown


def _hunks(before: list[bytes], changes: Sequence[_Change], writer: _Writer) -> Iterator[str]:
    shift = 0
    for group in _grouped(changes):
        first = max(0, group[0].first - _CONTEXT)
        last = min(len(before), group[-1].last + _CONTEXT)
        grown = sum(len(each.new) - (each.last - each.first) for each in group)
        yield f"@@ -{_range(first, last)} +{_range(first + shift, last + shift + grown)} @@\n"
        at = first
        for change in group:
            for number in range(at, change.first):
                yield writer.line(" ", before[number], number)
            for number in range(change.first, change.last):
                yield writer.line("-", before[number], number)
            for offset, line in enumerate(change.new):
                yield writer.line("+", line, change.first + shift + offset)
            shift += len(change.new) - (change.last - change.first)
            at = change.last
        for number in range(at, last):
            yield writer.line(" ", before[number], number)


def _grouped(changes: Iterable[_Change]) -> Iterator[list[_Change]]:
    group: list[_Change] = []
    for each in changes:
        if group and each.first - group[-1].last > 2 * _CONTEXT:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _range(first: int, last: int) -> str:
    """`start,count` as diff writes it: lines from 1, an empty range names the line before."""
    count = last - first
    if count == 1:
        return str(first + 1)
    return f"{first + 1 if count else first},{count}"
