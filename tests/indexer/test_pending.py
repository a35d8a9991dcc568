"""Files that wait for the index are read once for many questions, and again when they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.index import write
from treewright_indexer import pending
from treewright_indexer.pending import PendingTexts

OLD_S = 1_600_000_000


def texts_of(root: Path, files: dict[str, str | bytes]) -> PendingTexts:
    write(root, files)
    return PendingTexts(str(root) + os.sep)


def rest(path: Path) -> None:
    """As if the clock had moved on since the file was written."""
    os.utime(path, (OLD_S, OLD_S))


@pytest.fixture
def any_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "_CLOCK_TICK_NS", 0)


def test_likely_definitions_come_first(tmp_path: Path) -> None:
    texts = texts_of(
        tmp_path,
        {
            "a.py": "from b import load_all\n",
            "b.py": "def load_all(): pass\n",
            "c.py": "class LoadAllOfThem: ...\n",
            "d.py": "x = 1\n",
        },
    )
    paths = ["a.py", "b.py", "c.py", "d.py", "gone.py"]
    assert texts.containing("Load_All", paths) == (["b.py"], ["a.py"])
    assert texts.containing("loadall", paths) == (["c.py"], [])
    assert texts.containing("load", paths) == (["b.py", "c.py"], ["a.py"])
    assert texts.naming("load_all", paths) == ["a.py", "b.py"]
    assert texts.counting(["load", "import"], paths) == {"a.py": 2, "b.py": 1, "c.py": 1}


def test_the_case_that_was_asked_for_comes_first(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {"a.py": "queryset = None\n", "z.py": "class QuerySet: ...\n"})
    assert texts.containing("QuerySet", ["a.py", "z.py"]) == (["z.py", "a.py"], [])
    assert texts.containing("queryset", ["a.py", "z.py"]) == (["a.py", "z.py"], [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_in_a_files_place_holds_up_nobody(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {"b.py": "alpha = 1\n"})
    os.mkfifo(tmp_path / "a.py")
    assert texts.naming("alpha", ["a.py", "b.py"]) == ["b.py"]


@pytest.mark.usefixtures("any_age")
def test_a_text_is_read_once_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = texts_of(tmp_path, {"a.py": "alpha = 1\n", "b.py": "beta = 1\n"})
    read: list[str] = []
    really = pending.read_regular

    def reading(path: str) -> tuple[os.stat_result, bytes] | None:
        read.append(Path(path).name)
        return really(path)

    monkeypatch.setattr(pending, "read_regular", reading)
    paths = ["a.py", "b.py"]
    assert texts.naming("alpha", paths) == ["a.py"]
    assert texts.containing("BETA", paths) == (["b.py"], [])
    assert read == ["a.py", "b.py"]
    write(tmp_path, {"b.py": "alpha = 1\n"})
    rest(tmp_path / "b.py")
    assert texts.naming("alpha", paths) == ["a.py", "b.py"]
    assert read == ["a.py", "b.py", "b.py"]


def test_what_was_written_a_moment_ago_is_not_kept(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {})
    for word in ("alpha", "gamma"):  # of one length, within one tick of the clock
        write(tmp_path, {"a.py": f"{word} = 1\n"})
        assert texts.naming(word, ["a.py"]) == ["a.py"]


@pytest.mark.usefixtures("any_age")
def test_no_more_is_kept_than_the_budget_and_nothing_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "MAX_BYTES", 100)
    texts = texts_of(tmp_path, {f"{n}.py": "a" * 40 for n in range(4)})
    paths = [f"{n}.py" for n in range(4)]
    assert texts.naming("aaa", paths) == paths
    assert texts.n_bytes == 80
    assert texts.naming("aaa", paths) == paths
    texts.drop(["1.py"])
    assert texts.n_bytes == 40
    texts.drop()
    assert texts.n_bytes == 0


def test_one_answer_sees_one_text(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {"a.py": "alpha = 1\n"})
    kept: dict[str, bytes] = {}
    assert texts.naming("alpha", ["a.py"], kept) == ["a.py"]
    write(tmp_path, {"a.py": "other = 1\n"})
    assert texts.naming("alpha", ["a.py"], kept) == ["a.py"]
    assert texts.naming("alpha", ["a.py"], {}) == []
