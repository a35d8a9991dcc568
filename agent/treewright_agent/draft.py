"""Draft: what a task has changed so far, as a value over the Snapshot it started from.

**Invariant.** A Draft never changes; each step makes a new one. A fork is the same value handed
to two routines, so a child's edits cannot reach its parent before they are joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.changes import Create, FileChange, SourceChange, TextEdit
from treewright_agent.linediff import line_edits
from treewright_indexer.errors import TreewrightError
from treewright_indexer.languages import language_for_path
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.text import SourceText


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done: the call, and the change it was planned to on the state before."""

    call: Call
    change: SourceChange = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """`change` leads from `base` to `snapshot`; `log` is how it came about."""

    base: Snapshot = field(repr=False)
    change: SourceChange = field(default_factory=SourceChange)
    log: tuple[Entry, ...] = ()
    snapshot: Snapshot = field(repr=False, default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.snapshot is None:  # pyright: ignore[reportUnnecessaryComparison]
            object.__setattr__(self, "snapshot", after(self.base, self.change))

    @property
    def is_empty(self) -> bool:
        return self.change.is_empty

    def done(self, call: Call, change: SourceChange) -> Draft:
        """The draft after `change`, which was planned on `self.snapshot`.

        Raises StaleSnapshotError, ConflictError.
        """
        if change.is_empty:
            return self
        whole = self.change.then(change, self.base.text)
        return Draft(
            self.base, whole, (*self.log, Entry(call, change)), after(self.snapshot, change)
        )

    def with_text(self, path: str, text: SourceText, call: Call) -> Draft:
        """The draft with the whole text of `path` replaced, as the smallest edits of lines."""
        return self.done(call, text_change(self.snapshot, path, text))

    def diff(self, root: str) -> str:
        return self.change.diff(self.base.text, root)

    def touched(self) -> list[str]:
        """Paths of the files that the draft writes, as they are called now."""
        gone = {delete.path for delete in self.change.deletes}
        gone |= {rename.old for rename in self.change.renames}
        return sorted(self.change.paths() - gone)


def text_change(snapshot: Snapshot, path: str, text: SourceText) -> SourceChange:
    """From the file's text in `snapshot` (or from no file) to `text`."""
    if not snapshot.exists(path):
        created = Create(path, text.string, (), text.encoding, text.bom)
        return SourceChange(creates=(created,), revision=snapshot.revision)
    before = snapshot.text(path)
    edits = tuple(TextEdit(run.span, run.text) for run in line_edits(before, text))
    if not edits:
        return SourceChange(revision=snapshot.revision)
    return SourceChange((FileChange(path, before.hash, edits),), revision=snapshot.revision)


def after(snapshot: Snapshot, change: SourceChange) -> Snapshot:
    """The workspace as `change` leaves it. Raises StaleSnapshotError."""
    if change.is_empty:
        return snapshot
    overlays: dict[str, Overlay] = dict(snapshot.overlays)
    removed = set(snapshot.removed)
    moved = {rename.new: rename.old for rename in change.renames}
    for path, text in change.apply(snapshot.text).items():
        if text is None:
            overlays.pop(path, None)
            removed.add(path)
            continue
        language = snapshot.language(moved.get(path, path)) or language_for_path(path)
        overlays[path] = Overlay(path, language, text, _version(snapshot, path))
        removed.discard(path)
    return Snapshot(snapshot.revision, snapshot.folders, overlays, frozenset(removed))


def _version(snapshot: Snapshot, path: str) -> int:
    version = snapshot.version(path)
    return 0 if version is None else version


def texts_after(draft: Draft) -> Mapping[str, SourceText | None]:
    """path -> text after, None for a file that is gone, of everything the draft changes."""
    return draft.change.apply(draft.base.text)


def entry_to_json(entry: Entry) -> dict[str, Any]:
    return {"operation": entry.call.operation, "arguments": dict(entry.call.arguments)}


def hashes(snapshot: Snapshot, paths: list[str]) -> dict[str, str | None]:
    """path as people see it -> content hash; None for a file that does not exist."""
    found: dict[str, str | None] = {}
    for path in paths:
        try:
            found[snapshot.display_path(path)] = snapshot.hash(path)
        except TreewrightError:
            found[snapshot.display_path(path)] = None
    return found
