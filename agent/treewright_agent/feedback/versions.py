"""What was tuned, version by version, and which one is in force.

A version is written once and never changed. What is in force is the last promotion of its kind;
0 is what ships. Rolling back promotes the version that was in force before.
"""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.store import FeedbackStore
from treewright_indexer.errors import ArgumentsError

KINDS = ("ranking", "reranker", "rules", "model")


class Version(NamedTuple):
    number: int
    time: float
    kind: str
    body: dict[str, Any]
    figures: dict[str, Any]
    """What the gate measured when it was made."""


def add(
    store: FeedbackStore,
    kind: str,
    body: dict[str, Any],
    figures: dict[str, Any],
    *,
    now: float | None = None,
) -> int:
    """Keep a version; it is not in force yet. Returns its number."""
    _require_kind(kind)
    with store.transaction() as connection:
        done = connection.execute(
            "INSERT INTO versions (time, kind, body, figures) VALUES (?, ?, ?, ?)",
            (
                time.time() if now is None else now,
                kind,
                canonical_json(body).encode(),
                canonical_json(figures),
            ),
        )
    return int(done.lastrowid or 0)


def promote(
    store: FeedbackStore, kind: str, number: int, reason: str, *, now: float | None = None
) -> None:
    """Put a version (0: what ships) in force. Who calls has asked the gate."""
    _require_kind(kind)
    with store.transaction() as connection:
        known = connection.execute(
            "SELECT 1 FROM versions WHERE number = ? AND kind = ?", (number, kind)
        ).fetchone()
        if number and known is None:
            raise ArgumentsError(f"{kind}: there is no version {number}")
        connection.execute(
            "INSERT INTO promotions (time, kind, version, reason) VALUES (?, ?, ?, ?)",
            (time.time() if now is None else now, kind, number, reason),
        )


def rollback(store: FeedbackStore, kind: str) -> int:
    """Back to the version before the one in force; returns it. Raises ArgumentsError at 0."""
    _require_kind(kind)
    history = [number for number, _ in promotions(store, kind)]
    if not history or history[-1] == 0:
        raise ArgumentsError(f"{kind}: what ships is in force, there is nothing to roll back")
    # Rolled back versions are skipped, so that doing it twice goes two versions back.
    stack: list[int] = []
    for number in history:
        if number in stack:
            del stack[stack.index(number) + 1 :]
        else:
            stack.append(number)
    before = stack[-2] if len(stack) > 1 else 0
    promote(store, kind, before, f"rolled back from version {history[-1]}")
    return before


def promotions(store: FeedbackStore, kind: str) -> list[tuple[int, str]]:
    """(version, reason), oldest first."""
    if store.database is None:
        return []
    return store.database.rows(
        "SELECT version, reason FROM promotions WHERE kind = ? ORDER BY number", (kind,)
    )


def current(store: FeedbackStore, kind: str) -> Version | None:
    """The version in force; None: what ships."""
    history = promotions(store, kind)
    number = history[-1][0] if history else 0
    return next((v for v in versions(store, kind) if v.number == number), None)


def newest(store: FeedbackStore) -> int:
    """The number of the last promotion of any kind: another one says that something has changed."""
    if store.database is None:
        return 0
    return int(store.database.rows("SELECT COALESCE(MAX(number), 0) FROM promotions")[0][0])


def versions(store: FeedbackStore, kind: str) -> list[Version]:
    """Oldest first."""
    if store.database is None:
        return []
    rows = store.database.rows(
        "SELECT number, time, kind, body, figures FROM versions WHERE kind = ? ORDER BY number",
        (kind,),
    )
    return [
        Version(number, at, name, json.loads(body), json.loads(figures))
        for number, at, name, body, figures in rows
    ]


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ArgumentsError(f"{kind!r} is none of {', '.join(KINDS)}")
