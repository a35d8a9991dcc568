"""Memory: what earlier tasks and the user taught about a project. Shown, editable, forgettable.

Rules of the user come first and always; facts and past tasks when they have to do with the request.
One database for all workspaces, each sees its own rows only.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from treewright_agent.feedback.redact import redact
from treewright_indexer.errors import StoreError

Kind = Literal["rule", "fact", "task"]
MAX_ENTRIES = 2_000
MAX_TEXT = 2_000


class Entry(NamedTuple):
    id: int
    kind: Kind
    text: str
    source: str
    """user, task <id>, project"""
    created: float


_SCHEMA = """
create table if not exists memory (
    id integer primary key, workspace text not null, kind text not null, text text not null,
    source text not null, created real not null, unique (workspace, kind, text)
);
create index if not exists memory_workspace on memory (workspace, kind);
"""


class Memory:
    """The memory of one workspace. Thread safe."""

    def __init__(self, workspace: str, path: Path | None = None) -> None:
        """`path` None keeps it in the process. Raises StoreError."""
        self._workspace = workspace
        self._lock = threading.Lock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(
                path if path is not None else ":memory:", check_same_thread=False, timeout=5
            )
            self._connection.execute("pragma journal_mode=wal")
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"project memory cannot be used: {error}") from error

    def add(self, kind: Kind, text: str, source: str) -> int:
        """The new entry's id, or that of the equal one that was there. Secrets are taken out."""
        text = redact(" ".join(text.split()))[:MAX_TEXT]
        if not text:
            return 0
        with self._lock, self._connection as db:
            db.execute(
                "insert or ignore into memory (workspace, kind, text, source, created) values (?,?,?,?,?)",
                (self._workspace, kind, text, source, time.time()),
            )
            row = db.execute(
                "select id from memory where workspace=? and kind=? and text=?",
                (self._workspace, kind, text),
            ).fetchone()
            db.execute(  # the oldest tasks go first, what the user said never by itself
                "delete from memory where workspace=? and kind='task' and id not in"
                " (select id from memory where workspace=? and kind='task' order by id desc limit ?)",
                (self._workspace, self._workspace, MAX_ENTRIES),
            )
        return int(row[0])

    def edit(self, id: int, text: str) -> bool:
        with self._lock, self._connection as db:
            done = db.execute(
                "update memory set text=?, source='user' where id=? and workspace=?",
                (redact(" ".join(text.split()))[:MAX_TEXT], id, self._workspace),
            )
            return done.rowcount > 0

    def forget(self, id: int | None = None) -> int:
        """Delete one entry, or all of this workspace; returns how many."""
        with self._lock, self._connection as db:
            if id is None:
                done = db.execute("delete from memory where workspace=?", (self._workspace,))
            else:
                done = db.execute(
                    "delete from memory where workspace=? and id=?", (self._workspace, id)
                )
            return done.rowcount

    def entries(self, kind: Kind | None = None) -> list[Entry]:
        """Newest last."""
        query = "select id, kind, text, source, created from memory where workspace=?"
        values: list[object] = [self._workspace]
        if kind is not None:
            query += " and kind=?"
            values.append(kind)
        with self._lock:
            rows = self._connection.execute(query + " order by id", values).fetchall()
        return [Entry(*row) for row in rows]

    def recall(self, query: str, k: int = 6) -> list[Entry]:
        """Every rule, then up to `k` facts and tasks that share words with `query`, best first."""
        entries = self.entries()
        rules = [entry for entry in entries if entry.kind == "rule"][:30]
        wanted = _words(query)
        scored = [
            (len(wanted & _words(entry.text)), entry.id, entry)
            for entry in entries
            if entry.kind != "rule"
        ]
        ranked = sorted(((s, i, e) for s, i, e in scored if s), key=lambda row: (-row[0], -row[1]))
        return [*rules, *(entry for _, _, entry in ranked[:k])]

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def text_of(entries: Sequence[Entry]) -> str:
    """As it stands in a prompt."""
    return "\n".join(f"- {entry.text}" for entry in entries)


def _words(text: str) -> set[str]:
    parts = re.findall(r"[A-Za-z]{3,}|[\u4e00-\u9fff]", re.sub(r"([a-z])([A-Z])", r"\1 \2", text))
    return {part.lower() for part in parts} - {"the", "and", "for", "use", "with", "this", "that"}
