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
from treewright_agent.feedback.levels import Level, narrower
from treewright_agent.feedback.reading import consents
from treewright_agent.feedback.store import FeedbackStore
from treewright_indexer.errors import TreewrightError

MAX_EVENTS = 500
MAX_BYTES = 4_000_000
"""Of one batch; a single larger event goes alone."""
MAX_OPEN = 64
"""Sealed batches that wait; above it nothing more is sealed, the tables keep the rest."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 3600.0
_LONGEST_ASKED_S = 24 * 3600.0
"""A sink may ask for no longer a wait than a day."""


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


def _json(column: str) -> str:
    """A damaged column travels as the text it is: it must not stop what is behind it."""
    return f"CASE WHEN json_valid({column}) THEN json({column}) ELSE {column} END"


# source -> SQL giving (number, time, workspace, consent, number of what it is about, JSON body)
# behind a cursor. No event's time is before that of what it is about, whatever the clock did.
_EVENTS = {
    "consents": (
        "SELECT number, time, workspace, level, 0, json_object('level', level) FROM consents"
        " WHERE number > ? ORDER BY number LIMIT ?"
    ),
    "proposals": (
        "SELECT number, time, workspace, consent, 0, json_object('id', id, 'task', task, 'title',"
        " title, 'reason', reason, 'source', source, 'rung', rung, 'fingerprint', fingerprint,"
        f" 'operations', {_json('operations')}, 'calls', {_json('calls')}, 'context',"
        f" {_json('context')}, 'diff', diff, 'language', language, 'verification',"
        f" {_json('verification')}, 'recipe', recipe, 'model', model, 'versions',"
        f" {_json('versions')}, 'seconds', seconds, 'cost', cost, 'tokens', tokens)"
        " FROM proposals WHERE number > ? ORDER BY number LIMIT ?"
    ),
    "outcomes": (
        "SELECT o.number, max(o.time, p.time), p.workspace, ifnull(o.consent, p.consent), p.number,"
        " json_object('proposal', o.proposal_id, 'outcome', o.outcome, 'hunks',"
        f" {_json('o.hunks')}, 'final_diff', o.final_diff, 'seconds_after', o.seconds_after,"
        " 'rating', o.rating, 'comment', o.comment, 'changed', o.changed)"
        " FROM outcomes o JOIN proposals p ON p.id = o.proposal_id"
        " WHERE o.number > ? ORDER BY o.number LIMIT ?"
    ),
    "kept": (
        "SELECT k.number, max(k.time, p.time), p.workspace, p.consent, p.number,"
        " json_object('proposal', k.proposal_id, 'moment', k.moment, 'share', k.share)"
        " FROM kept k JOIN proposals p ON p.id = k.proposal_id"
        " WHERE k.number > ? ORDER BY k.number LIMIT ?"
    ),
    "searches": (
        "SELECT number, time, workspace, consent, 0, json_object('id', id, 'query', query,"
        f" 'results', {_json('results')}) FROM searches WHERE number > ? ORDER BY number LIMIT ?"
    ),
    "search_uses": (
        "SELECT u.number, max(u.time, s.time), s.workspace, s.consent, s.number,"
        " json_object('search', u.search_id, 'result', u.result, 'action', u.action)"
        " FROM search_uses u JOIN searches s ON s.id = u.search_id"
        " WHERE u.number > ? ORDER BY u.number LIMIT ?"
    ),
    "ratings": (
        "SELECT number, time, workspace, consent, 0, json_object('subject', subject, 'rating',"
        " rating, 'comment', comment) FROM ratings WHERE number > ? ORDER BY number LIMIT ?"
    ),
}
_ABOUT = {"outcomes": "proposals", "kept": "proposals", "search_uses": "searches"}
"""An event is sealed no sooner than what it is about."""
_CODE = {
    "proposals": ("title", "reason", "calls", "context", "diff", "verification", "versions"),
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
            levels = consents(self._store.database)
            by_workspace: dict[str, list[tuple[float, str, int, str]]] = {}
            reached: dict[str, int] = {}
            for source, sql in _EVENTS.items():
                found = connection.execute(
                    "SELECT number FROM forward_cursors WHERE sink = ? AND source = ?",
                    (self._sink, source),
                ).fetchone()
                cursor = reached[source] = found[0] if found else 0
                limit = reached.get(_ABOUT.get(source, ""), 0)
                latest = 0.0
                rows = connection.execute(sql, (cursor, MAX_EVENTS)).fetchall()
                for number, moment, workspace, consent, about, body in rows:
                    if about > limit:
                        break
                    reached[source] = number
                    latest = max(latest, moment)
                    level = narrower(Level(consent), levels.get(workspace, Level.LOCAL))
                    if level is Level.OFF and source != "consents":
                        continue  # consent was withdrawn since
                    line = self._line(source, number, moment, level, json.loads(body))
                    by_workspace.setdefault(workspace, []).append((latest, source, number, line))
                if reached[source] > cursor:
                    connection.execute(
                        "INSERT OR REPLACE INTO forward_cursors VALUES (?, ?, ?)",
                        (self._sink, source, reached[source]),
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
        levels = consents(self._store.database)
        held = {workspace for workspace, level in levels.items() if level is Level.OFF}
        n_sent, error = 0, ""
        for batch, workspace, not_before in self._open_batches():
            if time.monotonic() > end:
                break
            if workspace in held:
                continue
            # Nobody asks to wait longer than this: the clock was set back.
            if moment < not_before <= moment + _LONGEST_ASKED_S:
                held.add(workspace)
                continue
            if levels.get(workspace, Level.LOCAL) is not Level.LOCAL:
                batch = self._without_code(batch)
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

    def _without_code(self, batch: Batch) -> Batch:
        """A batch that was sealed before its workspace's consent to code was withdrawn."""
        lines: list[str] = []
        for line in batch.body.decode("utf-8").splitlines():
            event = json.loads(line)
            for key in _CODE.get(event["event"].partition("/")[0], ()):
                event.pop(key, None)
            lines.append(canonical_json(event) + "\n")
        body = "".join(lines).encode("utf-8")
        if body != batch.body:
            with self._store.transaction() as connection:
                connection.execute(
                    "UPDATE batches SET body = ? WHERE number = ?", (body, batch.number)
                )
        return batch._replace(body=body)

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
        levels = consents(self._store.database)
        for batch, workspace, _ in self._open_batches():
            level = levels.get(workspace, Level.LOCAL)
            if level is not Level.OFF:
                whole = batch if level is Level.LOCAL else self._without_code(batch)
                yield from whole.body.decode("utf-8").splitlines()

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
                (moment + min(wait, _LONGEST_ASKED_S), str(failure)[:500], batch.number),
            )

    def _line(
        self, source: str, number: int, moment: float, level: Level, body: dict[str, Any]
    ) -> str:
        if not self._with_code or level is not Level.LOCAL:
            for key in _CODE.get(source, ()):
                body.pop(key, None)
        event = {"event": f"{source}/{number}", "time": moment, "consent": level.value, **body}
        # Redacted when recorded, and once more: what leaves must meet today's rules.
        return canonical_json(self._store.redactor.json(event)) + "\n"


def sinks_of(store: FeedbackStore) -> list[str]:
    """Every sink that something was ever sealed for, by name."""
    if store.database is None:
        return []
    return [row[0] for row in store.database.rows("SELECT DISTINCT sink FROM forward_cursors")]


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
