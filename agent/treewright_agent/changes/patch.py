"""Unified diffs and search/replace blocks, applied to a text with bounded tolerance.

Line numbers are hints: a hunk applies where its lines stand, the nearest place first. Lines
must be equal; when they are not anywhere, ends of lines (trailing blanks, CR) may differ. No
line of context is ever dropped. A hunk that fits nowhere names the line that is in the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from treewright_agent.changes.algebra import TextEdit, ordered
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.text import SourceText, Span

_HEADER = re.compile(
    r"^@@(?: -(?P<old>\d+)(?:,(?P<n_old>\d+))?)?(?: \+(?P<new>\d+)(?:,\d+)?)? ?(?:@@|\.\.\.|$)"
)
_QUOTED = re.compile(r"\\(?:([abfnrtv\"\\])|([0-7]{3}))")
_UNESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MAX_SHOWN = 80


class Hunk(NamedTuple):
    """`lines` are (mark, text) with mark ' ', '-' or '+', without line ends.

    `start` is the zero-based line the header names, None when it names none. `open_old` and
    `open_new` tell that the old or new text ends without a line break behind this hunk.
    """

    number: int
    start: int | None
    lines: tuple[tuple[str, str], ...]
    open_old: bool = False
    open_new: bool = False

    @property
    def old(self) -> list[str]:
        return [text for mark, text in self.lines if mark != "+"]

    @property
    def new(self) -> list[str]:
        return [text for mark, text in self.lines if mark != "-"]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """The part of a diff about one file. `old` is None for a new file, `new` for a deleted one."""

    old: str | None
    new: str | None
    hunks: tuple[Hunk, ...]


class Failure(NamedTuple):
    """Why hunk or block `number` (from 1) does not apply."""

    number: int
    reason: str


class PatchError(RefusedError):
    """Some hunks do not apply; nothing was changed. `n_hunks` is how many there were."""

    def __init__(self, what: str, failures: Sequence[Failure], n_hunks: int) -> None:
        self.failures = tuple(failures)
        self.n_hunks = n_hunks
        listed = "; ".join(f"{what} {f.number}: {f.reason}" for f in failures)
        super().__init__(f"{len(failures)} of {n_hunks} {what}s do not apply: {listed}")


# -------------------------------------------------------------------- reading


def parse_patch(text: str) -> list[FilePatch]:
    """The files of a unified diff, git's extended headers included; prose around it is skipped.

    Hunks are read by their marks, so wrong counts in a header do no harm. A diff without file
    names is one FilePatch with both names ''. Raises ArgumentsError when there is no diff.
    """
    found: list[FilePatch] = []
    file = _Reading()
    for line in _diff_lines(text):
        if file.takes(line):
            continue
        if line.startswith("diff --git "):
            found += file.finished()
            file = _Reading()
            file.git_names(line)
        elif line.startswith("--- ") and (file.hunks or (file.old is not None and file.named)):
            found += file.finished()
            file = _Reading()
            file.header(line)
        else:
            file.header(line)
    found += file.finished()
    if not found:
        raise ArgumentsError("patch: no hunk (a line that starts with @@) in it")
    return found


def _diff_lines(text: str) -> list[str]:
    lines = text.removeprefix("\ufeff").split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return lines


class _Reading:
    """One file of a diff while it is read."""

    def __init__(self) -> None:
        self.old: str | None = None
        self.new: str | None = None
        self.named = False
        self.created = self.deleted = self.moved = False
        self.hunks: list[Hunk] = []
        self._start: int | None = None
        self._lines: list[tuple[str, str]] | None = None
        self._open_old = self._open_new = False

    def takes(self, line: str) -> bool:
        """True when the line belongs to a hunk or opens one."""
        header = _HEADER.match(line)
        if header is not None:
            self._close()
            old, n_old = header["old"], header["n_old"]
            # An empty range names the line before it.
            self._start = None if old is None else int(old) - (0 if n_old == "0" else 1)
            self._lines = []
            return True
        if self._lines is None:
            return False
        if line.startswith("\\"):
            if self._lines:
                mark = self._lines[-1][0]
                self._open_old |= mark in " -"
                self._open_new |= mark in " +"
            return True
        if line.startswith("--- ") and self._lines and self._is_next_file(line):
            return False
        if line[:1] in (" ", "+", "-"):
            self._lines.append((line[0], line[1:]))
            return True
        if line in ("", "\r"):  # a blank line of context that lost its blank
            self._lines.append((" ", line))
            return True
        return False

    @staticmethod
    def _is_next_file(line: str) -> bool:
        return line.startswith(("--- a/", "--- /", '--- "a/'))

    def header(self, line: str) -> None:
        if line.startswith("--- "):
            self.named = True
            self.old = _name(line[4:])
        elif line.startswith("+++ "):
            self.named = True
            self.new = _name(line[4:])
        elif line.startswith("new file mode"):
            self.created = True
        elif line.startswith("deleted file mode"):
            self.deleted = True
        elif line.startswith("rename from "):
            self.old, self.moved = _unquoted(line[12:]), True
        elif line.startswith("rename to "):
            self.new, self.moved = _unquoted(line[10:]), True

    def git_names(self, line: str) -> None:
        rest = line[len("diff --git ") :]
        match = re.fullmatch(
            r'("(?:[^"\\]|\\.)*"|\S.*?) ("(?:[^"\\]|\\.)*"|b/.*)', rest.rstrip("\r")
        )
        if match is not None:
            self.old, self.new = _name(match[1]), _name(match[2])

    def _close(self) -> None:
        lines, self._lines = self._lines, None
        if lines:
            while lines and lines[-1] == (" ", ""):  # blank lines of the prose behind the diff
                lines.pop()
            number = len(self.hunks) + 1
            self.hunks.append(
                Hunk(number, self._start, tuple(lines), self._open_old, self._open_new)
            )
        self._open_old = self._open_new = False

    def finished(self) -> list[FilePatch]:
        self._close()
        if not self.hunks and not (self.created or self.deleted or self.moved):
            return []
        old = None if self.created else self.old
        new = None if self.deleted else self.new
        if not self.named and not self.moved and not self.created and not self.deleted:
            old, new = self.old or "", self.new or ""
        return [FilePatch(old, new, tuple(self.hunks))]


def _name(text: str) -> str | None:
    """The path of a `---`/`+++` line without its prefix; None for /dev/null."""
    text = text.rstrip("\r")
    if not text.startswith('"'):
        text = text.partition("\t")[0].rstrip()
    path = _unquoted(text)
    if path == "/dev/null":
        return None
    return path[2:] if path.startswith(("a/", "b/")) else path


def _unquoted(text: str) -> str:
    text = text.rstrip("\r")
    if not (len(text) > 1 and text.startswith('"') and text.endswith('"')):
        return text
    raw = bytearray()
    at = 1
    inner = text[:-1]
    for match in _QUOTED.finditer(inner, 1):
        raw += inner[at : match.start()].encode()
        letter, octal = match.groups()
        raw += _UNESCAPED.get(letter, letter).encode() if letter else bytes([int(octal, 8)])
        at = match.end()
    raw += inner[at:].encode()
    return raw.decode("utf-8", "replace")


# -------------------------------------------------------------------- hunks


def patch_edits(
    text: SourceText, hunks: Sequence[Hunk], *, what: str = "hunk"
) -> tuple[TextEdit, ...]:
    """The edits that all hunks make of `text`, each as small as its changed lines.

    Raises PatchError that lists every hunk that fits nowhere; then none is applied.
    """
    lines = _TextLines(text)
    edits: list[TextEdit] = []
    failures: list[Failure] = []
    shift = floor = 0
    for hunk in hunks:
        place = _place(lines, hunk, shift, floor)
        if isinstance(place, str):
            failures.append(Failure(hunk.number, place))
            continue
        if hunk.start is not None:
            shift = place - hunk.start
        floor = place + len(hunk.old)
        edits += _hunk_edits(lines, hunk, place)
    if failures:
        raise PatchError(what, failures, len(hunks))
    return ordered(edits)


class _TextLines:
    """The lines of a text without their ends, and where each starts and ends.

    As diffs see them: ended by LF; in a text without any LF, by CR.
    """

    def __init__(self, text: SourceText) -> None:
        self.text = text
        data = text.data
        mark = b"\n" if b"\n" in data else b"\r"
        self.starts: list[int] = []
        self.ends: list[int] = []
        at = 0
        while at < len(data):
            stop = data.find(mark, at)
            end = stop if stop >= 0 else len(data)
            self.starts.append(at)
            self.ends.append(end - (end > at and data[end - 1 : end] == b"\r"))
            at = end + 1
        self.lines = [text.slice(Span(a, b)) for a, b in zip(self.starts, self.ends, strict=True)]
        self.ends_open = bool(data) and not data.endswith(mark)

    def start(self, line: int) -> int:
        return self.starts[line] if line < len(self.starts) else len(self.text.data)

    def __len__(self) -> int:
        return len(self.starts)


def _exact(line: str) -> str:
    return line.removesuffix("\r")


def _blank_ends(line: str) -> str:
    return line.rstrip()


_TOLERANCE: tuple[Callable[[str], str], ...] = (_exact, _blank_ends)


def _place(lines: _TextLines, hunk: Hunk, shift: int, floor: int) -> int | str:
    """The line where the hunk's old lines stand, or why they stand nowhere."""
    old = hunk.old
    wanted = None if hunk.start is None else hunk.start + shift
    if not old:
        if wanted is None and len(lines):
            return "it neither names a line nor holds one to go by"
        return min(max(wanted or 0, floor), len(lines))
    for normal in _TOLERANCE:
        found = [at for at in _occurrences(lines.lines, old, normal) if at >= floor]
        if not found:
            continue
        if wanted is None:
            if len(found) > 1:
                shown = ", ".join(str(at + 1) for at in found[:5])
                return f"its lines stand at {len(found)} places (lines {shown}); give line numbers"
            return found[0]
        found.sort(key=lambda at: (abs(at - wanted), at))
        if len(found) > 1 and abs(found[0] - wanted) == abs(found[1] - wanted):
            return (
                f"its lines stand as near at line {found[0] + 1} as at line {found[1] + 1};"
                " give more context"
            )
        return found[0]
    return _why_not(lines, hunk, wanted, floor)


