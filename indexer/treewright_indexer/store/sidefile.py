"""SideFile: a SQLite file that several workspaces share and nobody needs.

What it holds can be had again, so a failure is never an error: a damaged file is removed and
made anew, and one that cannot be used otherwise is done without.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import apsw

from treewright_indexer.store.sqlite import BROKEN, Connection, connect, scalar


class SideFile:
    """See the module. For one thread at a time."""

    def __init__(
        self, path: Path | None, schema: str, version: int, busy_ms: int, about: str = ""
    ) -> None:
        """`schema` sets `user_version` to `version`; what `about` inserts says whose file it is.

        `path` None keeps it in memory, for this process only.
        """
        self._path = path
        self._schema = schema
        self._version = version
        self._busy_ms = busy_ms
        self._about = about
        self._connection: Connection | None = None
        self._unusable = False

    def open(self) -> Connection | None:
        """The connection, opened by the first call; None where the file cannot be used."""
        if self._connection is None and not self._unusable:
            for attempt in (1, 2):
                try:
                    self._connection = self._connect()
                    break
                except BROKEN as error:
                    self.failed(error)
                    self._unusable = attempt == 2
                except (apsw.Error, OSError):
                    self._unusable = True
                    break
        return self._connection

    def failed(self, error: apsw.Error) -> None:
        """Go on without; a file that is no database is removed, to be made anew."""
        self.close()
        if self._path is not None and isinstance(error, BROKEN):
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    self._path.with_name(self._path.name + suffix).unlink()
        else:
            self._unusable = True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Connection:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(":memory:" if self._path is None else self._path)
        try:
            connection.set_busy_timeout(self._busy_ms)
            version: int = scalar(connection, "PRAGMA user_version")
            if version > self._version:
                raise apsw.CantOpenError("written by a newer treewright")
            if version < self._version:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
                connection.execute("BEGIN IMMEDIATE;" + self._schema + "COMMIT")
                if self._about:
                    connection.execute("INSERT INTO about VALUES (?)", (self._about,))
            connection.execute("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216")
        except BaseException:
            connection.close()
            raise
        return connection
