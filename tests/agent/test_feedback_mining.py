"""Accepted edits in, rules out; and nothing before a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import index_of
from tests.support.proposals import ROOT, proposal_of
from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.mining import examples_of
from treewright_agent.feedback.rules import approved, decide, mine, remove, rules
from treewright_agent.operations import run
from treewright_agent.recipes import RecipeContext, offers
from treewright_agent.recipes.learned import learned_recipe
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import Span


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "data") as opened:
        yield opened


def accept(store: FeedbackStore, *edits: tuple[str, str], source: str = "model", path: str = "a.py",
           outcome: str = "accepted") -> None:  # fmt: skip
    for before, after in edits:
        name = f"p{len(list(store.proposals()))}"
        store.record_proposal(proposal_of(name, before, after, source=source, path=path), ROOT)
        store.record_outcome(name, outcome)


NONE = [
    ("if x == None:\n    go()\n", "if x is None:\n    go()\n"),
    ("    y = f(a.b) == None\n", "    y = f(a.b) is None\n"),
    ("return rows[0] == None or late\n", "return rows[0] is None or late\n"),
]


@pytest.mark.parametrize(
    ("edits", "pattern", "rewrite"),
    [
        pytest.param(NONE, "$A == None", "$A is None", id="comparison"),
        pytest.param(
            [("self.assertEquals(a, 1)\n", "self.assertEqual(a, 1)\n"),
             ("self.assertEquals(f(x), y)\n", "self.assertEqual(f(x), y)\n"),
             ("    self.assertEquals(z, [])\n", "    self.assertEqual(z, [])\n")],
            "self.assertEquals($A, $B)", "self.assertEqual($A, $B)", id="a callee's name",
        ),
        pytest.param(
            [("n = len(rows) == 0\n", "n = not rows\n"), ("if len(a.b) == 0:\n    pass\n", "if not a.b:\n    pass\n"),
             ("x = len(f()) == 0\n", "x = not f()\n")],
            "len($A) == 0", "not $A", id="another kind of node",
        ),
        pytest.param(
            [("log.warn(a)\n", "log.warning(a)\n"), ("log.warn(a, b)\n", "log.warning(a, b)\n"),
             ("log.warn('x', a, b)\n", "log.warning('x', a, b)\n")],
            "log.warn($$$A)", "log.warning($$$A)", id="any number of arguments",
        ),
        pytest.param(
            [("swap(a, b)\n", "swap(b, a)\n"), ("swap(x[0], y)\n", "swap(y, x[0])\n"), ("swap(1, c)\n", "swap(c, 1)\n")],
            "swap($A, $B)", "swap($B, $A)", id="one variable in two places",
        ),
    ],
)  # fmt: skip
def test_three_edits_of_one_shape_are_a_rule(
    store: FeedbackStore, edits: list[tuple[str, str]], pattern: str, rewrite: str
) -> None:
    accept(store, *edits[:2])
    assert mine(store) == []
    accept(store, edits[2])
    (rule,) = mine(store)
    assert (rule.pattern, rule.rewrite, rule.n, rule.state) == (pattern, rewrite, 3, "proposed")
    assert mine(store) == []  # known by now


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([("x = 1\n", "x = 2\n"), ("y = 3\n", "y = 5\n"), ("z = 2\n", "z = 9\n")], id="values"),
        pytest.param([("a(b)\n", "c(d)\n"), ("e(f)\n", "g(h)\n"), ("i(j)\n", "k(l)\n")], id="nothing in common"),
        pytest.param([("f(x)\n", "f(x, new1)\n"), ("f(y)\n", "f(y, new2)\n"), ("f(z)\n", "f(z, new3)\n")],
                     id="what comes cannot be known"),
        pytest.param([("if x == None\n", "if x is None\n")] * 3, id="what does not parse"),
    ],
)  # fmt: skip
def test_no_rule_is_made_up(store: FeedbackStore, edits: list[tuple[str, str]]) -> None:
    accept(store, *edits)
    assert mine(store) == []


def test_one_edit_three_times_recipes_and_refusals_make_none(store: FeedbackStore) -> None:
    accept(store, NONE[0], NONE[0], NONE[0])
    accept(store, *NONE, source="recipe")
    assert mine(store) == []
    accept(store, *NONE)
    accept(store, ("q = r == None\n", "q = r is None\n"), outcome="rejected")
    assert mine(store) == []


def test_a_rule_does_nothing_until_it_is_approved(store: FeedbackStore, tmp_path: Path) -> None:
    accept(store, *NONE)
    (rule,) = mine(store)
    assert approved(store) == []
    decide(store, rule.id[:6], "approved")
    (known,) = approved(store)

    root = tmp_path / "w"
    root.mkdir()
    (root / "new.py").write_text("def g(v):\n    return v.w == None\n")
    with index_of(root) as (workspace, _):
        snapshot = workspace.snapshot()
        at = Span(30, 30)
        ctx = RecipeContext(snapshot, str(root / "new.py"), at)
        found = [o for name, o in offers(ctx, (learned_recipe([known]),)) if name == "learned"]
        assert [offer.title for offer in found] == [
            "Write `$A is None` for `$A == None` in this file"
        ]
        (call,) = found[0].calls
        change = run(call.operation, call.arguments, snapshot, CancelToken())
        after = change.apply(snapshot.text)[str(root / "new.py")]
        assert after is not None
        assert after.string == "def g(v):\n    return v.w is None\n"
        elsewhere = RecipeContext(snapshot, str(root / "new.py"), Span(4, 4))
        assert offers(elsewhere, (learned_recipe([known]),)) == []
    remove(store, rule.id)
    assert rules(store) == []
    with pytest.raises(ArgumentsError, match="there are: none"):
        decide(store, rule.id, "approved")


def test_a_refused_rule_stays_refused(store: FeedbackStore) -> None:
    accept(store, *NONE)
    (rule,) = mine(store)
    decide(store, rule.id, "refused")
    accept(store, ("u = v == None\n", "u = v is None\n"))
    assert mine(store) == []
    assert approved(store) == []


def test_other_languages(store: FeedbackStore) -> None:
    edits = [(f"var {n} = f({n});\n", f"let {n} = f({n});\n") for n in ("a", "b", "c")]
    accept(store, *edits, path="a.js")
    found = mine(store)
    assert all(rule.language == "javascript" for rule in found)


def test_hostile_diffs_give_no_examples() -> None:
    for diff in (
        "",
        "@@",
        "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-\0\n+\0\0\n",
        "\ud800",
        "(" * 9999,
    ):
        assert list(examples_of(diff, "p", "/w")) == []
