"""Edits of one text as an algebra: apply, invert, merge, follow, compose.

Edits are in order and disjoint; an insertion stands before a replacement that starts at the
same byte. The rules are those of operational transformation with replacements only (Ellis and
Gibbs, "Concurrency control in groupware systems", 1989). Positions are bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

_END = 1 << 62


class TextEdit(NamedTuple):
    """The bytes of `span` become `new_text`.

    `groups` name the pieces of work that the edit serves: whoever accepts one edit of a group
    needs the others. `doubt` says why the user should confirm this edit, or is ''.
    """

    span: Span
    new_text: str
    groups: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def is_insertion(self) -> bool:
        return self.span[0] == self.span[1]


class Side(NamedTuple):
    """One side of a conflict: what it makes of a place, and for which pieces of work."""

    path: str
    span: Span
    new_text: str
    groups: tuple[str, ...] = ()


class ConflictError(RefusedError):
    """Two changes want different things of one place. Both sides are kept for the user;
    they are None where whole files are in conflict, as the message then says."""

    def __init__(self, message: str, ours: Side | None = None, theirs: Side | None = None) -> None:
        super().__init__(message)
        self.ours = ours
        self.theirs = theirs


def new_bytes(edit: TextEdit) -> bytes:
    return edit.new_text.encode("utf-8", "replace")


def ordered(edits: Iterable[TextEdit]) -> tuple[TextEdit, ...]:
    return tuple(sorted(edits, key=lambda edit: (edit.span[0], edit.span[1])))


def require_disjoint(path: str, edits: Sequence[TextEdit]) -> None:
    """Raises ConflictError when two of the ordered edits share a byte or an insertion point."""
    for one, other in pairwise(edits):
        same_point = one.is_insertion and one.span == other.span
        if other.span[0] < one.span[1] or same_point:
            raise _conflict(path, one, other)


def apply_edits(data: bytes, edits: Iterable[TextEdit]) -> bytes:
    parts: list[bytes] = []
    at = 0
    for edit in edits:
        parts += (data[at : edit.span[0]], new_bytes(edit))
        at = edit.span[1]
    parts.append(data[at:])
    return b"".join(parts)


def invert_edits(data: bytes, edits: Iterable[TextEdit]) -> tuple[TextEdit, ...]:
    """What takes the text after `edits` back to `data`."""
    inverted: list[TextEdit] = []
    shift = 0
    for edit in edits:
        start, end = edit.span
        length = len(new_bytes(edit))
        span = Span(start + shift, start + shift + length)
        old = data[start:end].decode("utf-8", "replace")
        inverted.append(edit._replace(span=span, new_text=old, doubt=""))
        shift += length - (end - start)
    return tuple(inverted)


# -------------------------------------------------------------------- merge


def merge_edits(
    path: str, ours: Sequence[TextEdit], theirs: Sequence[TextEdit]
) -> tuple[TextEdit, ...]:
    """Both lists on one base, in whichever order they come. Equal edits count once, for the
    groups of both.

    Raises ConflictError when two edits overlap or insert different text at one place, and
    when one inserts at the border of what the other deletes: what it belonged to is gone.
    """
    mine = {(edit.span, edit.new_text): edit for edit in ours}
    merged = dict(mine)
    shared: set[tuple[Span, str]] = set()
    for edit in theirs:
        key = (edit.span, edit.new_text)
        same = mine.get(key)
        if same is None:
            merged[key] = edit
            continue
        shared.add(key)
        groups = tuple(sorted({*same.groups, *edit.groups}))
        merged[key] = same._replace(groups=groups, doubt=same.doubt or edit.doubt)
    result = ordered(merged.values())
    require_disjoint(path, result)
    for one, other in pairwise(result):
        if one.span[1] != other.span[0]:
            continue
        keys = ((one.span, one.new_text), (other.span, other.new_text))
        if any(key in shared for key in keys) or (keys[0] in mine) == (keys[1] in mine):
            continue
        if (one.is_insertion and _deletes(other)) or (other.is_insertion and _deletes(one)):
            raise _conflict(path, one, other)
    return result


def _deletes(edit: TextEdit) -> bool:
    return not edit.is_insertion and not edit.new_text.strip()


def _conflict(path: str, one: TextEdit, other: TextEdit) -> ConflictError:
    return ConflictError(
        f"two changes meet at bytes {one.span[0]}:{one.span[1]} and"
        f" {other.span[0]}:{other.span[1]} of {path}",
        Side(path, one.span, one.new_text, one.groups),
        Side(path, other.span, other.new_text, other.groups),
    )


# -------------------------------------------------------------------- one after the other


def moved_span(span: Span, edits: Iterable[TextEdit]) -> Span | None:
    """Where `span` stands after `edits`; None when one of them changed what is in it.

    An insertion point stands behind what is inserted at the same place.
    """
    start, end = span
    shift = 0
    for edit in edits:
        first, last = edit.span
        if last <= start:
            shift += len(new_bytes(edit)) - (last - first)
        elif first >= end:
            break
        else:
            return None
    return Span(start + shift, end + shift)


def follow_edits(
    path: str, edits: Sequence[TextEdit], before: Sequence[TextEdit]
) -> tuple[TextEdit, ...]:
    """`edits`, made for the base, as edits of the base after `before`.

    Edits that `before` made as well are left out. Raises ConflictError as `merge_edits`.
    """
    merge_edits(path, before, edits)
    done = {(edit.span, edit.new_text) for edit in before}
    moved: list[TextEdit] = []
    for edit in edits:
        if (edit.span, edit.new_text) not in done:
            span = moved_span(edit.span, before)
            if span is None:
                raise ConflictError(f"{path} has changed at bytes {edit.span[0]}:{edit.span[1]}")
            moved.append(edit._replace(span=span))
    return tuple(moved)


class _Piece(NamedTuple):
    """A part of a text made from a base: its bytes `start:end`, or new bytes by an edit."""

    start: int
    end: int
    new: bytes | None
    edit: TextEdit | None

    @property
    def length(self) -> int:
        return self.end - self.start if self.new is None else len(self.new)

    def cut(self, first: int, last: int) -> _Piece:
        if self.new is None:
            return _Piece(self.start + first, self.start + last, None, None)
        return self._replace(new=self.new[first:last])


def compose_edits(
    first: Sequence[TextEdit], second: Sequence[TextEdit]
) -> tuple[tuple[TextEdit, ...], list[set[str]]]:
    """One list on the base that does `first`, then `second`, which was made for its result.

    Edits that touch become one. The second value lists the groups that have thereby become
    inseparable.
    """
    pieces = _pieces_after(first)
    result: list[_Piece] = []
    index, offset = 0, 0  # the next byte is byte `offset` of pieces[index]
    at = 0  # ... and byte `at` of the text in between

    def take(until: int, keep: bool) -> None:
        nonlocal index, offset, at
        while at < until:
            piece = pieces[index]
            last = min(piece.length, offset + until - at)
            if keep or piece.edit is not None:  # what is dropped leaves its edit's groups
                part = piece.cut(offset, last)
                result.append(part if keep else part._replace(new=b""))
            at += last - offset
            offset = last
            if offset == piece.length:
                index, offset = index + 1, 0

    for edit in second:
        take(edit.span[0], keep=True)
        result.append(_Piece(0, 0, new_bytes(edit), edit))
        take(edit.span[1], keep=False)
    if index < len(pieces) and offset:
        result.append(pieces[index].cut(offset, pieces[index].length))
        index += 1
    result += pieces[index:]
    return _edits_of(result)


def _pieces_after(edits: Sequence[TextEdit]) -> list[_Piece]:
    pieces: list[_Piece] = []
    at = 0
    for edit in edits:
        if edit.span[0] > at:
            pieces.append(_Piece(at, edit.span[0], None, None))
        pieces.append(_Piece(0, 0, new_bytes(edit), edit))
        at = edit.span[1]
    pieces.append(_Piece(at, _END, None, None))
    return pieces


def _edits_of(pieces: list[_Piece]) -> tuple[tuple[TextEdit, ...], list[set[str]]]:
    """The edits between the kept pieces, and the groups that share one."""
    edits: list[TextEdit] = []
    joined: list[set[str]] = []
    at = 0
    new: list[_Piece] = []
    for piece in pieces:
        if piece.new is not None:
            new.append(piece)
            continue
        if new or piece.start > at:
            made = [each.edit for each in new if each.edit is not None]
            groups = {group for edit in made for group in edit.groups}
            doubt = next((edit.doubt for edit in made if edit.doubt), "")
            text = b"".join(each.new or b"" for each in new).decode("utf-8", "replace")
            span = Span(at, piece.start)
            if text or span.end > span.start:
                edits.append(TextEdit(span, text, tuple(sorted(groups)), doubt))
            if len({edit.groups for edit in made}) > 1:
                joined.append(groups)
            new = []
        at = piece.end
    return tuple(edits), joined
