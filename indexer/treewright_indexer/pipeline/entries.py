"""Files on disk -> what the store keeps of them, or the reason why it keeps nothing.

Pure work on one folder's files, for worker processes and the builder's thread alike.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import os
import stat
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from treewright_indexer.errors import UnreadableFileError
from treewright_indexer.languages import Language, language_for_path
from treewright_indexer.model import FileFacts, Role, Symbol, container_name
from treewright_indexer.store.rows import (
    UNKNOWN,
    ChunkEntry,
    FileEntry,
    SkippedRow,
    Stamp,
    SymbolEntry,
)
from treewright_indexer.store.words import CamelWords, identifier_words
from treewright_indexer.text import SourceText, decode

if TYPE_CHECKING:
    from treewright_indexer.store.shared import SharedFacts

logger = logging.getLogger("treewright")

_CLOCK_TICK_NS: Final = 20_000_000
"""Writes closer together than this may carry the same modification time."""
_MAX_ATTEMPTS: Final = 25
OPEN_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
"""Never wait for the other end of a pipe that took a file's place, nor follow a link."""
_TEXT_LINES: Final = 60
"""Lines of a chunk of text without a language, at most."""
_KEEP_BYTES: Final = 32 * 1024 * 1024
"""How much of what was extracted waits for a quiet moment to be shared."""
_TEXT_EXTRACTOR: Final = "text 2"
_CONTENTS_FORMAT: Final = 2
"""Bumped whenever the shape of Contents changes: they are shared with other versions."""
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
_ASTRAL: Final = bytes(range(0xF0, 0xF8))
"""First bytes of characters outside the Basic Multilingual Plane."""


class Job(NamedTuple):
    """A file to look at, with what the index knows of it and the stamp that made it one."""

    path: str
    stamp: Stamp
    hash: str = ""
    extractor: str = ""


class Touched(NamedTuple):
    """A file whose text is what the index has; only its stamp differs."""

    path: str
    stamp: Stamp


class Reading(NamedTuple):
    """A file that was read and is new to the index."""

    path: str
    stamp: Stamp
    text: SourceText
    language: Language | None


Outcome = FileEntry | Touched | SkippedRow
"""What became of a Job; a file that vanished has none."""

Contents = tuple[
    bytes, dict[str, bytes], list[SymbolEntry], list[tuple[int, int, int, int, str, str]], int
]
"""What a text says whatever its path: facts, postings, symbols, chunks without text, n_edges."""


class Reader:
    """Reads and extracts files of one folder. For one thread."""

    def __init__(self, root: str, max_bytes: int, shared: SharedFacts | None = None) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._shared = shared
        self._new: list[tuple[bytes, Contents]] = []
        self._n_new_bytes = 0
        self.n_extracted = 0
        """Texts that nobody had extracted before."""

    def read(self, jobs: Sequence[Job]) -> list[Outcome | None]:
        """The outcome of each job, in order."""
        found = [look(self._root, job, self._max_bytes) for job in jobs]
        known = self._known(found)
        outcomes: list[Outcome | None] = []
        for each in found:
            if isinstance(each, Reading):
                key = _key(each)
                contents = known.get(key) if key else None
                outcomes.append(self._outcome(each, key, contents))
            else:
                outcomes.append(each)
        if self._n_new_bytes > _KEEP_BYTES:
            self.flush()
        return outcomes

    def _outcome(self, reading: Reading, key: bytes, contents: Contents | None) -> Outcome:
        """One file that cannot be read by its grammar keeps no other from being read."""
        try:
            return entry_of(reading, contents or self._extract(reading, key))
        except Exception as error:  # a grammar that does not load, or one of another version
            language = reading.language.name if reading.language is not None else "text"
            reason = f"{language} cannot be read: {type(error).__name__}: {error}"[:300]
            logger.warning("%s: %s", reading.path, reason)
            return SkippedRow(reading.path, reason, reading.stamp)

    @property
    def has_new(self) -> bool:
        """Whether something waits to be shared."""
        return bool(self._new)

    def flush(self) -> None:
        """Share what was extracted."""
        if self._shared is not None and self._new:
            self._shared.put([(key, _plain(contents)) for key, contents in self._new])
        self._new, self._n_new_bytes = [], 0

    def close(self) -> None:
        self.flush()
        if self._shared is not None:
            self._shared.close()

    def _known(self, found: Sequence[object]) -> dict[bytes, Contents]:
        if self._shared is None:
            return {}
        keys = [key for each in found if isinstance(each, Reading) and (key := _key(each))]
        known: dict[bytes, Contents] = self._shared.get(keys)
        for key, value in known.items():
            symbols = [SymbolEntry._make(symbol) for symbol in value[2]]
            known[key] = (value[0], value[1], symbols, value[3], value[4])
        return known

    def _extract(self, reading: Reading, key: bytes) -> Contents:
        contents = contents_of(reading.text, reading.language)
        if reading.language is not None:
            self.n_extracted += 1
            if self._shared is not None:
                self._new.append((key, contents))
                self._n_new_bytes += len(reading.text.data)
        return contents


