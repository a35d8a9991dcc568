"""What goes into the store and what comes out: plain tuples."""

from __future__ import annotations

import os
from typing import NamedTuple


class Stamp(NamedTuple):
    """What `stat` says of a file: as long as it is the same, so is the text."""

    size: int
    mtime_ns: int
    change: int
    """Time of the last change of the inode, and its number, folded into one value. It tells
    a file that was replaced, or written with its old time put back."""

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        # On Windows st_ctime is the time of creation and st_ino costs an open: both stand still.
        change = found.st_ctime_ns ^ (found.st_ino << 20)
        return cls(found.st_size, found.st_mtime_ns, change & 0x7FFF_FFFF_FFFF_FFFF)


UNKNOWN = Stamp(-1, -1, -1)
"""The stamp of what cannot be asked: equal to no file's."""


class ChunkEntry(NamedTuple):
    """A searchable piece of a file. Lines are zero-based, `end_line` inclusive."""

    start: int
    end: int
    start_line: int
    end_line: int
    symbol: str
    """Qualified name of the definition this is, or ''."""
    kind: str
    key: bytes
    """Hash of what is embedded for it: path, symbol and text."""
    text: bytes
    """UTF-8, with the parts of camel-case identifiers; see `CamelWords`."""
    words: str
    """Words of the symbol's name and of the path, which weigh more than the text."""


class SymbolEntry(NamedTuple):
    """A definition as the store keeps it, with what an editor needs to show its place."""

    name: str
    kind: str
    name_start: int
    line: int
    """Zero-based."""
    column: int
    """Bytes between the line's start and the name."""
    n_continuation: int
    """How many of these bytes begin no character: what to take off to count characters."""
    n_astral: int
    """How many of the characters lie outside the Basic Multilingual Plane."""
    container: str
    """Name of the enclosing symbol, or ''."""


class FileEntry(NamedTuple):
    """Everything the index keeps of one file. Plain values, so that it crosses processes."""

    path: str
    """Relative to the folder, with forward slashes."""
    stamp: Stamp
    hash: str
    """`SourceText.hash`."""
    language: str
    """Language.id, or '' for text that is only searched."""
    facts: bytes
    """`FileFacts.to_bytes()`, or b'' without a language."""
    postings: dict[str, bytes]
    symbols: list[SymbolEntry]
    chunks: list[ChunkEntry]
    n_edges: int = 0
    """References that link two symbols: calls and bases inside a symbol, and imports."""
    extractor: str = ""
    """Language.version that made the facts."""


class FileRow(NamedTuple):
    """What the index knows of one file without its facts."""

    id: int
    path: str
    stamp: Stamp
    hash: str
    language: str
    extractor: str


class SymbolRow(NamedTuple):
    """A SymbolEntry with its file."""

    path: str
    stamp: Stamp
    name: str
    kind: str
    name_start: int
    line: int
    column: int
    n_continuation: int
    n_astral: int
    container: str


class ChunkRow(NamedTuple):
    """A chunk that matched words. Lines are zero-based and inclusive; a higher score is better."""

    path: str
    stamp: Stamp
    start: int
    end: int
    start_line: int
    end_line: int
    symbol: str
    kind: str
    score: float
    number: int = 0
    """The chunk's number in the index; see `Store.chunk_ids`."""


class PostingRow(NamedTuple):
    """The uses of one name in one file."""

    path: str
    stamp: Stamp
    hash: str
    refs: bytes


class SkippedRow(NamedTuple):
    """A file that is not indexed."""

    path: str
    reason: str
    stamp: Stamp