def _occurrences(
    lines: Sequence[str], old: Sequence[str], normal: Callable[[str], str]
) -> Iterator[int]:
    have = [normal(line) for line in lines]
    wanted = [normal(line) for line in old]
    for at in range(len(have) - len(wanted) + 1):
        if have[at] == wanted[0] and have[at : at + len(wanted)] == wanted:
            yield at


def _why_not(lines: _TextLines, hunk: Hunk, wanted: int | None, floor: int) -> str:
    old = hunk.old
    new = hunk.new
    if new and list(_occurrences(lines.lines, new, _exact)) and len(new) > 1:
        return "it has been applied already"
    at = _nearest(lines.lines, old, wanted)
    for offset, line in enumerate(old):
        index = at + offset
        if index >= len(lines):
            return f"the file ends at line {len(lines)}, where it expects {_shown(line)}"
        have = lines.lines[index]
        if _blank_ends(have) != _blank_ends(line):
            if have.strip() == line.strip():
                return f"line {index + 1} is indented otherwise: {_shown(have)}, not {_shown(line)}"
            return f"line {index + 1} is {_shown(have)} where it expects {_shown(line)}"
    return f"its lines stand at line {at + 1}, before the hunk in front of it (line {floor})"


def _nearest(lines: Sequence[str], old: Sequence[str], wanted: int | None) -> int:
    """Where most of the old lines stand; the named line when they stand nowhere."""
    votes: dict[int, int] = {}
    at_line: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        at_line.setdefault(line.strip(), []).append(index)
    for offset, line in enumerate(old):
        for index in at_line.get(line.strip(), ()) if line.strip() else ():
            if index >= offset:
                votes[index - offset] = votes.get(index - offset, 0) + 1
    if votes:
        best = max(votes.values())
        near = wanted or 0
        return min((at for at, n in votes.items() if n == best), key=lambda at: abs(at - near))
    return min(max(wanted or 0, 0), max(len(lines) - 1, 0))


