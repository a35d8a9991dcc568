"""Logs go to stderr, to a rotating file and to the editor's log panel; never to stdout.

A message may reach the editor, a traceback may not: it holds paths of this machine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

LINE = "%(asctime)s | %(levelname)-8s | %(message)s"
LOGGER = "treewright"
MAX_BYTES = 2_000_000
KEPT_FILES = 3


def configure(level: str, folder: Path | None) -> Path | None:
    """Log to stderr, and to `folder`/treewright.log when it can be written. Returns the file."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.setLevel(level.upper())
    # pygls logs whole messages: code of the user's that has no place in a log.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(logging.Formatter(LINE))
    root.addHandler(stream)
    logging.raiseExceptions = False  # a closed stderr must not bring anything down
    if folder is None:
        return None
    file = RotatingFile(folder / "treewright.log")
    file.setFormatter(logging.Formatter(LINE))
    root.addHandler(file)
    return file.path


class RotatingFile(logging.Handler):
    """A file that starts anew at MAX_BYTES; the KEPT_FILES before it are kept as `.1`, `.2`, ….

    It is opened by the first record. `logging.handlers` has one too, which loads sockets, pickle
    and queues to be imported. A file that cannot be written is given up after one warning.
    """

    def __init__(
        self, path: Path, max_bytes: int = MAX_BYTES, kept_files: int = KEPT_FILES
    ) -> None:
        super().__init__()
        self.path = path
        self._max_bytes = max_bytes
        self._kept_files = kept_files
        self._descriptor = -1
        self._size = 0
        self._broken = False

    def emit(self, record: logging.LogRecord) -> None:
        if self._broken:
            return
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            if self._descriptor < 0:
                self._open()
            if self._size and self._size + len(line) > self._max_bytes:
                self._rotate()
            os.write(self._descriptor, line)
            self._size += len(line)
        except OSError as error:
            self._broken = True
            logging.getLogger(LOGGER).warning("no log file: %s", error)
        except Exception:  # the log must not fail its caller
            self.handleError(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if self._descriptor >= 0:
                os.close(self._descriptor)
        self._descriptor = -1
        super().close()

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(self.path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _rotate(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
        names = [self.path, *(Path(f"{self.path}.{n}") for n in range(1, self._kept_files + 1))]
        for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
            with contextlib.suppress(OSError):  # another server may rotate the same file
                os.replace(newer, older)
        self._open()


class ClientHandler(logging.Handler):
    """Hands each record's message to `send`, from whatever thread it came."""

    def __init__(self, send: Callable[[int, str], None], level: str) -> None:
        super().__init__(level.upper())
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(record.levelno, record.getMessage())
        except Exception:  # the log must not fail its caller
            self.handleError(record)
