"""Rules that were mined: proposed until a person approves them, in force until removed.

A proposed rule does nothing. An approved one is offered at the cursor like any recipe, and a task
may ask for it; its changes are planned, checked and recorded like all others, so it can lose its
standing too. Every change of the set in force is a version of it (`versions`, kind `rules`: the
ids), so that one command takes the last one back.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import NamedTuple

from treewright_agent.calls import canonical_json
from treewright_agent.feedback import versions
from treewright_agent.feedback.mining import mined
from treewright_agent.feedback.samples import Filter, samples
from treewright_agent.feedback.store import FeedbackStore
from treewright_indexer.errors import ArgumentsError


class Rule(NamedTuple):
    id: str
    language: str
    pattern: str
    rewrite: str
    title: str
    n: int
    """Edits it was mined from."""
    state: str
    """proposed, approved or refused"""
    examples: tuple[tuple[str, str], ...]
    """(before, after)"""


def mine(store: FeedbackStore, *, now: float | None = None) -> list[Rule]:
    """Look for rules in what was kept, store the new ones as proposed, and return those.

    A rule that a person refused or approved stays as that person said.
    """
    found = list(samples(store, Filter(), Counter()))
    candidates = mined((s for s in found if s.kept is not None), (s for s in found if s.refused))
    known = {rule.id for rule in rules(store)}
    moment = time.time() if now is None else now
    with store.transaction() as connection:
        for c in candidates:
            if c.id in known:
                continue
            connection.execute(
                "INSERT INTO rules (id, time, language, pattern, rewrite, title, n, proposals,"
                " examples, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed')",
                (
                    c.id, moment, c.language, c.pattern, c.rewrite, c.title, len(c.examples),
                    canonical_json(sorted({e.proposal for e in c.examples})),
                    canonical_json([[e.before, e.after] for e in c.examples[:5]]),
                ),
            )  # fmt: skip
    return [rule for rule in rules(store) if rule.id not in known]


def rules(store: FeedbackStore) -> list[Rule]:
    """All of them, the oldest first."""
    if store.database is None:
        return []
    rows = store.database.rows(
        "SELECT id, language, pattern, rewrite, title, n, state, examples FROM rules"
        " ORDER BY time, id"
    )
    return [
        Rule._make([*row[:7], tuple((one, other) for one, other in json.loads(row[7]))])
        for row in rows
    ]


def approved(store: FeedbackStore) -> list[Rule]:
    return [rule for rule in rules(store) if rule.state == "approved"]


def decide(store: FeedbackStore, id: str, state: str) -> Rule:
    """Approve or refuse a rule, by its id or the beginning of it. Raises ArgumentsError."""
    rule = _rule(store, id)
    with store.transaction() as connection:
        connection.execute(
            "UPDATE rules SET state = ?, decided_at = ? WHERE id = ?", (state, time.time(), rule.id)
        )
    if "approved" in (state, rule.state) and state != rule.state:
        _new_set(store, f"{rule.id} was {state}")
    return rule._replace(state=state)


def remove(store: FeedbackStore, id: str) -> Rule:
    """Delete a rule; it may be found again."""
    rule = _rule(store, id)
    with store.transaction() as connection:
        connection.execute("DELETE FROM rules WHERE id = ?", (rule.id,))
    if rule.state == "approved":
        _new_set(store, f"{rule.id} was deleted")
    return rule


def rollback(store: FeedbackStore) -> int:
    """The set of rules before the one in force is in force again; returns its version, 0: none.

    A rule that is taken back waits for approval again; one that was deleted stays deleted. Raises
    ArgumentsError when there is nothing to take back.
    """
    number = versions.rollback(store, "rules")
    version = versions.current(store, "rules")
    ids = set(version.body["ids"]) if version is not None else set[str]()
    with store.transaction() as connection:
        for rule in rules(store):
            state = "approved" if rule.id in ids else "proposed"
            if state != rule.state and "approved" in (state, rule.state):
                connection.execute("UPDATE rules SET state = ? WHERE id = ?", (state, rule.id))
    return number


def _new_set(store: FeedbackStore, reason: str) -> None:
    found = approved(store)
    ids = sorted(rule.id for rule in found)
    number = versions.add(store, "rules", {"ids": ids}, {"n": len(ids)})
    versions.promote(store, "rules", number, reason)


def _rule(store: FeedbackStore, id: str) -> Rule:
    found = [rule for rule in rules(store) if id and rule.id.startswith(id)]
    if len(found) != 1:
        known = ", ".join(rule.id for rule in rules(store)) or "none"
        raise ArgumentsError(f"rule {id!r}: no or several of that name; there are: {known}")
    return found[0]
