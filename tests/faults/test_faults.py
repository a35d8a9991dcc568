"""Parts of the machine that are absent, slow, wrong or die, where no other test already does it.

`docs/resilience.md` has the whole matrix with a test for each cell; `test_matrix.py` holds the two
together. What is asserted is what the user sees: an answer that is true, or a reason by name.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import workspace_of
from tests.support.index import index_of, names, write
from tests.support.models import FixedModels, WordEncoder
from treewright_agent.draft import Draft
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.tools import all_tools
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import ToolCall
from treewright_agent.verify import verify
from treewright_agent.verify.ruff import lint_text
from treewright_indexer import syntax
from treewright_indexer.cancel import CancelToken
from treewright_indexer.languages import language_for_id
from treewright_indexer.search.engine import search
from treewright_indexer.text import SourceText
from treewright_indexer.workspace import IndexSettings, Workspace

PYTHON = {"a.py": "def alpha():\n    return 1\n", "b.py": "from a import alpha\n\nalpha()\n"}
GO = {"main.go": "package main\n\nfunc beta() int { return 1 }\n"}


def _program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# -------------------------------------------------------------------- parser, grammar


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("grammar", ImportError("the grammar's library cannot be loaded")),
        ("grammar", OSError("libtree-sitter-go.so: file too short")),
        ("query", ValueError("Invalid node type at row 0, column 1: no_such_node")),
        ("query", MemoryError()),
    ],
    ids=["absent", "dies", "wrong", "no memory"],
)
def test_a_grammar_that_fails_leaves_the_other_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: BaseException
) -> None:
    language = language_for_id("go")
    assert language is not None
    kind = type(language)
    original = kind.__dict__[name]

    def broken(self: Any) -> Any:
        if self.id == "go":
            raise fault
        return original.__get__(self, kind)

    language.__dict__.pop(name, None)
    syntax._threads.__dict__.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(kind, name, property(broken))
    write(tmp_path, {**PYTHON, **GO})
    with index_of(tmp_path, workers=0) as (workspace, folder):
        assert names(workspace, "alpha") == ["a.py"]
        assert names(workspace, "beta") == []
        assert any("main.go" in row[0] and "Go" in row[1] for row in folder.store.skipped())
        assert search(workspace.snapshot(), "alpha", 5).hits
        assert workspace.snapshot().outline(str(tmp_path / "a.py"))


def test_a_grammar_that_is_slow_to_load_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    language = language_for_id("go")
    assert language is not None
    kind = type(language)
    original = kind.__dict__["grammar"]

    def slow(self: Any) -> Any:
        if self.id == "go":
            time.sleep(1.5)
        return original.__get__(self, kind)

    language.__dict__.pop("grammar", None)
    syntax._threads.__dict__.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(kind, "grammar", property(slow))
    write(tmp_path, {**PYTHON, **GO})
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False, workers=0))
    try:
        folder = workspace.add_folder(str(tmp_path))
        began = time.monotonic()
        assert workspace.snapshot().outline(str(tmp_path / "a.py"))
        assert time.monotonic() - began < 1.4
        assert folder.wait_ready(30)
        assert names(workspace, "beta") == ["main.go"]
    finally:
        workspace.close()


@pytest.mark.parametrize(
    "raw",
    [b"\xff\xfe\x00def", b"def (" * 2000, b"\x00" * 5000, "def f():\n".encode("utf-16"), b"(" * 20_000, b"'''" * 999],
    ids=["half a BOM", "unclosed", "zeros", "utf-16", "deep", "quotes"],
)  # fmt: skip
def test_text_that_no_grammar_fits_is_data(tmp_path: Path, raw: bytes) -> None:
    write(tmp_path, {**PYTHON, "bad.py": raw})
    with index_of(tmp_path, workers=0) as (workspace, _):
        snapshot = workspace.snapshot()
        assert names(workspace, "alpha") == ["a.py"]
        path = str(tmp_path / "bad.py")
        if any(path == p for p in snapshot.files()):
            snapshot.outline(path)


def test_a_parser_that_is_slow_is_not_waited_for_by_the_others(tmp_path: Path) -> None:
    """A large file is parsed on its own; what was asked of another file does not wait."""
    write(tmp_path, {**PYTHON, "large.py": "x = [" + "1, " * 200_000 + "]\n"})
    with index_of(tmp_path, workers=0) as (workspace, _):
        began = time.monotonic()
        assert workspace.snapshot().outline(str(tmp_path / "a.py"))
        assert time.monotonic() - began < 5


# -------------------------------------------------------------------- database


def test_a_database_that_another_process_holds_is_read_all_the_same(tmp_path: Path) -> None:
    root, cache = tmp_path / "w", tmp_path / "cache"
    write(root, {**PYTHON})
    with index_of(root, cache_dir=cache, workers=0) as (workspace, folder):
        path = folder.store.path
        assert path is not None
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            assert names(workspace, "alpha") == ["a.py"]
            assert search(workspace.snapshot(), "alpha", 5).hits
        finally:
            holder.execute("ROLLBACK")
            holder.close()


# -------------------------------------------------------------------- watcher


@pytest.mark.parametrize("fault", ["absent", "dies"])
def test_without_a_watcher_answers_are_still_of_the_text_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    from treewright_indexer.pipeline import watch

    if fault == "absent":

        def none(*_: Any) -> Any:
            raise OSError("inotify: no space left")

        monkeypatch.setattr(watch, "_source_of", none)
    write(tmp_path, {**PYTHON})
    with index_of(tmp_path, watch=True, workers=0) as (workspace, folder):
        if fault == "dies":
            folder.close_watcher() if hasattr(folder, "close_watcher") else None
        (tmp_path / "a.py").write_text("def gamma():\n    return 1\n")
        folder.rescan()
        assert folder.wait_ready(30)
        assert names(workspace, "gamma") == ["a.py"]
        assert names(workspace, "alpha") == []


def test_events_of_files_that_are_not_there_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, {**PYTHON})
    with index_of(tmp_path, workers=0) as (workspace, folder):
        before = folder.store.dump()
        workspace.files_changed([str(tmp_path / "never.py"), "/elsewhere/x.py", str(tmp_path), ""])
        assert folder.wait_ready(30)
        assert folder.store.dump() == before


# -------------------------------------------------------------------- embedder, reranker


class _Dying(WordEncoder):
    """Answers a few times, then raises: a driver that was taken away."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def documents(self, texts: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("CUDA error: device lost")
        return super().documents(texts)

    def query(self, text: str) -> Any:
        raise RuntimeError("CUDA error: device lost")


