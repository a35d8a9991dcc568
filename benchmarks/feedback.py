"""What recording costs, and whether a million events stay queryable.

    python benchmarks/feedback.py [--events 1000000]

Accept path: what the thread that takes a keystroke or an answer of the client does about an
accepted edit; the write itself is the journal's, and is printed beside it. Both with everything
on: level local, secrets looked for, a fresh file. One line of JSON at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.migrations import tally_anew
from treewright_agent.feedback.report import report
from treewright_server.feedback_watch import Hunk, Ledger

BASE = "\n".join(f"value_{n} = compute({n})" for n in range(2_000)) + "\n"
N_RECORDED = 300
GOAL_ACCEPT_MS, GOAL_STATS_S = 2.0, 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        accept, durable = recording(Path(folder) / "record")
        figures = many(Path(folder) / "many", given.events)
    figures = {
        "accept_p95_ms": percentile(accept), "durable_p50_ms": statistics.median(durable),
        "durable_p95_ms": percentile(durable), **figures,
    }  # fmt: skip
    for name, value in figures.items():
        print(f"{name:<24} {value:,.3f}" if isinstance(value, float) else f"{name:<24} {value:,}")
    good = figures["accept_p95_ms"] < GOAL_ACCEPT_MS and figures["stats_s"] < GOAL_STATS_S
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))
    print(
        f"goals: accept p95 < {GOAL_ACCEPT_MS} ms, stats < {GOAL_STATS_S} s: {'met' if good else 'missed'}"
    )


def percentile(values: list[float], share: float = 0.95) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def recording(folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each acceptance: on the thread that waits for it, and in the journal."""
    accept: list[float] = []
    durable: list[float] = []
    with FeedbackStore.open(folder) as store:
        for n in range(N_RECORDED):
            after = BASE.replace(f"value_{n} = ", f"renamed_{n} = ")
            proposal = proposal_of(f"p{n}", BASE, after)
            (change,) = proposal.change.files
            hunks = [Hunk(e.span.start, e.span.end, e.new_text.encode()) for e in change.edits]
            ledger = Ledger(600.0)
            ledger.shown(proposal.id, {change.path: (BASE.encode(), hunks)}, 0.0)
            store.record_proposal(proposal, "/w")
            text = after.encode()
            began = time.perf_counter()
            (event,) = ledger.text(change.path, text, [], 1.0)
            accept.append(1000 * (time.perf_counter() - began))
            began = time.perf_counter()
            store.record_outcome(event.proposal_id, event.outcome, hunks=event.hunks)
            durable.append(1000 * (time.perf_counter() - began))
    return accept, durable


def many(folder: Path, n_events: int) -> dict[str, float]:
    """A store of so many events, a third of them proposals, and what asking it costs."""
    n = n_events // 3
    with FeedbackStore.open(folder) as store, store.transaction() as connection:
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
            " INSERT INTO proposals (id, time, workspace, title, reason, source, rung,"
            " fingerprint, operations, calls, context, diff, language, verification, consent,"
            " recipe, model, seconds, cost) SELECT 'p' || i, 1.7e9 + i * 60, '/w/' || (i % 20),"
            " 'Change number ' || i, '', 'recipe', CASE i % 3 WHEN 0 THEN 'model' ELSE 'recipe'"
            " END, hex(i), json_array('operation_' || (i % 30)), '[]', json_array(json_object("
            " 'path', 'a.py', 'language', 'python', 'code', 'x = ' || i)), '-x\n+y' || i,"
            " 'python', '{}', 'local', 'recipe_' || (i % 40), CASE i % 3 WHEN 0 THEN 'm' ELSE"
            " '' END, 0.1 + i % 7, 0.001 FROM n", (n,),
        )  # fmt: skip
        connection.execute(
            "INSERT INTO outcomes (proposal_id, time, outcome, seconds_after, consent)"
            " SELECT id, time, 'shown', 0, consent FROM proposals"
        )
        connection.execute(
            "INSERT INTO outcomes (proposal_id, time, outcome, seconds_after, consent)"
            " SELECT id, time + 5, CASE number % 5 WHEN 0 THEN 'rejected' WHEN 1 THEN 'reverted'"
            " ELSE 'accepted' END, 5, consent FROM proposals"
        )
        tally_anew(connection)
    with FeedbackStore.open(folder) as store:  # as a new process finds it
        figures: dict[str, float] = {"events": 3 * n}
        figures["stats_s"] = took(store.stats)
        figures["stats_of_workspace_s"] = took(lambda: store.stats("/w/3"))
        figures["report_s"] = took(lambda: report(store))
        figures["outcome_s"] = took(lambda: store.record_outcome("p77", "reverted"))
        assert store.stats()["proposals"] == n
    return figures


def took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
