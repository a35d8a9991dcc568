"""Unified diffs and search/replace blocks: what applies, and what a failure says."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_agent.changes.algebra import apply_edits
from treewright_agent.changes.patch import PatchError, block_edit, parse_patch, patch_edits
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import SourceText, Span


def patched(text: str, patch: str) -> str:
    source = SourceText.of(text)
    (file,) = parse_patch(patch)
    return apply_edits(source.data, patch_edits(source, file.hunks)).decode()


ABC = "a\nb\nc\nd\ne\n"

APPLIES = [
    pytest.param(ABC, "@@ -2,2 +2,2 @@\n b\n-c\n+C\n", "a\nb\nC\nd\ne\n", id="as written"),
    pytest.param("x\ny\n" + ABC, "@@ -2,2 +2,2 @@\n b\n-c\n+C\n", "x\ny\na\nb\nC\nd\ne\n", id="shifted line numbers"),
    pytest.param(ABC, "@@ -2,9 +2,1 @@\n b\n-c\n+C\n", "a\nb\nC\nd\ne\n", id="wrong counts"),
    pytest.param(ABC, "@@ @@\n b\n-c\n+C\n", "a\nb\nC\nd\ne\n", id="no line numbers"),
    pytest.param(ABC, "@@ ... @@\n b\n-c\n+C\n", "a\nb\nC\nd\ne\n", id="dots for line numbers"),
    pytest.param("a\n\nb\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n", "a\n\nB\n", id="a blank context line without its blank"),
    pytest.param("a  \nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n", "a  \nB\n", id="blank ends of context lines"),
    pytest.param("a\r\nb\r\n", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n", "a\r\nB\r\n", id="CRLF text, LF patch"),
    pytest.param("a\nb\n", "@@ -1,2 +1,2 @@\r\n a\r\n-b\r\n+B\r\n", "a\nB\n", id="LF text, CRLF patch"),
    pytest.param("a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n", "a\nB", id="no final break, kept"),
    pytest.param("a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n", "a\nB", id="no final break, nothing said"),
    pytest.param("a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n", "a\nb\n", id="final break added"),
    pytest.param("a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n", "a\nb", id="final break taken"),
    pytest.param("a\nb", "@@ -1,2 +1,3 @@\n a\n b\n+c\n", "a\nb\nc", id="appended behind an open end"),
    pytest.param("", "@@ -0,0 +1,2 @@\n+a\n+b\n", "a\nb\n", id="into an empty file"),
    pytest.param("a\n", "@@ -1 +0,0 @@\n-a\n", "", id="everything deleted"),
    pytest.param(ABC, "@@ -1,0 +2 @@\n+x\n", "a\nx\nb\nc\nd\ne\n", id="no context: behind the named line"),
    pytest.param("q\n" * 9 + ABC + "q\n" * 9, "@@ -4,2 +4,2 @@\n d\n-e\n+E\n@@ -20 +20 @@\n-q\n+Q\n", "q\n" * 9 + "a\nb\nc\nd\nE\n" + "q\n" * 8 + "Q\n", id="the shift of one hunk leads the next"),
    pytest.param(ABC, "Here it is:\n```diff\n--- a/x\n+++ b/x\n@@ -2,2 +2,2 @@\n b\n-c\n+C\n```\nDone.\n", "a\nb\nC\nd\ne\n", id="prose around it"),
    pytest.param("a\n-- b\nc\n", "@@ -1,3 +1,2 @@\n a\n--- b\n c\n", "a\nc\n", id="a deleted line that looks like a header"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "patch", "expected"), APPLIES)
def test_a_patch_applies(text: str, patch: str, expected: str) -> None:
    assert patched(text, patch) == expected


FAILS = [
    pytest.param("@@ -2,2 +2,2 @@\n x\n-c\n+C\n", "hunk 1: line 2 is 'b' where it expects 'x'", id="changed context"),
    pytest.param("@@ -1 +1 @@\n-a\n+A\n@@ -4,2 +4,2 @@\n d\n-f\n+F\n", "1 of 2 hunks do not apply: hunk 2: line 5 is 'e' where it expects 'f'", id="the second hunk"),
    pytest.param("@@ -4,3 +4,3 @@\n d\n e\n-f\n+F\n", "the file ends at line 5, where it expects 'f'", id="behind the end"),
    pytest.param("@@ -2,2 +2,2 @@\n b\n-    c\n+C\n", "line 3 is indented otherwise: 'c', not '    c'", id="indentation"),
    pytest.param("@@ -2,2 +2,2 @@\n-x\n-y\n+b\n+c\n", "it has been applied already", id="twice"),
]  # fmt: skip


@pytest.mark.parametrize(("patch", "message"), FAILS)
def test_a_hunk_that_does_not_fit_is_named(patch: str, message: str) -> None:
    with pytest.raises(PatchError) as raised:
        patched(ABC, patch)
    assert message in str(raised.value)


def test_a_place_that_could_be_two_is_refused() -> None:
    with pytest.raises(PatchError, match="stand at 2 places"):
        patched("a\nb\na\n", "@@ @@\n-a\n+A\n")
    with pytest.raises(PatchError, match="as near at line 1 as at line 3"):
        patched("a\nb\na\n", "@@ -2 +2 @@\n-a\n+A\n")


def test_text_without_a_hunk_is_no_patch() -> None:
    with pytest.raises(ArgumentsError, match="no hunk"):
        parse_patch("just text\n")


def test_the_files_of_a_git_diff() -> None:
    diff = (
        "diff --git a/a b.py b/a b.py\n--- a/a b.py\t\n+++ b/a b.py\t\n@@ -1 +1 @@\n-a\n+A\n"
        "diff --git a/new.py b/new.py\nnew file mode 100644\nindex 0000000..e69de29\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\n"
        "diff --git a/p.py b/q.py\nsimilarity index 100%\nrename from p.py\nrename to q.py\n"
        'diff --git "a/q\\"\\345\\245\\275.py" "b/q\\"\\345\\245\\275.py"\n--- "a/q\\"\\345\\245\\275.py"\n'
        '+++ "b/q\\"\\345\\245\\275.py"\n@@ -1 +1 @@\n-a\n+A\n'
    )
    assert [(file.old, file.new, len(file.hunks)) for file in parse_patch(diff)] == [
        ("a b.py", "a b.py", 1),
        (None, "new.py", 0),
        ("old.py", None, 1),
        ("p.py", "q.py", 0),
        ('q"好.py', 'q"好.py', 1),
    ]


@given(st.text("ab\n", max_size=30), st.text("ab\n", max_size=30), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_a_diff_of_ours_applies_to_what_it_was_made_of(old: str, new: str, above: int) -> None:
    before = SourceText.of(old)
    change = SourceChange(
        (FileChange("/w/a", before.hash, (TextEdit(Span(0, len(before.data)), new),)),)
    )
    diff = change.diff(lambda _: before, "/w")
    if not diff:
        assert old == new
        return
    assert patched(old, diff) == new
    if old and "\n a" in diff:  # context, so lines above only shift it
        shifted = "".join(f"#{i}\n" for i in range(above)) + old
        with contextlib.suppress(PatchError):  # equal lines may stand as near above as below
            assert patched(shifted, diff).endswith(new)


# ------------------------------------------------------------------ blocks


def replaced(text: str, old: str, new: str) -> str:
    source = SourceText.of(text)
    edit = block_edit(source, old, new)
    assert isinstance(edit, TextEdit), edit
    return apply_edits(source.data, [edit]).decode()


BLOCKS = [
    pytest.param("a b c\n", "b", "B", "a B c\n", id="inside a line"),
    pytest.param("a\r\nb\r\nc\r\n", "a\nb", "x\ny", "x\r\ny\r\nc\r\n", id="CRLF"),
    pytest.param("f(  \n  x)\ny\n", "f(\n  x)", "g()", "g()\ny\n", id="blank ends"),
    pytest.param("if a:\n    f()\n    g()\n", "f()\ng()\n", "h()\n\nk()\n", "if a:\n    h()\n\n    k()\n", id="indentation less"),
    pytest.param("f()\ng()\n", "    f()\n    g()", "    h()", "h()\n", id="indentation more"),
    pytest.param("a\nb  \nc\n", "b\n", "", "a\nc\n", id="a line deleted"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "expected"), BLOCKS)
def test_a_block_applies(text: str, old: str, new: str, expected: str) -> None:
    assert replaced(text, old, new) == expected


@pytest.mark.parametrize(
    ("text", "old", "new", "reason"),
    [
        pytest.param("a\na\n", "a", "b", "2 times (lines 1, 2)", id="twice"),
        pytest.param("b\n", "a", "b", "it has been replaced already", id="done before"),
        pytest.param("def f(x):\n    return x\n", "def f(x):\n    return y", "", "line 2 is '    return x' where the text to replace has '    return y'", id="one line differs"),
        pytest.param("total = price\n", "total = prices", "", "the nearest line is 1: 'total = price'", id="nearly"),
        pytest.param("a\n", "zzz", "", "it is not there", id="nowhere"),
        pytest.param("a\n", "", "b", "is empty", id="empty"),
        pytest.param("", "a", "b", "the file is empty", id="empty file"),
    ],
)  # fmt: skip
def test_a_block_that_does_not_fit_says_why(text: str, old: str, new: str, reason: str) -> None:
    found = block_edit(SourceText.of(text), old, new)
    assert isinstance(found, str)
    assert reason in found
