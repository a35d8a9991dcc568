"""One change after another, as one change on the first one's base."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from treewright_agent.changes.algebra import TextEdit, apply_edits, compose_edits
from treewright_indexer.errors import StaleSnapshotError
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from treewright_agent.changes.model import (
        Create,
        Delete,
        FileChange,
        Rename,
        SourceChange,
        TextOf,
    )


def composed(first: SourceChange, second: SourceChange, text_of: TextOf) -> SourceChange:
    """See SourceChange.then. Raises StaleSnapshotError when `second` was not made for what
    `first` leaves."""
    from treewright_agent.changes.model import FileChange, Rename

    middle = first.apply(text_of)
    _require_base(second, middle)
    old_name = {rename.new: rename.old for rename in first.renames}
    created = {create.path: create for create in first.creates}
    files = {file.path: file for file in first.files}
    joined: list[set[str]] = []
    for file in second.files:
        if not file.edits:
            continue
        if file.path in created:
            made = created[file.path]
            data = apply_edits(made.text.encode("utf-8", "replace"), file.edits)
            groups = {*made.groups, *(g for edit in file.edits for g in edit.groups)}
            created[file.path] = made._replace(
                text=data.decode("utf-8", "replace"), groups=tuple(sorted(groups))
            )
            joined.append(groups)
            continue
        path = old_name.get(file.path, file.path)
        known = files.get(path)
        if known is None:
            files[path] = file._replace(path=path)
            continue
        edits, inseparable = compose_edits(known.edits, file.edits)
        joined += inseparable
        files[path] = FileChange(path, known.base_hash, _changing(edits, text_of(path)))
    renames = {rename.old: rename for rename in first.renames}
    for rename in second.renames:
        if rename.old in created:
            made = created.pop(rename.old)
            created[rename.new] = made._replace(path=rename.new)
            joined.append({*made.groups, *rename.groups})
            continue
        old = old_name.get(rename.old, rename.old)
        earlier = renames.pop(old, None)
        groups = {*rename.groups, *(earlier.groups if earlier else ())}
        joined.append(groups)
        if old != rename.new:
            renames[old] = Rename(old, rename.new, tuple(sorted(groups)))
    deletes = {delete.path: delete for delete in first.deletes}
    for delete in second.deletes:
        if created.pop(delete.path, None) is not None:
            continue
        path = old_name.get(delete.path, delete.path)
        renames.pop(path, None)
        files.pop(path, None)
        deletes[path] = delete._replace(path=path, base_hash=text_of(path).hash)
    for create in second.creates:
        deleted = deletes.pop(create.path, None)
        if deleted is None:
            created[create.path] = create
            continue
        text = text_of(create.path)
        groups = {*deleted.groups, *create.groups}
        joined.append(groups)
        edit = TextEdit(Span(0, len(text.data)), create.text, tuple(sorted(groups)))
        files[create.path] = FileChange(create.path, text.hash, _changing((edit,), text))
    result = replace(
        first,
        files=tuple(files[path] for path in sorted(files) if files[path].edits),
        creates=tuple(created[path] for path in sorted(created)),
        renames=tuple(renames[path] for path in sorted(renames)),
        deletes=tuple(deletes[path] for path in sorted(deletes)),
        notes=(*first.notes, *second.notes),
    )
    return _with_groups_joined(result, joined)


def _require_base(second: SourceChange, middle: dict[str, SourceText | None]) -> None:
    for file in second.files:
        text = middle.get(file.path)
        if file.path in middle and (text is None or file.base_hash not in (None, text.hash)):
            raise StaleSnapshotError(f"{file.path} is not what the second change was made for")


def _changing(edits: Iterable[TextEdit], text: SourceText) -> tuple[TextEdit, ...]:
    """Without the edits that put back what is there."""
    return tuple(
        edit
        for edit in edits
        if text.data[edit.span[0] : edit.span[1]] != edit.new_text.encode("utf-8", "replace")
    )


def _with_groups_joined(change: SourceChange, joined: list[set[str]]) -> SourceChange:
    """Groups that meet in one edit become one: neither can be taken without the other."""
    leader: dict[str, str] = {}

    def find(group: str) -> str:
        while leader.get(group, group) != group:
            group = leader[group]
        return group

    for groups in joined:
        roots = sorted({find(group) for group in groups})
        for root in roots[1:]:
            leader[root] = roots[0]
    if not leader:
        return change

    def renamed(groups: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({find(group) for group in groups}))

    files: list[FileChange] = []
    for file in change.files:
        edits = tuple(edit._replace(groups=renamed(edit.groups)) for edit in file.edits)
        files.append(file._replace(edits=edits))
    creates: list[Create] = [c._replace(groups=renamed(c.groups)) for c in change.creates]
    renames: list[Rename] = [r._replace(groups=renamed(r.groups)) for r in change.renames]
    deletes: list[Delete] = [d._replace(groups=renamed(d.groups)) for d in change.deletes]
    return replace(
        change,
        files=tuple(files),
        creates=tuple(creates),
        renames=tuple(renames),
        deletes=tuple(deletes),
    )
