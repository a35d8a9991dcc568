"""Episodes: what was proposed by tasks and what became of it; a cache, an audit, a memory of bugs.

An episode is content-addressed by its fingerprint and holds the calls that make its change. Status
goes proposed → checked → accepted, or to rejected, reverted or failed; only what the user did
sets `accepted`. A fingerprint that the user rejected or reverted is never served again.

The audit is append-only and hash-chained: each row covers the one before it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from treewright_agent.calls import Call, calls_from_json, calls_to_json, canonical_json
from treewright_agent.feedback.redact import redact, redact_json
from treewright_indexer.errors import StoreError

Status = Literal["proposed", "checked", "accepted", "rejected", "reverted", "failed"]
TTL_S = 3_600.0
"""How long a proposal that nobody accepted is served from the cache."""


class Episode(NamedTuple):
    fingerprint: str
    task_id: str
    request: str
    target: str
    """Hash of what it was made from: the texts of the files that it changes."""
    calls: tuple[Call, ...]
    source: str
    summary: str
    edit_hash: str
    factors: Mapping[str, Any]
    status: Status
    created: float


_SCHEMA = """
create table if not exists episode (
    id integer primary key, workspace text not null, fingerprint text not null, task_id text not null,
    request text not null, target text not null, calls text not null, source text not null,
    summary text not null, edit_hash text not null, factors text not null, status text not null,
    created real not null
);
create index if not exists episode_fingerprint on episode (workspace, fingerprint);
create index if not exists episode_request on episode (workspace, request);
create table if not exists episode_status (
    episode integer not null references episode (id), status text not null, cause text not null,
    at real not null
);
create table if not exists audit (
    id integer primary key, at real not null, event text not null, data text not null,
    previous text not null, hash text not null
);
"""
_COLUMNS = "fingerprint, task_id, request, target, calls, source, summary, edit_hash, factors, status, created"


class Episodes:
    """The episodes of one workspace. Thread safe."""

    def __init__(
        self, workspace: str, path: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """`path` None keeps them in the process. Raises StoreError."""
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(
                path if path is not None else ":memory:", check_same_thread=False, timeout=5
            )
            self._db.execute("pragma journal_mode=wal")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"past tasks cannot be read: {error}") from error

    # ---------------------------------------------------------------- recording

    def add(
        self,
        fingerprint: str,
        task_id: str,
        request: str,
        target: str,
        calls: Sequence[Call],
        source: str,
        summary: str,
        edit_hash: str,
        factors: Mapping[str, Any],
        status: Status,
    ) -> None:
        values = (
            self._workspace, fingerprint, task_id, redact(request), target,
            json.dumps(redact_json(calls_to_json(calls)), ensure_ascii=False), source, redact(summary),
            edit_hash, json.dumps(redact_json(dict(factors)), ensure_ascii=False), status, self._clock(),
        )  # fmt: skip
        with self._lock, self._db as db:
            row = db.execute(
                f"insert into episode (workspace, {_COLUMNS}) values ({','.join('?' * 12)})", values
            )
            db.execute(
                "insert into episode_status values (?,?,?,?)",
                (row.lastrowid, status, source, self._clock()),
            )
        self.audit("proposed", task=task_id, fingerprint=fingerprint, code_hash=edit_hash,
                   request=request, source=source, result=status)  # fmt: skip

    def mark(self, task_id: str, status: Status, cause: str) -> bool:
        """What became of a task's proposal; `cause` is the client's event."""
        with self._lock, self._db as db:
            row = db.execute(
                "select id, fingerprint, edit_hash from episode where workspace=? and task_id=?"
                " order by id desc limit 1",
                (self._workspace, task_id),
            ).fetchone()
            if row is None:
                return False
            db.execute("update episode set status=? where id=?", (status, row[0]))
            db.execute(
                "insert into episode_status values (?,?,?,?)",
                (row[0], status, cause, self._clock()),
            )
        self.audit(status, task=task_id, fingerprint=row[1], code_hash=row[2], cause=cause)
        return True

    # ---------------------------------------------------------------- asking

    def cached(self, fingerprint: str) -> Episode | None:
        """The newest episode of exactly this fingerprint that may be served again: accepted, or
        made within the last hour, and not one the user ever rejected or reverted."""
        found = self._rows("fingerprint=?", (fingerprint,))
        if any(row.status in ("rejected", "reverted") for row in found):
            return None
        fresh = self._clock() - TTL_S
        usable = [
            row
            for row in found
            if row.status == "accepted" or (row.status == "checked" and row.created >= fresh)
        ]
        return usable[-1] if usable else None

    def accepted(self, request: str, target: Callable[[Episode], str]) -> Episode | None:
        """The newest accepted episode of the same request, on text that is still the same,
        whichever model or prompt made it. `target` hashes the files of its calls now."""
        bad = {
            row.edit_hash
            for row in self._rows("request=?", (redact(request),))
            if row.status in ("rejected", "reverted")
        }
        for row in reversed(self._rows("request=? and status='accepted'", (redact(request),))):
            if row.edit_hash not in bad and target(row) == row.target:
                return row
        return None

    def of_task(self, task_id: str) -> Episode | None:
        found = self._rows("task_id=?", (task_id,))
        return found[-1] if found else None

    def of_hash(self, edit_hash: str) -> Episode | None:
        """By the whole hash or its first twelve digits and more."""
        if len(edit_hash) < 12 or not edit_hash.isalnum():
            return None
        found = self._rows("edit_hash like ?", (f"{edit_hash}%",))
        return found[-1] if found else None

    def recent(self, limit: int = 20) -> list[Episode]:
        """Newest last."""
        return self._rows("1", ())[-limit:]

    def history(self, task_id: str) -> list[tuple[str, str, float]]:
        """(status, cause, time) of a task's proposal, oldest first."""
        with self._lock:
            return self._db.execute(
                "select s.status, s.cause, s.at from episode_status s join episode e on e.id=s.episode"
                " where e.workspace=? and e.task_id=? order by s.rowid",
                (self._workspace, task_id),
            ).fetchall()

    def counts(self) -> dict[str, dict[str, int]]:
        """source -> status -> how many; what the ladder's coverage is measured from."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            rows = self._db.execute(
                "select source, status, count(*) from episode where workspace=? group by 1, 2",
                (self._workspace,),
            ).fetchall()
        for source, status, count in rows:
            found.setdefault(source, {})[status] = count
        return found

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[Episode]:
        with self._lock:
            rows = self._db.execute(
                f"select {_COLUMNS} from episode where workspace=? and {where} order by id",
                (self._workspace, *values),
            ).fetchall()
        return [
            Episode._make(
                (
                    *row[:4],
                    calls_from_json(json.loads(row[4])),
                    *row[5:8],
                    json.loads(row[8]),
                    *row[9:],
                )
            )
            for row in rows
        ]

    # ---------------------------------------------------------------- audit

    def audit(self, event: str, **data: Any) -> None:
        text = canonical_json(redact_json({"workspace": self._workspace, **data}))
        with self._lock, self._db as db:
            last = db.execute("select hash from audit order by id desc limit 1").fetchone()
            previous = last[0] if last else ""
            at = self._clock()
            digest = chained(previous, at, event, text)
            db.execute(
                "insert into audit (at, event, data, previous, hash) values (?,?,?,?,?)",
                (at, event, text, previous, digest),
            )

    def verify_audit(self) -> str:
        """The first row that does not fit the chain; '' when all do."""
        previous = ""
        with self._lock:
            rows = self._db.execute(
                "select id, at, event, data, previous, hash from audit order by id"
            ).fetchall()
        for id, at, event, data, before, digest in rows:
            if before != previous or digest != chained(previous, at, event, data):
                return f"audit row {id} was changed"
            previous = digest
        return ""

    def close(self) -> None:
        with self._lock:
            self._db.close()


def chained(previous: str, at: float, event: str, data: str) -> str:
    """The hash of an audit row behind the one with the hash `previous`."""
    return hashlib.sha256(f"{previous}\n{at!r}\n{event}\n{data}".encode()).hexdigest()


# -------------------------------------------------------------------- fingerprints


def fingerprint_of(factors: Mapping[str, Any]) -> str:
    """sha256 of the canonical JSON of what decides a task's result."""
    return hashlib.sha256(canonical_json(dict(factors)).encode()).hexdigest()


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The factors by which two runs of one request differ: why the answers may."""
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
