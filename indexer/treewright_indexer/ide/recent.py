"""The last text of each document whose facts are known, for answers that cannot wait for new ones.

After a key press the facts of the whole file are a few milliseconds to a tenth of a second away.
Inside one line that changed, the text of a moment ago has the same scopes and the same classes: a
completion reads the letters from the new text and everything else from the old one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, NamedTuple

from treewright_indexer.snapshot import Overlay

MAX_DOCUMENTS: Final = 32
MAX_CHANGE: Final = 400
"""Bytes of a change that the old facts may still stand for."""


class Earlier(NamedTuple):
    """A text with known facts, and where the place that was asked about stands in it."""

    overlay: Overlay
    offset: int


class Recent:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Overlay] = OrderedDict()

    def learn(self, overlay: Overlay) -> None:
        """Extract the facts of this text, unless they are known, and keep it."""
        if overlay.language is None:
            return
        overlay.facts()
        with self._lock:
            self._known[overlay.path] = overlay
            self._known.move_to_end(overlay.path)
            while len(self._known) > MAX_DOCUMENTS:
                self._known.popitem(last=False)

    def forget(self, path: str) -> None:
        with self._lock:
            self._known.pop(path, None)

    def knows(self, overlay: Overlay) -> bool:
        return self._known.get(overlay.path) is overlay

    def near(self, overlay: Overlay, offset: int) -> Earlier | None:
        """The known text, when this one differs from it inside one line around `offset`."""
        known = self._known.get(overlay.path)
        if known is None or known is overlay or known.facts().n_errors:
            return None
        old, new = known.text.data, overlay.text.data
        start = _common(old, new)
        tail = _common_end(old, new, start)
        old_end, new_end = len(old) - tail, len(new) - tail
        if not start <= offset <= new_end or max(old_end, new_end) - start > MAX_CHANGE:
            return None
        if b"\n" in old[start:old_end] or b"\n" in new[start:new_end]:
            return None
        return Earlier(known, start)


def _common(first: bytes, second: bytes) -> int:
    """How many bytes both start with."""
    low, high = 0, min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    while low + 1 < high:
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low if first[low : low + 1] != second[low : low + 1] else low + 1


def _common_end(first: bytes, second: bytes, start: int) -> int:
    """How many bytes both end with, the first `start` left out."""
    low, high = 0, min(len(first), len(second)) - start
    if first[len(first) - high :] == second[len(second) - high :]:
        return high
    while low + 1 < high:
        middle = (low + high) // 2
        if (
            first[len(first) - middle : len(first) - low]
            == second[len(second) - middle : len(second) - low]
        ):
            low = middle
        else:
            high = middle
    same = (
        first[len(first) - low - 1 : len(first) - low]
        == second[len(second) - low - 1 : len(second) - low]
    )
    return low + 1 if same else low
