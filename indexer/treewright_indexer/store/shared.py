"""SharedFacts: what was extracted from a text once, for every branch, worktree and process.

One file for all workspaces of a user, keyed by content and by what extracted it. It is a cache
of a cache: where it cannot be read or written, texts are extracted again. Bounded in size; what
was not used for longest goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import apsw

from treewright_indexer.model import FACTS_FORMAT
from treewright_indexer.store.sidefile import SideFile
from treewright_indexer.store.sqlite import Connection, scalar

MAX_BYTES: Final = 256 * 1024 * 1024
_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS entry (
    key BLOB PRIMARY KEY,
    used INTEGER NOT NULL,
    blob BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_used ON entry (used);
PRAGMA user_version = {_SCHEMA_VERSION};
"""
_BUSY_MS: Final = 2000
_DAY_S: Final = 86400
_ASKED_AT_ONCE: Final = 200


def key_of(content_hash: str, extractor: str) -> bytes:
    """16 bytes; `extractor` names the language and its version."""
    text = f"{FACTS_FORMAT}\0{marshal.version}\0{extractor}\0{content_hash}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class SharedFacts:
    """See the module. Never raises for the file's sake. For one thread."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._file = SideFile(path, _SCHEMA, _SCHEMA_VERSION, _BUSY_MS)
        self._max_bytes = max_bytes

    def get(self, keys: Iterable[bytes]) -> dict[bytes, Any]:
        """The values of those keys that are known; they count as used today."""
        wanted, found = list(keys), dict[bytes, Any]()
        today = int(time.time() // _DAY_S)
        old: list[bytes] = []
        connection = self._file.open()
        if connection is None:
            return found
        try:
            for start in range(0, len(wanted), _ASKED_AT_ONCE):
                some = wanted[start : start + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                sql = f"SELECT key, used, blob FROM entry WHERE key IN ({marks})"
                for key, used, blob in connection.execute(sql, some):
                    with contextlib.suppress(zlib.error, ValueError, EOFError, TypeError):
                        found[key] = marshal.loads(zlib.decompress(blob))
                        if used != today:
                            old.append(key)
            if old:
                with connection:
                    connection.executemany(
                        "UPDATE entry SET used = ? WHERE key = ?", [(today, key) for key in old]
                    )
        except apsw.Error as error:
            self._file.failed(error)
        return found

    def put(self, values: Iterable[tuple[bytes, Any]]) -> None:
        """Keep what `marshal` can write."""
        connection = self._file.open()
        if connection is None:
            return
        today = int(time.time() // _DAY_S)
        rows = [(key, today, zlib.compress(marshal.dumps(value), 1)) for key, value in values]
        try:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", rows)
            self._prune(connection)
        except apsw.Error as error:
            self._file.failed(error)

    def close(self) -> None:
        self._file.close()

    def _prune(self, connection: Connection) -> None:
        """Drop the longest unused tenth while the file holds more than it may."""
        while _used_bytes(connection) > self._max_bytes:
            with connection:
                n_rows: int = connection.execute("SELECT count(*) FROM entry").fetchall()[0][0]
                connection.execute(
                    "DELETE FROM entry WHERE rowid IN"
                    " (SELECT rowid FROM entry ORDER BY used, rowid LIMIT ?)",
                    (n_rows // 10 + 1,),
                )


def _used_bytes(connection: Connection) -> int:
    def value(name: str) -> int:
        return scalar(connection, f"PRAGMA {name}")

    return (value("page_count") - value("freelist_count")) * value("page_size")
