"""Between LSP and treewright: positions, paths, symbol kinds. UTF-16 exists only here.

One position, four ways to say it. In the text `c = '😋' + d` the `d` is at

    byte offset 13        what treewright uses everywhere else
    utf-8 column 13       bytes since the start of the line
    utf-16 column 11      UTF-16 code units since the start of the line; LSP's default
    utf-32 column 10      code points since the start of the line

A column behind the end of its line means the end of the line, as LSP says. A line behind the
end of the document is an error that names the position, except in edits a client sends,
where editors use such a line for "to the very end".
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from treewright_indexer.errors import InvalidPositionError
from treewright_indexer.text import SourceText, Span

Position = dict[str, int]
Range = dict[str, Position]

_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9_.~/:-]")
_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")
_DRIVE: Final = re.compile(r"^/[a-zA-Z]:")
_LONG_LINE: Final = 4096
_STEP: Final = 1024
"""In long lines the column of every so manieth byte is remembered."""


class Mapper:
    """Converts positions of one text in one negotiated encoding.

    In a text of ASCII alone, and for UTF-8, a column is a difference of two offsets.
    """

    __slots__ = ("_checkpoints", "_encoding", "_plain", "_returns", "_starts", "text")

    def __init__(self, text: SourceText, encoding: str) -> None:
        self.text = text
        self._encoding = encoding
        self._starts = text.line_starts
        self._plain = encoding == "utf-8" or text.data.isascii()
        self._returns = b"\r" in text.data
        self._checkpoints: dict[int, list[int]] | None = None

    # ------------------------------------------------------------------ in

    def offset_at(self, line: int, column: int, *, clamp_line: bool = False) -> int:
        """Byte offset of a position. Raises InvalidPositionError for a line that is not there."""
        text = self.text
        if line >= len(self._starts):
            if clamp_line:
                return len(text.data)
            raise InvalidPositionError(
                f"position {line}:{column} is outside the document,"
                f" which has {len(self._starts)} lines"
            )
        start, end = text.line_span(line)
        if self._plain and self._encoding != "utf-8":
            return min(start + column, end)
        return start + _bytes_of_column(text.data[start:end], column, self._encoding)

    def offset(self, position: Any, name: str = "position") -> int:
        """The same of an LSP position as it was sent. Raises ArgumentsError too."""
        from treewright_server.given import place

        return self.offset_at(*place(position, name))

    def span(self, range_: Any, name: str = "range", *, clamp_line: bool = False) -> Span:
        from treewright_server.given import ends

        first, last = ends(range_, name)
        start = self.offset_at(*first, clamp_line=clamp_line)
        end = self.offset_at(*last, clamp_line=clamp_line)
        if start > end:
            if clamp_line:  # an edit with its ends swapped still has one meaning
                return Span(end, start)
            raise InvalidPositionError(
                f"{name} {first[0]}:{first[1]}-{last[0]}:{last[1]} ends before it starts"
            )
        return Span(start, end)

    # ------------------------------------------------------------------ out

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset; one outside the text means its nearest end."""
        data = self.text.data
        offset = max(0, min(offset, len(data)))
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        if self._returns and start < offset and data[offset - 1 : offset + 1] == b"\r\n":
            offset -= 1  # inside a line break: its start
        if self._plain:
            return line, offset - start
        return line, self._column(start, offset)

    def position(self, offset: int) -> Position:
        line, column = self.place(offset)
        return {"line": line, "character": column}

    def range(self, span: tuple[int, int]) -> Range:
        line, column = self.place(span[0])
        last, end = self.place(span[1])
        return {
            "start": {"line": line, "character": column},
            "end": {"line": last, "character": end},
        }

    def places(self, offsets: Iterable[int]) -> list[tuple[int, int]]:
        """As `place`, of many offsets inside the text: what an outline is made of."""
        if self._returns:
            return [self.place(offset) for offset in offsets]
        starts, find = self._starts, bisect_right
        if self._plain:
            return [(line := find(starts, o) - 1, o - starts[line]) for o in offsets]
        data, column = self.text.data, self._column
        return [
            (
                line := find(starts, o) - 1,
                n
                if (n := o - (s := starts[line])) <= _LONG_LINE and data[s:o].isascii()
                else column(s, o),
            )
            for o in offsets
        ]

    def _column(self, start: int, offset: int) -> int:
        """Units of the bytes between the start of a line and `offset`."""
        data = self.text.data
        if offset - start <= _LONG_LINE:
            return _units(data[start:offset], self._encoding)
        if self._checkpoints is None:
            self._checkpoints = {}
        known = self._checkpoints.setdefault(start, [0])
        steps = (offset - start) // _STEP
        while len(known) <= steps:
            at = start + (len(known) - 1) * _STEP
            known.append(known[-1] + _whole_units(data, at, at + _STEP, self._encoding))
        at = start + steps * _STEP
        return known[steps] + _whole_units(data, at, offset, self._encoding)


