"""Files of `#include "name"` in C and C++, without the flags of a compiler.

Beside the file that includes it, then in the folders above and their `include` and `src`, then
the one file of the workspace whose path ends so. Where several end so, the nearest counts, and
where none is nearest, none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

from treewright_indexer.snapshot import Snapshot

_FOLDERS: Final = ("", "include", "src")
_STANDARD: Final = frozenset(
    f"{name}.h"
    for name in """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
    stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath
    threads time uchar wchar wctype unistd fcntl pthread dlfcn poll sched semaphore strings termios
    """.split()
)
"""The compiler's own, which a file of the same name somewhere in the workspace is not."""


class Includes:
    """See the module. For one answer."""

    def __init__(self, snapshot: Snapshot, is_file: Callable[[str], bool]) -> None:
        self._snapshot = snapshot
        self._is_file = is_file
        self._by_name: dict[str, list[str]] | None = None

    def find(self, from_path: str, name: str) -> str | None:
        """The file of the workspace that is included; None for one of the compiler's."""
        name = name.replace("/", os.sep)
        folder = os.path.dirname(from_path)
        beside = os.path.normpath(os.path.join(folder, name))
        if self._is_file(beside):
            return beside
        if name.startswith(".") or os.path.isabs(name):
            return None
        home = self._snapshot.folder_of(from_path)
        while home is not None and len(folder) >= len(home.root):
            for inner in _FOLDERS:
                path = os.path.normpath(os.path.join(folder, inner, name))
                if self._is_file(path):
                    return path
            folder = os.path.dirname(folder)
        return None if name in _STANDARD else self._ending_so(from_path, name)

    def _ending_so(self, from_path: str, name: str) -> str | None:
        if self._by_name is None:
            self._by_name = {}
            for path in self._snapshot.files():
                language = self._snapshot.language(path)
                if language is not None and language.modules == "include":
                    self._by_name.setdefault(os.path.basename(path), []).append(path)
        ending = os.sep + os.path.normpath(name)
        found = [p for p in self._by_name.get(os.path.basename(name), ()) if p.endswith(ending)]
        return found[0] if len(found) == 1 else _nearest(from_path, found)


def _nearest(path: str, others: Sequence[str]) -> str | None:
    """The one that shares most folders with `path`; None when two share as many."""
    ranked = sorted(((_n_shared(path, other), other) for other in others), reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]


def _n_shared(one: str, other: str) -> int:
    n_shared = 0
    for ours, theirs in zip(one.split(os.sep), other.split(os.sep), strict=False):
        if ours != theirs:
            break
        n_shared += 1
    return n_shared
