"""SharedVectors: what was embedded once, for every branch, worktree and process.

One file per model generation for all workspaces of a user, keyed by what was embedded. A vector
is stored as one signed byte per dimension and a scale, a quarter of float32. It is a cache:
where it cannot be read or written, texts are embedded again. Bounded in size; what was not used
for longest goes first.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import apsw

from treewright_indexer.store.sidefile import SideFile
from treewright_indexer.store.sqlite import Connection

MAX_ROWS: Final = 2_000_000
_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, used INTEGER NOT NULL, data BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (generation TEXT NOT NULL);
PRAGMA user_version = {_SCHEMA_VERSION};
"""
_BUSY_MS: Final = 5000
_DAY_S: Final = 86400
_ASKED_AT_ONCE: Final = 500


def vectors_path(folder: Path, generation: str) -> Path:
    """The file for one model generation below the user's cache folder."""
    digest = hashlib.blake2b(generation.encode(), digest_size=8).hexdigest()
    return folder / "vectors" / f"{digest}.db"


class SharedVectors:
    """See the module. Never raises for the file's sake; safe between threads."""

    def __init__(self, path: Path | None, generation: str, dimensions: int) -> None:
        """`path` None keeps vectors in memory, for this process only."""
        self._file = SideFile(path, _SCHEMA, _SCHEMA_VERSION, _BUSY_MS, about=generation)
        self._size = dimensions + 4
        self._lock = threading.Lock()
        self._n_put = 0

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Packed vectors (see `pack`) of those keys that are known; they count as used today."""
        found: dict[bytes, bytes] = {}
        today = int(time.time() // _DAY_S)
        old: list[tuple[int, bytes]] = []
        with self._lock:
            connection = self._file.open()
            if connection is None:
                return found
            try:
                for start in range(0, len(keys), _ASKED_AT_ONCE):
                    some = keys[start : start + _ASKED_AT_ONCE]
                    marks = ",".join("?" * len(some))
                    sql = f"SELECT key, used, data FROM vector WHERE key IN ({marks})"
                    for key, used, data in connection.execute(sql, some):
                        if len(data) == self._size:
                            found[key] = data
                            if used + 7 < today:
                                old.append((today, key))
                if old:
                    with connection:
                        connection.executemany("UPDATE vector SET used = ? WHERE key = ?", old)
            except apsw.Error as error:
                self._file.failed(error)
        return found

    def put(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep packed vectors by key, in one transaction."""
        today = int(time.time() // _DAY_S)
        values = [(key, today, data) for key, data in rows if len(data) == self._size]
        with self._lock:
            connection = self._file.open()
            if connection is None or not values:
                return
            try:
                with connection:
                    connection.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", values)
                self._n_put += len(values)
                if self._n_put > 50_000:
                    self._n_put = 0
                    self._prune(connection)
            except apsw.Error as error:
                self._file.failed(error)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _prune(self, connection: Connection) -> None:
        n_rows: int = connection.execute("SELECT count(*) FROM vector").fetchall()[0][0]
        if n_rows > MAX_ROWS:
            with connection:
                connection.execute(
                    "DELETE FROM vector WHERE key IN (SELECT key FROM vector ORDER BY used LIMIT ?)",
                    (n_rows - MAX_ROWS + MAX_ROWS // 10,),
                )


def packed_scale(data: bytes) -> float:
    """The scale of a packed vector: its bytes times this are the numbers."""
    return struct.unpack_from("<f", data, len(data) - 4)[0]
