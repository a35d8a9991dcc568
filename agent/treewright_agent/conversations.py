"""Conversations that outlive the server: what was said, turn by turn, by an id of the client's.

Kept as JSON for a day after the last word, secrets taken out. The user's words are on disk before
anybody answers, so a conversation that was cut off in the middle of an answer says so.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treewright_agent.guard.secrets import redact
from treewright_agent.keeping import opened
from treewright_indexer.errors import ArgumentsError, StoreError

KEPT_S = 24 * 3600.0
MAX_TURNS = 200
"""Of one conversation; the oldest go first."""
MAX_CHARACTERS = 200_000
IN_MEMORY = 100
MAX_ID = 200

Turn = tuple[str, str]
"""(role, text); the role is user or assistant."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
  workspace TEXT NOT NULL, id TEXT NOT NULL, started REAL NOT NULL, changed REAL NOT NULL,
  turns TEXT NOT NULL, PRIMARY KEY (workspace, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversations_by_age ON conversations (changed);
"""


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    started: float
    changed: float
    turns: tuple[Turn, ...]

    @property
    def interrupted(self) -> bool:
        """The last word is the user's: the answer was cut off, or is on its way."""
        return bool(self.turns) and self.turns[-1][0] == "user"

    def to_json(self) -> dict[str, Any]:
        first = next((text for role, text in self.turns if role == "user"), "")
        return {
            "id": self.id, "started": self.started, "changed": self.changed, "turns": len(self.turns),
            "title": first.strip().split("\n")[0][:100], "interrupted": self.interrupted,
        }  # fmt: skip


class Conversations:
    """Of all workspaces. Thread safe; raises StoreError where nothing can be kept."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._db = opened(path, _SCHEMA, "conversations")
        self._near: OrderedDict[tuple[str, str], Conversation] = OrderedDict()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def get(self, workspace: str, id: str) -> Conversation | None:
        """None for one that was never begun, or that nothing was said in for too long."""
        key = workspace, _checked(id)
        with self._lock:
            found = self._near.get(key) or self._read(key)
            if found is None or self._clock() - found.changed > KEPT_S:
                return None
            self._remember(key, found)
            return found

    def say(self, workspace: str, id: str, role: str, text: str) -> Conversation:
        """Add one turn. On disk when it returns. Raises StoreError, ArgumentsError."""
        before = self.get(workspace, id)
        now = self._clock()
        turns = [*(before.turns if before else ()), (role, redact(text))][-MAX_TURNS:]
        while len(turns) > 1 and sum(len(words) for _, words in turns) > MAX_CHARACTERS:
            del turns[0]
        after = Conversation(id, before.started if before else now, now, tuple(turns))
        try:
            with self._lock:
                self._db.execute(
                    "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?)",
                    (workspace, id, after.started, now, json.dumps(turns, ensure_ascii=False)),
                )
                self._remember((workspace, id), after)
        except sqlite3.Error as error:
            raise StoreError(f"the conversation cannot be kept: {error}") from error
        return after

    def all(self, workspace: str) -> list[Conversation]:
        """Those that are kept, the last that was spoken in first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, started, changed, turns FROM conversations WHERE workspace = ? AND changed >= ?"
                " ORDER BY changed DESC",
                (workspace, self._clock() - KEPT_S),
            ).fetchall()
        return [_conversation(row) for row in rows]

    def forget(self, workspace: str, id: str) -> bool:
        with self._lock:
            self._near.pop((workspace, id), None)
            gone = self._db.execute(
                "DELETE FROM conversations WHERE workspace = ? AND id = ?", (workspace, id)
            )
            return gone.rowcount > 0

    def prune(self) -> int:
        """Forget what is too old; returns how many. A piece at a time: nobody waits for it long."""
        n = 0
        while True:
            with self._lock:
                old = self._clock() - KEPT_S
                gone = self._db.execute(
                    "DELETE FROM conversations WHERE (workspace, id) IN"
                    " (SELECT workspace, id FROM conversations WHERE changed < ? LIMIT 500)",
                    (old,),
                ).rowcount
                for key in [key for key, each in self._near.items() if each.changed < old]:
                    del self._near[key]
            n += max(0, gone)
            if gone <= 0:
                return n

    @property
    def n_in_memory(self) -> int:
        return len(self._near)

    def _read(self, key: tuple[str, str]) -> Conversation | None:
        row = self._db.execute(
            "SELECT id, started, changed, turns FROM conversations WHERE workspace = ? AND id = ?",
            key,
        ).fetchone()
        return _conversation(row) if row is not None else None

    def _remember(self, key: tuple[str, str], conversation: Conversation) -> None:
        self._near[key] = conversation
        self._near.move_to_end(key)
        while len(self._near) > IN_MEMORY:
            self._near.popitem(last=False)


def _conversation(row: tuple[Any, ...]) -> Conversation:
    id, started, changed, turns = row
    return Conversation(
        str(id), float(started), float(changed), tuple((r, t) for r, t in json.loads(turns))
    )


def _checked(id: str) -> str:
    if not id or len(id) > MAX_ID or "\0" in id:
        raise ArgumentsError(f"conversation: an id has 1 to {MAX_ID} characters")
    return id
