"""The C library's heap, asked to give back what nobody uses.

Parsing, vectors and SQLite take large pieces of memory for moments, in many threads. glibc keeps
what was freed for later, in up to eight heaps per processor, and raises the size from which a piece
has pages of its own with the largest that it has seen: after hours of work a third of the memory is
free and still resident. Both are settled here, before the threads that work have begun. Elsewhere
(musl, macOS, Windows) nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
N_HEAPS = 2
"""What one thread freed, another one takes; only one thread at a time runs Python anyhow."""
OWN_PAGES_BYTES = 1 << 18
"""Pieces from this size on have pages of their own, which go back when they are freed."""


@lru_cache(maxsize=1)
def _libc() -> Any:
    """glibc, or None."""
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if library.malloc_trim and library.mallopt else None
    except (OSError, AttributeError):
        return None


def settle() -> bool:
    """Fix how many heaps there are, and the size from which pieces have pages of their own.
    Whether it was done. Heaps that are there already stay."""
    libc = _libc()
    if libc is None:
        return False
    heaps = libc.mallopt(_M_ARENA_MAX, N_HEAPS)
    return bool(libc.mallopt(_M_MMAP_THRESHOLD, OWN_PAGES_BYTES) and heaps)


def trim() -> bool:
    """Give free pages of all heaps back: some milliseconds. Whether there were any."""
    libc = _libc()
    return libc is not None and bool(libc.malloc_trim(ctypes.c_size_t(0)))
