"""The feedback store: what was proposed, and what became of it.

One SQLite file in the user's data folder, through the standard library's `sqlite3`: no
extension is needed here, and a store that must outlive every index should open with any
Python, by hand if need be. Write-ahead log with `synchronous=FULL`: when a method has
returned, its event survives a crash of the process and of the machine. Rows are only added;
`forget` alone takes rows away.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from treewright_agent.calls import calls_to_json, canonical_json, relative_calls
from treewright_agent.feedback.migrations import migrate
from treewright_agent.feedback.outcomes import KEPT, Outcome, final_diff, kept_diff
from treewright_agent.feedback.redact import redact, redact_json
from treewright_indexer.errors import ArgumentsError, StoreError

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal

FILE_NAME = "feedback.sqlite3"
_BUSY_MS = 10_000
_MAX_RECENT = 256
"""Proposals whose text before is kept in memory, to tell what the user made of them."""


class Level(StrEnum):
    """How much is recorded; nothing ever leaves the machine by itself."""

    OFF = "off"
    """Nothing."""
    OUTCOMES = "outcomes"
    """That something was proposed and what became of it; no code, no names, no arguments."""
    LOCAL = "local"
    """Also calls, code before and after: what a training file needs."""


class ProposalRow(NamedTuple):
    """A recorded proposal with its latest outcome; text columns are '' below level local."""

    number: int
    id: str
    time: float
    workspace: str
    task: str
    title: str
    reason: str
    source: str
    rung: str
    fingerprint: str
    operations: tuple[str, ...]
    calls: list[dict[str, Any]]
    context: list[dict[str, str]]
    diff: str
    language: str
    verification: dict[str, Any]
    consent: str
    outcome: Outcome
    final_diff: str
    rating: int | None
    comment: str


KeptMoment = Literal["ten_minutes", "commit", "day"]
SearchAction = Literal["opened", "used", "ignored"]


class SearchRow(NamedTuple):
    """A recorded search; `uses` are (index into results, action)."""

    id: str
    time: float
    workspace: str
    query: str
    results: list[dict[str, str]]
    consent: str
    uses: frozenset[tuple[int, str]]


def data_folder() -> Path:
    """Where feedback lives: below TREEWRIGHT_HOME, else in the user's data folder."""
    home = os.environ.get("TREEWRIGHT_HOME")
    if home:
        return Path(home).expanduser() / "data"
    from platformdirs import user_data_path

    return user_data_path("treewright", appauthor=False)


def _silent(_message: str) -> None:
    pass


