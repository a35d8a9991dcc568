"""Code actions that start a task: on tests, and on what is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import workspace_of
from treewright_server.fixing import fix_actions

WORKSPACE = """
//- tests/test_a.py
import helpers


def test_one():
    assert helpers.one() == 1


class TestTwo:
    def helper(self):
        return 2

    def test_two(self):
        assert self.helper() == 3
//- helpers.py
def test_like():
    return 1
"""
RED: dict[str, Any] = {"range": {}, "source": "pytest", "message": "AssertionError: assert 2 == 3"}
TYPE: dict[str, Any] = {"range": {}, "source": "ty", "message": "no such\nattribute", "severity": 1}


def _actions(
    tmp_path: Path, file: str, at: str, *diagnostics: dict[str, Any], has_model: bool = False
) -> list[dict[str, Any]]:
    with workspace_of(tmp_path, WORKSPACE) as fx:
        path = fx.absolute(file)
        offset = fx.snapshot.text(path).data.index(at.encode())
        params = {
            "textDocument": {"uri": "file:///x"},
            "range": {},
            "context": {"diagnostics": list(diagnostics)},
        }
        return fix_actions(
            params, fx.snapshot, path, offset, has_model=has_model, folder=fx.root
        )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "test"),
    [
        ("helpers.one", "tests/test_a.py::test_one"),
        ("self.helper() == 3", "tests/test_a.py::TestTwo::test_two"),
        ("def test_two", "tests/test_a.py::TestTwo::test_two"),
    ],
)
def test_the_test_at_the_cursor(tmp_path: Path, at: str, test: str) -> None:
    (action,) = _actions(tmp_path, "tests/test_a.py", at)
    assert action["command"]["command"] == "treewright.fix"
    assert action["command"]["arguments"][0]["instruction"] == f"fix the failing test {test}"
    assert action["kind"] == "refactor.rewrite"


@pytest.mark.parametrize(
    ("file", "at"),
    [("tests/test_a.py", "import"), ("tests/test_a.py", "return 2"), ("helpers.py", "return 1")],
)
def test_elsewhere_there_is_none(tmp_path: Path, file: str, at: str) -> None:
    assert _actions(tmp_path, file, at) == []


def test_a_reported_failure_is_a_quick_fix_and_not_offered_twice(tmp_path: Path) -> None:
    (action,) = _actions(tmp_path, "tests/test_a.py", "helpers.one", RED, has_model=True)
    assert action["kind"] == "quickfix"
    assert action["diagnostics"] == [RED]


def test_what_only_a_model_could_mend_is_offered_with_one(tmp_path: Path) -> None:
    assert _actions(tmp_path, "helpers.py", "return", TYPE) == []
    (action,) = _actions(tmp_path, "helpers.py", "return", TYPE, has_model=True)
    assert action["title"] == "Fix with treewright: no such attribute"
    assert action["command"]["arguments"][0]["diagnostics"] == [TYPE]
    assert "instruction" not in action["command"]["arguments"][0]