def _shown(line: str) -> str:
    return repr(line if len(line) <= _MAX_SHOWN else line[: _MAX_SHOWN - 1] + "…")


def _hunk_edits(lines: _TextLines, hunk: Hunk, place: int) -> Iterator[TextEdit]:
    """The hunk's runs of changed lines, at line `place` of the text."""
    newline = lines.text.newline
    at = place
    run_start, removed, added = at, 0, list[str]()
    for mark, line in (*hunk.lines, (" ", "")):
        if mark == "-":
            removed += 1
        elif mark == "+":
            added.append(line.removesuffix("\r"))
        else:
            if removed or added:
                yield _run_edit(lines, hunk, run_start, removed, added, newline)
            at = run_start + removed + 1
            run_start, removed, added = at, 0, []


def _run_edit(
    lines: _TextLines, hunk: Hunk, first: int, removed: int, added: list[str], newline: str
) -> TextEdit:
    last = first + removed
    start, end = lines.start(first), lines.start(last)
    text = "".join(line + newline for line in added)
    if last == len(lines):  # the end of the file: does it have a line break?
        open_after = hunk.open_new or (lines.ends_open and not hunk.open_old)
        if open_after:
            text = text.removesuffix(newline)
        if lines.ends_open and not removed and added:
            text = newline + text
        elif open_after and not added and first:
            start = lines.ends[first - 1]  # the line before loses its break
    return TextEdit(Span(start, end), text)


