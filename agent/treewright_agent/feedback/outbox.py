"""Outbox: recorded events on their way to a sink, exactly once and in order.

The feedback tables are the queue, so nothing is copied before it can be sent and an outage of
days loses nothing. `seal` turns new events of one workspace into a batch with a key; the batch
is stored before it is sent and its bytes never change, so a batch that was sent but not
acknowledged is sent again under the same key, which the sink knows. A workspace's next batch
waits until the one before it was acknowledged.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.redact import redact_json
from treewright_agent.feedback.store import FeedbackStore
from treewright_indexer.errors import TreewrightError

MAX_EVENTS = 500
MAX_BYTES = 4_000_000
"""Of one batch; a single larger event goes alone."""
MAX_OPEN = 64
"""Sealed batches that wait; above it nothing more is sealed, the tables keep the rest."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 3600.0


class SinkError(TreewrightError):
    """A batch was not taken. `retry_after_s` is what the sink asked for, None when nothing."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Batch(NamedTuple):
    """`body` is JSON Lines, one event a line. `project` stands for the workspace at the sink."""

    number: int
    key: str
    project: str
    sequence: int
    body: bytes
    n_events: int
    attempts: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class Sink(Protocol):
    """Takes batches. `send` returns when the batch is durable there, also when it already was,
    and raises SinkError otherwise."""

    def send(self, batch: Batch) -> None: ...


@dataclass(frozen=True, slots=True)
class Drained:
    n_sent: int
    n_left: int
    error: str = ""


_EVENTS = {
    # source -> SQL giving (number, time, workspace, consent, JSON body) behind a cursor
    "proposals": (
        "SELECT number, time, workspace, consent, json_object('id', id, 'task', task, 'title',"
        " title, 'reason', reason, 'source', source, 'rung', rung, 'fingerprint', fingerprint,"
        " 'operations', json(operations), 'calls', json(calls), 'context', json(context), 'diff',"
        " diff, 'language', language, 'verification', json(verification)) FROM proposals"
        " WHERE number > ? ORDER BY number LIMIT ?"
    ),
    "outcomes": (
        "SELECT o.number, o.time, p.workspace, p.consent, json_object('proposal', o.proposal_id,"
        " 'outcome', o.outcome, 'hunks', json(o.hunks), 'final_diff', o.final_diff,"
        " 'seconds_after', o.seconds_after, 'rating', o.rating, 'comment', o.comment)"
        " FROM outcomes o JOIN proposals p ON p.id = o.proposal_id"
        " WHERE o.number > ? ORDER BY o.number LIMIT ?"
    ),
    "kept": (
        "SELECT k.number, k.time, p.workspace, p.consent, json_object('proposal', k.proposal_id,"
        " 'moment', k.moment, 'share', k.share) FROM kept k JOIN proposals p"
        " ON p.id = k.proposal_id WHERE k.number > ? ORDER BY k.number LIMIT ?"
    ),
    "searches": (
        "SELECT number, time, workspace, consent, json_object('id', id, 'query', query,"
        " 'results', json(results)) FROM searches WHERE number > ? ORDER BY number LIMIT ?"
    ),
    "search_uses": (
        "SELECT u.number, u.time, s.workspace, s.consent, json_object('search', u.search_id,"
        " 'result', u.result, 'action', u.action) FROM search_uses u JOIN searches s"
        " ON s.id = u.search_id WHERE u.number > ? ORDER BY u.number LIMIT ?"
    ),
    "ratings": (
        "SELECT number, time, workspace, consent, json_object('subject', subject, 'rating',"
        " rating, 'comment', comment) FROM ratings WHERE number > ? ORDER BY number LIMIT ?"
    ),
}
_CODE = {
    "proposals": ("title", "reason", "calls", "context", "diff", "verification"),
    "outcomes": ("hunks", "final_diff", "comment"),
    "searches": ("query", "results"),
    "ratings": ("comment",),
}


class Outbox:
    """The way from one store to one sink, by the sink's name.

    `with_code` False sends that something was proposed and what became of it, never what.
    """

    def __init__(self, store: FeedbackStore, sink: str, *, with_code: bool = False) -> None:
        self._store = store
        self._sink = sink
        self._with_code = with_code

    def seal(self) -> int:
        """Make batches of what was recorded since; returns how many. One transaction."""
        n_sealed = 0
        with self._store.transaction() as connection:
            n_open: int = connection.execute(
                "SELECT count(*) FROM batches WHERE sink = ? AND sent_at IS NULL", (self._sink,)
            ).fetchone()[0]
            if n_open >= MAX_OPEN:
                return 0
            by_workspace: dict[str, list[tuple[float, str, int, str]]] = {}
            for source, sql in _EVENTS.items():
                found = connection.execute(
                    "SELECT number FROM forward_cursors WHERE sink = ? AND source = ?",
                    (self._sink, source),
                ).fetchone()
                rows = connection.execute(sql, (found[0] if found else 0, MAX_EVENTS)).fetchall()
                for number, moment, workspace, consent, body in rows:
                    line = self._line(source, number, moment, consent, json.loads(body))
                    by_workspace.setdefault(workspace, []).append((moment, source, number, line))
                if rows:
                    connection.execute(
                        "INSERT OR REPLACE INTO forward_cursors VALUES (?, ?, ?)",
                        (self._sink, source, rows[-1][0]),
                    )
            for workspace, events in by_workspace.items():
                events.sort(key=lambda event: (event[0], _ORDER[event[1]], event[2]))
                for lines in _portions([event[3] for event in events]):
                    sequence: int = connection.execute(
                        "SELECT ifnull(max(sequence), 0) + 1 FROM batches"
                        " WHERE sink = ? AND workspace = ?",
                        (self._sink, workspace),
                    ).fetchone()[0]
                    connection.execute(
                        "INSERT INTO batches (sink, key, workspace, sequence, body, n_events)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            self._sink,
                            uuid.uuid4().hex,
                            workspace,
                            sequence,
                            "".join(lines).encode("utf-8", "replace"),
                            len(lines),
                        ),
                    )
                    n_sealed += 1
        return n_sealed

    def drain(self, sink: Sink, *, now: float | None = None, seconds: float = 60.0) -> Drained:
        """Send what is sealed and due, oldest first; the first failure of a workspace keeps its
        later batches back. `seconds` bounds the whole."""
        moment = time.time() if now is None else now
        end = time.monotonic() + seconds
        held: set[str] = set()
        n_sent, error = 0, ""
        for batch, workspace, not_before in self._open_batches():
            if time.monotonic() > end:
                break
            if workspace in held:
                continue
            if not_before > moment:
                held.add(workspace)
                continue
            try:
                if batch.n_events:
                    sink.send(batch)
            except SinkError as failure:
                held.add(workspace)
                error = str(failure)
                self._failed(batch, failure, moment)
                continue
            with self._store.transaction() as connection:
                # The row stays, without its body: it keeps the sequence.
                connection.execute(
                    "UPDATE batches SET sent_at = ?, body = x'', error = NULL WHERE number = ?",
                    (moment, batch.number),
                )
            n_sent += 1
        return Drained(n_sent, self.n_open(), error)

    def n_open(self) -> int:
        with self._store.transaction() as connection:
            count: int = connection.execute(
                "SELECT count(*) FROM batches WHERE sink = ? AND sent_at IS NULL", (self._sink,)
            ).fetchone()[0]
        return count

    def preview(self) -> Iterator[str]:
        """Every line that waits to leave, exactly as it would; seals first."""
        while self.seal():
            pass
        for batch, _, _ in self._open_batches():
            yield from batch.body.decode("utf-8").splitlines()

    def _open_batches(self) -> list[tuple[Batch, str, float]]:
        with self._store.transaction() as connection:
            rows = connection.execute(
                "SELECT number, key, workspace, sequence, body, n_events, attempts, not_before"
                " FROM batches WHERE sink = ? AND sent_at IS NULL ORDER BY number",
                (self._sink,),
            ).fetchall()
        return [
            (Batch(row[0], row[1], project_of(row[2]), *row[3:7]), row[2], row[7]) for row in rows
        ]

    def _failed(self, batch: Batch, failure: SinkError, moment: float) -> None:
        wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(batch.attempts, 20))
        wait = failure.retry_after_s or wait * (0.5 + random.random() / 2)
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE batches SET attempts = attempts + 1, not_before = ?, error = ?"
                " WHERE number = ?",
                (moment + min(wait, 24 * 3600.0), str(failure)[:500], batch.number),
            )

    def _line(
        self, source: str, number: int, moment: float, consent: str, body: dict[str, Any]
    ) -> str:
        if not self._with_code or consent != "local":
            for key in _CODE.get(source, ()):
                body.pop(key, None)
        event = {"event": f"{source}/{number}", "time": moment, "consent": consent, **body}
        return canonical_json(redact_json(event)) + "\n"


_ORDER = {source: place for place, source in enumerate(_EVENTS)}


def project_of(workspace: str) -> str:
    """Stands for a workspace outside this machine: the same always, and not its path."""
    return hashlib.sha256(workspace.encode()).hexdigest()[:12]


def _portions(lines: list[str]) -> Iterator[list[str]]:
    portion: list[str] = []
    size = 0
    for line in lines:
        if portion and (len(portion) >= MAX_EVENTS or size + len(line) > MAX_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += len(line)
    if portion:
        yield portion
