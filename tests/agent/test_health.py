"""Health of tools and rules: rates, samples, versions; with a clock that is told the time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from treewright_agent.health import KEPT_VERSIONS, OLD_S, WINDOW_S, Health, check_samples
from treewright_indexer.errors import ArgumentsError


def _health(now: list[float]) -> Health:
    return Health(clock=lambda: now[0])


def _called(health: Health, name: str, good: int, bad: int) -> None:
    for number in range(good + bad):
        health.record(name, number < good, 10 + number)


@pytest.mark.parametrize(
    ("good", "bad", "status"),
    [(4, 6, "failed"), (8, 2, "degraded"), (10, 0, "healthy"), (0, 1, "unknown"), (0, 0, None)],
)
def test_rates_of_the_last_day(good: int, bad: int, status: str | None) -> None:
    now = [1e9]
    health = _health(now)
    _called(health, "test", good, bad)
    rows = {row.tool_name: row for row in health.rows()}
    assert (rows["test"].status if "test" in rows else None) == status
    now[0] += WINDOW_S + 1
    assert not health.rows()  # yesterday's calls say nothing about today


def test_a_broken_program_is_taken_out_and_comes_back() -> None:
    health = _health([1e9])
    check_samples(
        health,
        [("lint", lambda: "ruff was not found"), ("git", lambda: ""), ("x", lambda: str(1 / 0))],
    )
    assert health.failed() == {"lint", "x"}
    assert len(health.news()) == 2
    assert health.news() == []  # once, not once an hour
    check_samples(health, [("lint", lambda: "")])
    assert health.failed() == {"x"}
    assert health.news() == ["lint works again"]


def test_a_sample_that_works_brings_back_what_calls_had_switched_off() -> None:
    health = _health([1e9])
    _called(health, "test", 0, 10)
    assert health.failed() == {"test"}
    health.sampled("test", "")
    assert health.failed() == frozenset()


def test_being_asked_wrongly_is_no_fault_of_a_tool() -> None:
    health = _health([1e9])
    for error in ("arguments", "no_such_file", "blocked", "refused", "not_found") * 3:
        health.heard("edit_file", {"status": "failure", "error": error, "duration_ms": 1})
    assert health.failed() == frozenset()
    for _ in range(20):
        health.heard("edit_file", {"status": "failure", "error": "failed", "message": "boom"})
    assert health.failed() == {"edit_file"}


def test_age_alone_is_a_note() -> None:
    now = [1e9]
    health = _health(now)
    health.sampled("lint", "")
    now[0] += OLD_S + 1
    (row,) = health.rows()
    assert (row.status, row.note) == ("healthy", "older than 30 days")


def test_versions_go_back_byte_for_byte(tmp_path: Path) -> None:
    health = Health(tmp_path / "health.db")
    assert health.update("rule", "one\n", "f1", tested=True) == 1
    assert health.update("rule", "two\n", "f2", tested=True) == 2
    assert health.update("rule", "two\n", "f2", tested=True) == 2
    with pytest.raises(ArgumentsError, match="test fails"):
        health.update("rule", "three\n", "f3", tested=False)
    assert health.roll_back("rule") == "one\n"
    assert health.content("rule") == "one\n"
    with pytest.raises(ArgumentsError, match="no version"):
        health.roll_back("rule")
    for number in range(10):
        health.update("rule", f"more {number}", "f", tested=True)
    assert len(health.versions("rule")) == KEPT_VERSIONS + 1
    health.close()
    assert Health(tmp_path / "health.db").content("rule") == "more 9"


def test_another_library_asks_for_the_rules_tests() -> None:
    health = _health([1e9])
    versions = {"a": "ruff 1", "b": "grammar 1"}
    assert health.stands_on(versions) == []
    check_samples(health, [("a", lambda: ""), ("b", lambda: "")])
    assert health.stands_on(versions) == []
    assert health.stands_on({**versions, "a": "ruff 2"}) == ["a"]
    rows = {row.tool_name: row for row in health.rows()}
    assert (rows["a"].status, rows["b"].status) == ("degraded", "healthy")
    assert "re-validate" in rows["a"].note
    assert rows["a"].to_json()["api_doc_version"] == "ruff 2"
    assert health.failed() == frozenset()
    ran: list[str] = []
    check_samples(health, [("a", lambda: ran.append("a") or "")])
    assert ran == ["a"]
    assert {row.status for row in health.rows()} == {"healthy"}


def test_many_threads_and_a_restart(tmp_path: Path) -> None:
    health = Health(tmp_path / "health.db")
    threads = [
        threading.Thread(
            target=lambda n=n: [
                health.update("rule", f"{n} {i}", "f", tested=True) for i in range(10)
            ]
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = health.versions("rule")
    assert versions == list(range(40 - KEPT_VERSIONS, 41))
    _called(health, "test", 6, 0)
    health.close()
    assert {row.tool_name: row.n_calls for row in Health(tmp_path / "health.db").rows()}[
        "test"
    ] == 6
