"""Small SQLite files of the agent's: opened once, readable by their user alone, never in the way.

A file that is no database any more is put aside under another name, where it can be looked at, and a
new one is begun: what it held is lost, what comes is not.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from pathlib import Path

from treewright_indexer.errors import StoreError

logger = logging.getLogger("treewright")


def opened(path: Path | None, schema: str, what: str) -> sqlite3.Connection:
    """A connection in autocommit mode, for any thread that holds its owner's lock. `path` None: in
    memory. Raises StoreError where nothing can be kept."""
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        return _connected(path, schema)
    except sqlite3.DatabaseError as error:
        if path is None or isinstance(error, sqlite3.OperationalError):
            raise StoreError(f"{what} cannot be kept: {error}") from error
        logger.warning("%s: the file is damaged (%s); it is put aside and begun anew", what, error)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{what} cannot be kept: {error}") from error
    try:
        aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{ending}").replace(f"{aside}{ending}")
        return _connected(path, schema)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{what} cannot be kept: {error}") from error


def _connected(path: Path | None, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        str(path) if path else ":memory:", timeout=5, check_same_thread=False, isolation_level=None
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        if path is not None and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("a page is damaged")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection
