"""The feedback store: what was proposed, and what became of it.

Rows are only added, each in a transaction of its own; `forget` alone takes rows away. The file
itself is the matter of `database`, what is in it that of `reading`.
"""

from __future__ import annotations

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from treewright_agent.calls import calls_to_json, canonical_json, relative_calls
from treewright_agent.feedback import reading
from treewright_agent.feedback.database import Database, data_folder
from treewright_agent.feedback.levels import Level, level_of, narrower
from treewright_agent.feedback.outcomes import KEPT, Outcome, final_diff, kept_diff, kept_texts
from treewright_agent.feedback.reading import ProposalRow, SearchRow
from treewright_agent.feedback.redact import NOTHING, Redactor
from treewright_agent.feedback.standing import Tracked, share_standing, to_json, track
from treewright_indexer.errors import ArgumentsError, StoreError

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal

__all__ = ["FeedbackStore", "Level", "Made", "ProposalRow", "SearchRow", "data_folder"]

_MAX_RECENT = 256
"""Proposals whose text before is kept in memory, to tell what the user made of them."""

KeptMoment = Literal["ten_minutes", "commit", "day"]
SearchAction = Literal["opened", "used", "ignored"]


class Made(NamedTuple):
    """How a proposal came about: who made it, from what, in what time and for how much."""

    recipe: str = ""
    model: str = ""
    """Label of the endpoint whose model decided; '' without one."""
    task: str | None = None
    versions: Mapping[str, str] = {}  # never changed
    seconds: float | None = None
    """From the request to the proposal."""
    cost: float | None = None
    tokens: int | None = None


def _silent(_message: str) -> None:
    pass