class _Wrong(WordEncoder):
    def query(self, text: str) -> Any:
        return super().query(text)[:3] * float("nan")


@pytest.mark.parametrize(
    "encoder", [_Dying(0), _Dying(1), _Wrong()], ids=["dies at once", "dies later", "wrong"]
)
def test_a_model_that_fails_leaves_words_and_says_so(tmp_path: Path, encoder: Any) -> None:
    write(tmp_path, {**PYTHON})
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False, workers=0))
    workspace.models = FixedModels(encoder)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        folder = workspace.add_folder(str(tmp_path))
        assert folder.wait_ready(30)
        answer = search(workspace.snapshot(), "where is alpha computed", 5)
        assert answer.hits
        assert answer.hits[0].path.endswith("a.py")
    finally:
        workspace.close()


class _Reranker:
    generation = "bad:1"
    kinds: frozenset[str] = frozenset()
    head = 50
    weight = 0.5

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def document(self, path: str, symbol: str, code: str) -> str:
        return code

    def scores(self, query: str, texts: Any) -> Any:
        if self.fault == "dies":
            raise RuntimeError("CUDA error: device lost")
        return [float("nan")] * len(texts)


@pytest.mark.parametrize("fault", ["dies", "wrong"])
def test_a_reranker_that_fails_leaves_the_order_before(tmp_path: Path, fault: str) -> None:
    write(tmp_path, {**PYTHON})
    with index_of(tmp_path, workers=0) as (workspace, _):
        plain = search(workspace.snapshot(), "where is alpha computed", 5, rerank=False)
        bad: Any = _Reranker(fault)
        answer = search(workspace.snapshot(), "where is alpha computed", 5, reranker=bad)
        assert [hit.path for hit in answer.hits] == [hit.path for hit in plain.hits]


