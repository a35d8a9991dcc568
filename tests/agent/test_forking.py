"""Forks and joins: copies that do not see each other, logs that merge in any order, nothing lost."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_routine import routine_of
from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.brains import Step, View
from treewright_agent.brains.scripted import ScriptedBrain, call, finish
from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_agent.models.budget import Limits
from treewright_agent.routines.forking import Branch, Forks, Joined, best_of, branch_of, join
from treewright_agent.routines.routine import Routine
from treewright_agent.tools import all_tools
from treewright_agent.tools.bench import Bench, TestRun
from treewright_agent.tools.model import ToolCall, ToolError
from treewright_agent.tools.operating import plan
from treewright_agent.trajectory import Trajectory
from treewright_indexer.cancel import CancelToken

WORKSPACE = """
//- a.py
def first(x):
    return x + 1


def second(x):
    return x + 2


def third(x):
    return first(x) + second(x)
//- b.py
from a import first

print(first(2))
//- c.py
TEXT = "c"
"""


@pytest.fixture
def fx(tmp_path: Path) -> Iterator[Fixture]:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        yield fixture


def branch(fx: Fixture, id: str, *calls: Call) -> Branch:
    start = end = Draft(fx.snapshot)
    for each in calls:
        end = end.done(each, plan(each, end.snapshot, fx.root, CancelToken()))
    return branch_of(id, start, end)


def text(path: str, old: str, new: str) -> Call:
    return Call("replace_text", {"path": path, "old": old, "new": new})


RENAME = Call("rename_symbol", {"symbol": "first", "path": "a.py", "new_name": "primary"})


def joined(fx: Fixture, *branches: Branch) -> Joined:
    """The join, which must be the same for every order of the branches."""
    found: list[Joined] = []
    for order in itertools.permutations(branches):
        found.append(
            join(Draft(fx.snapshot), order, fx.root, lambda p: Path(p).name, CancelToken())
        )
    diffs = {each.draft.diff(fx.root) for each in found}
    assert len(diffs) == 1
    assert len({len(each.conflicts) for each in found}) == 1
    return found[0]


def after(fx: Fixture, made: Joined, file: str) -> str:
    return made.draft.snapshot.text(fx.absolute(file)).string


def test_operations_on_different_symbols_commute(fx: Fixture) -> None:
    made = joined(
        fx,
        branch(fx, "1", text("a.py", "x + 1", "x + 10")),
        branch(fx, "2", text("a.py", "x + 2", "x + 20")),
        branch(fx, "3", text("c.py", '"c"', '"d"')),
    )
    assert made.conflicts == ()
    assert "x + 10" in after(fx, made, "a.py")
    assert "x + 20" in after(fx, made, "a.py")
    assert after(fx, made, "c.py") == 'TEXT = "d"\n'


def test_a_rename_reaches_the_use_that_another_child_added(fx: Fixture) -> None:
    made = joined(
        fx, branch(fx, "1", RENAME), branch(fx, "2", text("c.py", 'TEXT = "c"\n', 'from a import first\n\nTEXT = first(1)\n'))
    )  # fmt: skip
    assert made.conflicts == ()
    assert after(fx, made, "c.py") == "from a import primary\n\nTEXT = primary(1)\n"
    assert "from a import primary" in after(fx, made, "b.py")


def test_two_edits_of_one_symbol_are_a_conflict_with_both_sides(fx: Fixture) -> None:
    made = joined(
        fx,
        branch(fx, "1", text("a.py", "x + 1", "x + 10")),
        branch(fx, "2", text("a.py", "x + 1", "x - 1")),
        branch(fx, "3", text("c.py", '"c"', '"d"')),
    )
    assert "x + 1\n" in after(fx, made, "a.py")  # neither
    assert after(fx, made, "c.py") == 'TEXT = "d"\n'  # the third is not lost
    assert {conflict.child for conflict in made.conflicts} == {"1", "2"}
    shown = "".join(conflict.diff for conflict in made.conflicts)
    assert "+    return x + 10" in shown
    assert "+    return x - 1" in shown


def test_the_same_edit_in_both_is_none(fx: Fixture) -> None:
    made = joined(
        fx,
        branch(fx, "1", text("a.py", "x + 1", "x + 10")),
        branch(fx, "2", text("a.py", "x + 1", "x + 10")),
    )
    assert made.conflicts == ()
    assert after(fx, made, "a.py").count("x + 10") == 1


def test_what_only_breaks_together_is_found_by_verifying(fx: Fixture) -> None:
    """One child deletes a function that nothing but the other child's new code calls."""
    gone = text("a.py", "def third(x):\n    return first(x) + second(x)\n", "")
    use = text("c.py", 'TEXT = "c"\n', "from a import third\n\nTEXT = third(1)\n")
    made = joined(fx, branch(fx, "1", gone), branch(fx, "2", use))
    assert any("new problem" in conflict.reason for conflict in made.conflicts)
    assert "def third" in after(fx, made, "a.py")
    assert after(fx, made, "c.py") == 'TEXT = "c"\n'
    shown = "".join(conflict.diff for conflict in made.conflicts)
    assert "TEXT = third(1)" in shown


