"""Names of the index file: their ids, and those of symbols in memory for `workspace/symbol`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from typing import Final

from treewright_indexer.search.symbols import NameTable, rank_and_length, rank_of
from treewright_indexer.store.sqlite import Connection, scalar

_ASKED_AT_ONCE: Final = 500
_MERGE_AT: Final = 2000


class Interner:
    """Ids of names. Used inside write transactions only.

    Bulk work keeps every name in memory; what a few files need is looked up. The writer holds
    the database's write lock, so after `learn` nobody else adds a name.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._ids: dict[str, int] = {}
        self._last = 0

    def forget(self) -> None:
        """After a rollback, a lost file, or bulk work."""
        self._ids, self._last = {}, 0

    def ids(self, connection: Connection, names: Iterable[str], *, bulk: bool) -> Mapping[str, int]:
        """Ids of at least `names`; new ones are inserted."""
        wanted = dict.fromkeys(names)
        last: int = scalar(connection, f"SELECT ifnull(max(id), 0) FROM {self._table}")
        if bulk:
            ids = self._learn(connection, last)
        else:
            ids = self._look_up(connection, list(wanted))
        new = [name for name in wanted if name not in ids]
        if new:
            rows = [(last + offset, name) for offset, name in enumerate(new, 1)]
            connection.executemany(f"INSERT INTO {self._table} VALUES (?, ?)", rows)
            ids.update((name, id) for id, name in rows)
            if bulk:
                self._last = last + len(new)
        return ids

    def _learn(self, connection: Connection, last: int) -> dict[str, int]:
        """Every name, those included that other processes added since."""
        if last < self._last:
            self.forget()
        if last > self._last:
            sql = f"SELECT text, id FROM {self._table} WHERE id > ?"
            self._ids.update(connection.execute(sql, (self._last,)).fetchall())
            self._last = last
        return self._ids

    def _look_up(self, connection: Connection, names: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(names), _ASKED_AT_ONCE):
            some = names[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            sql = f"SELECT text, id FROM {self._table} WHERE text IN ({marks})"
            found.update(connection.execute(sql, some).fetchall())
        return found


class SymbolNames:
    """Every name that some symbol has or had, in memory; grows as the table does.

    The store keeps them ready made too, so that after a restart one row is all there is to read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoch = -1
        self._last = 0
        self._table = NameTable("")
        self._recent: list[str] = []

    def ranked(self, connection: Connection, epoch: int, query: str) -> Iterator[tuple[int, str]]:
        """(rank, name) by rank and length."""
        with self._lock:
            if epoch != self._epoch:
                self._epoch, self._recent = epoch, []
                self._last, text = _kept(connection)
                self._table = NameTable(text)
            rows = connection.execute(
                "SELECT text, id FROM symbol_name WHERE id > ? ORDER BY id", (self._last,)
            ).fetchall()
            if rows:
                self._last = rows[-1][1]
                self._recent += [row[0] for row in rows]
                if len(self._recent) > _MERGE_AT:
                    names = (*self._table.names, *self._recent)
                    self._table, self._recent = NameTable(NameTable.joined(names)), []
            table, recent = self._table, list(self._recent)
        found = [(rank, name) for name in recent if (rank := rank_of(name, query)) is not None]
        found.sort(key=rank_and_length)
        return merge(table.ranked(query), found, key=rank_and_length)

    @staticmethod
    def keep(connection: Connection) -> None:
        """Keep the names ready made in the file, if many are new since that was done last."""
        last, text = _kept(connection)
        rows = connection.execute(
            "SELECT text, id FROM symbol_name WHERE id > ? ORDER BY id", (last,)
        ).fetchall()
        if len(rows) > _MERGE_AT:
            text = NameTable.joined((*NameTable(text).names, *(row[0] for row in rows)))
            connection.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [("names", text), ("names_last", str(rows[-1][1]))],
            )


def _kept(connection: Connection) -> tuple[int, str]:
    """The id of the last name that `keep_names` joined, and what it made of them."""
    rows = connection.execute(
        "SELECT key, value FROM meta WHERE key IN ('names', 'names_last')"
    ).fetchall()
    found = dict(rows)
    return int(found.get("names_last", 0)), found.get("names", "")
