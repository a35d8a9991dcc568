"""The feedback file: opened with care, written in transactions, rewritten when rows must go.

One SQLite file in the user's data folder, through the standard library's `sqlite3`: no
extension is needed here, and a store that must outlive every index should open with any
Python, by hand if need be. Write-ahead log with `synchronous=FULL`: when a transaction has
ended, its event survives a crash of the process and of the machine.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from treewright_agent.feedback.migrations import migrate
from treewright_indexer.errors import StoreError

FILE_NAME = "feedback.sqlite3"
_BUSY_MS = 10_000


def data_folder() -> Path:
    """Where feedback lives: below TREEWRIGHT_HOME, else in the user's data folder."""
    home = os.environ.get("TREEWRIGHT_HOME")
    if home:
        return Path(home).expanduser() / "data"
    from platformdirs import user_data_path

    return user_data_path("treewright", appauthor=False)


class Database:
    """One connection behind one lock. Several processes may hold the same file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection: sqlite3.Connection | None = connection
        self.lock = threading.RLock()
        self.path = path

    @classmethod
    def open(cls, folder: Path | str | None, on_problem: Callable[[str], None]) -> Database:
        """Open or create the file in `folder` (None: `data_folder()`).

        A corrupt file is moved aside, never deleted, and `on_problem` is told where to.
        Raises StoreError with the reason: a newer treewright's file, or a folder that
        cannot be written.
        """
        place = Path(folder) if folder is not None else data_folder()
        path = place / FILE_NAME
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = _connect_or_move_aside(path, on_problem)
        except StoreError as error:
            raise StoreError(f"feedback is not recorded: {path}: {error}") from error
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"feedback is not recorded: cannot open {path}: {error}") from error
        return cls(connection, path)

    def close(self) -> None:
        with self.lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All of it or nothing, durable when it ends. Raises StoreError."""
        with self.lock:
            connection = self._connection
            if connection is None:
                raise StoreError("the feedback store is closed")
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise StoreError(f"feedback is not recorded: {self.path}: {error}") from error

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Read only. [] once closed. Raises StoreError."""
        with self.lock:
            if self._connection is None:
                return []
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"feedback cannot be read: {self.path}: {error}") from error

    def rewrite(self) -> None:
        """Write the file anew and empty the log: no deleted text stays in free pages.

        Raises StoreError when another process keeps it from being rewritten.
        """
        with self.lock:
            if self._connection is None:
                raise StoreError("the feedback store is closed")
            try:
                self._connection.execute("VACUUM")
                row = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                raise StoreError(str(error)) from error
            if row[0]:
                raise StoreError("another process reads it; old pages stay until it is done")


def remove_asides(path: Path) -> None:
    """Delete corrupt files that were moved aside: they hold what must be forgotten."""
    for aside in path.parent.glob(f"{FILE_NAME}.corrupt-*"):
        aside.unlink(missing_ok=True)


def _connect_or_move_aside(path: Path, on_problem: Callable[[str], None]) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, (sqlite3.OperationalError, sqlite3.NotSupportedError)):
            raise  # locked, read-only, disk full: the file itself may be sound
        aside = _move_aside(path)
        on_problem(
            f"The feedback file was corrupt ({error}). It was kept as {aside}; recording starts anew."
        )
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000, check_same_thread=False)
    try:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        # Before anything is written: a file that is damaged or not ours stays as it is.
        _require_sound(connection, path)
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        if os.name == "posix":
            os.chmod(path, 0o600)
    except BaseException:
        connection.close()
        raise
    return connection


_CHECKED_WHOLE_BYTES = 64 << 20
"""A larger file is not read through at each start: its schema is, and each page when used."""


def _require_sound(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size > _CHECKED_WHOLE_BYTES:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _move_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside
