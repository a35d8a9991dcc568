"""PendingTexts: the files that the index has yet to read, searched as bytes meanwhile.

While an index is built, every question looks through all of these. What was read for one is
kept for the next, within a budget, for as long as the file's stamp is the same.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from treewright_indexer.languages import language_for_path
from treewright_indexer.pipeline.entries import OPEN_FLAGS
from treewright_indexer.store import Stamp

MAX_BYTES: Final = 48 * 1024 * 1024
"""Of texts and their folded copies that are kept; what is beyond is read for each question."""
_MAX_OF_ONE_ANSWER: Final = 64 * 1024 * 1024
# What stands before a name that its line defines: other words (`class X`, `async def x`), but
# none that begins a use. A guess: it decides what is read first, never what is found.
_HEAD: Final = re.compile(
    rb"[ \t]*(?!(?:import|from|return|raise|throw|if|elif|while|for|in|await|yield|assert|with|del"
    rb"|new|case|and|or|not|print|except)\b)(?:[\w:<>,*&\[\].]+[ \t]+){1,4}\w*"
)
_TAIL: Final = re.compile(rb"\w*[ \t]*[:=]")
_WORD: Final = re.compile(rb"[\w\x80-\xff]")
_MAX_LOOKS: Final = 500
_READ_BYTES: Final = 1 << 20
_CLOCK_TICK_NS: Final = 20_000_000
"""Writes closer together than this may carry the same time of change."""


class _Kept(NamedTuple):
    stamp: Stamp
    data: bytes
    folded: bytes
    """In lower case; the same object where nothing is in upper case."""


class PendingTexts:
    """See the module. Thread safe. Paths are relative to the folder, with forward slashes."""

    def __init__(self, prefix: str) -> None:
        """`prefix`: the folder with a separator behind."""
        self._prefix = prefix
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._n_bytes = 0

    @property
    def n_bytes(self) -> int:
        return self._n_bytes

    def drop(self, but: Iterable[str] = ()) -> None:
        """Forget the texts of files that are pending no more: all `but` these."""
        with self._lock:
            if not self._kept:
                return
            still = self._kept.keys() & set(but)
            self._kept = {path: self._kept[path] for path in still}
            self._n_bytes = sum(map(_size, self._kept.values()))

    # `kept` is what one answer has read so far, by absolute path: it sees one text of a file.

    def naming(
        self, name: str, pending: Iterable[str], kept: dict[str, bytes] | None = None
    ) -> list[str]:
        """The files whose bytes hold `name`."""
        wanted = name.encode()
        return [path for path, data, _ in self._texts(pending, kept) if wanted in data]

    def counting(self, words: Sequence[str], pending: Iterable[str]) -> dict[str, int]:
        """How many of the words, given in lower case, each file holds; 0 is left out."""
        wanted = [word.encode() for word in words]
        counts: dict[str, int] = {}
        for path, _, folded in self._texts(pending, None):
            if count := sum(word in folded for word in wanted):
                counts[path] = count
        return counts

    def containing(
        self, query: str, pending: Iterable[str], kept: dict[str, bytes] | None = None
    ) -> tuple[list[str], list[str]]:
        """The files that hold the last part of a dotted name, whatever its case: those where a
        line looks as if it defined just that name, in the case of the query before another,
        followed by those where one looks as if it defined a name that holds it; and the others.
        """
        name = query.rpartition(".")[2].encode()
        wanted = name.lower()
        found = [
            (_doubt_of_definition(folded, wanted), _doubt_of_definition(data, name), path)
            for path, data, folded in self._texts(filter(language_for_path, pending), kept)
            if wanted in folded
        ]
        found.sort()
        n_likely = bisect_left(found, (2,))
        paths = [path for _, _, path in found]
        return paths[:n_likely], paths[n_likely:]

    def _texts(
        self, pending: Iterable[str], kept: dict[str, bytes] | None
    ) -> Iterator[tuple[str, bytes, bytes]]:
        """(path, text, text in lower case) of each file that can be read, by path."""
        n_of_answer = sum(map(len, kept.values())) if kept else 0
        for relative in sorted(pending):
            path = self._prefix + relative
            if kept is not None and (data := kept.get(path)) is not None:
                yield relative, data, data.lower()
                continue
            text = self._text(relative, path)
            if text is None:
                continue
            if kept is not None and n_of_answer < _MAX_OF_ONE_ANSWER:
                kept[path] = text.data
                n_of_answer += len(text.data)
            yield relative, text.data, text.folded

    def _text(self, relative: str, path: str) -> _Kept | None:
        known = self._kept.get(relative)
        try:
            if known is not None and known.stamp == Stamp.of(os.lstat(path)):
                return known
            read = read_regular(path)
        except (OSError, ValueError):
            return None
        if read is None:
            return None
        found, data = read
        folded = data.lower()
        text = _Kept(Stamp.of(found), data, data if folded == data else folded)
        if 0 <= time.time_ns() - found.st_ctime_ns < _CLOCK_TICK_NS:
            return text  # it may be written again within the same tick of the clock
        with self._lock:
            old = self._kept.pop(relative, None)
            self._n_bytes -= _size(old) if old is not None else 0
            if self._n_bytes + _size(text) <= MAX_BYTES:
                self._kept[relative] = text
                self._n_bytes += _size(text)
        return text


def read_regular(path: str) -> tuple[os.stat_result, bytes] | None:
    """The file's state and its bytes, without the layers of `open`: there are thousands.

    None for what is no file; a pipe that took its place holds up nobody. Raises OSError and
    ValueError as `os.open` does.
    """
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None
        data = os.read(descriptor, found.st_size + 1)
        while len(data) != found.st_size and (more := os.read(descriptor, _READ_BYTES)):
            data += more
        return found, data
    finally:
        os.close(descriptor)


def _size(text: _Kept) -> int:
    return len(text.data) if text.folded is text.data else 2 * len(text.data)


def _doubt_of_definition(text: bytes, name: bytes) -> int:
    """0 when a line looks as if it defined the name, 1 for one that holds it, 2 otherwise."""
    doubt = 2
    at = text.find(name)
    for _ in range(_MAX_LOOKS):
        if at < 0:
            break
        end = at + len(name)
        head = text[text.rfind(b"\n", 0, at) + 1 : at]
        if len(head) < 200 and (
            _HEAD.fullmatch(head) or (not head.strip() and _TAIL.match(text, end))
        ):
            before, behind = head[-1:], text[end : end + 1]
            if not (_WORD.match(before) or _WORD.match(behind)):
                return 0
            doubt = 1
        at = text.find(name, end)
    return doubt
