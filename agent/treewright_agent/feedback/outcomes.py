"""What can become of a proposal, and the diff from the text before to what the user kept.

Who watches the editor decides which outcome it was; the final text comes from the user's
buffer, never from the proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TYPE_CHECKING

from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal


class Outcome(StrEnum):
    """`SHOWN` opens every proposal's record; the latest outcome is the one that counts."""

    SHOWN = "shown"
    ACCEPTED = "accepted"
    ACCEPTED_IN_PART = "accepted_in_part"
    EDITED = "edited"
    """Accepted, then changed by the user inside what was changed."""
    REJECTED = "rejected"
    REVERTED = "reverted"
    EXPIRED = "expired"
    """Nothing became of it: the user went on, or the text it was made for is gone."""


KEPT = frozenset({Outcome.ACCEPTED, Outcome.ACCEPTED_IN_PART, Outcome.EDITED})


def kept_diff(proposal: Proposal, hunks: Iterable[tuple[str, int]]) -> str:
    """The diff of those edits alone: (path, index into the file's edits)."""
    kept = set(hunks)
    files = tuple(
        FileChange(
            file.path,
            file.base_hash,
            tuple(e for index, e in enumerate(file.edits) if (file.path, index) in kept),
        )
        for file in proposal.change.files
    )
    return _diff(proposal, tuple(file for file in files if file.edits))


def final_diff(proposal: Proposal, final_text: Mapping[str, str]) -> str:
    """The diff from the text before to `final_text` (path -> whole text of the file).

    What the user changed in the same file away from the proposal's edits is no part of it.
    """
    files: list[FileChange] = []
    for file in proposal.change.files:
        before = proposal.before.get(file.path)
        if before is None or file.path not in final_text:
            continue
        now = SourceText.of(final_text[file.path])
        touched = [_lines_of(before, edit.span) for edit in file.edits]
        edits = tuple(
            TextEdit(span, text)
            for span, lines, text in _line_edits(before, now)
            if any(lines[0] <= last and first <= lines[1] for first, last in touched)
        )
        if edits:
            files.append(FileChange(file.path, before.hash, edits))
    return _diff(proposal, tuple(files))


def _diff(proposal: Proposal, files: tuple[FileChange, ...]) -> str:
    change = SourceChange(files=files, revision=proposal.change.revision)
    return change.diff(proposal.before.__getitem__, proposal.root)


def _lines_of(text: SourceText, span: Span) -> tuple[int, int]:
    """First line of `span` and the line behind its last one."""
    return text.line_of(span[0]), text.line_of(span[1]) + 1


def _line_edits(before: SourceText, now: SourceText) -> list[tuple[Span, tuple[int, int], str]]:
    """(bytes of `before`, its lines, their new text) of each run of lines that differs."""
    old, new = _lines(before), _lines(now)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    matcher = SequenceMatcher(
        None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False
    )
    edits: list[tuple[Span, tuple[int, int], str]] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        first, last = start + i1, start + i2
        span = Span(_line_start(before, first), _line_start(before, last))
        text = b"".join(new[start + j1 : start + j2]).decode("utf-8", "replace")
        edits.append((span, (first, last), text))
    return edits


def _lines(text: SourceText) -> list[bytes]:
    """The lines with their breaks; the empty one behind a final break is none."""
    starts = [*text.line_starts, len(text.data)]
    lines = [text.data[a:b] for a, b in zip(starts, starts[1:], strict=False)]
    return lines[:-1] if lines and not lines[-1] else lines


def _line_start(text: SourceText, line: int) -> int:
    return text.line_starts[line] if line < text.n_lines else len(text.data)
