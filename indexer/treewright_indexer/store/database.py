"""Connections to one index file: one writer, a pool of readers, repair of a broken file.

A corrupt file or one of a newer schema is succeeded by a new one (see `upkeep`); a folder that
cannot be written gets a database in memory. Both are said once through `on_problem`. Only this
package imports apsw, and apsw's exceptions do not leave it.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from treewright_indexer.errors import StoreError
from treewright_indexer.model import FACTS_FORMAT
from treewright_indexer.store.filelock import FileLock
from treewright_indexer.store.schema import CONNECTION_PRAGMAS, CONTENT_TABLES, MIGRATIONS
from treewright_indexer.store.sqlite import BROKEN, Connection, Row, connect
from treewright_indexer.store.upkeep import InUse, newest, remove_superseded, successor

T = TypeVar("T")

_UNUSABLE = (apsw.Error, OSError)
_BUSY = (apsw.BusyError, apsw.LockedError)
_BUSY_TIMEOUT_MS = 10_000
_MAX_IDLE_READERS = 8
_memory_names = itertools.count(1)
_FACTS_FORMAT = f"{FACTS_FORMAT}/{marshal.version}"


class _NewerSchemaError(Exception):
    """The file was written by a newer treewright."""


class _MovedError(Exception):
    """The file at the path is no longer the one that was opened."""


class Database:
    """See the module. Thread safe. `epoch` counts how often the content was lost."""

    def __init__(
        self, path: Path | None, on_problem: Callable[[str], None], on_reset: Callable[[], None]
    ) -> None:
        self._base = path
        self.path = path
        """The file in use: `_base` or what succeeded it."""
        self.epoch = 0
        self._on_problem = on_problem
        self._on_reset = on_reset
        self._write_lock = threading.RLock()  # taken before the pool's, never after
        self._pool_lock = threading.Lock()
        self._readers: list[tuple[int, Connection]] = []
        self._closed = False
        self._identity: tuple[int, int] | None = None
        self._memory = ""
        self._use: InUse | None = None
        self._writer = self._open()
        self._version_reader = self._connect()
        self._version_lock = threading.Lock()

    @property
    def in_memory(self) -> bool:
        return bool(self._memory)

    # ---------------------------------------------------------------- use

    def query(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[Row]:
        """All rows. A broken file is repaired, and the answer is the empty one's."""
        return self.read(lambda connection: connection.execute(sql, bindings).fetchall())

    def read(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` on a reader's connection. Raises StoreError."""
        for attempt in (1, 2, 3):
            epoch = self.epoch
            try:
                opened, connection = self._take()
                try:
                    result = work(connection)
                except BaseException:
                    connection.close()
                    raise
                self._give(opened, connection)
                return result
            except (_MovedError, *BROKEN) as error:
                self._recover(epoch, error)
            except _BUSY as error:
                if attempt == 3:
                    raise StoreError("another process keeps the index locked") from error
            except apsw.Error as error:
                if attempt == 3 or not self._moved():
                    raise StoreError(f"cannot read the index: {error}") from error
                self._recover(epoch, error)
        raise StoreError("the index file breaks again and again")

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction, all of it or nothing. Raises StoreError."""
        for attempt in (1, 2, 3):
            epoch = self.epoch
            with self._write_lock:
                if self._closed:
                    raise StoreError("the index is closed")
                try:
                    if self._moved():
                        raise _MovedError
                    return self._transaction(work)
                except (_MovedError, *BROKEN) as error:
                    self._recover(epoch, error)
                except _BUSY as error:
                    if attempt == 3:
                        raise StoreError("another process keeps the index locked") from error
                except apsw.Error as error:
                    raise StoreError(f"cannot write the index: {error}") from error
        raise StoreError("the index file breaks again and again")

    def version(self) -> int:
        """Differs after every committed write, whichever connection or process made it."""
        with self._version_lock:
            if self._closed:
                return -1
            try:
                value: int = self._version_reader.execute("PRAGMA data_version").fetchall()[0][0]
            except apsw.Error:
                value = 0  # broken: the next read says so and repairs it
            return self.epoch << 40 | value

    def checkpoint(self) -> None:
        """Merge the journal into the file and empty it, unless somebody reads from it."""
        with self._write_lock, contextlib.suppress(apsw.Error):
            if not self._closed and not self._memory:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def verify(self) -> bool:
        """Have SQLite look at every page; a damaged file is replaced by an empty one."""
        epoch = self.epoch
        try:
            found = self.read(
                lambda connection: connection.execute("PRAGMA quick_check(1)").fetchall()
            )
        except StoreError:
            return False
        if self.epoch == epoch and found != [("ok",)]:
            self._recover(epoch, ValueError(found[0][0] if found else "no answer"))
        return self.epoch == epoch

    def close(self) -> None:
        with self._write_lock:
            self._closed = True
            self._close_connections()
            if self._use is not None:
                self._use.close()

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._writer)
            self._writer.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(apsw.Error):
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            raise
        return result

    # ---------------------------------------------------------------- connections

    def _take(self) -> tuple[int, Connection]:
        """A reader and the epoch whose file it reads."""
        with self._pool_lock:
            if self._closed:
                raise StoreError("the index is closed")
            epoch = self.epoch
            while self._readers:
                opened, connection = self._readers.pop()
                if opened == epoch:
                    return opened, connection
                connection.close()  # given back while its file was being succeeded
        return epoch, self._connect()

    def _give(self, epoch: int, connection: Connection) -> None:
        with self._pool_lock:
            if not self._closed and epoch == self.epoch and len(self._readers) < _MAX_IDLE_READERS:
                self._readers.append((epoch, connection))
                return
        connection.close()

    def _connect(self, *, create: bool = False) -> Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        if self._memory:
            connection = connect(self._memory, flags | apsw.SQLITE_OPEN_CREATE)
            connection.set_busy_handler(_wait_a_little)  # its locks last for milliseconds
            return connection
        assert self.path is not None
        if create:
            flags |= apsw.SQLITE_OPEN_CREATE
        elif self._moved():
            raise _MovedError
        connection = connect(self.path, flags & ~apsw.SQLITE_OPEN_URI)
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        connection.execute(CONNECTION_PRAGMAS)
        return connection

    def _close_connections(self) -> None:
        with self._pool_lock:
            for _, connection in self._readers:
                connection.close()
            self._readers.clear()
        with self._version_lock:
            self._version_reader.close()
        self._writer.close()

    # ---------------------------------------------------------------- opening and repair

    def _open(self) -> Connection:
        if self._base is None:
            return self._open_memory()
        try:
            self._base.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock_path()):
                self.path = newest(self._base)
                try:
                    return self._open_file()
                except BROKEN as error:
                    self._on_problem(
                        f"the index {self.path} is corrupt ({error}): building it anew"
                    )
                except _NewerSchemaError:
                    self._on_problem(
                        f"the index {self.path} was written by a newer treewright: building it anew"
                    )
                self.path = successor(self.path)
                return self._open_file()
        except (_NewerSchemaError, *_UNUSABLE) as error:
            return self._fall_back(error)

    def _fall_back(self, error: Exception) -> Connection:
        assert self.path is not None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self._on_problem(
            f"cannot write the index in {self.path.parent} ({reason}): keeping it in memory"
        )
        return self._open_memory()

    def _open_memory(self) -> Connection:
        self._memory = f"file:/treewright-{os.getpid()}-{next(_memory_names)}?vfs=memdb"
        connection = self._connect()
        _migrate(connection)
        return connection

    def _open_file(self) -> Connection:
        assert self.path is not None
        assert self._base is not None
        if self._use is not None:
            self._use.close()
        self._use = InUse(self.path)  # before it is opened: it must not be removed now
        connection = self._connect(create=True)
        try:
            connection.execute("PRAGMA page_size = 8192")  # in force only while it is empty
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            _migrate(connection)
            self._identity = _identity(self.path)
            remove_superseded(self._base, self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _recover(self, epoch: int, error: Exception) -> None:
        """Replace a file found broken, or reopen one that another process replaced."""
        with self._write_lock:
            if self._closed or self.epoch != epoch:
                return  # another thread did it
            self._on_reset()  # nobody may take the empty file for a complete one …
            self._close_connections()
            if self._base is not None and self.path is not None and not self._memory:
                try:
                    with FileLock(self._lock_path()):
                        latest = newest(self._base)
                        if latest == self.path:
                            if not self._moved():
                                self._on_problem(
                                    f"the index {self.path} is corrupt ({error}): building it anew"
                                )
                            latest = successor(self.path)
                        self.path = latest
                        self._writer = self._open_file()
                except (_NewerSchemaError, *_UNUSABLE) as failure:
                    self._writer = self._fall_back(failure)
            else:
                self._writer = self._open_memory()
            with self._version_lock, self._pool_lock:
                self._version_reader = self._connect()
                self.epoch += 1
        self._on_reset()  # … and what was found out of the old one does not count

    def _moved(self) -> bool:
        """Whether the file was deleted, or succeeded by another one, which deletes it."""
        if self._memory or self.path is None:
            return False
        return _identity(self.path) != self._identity

    def _lock_path(self) -> Path:
        assert self._base is not None
        return self._base.with_name(self._base.name + ".lock")


def _migrate(connection: Connection) -> None:
    """Bring the schema to this program's. Raises _NewerSchemaError and apsw's errors."""
    connection.execute("BEGIN IMMEDIATE")  # also proves that the file can be written
    try:
        version: int = connection.execute("PRAGMA user_version").fetchall()[0][0]
        if version > len(MIGRATIONS):
            raise _NewerSchemaError
        for migration in MIGRATIONS[version:]:
            connection.execute(migration)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        sql = "SELECT value FROM meta WHERE key = 'facts_format'"
        found = connection.execute(sql).fetchall()
        if found != [(_FACTS_FORMAT,)]:
            clear(connection)
            connection.execute(
                "INSERT OR REPLACE INTO meta VALUES ('facts_format', ?)", (_FACTS_FORMAT,)
            )
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def clear(connection: Connection) -> None:
    """Delete every file's rows. Names stay: caches of their ids remain valid."""
    for table in CONTENT_TABLES:
        connection.execute(f"DELETE FROM {table}")
    connection.execute("INSERT INTO word (word) VALUES ('delete-all')")
    connection.execute("DELETE FROM meta WHERE key = 'complete'")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _wait_a_little(n_calls: int) -> bool:
    time.sleep(0.001)
    return n_calls < _BUSY_TIMEOUT_MS