def look(root: str, job: Job, max_bytes: int) -> Reading | Touched | SkippedRow | None:
    """Read one file; None when it is gone or no file any more."""
    try:
        found, raw = _stable_bytes(os.path.join(root, job.path), max_bytes)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return SkippedRow(job.path, f"unreadable: {reason}", _stamp_of(root, job.path))
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
    if text.hash == job.hash and extractor_of(language) == job.extractor:
        return Touched(job.path, stamp)
    return Reading(job.path, stamp, text, language)


def extractor_of(language: Language | None) -> str:
    """The version of what extracts a text: an indexed file of another one is stale."""
    return _TEXT_EXTRACTOR if language is None else f"{language.version} {_code_digest()}"


@lru_cache(maxsize=1)
def _code_digest() -> str:
    """What the program that extracts is: data says `Language.version`, this says the code."""
    digest = hashlib.blake2b(digest_size=6)
    home = Path(__file__).parents[1]
    with contextlib.suppress(OSError):  # a program without its sources is one that does not change
        for path in (
            home / "model.py", home / "syntax.py", home / "store" / "words.py",
            *sorted((home / "facts").glob("*.py")),
        ):  # fmt: skip
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _key(reading: Reading) -> bytes:
    """The key of what the text says; b'' for text without a language, which is cheap."""
    from treewright_indexer.store.shared import key_of

    language = reading.language
    if language is None:
        return b""
    return key_of(reading.text.hash, f"{_CONTENTS_FORMAT} {extractor_of(language)}")


def _plain(contents: Contents) -> tuple[object, ...]:
    """For `marshal`, which writes tuples but none of their subclasses."""
    facts, postings, symbols, chunks, n_edges = contents
    return facts, postings, [tuple(symbol) for symbol in symbols], chunks, n_edges


def contents_of(text: SourceText, language: Language | None) -> Contents:
    """Everything the store keeps of a text but where it stands."""
    if language is None:
        lines = text.line_of
        blocks = [(s, e, lines(s), lines(e - 1), "", "text") for s, e in _blocks(text)]
        return b"", {}, [], blocks, 0
    from treewright_indexer.facts import extract

    try:
        facts = extract(language, text)
    except UnreadableFileError:
        return contents_of(text, None)  # nested too deeply for its grammar: only searched
    return (
        facts.to_bytes(),
        facts.postings,
        symbol_entries(text, facts.symbols),
        list(_chunk_rows(text, facts)),
        _n_edges(facts.postings),
    )


def entry_of(reading: Reading, contents: Contents) -> FileEntry:
    facts, postings, symbols, chunks, n_edges = contents
    language = reading.language
    return FileEntry(
        reading.path,
        reading.stamp,
        reading.text.hash,
        language.id if language is not None else "",
        facts,
        postings,
        symbols,
        _with_text(reading.path, reading.text, chunks),
        n_edges,
        extractor_of(language),
    )


def symbol_entries(text: SourceText, symbols: Sequence[Symbol]) -> list[SymbolEntry]:
    """The symbols with their lines and columns."""
    data, starts = text.data, text.line_starts
    plain = data.isascii()
    # What was counted last: names of one line follow each other, and a line may be all there is.
    counted, at, n_continuation, n_astral = -1, 0, 0, 0
    entries: list[SymbolEntry] = []
    for symbol in symbols:
        start = symbol.name_start
        line = text.line_of(start)
        if not plain:
            if line != counted or start < at:
                counted, at, n_continuation, n_astral = line, starts[line], 0, 0
            between = data[at:start]
            if not between.isascii():
                n_continuation += len(between) - len(between.translate(None, _CONTINUATION))
                n_astral += len(between) - len(between.translate(None, _ASTRAL))
            at = start
        entries.append(
            SymbolEntry(
                symbol.name,
                symbol.kind,
                start,
                line,
                start - starts[line],
                n_continuation,
                n_astral,
                container_name(symbols, symbol),
            )
        )
    return entries