def test_many_children_in_any_order(fx: Fixture) -> None:
    branches = [
        branch(fx, "1", text("a.py", "x + 1", "x + 11")),
        branch(fx, "2", text("b.py", "first(2)", "first(3)")),
        branch(fx, "3", text("c.py", '"c"', '"e"')),
        branch(fx, "4", text("a.py", "x + 2", "x + 22")),
    ]
    assert joined(fx, *branches).conflicts == ()


# -------------------------------------------------------------------- running children


def forks_of(fx: Fixture, brains: dict[str, Any], **limits: Any) -> tuple[Routine, Forks]:
    routine = routine_of(fx, ScriptedBrain([]))

    def child(parent: Routine, goal: str, bench: Bench, depth: int) -> Routine:
        return Routine(
            goal, "task", brains[goal], bench, all_tools(), Trajectory("t"), parent_id=parent.id
        )

    forks = Forks(routine, child, **limits)
    routine.bench.forker = forks
    return routine, forks


def edits(file: str, old: str, new: str) -> ScriptedBrain:
    return ScriptedBrain(
        [call("edit_file", file_path=file, search=old, replace=new), finish("done")]
    )


def test_a_child_sees_its_parents_edits_and_the_parent_not_the_childs(fx: Fixture) -> None:
    seen: list[str] = []

    def look(view: View) -> Step:
        seen.append(view.bench.snapshot.text(fx.absolute("c.py")).string)
        return call("edit_file", file_path="c.py", search='"parent"', replace='"child"')

    routine, forks = forks_of(fx, {"g": ScriptedBrain([look, finish()])})
    bench = routine.bench
    edited = ToolCall("edit_file", {"file_path": "c.py", "search": '"c"', "replace": '"parent"'})
    assert all_tools().execute(bench, edited).ok
    ids = forks.fork(["g"])
    forks.wait(ids)
    assert seen == ['TEXT = "parent"\n']
    assert bench.snapshot.text(fx.absolute("c.py")).string == 'TEXT = "parent"\n'
    row = forks.join(ids)
    assert (row["edits"], row["conflicts"]) == (1, [])
    assert bench.snapshot.text(fx.absolute("c.py")).string == 'TEXT = "child"\n'
    assert Path(fx.absolute("c.py")).read_text() == 'TEXT = "c"\n'
    forks.close()


def test_children_work_at_once_within_the_limit(fx: Fixture) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def slow(view: View) -> Step:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.15)
        with lock:
            running -= 1
        return finish()

    goals = [f"g{n}" for n in range(8)]
    _, forks = forks_of(fx, {goal: ScriptedBrain([slow]) for goal in goals}, parallel=4)
    started = time.monotonic()
    row = forks.join(forks.fork(goals))
    assert [child["status"] for child in row["children"]] == ["done"] * 8
    assert 2 <= most <= 4
    assert time.monotonic() - started < 8 * 0.15 + 2
    forks.close()


