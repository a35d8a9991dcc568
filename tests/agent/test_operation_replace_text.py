"""replace_text and apply_patch: each way gives exact bytes, and what does not fit says why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_indexer.errors import (
    ArgumentsError,
    InvalidPositionError,
    OutsideWorkspaceError,
    RefusedError,
)

LINES = [
    pytest.param("a\nb\n", {"after_line": -1, "new": "x"}, "x\na\nb\n", id="insert at the top"),
    pytest.param("a\nb\n", {"after_line": 0, "new": "x\n"}, "a\nx\nb\n", id="insert between"),
    pytest.param("a\nb\n", {"after_line": 1, "new": "x"}, "a\nb\nx\n", id="insert after the last line"),
    pytest.param("a\nb", {"after_line": 1, "new": "x"}, "a\nb\nx", id="insert after an open last line"),
    pytest.param("", {"after_line": -1, "new": "x\n"}, "x\n", id="insert into an empty file"),
    pytest.param("a\r\nb\r\n", {"after_line": 0, "new": "x\ny"}, "a\r\nx\r\ny\r\nb\r\n", id="insert with CRLF"),
    pytest.param("a\nb\nc\n", {"lines": [1, 1], "new": "x"}, "a\nx\nc\n", id="replace a line"),
    pytest.param("a\nb\nc\n", {"lines": [0, 2], "new": "x\ny\n"}, "x\ny\n", id="replace all lines"),
    pytest.param("a\nb\nc\n", {"lines": [1, 2], "new": ""}, "a\n", id="delete lines"),
    pytest.param("a\nb", {"lines": [1, 1], "new": "x"}, "a\nx", id="replace an open last line"),
    pytest.param("a\nb", {"lines": [1, 1], "new": ""}, "a", id="delete an open last line"),
    pytest.param("a\r\nb\r\n", {"lines": [0, 0], "new": "x\ny"}, "x\r\ny\r\nb\r\n", id="replace with CRLF"),
    pytest.param("好 = 1\n", {"start": 0, "end": 3, "new": "x"}, "x = 1\n", id="bytes"),
    pytest.param("ab\n", {"start": 1, "new": "x"}, "axb\n", id="at a byte"),
    pytest.param("a\nb\n", {"content": "a\nB\n"}, "a\nB\n", id="the whole text"),
    pytest.param("a\r\nb\r\n", {"content": "a\nB\n"}, "a\r\nB\r\n", id="the whole text keeps CRLF"),
    pytest.param("a = 1\nb = 2\n", {"blocks": [{"old": "a", "new": "x"}, {"old": "b = 2", "new": "y"}]}, "x = 1\ny\n", id="blocks"),
    pytest.param("a\nb\n", {"patch": "@@ -1,2 +1,2 @@\n a\n-b\n+x\n"}, "a\nx\n", id="a patch"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "arguments", "after"), LINES)
def test_exact_bytes(tmp_path: Path, before: str, arguments: dict[str, Any], after: str) -> None:
    check_operation(
        tmp_path, "replace_text", {"a.py": before}, {"a.py": after}, path="a.py", **arguments
    )


def test_a_new_file_is_created_with_its_folders(tmp_path: Path) -> None:
    check_operation(
        tmp_path, "replace_text", {"a.py": ""}, {"a.py": "", "p/q/b.py": "x\n"},
        path="p/q/b.py", content="x\n",
    )  # fmt: skip


def test_the_whole_text_changes_only_the_lines_that_differ(tmp_path: Path) -> None:
    before = "".join(f"line{i} = {i}  # kept\n" for i in range(2000))
    after = before.replace("line7 = 7 ", "line7 = 8 ")
    change = check_operation(
        tmp_path, "replace_text", {"a.py": before}, {"a.py": after}, path="a.py", content=after
    )
    assert [edit.new_text for edit in change.files[0].edits] == ["8"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({}, "give exactly one of .*; got none", id="no way"),
        pytest.param({"content": "x", "patch": "y"}, "got content and patch", id="two ways"),
        pytest.param({"lines": [0, 0]}, "lines needs new", id="nothing to put there"),
        pytest.param({"content": "x", "new": "y"}, "new does not go with content", id="a stray new"),
        pytest.param({"old": "x", "new": "y", "end": 2}, "end needs start", id="a stray end"),
        pytest.param({"lines": [1, 5], "new": ""}, "lines 1 to 5 are not lines of a.py, which has lines 0 to 1", id="lines out of range"),
        pytest.param({"lines": [1, 0], "new": ""}, "lines 1 to 0 are not", id="lines backwards"),
        pytest.param({"after_line": 2, "new": "x"}, "after_line 2 is no line", id="behind the end"),
        pytest.param({"after_line": -2, "new": "x"}, "after_line -2 is no line", id="before the top"),
        pytest.param({"patch": "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n--- a/c\n+++ b/c\n@@ -1 +1 @@\n-a\n+b\n"}, "is of 2 files", id="a patch of two files"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with (
        case_of(tmp_path, {"a.py": "a\nb\n"}, path="a.py", **arguments) as case,
        pytest.raises(ArgumentsError, match=message),
    ):
        case.run("replace_text")


def test_bytes_inside_a_character_are_refused(tmp_path: Path) -> None:
    with (
        case_of(tmp_path, {"a.py": "好\n"}, path="a.py", start=1, new="x") as case,
        pytest.raises(InvalidPositionError, match="inside a character"),
    ):
        case.run("replace_text")


@pytest.mark.parametrize("path", ["../b.py", "/etc/passwd", "p/../../b.py"])
def test_nothing_outside_the_workspace(tmp_path: Path, path: str) -> None:
    root = tmp_path / "w"
    root.mkdir()
    with (
        case_of(root, {"a.py": "a\n"}, path=path, content="x") as case,
        pytest.raises(OutsideWorkspaceError),
    ):
        case.run("replace_text")


def test_one_bad_block_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    blocks = [{"old": "a", "new": "x"}, {"old": "zz", "new": "y"}, {"old": "b", "new": "z"}]
    check_refused(
        tmp_path, "replace_text", {"a.py": "a\nb\n"}, "1 of 3 blocks do not apply: block 2: it is not there",
        path="a.py", blocks=blocks,
    )  # fmt: skip


def test_a_patch_of_several_files(tmp_path: Path) -> None:
    patch = (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+A\n"
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+n\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-o\n"
        "diff --git a/p.py b/q/p.py\nsimilarity index 50%\nrename from p.py\nrename to q/p.py\n"
        "--- a/p.py\n+++ b/q/p.py\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
    )
    check_operation(
        tmp_path, "apply_patch",
        {"a.py": "a\n", "old.py": "o\n", "p.py": "1\n2\n"},
        {"a.py": "A\n", "new.py": "n\n", "q/p.py": "1\n3\n"},
        patch=patch,
    )  # fmt: skip


def test_a_patch_that_fails_in_one_file_changes_none(tmp_path: Path) -> None:
    patch = (
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+A\n"
        "--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+X\n"
        "--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-x\n+X\n"
    )
    check_refused(
        tmp_path, "apply_patch", {"a.py": "a\n", "b.py": "b\n"},
        r"b\.py: hunk 1: line 1 is 'b' where it expects 'x'; gone\.py: there is no such file",
        patch=patch,
    )  # fmt: skip


def _never(path: str, mode: int) -> bool:
    return False


def test_a_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with case_of(tmp_path, {"a.py": "a\n"}, path="a.py", content="b\n") as case:
        (tmp_path / "a.py").chmod(0o444)
        monkeypatch.setattr(os, "access", _never)  # root may write everything
        with pytest.raises(RefusedError, match=r"a\.py is read-only"):
            case.run("replace_text")


def test_edits_of_a_generated_file_are_marked(tmp_path: Path) -> None:
    text = "# Code generated by x. DO NOT EDIT.\na = 1\n"
    with case_of(tmp_path, {"a.py": text}, path="a.py", old="a = 1", new="a = 2") as case:
        (edit,) = case.run("replace_text").files[0].edits
        assert "generated file" in edit.doubt
