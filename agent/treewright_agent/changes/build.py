"""Builders: collect edits of one text, or of a workspace, into a SourceChange.

What an operation writes with `\\n` gets the line break of its file. Edits stay as small as
the nodes they change: a rewritten region is cut down to the lines and bytes that differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from treewright_agent.changes.algebra import ConflictError, Side, TextEdit, ordered
from treewright_agent.changes.model import (
    Create,
    Delete,
    FileChange,
    Note,
    Rename,
    SourceChange,
    require_consistent,
)
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span


class FileEditor:
    """Collects the edits of one text. Each method returns the editor."""

    def __init__(self, text: SourceText, path: str = "") -> None:
        self.text = text
        self.path = path
        self._edits: dict[Span, TextEdit] = {}
        self._kept: set[Span] = set()
        """Deletions that insertions came to stand in."""

    def replace(
        self, span: Span, new_text: str, *, groups: tuple[str, ...] = (), doubt: str = ""
    ) -> FileEditor:
        """Raises ConflictError when the span was given another text already."""
        span = Span(*span)
        edit = TextEdit(span, self.breaks(new_text), groups, doubt)
        known = self._edits.get(span)
        if known is not None and known.new_text != edit.new_text:
            if span[0] != span[1]:
                raise ConflictError(
                    f"two texts for bytes {span[0]}:{span[1]} of {self.path}",
                    Side(self.path, span, known.new_text, known.groups),
                    Side(self.path, span, edit.new_text, edit.groups),
                )
            edit = edit._replace(
                new_text=known.new_text + edit.new_text,
                groups=tuple(sorted({*known.groups, *groups})),
                doubt=known.doubt or doubt,
            )
        self._edits[span] = edit
        return self

    def insert(
        self, offset: int, new_text: str, *, groups: tuple[str, ...] = (), doubt: str = ""
    ) -> FileEditor:
        """Text inserted at one place twice stands in the order of the calls."""
        return self.replace(Span(offset, offset), new_text, groups=groups, doubt=doubt)

    def delete(self, span: Span, *, groups: tuple[str, ...] = (), doubt: str = "") -> FileEditor:
        """A deletion that overlaps another one is one with it."""
        start, end = span
        for other, edit in list(self._edits.items()):
            if not edit.new_text and start < other.end and other.start < end:
                del self._edits[other]
                start, end = min(start, other.start), max(end, other.end)
                groups = tuple(sorted({*groups, *edit.groups}))
                doubt = doubt or edit.doubt
        return self.replace(Span(start, end), "", groups=groups, doubt=doubt)

    def rewrite(
        self, span: Span, new_text: str, *, groups: tuple[str, ...] = (), doubt: str = ""
    ) -> FileEditor:
        """As `replace`, but only where the old and the new text differ."""
        from treewright_agent.linediff import line_edits

        start, end = span
        old = SourceText(self.text.data[start:end])
        new = SourceText.of(self.breaks(new_text))
        for run in line_edits(old, new):
            inner, text = trimmed(old.data, run.span, run.text)
            moved = Span(inner.start + start, inner.end + start)
            self.replace(moved, text, groups=groups, doubt=doubt)
        return self

    def breaks(self, new_text: str) -> str:
        """`new_text` with the line break of the file."""
        newline = self.text.newline
        if newline == "\n" or "\n" not in new_text:
            return new_text
        return new_text.replace("\r\n", "\n").replace("\n", newline)

    def edits(self) -> tuple[TextEdit, ...]:
        """In order, without those that change nothing.

        What is inserted inside a deletion stands in its place.
        """
        data = self.text.data
        self._settle()
        return ordered(
            edit
            for edit in self._edits.values()
            if data[edit.span[0] : edit.span[1]] != edit.new_text.encode("utf-8", "replace")
        )

    def _settle(self) -> None:
        inserted = [e for span, e in self._edits.items() if span.start == span.end]
        for edit in sorted(inserted, key=lambda each: each.span):
            at = edit.span.start
            for span, other in self._edits.items():
                if span.start < at < span.end and (not other.new_text or other.span in self._kept):
                    del self._edits[edit.span]
                    groups = tuple(sorted({*edit.groups, *other.groups}))
                    text = other.new_text + edit.new_text
                    self._edits[span] = TextEdit(span, text, groups, edit.doubt or other.doubt)
                    self._kept.add(span)
                    break


def trimmed(data: bytes, span: Span, new_text: str) -> tuple[Span, str]:
    """The same edit without what both texts begin and end with, cut at words."""
    old = data[span[0] : span[1]]
    new = new_text.encode("utf-8", "replace")
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    while head and (_in_word(old, head) or _in_word(new, head)):
        head -= 1
    while tail and (_in_word(old, len(old) - tail) or _in_word(new, len(new) - tail)):
        tail -= 1
    inner = Span(span[0] + head, span[1] - tail)
    return inner, new[head : len(new) - tail].decode("utf-8", "replace")


def _in_word(data: bytes, offset: int) -> bool:
    """True when a border at `offset` would cut a word, a character or a CRLF."""
    if not 0 < offset < len(data):
        return False
    if data[offset - 1 : offset + 1] == b"\r\n":
        return True
    return _is_word(data[offset - 1]) and _is_word(data[offset])


def _is_word(byte: int) -> bool:
    return byte >= 0x80 or byte == 0x5F or chr(byte).isalnum()


class ChangeBuilder:
    """Collects what an operation does to a workspace; `build` gives the SourceChange.

    build = ChangeBuilder(snapshot)
    build.file(path).replace(span, "new")
    return build.build()
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._files: dict[str, FileEditor] = {}
        self._creates: list[Create] = []
        self._renames: list[Rename] = []
        self._deletes: list[Delete] = []
        self._notes: list[Note] = []

    def file(self, path: str) -> FileEditor:
        """The editor of one file, by its path before the change. Raises UnknownFileError."""
        if path not in self._files:
            self._files[path] = FileEditor(self.snapshot.text(path), path)
        return self._files[path]

    def create(self, path: str, text: str, *, groups: tuple[str, ...] = ()) -> None:
        self._creates.append(Create(path, text, groups))

    def rename(self, old: str, new: str, *, groups: tuple[str, ...] = ()) -> None:
        self._renames.append(Rename(old, new, groups))

    def delete(self, path: str, *, groups: tuple[str, ...] = ()) -> None:
        self._deletes.append(Delete(path, self.snapshot.hash(path), groups))

    def note(self, path: str, span: Span, text: str) -> None:
        """A place the user should look at, which the change leaves alone."""
        self._notes.append(Note(path, Span(*span), text))

    def notes(self, notes: Iterable[Note]) -> None:
        self._notes += notes

    def build(self) -> SourceChange:
        """Raises ConflictError when the collected edits overlap."""
        from treewright_agent.changes.algebra import require_disjoint

        files: list[FileChange] = []
        for path in sorted(self._files):
            editor = self._files[path]
            edits = editor.edits()
            require_disjoint(path, edits)
            if edits:
                files.append(FileChange(path, editor.text.hash, edits))
        change = SourceChange(
            tuple(files),
            tuple(self._creates),
            tuple(self._renames),
            tuple(self._deletes),
            self.snapshot.revision,
            tuple(sorted(set(self._notes))),
        )
        require_consistent(change)
        return change
