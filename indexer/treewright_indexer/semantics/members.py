"""What stands behind a dot is asked once for all the letters that are typed there.

A provider is asked as if no letter of the name were there yet, and what it says is kept while
nothing changes but that name: the next letter needs no question. Whoever asks chooses by letters.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from typing import Final, NamedTuple

from treewright_indexer.semantics.answers import Question, Suggestion
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.text import Span

_BEFORE: Final = re.compile(rb"[\w\x80-\xff]*\Z")
_BEHIND: Final = re.compile(rb"[\w\x80-\xff]*")
_FROM: Final = re.compile(rb"^[ \t]*from[ \t]+[\w.]+[ \t]+import\b[^#\n]*\Z")
_KEPT: Final = 8
_LONGEST_NAME: Final = 256


class _Kept(NamedTuple):
    path: str
    before: bytes
    behind: bytes
    overlays: tuple[tuple[str, Overlay], ...]
    """The other open documents."""
    found: list[Suggestion]


class Members:
    """The last answers. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[_Kept] = deque(maxlen=_KEPT)

    def recall(self, question: Question, name: Span) -> list[Suggestion] | None:
        data = question.snapshot.text(question.path).data
        others = _others(question)
        with self._lock:
            for kept in self._kept:
                if (
                    kept.path == question.path
                    and len(kept.before) == name.start
                    and len(kept.behind) == len(data) - name.end
                    and data.startswith(kept.before)
                    and data.endswith(kept.behind)
                    and kept.overlays == others
                ):
                    return kept.found
        return None

    def keep(self, question: Question, name: Span, found: list[Suggestion]) -> None:
        data = question.snapshot.text(question.path).data
        before, behind = data[: name.start], data[name.end :]
        kept = _Kept(question.path, before, behind, _others(question), found)
        with self._lock:
            self._kept.appendleft(kept)

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()


def _others(question: Question) -> tuple[tuple[str, Overlay], ...]:
    overlays = question.snapshot.overlays
    return tuple((path, each) for path, each in overlays.items() if path != question.path)


def name_at(question: Question) -> Span | None:
    """The letters around the cursor, when a dot or `from x import` stands before them."""
    data, offset = question.snapshot.text(question.path).data, question.offset
    before = _BEFORE.search(data, max(0, offset - _LONGEST_NAME), offset)
    behind = _BEHIND.match(data, offset)
    assert before is not None
    assert behind is not None
    start = before.start()
    line = data[data.rfind(b"\n", 0, start) + 1 : start]
    if not line.endswith(b".") and _FROM.match(line) is None:
        return None
    return Span(start, behind.end())


def without(question: Question, name: Span) -> Question:
    """The question right behind the dot, as if the letters were not there."""
    snapshot, path = question.snapshot, question.path
    if name.start == name.end:
        return question
    text = snapshot.text(path).splice(name, b"")
    overlays = {**snapshot.overlays, path: Overlay(path, snapshot.language(path), text, -1)}
    asked = Snapshot(snapshot.revision, snapshot.folders, overlays)
    return question._replace(snapshot=asked, offset=name.start)
