"""What was learned is what is used: rules in the task ladder, promotions and roll backs of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import index_of
from tests.support.model_server import ModelServer, use
from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore, versions
from treewright_agent.feedback.asked import asked_rules
from treewright_agent.feedback.learning import InForce, in_force, learned
from treewright_agent.feedback.rules import Rule, approved, decide, mine, remove, rollback, rules
from treewright_agent.routines.request import Services, TaskRequest, TaskResult
from treewright_agent.routines.task import run_task
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_server import tasking
from treewright_server.settings import AgentLayer, EndpointLayer

NONE = Rule(
    "a1b2c3d4",
    "python",
    "$A == None",
    "$A is None",
    "Write `$A is None` for `$A == None`",
    3,
    "approved",
    (),
)
EMPTY = Rule("ffee0011", "python", "len($A) == 0", "not $A", "Write `not $A` for `len($A) == 0`", 3, "approved", ())  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FeedbackStore]:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    with FeedbackStore.open() as opened:
        yield opened


def two_rules(store: FeedbackStore) -> tuple[str, str]:
    """The ids of two rules that were mined from what was accepted."""
    edits = [
        *((f"{e} == None\n", f"{e} is None\n") for e in ("a", "b(1)", "c.d")),
        *((f"x = len({e}) == 0\n", f"x = not {e}\n") for e in ("a", "b.c", "f()")),
    ]
    for n, (before, after) in enumerate(edits):
        store.record_proposal(proposal_of(f"p{n}", before, after, source="model"), "/w")
        store.record_outcome(f"p{n}", "accepted")
    mine(store)
    found = {rule.pattern: rule.id for rule in rules(store)}
    return found["$A == None"], found["len($A) == 0"]


# -------------------------------------------------------------------- what a task asks for


@pytest.mark.parametrize(
    ("instruction", "chosen", "place"),
    [
        ("Apply my rules", [NONE, EMPTY], ""),
        ("please apply all of the learned rules in shop/cart.py.", [NONE, EMPTY], "shop/cart.py"),
        ("apply the rules that you learned from my edits", [NONE, EMPTY], ""),
        ("apply my own rules across the whole workspace", [NONE, EMPTY], ""),
        ("apply rule a1b2 to `shop`", [NONE], "shop"),
        ("Apply Write `not $A` for `len($A) == 0`", [EMPTY], ""),
        ("write `$A is None` for `$A == None`", [NONE], ""),
    ],
)
def test_a_request_names_rules(instruction: str, chosen: list[Rule], place: str) -> None:
    assert asked_rules(instruction, (NONE, EMPTY)) == (chosen, place)


@pytest.mark.parametrize(
    "instruction",
    ["apply the patch", "apply rule 9999", "explain my rules", "apply my rules of thumb to taxes",
     "do not apply my rules", "add rules to the parser", "apply rule"],
)  # fmt: skip
def test_other_requests_are_left_to_others(instruction: str) -> None:
    assert asked_rules(instruction, (NONE, EMPTY)) is None


FILES = {
    "shop/cart.py": "def f(v):\n    return v.w == None\n",
    "shop/late.py": "def g(v):\n    empty = len(v) == 0\n    return v == None\n",
    "other.py": "def h(v):\n    return v == None\n",
}


def run(tmp_path: Path, instruction: str, services: Services) -> tuple[TaskResult, dict[str, str]]:
    root = tmp_path / "w"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    with index_of(root) as (workspace, _):
        snapshot = workspace.snapshot()
        result = run_task(TaskRequest(instruction), snapshot, services, CancelToken(), str(root))
        after = dict(FILES)
        if result.proposal is not None:
            for path, text in result.proposal.change.apply(snapshot.text).items():
                assert text is not None
                after[str(Path(path).relative_to(root))] = text.string
    return result, after


def test_a_task_applies_the_rules_without_a_model(tmp_path: Path) -> None:
    result, after = run(tmp_path, "apply my rules in shop", Services(rules=(NONE, EMPTY)))
    assert (result.success, result.source, result.rule_id) == (True, "recipe", "learned")
    assert result.deterministic
    assert after["shop/cart.py"] == "def f(v):\n    return v.w is None\n"
    assert after["shop/late.py"] == "def g(v):\n    empty = not v\n    return v is None\n"
    assert after["other.py"] == FILES["other.py"]  # not asked for


def test_rules_that_match_nothing_and_places_that_are_not_there(tmp_path: Path) -> None:
    result, after = run(tmp_path, "apply rule ffee in other.py", Services(rules=(NONE, EMPTY)))
    assert (result.success, result.source, after) == (True, "recipe", FILES)
    assert "none of your rules matches" in result.message
    result, after = run(tmp_path, "apply my rules in nowhere.py", Services(rules=(NONE,)))
    assert not result.success
    assert "nowhere.py" in (result.reason or result.message)
    result, after = run(tmp_path, "apply my rules in ../../etc", Services(rules=(NONE,)))
    assert not result.success
    assert after == FILES


def test_without_rules_the_request_goes_down_the_ladder(tmp_path: Path) -> None:
    result, after = run(tmp_path, "apply my rules", Services())
    assert not result.success
    assert after == FILES


def test_a_model_is_told_the_rules(tmp_path: Path) -> None:
    server = ModelServer([use("finish", summary="nothing to do")])
    layer = AgentLayer(openai_base_url=server.url, model="m", plan="never")
    try:
        settings = tasking.agent_settings(layer, {})
        services = Services(settings=settings, router=tasking.router_of(settings), rules=(NONE,))
        run(tmp_path, "make the cart faster somehow", services)
        assert "`$A == None` -> `$A is None`" in str(server.requests[0]["messages"])
    finally:
        server.close()


# -------------------------------------------------------------------- sets of rules, versions


def test_a_set_of_rules_is_a_version_and_each_change_can_be_taken_back(
    store: FeedbackStore,
) -> None:
    none, empty = two_rules(store)
    decide(store, none, "approved")
    decide(store, empty, "approved")
    assert {rule.id for rule in in_force().rules} == {none, empty}
    assert rollback(store) > 0
    assert [rule.id for rule in approved(store)] == [none]
    assert in_force().rules == tuple(approved(store))
    assert rollback(store) == 0
    assert approved(store) == []
    with pytest.raises(ArgumentsError, match="nothing to roll back"):
        rollback(store)
    decide(store, empty, "approved")
    remove(store, empty)
    assert approved(store) == []
    rollback(store)  # what was deleted stays deleted
    assert approved(store) == []


def test_refusing_and_forgetting_leave_no_rule_in_force(store: FeedbackStore) -> None:
    none, _ = two_rules(store)
    decide(store, none, "approved")
    decide(store, none, "refused")
    assert approved(store) == []
    rollback(store)  # the set before the refusal: approved again, by the user's own command
    assert [rule.id for rule in approved(store)] == [none]
    store.forget(everything=True)
    assert (in_force(), versions.newest(store)) == (InForce(), 0)


def test_a_promotion_is_noticed_by_its_number(store: FeedbackStore) -> None:
    before = learned(store, 0.0)
    number = versions.add(store, "ranking", {"weight": 2.0, "half_life_s": 1e6, "ignored": 0.5}, {})
    assert versions.newest(store) == before.promotion
    versions.promote(store, "ranking", number, "test")
    assert versions.newest(store) != before.promotion


# -------------------------------------------------------------------- models


def promote_model(store: FeedbackStore, endpoint: str, model: str) -> None:
    number = versions.add(store, "model", {"endpoint": endpoint, "model": model}, {})
    versions.promote(store, "model", number, "test")


def test_a_promoted_model_is_used_at_an_address_of_the_settings_and_rolled_back(
    store: FeedbackStore, tmp_path: Path
) -> None:
    layer = AgentLayer(openai_base_url="http://127.0.0.1:1/v1", model="old")

    def used() -> list[str]:
        services = tasking.services_of(layer, str(tmp_path), {})
        try:
            return [endpoint.model for endpoint in services.settings.endpoints]
        finally:
            tasking.close(services)

    assert used() == ["old"]
    promote_model(store, "http://127.0.0.1:1/v1/", "tuned")
    assert in_force().model == ("http://127.0.0.1:1/v1/", "tuned")
    assert used() == ["tuned"]
    promote_model(store, "http://127.0.0.1:9/v1", "elsewhere")
    assert used() == ["old"]  # no setting names that address: nothing is sent there
    assert versions.rollback(store, "model") == 1
    assert used() == ["tuned"]
    versions.rollback(store, "model")
    assert used() == ["old"]


def test_of_several_endpoints_the_one_at_the_address_gets_the_name() -> None:
    layer = AgentLayer(
        endpoints=(
            EndpointLayer("small", "http://127.0.0.1:1/v1", "s"),
            EndpointLayer("large", "http://127.0.0.1:2/v1", "l"),
        )
    )
    changed = tasking.promoted(layer, ("http://127.0.0.1:2/v1", "tuned"))
    assert [(e.id, e.model) for e in changed.endpoints] == [("small", "s"), ("large", "tuned")]
    assert tasking.promoted(layer, None) is layer
    assert tasking.promoted(layer, ("http://127.0.0.1:3/v1", "tuned")) is layer


def test_where_nothing_was_ever_kept_nothing_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "none"))
    assert in_force() == InForce()
    assert not (tmp_path / "none").exists()
