"""Outcomes in, order and a page out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.proposals import ROOT, proposal_of
from treewright_agent.calls import Call
from treewright_agent.feedback import FeedbackStore, Outcome
from treewright_agent.feedback.ranking import Ranking, keys_of
from treewright_agent.feedback.report import report


def call(module: str) -> list[Call]:
    return [Call("add_import", {"path": "/w/a.py", "module": module, "name": "Iterable"})]


@pytest.mark.parametrize("seed", range(20))
def test_two_hundred_outcomes_tell_a_users_taste(seed: int) -> None:
    """A simulated user who takes one module of four most of the time, and now and then errs."""
    luck = random.Random(seed)
    modules = ["typing", "collections.abc", "typing_extensions", "compat"]
    favourite = luck.choice(modules)
    ranking = Ranking(now=1000.0)
    for _ in range(200):
        shown = luck.choice(modules)
        likes = 0.8 if shown == favourite else 0.3
        outcome = Outcome.ACCEPTED if luck.random() < likes else Outcome.REJECTED
        ranking.add(keys_of(call(shown), ("add_import",)), outcome, 1000.0)
    best = max(modules, key=lambda module: ranking.boost(call(module)))
    assert best == favourite


def test_one_refusal_does_not_banish() -> None:
    ranking = Ranking(now=0.0)
    ranking.add(keys_of(call("typing"), ("add_import",)), Outcome.REJECTED, 0.0)
    assert -2 < ranking.boost(call("typing")) < 0
    assert ranking.boost([Call("remove_import", {})]) > ranking.boost(call("typing"))
    assert "kept 0.0 of 1.0" in ranking.explain(call("typing"))


def test_old_outcomes_fade() -> None:
    keys = keys_of(call("typing"), ("add_import",))
    old, new = Ranking(now=400 * 86_400.0), Ranking(now=0.0)
    for ranking in (old, new):
        for _ in range(10):
            ranking.add(keys, Outcome.REJECTED, 0.0)
    assert new.rate(keys).share < old.rate(keys).share < 0.5


def test_the_page_holds_what_was_recorded_and_nothing_foreign(tmp_path: Path) -> None:
    with FeedbackStore.open(tmp_path) as store:
        assert "Nothing is recorded yet" in report(store)
        hostile = "<script>alert(1)</script>"
        store.record_proposal(proposal_of("a", title=hostile), ROOT, now=1000.0)
        store.record_outcome("a", "reverted", now=1001.0)
        store.record_proposal(proposal_of("b"), ROOT, now=1002.0)
        store.record_outcome("b", "accepted", now=1003.0)
        page = report(store)
    assert hostile not in page
    assert "&lt;script&gt;" in page
    assert "50 %" in page
    assert "1 accepted, 1 reverted" in page