class FeedbackStore:
    """Thread safe; several processes may hold the same file. Methods block: call them off
    the event loop."""

    def __init__(self, connection: sqlite3.Connection | None, path: Path | None, level: Level):
        self._connection = connection
        self._lock = threading.RLock()
        self._recent: OrderedDict[str, Proposal] = OrderedDict()
        self.path = path
        self.level = level

    @classmethod
    def open(
        cls,
        folder: Path | str | None = None,
        *,
        level: Level | str = Level.LOCAL,
        on_problem: Callable[[str], None] = _silent,
    ) -> FeedbackStore:
        """Open or create the file in `folder` (None: `data_folder()`).

        A corrupt file is moved aside, never deleted, and `on_problem` is told where to.
        Raises StoreError with the reason: a newer treewright's file, or a folder that
        cannot be written. With level off no file is touched.
        """
        level = _level(level)
        if level is Level.OFF:
            return cls(None, None, level)
        place = Path(folder) if folder is not None else data_folder()
        path = place / FILE_NAME
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = _connect_or_move_aside(path, on_problem)
        except StoreError as error:
            raise StoreError(f"feedback is not recorded: {path}: {error}") from error
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"feedback is not recorded: cannot open {path}: {error}") from error
        return cls(connection, path, level)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> FeedbackStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- recording

    def record_proposal(
        self,
        proposal: Proposal,
        workspace: str,
        consent: Level | str | None = None,
        *,
        task: str | None = None,
        now: float | None = None,
    ) -> bool:
        """Record that `proposal` was shown, durably; False when the level is off.

        `consent` narrows the store's level for this workspace; it never widens it.
        """
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        whole = level is Level.LOCAL
        moment = time.time() if now is None else now
        report = proposal.report.to_json()
        if not whole:
            report = {"ok": report["ok"]}
        calls = relative_calls(proposal.calls, proposal.root)
        row = (
            proposal.id,
            moment,
            workspace,
            task,
            redact(proposal.title) if whole else None,
            redact(proposal.reason) if whole else None,
            proposal.source,
            proposal.rung,
            proposal.fingerprint,
            canonical_json([call.operation for call in proposal.calls]),
            canonical_json(redact_json(calls_to_json(calls))) if whole else None,
            canonical_json(redact_json([c._asdict() for c in proposal.context])) if whole else None,
            redact(proposal.diff) if whole else None,
            proposal.language,
            canonical_json(redact_json(report)),
            level.value,
        )
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO proposals (id, time, workspace, task, title, reason, source, rung,"
                " fingerprint, operations, calls, context, diff, language, verification, consent)"
                f" VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO NOTHING",
                row,
            )
            connection.execute(
                "INSERT INTO outcomes (proposal_id, time, outcome, seconds_after)"
                " VALUES (?, ?, 'shown', 0)",
                (proposal.id, moment),
            )
            self._recent[proposal.id] = proposal
            while len(self._recent) > _MAX_RECENT:
                self._recent.popitem(last=False)
        return True

    def record_outcome(
        self,
        proposal_id: str,
        outcome: Outcome | str,
        *,
        hunks: Sequence[tuple[str, int]] | None = None,
        final_text: Mapping[str, str] | None = None,
        rating: int | None = None,
        comment: str | None = None,
        now: float | None = None,
    ) -> bool:
        """Record what became of a proposal, durably; False when nothing of it is recorded.

        `hunks` are the edits kept, (path, index into the file's edits); `final_text` is what
        the user's buffers hold now, path -> whole text. Both lead from the text before to
        what was kept, so they need a proposal that this store recorded itself.
        Raises ArgumentsError for an outcome that is none.
        """
        try:
            outcome = Outcome(outcome)
        except ValueError as error:
            raise ArgumentsError(f"outcome: {outcome!r} is none of {', '.join(Outcome)}") from error
        if self._connection is None:
            return False
        moment = time.time() if now is None else now
        with self.transaction() as connection:
            known = connection.execute(
                "SELECT time, consent FROM proposals WHERE id = ?", (proposal_id,)
            ).fetchone()
            if known is None:
                return False
            whole = known[1] == Level.LOCAL and self.level is Level.LOCAL
            kept = self._kept_diff(proposal_id, hunks, final_text) if whole else None
            connection.execute(
                "INSERT INTO outcomes (proposal_id, time, outcome, hunks, final_diff,"
                " seconds_after, rating, comment) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    proposal_id,
                    moment,
                    outcome.value,
                    _hunks_json(hunks, whole),
                    redact(kept) if kept else None,
                    max(0.0, moment - known[0]),
                    rating,
                    redact(comment) if whole and comment else None,
                ),
            )
        return True

    def record_kept(
        self, proposal_id: str, moment: KeptMoment, share: float, *, now: float | None = None
    ) -> bool:
        """How much of an accepted change still stands; False for an unknown proposal.

        `share` is that of the accepted lines, 0 to 1, measured on the text. The first record
        of a moment counts.
        """
        if self._connection is None:
            return False
        if not 0 <= share <= 1:
            raise ArgumentsError(f"share: {share} is not between 0 and 1")
        with self.transaction() as connection:
            done = connection.execute(
                "INSERT INTO kept (proposal_id, time, moment, share)"
                " SELECT id, ?2, ?3, ?4 FROM proposals WHERE id = ?1 ON CONFLICT DO NOTHING",
                (proposal_id, time.time() if now is None else now, moment, share),
            )
        return done.rowcount > 0

    def record_search(
        self,
        search_id: str,
        workspace: str,
        query: str,
        results: Sequence[Mapping[str, Any]],
        consent: Level | str | None = None,
        *,
        now: float | None = None,
    ) -> bool:
        """Record what a search found, each result with path, symbol and snippet."""
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        whole = level is Level.LOCAL
        kept = [{k: str(r.get(k) or "") for k in ("path", "symbol", "snippet")} for r in results]
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO searches (id, time, workspace, query, results, n_results, consent)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    search_id,
                    time.time() if now is None else now,
                    workspace,
                    redact(query) if whole else None,
                    canonical_json(redact_json(kept)) if whole else "[]",
                    len(results),
                    level.value,
                ),
            )
        return True

    def record_search_use(
        self, search_id: str, result: int, action: SearchAction, *, now: float | None = None
    ) -> bool:
        """What the user did with one result; False for an unknown search or result."""
        if self._connection is None:
            return False
        with self.transaction() as connection:
            done = connection.execute(
                "INSERT INTO search_uses (search_id, time, result, action)"
                " SELECT id, ?2, ?3, ?4 FROM searches WHERE id = ?1 AND ?3 BETWEEN 0 AND"
                " n_results - 1 ON CONFLICT DO NOTHING",
                (search_id, time.time() if now is None else now, result, action),
            )
        return done.rowcount > 0

    def record_rating(
        self,
        subject: str,
        workspace: str,
        rating: int,
        comment: str = "",
        consent: Level | str | None = None,
        *,
        now: float | None = None,
    ) -> bool:
        """The user's own word on an answer: -1 bad, 1 good."""
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO ratings (time, workspace, subject, rating, comment, consent)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    time.time() if now is None else now,
                    workspace,
                    subject,
                    rating,
                    redact(comment) if level is Level.LOCAL and comment else None,
                    level.value,
                ),
            )
        return True

    # ---------------------------------------------------------------- reading

    def searches(self, workspace: str | None = None) -> Iterator[SearchRow]:
        """Every recorded search with what was done with its results, oldest first."""
        if self._connection is None:
            return
        with self._lock:
            rows = self._connection.execute(
                "SELECT s.id, s.time, s.workspace, s.query, s.results, s.consent,"
                " (SELECT json_group_array(json_array(u.result, u.action)) FROM search_uses u"
                "  WHERE u.search_id = s.id)"
                " FROM searches s WHERE ?1 IS NULL OR s.workspace = ?1 ORDER BY s.number",
                (workspace,),
            ).fetchall()
        for row in rows:
            uses = frozenset((result, action) for result, action in json.loads(row[6]))
            yield SearchRow._make([*row[:3], row[3] or "", json.loads(row[4]), row[5], uses])

    def proposals(self, workspace: str | None = None) -> Iterator[ProposalRow]:
        """Every recorded proposal, oldest first, with the latest outcome of each."""
        if self._connection is None:
            return
        with self._lock:
            rows = self._connection.execute(
                "SELECT p.number, p.id, p.time, p.workspace, p.task, p.title, p.reason, p.source,"
                " p.rung, p.fingerprint, p.operations, p.calls, p.context, p.diff, p.language,"
                " p.verification, p.consent, o.outcome, o.final_diff, o.rating, o.comment"
                " FROM proposals p JOIN outcomes o ON o.number ="
                " (SELECT max(number) FROM outcomes WHERE proposal_id = p.id)"
                " WHERE ?1 IS NULL OR p.workspace = ?1 ORDER BY p.number",
                (workspace,),
            ).fetchall()
        for row in rows:
            yield ProposalRow._make(
                [
                    *row[:4],
                    *(text or "" for text in row[4:7]),
                    *row[7:10],
                    tuple(json.loads(row[10])),
                    json.loads(row[11] or "[]"),
                    json.loads(row[12] or "[]"),
                    row[13] or "",
                    row[14],
                    json.loads(row[15]),
                    row[16],
                    Outcome(row[17]),
                    row[18] or "",
                    row[19],
                    row[20] or "",
                ]
            )

    def outcomes(self, proposal_id: str) -> list[Outcome]:
        """Every outcome recorded of one proposal, in order."""
        if self._connection is None:
            return []
        with self._lock:
            rows = self._connection.execute(
                "SELECT outcome FROM outcomes WHERE proposal_id = ? ORDER BY number",
                (proposal_id,),
            ).fetchall()
        return [Outcome(row[0]) for row in rows]

    def stats(self, workspace: str | None = None) -> dict[str, Any]:
        """Counts of proposals by their latest outcome, over all and per operation and rung.

        `kept` is the share of decided proposals that the user kept, None before the first.
        """
        rows = list(self.proposals(workspace))
        groups: dict[str, dict[str, list[Outcome]]] = {"operations": {}, "rungs": {}}
        for row in rows:
            for operation in set(row.operations):
                groups["operations"].setdefault(operation, []).append(row.outcome)
            groups["rungs"].setdefault(row.rung, []).append(row.outcome)
        return {
            "path": str(self.path) if self.path is not None else None,
            "level": self.level.value,
            "workspaces": len({row.workspace for row in rows}),
            **_counted([row.outcome for row in rows]),
            **{
                group: {name: _counted(outcomes) for name, outcomes in sorted(members.items())}
                for group, members in groups.items()
            },
        }

    # ---------------------------------------------------------------- forgetting

    def forget(
        self,
        *,
        workspace: str | None = None,
        proposal: str | None = None,
        task: str | None = None,
        everything: bool = False,
    ) -> int:
        """Delete proposals with their outcomes for good; returns how many proposals.

        Exactly one of the arguments. The file is rewritten, so that no deleted text stays
        in its free pages; with `everything`, corrupt files moved aside go as well.
        """
        chosen = [
            (n, v) for n, v in (("workspace", workspace), ("id", proposal), ("task", task)) if v
        ]
        if len(chosen) + everything != 1:
            raise ArgumentsError(
                "forget: name exactly one of workspace, proposal, task, everything"
            )
        if self._connection is None:
            return 0
        where, values = ("1", ()) if everything else (f"{chosen[0][0]} = ?", (chosen[0][1],))
        with self._lock:
            with self.transaction() as connection:
                ids = connection.execute(f"SELECT id FROM proposals WHERE {where}", values)
                forgotten = {row[0] for row in ids.fetchall()}
                connection.execute(f"DELETE FROM proposals WHERE {where}", values)
                if everything or workspace:
                    for table in ("searches", "ratings", "batches"):
                        connection.execute(f"DELETE FROM {table} WHERE {where}", values)
                else:
                    _forget_in_batches(connection, forgotten)
            try:
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise StoreError(
                    f"{len(forgotten)} proposals deleted, but {self.path} cannot be rewritten now: {error}"
                ) from error
        if everything and self.path is not None:
            for aside in self.path.parent.glob(f"{FILE_NAME}.corrupt-*"):
                aside.unlink(missing_ok=True)
        return len(forgotten)

    # ---------------------------------------------------------------- helpers

    def _kept_diff(
        self,
        proposal_id: str,
        hunks: Sequence[tuple[str, int]] | None,
        final_text: Mapping[str, str] | None,
    ) -> str | None:
        proposal = self._recent.get(proposal_id)
        if proposal is None:
            return None
        if final_text:
            return final_diff(proposal, final_text)
        return kept_diff(proposal, hunks) if hunks else None

    def _narrowed(self, consent: Level | str | None) -> Level:
        if self._connection is None:
            return Level.OFF
        order = list(Level)
        asked = self.level if consent is None else _level(consent)
        return order[min(order.index(asked), order.index(self.level))]

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            if connection is None:
                raise StoreError("the feedback store is closed")
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise StoreError(f"feedback is not recorded: {self.path}: {error}") from error


