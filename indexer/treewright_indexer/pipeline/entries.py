"""One file on disk -> one FileEntry for the store, or the reason why there is none.

Pure work on one file, for worker processes and threads alike.
"""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from treewright_indexer.errors import UnreadableFileError
from treewright_indexer.languages import Language, language_for_path
from treewright_indexer.model import FileFacts, Role, Symbol
from treewright_indexer.store.rows import (
    UNKNOWN,
    ChunkEntry,
    FileEntry,
    SkippedRow,
    Stamp,
    SymbolEntry,
)
from treewright_indexer.store.words import identifier_words, searchable
from treewright_indexer.text import SourceText, decode

_CLOCK_TICK_NS = 20_000_000
"""Writes closer together than this may carry the same modification time."""

_EDGE_ROLES = frozenset({Role.CALL, Role.INHERIT, Role.IMPORT})
_POSTING = struct.Struct("<II")
_TEXT_LINES = 60
"""Lines of a chunk of text without a language, at most."""


class Job(NamedTuple):
    """A file to look at, with what the index knows of it."""

    path: str
    hash: str = ""
    extractor: str = ""
    size: int = 0
    mtime_ns: int = 0


class Touched(NamedTuple):
    """A file whose text is what the index has; only size or time differ."""

    path: str
    stamp: Stamp


Outcome = FileEntry | Touched | SkippedRow
"""What became of a Job; a file that vanished has none."""


def extractor_of(path: str) -> str:
    """The version of what would extract the file: an indexed file of another one is stale."""
    language = language_for_path(path)
    return "text 1" if language is None else language.version


def read(root: str, job: Job, max_bytes: int) -> Outcome | None:
    """Read and extract one file; None when it is gone or no file any more."""
    try:
        found, raw = _stable_bytes(os.path.join(root, job.path), max_bytes)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return SkippedRow(job.path, f"unreadable: {getattr(error, 'strerror', error)}", UNKNOWN)
    if found is None:
        return None
    stamp = Stamp.of(found)
    if raw is None:
        return SkippedRow(
            job.path, f"too large: {stamp.size} bytes, the limit is {max_bytes}", stamp
        )
    try:
        text = decode(raw)
    except UnreadableFileError as error:
        return SkippedRow(job.path, str(error), stamp)
    language = language_for_path(job.path)
    version = extractor_of(job.path)
    if text.hash == job.hash and version == job.extractor:
        return Touched(job.path, stamp)
    if language is None:
        return _plain_entry(job.path, stamp, text, version)
    return entry_of(job.path, stamp, text, language)


def entry_of(path: str, stamp: Stamp, text: SourceText, language: Language) -> FileEntry:
    """Everything the store keeps of a file in a language."""
    from treewright_indexer.facts import extract

    facts = extract(language, text)
    return FileEntry(
        path,
        stamp,
        text.hash,
        language.id,
        facts.to_bytes(),
        facts.postings,
        symbol_entries(text, facts.symbols),
        list(chunks_of(path, text, facts)),
        _n_edges(facts),
        language.version,
    )


def symbol_entries(text: SourceText, symbols: Sequence[Symbol]) -> list[SymbolEntry]:
    """The symbols with their lines and columns."""
    data, starts = text.data, text.line_starts
    entries: list[SymbolEntry] = []
    for symbol in symbols:
        line = text.line_of(symbol.name_start)
        before = data[starts[line] : symbol.name_start]
        entries.append(
            SymbolEntry(
                symbol.name,
                symbol.kind,
                symbol.name_start,
                line,
                len(before),
                "" if before.isascii() else before.decode("utf-8", "replace"),
                symbols[symbol.parent].name if symbol.parent >= 0 else "",
            )
        )
    return entries


def chunks_of(path: str, text: SourceText, facts: FileFacts | None) -> Iterator[ChunkEntry]:
    """The searchable pieces of a file; by lines when it has no facts."""
    stem = identifier_words(path.rpartition("/")[2].partition(".")[0])
    if facts is None:
        for start, end in _blocks(text):
            body = text.data[start:end].decode("utf-8", "replace")
            first, last = text.line_of(start), text.line_of(end - 1)
            yield ChunkEntry(start, end, first, last, "", "text", searchable(body), stem)
        return
    for start, end, symbol in facts.chunks:
        if end <= start:
            continue
        label = facts.qualified_name(symbol) if symbol >= 0 else ""
        yield ChunkEntry(
            start,
            end,
            text.line_of(start),
            text.line_of(end - 1),
            label,
            facts.symbols[symbol].kind if symbol >= 0 else "module",
            searchable(text.data[start:end].decode("utf-8", "replace")),
            f"{identifier_words(label)} {stem}" if label else stem,
        )


def _plain_entry(path: str, stamp: Stamp, text: SourceText, version: str) -> FileEntry:
    chunks = list(chunks_of(path, text, None))
    return FileEntry(path, stamp, text.hash, "", b"", {}, [], chunks, 0, version)


def _blocks(text: SourceText) -> Iterator[tuple[int, int]]:
    """Spans of at most 60 lines that end at a blank line where there is one; none is blank."""
    starts, size = text.line_starts, len(text.data)
    bounds = [*starts, size]
    line = 0
    while line < len(starts):
        stop = min(line + _TEXT_LINES, len(starts))
        if stop < len(starts):
            for border in range(stop, line + _TEXT_LINES // 2, -1):
                if not text.data[bounds[border - 1] : bounds[border]].strip():
                    stop = border
                    break
        start, end = bounds[line], bounds[stop]
        body = text.data[start:end]
        if body.strip():
            yield start, start + len(body.rstrip())
        line = stop


def _n_edges(facts: FileFacts) -> int:
    """Calls and bases inside a symbol, and imports."""
    edge = [role in _EDGE_ROLES for role in range(16)]
    free = [role == Role.IMPORT for role in range(16)]
    return sum(
        edge[packed & 15] and (symbol > 0 or free[packed & 15])
        for packed, symbol in _POSTING.iter_unpack(b"".join(facts.postings.values()))
    )


def _stable_bytes(path: str, max_bytes: int) -> tuple[os.stat_result | None, bytes | None]:
    """The file's state and bytes that belong together; bytes are None above the limit.

    A file written a moment ago is read after the clock moved on, so that a later write
    cannot carry the same time and pass for the text that was read.
    """
    while True:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None, None
            age_ns = time.time_ns() - found.st_mtime_ns
            if 0 <= age_ns < _CLOCK_TICK_NS:
                time.sleep((_CLOCK_TICK_NS - age_ns) / 1e9)
                continue
            if found.st_size > max_bytes:
                return found, None
            raw = file.read(max_bytes + 1)
            after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) == (found.st_size, found.st_mtime_ns):
            return found, raw