def columns(text: str, encoding: str) -> int:
    """How many columns `text` takes."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _bytes_of_column(line: bytes, column: int, encoding: str) -> int:
    """Length in bytes of the first `column` units of `line`, never inside a character."""
    if column >= len(line):
        # Each character has at least as many bytes as units, so this is the end of the line.
        return len(line)
    if line.isascii():
        return column
    if encoding == "utf-8":
        while column > 0 and line[column] & 0xC0 == 0x80:
            column -= 1
        return column
    text = line.decode("utf-8", "replace")
    if encoding == "utf-32":
        return len(text[:column].encode("utf-8"))
    units = text.encode("utf-16-le")[: 2 * column]
    return len(units.decode("utf-16-le", "ignore").encode("utf-8"))


def _units(prefix: bytes, encoding: str) -> int:
    """Columns of `prefix`, which starts at a character."""
    if prefix.isascii():
        return len(prefix)
    text = prefix.decode("utf-8", "ignore")
    if encoding == "utf-32":
        return len(text)
    return len(text.encode("utf-16-le")) // 2


def _whole_units(data: bytes, start: int, end: int, encoding: str) -> int:
    """Columns of the characters that begin in `start:end`, so that pieces can be added up.

    A character that begins before `end` but ends behind it counts here and not in the next piece.
    """
    piece = data[start:end]
    if piece.isascii():
        return len(piece)
    units = 0
    for byte in piece:
        if byte & 0xC0 != 0x80:
            units += 2 if byte >= 0xF0 and encoding == "utf-16" else 1
    return units


# Paths and URIs


@lru_cache(maxsize=1024)
def to_path(uri: str) -> str:
    """Absolute normalised path of a `file:` URI; any other URI stands for itself.

    A document that has no file (`untitled:Untitled-1`) is known by its URI throughout. `?` and
    `#` are part of the path: an editor that does not quote them means them.
    """
    if not uri.startswith("file:"):
        return uri
    host, path = "", uri[5:]
    if path.startswith("//"):
        host, slash, rest = path[2:].partition("/")
        path = slash + rest
    path = _unquoted(path)
    if host and host != "localhost":
        path = f"//{_unquoted(host)}{path}"
    elif _DRIVE.match(path):
        path = path[1].upper() + path[2:]
    return os.path.normpath(path)


@lru_cache(maxsize=8192)
def to_uri(path: str) -> str:
    """`file:` URI of an absolute path; a path that is a URI already is returned as it is."""
    if _is_uri(path):
        return path
    posix = path.replace("\\", "/") if os.name == "nt" else path
    if posix.startswith("//"):
        return f"file:{_quoted(posix)}"
    return "file://" + _quoted(posix if posix.startswith("/") else f"/{posix}")


# A file name is bytes; those that are not UTF-8 pass through as Python's surrogate escapes.


def _quoted(path: str) -> str:
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], os.fsencode(path)).decode("ascii")


def _unquoted(path: str) -> str:
    if "%" not in path:
        return path
    data = path.encode("utf-8", "surrogatepass")
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data))


def _is_uri(path: str) -> bool:
    scheme, separator, _ = path.partition(":")
    return bool(separator) and len(scheme) > 1 and scheme.isalnum() and not os.path.isabs(path)


def is_file(path: str) -> bool:
    """False for a document that is known by a URI other than `file:`."""
    return not _is_uri(path)


# Symbols

SYMBOL_KIND: Final[dict[str, int]] = {
    "module": 2,
    "namespace": 3,
    "package": 4,
    "class": 5,
    "struct": 23,
    "interface": 11,
    "trait": 11,
    "enum": 10,
    "enum_member": 22,
    "type": 5,
    "function": 12,
    "method": 6,
    "constructor": 9,
    "property": 7,
    "field": 8,
    "variable": 13,
    "constant": 14,
    "macro": 12,
    "heading": 15,
    "key": 20,
}
"""LSP's SymbolKind of each of ours."""

VARIABLE: Final = 13


def symbol_kind(kind: str) -> int:
    return SYMBOL_KIND.get(kind, VARIABLE)