class FeedbackStore:
    """Thread safe; several processes may hold the same file. Methods block: call them off
    the event loop."""

    def __init__(self, database: Database | None, level: Level):
        self.database = database
        self.level = level
        self.redactor: Redactor = NOTHING
        """What is taken out of everything that is recorded from now on."""
        self._recent: OrderedDict[str, Proposal] = OrderedDict()

    @classmethod
    def open(
        cls,
        folder: Path | str | None = None,
        *,
        level: Level | str = Level.LOCAL,
        on_problem: Callable[[str], None] = _silent,
    ) -> FeedbackStore:
        """Open or create the file in `folder` (None: `data_folder()`); see `Database.open`.

        Raises StoreError. With level off no file is touched.
        """
        level = level_of(level)
        if level is Level.OFF:
            return cls(None, level)
        return cls(Database.open(folder, on_problem), level)

    @property
    def path(self) -> Path | None:
        return self.database.path if self.database is not None else None

    def close(self) -> None:
        if self.database is not None:
            self.database.close()
            self.database = None

    def __enter__(self) -> FeedbackStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- recording

    def record_consent(
        self, workspace: str, level: Level | str, *, now: float | None = None
    ) -> bool:
        """Note the level that is in force for a workspace from now on; False when it was."""
        if self.database is None:
            return False
        level = level_of(level)
        workspace = _storable(workspace)
        with self.transaction() as connection:
            last = connection.execute(
                "SELECT level FROM consents WHERE workspace = ? ORDER BY number DESC LIMIT 1",
                (workspace,),
            ).fetchone()
            if last is not None and last[0] == level.value:
                return False
            connection.execute(
                "INSERT INTO consents (time, workspace, level) VALUES (?, ?, ?)",
                (_moment(now), workspace, level.value),
            )
        return True

    def record_proposal(
        self,
        proposal: Proposal,
        workspace: str,
        consent: Level | str | None = None,
        *,
        made: Made = Made(),  # noqa: B008  # a value
        now: float | None = None,
    ) -> bool:
        """Record that `proposal` was shown, durably; False when the level is off.

        `consent` narrows the store's level for this workspace; it never widens it. Of a change
        to a file that the redactor hides only the outcome is recorded.
        """
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        if any(self.redactor.hides(path, proposal.root) for path in proposal.change.paths()):
            level = narrower(level, Level.OUTCOMES)
        whole = level is Level.LOCAL
        text, clean = self._text, self._json
        moment, workspace = _moment(now), _storable(workspace)
        report = proposal.report.to_json()
        if not whole:
            report = {"ok": report["ok"]}
        calls = relative_calls(proposal.calls, proposal.root)
        row = (
            proposal.id,
            moment,
            workspace,
            made.task,
            text(proposal.title) if whole else None,
            text(proposal.reason) if whole else None,
            proposal.source,
            proposal.rung,
            proposal.fingerprint,
            canonical_json([call.operation for call in proposal.calls]),
            clean(calls_to_json(calls)) if whole else None,
            clean([c._asdict() for c in proposal.context]) if whole else None,
            text(proposal.diff) if whole else None,
            proposal.language,
            clean(report),
            level.value,
            made.recipe,
            made.model,
            canonical_json(dict(made.versions)) if made.versions else None,
            made.seconds,
            made.cost,
            made.tokens,
        )
        with self.transaction() as connection:
            added = connection.execute(
                "INSERT INTO proposals (id, time, workspace, task, title, reason, source, rung,"
                " fingerprint, operations, calls, context, diff, language, verification, consent,"
                " recipe, model, versions, seconds, cost, tokens)"
                f" VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO NOTHING",
                row,
            ).rowcount
            if added:
                connection.execute(
                    "INSERT INTO outcomes (proposal_id, time, outcome, seconds_after, consent)"
                    " VALUES (?, ?, 'shown', 0, ?)",
                    (proposal.id, moment, level.value),
                )
                _tally(connection, proposal.id, Outcome.SHOWN, None)
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
        consent: Level | str | None = None,
        now: float | None = None,
    ) -> bool:
        """Record what became of a proposal, durably; False when nothing of it is recorded.

        `hunks` are the edits kept, (path, index into the file's edits); `final_text` is what
        the user's buffers hold now, path -> whole text. Both lead from the text before to
        what was kept, so they need a proposal that this store recorded itself. The same
        outcome told twice is recorded once. Raises ArgumentsError for an outcome that is none.
        """
        try:
            outcome = Outcome(outcome)
        except ValueError as error:
            raise ArgumentsError(f"outcome: {outcome!r} is none of {', '.join(Outcome)}") from error
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        moment = _moment(now)
        with self.transaction() as connection:
            known = connection.execute(
                "SELECT p.time, p.consent, o.outcome, o.hunks, o.final_diff, o.rating, o.comment"
                " FROM proposals p JOIN outcomes o ON o.number = (SELECT max(number) FROM outcomes"
                " WHERE proposal_id = p.id) WHERE p.id = ?",
                (proposal_id,),
            ).fetchone()
            if known is None:
                return False
            level = narrower(level, Level(known[1]))
            whole = level is Level.LOCAL
            before = Outcome(known[2])
            if outcome is Outcome.PREVIEWED and before is not Outcome.SHOWN:
                return True  # it was looked at again; what was decided stands
            proposal = self._recent.get(proposal_id)
            kept = _kept_diff(proposal, hunks, final_text) if whole and proposal else ""
            told = (
                _hunks_json(hunks, whole),
                self._text(kept) if kept else None,
                rating,
                self._text(comment) if whole and comment else None,
            )
            if before is outcome and tuple(known[3:7]) == told:
                return True
            tracked = _tracked(proposal, outcome, hunks, final_text)
            connection.execute(
                "INSERT INTO outcomes (proposal_id, time, outcome, hunks, final_diff, rating,"
                " comment, seconds_after, changed, consent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    proposal_id,
                    moment,
                    outcome.value,
                    *told,
                    max(0.0, moment - known[0]),
                    _changed(proposal, outcome, hunks, final_text),
                    level.value,
                ),
            )
            _tally(connection, proposal_id, outcome, before)
            _watch(connection, proposal_id, outcome, tracked, moment)
        return True

    def record_kept(
        self, proposal_id: str, moment: KeptMoment, share: float, *, now: float | None = None
    ) -> bool:
        """How much of an accepted change still stands; False for an unknown proposal.

        `share` is that of the accepted lines, 0 to 1, measured on the text. The first record
        of a moment counts.
        """
        if self.database is None:
            return False
        if not 0 <= share <= 1:
            raise ArgumentsError(f"share: {share} is not between 0 and 1")
        with self.transaction() as connection:
            done = connection.execute(
                "INSERT INTO kept (proposal_id, time, moment, share)"
                " SELECT id, ?2, ?3, ?4 FROM proposals WHERE id = ?1 ON CONFLICT DO NOTHING",
                (proposal_id, _moment(now), moment, share),
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
        """Record what a search found, each result with path, symbol, kind, sources and snippet.

        A result in a file that the redactor hides keeps its place and loses its words.
        """
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        workspace, whole = _storable(workspace), level is Level.LOCAL
        kept: list[dict[str, Any]] = []
        for result in results:
            row: dict[str, Any] = {
                key: str(result.get(key) or "") for key in ("path", "symbol", "kind", "snippet")
            }
            if self.redactor.hides(row["path"]):
                row = dict.fromkeys(row, "")
            kept.append({**row, "sources": [str(s) for s in result.get("sources") or ()]})
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO searches (id, time, workspace, query, results, n_results, consent)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    search_id,
                    _moment(now),
                    workspace,
                    self._text(query) if whole else None,
                    self._json(kept) if whole else "[]",
                    len(results),
                    level.value,
                ),
            )
        return True

    def record_search_use(
        self, search_id: str, result: int, action: SearchAction, *, now: float | None = None
    ) -> bool:
        """What the user did with one result; False for an unknown search or result."""
        if self.database is None:
            return False
        with self.transaction() as connection:
            done = connection.execute(
                "INSERT INTO search_uses (search_id, time, result, action)"
                " SELECT id, ?2, ?3, ?4 FROM searches WHERE id = ?1 AND ?3 BETWEEN 0 AND"
                " n_results - 1 ON CONFLICT DO NOTHING",
                (search_id, _moment(now), result, action),
            )
            known = connection.execute(
                "SELECT 1 FROM searches WHERE id = ? AND ? BETWEEN 0 AND n_results - 1",
                (search_id, result),
            ).fetchone()
        return done.rowcount > 0 or known is not None

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
        """The user's own word on an answer: -1 bad, 1 good. The same word twice counts once."""
        level = self._narrowed(consent)
        if level is Level.OFF:
            return False
        subject, workspace = _storable(subject), _storable(workspace)
        said = self._text(comment) if level is Level.LOCAL and comment else None
        with self.transaction() as connection:
            last = connection.execute(
                "SELECT rating, comment FROM ratings WHERE subject = ? AND workspace = ?"
                " ORDER BY number DESC LIMIT 1",
                (subject, workspace),
            ).fetchone()
            if last is None or tuple(last) != (rating, said):
                connection.execute(
                    "INSERT INTO ratings (time, workspace, subject, rating, comment, consent)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (_moment(now), workspace, subject, rating, said, level.value),
                )
        return True

    # ---------------------------------------------------------------- reading

    def searches(self, workspace: str | None = None) -> Iterator[SearchRow]:
        """Every recorded search with what was done with its results, oldest first."""
        return reading.searches(self.database, workspace)

    def proposals(self, workspace: str | None = None) -> Iterator[ProposalRow]:
        """Every recorded proposal, oldest first, with the latest outcome of each."""
        return reading.proposals(self.database, workspace)

    def outcomes(self, proposal_id: str) -> list[Outcome]:
        """Every outcome recorded of one proposal, in order."""
        if self.database is None:
            return []
        rows = self.database.rows(
            "SELECT outcome FROM outcomes WHERE proposal_id = ? ORDER BY number", (proposal_id,)
        )
        return [Outcome(row[0]) for row in rows]

    def stats(self, workspace: str | None = None) -> dict[str, Any]:
        """See `reading.stats`."""
        return {
            "path": str(self.path) if self.path is not None else None,
            "level": self.level.value,
            **reading.stats(self.database, workspace),
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

        Exactly one of the arguments. See `forgetting`.
        """
        from treewright_agent.feedback.forgetting import forget

        if self.database is None:
            return 0
        self._recent.clear()
        return forget(self.database, workspace, proposal, task, everything)

    # ---------------------------------------------------------------- helpers

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        if self.database is None:
            raise StoreError("the feedback store is closed")
        return self.database.transaction()

    def _text(self, text: str) -> str:
        return _storable(self.redactor.text(text))

    def _json(self, value: object) -> str:
        return _storable(canonical_json(self.redactor.json(value)))

    def _narrowed(self, consent: Level | str | None) -> Level:
        if self.database is None:
            return Level.OFF
        return self.level if consent is None else narrower(level_of(consent), self.level)


def _storable(text: str) -> str:
    """A file holds no half of a surrogate pair; what a client sends may."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _moment(now: float | None) -> float:
    return time.time() if now is None else now


_TALLIED = (
    "INSERT INTO tallies SELECT workspace, CAST(time / 86400 AS INTEGER), operations, recipe,"
    " rung, model, language, ?1, ?2, ?2 * (seconds IS NOT NULL), ?2 * ifnull(seconds, 0),"
    " ?2 * ifnull(cost, 0), ?2 * ifnull(tokens, 0) FROM proposals WHERE id = ?3"
    " ON CONFLICT DO UPDATE SET n = n + excluded.n, n_timed = n_timed + excluded.n_timed,"
    " seconds = seconds + excluded.seconds, cost = cost + excluded.cost,"
    " tokens = tokens + excluded.tokens"
)


def _tally(
    connection: sqlite3.Connection, proposal_id: str, outcome: Outcome, before: Outcome | None
) -> None:
    """Move the proposal from where it stood to where it stands."""
    if outcome is before:
        return
    connection.execute(_TALLIED, (outcome.value, 1, proposal_id))
    if before is not None:
        connection.execute(_TALLIED, (before.value, -1, proposal_id))


def _watch(
    connection: sqlite3.Connection,
    proposal_id: str,
    outcome: Outcome,
    tracked: Sequence[Tracked],
    moment: float,
) -> None:
    """Remember an accepted change so that its text is looked at later; see `watching`."""
    if outcome in KEPT and tracked:
        connection.execute(
            "INSERT INTO watches VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET files = excluded.files",
            (proposal_id, moment, canonical_json(to_json(tracked))),
        )
    elif outcome in (Outcome.REJECTED, Outcome.REVERTED):
        connection.execute("DELETE FROM watches WHERE proposal_id = ?", (proposal_id,))


def _tracked(
    proposal: Proposal | None,
    outcome: Outcome,
    hunks: Sequence[tuple[str, int]] | None,
    final_text: Mapping[str, str] | None,
) -> list[Tracked]:
    if proposal is None or outcome not in KEPT:
        return []
    found = [
        track(path, before, (final_text or {}).get(path, after))
        for path, before, after in kept_texts(proposal, hunks)
    ]
    return [file for file in found if file is not None]


def _changed(
    proposal: Proposal | None,
    outcome: Outcome,
    hunks: Sequence[tuple[str, int]] | None,
    final_text: Mapping[str, str] | None,
) -> float | None:
    """Of the accepted lines, the share that `final_text` no longer has as accepted."""
    if proposal is None or outcome is not Outcome.EDITED or not final_text:
        return None
    found = [track(path, b, a) for path, b, a in kept_texts(proposal, hunks) if path in final_text]
    tracked = [file for file in found if file is not None]
    return round(1 - share_standing(tracked, final_text.get), 4) if tracked else None


def _kept_diff(
    proposal: Proposal,
    hunks: Sequence[tuple[str, int]] | None,
    final_text: Mapping[str, str] | None,
) -> str:
    if final_text:
        return final_diff(proposal, final_text)
    return kept_diff(proposal, hunks) if hunks else ""


def _hunks_json(hunks: Sequence[tuple[str, int]] | None, whole: bool) -> str | None:
    """Without consent to code the paths go, the numbers stay."""
    if hunks is None:
        return None
    return canonical_json(sorted([path, index] if whole else index for path, index in hunks))
