"""The gate: better passes, worse does not, and every promotion can be taken back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.agent.test_feedback_reranker import search
from tests.support.proposals import ROOT, proposal_of
from treewright_agent.calls import Call
from treewright_agent.feedback import FeedbackStore, gate, versions
from treewright_agent.feedback.learning import learned
from treewright_agent.feedback.replay import cases_in
from treewright_agent.feedback.rules import mine
from treewright_agent.recipes import Diagnostic, Offer
from treewright_agent.recipes.arrange import arranged
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import Span


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "data") as opened:
        hasten(opened)
        yield opened


def hasten(store: FeedbackStore) -> None:
    """Thousands of events in a test need not survive the machine."""
    assert store.database is not None
    store.database.rows("PRAGMA synchronous = OFF")


# -------------------------------------------------------------------- the order of the menu

MODULES = ("typing", "collections.abc", "typing_extensions", "compat")


def offer(module: str, preferred: bool = False) -> Offer:
    diagnostic = Diagnostic("/w/a.py", Span(0, 1), "F821", "ruff", "undefined name")
    calls = (Call("add_import", {"path": "/w/a.py", "module": module, "name": "Iterable"}),)
    return Offer(f"Import from {module}", "quickfix", calls, diagnostic, preferred)


def record(store: FeedbackStore, luck: random.Random, n: int, favourite: str) -> None:
    """A user who takes what they like four times of five, and now and then something else."""
    for number in range(n):
        module = luck.choice(MODULES)
        proposal = proposal_of(f"p{number}")
        object.__setattr__(proposal, "calls", offer(module).calls)
        store.record_proposal(proposal, ROOT, now=1e9 + number)
        likes = 0.8 if module == favourite else 0.15
        outcome = "accepted" if luck.random() < likes else luck.choice(("rejected", "expired"))
        store.record_outcome(f"p{number}", outcome, now=1e9 + number)


def test_after_two_hundred_outcomes_the_favourite_is_first(tmp_path: Path) -> None:
    """Simulated users: at least nine of ten see what they like first, and preferred."""
    hits = 0
    for seed in range(20):
        luck = random.Random(seed)
        favourite = luck.choice(MODULES)
        with FeedbackStore.open(tmp_path / str(seed)) as store:
            hasten(store)
            record(store, luck, 200, favourite)
            taste = learned(store, 1e9 + 200).ranking.taste
        menu = [("missing_import", offer(m, preferred=m == "typing")) for m in MODULES]
        first = arranged(menu, taste)[0][1]
        hits += first.title.endswith(favourite) and first.preferred
    assert hits >= 18


def test_nothing_known_changes_nothing(store: FeedbackStore) -> None:
    menu = [("a", offer(m, preferred=m == "compat")) for m in MODULES]
    assert arranged(menu, learned(store, 0.0).ranking.taste) == menu


def test_taste_never_crosses_problems_and_kinds() -> None:
    other = Diagnostic("/w/a.py", Span(5, 6), "F401", "ruff", "unused")
    menu = [
        ("a", offer("typing")),
        ("b", Offer("Remove", "quickfix", (Call("remove_import", {}),), other, True)),
        ("c", Offer("Extract", "refactor.extract", (Call("extract_variable", {}),))),
        ("a", offer("compat")),
    ]

    def taste(calls: Sequence[Call]) -> tuple[float, float]:
        return (0.9 if calls[0].arguments.get("module") == "compat" else 0.1), 50.0

    titles = [o.title for _, o in arranged(menu, taste)]
    assert titles == ["Import from compat", "Remove", "Extract", "Import from typing"]
    assert [o.preferred for _, o in arranged(menu, taste)] == [True, True, False, False]


# -------------------------------------------------------------------- ranking and reranker


def test_a_ranking_passes_only_when_it_is_better(store: FeedbackStore) -> None:
    assert "are needed" in gate.evaluate_ranking(store).reason
    record(store, random.Random(1), 400, "compat")
    verdict = gate.evaluate_ranking(store)
    assert verdict.figures["candidate"] <= verdict.figures["none"]
    assert verdict.passed == (
        verdict.figures["candidate"] <= verdict.figures["in_force"] * (1 - gate.RANKING_MARGIN)
    )
    number = gate.promote(store, verdict)
    assert (number > 0) == verdict.passed
    again = gate.evaluate_ranking(store)
    assert not again.passed or not verdict.passed  # it does not beat itself


def searched(store: FeedbackStore, luck: random.Random, n: int, taste: str | None) -> None:
    for number in range(n):
        judged = search(luck, taste)
        name = f"s{number}"
        store.record_search(name, ROOT, judged.query, judged.results, now=1e9 + number)
        for index, gain in enumerate(judged.gains):
            store.record_search_use(name, index, "used" if gain else "ignored")


def test_a_reranker_is_kept_when_better_and_rolled_back_at_once(store: FeedbackStore) -> None:
    luck = random.Random(2)
    searched(store, luck, 120, "docs")
    general = [search(luck, None) for _ in range(200)]
    verdict = gate.evaluate_reranker(store, general)
    assert verdict.passed, verdict
    assert verdict.figures["candidate"] >= verdict.figures["in_force"] + gate.RERANKER_MARGIN
    number = gate.promote(store, verdict)
    in_force = learned(store, 0.0).reranker
    assert in_force is not None
    assert in_force.number == number
    assert not gate.evaluate_reranker(store, general).passed  # not better than itself
    assert versions.rollback(store, "reranker") == 0
    assert learned(store, 0.0).reranker is None
    with pytest.raises(ArgumentsError, match="nothing to roll back"):
        versions.rollback(store, "reranker")


def test_a_reranker_fitted_to_noise_does_not_pass(store: FeedbackStore) -> None:
    luck = random.Random(4)
    searched(store, luck, 80, None)
    for number in range(80, 120):  # users change their mind: what was learned is wrong now
        judged = search(luck, None)
        store.record_search(f"s{number}", ROOT, judged.query, judged.results)
        store.record_search_use(f"s{number}", luck.randrange(1, 10), "used")
    assert not gate.evaluate_reranker(store).passed


def test_versions_are_rolled_back_one_by_one(store: FeedbackStore) -> None:
    one = versions.add(store, "ranking", {"prior_weight": 1.0}, {})
    two = versions.add(store, "ranking", {"prior_weight": 2.0}, {})
    for number in (one, two):
        versions.promote(store, "ranking", number, "test")
    assert [versions.rollback(store, "ranking") for _ in range(2)] == [one, 0]
    with pytest.raises(ArgumentsError, match="no version 99"):
        versions.promote(store, "ranking", 99, "test")
    with pytest.raises(ArgumentsError, match="is none of"):
        versions.add(store, "nonsense", {}, {})


# -------------------------------------------------------------------- rules


def test_a_rule_that_does_what_was_refused_does_not_pass(store: FeedbackStore) -> None:
    for n, value in enumerate(("a", "b(1)", "c.d")):
        store.record_proposal(
            proposal_of(f"k{n}", f"{value} == None\n", f"{value} is None\n", source="model"), ROOT
        )
        store.record_outcome(f"k{n}", "accepted")
    (rule,) = mine(store)
    assert gate.evaluate_rule(store, rule).passed
    store.record_proposal(proposal_of("r", "z == None\n", "z is None\n", source="model"), ROOT)
    store.record_outcome("r", "rejected")
    verdict = gate.evaluate_rule(store, rule)
    assert not verdict.passed
    assert verdict.figures["refused"] == 1


# -------------------------------------------------------------------- models


def asked(store: FeedbackStore, n: int = 6) -> None:
    for number in range(n):
        before, after = f"import os\nx{number} = 1\n", f"x{number} = 1\n"
        store.record_proposal(proposal_of(f"m{number}", before, after, source="model"), ROOT)
        store.record_outcome(f"m{number}", "accepted" if number % 2 == 0 else "rejected")


def removes(request: str) -> list[Call]:
    """Does what was proposed, whether the user kept it or not."""
    name = request.partition("import os\n")[2].partition(" ")[0]
    return [Call("replace_text", {"path": "a.py", "old": f"import os\n{name}", "new": name})]


def knows_better(request: str) -> list[Call]:
    """Spaces differ from what was kept, the code does not; leaves alone what was refused."""
    name = request.partition("import os\n")[2].partition(" ")[0]
    if int(name[1:]) % 2 == 0:
        return [
            Call(
                "replace_text",
                {"path": "a.py", "old": f"import os\n{name} = 1", "new": f"{name}  =  1"},
            )
        ]
    return [Call("replace_text", {"path": "a.py", "old": f"{name} = 1", "new": f"{name} = 2"})]


def breaks(request: str) -> list[Call]:
    return [Call("replace_text", {"path": "a.py", "old": "import os\n", "new": "import (\n"})]


def fails(request: str) -> list[Call]:
    raise RuntimeError("the server is gone")


def test_a_worse_model_is_not_promoted_and_the_gate_says_by_how_much(store: FeedbackStore) -> None:
    asked(store)
    worse = gate.evaluate_model(store, breaks, removes, body={"model": "worse"})
    assert not worse.passed
    assert worse.figures["candidate"]["results"] == {"broken": 6}
    assert worse.figures["in_force"]["results"] == {"kept": 3, "refused": 3}
    assert gate.promote(store, worse) == 0
    assert not gate.evaluate_model(store, fails, removes).passed
    same = gate.evaluate_model(store, removes, removes)
    assert not same.passed


def test_tests_decide_about_cases(
    store: FeedbackStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MIN_REQUESTS", 2)
    for number in range(2):
        files = tmp_path / "cases" / f"c{number}" / "files"
        files.mkdir(parents=True)
        (files.parent / "request.md").write_text("total must add")
        (files / "a.py").write_text("def total(a, b):\n    return a - b\n")
        (files / "test_a.py").write_text(
            "from a import total\ndef test_it():\n    assert total(1, 2) == 3\n"
        )
    cases = cases_in(tmp_path / "cases")

    def right(request: str) -> list[Call]:
        return [Call("replace_text", {"path": "a.py", "old": "a - b", "new": "b + a"})]

    def wrong(request: str) -> list[Call]:
        return [Call("replace_text", {"path": "a.py", "old": "a - b", "new": "a * b"})]

    asked(store, 0)
    better = gate.evaluate_model(store, right, wrong, cases, body={"model": "m2"})
    assert better.passed, better
    assert better.figures["candidate"]["results"] == {"passed": 2}
    assert better.figures["in_force"]["results"] == {"failed": 2}
    assert gate.promote(store, better) > 0
    with pytest.raises(ArgumentsError, match="no case in it"):
        cases_in(tmp_path / "nowhere")


def test_what_leaves_the_refused_alone_is_better(store: FeedbackStore) -> None:
    asked(store)
    verdict = gate.evaluate_model(store, knows_better, removes)
    assert verdict.figures["candidate"]["results"] == {"kept": 3, "other": 3}
    assert verdict.figures["candidate"]["harm"] == 0.0
    assert not verdict.passed  # no harm, and no gain either: as many came out well
