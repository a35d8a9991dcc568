"""Health of tools and rules, from what became of their calls.

A tool that fails by itself (its program is gone, it raises) is not offered any more until its
sample works again; one that refuses what it was asked, or is asked wrongly, works. The rates are of
the last day and need a minimum of calls. Everything is kept in one SQLite file, so that counts
survive a restart.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from treewright_agent.keeping import opened
from treewright_indexer.errors import ArgumentsError

State = Literal["healthy", "degraded", "failed", "unknown"]
WINDOW_S = 24 * 3600.0
MINIMUM = 5
"""Fewer calls in the window prove nothing."""
FAILED_BELOW, DEGRADED_BELOW = 0.5, 0.9
OLD_S = 30 * 24 * 3600.0
KEPT_VERSIONS = 3
"""Older versions that can be gone back to."""
MAX_ROWS = 50_000
REVALIDATE = "re-validate"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tools (
  name TEXT PRIMARY KEY, version INTEGER NOT NULL, fingerprint TEXT NOT NULL, content TEXT NOT NULL,
  updated REAL NOT NULL, sample_ok INTEGER, sample_error TEXT, rolled_back_from INTEGER,
  rolled_back_at REAL);
CREATE TABLE IF NOT EXISTS tool_versions (
  name TEXT NOT NULL, version INTEGER NOT NULL, fingerprint TEXT NOT NULL, content TEXT NOT NULL,
  created REAL NOT NULL, PRIMARY KEY (name, version));
CREATE TABLE IF NOT EXISTS tool_stats (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL, success INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL, error_message TEXT);
CREATE INDEX IF NOT EXISTS tool_stats_by_name ON tool_stats (name, at);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """How one tool or rule does. Times are seconds since 1970."""

    tool_name: str
    status: State
    n_calls: int
    success_rate: float | None
    """None without enough calls."""
    last_updated: float
    version: int
    note: str = ""
    p95_ms: int = 0
    next_health_check: float = 0.0
    fingerprint: str = ""
    """The versions of what it stands on, with which its sample was run last."""

    def to_json(self) -> dict[str, Any]:
        return {
            "tool_name": self.tool_name, "status": self.status, "calls": self.n_calls,
            "success_rate": self.success_rate, "last_updated": self.last_updated, "version": self.version,
            "note": self.note, "p95_ms": self.p95_ms, "auto_update_enabled": False, "api_doc_version": self.fingerprint,
            "next_health_check": self.next_health_check,
        }  # fmt: skip


class Health:
    """Thread safe. `path` None keeps it in memory. Raises StoreError."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._db = opened(path, _SCHEMA, "health")
        self._told: set[str] = set()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # ------------------------------------------------------------------ taking

    def record(self, name: str, success: bool, duration_ms: int, error: str = "") -> None:
        """One call. Never raises: health is told, it does not get in the way."""
        from treewright_agent.guard.secrets import redact

        try:
            with self._lock:
                self._db.execute(
                    "INSERT INTO tool_stats (name, at, success, duration_ms, error_message)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (name, self._clock(), int(success), duration_ms, redact(error)[:300] or None),
                )
        except sqlite3.Error:
            return

    def heard(self, name: str, output: Mapping[str, Any]) -> None:
        """A tool's answer, as its envelope says it. Being asked wrongly is no fault of a tool."""
        failed = output.get("error") in ("failed", "unavailable")
        message = str(output.get("message", "")) if failed else ""
        self.record(name, not failed, int(output.get("duration_ms", 0)), message)

    def prune(self) -> None:
        """Forget what no window looks at any more."""
        with self._lock:
            self._db.execute("DELETE FROM tool_stats WHERE at < ?", (self._clock() - 8 * WINDOW_S,))
            self._db.execute(
                "DELETE FROM tool_stats WHERE id <= (SELECT max(id) FROM tool_stats) - ?",
                (MAX_ROWS,),
            )

    def sampled(self, name: str, error: str) -> None:
        """What the tool's own sample said: '' when it works."""
        with self._lock:
            self._db.execute(
                "INSERT INTO tools (name, version, fingerprint, content, updated, sample_ok, sample_error)"
                " VALUES (?1, 1, '', '', ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET"
                " sample_ok = ?3, sample_error = ?4",
                (name, self._clock(), int(not error), error[:300]),
            )

    def stands_on(self, fingerprints: Mapping[str, str]) -> list[str]:
        """The versions that tools and rules stand on now; returns those for which they are others
        than before. Until its sample has run again, such a one is degraded."""
        changed: list[str] = []
        with self._lock:
            known: dict[str, str] = dict(
                self._db.execute("SELECT name, fingerprint FROM tools").fetchall()
            )
            for name, fingerprint in fingerprints.items():
                if known.get(name) == fingerprint:
                    continue
                if known.get(name):
                    changed.append(name)
                self._db.execute(
                    "INSERT INTO tools (name, version, fingerprint, content, updated) VALUES (?1, 1, ?2, '', ?3)"
                    " ON CONFLICT (name) DO UPDATE SET fingerprint = ?2, updated = ?3, sample_ok = NULL,"
                    " sample_error = ?4",
                    (name, fingerprint, self._clock(), REVALIDATE if known.get(name) else None),
                )
        return changed

    # ------------------------------------------------------------------ versions

    def update(self, name: str, content: str, fingerprint: str, *, tested: bool) -> int:
        """Put a new version of a rule or prompt in force; the old one is kept. Returns its number.

        Raises ArgumentsError for one whose test failed. The same content again is no new version.
        """
        if not tested:
            raise ArgumentsError(f"{name}: the new version's test fails; it is not put in force")
        with self._lock, self._transaction():
            now = self._clock()
            row = self._db.execute(
                "SELECT version, content FROM tools WHERE name = ?", (name,)
            ).fetchone()
            if row is not None and row[1] == content:
                return int(row[0])
            highest = self._db.execute(
                "SELECT max(version) FROM tool_versions WHERE name = ?", (name,)
            ).fetchone()[0]
            version = int(highest or 0) + 1
            self._db.execute(
                "INSERT INTO tool_versions VALUES (?, ?, ?, ?, ?)",
                (name, version, fingerprint, content, now),
            )
            self._db.execute(
                "INSERT INTO tools (name, version, fingerprint, content, updated) VALUES (?1, ?2, ?3, ?4, ?5)"
                " ON CONFLICT (name) DO UPDATE SET version = ?2, fingerprint = ?3, content = ?4, updated = ?5,"
                " rolled_back_from = NULL, rolled_back_at = NULL",
                (name, version, fingerprint, content, now),
            )
            self._db.execute(
                "DELETE FROM tool_versions WHERE name = ?1 AND version NOT IN (SELECT version FROM"
                " tool_versions WHERE name = ?1 ORDER BY version DESC LIMIT ?2)",
                (name, KEPT_VERSIONS + 1),
            )
            return version

    def roll_back(self, name: str) -> str:
        """The content of the version before, which is in force now. Raises ArgumentsError."""
        with self._lock, self._transaction():
            row = self._db.execute("SELECT version FROM tools WHERE name = ?", (name,)).fetchone()
            before = self._db.execute(
                "SELECT version, fingerprint, content FROM tool_versions WHERE name = ? AND version < ?"
                " ORDER BY version DESC LIMIT 1",
                (name, row[0] if row else 0),
            ).fetchone()
            if before is None:
                raise ArgumentsError(f"{name}: there is no version to go back to")
            self._db.execute(
                "UPDATE tools SET version = ?, fingerprint = ?, content = ?, rolled_back_from = ?,"
                " rolled_back_at = ? WHERE name = ?",
                (*before, row[0], self._clock(), name),
            )
            return str(before[2])

    def content(self, name: str) -> str | None:
        """What is in force; None when nothing was put."""
        with self._lock:
            row = self._db.execute("SELECT content FROM tools WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row is not None and row[0] else None

    def versions(self, name: str) -> list[int]:
        with self._lock:
            rows = self._db.execute(
                "SELECT version FROM tool_versions WHERE name = ? ORDER BY version", (name,)
            ).fetchall()
        return [int(row[0]) for row in rows]

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # as a context manager it commits, or takes everything back

    # ------------------------------------------------------------------ judging

    def rows(self, next_check: float = 0.0) -> list[Row]:
        since = self._clock() - WINDOW_S
        with self._lock:
            known: dict[str, tuple[float, int, int | None, str, str]] = {
                str(name): (float(updated), int(version), sample, str(error or ""), str(mark))
                for name, updated, version, sample, error, mark in self._db.execute(
                    "SELECT name, updated, version, sample_ok, sample_error, fingerprint FROM tools"
                )
            }
            calls: dict[str, list[tuple[int, int]]] = {}
            for name, success, duration in self._db.execute(
                "SELECT name, success, duration_ms FROM tool_stats WHERE at >= ? ORDER BY id",
                (since,),
            ):
                calls.setdefault(str(name), []).append((int(success), int(duration)))
        return [
            self._row(name, calls.get(name, []), known.get(name), next_check)
            for name in sorted({*known, *calls})
        ]

    def _row(
        self, name: str, calls: list[tuple[int, int]],
        known: tuple[float, int, int | None, str, str] | None, next_check: float,
    ) -> Row:  # fmt: skip
        updated, version, sample, error, mark = known or (0.0, 1, None, "", "")
        n = len(calls)
        rate = sum(success for success, _ in calls) / n if n >= MINIMUM else None
        durations = sorted(duration for _, duration in calls)
        p95 = durations[min(n - 1, int(n * 0.95))] if n else 0
        status: State = "unknown" if sample is None and rate is None else "healthy"
        note = "not enough calls to tell" if status == "unknown" else ""
        if rate is not None and rate < DEGRADED_BELOW:
            status = "failed" if rate < FAILED_BELOW else "degraded"
            note = f"{rate:.0%} of {n} calls in a day succeeded"
        if sample is None and error == REVALIDATE:
            status, note = "degraded", "re-validate: what it stands on has another version now"
        if sample == 0:
            status, note = "failed", f"its sample fails: {error}"
        elif sample == 1 and status == "failed":
            status, note = "degraded", f"{note}; its sample works again"
        if not note and updated and self._clock() - updated > OLD_S:
            note = "older than 30 days"
        return Row(name, status, n, rate, updated, version, note, p95, next_check, mark)

    def failed(self) -> frozenset[str]:
        """Tools that are not offered now."""
        return frozenset(row.tool_name for row in self.rows() if row.status == "failed")

    def news(self) -> list[str]:
        """One message for each that failed since it was asked last; and once for each that came back."""
        messages: list[str] = []
        failed = {row.tool_name: row.note for row in self.rows() if row.status == "failed"}
        for name, note in failed.items():
            if name not in self._told:
                messages.append(f"{name} is switched off: {note}")
        messages += [f"{name} works again" for name in sorted(self._told - set(failed))]
        self._told = set(failed)
        return messages


def check_samples(health: Health, samples: Iterable[tuple[str, Callable[[], str]]]) -> None:
    """Run each sample; one that raises says so and stops no other."""
    for name, sample in samples:
        try:
            error = sample()
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        health.sampled(name, error)
