"""A SourceChange as a unified diff in git's extended form, which `git apply` takes.

Git ends lines at LF alone, so a CR is part of its line and comes out as it is. Text that is
not UTF-8 on disk is shown in UTF-8; `diff_bytes` gives it in its own encoding.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from treewright_indexer.errors import UnreadableFileError
from treewright_indexer.text import SourceText

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
    after: SourceText


def unified_diff(change: SourceChange, text_of: TextOf, root: str) -> str:
    """`a/` and `b/` paths are relative to `root`. '' for a change that changes nothing."""
    return "".join(_shown(file, encode=False) for file in _files(change, text_of, root))


def diff_bytes(change: SourceChange, text_of: TextOf, root: str) -> bytes:
    """The diff of the files as they stand on disk, each in its encoding."""
    shown = (_shown(file, encode=True) for file in _files(change, text_of, root))
    return "".join(shown).encode("utf-8", "surrogateescape")


def _files(change: SourceChange, text_of: TextOf, root: str) -> Iterator[_File]:
    after = change.apply(text_of)
    moved = {rename.new: rename.old for rename in change.renames}
    created = {create.path for create in change.creates}
    gone_by_move = set(moved.values())
    nothing = SourceText(b"")

    def relative(path: str) -> str:
        return os.path.relpath(path, root).replace(os.sep, "/")

    for path in sorted(after):
        text = after[path]
        if path in created:
            assert text is not None
            yield _File(None, relative(path), nothing, text)
        elif text is None:
            if path not in gone_by_move:
                yield _File(relative(path), None, text_of(path), nothing)
        else:
            old = moved.get(path, path)
            before = text_of(old)
            if old != path or before.data != text.data:
                yield _File(relative(old), relative(path), before, text)


def _shown(file: _File, *, encode: bool) -> str:
    old, new = file.old or file.new, file.new or file.old
    assert old is not None
    assert new is not None
    head = [f"diff --git {_quoted('a/' + old)} {_quoted('b/' + new)}\n"]
    if file.old is None:
        head.append("new file mode 100644\n")
    elif file.new is None:
        head.append("deleted file mode 100644\n")
    elif old != new:
        head.append(f"similarity index {_similarity(file)}%\n")
        head.append(f"rename from {_quoted(old)}\nrename to {_quoted(new)}\n")
    before, after = _lines(file.before, encode), _lines(file.after, encode)
    hunks = list(_hunks(before, after))
    if hunks:
        head.append(f"--- {_named('a/', file.old)}\n+++ {_named('b/', file.new)}\n")
    elif file.old is None or file.new is None:
        head.append("index 0000000..e69de29\n" if file.old is None else "index e69de29..0000000\n")
    return "".join((*head, *hunks))


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


def _similarity(file: _File) -> int:
    """Per cent, as git counts it for renames, nearly: by the lines both sides have."""
    before = _lines(file.before, encode=False)
    after = _lines(file.after, encode=False)
    longest = max(len(before), len(after))
    if file.before.data == file.after.data or not longest:
        return 100
    kept = longest - sum(max(i2 - i1, j2 - j1) for i1, i2, j1, j2 in _changes(before, after))
    return min(99, max(1, 100 * kept // longest))


def _lines(text: SourceText, encode: bool) -> list[str]:
    """Lines with their LF, the byte-order mark in the first one, as on disk."""
    if encode:
        try:
            whole = text.to_disk().decode("utf-8", "surrogateescape")
        except UnreadableFileError:
            whole = text.string
    else:
        whole = ("\ufeff" if text.bom else "") + text.string
    lines = whole.split("\n")
    ended = [line + "\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def _changes(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """The runs of lines by which the two differ, in order."""
    start, shorter = 0, min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    n_old, n_new = len(before) - start - end, len(after) - start - end
    if not n_old and not n_new:
        return
    if n_old * n_new > _MAX_COMPARED:
        anchored = _anchored(before, after, start, end)
    else:
        matcher = SequenceMatcher(
            None, before[start : len(before) - end], after[start : len(after) - end], autojunk=False
        )
        anchored = (
            (start + i1, start + i2, start + j1, start + j2)
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
            if tag != "equal"
        )
    yield from anchored


def _anchored(
    before: list[str], after: list[str], start: int, end: int
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


def _unique(lines: list[str], start: int, end: int) -> dict[str, int]:
    seen: dict[str, int] = {}
    for index in range(start, end):
        seen[lines[index]] = -1 if lines[index] in seen else index
    return {line: index for line, index in seen.items() if index >= 0}


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second members rise; patience sorting."""
    from bisect import bisect_left

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


def _hunks(before: list[str], after: list[str]) -> Iterator[str]:
    for group in _grouped(_changes(before, after)):
        first = max(0, group[0][0] - _CONTEXT)
        last = min(len(before), group[-1][1] + _CONTEXT)
        first_new = group[0][2] - (group[0][0] - first)
        last_new = group[-1][3] + (last - group[-1][1])
        yield f"@@ -{_range(first, last)} +{_range(first_new, last_new)} @@\n"
        at = first
        for i1, i2, j1, j2 in group:
            yield from (_line(" ", line) for line in before[at:i1])
            yield from (_line("-", line) for line in before[i1:i2])
            yield from (_line("+", line) for line in after[j1:j2])
            at = i2
        yield from (_line(" ", line) for line in before[at:last])


def _grouped(
    changes: Iterable[tuple[int, int, int, int]],
) -> Iterator[list[tuple[int, int, int, int]]]:
    group: list[tuple[int, int, int, int]] = []
    for each in changes:
        if group and each[0] - group[-1][1] > 2 * _CONTEXT:
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


def _line(mark: str, line: str) -> str:
    return mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
