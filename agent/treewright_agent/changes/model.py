"""The SourceChange and its parts. Values: every method returns a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from treewright_agent.changes.algebra import (
    ConflictError,
    Side,
    TextEdit,
    apply_edits,
    follow_edits,
    invert_edits,
    merge_edits,
    ordered,
    require_disjoint,
)
from treewright_indexer.errors import (
    InvalidPositionError,
    StaleSnapshotError,
    UnknownFileError,
    UnreadableFileError,
)
from treewright_indexer.text import SourceText, Span

FILE = -1
"""The number of a HunkId that is about the file itself: its creation, renaming or deletion."""

TextOf = Callable[[str], SourceText]
"""path -> text. Raises UnknownFileError."""


class HunkId(NamedTuple):
    """One edit of a change: number `hunk` of the edits of the file's FileChange, or FILE."""

    path: str
    hunk: int


class FileChange(NamedTuple):
    """The edits of one file, in order and disjoint. `path` is the file's name before the
    change; `base_hash` the hash of the text they are for, None when any text will do."""

    path: str
    base_hash: str | None
    edits: tuple[TextEdit, ...]


class Create(NamedTuple):
    """A new file, with its folders. It must not exist."""

    path: str
    text: str
    groups: tuple[str, ...] = ()
    encoding: str = "utf-8"
    bom: bytes = b""


class Rename(NamedTuple):
    """A file moves, after its edits. `new` must not exist."""

    old: str
    new: str
    groups: tuple[str, ...] = ()


class Delete(NamedTuple):
    path: str
    base_hash: str | None = None
    groups: tuple[str, ...] = ()