# -------------------------------------------------------------------- blocks


def block_edit(text: SourceText, old: str, new: str) -> TextEdit | str:
    """The edit that puts `new` for `old`, which must stand in the text once; else why not.

    When `old` is nowhere to the letter, whole lines are compared without their blank ends,
    then with another indentation, which `new` then gets as well.
    """
    newline = text.newline
    old_bytes = _with_breaks(old, newline).encode("utf-8", "replace")
    if not old_bytes:
        return "the text to replace is empty" if text.data else TextEdit(Span(0, 0), new)
    found = _all(text.data, old_bytes)
    if len(found) == 1:
        start = found[0]
        return TextEdit(Span(start, start + len(old_bytes)), _with_breaks(new, newline))
    if found:
        return _several(text, found)
    lines = _TextLines(text)
    wanted = old.replace("\r\n", "\n").strip("\n").split("\n")
    for normal in (_blank_ends, str.strip):
        if not any(line.strip() for line in wanted):
            break
        places = list(_occurrences(lines.lines, wanted, normal))
        if len(places) > 1:
            return _several(text, [lines.start(at) for at in places])
        if not places:
            continue
        at = places[0]
        replacement = new.replace("\r\n", "\n").strip("\n")
        if normal is str.strip:
            shifted = _reindented(lines.lines[at : at + len(wanted)], wanted, replacement)
            if shifted is None:
                return f"line {at + 1} has the text with uneven indentation"
            replacement = shifted
        start, end = lines.start(at), lines.ends[at + len(wanted) - 1]
        if not replacement and not new.strip("\n"):
            end = lines.start(at + len(wanted))
        return TextEdit(Span(start, end), _with_breaks(replacement, newline))
    if new.strip() and _all(text.data, _with_breaks(new, newline).encode("utf-8", "replace")):
        return "it is not there, but the new text is: it has been replaced already"
    return _similar(lines, wanted)


def _with_breaks(text: str, newline: str) -> str:
    text = text.replace("\r\n", "\n")
    return text if newline == "\n" else text.replace("\n", newline)


def _all(data: bytes, wanted: bytes) -> list[int]:
    """Offsets of `wanted` without overlap."""
    found: list[int] = []
    at = data.find(wanted) if wanted else -1
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + len(wanted))
    return found


def _several(text: SourceText, offsets: Iterable[int]) -> str:
    lines = [text.line_of(offset) + 1 for offset in offsets]
    shown = ", ".join(map(str, lines[:6])) + (", …" if len(lines) > 6 else "")
    return f"it stands there {len(lines)} times (lines {shown}): give more of the text around it"


def _reindented(have: Sequence[str], wanted: Sequence[str], new: str) -> str | None:
    """`new` moved from the indentation of `wanted` to that of `have`; None when it is uneven."""
    moves = {(_indent(w), _indent(h)) for h, w in zip(have, wanted, strict=True) if h.strip()}
    given, there = min(moves, key=lambda move: len(move[0]))
    if any(h != there + w.removeprefix(given) or not w.startswith(given) for w, h in moves):
        return None
    out: list[str] = []
    for line in new.split("\n"):
        if line.strip() and not line.startswith(given):
            return None
        out.append(there + line.removeprefix(given) if line.strip() else line)
    return "\n".join(out)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _similar(lines: _TextLines, wanted: Sequence[str]) -> str:
    """What stands where the text was probably meant."""
    if not len(lines):
        return "the file is empty"
    at = _nearest(lines.lines, wanted, None)
    same = sum(
        1
        for have, line in zip(lines.lines[at:], wanted, strict=False)
        if line.strip() and have.strip() == line.strip()
    )
    if not same:
        first = next((line for line in wanted if line.strip()), "")
        scored = [
            (SequenceMatcher(None, have.strip(), first.strip(), autojunk=False).quick_ratio(), i)
            for i, have in enumerate(lines.lines[:5000])
        ]
        best, index = max(scored, key=lambda pair: (pair[0], -pair[1]))
        near = (
            f"; the nearest line is {index + 1}: {_shown(lines.lines[index])}" if best > 0.6 else ""
        )
        return f"it is not there{near}"
    for offset, line in enumerate(wanted):
        index = at + offset
        have = lines.lines[index] if index < len(lines) else ""
        if have.strip() != line.strip():
            return (
                f"line {index + 1} is {_shown(have)} where the text to replace has {_shown(line)}"
            )
    return "it is not there"
