"""Logs go to stderr, to a rotating file and to the editor's log panel; never to stdout.

A message may reach the editor, a traceback may not: it holds paths of this machine. Secrets are
taken out of whatever is written, and a line written for a task names it.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

LINE = "%(asctime)s | %(levelname)-8s | %(message)s"
LOGGER = "treewright"
MAX_BYTES = 2_000_000
KEPT_FILES = 3


task_id: contextvars.ContextVar[str] = contextvars.ContextVar("task_id", default="")
"""The task that this thread works for; '' for none."""

_MAYBE_SECRET = re.compile(r"[A-Za-z0-9_+=-]{20,}|(?i:passw|token|secret|key|auth|://)")
"""Lines without any of this are not looked at closely: most are such."""


def clean(text: str) -> str:
    """`text` without secrets. The detector is loaded by the first line that may hold one."""
    if not _MAYBE_SECRET.search(text):
        return text
    from treewright_agent.guard.secrets import redact

    return redact(text)


class Lines(logging.Formatter):
    """For people: one line, and the traceback behind it."""

    def format(self, record: logging.LogRecord) -> str:
        task = task_id.get()
        shown = super().format(record)
        return clean(f"{shown} | task {task}" if task else shown)


class JsonLines(logging.Formatter):
    """For programs: one JSON object a line, whatever it holds."""

    def format(self, record: logging.LogRecord) -> str:
        import json

        row: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": clean(record.getMessage()),
        }
        if task := task_id.get():
            row["task"] = task
        if record.exc_info:
            row["error"] = clean(self.formatException(record.exc_info))
        return json.dumps(row, ensure_ascii=False, default=str)


def configure(level: str, folder: Path | None, form: str = "text") -> Path | None:
    """Log to stderr, and to `folder`/treewright.log when it can be written. Returns the file.

    `form`: "text" or "json", of both.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.setLevel(level.upper())
    # pygls logs whole messages: code of the user's that has no place in a log.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    stream = logging.StreamHandler(sys.stderr)
    formatter = JsonLines() if form == "json" else Lines(LINE)
    stream.setFormatter(formatter)
    root.addHandler(stream)
    logging.raiseExceptions = False  # a closed stderr must not bring anything down
    if folder is None:
        return None
    file = RotatingFile(folder / "treewright.log")
    file.setFormatter(formatter)
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
            self._send(record.levelno, clean(record.getMessage()))
        except Exception:  # the log must not fail its caller
            self.handleError(record)
