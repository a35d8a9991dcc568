"""DocumentCache: texts and trees of files that are not open, kept while they are on disk as they are.

Open documents keep their own tree from version to version; this serves the files around them
that one request after the other looks at. A document is known by its path and its bytes, so
that a file that changed is never answered for by its older tree.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from treewright_indexer.languages import language_for_path
from treewright_indexer.text import decode

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Overlay

MAX_BYTES: Final = 64 * 1024 * 1024
TREE_FACTOR: Final = 20
"""A tree takes about so many times the size of its text."""
_LARGEST_SHARE: Final = 4
"""A document that would take more than this part of the room is not kept."""


class DocumentCache:
    """See the module. Thread safe; the least recently used go first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._documents: OrderedDict[str, tuple[bytes, Overlay]] = OrderedDict()
        self._n_bytes = 0
        self._n_hits = 0
        self._n_misses = 0

    def get(self, path: str, raw: bytes) -> Overlay:
        """The document whose file has the bytes `raw`. Raises UnreadableFileError."""
        from treewright_indexer.snapshot import Overlay

        with self._lock:
            known = self._documents.get(path)
            if known is not None and known[0] == raw:
                self._documents.move_to_end(path)
                self._n_hits += 1
                return known[1]
            self._n_misses += 1
        document = Overlay(path, language_for_path(path), decode(raw), -1)
        with self._lock:
            self._drop(path)
            if _weight(raw) <= self._max_bytes // _LARGEST_SHARE:
                self._documents[path] = raw, document
                self._n_bytes += _weight(raw)
                while self._n_bytes > self._max_bytes:
                    self._drop(next(iter(self._documents)))
        return document

    def clear(self) -> None:
        with self._lock:
            self._documents.clear()
            self._n_bytes = 0

    def stats(self) -> dict[str, float]:
        """documents, bytes (estimated), max_bytes, utilization (0 to 1), hits, misses."""
        with self._lock:
            return {
                "documents": len(self._documents),
                "bytes": self._n_bytes,
                "max_bytes": self._max_bytes,
                "utilization": round(self._n_bytes / self._max_bytes, 4),
                "hits": self._n_hits,
                "misses": self._n_misses,
            }

    def _drop(self, path: str) -> None:
        known = self._documents.pop(path, None)
        if known is not None:
            self._n_bytes -= _weight(known[0])


def _weight(raw: bytes) -> int:
    return len(raw) * (1 + TREE_FACTOR)
