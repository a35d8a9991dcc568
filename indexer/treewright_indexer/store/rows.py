"""What goes into the store and what comes out: plain tuples."""

from __future__ import annotations

from typing import NamedTuple


class ChunkEntry(NamedTuple):
    """A searchable piece of a file. Lines are zero-based, `end_line` inclusive."""

    start: int
    end: int
    start_line: int
    end_line: int
    symbol: str
    """Qualified name of the definition this is, or ''."""
    kind: str
    text: str
    words: str
    """Words of the symbol's name and of the path, which weigh more than the text."""


class FileEntry(NamedTuple):
    """Everything the index keeps of one file. Plain values, so that it crosses processes."""

    path: str
    """Relative to the folder, with forward slashes."""
    size: int
    mtime_ns: int
    hash: str
    """`SourceText.hash`."""
    language: str
    """Language.id, or '' for text that is only searched."""
    facts: bytes
    """`FileFacts.to_bytes()`, or b'' without a language."""
    postings: dict[str, bytes]
    symbols: list[tuple[str, str, int, int, str]]
    """(name, kind, name_start, zero-based line, name of the enclosing symbol or '')."""
    chunks: list[ChunkEntry]
    n_edges: int = 0
    """References that link two symbols: calls and bases inside a symbol, and imports."""
    extractor: str = ""
    """Language.version that made the facts."""


class FileRow(NamedTuple):
    """What the index knows of one file without its facts."""

    id: int
    path: str
    size: int
    mtime_ns: int
    hash: str
    language: str
    extractor: str


class SymbolRow(NamedTuple):
    """A definition, by name. `line` is zero-based; `container` is the enclosing symbol's name."""

    path: str
    name: str
    kind: str
    name_start: int
    line: int
    container: str


class ChunkRow(NamedTuple):
    """A chunk that matched words. Lines are zero-based and inclusive; a higher score is better."""

    path: str
    start: int
    end: int
    start_line: int
    end_line: int
    symbol: str
    kind: str
    score: float


class SkippedRow(NamedTuple):
    """A file that is not indexed. Size and time tell whether it is still the same file."""

    path: str
    reason: str
    size: int
    mtime_ns: int
