"""What can become of a proposal, and the diff from the text before to what the user kept.

Who watches the editor decides which outcome it was; the final text comes from the user's
buffer, never from the proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_agent.linediff import line_edits
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal


class Outcome(StrEnum):
    """`SHOWN` opens every proposal's record; the latest outcome is the one that counts."""

    SHOWN = "shown"
    PREVIEWED = "previewed"
    """The user looked at the change before deciding."""
    ACCEPTED = "accepted"
    ACCEPTED_IN_PART = "accepted_in_part"
    EDITED = "edited"
    """Accepted, then changed by the user inside what was changed."""
    REJECTED = "rejected"
    REVERTED = "reverted"
    EXPIRED = "expired"
    """Nothing became of it: the user went on, or the text it was made for is gone."""


KEPT = frozenset({Outcome.ACCEPTED, Outcome.ACCEPTED_IN_PART, Outcome.EDITED})
UNDECIDED = frozenset({Outcome.SHOWN, Outcome.PREVIEWED, Outcome.EXPIRED})
"""The user has not said anything yet, or never did."""


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
            TextEdit(run.span, run.text)
            for run in line_edits(before, now)
            if any(run.first <= last and first <= run.last for first, last in touched)
        )
        if edits:
            files.append(FileChange(file.path, before.hash, edits))
    return _diff(proposal, tuple(files))


def kept_texts(
    proposal: Proposal, hunks: Sequence[tuple[str, int]] | None
) -> Iterator[tuple[str, str, str]]:
    """(path, text before, text with the kept hunks) of each file that exists afterwards.

    `hunks` None or empty means the whole change.
    """
    change = proposal.change
    if hunks:
        kept = set(hunks)
        change = SourceChange(
            files=tuple(
                FileChange(f.path, f.base_hash, edits)
                for f in change.files
                if (edits := tuple(e for n, e in enumerate(f.edits) if (f.path, n) in kept))
            ),
            revision=change.revision,
        )
    before = {path: text.string for path, text in proposal.before.items()}
    renamed = {rename.new: rename.old for rename in change.renames}
    for path, text in change.apply(proposal.before.__getitem__).items():
        if text is not None:
            yield path, before.get(renamed.get(path, path), ""), text.string


def _diff(proposal: Proposal, files: tuple[FileChange, ...]) -> str:
    change = SourceChange(files=files, revision=proposal.change.revision)
    return change.diff(proposal.before.__getitem__, proposal.root)


def _lines_of(text: SourceText, span: Span) -> tuple[int, int]:
    """First line of `span` and the line behind its last one."""
    return text.line_of(span[0]), text.line_of(span[1]) + 1