def chunks_of(path: str, text: SourceText, facts: FileFacts | None) -> list[ChunkEntry]:
    """The searchable pieces of a file; by lines when it has no facts."""
    rows = contents_of(text, None)[3] if facts is None else list(_chunk_rows(text, facts))
    return _with_text(path, text, rows)


def _chunk_rows(
    text: SourceText, facts: FileFacts
) -> Iterator[tuple[int, int, int, int, str, str]]:
    lines = text.line_of
    for start, end, symbol in facts.chunks:
        if end > start:
            label = facts.qualified_name(symbol) if symbol >= 0 else ""
            kind = facts.symbols[symbol].kind if symbol >= 0 else "module"
            yield start, end, lines(start), lines(end - 1), label, kind


def _with_text(
    path: str, text: SourceText, rows: Sequence[tuple[int, int, int, int, str, str]]
) -> list[ChunkEntry]:
    stem = identifier_words(path.rpartition("/")[2].partition(".")[0])
    camel = CamelWords(text.data)
    head = path.encode("utf-8", "surrogatepass")
    chunks: list[ChunkEntry] = []
    for row in rows:
        label = row[4]
        body = camel.searchable(row[0], row[1])
        embedded = b"\0".join((head, label.encode("utf-8", "surrogatepass"), body))
        key = hashlib.blake2b(embedded, digest_size=16).digest()
        words = f"{identifier_words(label)} {stem}" if label else stem
        chunks.append(ChunkEntry(*row, key, body, words))
    return chunks


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


# The low byte of a posting -> 1 for a role that links symbols, 2 for one that needs no symbol.
_LINKS: Final = bytes(
    1 if byte & 15 in (Role.CALL, Role.INHERIT) else 2 if byte & 15 == Role.IMPORT else 0
    for byte in range(256)
)


def _n_edges(postings: dict[str, bytes]) -> int:
    """Calls and bases inside a symbol, and imports. Counted on whole bytes: there are many."""
    blob = b"".join(postings.values())
    roles = blob[0::8].translate(_LINKS)
    words = array("I", blob)
    if sys.byteorder == "big":
        words.byteswap()
    enclosed = bytes(map(bool, words[1::2]))
    linked = int.from_bytes(roles, "little") & int.from_bytes(enclosed, "little")
    return linked.bit_count() + roles.count(2)


def _stamp_of(root: str, path: str) -> Stamp:
    try:
        return Stamp.of(os.lstat(os.path.join(root, path)))
    except (OSError, ValueError):
        return UNKNOWN


def _stable_bytes(path: str, max_bytes: int) -> tuple[os.stat_result | None, bytes | None]:
    """The file's state and bytes that belong together; bytes are None above the limit.

    A file written a moment ago is read after the clock moved on, so that a later write
    cannot carry the same time and pass for the text that was read. One that never rests is
    taken as it is: its state is another one by then, so nobody takes the bytes for current.
    """
    for attempt in itertools.count(1):
        with open(os.open(path, OPEN_FLAGS), "rb", buffering=0) as file:  # noqa: PTH123
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None, None
            age_ns = time.time_ns() - found.st_mtime_ns
            if 0 <= age_ns < _CLOCK_TICK_NS and attempt < _MAX_ATTEMPTS:
                time.sleep((_CLOCK_TICK_NS - age_ns) / 1e9)
                continue
            if found.st_size > max_bytes:
                return found, None
            raw = _read_all(file, found.st_size)
            after = os.fstat(file.fileno())
        if Stamp.of(after) == Stamp.of(found) or attempt >= _MAX_ATTEMPTS:
            return found, raw
    raise AssertionError


def _read_all(file: FileIO, size: int) -> bytes:
    """Everything to the end, in one call for a file that does not grow."""
    raw = file.read(size + 1) or b""
    while len(raw) > size and (more := file.read(1 << 20)):
        raw += more
    return raw
