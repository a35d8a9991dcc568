"""Crash reports: one file per kind of unexpected error, on this machine alone, without its text.

A report holds versions, the kind of the error and where in treewright it happened. It holds no code,
no paths of the user's and no secrets, so that a user can read it and hand it on.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

MAX_REPORTS: Final = 50
_OWN: Final = ("treewright_server", "treewright_agent", "treewright_indexer")


class CrashReports(logging.Handler):
    """Takes records that carry an exception. Writes nothing before there is one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.ERROR)
        self.folder = folder
        self._seen: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if not record.exc_info or record.exc_info[1] is None:
            return
        try:
            self.write(record.exc_info[1], str(record.msg))
        except Exception:  # the report must not fail its caller
            self.handleError(record)

    def write(self, error: BaseException, doing: str) -> Path | None:
        """`doing`: the log's format text, which holds nothing of the user's."""
        import json

        report = describe(error, doing)
        signature = report["signature"]
        count = self._seen[signature] = self._seen.get(signature, 0) + 1
        path = self.folder / f"{signature}.json"
        if count > 1 and count & (count - 1):  # written again at 2, 4, 8 …
            return path
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists() and len(list(self.folder.glob("*.json"))) >= MAX_REPORTS:
                return None
            report["count"] = count
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(report, file, indent=2)
            return path
        return None


def describe(error: BaseException, doing: str) -> dict[str, Any]:
    """What a report says."""
    import hashlib
    import json
    import platform

    from treewright_server import __version__

    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        chain.append(
            {
                "kind": type(current).__name__,
                "message": _without_place(str(current)),
                "frames": _frames(current.__traceback__),
            }
        )
        current = current.__cause__ or current.__context__
    mark = json.dumps([[each["kind"], each["frames"][-3:]] for each in chain])
    return {
        "signature": hashlib.blake2b(mark.encode(), digest_size=6).hexdigest(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "treewright": __version__,
        "python": platform.python_version(),
        "system": f"{sys.platform} {platform.machine()}",
        "doing": doing[:200],
        "errors": chain,
    }


def _frames(trace: TracebackType | None) -> list[str]:
    """`module:line function` of our own frames, and the name alone of others'."""
    import traceback

    found: list[str] = []
    for frame, line in traceback.walk_tb(trace):
        module = str(frame.f_globals.get("__name__", "?"))
        if module.split(".")[0] in _OWN:
            found.append(f"{module}:{line} {frame.f_code.co_name}")
        else:
            found.append(f"{module.split('.')[0]} {frame.f_code.co_name}")
    return found[-30:]


def _without_place(text: str) -> str:
    """An error's words without secrets, quoted text and paths, which may be the user's."""
    import re

    from treewright_agent.guard.secrets import redact

    shown = re.sub(r"(['\"`]).*?\1", "'…'", redact(text))
    shown = re.sub(r"(?:[A-Za-z]:)?(?:[/\\][^\s:,;()'\"]+)+", "<path>", shown)
    return shown[:300]


def reports(folder: Path) -> list[dict[str, Any]]:
    """Those that are there, newest first."""
    import json

    found: list[dict[str, Any]] = []
    for path in folder.glob("*.json") if folder.is_dir() else ():
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads(path.read_text(encoding="utf-8")))
    return sorted(found, key=lambda report: str(report.get("time")), reverse=True)


_fault_file: Any = None  # open as long as the process lives: the handler writes to its descriptor


def catch_faults(folder: Path) -> None:
    """A fault that kills the interpreter leaves the stacks of all threads in `faults.log`."""
    global _fault_file
    import faulthandler

    with contextlib.suppress(OSError, ValueError, RuntimeError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _fault_file = open(folder / "faults.log", "a", encoding="utf-8")  # noqa: PTH123, SIM115
        faulthandler.enable(_fault_file)
