"""What is in the feedback file, as rows and as counts. Reads only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from treewright_agent.feedback.database import Database
from treewright_agent.feedback.levels import Level
from treewright_agent.feedback.outcomes import KEPT, UNDECIDED, Outcome

T = TypeVar("T")


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
    recipe: str = ""
    model: str = ""
    seconds: float | None = None
    cost: float | None = None
    changed: float | None = None
    """Share of the accepted lines that the user changed afterwards."""
    kept: dict[str, float] = {}  # noqa: RUF012  # never changed
    """Moment -> share of the accepted lines that still stood."""


class SearchRow(NamedTuple):
    """A recorded search; `uses` are (index into results, action)."""

    id: str
    time: float
    workspace: str
    query: str
    results: list[dict[str, Any]]
    consent: str
    uses: frozenset[tuple[int, str]]


class Tally(NamedTuple):
    """So many proposals of one kind whose latest outcome is `outcome`."""

    day: int
    operations: tuple[str, ...]
    recipe: str
    rung: str
    model: str
    language: str
    outcome: Outcome
    n: int
    n_timed: int
    seconds: float
    """Together, of those `n_timed` whose time is known."""
    cost: float
    tokens: int


_PROPOSALS = (
    "SELECT p.number, p.id, p.time, p.workspace, p.task, p.title, p.reason, p.source,"
    " p.rung, p.fingerprint, p.operations, p.calls, p.context, p.diff, p.language,"
    " p.verification, p.consent, o.outcome, o.final_diff, o.rating, o.comment, p.recipe,"
    " p.model, p.seconds, p.cost, o.changed, (SELECT json_group_object(k.moment, k.share)"
    "  FROM kept k WHERE k.proposal_id = p.id)"
    " FROM proposals p JOIN outcomes o ON o.number ="
    " (SELECT max(number) FROM outcomes WHERE proposal_id = p.id)"
    " WHERE (?1 IS NULL OR p.workspace = ?1) AND p.number > ?2 ORDER BY p.number LIMIT 2000"
)


def proposals(database: Database | None, workspace: str | None = None) -> Iterator[ProposalRow]:
    """Every recorded proposal, oldest first, with the latest outcome of each."""
    if database is None:
        return
    last = 0
    while rows := database.rows(_PROPOSALS, (workspace, last)):
        for row in rows:
            yield _proposal(row)
        last = rows[-1][0]


def _proposal(row: Any) -> ProposalRow:
    return ProposalRow._make(
        [
            *row[:4],
            *(text or "" for text in row[4:7]),
            *row[7:10],
            tuple(_loaded(row[10], list[str]())),
            _loaded(row[11], list[Any]()),
            _loaded(row[12], list[Any]()),
            row[13] or "",
            row[14],
            _loaded(row[15], dict[str, Any]()),
            row[16],
            Outcome(row[17]),
            row[18] or "",
            row[19],
            row[20] or "",
            *row[21:26],
            _loaded(row[26], dict[str, float]()),
        ]
    )


def _loaded(text: str | None, empty: T) -> T:
    """What a column holds, or `empty`: a damaged row must not hide the sound ones."""
    try:
        value = json.loads(text) if text else empty
    except ValueError:
        return empty
    return value if isinstance(value, type(empty)) else empty


class Decision(NamedTuple):
    """What a ranking learns from: an offer by its calls, and what became of it last."""

    operations: tuple[str, ...]
    calls: list[dict[str, Any]]
    outcome: Outcome
    time: float
    workspace: str


def decisions(
    database: Database | None, workspace: str | None = None, limit: int = 5000
) -> list[Decision]:
    """The newest proposals that something became of, oldest first."""
    if database is None:
        return []
    rows = database.rows(
        "SELECT p.operations, p.calls, o.outcome, p.time, p.workspace FROM proposals p"
        " JOIN outcomes o ON o.number = (SELECT max(number) FROM outcomes WHERE proposal_id = p.id)"
        " WHERE (?1 IS NULL OR p.workspace = ?1) AND o.outcome NOT IN ('shown', 'previewed')"
        " ORDER BY p.number DESC LIMIT ?2",
        (workspace, limit),
    )
    return [
        Decision(
            tuple(_loaded(row[0], list[str]())),
            _loaded(row[1], list[Any]()),
            Outcome(row[2]),
            row[3],
            row[4],
        )
        for row in reversed(rows)
    ]


def searches(database: Database | None, workspace: str | None = None) -> Iterator[SearchRow]:
    """Every recorded search with what was done with its results, oldest first."""
    if database is None:
        return
    rows = database.rows(
        "SELECT s.id, s.time, s.workspace, s.query, s.results, s.consent,"
        " (SELECT json_group_array(json_array(u.result, u.action)) FROM search_uses u"
        "  WHERE u.search_id = s.id)"
        " FROM searches s WHERE ?1 IS NULL OR s.workspace = ?1 ORDER BY s.number",
        (workspace,),
    )
    for row in rows:
        uses = frozenset((result, action) for result, action in json.loads(row[6]))
        results = _loaded(row[4], list[Any]())
        yield SearchRow._make([*row[:3], row[3] or "", results, row[5], uses])


def workspaces(database: Database | None) -> list[str]:
    """Every workspace of which something is recorded."""
    if database is None:
        return []
    rows = database.rows(
        "SELECT workspace FROM tallies UNION SELECT workspace FROM consents ORDER BY 1"
    )
    return [row[0] for row in rows]


def consents(database: Database | None) -> dict[str, Level]:
    """Workspace -> the level in force now, of those whose level was ever noted."""
    if database is None:
        return {}
    rows = database.rows(
        "SELECT workspace, level FROM consents WHERE number IN"
        " (SELECT max(number) FROM consents GROUP BY workspace)"
    )
    return {workspace: Level(level) for workspace, level in rows}


def tallies(database: Database | None, workspace: str | None = None) -> list[Tally]:
    """Counts by everything a report groups by; a few rows even for a million events."""
    if database is None:
        return []
    rows = database.rows(
        "SELECT day, operations, recipe, rung, model, language, outcome, sum(n), sum(n_timed),"
        " sum(seconds), sum(cost), sum(tokens) FROM tallies WHERE (?1 IS NULL OR workspace = ?1)"
        " AND n > 0 GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7",
        (workspace,),
    )
    return [
        Tally._make([row[0], tuple(json.loads(row[1])), *row[2:6], Outcome(row[6]), *row[7:]])
        for row in rows
    ]


def seconds_by_rung(
    database: Database | None, workspace: str | None = None, limit: int = 20_000
) -> dict[str, list[float]]:
    """Times to a proposal of the newest ones, in order of length."""
    if database is None:
        return {}
    rows = database.rows(
        "SELECT rung, seconds FROM (SELECT rung, seconds FROM proposals WHERE seconds IS NOT NULL"
        " AND (?1 IS NULL OR workspace = ?1) ORDER BY number DESC LIMIT ?2) ORDER BY 1, 2",
        (workspace, limit),
    )
    found: defaultdict[str, list[float]] = defaultdict(list)
    for rung, seconds in rows:
        found[rung].append(seconds)
    return dict(found)


def lately(
    database: Database | None, outcome: Outcome, workspace: str | None = None, limit: int = 20
) -> list[tuple[float, str, str]]:
    """(time, title or operations, source) of proposals that stand there now, newest first."""
    if database is None:
        return []
    rows = database.rows(
        "SELECT o.time, ifnull(p.title, p.operations), p.source FROM outcomes o"
        " JOIN proposals p ON p.id = o.proposal_id WHERE o.outcome = ?1"
        " AND o.number = (SELECT max(number) FROM outcomes WHERE proposal_id = p.id)"
        " AND (?2 IS NULL OR p.workspace = ?2) ORDER BY o.number DESC LIMIT ?3",
        (outcome.value, workspace, limit),
    )
    return [(moment, title, source) for moment, title, source in rows]


def stats(database: Database | None, workspace: str | None = None) -> dict[str, Any]:
    """Counts of proposals by their latest outcome, over all and by what they are grouped by.

    `kept` is the share of decided proposals that the user kept, None before the first.
    """
    found = tallies(database, workspace)
    groups: dict[str, dict[str, list[Tally]]] = {
        name: defaultdict(list)
        for name in ("operations", "recipes", "rungs", "models", "languages")
    }
    for tally in found:
        for operation in dict.fromkeys(tally.operations):
            groups["operations"][operation].append(tally)
        groups["rungs"][tally.rung].append(tally)
        for name, key in (
            ("recipes", tally.recipe),
            ("models", tally.model),
            ("languages", tally.language),
        ):
            if key:
                groups[name][key].append(tally)
    return {
        "workspaces": _count(database, "SELECT count(DISTINCT workspace) FROM tallies", workspace),
        **counted(found),
        **{
            group: {name: counted(members[name]) for name in sorted(members)}
            for group, members in groups.items()
        },
        "searches": _count(database, "SELECT count(*) FROM searches", workspace),
        "ratings": _count(database, "SELECT count(*) FROM ratings", workspace),
        "still_standing": _standing(database, workspace),
    }


def counted(tallies: Iterable[Tally]) -> dict[str, Any]:
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    for tally in tallies:
        counts[tally.outcome.value] += tally.n
    n = sum(counts.values())
    decided = n - sum(counts[outcome.value] for outcome in UNDECIDED)
    kept = sum(counts[outcome.value] for outcome in KEPT)
    share = round(kept / decided, 4) if decided else None
    return {"proposals": n, "outcomes": counts, "kept": share}


def _count(database: Database | None, sql: str, workspace: str | None) -> int:
    if database is None:
        return 0
    if workspace is None:
        return database.rows(sql)[0][0]
    return database.rows(f"{sql} WHERE workspace = ?", (workspace,))[0][0]


def _standing(database: Database | None, workspace: str | None) -> dict[str, float]:
    """Moment -> mean share of accepted lines that stood then."""
    if database is None:
        return {}
    sql = "SELECT k.moment, avg(k.share) FROM kept k"
    if workspace is not None:
        sql += " JOIN proposals p ON p.id = k.proposal_id AND p.workspace = ?"
    rows = database.rows(f"{sql} GROUP BY 1", (workspace,) if workspace is not None else ())
    return {moment: round(share, 4) for moment, share in rows}
