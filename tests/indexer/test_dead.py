"""Definitions that nothing uses, and the many reasons not to say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.dead import dead
from treewright_indexer.ide.problems import problems

CASES = [
    pytest.param("def f(): ...\n", ["f"], id="a function that nothing names"),
    pytest.param("def f(): ...\nf()\n", [], id="a call"),
    pytest.param("def f(): return f()\n", ["f"], id="only itself"),
    pytest.param("class A:\n    def m(self): ...\nA()\n", ["m"], id="a method"),
    pytest.param("def f(): ...\nx = [f]\n", [], id="a mention"),
    pytest.param("def f(): ...\nx = {'f': 1}\n", [], id="in a string"),
    pytest.param("def f(): ...\n# TODO: use f\n", [], id="in a comment"),
    pytest.param("__all__ = ['f']\ndef f(): ...\n", [], id="exported"),
    pytest.param("@register\ndef f(): ...\n", [], id="decorated"),
    pytest.param("def test_f(): ...\n", [], id="a test"),
    pytest.param("class M:\n    def test_f(self): ...\nM()\n", [], id="a test of a mixin"),
    pytest.param("def main(): ...\n", [], id="an entry point by habit"),
    pytest.param("def __getattr__(n): ...\n", [], id="a hook of the language"),
    pytest.param("import x\nclass A(x.B):\n    def m(self): ...\nA()\n", [], id="a base that is not ours"),
    pytest.param("class B:\n    def m(self): ...\nclass A(B):\n    def m(self): ...\nB().m()\nA()\n", [], id="an override"),
    pytest.param("class A:\n    def do_x(self): ...\n    def run(self, n): getattr(self, 'do_' + n)()\nA().run('x')\n", [], id="put together at run time"),
    pytest.param("def f(): ...\nglobals()['g' + 'f']\n", [], id="globals()"),
    pytest.param("def f(:\n    ...\ndef g(): ...\n", [], id="a file with errors"),
    pytest.param("//- a.py\ndef f(): ...\n//- b.py\nfrom a import *\nf()\n", [], id="through a star"),
    pytest.param("//- a.py\ndef f(): ...\n//- b.html\n<p>{{ f }}</p>\n", [], id="in a template"),
    pytest.param("//- conftest.py\ndef pytest_hook(): ...\n", [], id="a framework's file"),
    pytest.param("//- pyproject.toml\n[project]\nscripts = {x = 'a:run'}\n//- a.py\ndef run(): ...\n", [], id="a script"),
    pytest.param("//- pyproject.toml\n[project]\n//- p/__init__.py\n//- p/a.py\ndef f(): ...\ndef _g(): ...\n", ["_g"], id="what a library offers"),
    pytest.param("//- pyproject.toml\n[tool.x]\n//- p/__init__.py\n//- p/a.py\ndef f(): ...\n", ["f"], id="no library"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_dead(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        assert [target.name for target in dead(fixture.snapshot)] == expected


def test_unsaved_text_counts(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "//- a.py\ndef f(): ...\n//- b.py\nx = 1\n") as fixture:
        assert [target.name for target in dead(fixture.snapshot)] == ["f"]
        fixture.open("b.py", "from a import f\nf()\n")
        assert dead(fixture.snapshot) == []


def test_each_check_is_switched_alone(tmp_path: Path) -> None:
    text = "//- p/__init__.py\n//- p/a.py\nfrom p.b import none\n\n\ndef f(): ...\n//- p/b.py\n"
    with workspace_of(tmp_path, text) as fixture:
        path, token = fixture.absolute("p/a.py"), CancelToken()

        def codes(*checks: str) -> list[str]:
            return [found.code for found in problems(fixture.snapshot, path, token, checks)]

        assert codes("unresolved-import") == ["unresolved-import"]
        assert codes("unused-symbol") == ["unused-symbol"]
        assert codes("import-cycle") == []
        assert sorted(codes("unresolved-import", "import-cycle", "unused-symbol")) == [
            "unresolved-import", "unused-symbol",
        ]  # fmt: skip
