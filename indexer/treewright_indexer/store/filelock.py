"""A lock between processes that the system releases when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType


class FileLock:
    """Exclusive lock on a file that is made when absent and never removed.

    An object is for one thread. Without write access it locks nothing: the database's
    own locks still keep the data whole.
    """

    def __init__(self, path: Path, *, waiting: Callable[[], None] | None = None) -> None:
        self._path = path
        self._waiting = waiting
        self._handle = -1

    def __enter__(self) -> FileLock:
        while not self.acquire():
            if self._waiting is not None:
                self._waiting()
            time.sleep(0.1)
        return self

    def acquire(self) -> bool:
        """Take the lock if it is free; True also where nothing can be locked."""
        if self._handle < 0:
            try:
                flags = os.O_RDWR | os.O_CREAT  # Python makes the handle non-inheritable
                self._handle = os.open(self._path, flags, 0o600)
            except OSError:
                return True
        if self._try():
            return True
        self.release()
        return False

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)  # closing releases the lock
            self._handle = -1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _try(self) -> bool:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(self._handle, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True  # a file system without locks
        return True
