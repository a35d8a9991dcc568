"""What the agent keeps beside the feedback store, forgotten with it: trajectories, past tasks with
their changes, what tasks taught, checkpoints, conversations.

Deleted bytes are overwritten, the files rewritten and their logs emptied, as in `forgetting`. The
audit of tasks stays a chain: its rows about what is forgotten go, the others are chained anew, and
one row says how many went.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from treewright_agent.calls import canonical_json
from treewright_agent.episodes import chained
from treewright_indexer.errors import ArgumentsError, StoreError

_BUSY_S = 10.0


class _Kept(NamedTuple):
    """A table of one of the agent's files. `below`: (table, column) of rows that hang on its ids."""

    file: str
    table: str
    task: str
    """SQL for "of the task ?"; '' where a row is of no task."""
    below: tuple[str, str] | None = None


_TABLES = (
    _Kept("episodes.db", "episode", "task_id = ?", ("episode_status", "episode")),
    _Kept("memory.db", "memory", "source = 'task ' || ?"),
    _Kept("checkpoints.db", "turns", "task = ?", ("files", "turn")),
    _Kept("conversations.db", "conversations", ""),
)


def forget_kept(
    state: Path, *, workspace: str | None = None, task: str | None = None, everything: bool = False
) -> int:
    """Delete what `state` holds of a workspace (its key), of a task, or of all; returns how many
    rows and files went. Nothing that is not there is made.

    Raises ArgumentsError unless exactly one is named, and StoreError for what cannot be deleted.
    """
    if sum((workspace is not None, task is not None, everything)) != 1:
        raise ArgumentsError("forget: name exactly one of workspace, task, everything")
    if task is not None and (not task or Path(task).name != task):
        raise ArgumentsError(f"task {task!r}: no such name of a task")
    n = _trajectories(state / "trajectories", workspace, task)
    for kept in _TABLES:
        where, values = _where(kept, workspace, task)
        if where and (state / kept.file).exists():
            n += _rows(state / kept.file, kept, where, values, workspace, task)
    if everything:
        for path in state.glob("*.db.damaged-*"):
            path.unlink(missing_ok=True)
            n += 1
    return n


def _where(kept: _Kept, workspace: str | None, task: str | None) -> tuple[str, Sequence[str]]:
    if workspace is not None:
        return "workspace = ?", (workspace,)
    if task is not None:
        return kept.task, (task,)
    return "1", ()


def _trajectories(folder: Path, workspace: str | None, task: str | None) -> int:
    pattern = f"{workspace or '*'}/{task or '*'}.jsonl"
    found = list(folder.glob(pattern)) if folder.is_dir() else []
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _rows(
    path: Path,
    kept: _Kept,
    where: str,
    values: Sequence[str],
    workspace: str | None,
    task: str | None,
) -> int:
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as db:
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
            if kept.table not in tables:
                return 0
            db.execute("PRAGMA secure_delete = ON")
            db.execute("BEGIN IMMEDIATE")
            with db:
                if kept.below is not None:
                    table, column = kept.below
                    ids = f"SELECT id FROM {kept.table} WHERE {where}"
                    db.execute(f"DELETE FROM {table} WHERE {column} IN ({ids})", values)
                n = db.execute(f"DELETE FROM {kept.table} WHERE {where}", values).rowcount
                if "audit" in tables:
                    _audit(db, workspace, task)
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return n
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be cleared now: {error}") from error


def _audit(db: sqlite3.Connection, workspace: str | None, task: str | None) -> None:
    """Chain the rows that stay anew, and say that others went."""
    rows = db.execute("SELECT at, event, data FROM audit ORDER BY id").fetchall()
    kept = [row for row in rows if not _about(row[2], workspace, task)]
    if len(kept) == len(rows):
        return
    now = time.time()
    gone = canonical_json({"rows": len(rows) - len(kept)})
    db.execute("DELETE FROM audit")
    previous = ""
    for at, event, data in [*kept, (now, "forgotten", gone)]:
        digest = chained(previous, at, event, data)
        db.execute(
            "INSERT INTO audit (at, event, data, previous, hash) VALUES (?, ?, ?, ?, ?)",
            (at, event, data, previous, digest),
        )
        previous = digest


def _about(data: str, workspace: str | None, task: str | None) -> bool:
    if workspace is None and task is None:
        return True
    try:
        row = json.loads(data)
    except ValueError:
        return False
    return row.get("workspace") == workspace if workspace is not None else row.get("task") == task