# -------------------------------------------------------------------- linter


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import time; time.sleep(60)", "longer than"),
        ("print('not json')", "cannot be read"),
        ("print('[{\"code\": 1}]')", "cannot be read"),
        ("print('[]' * 3)", "cannot be read"),
        ("import os; os.kill(os.getpid(), 9)", ""),
        ("raise SystemExit(101)", ""),
    ],
    ids=["slow", "no JSON", "other JSON", "half JSON", "killed", "panics"],
)
def test_a_linter_that_fails_is_named_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    monkeypatch.setattr("treewright_agent.verify.ruff.TIMEOUT_S", 0.5)
    binary = str(_program(tmp_path / "bin", "ruff", program))
    linted = lint_text(
        str(tmp_path / "a.py"), SourceText.of("import os\n"), str(tmp_path), binary=binary
    )
    assert linted.diagnostics == ()
    assert linted.skipped
    assert said in linted.skipped
    monkeypatch.setattr("treewright_agent.verify.ruff.find_ruff", lambda: binary)
    with workspace_of(tmp_path / "w", {"a.py": "x = 1\n"}) as fixture:
        from treewright_agent.draft import text_change

        change = text_change(fixture.snapshot, f"{fixture.root}/a.py", SourceText.of("x = 2\n"))
        assert verify(fixture.snapshot, change, CancelToken()).ok


# -------------------------------------------------------------------- git


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "git is not installed"),
        ("import time; time.sleep(60)", "took longer"),
        (
            "import sys; print('fatal: bad object HEAD', file=sys.stderr); sys.exit(128)",
            "bad object",
        ),
        ("import os; os.kill(os.getpid(), 9)", "git ended with"),
    ],
    ids=["absent", "slow", "wrong", "dies"],
)
def test_git_that_fails_is_an_answer_to_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None, said: str
) -> None:
    monkeypatch.setattr("treewright_agent.tools.git.TIMEOUT_S", 1.5)
    monkeypatch.setattr("treewright_agent.tools.git.run_git.__defaults__", (1.5,))
    programs = tmp_path / "bin"
    programs.mkdir()
    if program is not None:
        _program(programs, "git", program)
    monkeypatch.setenv("PATH", str(programs))
    # the sandbox has its own way to programs: here the plain one is looked at
    monkeypatch.setattr("treewright_agent.sandbox.repository.active", lambda: _NONE)
    with workspace_of(tmp_path / "w", {"a.py": "x = 1\n"}) as fixture:
        bench = Bench(Draft(fixture.snapshot), CancelToken(), Budget(Limits()), fixture.root)
        output = all_tools().execute(bench, ToolCall("git", {"verb": "status"}))
        assert not output.ok
        assert said in output.message


class _NONE:
    level = 0


# -------------------------------------------------------------------- disk


def test_a_disk_that_is_slow_holds_up_nobody_who_asks_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {**PYTHON})
    with index_of(tmp_path, workers=0) as (workspace, _):
        snapshot = workspace.snapshot()
        snapshot.text(str(tmp_path / "a.py"))
        read = Path.read_bytes

        def slow(self: Path) -> bytes:
            time.sleep(0.3)
            return read(self)

        monkeypatch.setattr(Path, "read_bytes", slow)
        began = time.monotonic()
        assert names(workspace, "alpha") == ["a.py"]
        assert snapshot.text(str(tmp_path / "a.py")).string == PYTHON["a.py"]
        assert time.monotonic() - began < 1
    assert os.path.exists(tmp_path)
