"""Ruff's fixes as edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_indexer.errors import ArgumentsError


def test_one_rule_everywhere(tmp_path: Path) -> None:
    before = "def f(a):\n    if not a in b:\n        return not c in d\n$0"
    after = "def f(a):\n    if a not in b:\n        return c not in d\n"
    check_operation(tmp_path, "fix_lint", before, after, code="E713")


def test_one_place(tmp_path: Path) -> None:
    before = "if not a in b:\n    c = not d in e\n$0"
    check_operation(
        tmp_path, "fix_lint", before, "if a not in b:\n    c = not d in e\n", code="E713", start=7
    )


def test_an_unsafe_fix_is_asked_for_and_marked(tmp_path: Path) -> None:
    check_refused(tmp_path / "a", "fix_lint", "x = 1\nx == None$0\n", "pass unsafe", code="E711")
    with case_of(tmp_path / "b", "x = 1\nx == None$0\n", code="E711", unsafe=True) as case:
        change = case.run("fix_lint")
        assert [bool(edit.doubt) for edit in change.files[0].edits] == [True]


def test_bytes_are_not_code_points(tmp_path: Path) -> None:
    before, after = "x = '😋', not 好 in b\n$0", "x = '😋', 好 not in b\n"
    check_operation(tmp_path, "fix_lint", before, after, code="E713")


def test_refusals(tmp_path: Path) -> None:
    check_refused(tmp_path / "a", "fix_lint", "x = 1$0\n", "nothing to fix", code="E713")
    with (
        case_of(tmp_path / "b", "x = 1$0\n", code="nonsense") as case,
        pytest.raises(ArgumentsError, match="is no rule"),
    ):
        case.run("fix_lint")