def test_a_failed_child_takes_nothing_along(fx: Fixture) -> None:
    brains = {
        "good": edits("a.py", "x + 1", "x + 10"),
        "bad": ScriptedBrain(
            [call("edit_file", file_path="c.py", search='"c"', replace='"x"'), finish("no", success=False)]
        ),
    }  # fmt: skip
    routine, forks = forks_of(fx, brains)
    row = forks.join(forks.fork(["good", "bad"]))
    assert [child["status"] for child in row["children"]] == ["done", "given_up"]
    assert routine.bench.draft.touched() == [fx.absolute("a.py")]
    forks.close()


def test_a_fork_bomb_ends_at_the_limits(fx: Fixture) -> None:
    _, forks = forks_of(fx, {"g": ScriptedBrain([finish()])}, max_children=3)
    with pytest.raises(ToolError, match="at most 3 children"):
        forks.fork(["g"] * 4)
    _, deep = forks_of(fx, {}, depth=2, max_depth=2)
    with pytest.raises(ToolError, match="deeper than 2"):
        deep.fork(["g"])


def test_children_spend_the_budget_of_their_parent(fx: Fixture) -> None:
    brain = ScriptedBrain(
        [call("read_file", file_path=f) for f in ("a.py", "b.py", "c.py")] + [finish()]
    )
    routine, forks = forks_of(fx, {"g": brain})
    forks.join(forks.fork(["g"], Limits(rounds=2)))
    assert forks.children[next(iter(forks.children))].ending is not None
    assert routine.bench.budget.spent.tool_calls == 2
    forks.close()


def test_cancelling_the_parent_ends_its_children_within_a_second(fx: Fixture) -> None:
    def waits(view: View) -> Step:
        while True:
            view.bench.token.check()
            time.sleep(0.02)

    routine, forks = forks_of(fx, {f"g{n}": ScriptedBrain([waits]) for n in range(3)})
    ids = forks.fork(["g0", "g1", "g2"])
    routine.bench.token.cancel()
    started = time.monotonic()
    while any(forks.children[id].ending is None for id in ids):
        assert time.monotonic() - started < 1.0
        time.sleep(0.01)
    assert {forks.children[id].ending.status for id in ids} == {"cancelled"}  # type: ignore[union-attr]
    forks.close()


@pytest.mark.parametrize("order", list(itertools.permutations(["red", "small", "large"])))
def test_of_three_attempts_the_best_verified_one_is_taken(
    fx: Fixture, order: tuple[str, ...]
) -> None:
    def tested(passed: bool, *steps: Step) -> ScriptedBrain:
        def last(view: View) -> Step:
            view.bench.last_test = TestRun(passed, 0 if passed else 1)
            return finish("done")

        return ScriptedBrain([*steps, last])

    brains = {
        "red": tested(False, call("edit_file", file_path="c.py", search='"c"', replace='"r"')),
        "small": tested(True, call("edit_file", file_path="c.py", search='"c"', replace='"s"')),
        "large": tested(
            True, call("edit_file", file_path="c.py", new_content="TEXT = str(1) * 2\n")
        ),
    }
    routine, forks = forks_of(fx, brains)
    row = forks.join(forks.fork(order), best=True)
    assert row["message"] == "1 of 3 attempts was taken"
    assert routine.bench.snapshot.text(fx.absolute("c.py")).string == 'TEXT = "s"\n'
    (told,) = [e for e in routine.trajectory.events if e.name == "attempts"]
    assert len(told.data["lost"]) == 2
    forks.close()


def test_the_best_of_several_attempts_whatever_the_order(fx: Fixture) -> None:
    small = Draft(fx.snapshot)
    large = Draft(fx.snapshot)
    for draft_call, name in ((text("a.py", "x + 1", "x + 3"), "small"), (text("a.py", "    return x + 1\n", "    y = x\n    return y + 3\n"), "large")):  # fmt: skip
        made = Draft(fx.snapshot).done(
            draft_call, plan(draft_call, fx.snapshot, fx.root, CancelToken())
        )
        small, large = (made, large) if name == "small" else (small, made)
    rows = [("red", small, False, 0), ("large", large, True, 0), ("small", small, True, 0)]
    assert {best_of(list(order)) for order in itertools.permutations(rows)} == {"small"}
    assert best_of([("red", small, False, 0)]) is None
    assert best_of([("noisy", small, True, 2), ("large", large, True, 0)]) == "large"
