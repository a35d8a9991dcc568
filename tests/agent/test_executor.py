"""The workshop: the project's own tests on a copy, in the sandbox, with what they said."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.changes import SourceChange
from treewright_agent.draft import text_change
from treewright_agent.executor import ExecutorSettings, ShadowWorkshop, interpreter, shadow, suites
from treewright_agent.sandbox import Level, Limits, active
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, RefusedError
from treewright_indexer.text import SourceText

pytestmark = pytest.mark.skipif(active().level < Level.LANDLOCK, reason="nothing may be run here")

NOTHING = SourceChange()
CALC = """
//- calc.py
def add(a, b):
    return a - b
//- test_calc.py
from calc import add


def test_good():
    assert add(0, 0) == 0


def test_bad():
    assert add(2, 3) == 5
"""


@pytest.fixture
def fx(tmp_path: Path) -> Iterator[Fixture]:
    with workspace_of(tmp_path / "w", CALC) as fixture:
        yield fixture


def _workshop(fixture: Fixture, **limits: float) -> ShadowWorkshop:
    settings = ExecutorSettings(limits=Limits(**limits)) if limits else ExecutorSettings()  # pyright: ignore[reportArgumentType]
    return ShadowWorkshop(fixture.snapshot, fixture.root, settings)


def _of(fixture: Fixture, path: str, text: str) -> SourceChange:
    return text_change(fixture.snapshot, fixture.absolute(path), SourceText.of(text))


def _tree(root: str) -> dict[str, str]:
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(Path(root).rglob("*"))
        if p.is_file()
    }


def _shadows() -> set[str]:
    folder = Path(shadow.tempfile.gettempdir())
    return {p.name for p in folder.glob(f"treewright-shadow-{os.getpid()}-*")}


# -------------------------------------------------------------------- test runs


def test_failures_come_with_place_and_reason(fx: Fixture) -> None:
    before = _tree(fx.root)
    with _workshop(fx) as workshop:
        run = workshop.test(NOTHING, (), 60, CancelToken())
    assert (run.passed, run.kind, run.exit_code, run.n_run) == (False, "failed", 1, 2)
    (failure,) = run.failures
    assert failure.node_id == "test_calc.py::test_bad"
    assert (failure.path, failure.line, failure.error) == ("test_calc.py", 9, "AssertionError")
    assert "-1 == 5" in failure.message
    assert run.report["summary"] == {"passed": 1, "failed": 1, "total": 2, "collection_errors": 0}
    assert _tree(fx.root) == before


def test_the_change_is_in_the_copy_only(fx: Fixture) -> None:
    change = _of(fx, "calc.py", "def add(a, b):\n    return a + b\n")
    with _workshop(fx) as workshop:
        assert workshop.test(change, (), 60, CancelToken()).passed
        assert not workshop.test(NOTHING, (), 60, CancelToken()).passed, "the copy kept the change"
    assert "a - b" in Path(fx.absolute("calc.py")).read_text()


def test_unsaved_text_counts(fx: Fixture) -> None:
    fx.open("calc.py", "def add(a, b):\n    return a + b\n")
    with _workshop(fx) as workshop:
        assert workshop.test(NOTHING, (), 60, CancelToken()).passed


def test_a_selection_runs_alone(fx: Fixture) -> None:
    with _workshop(fx) as workshop:
        run = workshop.test(NOTHING, ["test_calc.py::test_good"], 60, CancelToken())
    assert (run.passed, run.n_run) == (True, 1)


@pytest.mark.parametrize(
    ("files", "kind", "passed"),
    [
        pytest.param({"test_x.py": "import nothing_there\n\n\ndef test_a():\n    pass\n"}, "collection", False, id="collection error"),
        pytest.param({"test_x.py": "def test_a(missing):\n    pass\n"}, "failed", False, id="fixture error"),
        pytest.param({"test_x.py": "def test_a():\n    import os\n    os._exit(0)\n"}, "crash", False, id="leaves with success"),
        pytest.param({"test_x.py": "def test_a():\n    import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)\n"}, "crash", False, id="crash"),
        pytest.param({"test_x.py": "def helper():\n    pass\n\n\nclass TestNone:\n    def helper(self):\n        pass\n\n\ndef test():\n    pass\n"}, "passed", True, id="one test"),
        pytest.param({"a.py": "x = 1\n"}, "no_tests", False, id="no tests"),
        pytest.param({"test_x.py": "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(1, 2)\n"}, "failed", False, id="unittest style"),
        pytest.param({"test_x.py": "from math import sqrt\n\nassert sqrt(4) == 2\nassert sqrt(9) == 4\n"}, "failed", False, id="script"),
        pytest.param({"test_x.py": "from math import sqrt\n\nassert sqrt(4) == 2\n"}, "passed", True, id="good script"),
    ],
)  # fmt: skip
def test_how_runs_are_told_apart(
    tmp_path: Path, files: dict[str, str], kind: str, passed: bool
) -> None:
    with workspace_of(tmp_path / "w", files) as fixture, _workshop(fixture) as workshop:
        run = workshop.test(NOTHING, (), 60, CancelToken())
    assert (run.kind, run.passed) == (kind, passed)
    assert bool(run.failures) == (kind in ("failed", "collection"))


def test_a_hanging_test_is_ended(tmp_path: Path) -> None:
    files = {"test_x.py": "def test_a():\n    while True:\n        pass\n"}
    began = time.monotonic()
    with workspace_of(tmp_path / "w", files) as fixture, _workshop(fixture) as workshop:
        run = workshop.test(NOTHING, (), 2, CancelToken())
    assert (run.kind, run.passed) == ("timeout", False)
    assert time.monotonic() - began < 20


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    files = {"test_x.py": "import time\n\n\ndef test_a():\n    time.sleep(60)\n"}
    token = CancelToken()
    with workspace_of(tmp_path / "w", files) as fixture:
        threading.Timer(1.0, token.cancel).start()
        with _workshop(fixture) as workshop, pytest.raises(CancelledError):
            workshop.test(NOTHING, (), 60, token)
        assert _shadows() == set()


def test_a_forged_report_is_not_believed(tmp_path: Path) -> None:
    """The tested code cannot know where the report goes, and its exit code must agree."""
    code = (
        "import os, pathlib, json\n\n\ndef test_a():\n"
        "    assert 'TREEWRIGHT_REPORT' not in os.environ\n"
        "    for name in ('.pytest_result.json', 'report.json'):\n"
        "        pathlib.Path(name).write_text(json.dumps({'summary': {'passed': 1, 'total': 1}}))\n"
        "    assert False\n"
    )
    with (
        workspace_of(tmp_path / "w", {"test_x.py": code}) as fixture,
        _workshop(fixture) as workshop,
    ):
        run = workshop.test(NOTHING, (), 60, CancelToken())
    assert (run.passed, run.n_run, run.kind) == (False, 1, "failed")
    assert "assert False" in run.failures[0].message


def test_a_missing_runner_is_said(fx: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = interpreter.Interpreter("/usr/bin/python3", "PATH", (3, 11, 0), (), has_pytest=False)
    monkeypatch.setattr(interpreter, "find", lambda root, configured="": bare)
    with _workshop(fx) as workshop:
        run = workshop.test(NOTHING, (), 60, CancelToken())
    assert (run.exit_code, run.kind) == (127, "environment")
    assert "/usr/bin/python3" in run.stderr
    assert "pytest" in run.stderr


# -------------------------------------------------------------------- commands


def test_a_command_says_how_it_went(fx: Fixture) -> None:
    with _workshop(fx) as workshop:
        run = workshop.command(
            NOTHING,
            ["python", "-c", "print(open('calc.py').read()); raise SystemExit(4)"],
            ".",
            30,
            10_000,
            CancelToken(),
        )
    assert run.returncode == 4
    assert "return a - b" in run.stdout
    assert run.level in ("bubblewrap", "landlock", "seatbelt")
    assert "treewright-shadow" not in run.stdout + run.stderr


def test_a_command_cannot_reach_the_project(fx: Fixture) -> None:
    before = _tree(fx.root)
    code = f"import os; open('calc.py', 'w').write('x'); open({fx.absolute('new.py')!r}, 'w').write('x')"
    with _workshop(fx) as workshop:
        workshop.command(NOTHING, ["python", "-c", code], ".", 30, 10_000, CancelToken())
    assert _tree(fx.root) == before


def test_build_finds_what_does_not_compile(fx: Fixture) -> None:
    with _workshop(fx) as workshop:
        assert workshop.build(NOTHING, 60, CancelToken()).passed
        run = workshop.build(_of(fx, "calc.py", "def add(:\n"), 60, CancelToken())
    assert not run.passed
    assert (run.failures[0].path, run.failures[0].line) == ("calc.py", 1)


# -------------------------------------------------------------------- the copy


def test_heavy_and_foreign_folders_are_not_copied(tmp_path: Path) -> None:
    files = {
        "a.py": "x = 1\n",
        ".git/config": "[core]\n",
        "node_modules/m/i.js": "1\n",
        ".venv/pyvenv.cfg": "home=/usr\n",
        "__pycache__/a.pyc": "x",
    }
    with workspace_of(tmp_path / "w", files) as fixture:
        with shadow.make(fixture.root, Level.LANDLOCK) as copy:
            copy.refresh(fixture.snapshot, NOTHING, CancelToken())
            assert set(copy.links) == {".git", "node_modules", ".venv"}
            assert Path(copy.path, ".git").readlink() == Path(fixture.root, ".git")
            assert not Path(copy.path, "__pycache__").exists()
            assert Path(copy.path, "a.py").read_text() == "x = 1\n"
            assert not os.path.samefile(Path(copy.path, "a.py"), Path(fixture.root, "a.py"))
        assert not Path(copy.path).exists()
        assert Path(fixture.root, ".git/config").exists(), "a link was followed when removing"


def test_a_second_run_starts_clean(fx: Fixture) -> None:
    with shadow.make(fx.root, active().level) as copy:
        copy.refresh(fx.snapshot, NOTHING, CancelToken())
        Path(copy.path, "calc.py").write_text("changed by a run")
        Path(copy.path, "left.txt").write_text("left by a run")
        Path(copy.path, "made/deep").mkdir(parents=True)
        Path(copy.path, "made/deep/f").write_text("x")
        Path(fx.absolute("later.py")).write_text("y = 2\n")
        Path(fx.absolute("test_calc.py")).unlink()
        copy.refresh(fx.snapshot, NOTHING, CancelToken())
        assert {p.name for p in Path(copy.path).iterdir()} == {"calc.py", "later.py"}
        assert "return a - b" in Path(copy.path, "calc.py").read_text()


def test_deletions_and_creations_of_a_change_are_there(fx: Fixture) -> None:
    from treewright_agent.changes import Create, Delete

    gone, new = fx.absolute("test_calc.py"), fx.absolute("pkg/new.py")
    change = SourceChange(creates=(Create(new, "z = 3\n"),), deletes=(Delete(gone),))
    with shadow.make(fx.root, active().level) as copy:
        copy.refresh(fx.snapshot, change, CancelToken())
        assert Path(copy.path, "pkg/new.py").read_text() == "z = 3\n"
        assert not Path(copy.path, "test_calc.py").exists()


def test_abandoned_shadows_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "treewright-shadow-999999999-x").mkdir()
    mine = tmp_path / f"treewright-shadow-{os.getpid()}-y"
    mine.mkdir()
    assert shadow.remove_abandoned() == 1
    assert [p.name for p in tmp_path.iterdir()] == [mine.name]


# -------------------------------------------------------------------- what there is


def test_an_environment_in_the_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    (tmp_path / "pyproject.toml").write_text('[tool.poetry]\nname = "thing"\n')
    found = list(interpreter.candidates(str(tmp_path)))
    assert found[0] == (str(tmp_path / ".venv/bin/python"), ".venv")


def test_a_real_interpreter_says_what_it_has() -> None:
    found = interpreter.find("/", sys.executable)
    assert found is not None
    assert found.version[:2] == sys.version_info[:2]
    assert found.has_pytest


def test_without_an_interpreter_it_is_refused(fx: Fixture) -> None:
    settings = ExecutorSettings(python="/no/such/python")
    # a wrong setting must not fall back to another interpreter without a word
    workshop = ShadowWorkshop(fx.snapshot, fx.root, settings)
    with pytest.raises(RefusedError, match="/no/such/python"):
        workshop.python()


@pytest.mark.parametrize(
    ("files", "runner"),
    [
        ({"test_a.py": "def test_a():\n    pass\n"}, "pytest"),
        ({"tests/a.py": "def test_a():\n    pass\n"}, "pytest"),
        ({"a_test.py": "import unittest\n\n\nclass T(unittest.TestCase):\n    pass\n"}, "pytest"),
        ({"test_a.py": "assert 1 == 1\n"}, "script"),
        ({"go.mod": "module x\n"}, "go"),
        ({"Cargo.toml": "[package]\n"}, "cargo"),
        ({"a.py": "x = 1\n"}, None),
        ({"a.py": "assert 1 == 1\n"}, "script"),
        (
            {"a.py": "def check():\n    assert 1\n\n\nif __name__ == '__main__':\n    check()\n"},
            "script",
        ),
        ({"a.py": "def f(x):\n    assert x\n    return x\n"}, None),
        ({"a.py": "def test_a():\n    assert 1\n"}, "pytest"),
    ],
)
def test_the_suite_of_a_folder(tmp_path: Path, files: dict[str, str], runner: str | None) -> None:
    with workspace_of(tmp_path / "w", files) as fixture:
        suite = suites.find(fixture.snapshot, fixture.root, has_pytest=True)
    assert (suite.runner if suite else None) == runner


def test_files_that_somebody_calls_tests(tmp_path: Path) -> None:
    files = {"check.py": "assert 1 == 1\n", "test_a.py": "def test_a():\n    assert 1\n"}
    with workspace_of(tmp_path / "w", files) as fixture:
        root, snapshot = fixture.root, fixture.snapshot
        named = suites.find(snapshot, root, True, ["check.py"])
        usual = suites.find(snapshot, root, True, ["test_a.py", "no_such.py"])
    assert named == suites.Suite("script", ("check.py",), named=True)
    assert usual == suites.Suite("pytest", ("test_a.py",))


def test_refused_where_nothing_may_run(fx: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from treewright_agent.sandbox import Protection, levels

    monkeypatch.setattr(levels, "active", lambda: Protection(Level.NONE, "none"))
    with _workshop(fx) as workshop, pytest.raises(RefusedError):
        workshop.command(NOTHING, ["python", "--version"], ".", 10, 1000, CancelToken())
