"""Conversations that outlive the server."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from treewright_agent.checkpoints import Checkpoints
from treewright_agent.conversations import (
    IN_MEMORY,
    KEPT_S,
    MAX_CHARACTERS,
    MAX_TURNS,
    Conversations,
)
from treewright_agent.health import Health
from treewright_indexer.errors import ArgumentsError, StoreError


def test_it_goes_on_after_a_restart_and_says_what_was_cut_off(tmp_path: Path) -> None:
    now = [1e9]
    store = Conversations(tmp_path / "c.db", lambda: now[0])
    store.say("w", "one", "user", "what is add?\nplease")
    assert store.all("w")[0].interrupted
    store.say("w", "one", "assistant", "a function")
    store.say("w", "two", "user", "and twice?")
    store.close()
    again = Conversations(tmp_path / "c.db", lambda: now[0])
    found = again.get("w", "one")
    assert found is not None
    assert found.turns == (("user", "what is add?\nplease"), ("assistant", "a function"))
    assert (found.to_json()["title"], found.interrupted) == ("what is add?", False)
    assert [each.interrupted for each in again.all("w") if each.id == "two"] == [True]
    assert again.get("other workspace", "one") is None
    assert (tmp_path / "c.db").stat().st_mode & 0o077 == 0


def test_a_day_after_the_last_word_it_is_gone(tmp_path: Path) -> None:
    now = [1e9]
    store = Conversations(tmp_path / "c.db", lambda: now[0])
    store.say("w", "one", "user", "hello")
    now[0] += KEPT_S - 1
    store.say("w", "one", "assistant", "hello")  # its day begins anew
    now[0] += KEPT_S - 1
    assert store.get("w", "one") is not None
    now[0] += 2
    assert store.get("w", "one") is None
    assert store.all("w") == []
    assert store.say("w", "one", "user", "again").turns == (("user", "again"),)


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    store = Conversations(tmp_path / "c.db")
    key = "ghp_" + "a1B2c3D4" * 5
    store.say("w", "one", "user", f"my token is {key}")
    store.close()
    assert key.encode() not in (tmp_path / "c.db").read_bytes()


def test_bounds() -> None:
    store = Conversations()
    for number in range(MAX_TURNS + 20):
        store.say("w", "long", "user", str(number))
    found = store.get("w", "long")
    assert found is not None
    assert len(found.turns) == MAX_TURNS
    assert found.turns[-1][1] == str(MAX_TURNS + 19)
    for _ in range(5):
        found = store.say("w", "wide", "user", "x " * 40_000)
    assert sum(len(text) for _, text in found.turns) <= MAX_CHARACTERS
    for number in range(IN_MEMORY + 1):
        store.say("w", f"n{number}", "user", "hi")
    assert store.n_in_memory == IN_MEMORY
    reloaded = store.get("w", "n0")  # the least recent one went to the disk, and comes back
    assert reloaded is not None
    assert reloaded.turns == (("user", "hi"),)
    for bad in ("", "x" * 300, "a\0b"):
        with pytest.raises(ArgumentsError):
            store.say("w", bad, "user", "hi")


def test_ten_thousand_old_ones_go_and_nobody_waits(tmp_path: Path) -> None:
    now = [1e9]
    store = Conversations(tmp_path / "c.db", lambda: now[0])
    with store._db:
        store._db.execute("BEGIN")
        store._db.executemany(
            "INSERT INTO conversations VALUES ('w', ?, 1, 1, '[]')",
            [(str(n),) for n in range(10_000)],
        )
    store.say("w", "young", "user", "hi")
    slowest, over = [0.0], threading.Event()

    def ask() -> None:
        while not over.is_set():
            began = time.perf_counter()
            store.get("w", "young")
            slowest[0] = max(slowest[0], time.perf_counter() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    n = store.prune()
    over.set()
    thread.join()
    assert n == 10_000
    assert [each.id for each in store.all("w")] == ["young"]
    assert slowest[0] < 1.0  # 0.2 s on a machine of one's own
    assert store.forget("w", "young")
    assert not store.forget("w", "young")


def test_threads_lose_no_turn() -> None:
    store = Conversations()
    lock = threading.Lock()

    def speak(name: str) -> None:
        for number in range(20):
            with lock:  # a conversation has one speaker at a time; others go on beside it
                store.say("w", name, "user", f"{name} {number}")

    threads = [threading.Thread(target=speak, args=(f"c{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(4):
        found = store.get("w", f"c{n}")
        assert found is not None
        assert [text for _, text in found.turns] == [f"c{n} {i}" for i in range(20)]


@pytest.mark.parametrize("damage", ["garbage", "a page"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, damage: str) -> None:
    openers = {
        "conversations": lambda path: Conversations(path),
        "health": lambda path: Health(path),
        "checkpoints": lambda path: Checkpoints("w", path),
    }
    for name, opener in openers.items():
        path = tmp_path / f"{name}.db"
        opener(path).close()
        data = bytearray(path.read_bytes())
        if damage == "garbage":
            data = bytearray(b"this is no database " * 400)
        else:
            data[4096:8192] = b"\xff" * 4096
        path.write_bytes(data)
        opener(path).close()
        assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert list(tmp_path.glob(f"{name}.db.damaged-*")), name


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="conversations cannot be kept"):
        Conversations(tmp_path / "file" / "c.db")
