"""The usual faults of a set-up are found, each with its fix."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sqlite3
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from treewright_agent.episodes import Episodes
from treewright_server.cli import main, setup_faults
from treewright_server.homes import home_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "TREEWRIGHT_TRUSTED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MB free" in setup_faults.disk()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 10 << 20))
    with pytest.raises(RuntimeError, match=r"10 MB are free.*TREEWRIGHT_HOME"):
        setup_faults.disk()


def test_few_watches(tmp_path: Path) -> None:
    (tmp_path / "limit").write_text("8192\n")
    with pytest.raises(RuntimeError, match=r"8192 folders.*sysctl"):
        setup_faults.watching(tmp_path / "limit")
    assert setup_faults.watching(tmp_path / "none")


def test_a_model_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "none is set up" in setup_faults.model()
    monkeypatch.setenv("OPENAI_API_KEY", "made up")
    assert "without an address" in setup_faults.model()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        assert f":{port}" in setup_faults.model()
    with pytest.raises(RuntimeError, match=r"does not answer.*OPENAI_BASE_URL"):
        setup_faults.model()
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost")
    with pytest.raises(RuntimeError, match="is no address"):
        setup_faults.model()


def test_an_address_that_came_with_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://model.example\n")
    for argv in (["init", "-q"], ["add", "-f", ".env"]):
        subprocess.run(["git", *argv], cwd=tmp_path, check=True)
    with pytest.raises(RuntimeError, match="part of the repository"):
        setup_faults.trust()


def test_what_crashed_before(home: Path) -> None:
    assert setup_faults.crashes() == "none"
    (home / "log").mkdir(parents=True)
    (home / "log" / "faults.log").write_text("Fatal Python error: Segmentation fault\n")
    with pytest.raises(RuntimeError, match=r"faults\.log"):
        setup_faults.crashes()


def test_an_altered_record_of_tasks(home: Path) -> None:
    assert setup_faults.audit() == "no task has been recorded"
    path = home_folder("data") / "agent" / "episodes.db"
    episodes = Episodes("w", path)
    for number in range(3):
        episodes.audit("task", number=number)
    episodes.close()
    assert "unbroken" in setup_faults.audit()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("update audit set data = replace(data, '1', '7') where id = 2")
        db.commit()
    with pytest.raises(RuntimeError, match="audit row 2 was changed"):
        setup_faults.audit()


def test_the_doctor_says_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
    assert rows["sandbox"]["detail"]
    for name in ("disk", "watching", "model", "trust", "crashes", "audit"):
        assert rows[name]["detail"]
