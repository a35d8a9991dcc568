"""Index files: how they succeed each other, and when those that nobody uses are removed.

A file that may be open is never replaced, since who closes it last would take the journal of
its replacement away: `name.db` is succeeded by `name.r1.db`, that by `name.r2.db`. Who has an
index open holds a shared lock beside it, so its dates do not matter.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from glob import escape as glob_escape
from pathlib import Path
from typing import Final

UNUSED_DAYS: Final = 7
_DAY_S: Final = 86400
_SUFFIXES: Final = ("", "-wal", "-shm", ".lock", ".build", ".open")


def newest(path: Path) -> Path:
    """The last successor of the index at `path`, or `path` itself."""
    found, number = path, 0
    for each in path.parent.glob(f"{glob_escape(path.stem)}.r*{path.suffix}"):
        digits = each.stem.rpartition(".r")[2]
        if digits.isdecimal() and int(digits) > number:
            found, number = each, int(digits)
    return found


def successor(path: Path) -> Path:
    """The name of the file that comes after `path`, itself an index or a successor."""
    stem, mark, digits = path.stem.rpartition(".r")
    if mark and digits.isdecimal():
        return path.with_name(f"{stem}.r{int(digits) + 1}{path.suffix}")
    return path.with_name(f"{path.stem}.r1{path.suffix}")


def remove_superseded(path: Path, current: Path) -> None:
    """Delete the index at `path` and its successors but `current`. Who still has one open
    keeps reading it until it looks, and then finds the current one."""
    number = _number(current)
    for each in (path, *path.parent.glob(f"{glob_escape(path.stem)}.r*{path.suffix}")):
        if each != current and _number(each) < number:
            _unlink_all(each)


def _number(path: Path) -> int:
    digits = path.stem.rpartition(".r")[2]
    return int(digits) if digits.isdecimal() else 0


class InUse:
    """Says that the index at `path` is open, until `close`, and when it was used last."""

    def __init__(self, path: Path) -> None:
        self._handle = -1
        marker = path.with_name(path.name + ".open")
        try:
            self._handle = os.open(marker, os.O_RDWR | os.O_CREAT, 0o600)
            os.utime(marker)
        except OSError:
            return
        _lock(self._handle, shared=True)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)  # closing releases the lock
            self._handle = -1


def remove_unused(folder: Path, days: float = UNUSED_DAYS) -> list[Path]:
    """Delete the index files in `folder` that nobody opened for so long; which they were.

    Looks once a day, whoever asks; a file that cannot be removed stays.
    """
    stamp = folder / ".upkeep"
    removed: list[Path] = []
    with contextlib.suppress(OSError):
        now = time.time()
        if stamp.exists() and 0 <= now - stamp.stat().st_mtime < _DAY_S:
            return []
        stamp.touch()
        for path in sorted(folder.glob("*.db")):
            marker = path.with_name(path.name + ".open")
            used = (marker if marker.exists() else path).stat().st_mtime
            if now - used > days * _DAY_S and _remove(path, marker):
                removed.append(path)
    return removed


def _remove(path: Path, marker: Path) -> bool:
    try:
        handle = os.open(marker, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return False
    try:
        if not _lock(handle, shared=False):
            return False
        path.unlink(missing_ok=True)  # on Windows an open file refuses
    except OSError:
        return False
    finally:
        os.close(handle)
    _unlink_all(path)
    return True


def _unlink_all(path: Path) -> None:
    for suffix in _SUFFIXES:
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _lock(handle: int, *, shared: bool) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return shared  # a file system without locks: nothing is removed there
    return True
