"""Project memory: shown, changed, forgotten; each workspace its own; bounded."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from treewright_agent import memory as memories
from treewright_agent.memory import Memory, text_of
from treewright_indexer.errors import StoreError


def test_rules_come_always_and_facts_when_they_fit() -> None:
    memory = Memory("w")
    memory.add("fact", "the parser lives in pkg/reading.py", "project")
    memory.add("fact", "releases are cut on Fridays", "project")
    memory.add("rule", "use pathlib", "user")
    texts = [entry.text for entry in memory.recall("make the parser faster")]
    assert texts == ["use pathlib", "the parser lives in pkg/reading.py"]
    assert text_of(memory.recall("nothing like it")) == "- use pathlib"


def test_what_is_forgotten_is_gone_and_what_is_changed_is_the_users() -> None:
    memory = Memory("w")
    one = memory.add("fact", "tests run with tox", "project")
    two = memory.add("fact", "tests run with nox", "project")
    assert memory.edit(one, "tests run with pytest")
    assert memory.forget(two) == 1
    assert [(e.text, e.source) for e in memory.entries()] == [("tests run with pytest", "user")]
    assert not memory.edit(two, "x")
    assert memory.forget(two) == 0
    assert memory.forget() == 1
    assert memory.recall("tests run") == []


def test_each_workspace_sees_its_own(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    one, other = Memory("one", path), Memory("other", path)
    id = one.add("rule", "use pathlib", "user")
    assert other.entries() == []
    assert other.forget(id) == 0
    assert not other.edit(id, "mine now")
    one.close()
    again = Memory("one", path)
    assert [entry.text for entry in again.entries()] == ["use pathlib"]
    again.close()
    other.close()


def test_the_same_thing_is_kept_once_and_secrets_are_not() -> None:
    memory = Memory("w")
    first = memory.add("fact", "  the   build is make  ", "project")
    assert memory.add("fact", "the build is make", "task 2") == first
    assert memory.add("fact", "   ", "project") == 0
    key = "sk-" + "a1B2c3D4e5F6g7H8i9J0" * 2
    memory.add("fact", f"the key is {key}", "task 3")
    assert key not in " ".join(entry.text for entry in memory.entries())


def test_the_oldest_tasks_go_and_what_the_user_said_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "MAX_ENTRIES", 5)
    memory = Memory("w")
    memory.add("rule", "use pathlib", "user")
    for number in range(20):
        memory.add("task", f"task {number}: done", f"task {number}")
    assert [e.text for e in memory.entries("task")] == [f"task {n}: done" for n in range(15, 20)]
    assert [e.text for e in memory.entries("rule")] == ["use pathlib"]


def test_several_threads_add_at_once(tmp_path: Path) -> None:
    memory = Memory("w", tmp_path / "memory.db")

    def add(number: int) -> None:
        for each in range(20):
            memory.add("fact", f"{number} {each}", "p")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memory.entries()) == 80
    memory.close()


def test_a_store_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Memory("w", path)
