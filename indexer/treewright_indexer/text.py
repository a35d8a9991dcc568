"""Text as treewright sees it: UTF-8 bytes, byte offsets, lines ended by CRLF, LF or CR.

The only place that decodes bytes and splits lines. Inside treewright a position is a byte
offset into `SourceText.data`; UTF-16 exists in `treewright_server.convert` alone.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from treewright_indexer.errors import InvalidPositionError, UnreadableFileError

_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


class Span(NamedTuple):
    """A half-open range of UTF-8 bytes in one file."""

    start: int
    end: int

    def contains(self, offset: int) -> bool:
        return self.start <= offset < self.end

    def touches(self, offset: int) -> bool:
        """True also right behind the last byte, where an editor's cursor may stand."""
        return self.start <= offset <= self.end


class SourceText:
    """The text of one file at one moment. Immutable: any thread may hold one.

    `data` is UTF-8 without a byte-order mark; `encoding` and `bom` say how the file stands
    on disk, so that writing it back keeps both.
    """

    __slots__ = ("__dict__", "bom", "data", "encoding")

    def __init__(self, data: bytes, encoding: str = "utf-8", bom: bytes = b"") -> None:
        self.data = data
        self.encoding = encoding
        self.bom = bom

    @classmethod
    def of(cls, text: str) -> SourceText:
        """Text as an editor holds it. Lone surrogates are replaced: they have no UTF-8."""
        return cls(text.encode("utf-8", "replace"))

    @cached_property
    def hash(self) -> str:
        """blake2b of `data`, 32 hex digits: the base that every edit carries."""
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()

    @cached_property
    def line_starts(self) -> list[int]:
        """Byte offset of each line's first byte; a final line break opens one more line."""
        data = self.data
        # `bytes.splitlines`, unlike that of `str`, knows these three line breaks only.
        starts = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
        if len(starts) > 1 and data[-1] not in b"\r\n":
            starts.pop()
        return starts

    @property
    def n_lines(self) -> int:
        return len(self.line_starts)

    @cached_property
    def newline(self) -> str:
        """The line break that the file's first line uses; LF when it has none."""
        match = _LINE_BREAK.search(self.data)
        return match.group().decode("ascii") if match else "\n"

    def line_of(self, offset: int) -> int:
        """Zero-based line that holds the byte at `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def line_span(self, line: int, *, with_break: bool = False) -> Span:
        """Span of the zero-based `line`. Raises InvalidPositionError when there is none."""
        starts = self.line_starts
        if not 0 <= line < len(starts):
            raise InvalidPositionError(f"line {line} of a text of {len(starts)} lines")
        start = starts[line]
        end = starts[line + 1] if line + 1 < len(starts) else len(self.data)
        if not with_break:
            while end > start and self.data[end - 1] in b"\r\n":
                end -= 1
        return Span(start, end)

    def slice(self, span: Span) -> str:
        return self.data[span[0] : span[1]].decode("utf-8", "replace")

    @cached_property
    def string(self) -> str:
        return self.data.decode("utf-8", "replace")

    def splice(self, span: Span, replacement: bytes) -> SourceText:
        """This text with `span` replaced; keeps the line table up to date when it was built."""
        start, end = span
        if not 0 <= start <= end <= len(self.data):
            raise InvalidPositionError(f"bytes {start}:{end} of a text of {len(self.data)} bytes")
        text = SourceText(
            self.data[:start] + replacement + self.data[end:], self.encoding, self.bom
        )
        known = self.__dict__.get("line_starts")
        # A CR can join or split a CRLF across the border of the edit: then count afresh.
        if known is not None and b"\r" not in self.data and b"\r" not in replacement:
            first, last = bisect_right(known, start), bisect_right(known, end)
            shift = len(replacement) - (end - start)
            inner = [start + m.end() for m in _LINE_BREAK.finditer(replacement)]
            tail = [known_start + shift for known_start in known[last:]] if shift else known[last:]
            text.__dict__["line_starts"] = known[:first] + inner + tail
        return text

    def to_disk(self) -> bytes:
        """The bytes to write. Raises UnreadableFileError if the encoding lacks a character."""
        if self.encoding == "utf-8":
            return self.bom + self.data
        try:
            return self.bom + self.string.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise UnreadableFileError(
                f"{self.encoding} has no {error.object[error.start : error.end]!r}"
            ) from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceText) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"SourceText({len(self.data)} bytes, {self.encoding})"


def decode(raw: bytes) -> SourceText:
    """Read a file's bytes: BOM, then Python's coding line (PEP 263), else UTF-8.

    Raises UnreadableFileError with the reason: binary, or not valid in its encoding.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], encoding, mark)
    if b"\0" in raw[:8192]:
        raise UnreadableFileError("binary (holds a NUL byte)")
    named = _coding_line(raw) if b"coding" in raw[:512] else None
    if named not in (None, "utf-8"):
        return _decoded(raw, named, b"")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"not valid UTF-8 at byte {error.start}") from error
    return SourceText(raw)


def _coding_line(raw: bytes) -> str | None:
    for line in raw[:512].splitlines()[:2]:
        if match := _CODING.match(line):
            try:
                return codecs.lookup(match.group(1).decode("ascii")).name
            except LookupError:
                return None
    return None


def _decoded(raw: bytes, encoding: str, bom: bytes) -> SourceText:
    try:
        text = raw.decode(encoding)
        return SourceText(text.encode("utf-8"), encoding, bom)
    except UnicodeError as error:
        raise UnreadableFileError(f"not valid {encoding}: {error}") from error