def _forget_in_batches(connection: sqlite3.Connection, forgotten: set[str]) -> None:
    """Take the lines about forgotten proposals out of batches that were not sent yet."""
    rows = connection.execute("SELECT number, body FROM batches WHERE sent_at IS NULL").fetchall()
    for number, body in rows:
        lines = body.decode("utf-8").splitlines(keepends=True)
        left = [line for line in lines if not _is_about(json.loads(line), forgotten)]
        if len(left) < len(lines):
            connection.execute(
                "UPDATE batches SET body = ?, n_events = ? WHERE number = ?",
                ("".join(left).encode("utf-8"), len(left), number),
            )


def _is_about(event: dict[str, Any], forgotten: set[str]) -> bool:
    return event.get("id") in forgotten or event.get("proposal") in forgotten


def _counted(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    counts: Mapping[str, int] = {o.value: outcomes.count(o) for o in Outcome}
    decided = sum(outcome not in (Outcome.SHOWN, Outcome.EXPIRED) for outcome in outcomes)
    kept = sum(outcome in KEPT for outcome in outcomes)
    share = round(kept / decided, 4) if decided else None
    return {"proposals": len(outcomes), "outcomes": counts, "kept": share}


def _hunks_json(hunks: Sequence[tuple[str, int]] | None, whole: bool) -> str | None:
    """Without consent to code the paths go, the numbers stay."""
    if hunks is None:
        return None
    return canonical_json(sorted([path, index] if whole else index for path, index in hunks))


def _level(level: Level | str) -> Level:
    try:
        return Level(level)
    except ValueError as error:
        raise ArgumentsError(f"feedback level: {level!r} is none of {', '.join(Level)}") from error


# -------------------------------------------------------------------- opening


def _connect_or_move_aside(path: Path, on_problem: Callable[[str], None]) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, (sqlite3.OperationalError, sqlite3.NotSupportedError)):
            raise  # locked, read-only, disk full: the file itself may be sound
        aside = _move_aside(path)
        on_problem(
            f"The feedback file was corrupt ({error}). It was kept as {aside}; recording starts anew."
        )
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000, check_same_thread=False)
    try:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        # Before anything is written: a file that is damaged or not ours stays as it is.
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        if os.name == "posix":
            os.chmod(path, 0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _move_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside
