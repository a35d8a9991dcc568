"""Logs go to stderr, to a rotating file and to the editor's log panel; never to stdout.

A message may reach the editor, a traceback may not: it holds paths of this machine.
"""

from __future__ import annotations

import logging
import logging.handlers
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
    path = folder / "treewright.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
        )
    except OSError as error:
        logging.getLogger(LOGGER).warning("no log file: %s", error)
        return None
    file.setFormatter(logging.Formatter(LINE))
    root.addHandler(file)
    return path


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
