"""Our folders are those of platformdirs, and the log file keeps its size."""

from __future__ import annotations

import logging
from pathlib import Path

import platformdirs
import pytest

from treewright_server.homes import home_folder
from treewright_server.logs import RotatingFile

VARIABLES = ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")


@pytest.mark.parametrize("set_them", [False, True])
def test_the_same_as_platformdirs(
    set_them: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TREEWRIGHT_HOME", raising=False)
    for name in VARIABLES:
        if set_them:
            monkeypatch.setenv(name, str(tmp_path / name))
        else:
            monkeypatch.delenv(name, raising=False)
    assert home_folder("log") == platformdirs.user_log_path("treewright", appauthor=False)
    assert home_folder("cache") == platformdirs.user_cache_path("treewright", appauthor=False)
    assert home_folder("data") == platformdirs.user_data_path("treewright", appauthor=False)


def test_one_variable_moves_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path))
    assert home_folder("cache") == tmp_path / "cache"
    assert home_folder("data") == tmp_path / "data"


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("treewright", logging.INFO, "", 0, message, None, None)


def test_the_log_file_is_made_by_the_first_record(tmp_path: Path) -> None:
    handler = RotatingFile(tmp_path / "deep" / "treewright.log")
    assert not (tmp_path / "deep").exists()
    handler.emit(record("hello"))
    assert handler.path.read_text() == "hello\n"
    handler.close()


def test_the_log_rotates(tmp_path: Path) -> None:
    handler = RotatingFile(tmp_path / "treewright.log", max_bytes=100, kept_files=2)
    for number in range(40):
        handler.emit(record(f"line {number:10}"))
    handler.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["treewright.log", "treewright.log.1", "treewright.log.2"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())
    assert (tmp_path / "treewright.log").read_text().endswith("line         39\n")


def test_a_log_that_cannot_be_written_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    handler = RotatingFile(tmp_path / "file" / "treewright.log")
    handler.emit(record("one"))
    handler.emit(record("two"))
    assert [r.getMessage().split(":")[0] for r in caplog.records] == ["no log file"]
