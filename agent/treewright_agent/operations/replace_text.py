"""Replace text: change one file as text, in exactly one of six ways.

`content` is the whole text (a file that does not exist is created with its folders); `patch`
a unified diff of this file; `old` and `new` a piece of text that stands there once, and what it
becomes; `blocks` several such pairs; `new` with `lines` replaces those lines, with `after_line`
is inserted behind that line (-1: at the top), with `start` and `end` replaces those bytes.
Lines are counted from 0 and the last one is included. The rest of the file keeps every byte,
its line breaks and its encoding. What does not fit is refused with the reason for each hunk
or block, and nothing is changed.

        //- a.py
        def area(w, h):
            return w + h
    -> {"path": "a.py", "old": "w + h", "new": "w * h"}
        //- a.py
        def area(w, h):
            return w * h
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.changes.patch import (
    Failure,
    FilePatch,
    PatchError,
    block_edit,
    parse_patch,
    patch_edits,
)
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, InvalidPositionError, RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    old: Annotated[str, msgspec.Meta(description="Text that stands in the file exactly once.")]
    new: Annotated[str, msgspec.Meta(description="What it becomes; empty deletes it.")]


class ReplaceText(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The file.")]
    content: Annotated[
        str | None, msgspec.Meta(description="The whole new text; creates the file if need be.")
    ] = None
    patch: Annotated[
        str | None,
        msgspec.Meta(description="A unified diff of this file; its line numbers are only hints."),
    ] = None
    old: Annotated[
        str | None,
        msgspec.Meta(description="Text that stands in the file exactly once, to become `new`."),
    ] = None
    new: Annotated[
        str | None,
        msgspec.Meta(description="The new text for `old`, `lines`, `after_line` or bytes."),
    ] = None
    blocks: Annotated[
        tuple[Block, ...] | None,
        msgspec.Meta(description="Several replacements at once, all or none."),
    ] = None
    lines: Annotated[
        tuple[int, int] | None,
        msgspec.Meta(
            description="First and last line to replace with `new`, from 0, both included."
        ),
    ] = None
    after_line: Annotated[
        int | None,
        msgspec.Meta(
            description="Insert `new` behind this line, from 0; -1 is the top of the file."
        ),
    ] = None
    start: Annotated[
        int | None, msgspec.Meta(description="First byte (UTF-8) to replace with `new`.")
    ] = None
    end: Annotated[int | None, msgspec.Meta(description="The byte behind the last one.")] = None


def _plan(snapshot: Snapshot, arguments: ReplaceText, token: CancelToken) -> SourceChange:
    mode = _mode(arguments)
    path = snapshot.require_inside(arguments.path)
    build = ChangeBuilder(snapshot)
    if mode == "content":
        assert arguments.content is not None
        if not snapshot.exists(path):
            build.create(path, arguments.content)
            return build.build()
        text = snapshot.text(path)
        build.file(path).rewrite(Span(0, len(text.data)), arguments.content)
        return build.build()
    if mode == "patch":
        assert arguments.patch is not None
        return _patched(snapshot, path, arguments.patch)
    text = snapshot.text(path)
    if mode in ("old", "blocks"):
        blocks = arguments.blocks or (Block(arguments.old or "", arguments.new or ""),)
        _replace_blocks(build, path, text, blocks)
    else:
        new = arguments.new or ""
        if mode == "lines":
            assert arguments.lines is not None
            span, new = _lines(snapshot, path, text, arguments.lines, new)
        elif mode == "after_line":
            assert arguments.after_line is not None
            span, new = _behind(snapshot, path, text, arguments.after_line, new)
        else:
            span = _bytes(text, arguments.start or 0, arguments.end)
        build.file(path).replace(span, new)
    return build.build()


def _mode(arguments: ReplaceText) -> str:
    """The one way that was chosen. Raises ArgumentsError for none, several or a stray argument."""
    given = [
        name
        for name in ("content", "patch", "old", "blocks", "lines", "after_line", "start")
        if getattr(arguments, name) is not None
    ]
    if len(given) != 1:
        ways = "content, patch, old, blocks, lines, after_line, start"
        what = f"got {' and '.join(given)}" if given else "got none of them"
        raise ArgumentsError(f"replace_text: give exactly one of {ways}; {what}")
    mode = given[0]
    needs_new = mode in ("old", "lines", "after_line", "start")
    if needs_new and arguments.new is None:
        raise ArgumentsError(f"replace_text: {mode} needs new, the text to put there")
    if not needs_new and arguments.new is not None:
        raise ArgumentsError(f"replace_text: new does not go with {mode}")
    if arguments.end is not None and mode != "start":
        raise ArgumentsError("replace_text: end needs start")
    return mode


def _patched(snapshot: Snapshot, path: str, patch: str) -> SourceChange:
    files = parse_patch(patch)
    if len(files) != 1:
        names = ", ".join(str(file.new or file.old) for file in files)
        raise ArgumentsError(
            f"replace_text: the patch is of {len(files)} files ({names}); apply_patch takes those"
        )
    build = ChangeBuilder(snapshot)
    patch_file(build, path, files[0])
    return build.build()


def patch_file(build: ChangeBuilder, path: str, patch: FilePatch) -> None:
    """Add what the patch does to the file at `path`. Raises PatchError and RefusedError."""
    snapshot = build.snapshot
    shown = snapshot.display_path(path)
    if not snapshot.exists(path):
        if any(hunk.old for hunk in patch.hunks):
            raise RefusedError(f"{shown} does not exist, and the patch does not make it anew")
        text = "\n".join(line for hunk in patch.hunks for line in hunk.new)
        ends_open = bool(patch.hunks) and patch.hunks[-1].open_new
        build.create(path, text + ("" if ends_open or not text else "\n"))
        return
    if patch.old is None:
        raise RefusedError(f"{shown} exists already, and the patch makes it anew")
    text = snapshot.text(path)
    edits = patch_edits(text, patch.hunks)
    if patch.new is None:
        build.delete(path)
        return
    for edit in edits:
        build.file(path).replace(edit.span, edit.new_text)


def _replace_blocks(
    build: ChangeBuilder, path: str, text: SourceText, blocks: tuple[Block, ...]
) -> None:
    failures: list[Failure] = []
    for number, block in enumerate(blocks, 1):
        edit = block_edit(text, block.old, block.new)
        if isinstance(edit, str):
            failures.append(Failure(number, edit))
        else:
            build.file(path).replace(edit.span, edit.new_text)
    if failures:
        if len(blocks) == 1:
            raise RefusedError(
                f"{build.snapshot.display_path(path)}: the text to replace: {failures[0].reason}"
            )
        raise PatchError("block", failures, len(blocks))


def _n_lines(text: SourceText) -> int:
    """Lines as people count: what follows the last line break is one only if it has a byte."""
    if not text.data:
        return 0
    return text.n_lines - (text.line_starts[-1] == len(text.data))


def _lines(
    snapshot: Snapshot, path: str, text: SourceText, lines: tuple[int, int], new: str
) -> tuple[Span, str]:
    first, last = lines
    count = _n_lines(text)
    if not 0 <= first <= last < count:
        raise ArgumentsError(
            f"replace_text: lines {first} to {last} are not lines of"
            f" {snapshot.display_path(path)}, which has lines 0 to {count - 1}"
        )
    start = text.line_span(first).start
    with_break = text.line_span(last, with_break=True)
    ends_open = with_break.end == text.line_span(last).end
    if not new:
        if ends_open and first:  # the line before becomes the last one, without a break as well
            start = text.line_span(first - 1).end
        return Span(start, with_break.end), ""
    ended = new.endswith(("\n", "\r"))
    if ends_open:
        return Span(start, with_break.end), new
    return Span(start, with_break.end), new if ended else new + "\n"


def _behind(
    snapshot: Snapshot, path: str, text: SourceText, line: int, new: str
) -> tuple[Span, str]:
    count = _n_lines(text)
    if not -1 <= line < max(count, 1) or (not count and line > -1):
        raise ArgumentsError(
            f"replace_text: after_line {line} is no line of {snapshot.display_path(path)}, which"
            f" has lines 0 to {count - 1}; -1 inserts at the top"
        )
    if not new:
        return Span(0, 0), ""
    ended = new if new.endswith(("\n", "\r")) else new + "\n"
    if line == -1:
        return Span(0, 0), ended if text.data else new
    end = text.line_span(line, with_break=True).end
    if end == text.line_span(line).end:  # the last line has no break; it goes between the two
        return Span(end, end), "\n" + new
    return Span(end, end), ended


def _bytes(text: SourceText, start: int, end: int | None) -> Span:
    stop = start if end is None else end
    size = len(text.data)
    if not 0 <= start <= stop <= size:
        raise InvalidPositionError(f"bytes {start}:{stop} of a text of {size} bytes")
    for offset in (start, stop):
        if offset < size and text.data[offset] & 0xC0 == 0x80:
            raise InvalidPositionError(f"byte {offset} is inside a character")
    return Span(start, stop)


REPLACE_TEXT = Operation(
    name="replace_text",
    title="Replace text",
    arguments=ReplaceText,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