class Note(NamedTuple):
    """A place that the change leaves alone and the user should look at, with the reason."""

    path: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class SourceChange:
    """See the package. Edits come first, in terms of the paths before; then files move and
    are deleted. `revision` is that of the Snapshot it was computed from."""

    files: tuple[FileChange, ...] = ()
    creates: tuple[Create, ...] = ()
    renames: tuple[Rename, ...] = ()
    deletes: tuple[Delete, ...] = ()
    revision: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when it changes nothing; there may still be notes."""
        edits = any(file.edits for file in self.files)
        return not (edits or self.creates or self.renames or self.deletes)

    def paths(self) -> set[str]:
        """Every file that it changes, creates, moves (both names) or deletes."""
        found = {file.path for file in self.files if file.edits}
        found |= {create.path for create in self.creates}
        found |= {path for rename in self.renames for path in (rename.old, rename.new)}
        return found | {delete.path for delete in self.deletes}

    # ---------------------------------------------------------------- apply, invert, show

    def apply(self, text_of: TextOf) -> dict[str, SourceText | None]:
        """path -> the text after, None for a file that is gone. Only what changes is in it.

        Raises StaleSnapshotError when a file is not what the change was computed from,
        InvalidPositionError for an edit outside its text.
        """
        texts: dict[str, SourceText | None] = {}
        for file in self.files:
            text = _base(text_of, file.path, file.base_hash)
            if file.edits:
                _require_inside(file, text)
                data = apply_edits(text.data, file.edits)
                texts[file.path] = SourceText(data, text.encoding, text.bom)
        moved: dict[str, SourceText | None] = {}
        for rename in self.renames:
            text = texts.get(rename.old) or _base(text_of, rename.old, None)
            moved[rename.new] = text
            texts[rename.old] = None
        for delete in self.deletes:
            _base(text_of, delete.path, delete.base_hash)
            texts[delete.path] = None
        for create in self.creates:
            data = create.text.encode("utf-8", "replace")
            moved[create.path] = SourceText(data, create.encoding, create.bom)
        for path in moved:
            if path not in texts and _exists(text_of, path):
                raise StaleSnapshotError(f"{path} exists already")
        return texts | moved

    def invert(self, text_of: TextOf) -> SourceChange:
        """The change that undoes this one, to the byte. `text_of` gives the texts before."""
        after = self.apply(text_of)
        now = {rename.old: rename.new for rename in self.renames}
        files: list[FileChange] = []
        for file in self.files:
            path = now.get(file.path, file.path)
            text = after.get(path)
            if file.edits and text is not None:
                edits = invert_edits(text_of(file.path).data, file.edits)
                files.append(FileChange(path, text.hash, edits))
        creates: list[Create] = []
        for delete in self.deletes:
            text = text_of(delete.path)
            creates.append(Create(delete.path, text.string, delete.groups, text.encoding, text.bom))
        deletes = [
            Delete(create.path, text.hash if (text := after[create.path]) else None, create.groups)
            for create in self.creates
        ]
        renames = [Rename(rename.new, rename.old, rename.groups) for rename in self.renames]
        return SourceChange(
            tuple(files), tuple(creates), tuple(renames), tuple(deletes), self.revision
        )

    def diff(self, text_of: TextOf, root: str) -> str:
        """A unified diff that `git apply` takes, with paths relative to `root`."""
        from treewright_agent.changes.diff import unified_diff

        return unified_diff(self, text_of, root)

    # ---------------------------------------------------------------- two changes

    def merge(self, other: SourceChange) -> SourceChange:
        """Both changes, which have a common base, as one; the same in either order.

        Raises ConflictError with both sides when they want different things of one place.
        """
        mine, theirs = _by_path(self.files), _by_path(other.files)
        files: list[FileChange] = []
        for path in sorted(mine.keys() | theirs.keys()):
            one, two = mine.get(path), theirs.get(path)
            if one is None or two is None:
                files.append(one or two)  # type: ignore[arg-type]
                continue
            base = _same_base(one, two)
            files.append(FileChange(path, base, merge_edits(path, one.edits, two.edits)))
        merged = SourceChange(
            tuple(files),
            _union(self.creates, other.creates),
            _union(self.renames, other.renames),
            _union(self.deletes, other.deletes),
            max(self.revision, other.revision),
            tuple(sorted({*self.notes, *other.notes})),
        )
        require_consistent(merged)
        return merged

    def after(self, other: SourceChange, text_of: TextOf) -> SourceChange:
        """This change, made for the same base as `other`, as one for what `other` leaves.

        Raises ConflictError as `merge`. `text_of` gives the texts of the base.
        """
        self.merge(other)
        there = _by_path(other.files)
        now = {rename.old: rename.new for rename in other.renames}
        texts = other.apply(text_of)
        files: list[FileChange] = []
        for file in self.files:
            path = now.get(file.path, file.path)
            edits = file.edits
            if file.path in there:
                edits = follow_edits(file.path, edits, there[file.path].edits)
            text = texts.get(path)
            base = file.base_hash if text is None else text.hash
            if edits:
                files.append(FileChange(path, base, edits))
        done = {*other.creates, *other.renames, *other.deletes}
        deletes: list[Delete] = []
        for delete in self.deletes:
            if delete not in done:
                deletes.append(delete._replace(path=now.get(delete.path, delete.path)))
        return replace(
            self,
            files=tuple(files),
            creates=tuple(create for create in self.creates if create not in done),
            renames=tuple(rename for rename in self.renames if rename not in done),
            deletes=tuple(deletes),
        )

    def then(self, second: SourceChange, text_of: TextOf) -> SourceChange:
        """One change on this one's base that does this and then `second`, which was made for
        its result. `text_of` gives the texts of the base."""
        from treewright_agent.changes.sequence import composed

        return composed(self, second, text_of)

    # ---------------------------------------------------------------- parts of one change

    def hunks(self) -> Iterator[tuple[HunkId, tuple[str, ...]]]:
        """(id, groups) of everything a user can accept or leave."""
        for file in self.files:
            for index, edit in enumerate(file.edits):
                yield HunkId(file.path, index), edit.groups
        for create in self.creates:
            yield HunkId(create.path, FILE), create.groups
        for rename in self.renames:
            yield HunkId(rename.old, FILE), rename.groups
        for delete in self.deletes:
            yield HunkId(delete.path, FILE), delete.groups

    def closure(self, chosen: Iterable[HunkId]) -> set[HunkId]:
        """The chosen hunks and those they need: every one that serves a group of theirs."""
        wanted = set(chosen)
        groups_of = dict(self.hunks())
        groups = {group for hunk in wanted for group in groups_of.get(hunk, ())}
        return {
            hunk
            for hunk, theirs in groups_of.items()
            if hunk in wanted or not groups.isdisjoint(theirs)
        }

    def select(self, chosen: Iterable[HunkId]) -> SourceChange:
        """Exactly the chosen hunks; see `closure` for what belongs together."""
        wanted = set(chosen)
        files: list[FileChange] = []
        for file in self.files:
            edits = tuple(
                edit for i, edit in enumerate(file.edits) if HunkId(file.path, i) in wanted
            )
            if edits:
                files.append(file._replace(edits=edits))
        return replace(
            self,
            files=tuple(files),
            creates=tuple(c for c in self.creates if HunkId(c.path, FILE) in wanted),
            renames=tuple(r for r in self.renames if HunkId(r.old, FILE) in wanted),
            deletes=tuple(d for d in self.deletes if HunkId(d.path, FILE) in wanted),
        )

    def split(self) -> list[SourceChange]:
        """The smallest parts that each leave nothing half done, in order of their first hunk.

        A hunk that serves two groups is in the parts of both.
        """
        parts: list[SourceChange] = []
        seen: set[frozenset[HunkId]] = set()
        for hunk, groups in self.hunks():
            for group in groups or (None,):
                members = (
                    frozenset(h for h, theirs in self.hunks() if group in theirs)
                    if group is not None
                    else frozenset((hunk,))
                )
                if members not in seen:
                    seen.add(members)
                    parts.append(self.select(members))
        return parts

    def labelled(self, group: str) -> SourceChange:
        """Every hunk without a group gets this one."""
        own = (group,)
        files = tuple(
            file._replace(
                edits=tuple(e if e.groups else e._replace(groups=own) for e in file.edits)
            )
            for file in self.files
        )
        return replace(
            self,
            files=files,
            creates=tuple(c if c.groups else c._replace(groups=own) for c in self.creates),
            renames=tuple(r if r.groups else r._replace(groups=own) for r in self.renames),
            deletes=tuple(d if d.groups else d._replace(groups=own) for d in self.deletes),
        )


def _base(text_of: TextOf, path: str, base_hash: str | None) -> SourceText:
    try:
        text = text_of(path)
    except UnknownFileError as error:
        raise StaleSnapshotError(f"{path} is gone") from error
    if base_hash is not None and text.hash != base_hash:
        raise StaleSnapshotError(f"{path} has changed since the edit was computed")
    return text


def _exists(text_of: TextOf, path: str) -> bool:
    try:
        text_of(path)
    except (UnknownFileError, KeyError):
        return False
    except UnreadableFileError:
        return True
    return True


def _require_inside(file: FileChange, text: SourceText) -> None:
    require_disjoint(file.path, file.edits)
    if not ordered(file.edits) == file.edits:
        raise InvalidPositionError(f"the edits of {file.path} are out of order")
    start, end = file.edits[0].span[0], max(edit.span[1] for edit in file.edits)
    if start < 0 or end > len(text.data) or any(e.span[0] > e.span[1] for e in file.edits):
        raise InvalidPositionError(
            f"an edit outside the {len(text.data)} bytes of {file.path}: {start}:{end}"
        )


def _by_path(files: Iterable[FileChange]) -> dict[str, FileChange]:
    return {file.path: file for file in files}


def _same_base(one: FileChange, two: FileChange) -> str | None:
    if one.base_hash is not None and two.base_hash not in (None, one.base_hash):
        raise StaleSnapshotError(f"two changes of {one.path} were computed from different texts")
    return one.base_hash or two.base_hash


_Member = TypeVar("_Member", Create, Rename, Delete)


def _union(mine: tuple[_Member, ...], theirs: tuple[_Member, ...]) -> tuple[_Member, ...]:
    """Equal members once, for the groups of both."""
    merged: dict[_Member, tuple[str, ...]] = {}
    for each in (*mine, *theirs):
        key = each._replace(groups=())
        merged[key] = tuple(sorted({*merged.get(key, ()), *each.groups}))
    return tuple(sorted((key._replace(groups=merged[key]) for key in merged), key=repr))


def require_consistent(change: SourceChange) -> None:
    """Raises ConflictError when two parts want different things of one file."""
    taken: dict[str, str] = {}
    for path, what in (
        *((create.path, "creates") for create in change.creates),
        *((rename.new, f"moves {rename.old} to") for rename in change.renames),
    ):
        if path in taken:
            raise ConflictError(f"one change {taken[path]} {path} and the other {what} it")
        taken[path] = what
    gone: dict[str, str] = {}
    for path, what in (
        *((rename.old, f"moves it to {rename.new}") for rename in change.renames),
        *((delete.path, "deletes it") for delete in change.deletes),
    ):
        if path in gone:
            raise ConflictError(f"{path}: one change {gone[path]} and the other {what}")
        gone[path] = what
    deleted = {delete.path for delete in change.deletes}
    for file in change.files:
        if file.edits and file.path in deleted:
            edit = file.edits[0]
            raise ConflictError(
                f"one change edits {file.path} and the other deletes it",
                Side(file.path, edit.span, edit.new_text, edit.groups),
            )
