"""Cancellation: a token that long work looks at between steps."""

from __future__ import annotations

import threading

from treewright_indexer.errors import CancelledError


class CancelToken:
    """Set by the requester, polled by the worker. Safe to share between threads."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise CancelledError once `cancel` was called."""
        if self._event.is_set():
            raise CancelledError("cancelled")
