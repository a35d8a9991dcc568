"""Verification: what a change makes worse is found, and what was there before is not held against it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.changes import ChangeBuilder, Create, Delete, Rename, SourceChange
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.verify import Report, verify
from treewright_agent.verify.ruff import Linted, lint_text
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, StaleSnapshotError
from treewright_indexer.text import SourceText, Span


@contextmanager
def opened(root: Path, text: str) -> Generator[Fixture]:
    with workspace_of(root, text) as fixture:
        yield fixture


def replaced(fixture: Fixture, *pairs: tuple[str, str, str]) -> SourceChange:
    """Every `old` of a file becomes `new`."""
    build = ChangeBuilder(fixture.snapshot)
    for relative, old, new in pairs:
        path = fixture.absolute(relative)
        data = fixture.snapshot.text(path).data
        at = data.find(old.encode())
        while at >= 0:
            build.file(path).replace(Span(at, at + len(old.encode())), new)
            at = data.find(old.encode(), at + len(old.encode()))
    return build.build()


def verified(root: Path, text: str, *pairs: tuple[str, str, str]) -> Report:
    with opened(root, text) as fixture:
        return verify(fixture.snapshot, replaced(fixture, *pairs), CancelToken())


def status(report: Report) -> dict[str, str]:
    return {check.name: check.status for check in report.checks}


GOOD = [
    pytest.param("x = 1\n", ("main.py", "1", "2"), {"parse": "ok", "lint": "ok", "imports": "ok"}, id="a value"),
    pytest.param("x = (\n", ("main.py", "x", "y.z"), {"parse": "ok", "imports": "ok"}, id="an error that was there"),
    pytest.param("print(x)\n", ("main.py", "(x)", "(x, 1)"), {"parse": "ok", "lint": "ok"}, id="an undefined name that was there"),
    pytest.param("x = 1\nprint(x)\n", ("main.py", "x", "y"), {"parse": "ok", "lint": "skipped", "names": "ok", "imports": "ok"}, id="only names"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pair", "expected"), GOOD)
def test_what_is_no_worse_passes(
    tmp_path: Path, text: str, pair: tuple[str, str, str], expected: dict[str, str]
) -> None:
    report = verified(tmp_path, text, pair)
    assert report.ok, report.reason
    assert expected.items() <= status(report).items()


BAD = [
    pytest.param("x = 1\n", ("main.py", "1", "("), "parse: main.py:1: syntax error that was not there", id="a syntax error"),
    pytest.param("import os\nos.name\n", ("main.py", "import os\n", ""), "lint: main.py:1: F821 Undefined name `os`", id="an undefined name"),
    pytest.param("import os\nos.name\n", ("main.py", "os.name", "1"), "F401", id="an import that is used no more"),
    pytest.param("def f():\n    x = 1\n    return x\n", ("main.py", "x = 1", "y = 1"), "main.py:3: F821 Undefined name `x`", id="a variable renamed where it is bound, with its value"),
    pytest.param("def f():\n    x = 1\n    return x\n", ("main.py", "return x", "return y"), "y", id="… where it is read only"),
    pytest.param("//- a.py\ndef f(): ...\n//- b.py\nfrom a import f\n", ("a.py", "f()", "g()"), r"imports: b.py:1 imports `f`, which a.py has no longer", id="a name that others import"),
    pytest.param("//- a.py\ndef f(): ...\nx = 1\n//- b.py\nfrom a import f\n", ("a.py", "def f(): ...\n", ""), r"imports: b.py:1 imports `f`, which a.py has no longer", id="a function that others import"),
    pytest.param("//- p/__init__.py\nfrom .m import f\n//- p/m.py\ndef f(): ...\n//- b.py\nfrom p import f\n", ("p/__init__.py", "from .m import f\n", "x = 1\n"), r"imports: b.py:1 imports `f`, which p/__init__.py has no longer", id="a re-export that others import"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pair", "reason"), BAD)
def test_what_is_worse_is_refused(
    tmp_path: Path, text: str, pair: tuple[str, str, str], reason: str
) -> None:
    report = verified(tmp_path, text, pair)
    assert not report.ok
    assert reason in report.reason
    assert report.new_problems


def test_a_module_that_moves_leaves_its_imports_behind(tmp_path: Path) -> None:
    text = "//- p/__init__.py\n//- p/a.py\nx = 1\n//- b.py\nimport p.a\nfrom p import a\nfrom p.a import x\n"
    with opened(tmp_path, text) as fixture:
        old, new = fixture.absolute("p/a.py"), fixture.absolute("p/b.py")
        report = verify(fixture.snapshot, SourceChange(renames=(Rename(old, new),)), CancelToken())
        assert [problem for problem in report.new_problems if "gone" in problem] == [
            "b.py:1 imports the module `p.a`, which is gone",
            "b.py:2 imports the module `a`, which is gone",
            "b.py:3 imports the module `p.a`, which is gone",
        ]


def test_a_module_that_is_deleted_and_nobody_imports(tmp_path: Path) -> None:
    with opened(tmp_path, "//- a.py\nx = 1\n//- b.py\ny = 1\n") as fixture:
        change = SourceChange(deletes=(Delete(fixture.absolute("a.py")),))
        assert verify(fixture.snapshot, change, CancelToken()).ok


def test_a_new_file_is_checked(tmp_path: Path) -> None:
    with opened(tmp_path, "x = 1\n") as fixture:
        change = SourceChange(creates=(Create(fixture.absolute("n.py"), "print(nobody)\n"),))
        assert "F821" in verify(fixture.snapshot, change, CancelToken()).reason


def test_stale_text_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, "x = 1\n") as fixture:
        change = replaced(fixture, ("main.py", "1", "2"))
        (tmp_path / "main.py").write_text("x = 3\n")
        with pytest.raises(StaleSnapshotError):
            verify(fixture.snapshot, change, CancelToken())


def test_a_cancelled_token_stops_it(tmp_path: Path) -> None:
    with opened(tmp_path, "x = 1\n") as fixture:
        token = CancelToken()
        change = replaced(fixture, ("main.py", "1", "2"))
        token.cancel()
        with pytest.raises(CancelledError):
            verify(fixture.snapshot, change, token)


def test_without_a_linter_that_check_is_skipped(tmp_path: Path) -> None:
    def lint(path: str, text: SourceText, root: str | None, token: CancelToken) -> Linted:
        return Linted((), "ruff is not installed")

    with opened(tmp_path, "x = 1\n") as fixture:
        change = replaced(fixture, ("main.py", "1", "2"))
        report = verify(fixture.snapshot, change, CancelToken(), lint=lint)
        assert report.ok
        (check,) = (check for check in report.checks if check.name == "lint")
        assert (check.status, check.detail) == ("skipped", "ruff is not installed")


def test_a_broken_configuration_is_said_and_does_not_stop_the_linter(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text("no = 'such setting'\n")
    linted = lint_text(str(tmp_path / "a.py"), SourceText.of("print(x)\n"), str(tmp_path))
    assert [d.code for d in linted.diagnostics] == ["F821"]
    assert "configuration" in linted.note


@pytest.mark.parametrize("where", ["é = x\n", "'😋'; x\n", "\tx\n"])
def test_places_of_the_linter_are_bytes(tmp_path: Path, where: str) -> None:
    text = SourceText.of("if 1:\n" + where if where.startswith("\t") else where)
    found: list[Diagnostic] = [
        d
        for d in lint_text(str(tmp_path / "a.py"), text, str(tmp_path)).diagnostics
        if d.code == "F821"
    ]
    assert [text.slice(d.span) for d in found] == ["x"]
