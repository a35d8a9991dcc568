"""A file as if the line that is being written were finished.

`f(a, b.` is a syntax error that can swallow everything around it. Completion and signatures look
at a copy in which the name behind the dot is there and the brackets of the line are closed; every
offset up to the cursor is the same in both.
"""

from __future__ import annotations

from typing import Final

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.text import Span

FILLER: Final = "_"
_CLOSING: Final = {0x28: ")", 0x5B: "]", 0x7B: "}"}


def as_if_finished(snapshot: Snapshot, path: str, offset: int) -> Snapshot:
    """The snapshot itself when the file has no syntax error.

    Raises UnknownFileError, UnreadableFileError.
    """
    text, language = snapshot.text(path), snapshot.language(path)
    if language is None:
        return snapshot
    try:
        if not snapshot.tree(path).root_node.has_error:
            return snapshot
    except TreewrightError:
        return snapshot
    start, end = text.line_span(text.line_of(offset))
    before = text.data[start:offset].rstrip()
    filler = FILLER if before.endswith((b".", b"->", b"::", b"=")) else ""
    closing = _unclosed(text.data[start:end])
    if not filler and not closing:
        return snapshot
    overlay = snapshot.overlays.get(path) or Overlay.opened(path, language.id, text, 0)
    edits: list[tuple[Span | None, str]] = [(Span(offset, offset), filler)] if filler else []
    end += len(filler)
    if closing:
        edits.append((Span(end, end), closing))
    overlays = {**snapshot.overlays, path: overlay.changed(overlay.version, edits)}
    return Snapshot(snapshot.revision, snapshot.folders, overlays)


def _unclosed(line: bytes) -> str:
    """What closes the brackets and the string that the line leaves open."""
    closing: list[str] = []
    quote = 0
    for position, byte in enumerate(line):
        if quote:
            if byte == quote and line[position - 1] != 0x5C:
                quote = 0
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x23:  # a comment: nothing behind it counts
            return ""
        elif byte in _CLOSING:
            closing.append(_CLOSING[byte])
        elif closing and chr(byte) == closing[-1]:
            closing.pop()
    return (chr(quote) if quote else "") + "".join(reversed(closing))
