"""SourceChange: apply, invert, merge, follow, compose, and the diff that git takes."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treewright_agent.changes import (
    FILE,
    ChangeBuilder,
    ConflictError,
    Create,
    Delete,
    FileChange,
    FileEditor,
    HunkId,
    Rename,
    SourceChange,
    TextEdit,
)
from treewright_agent.changes.diff import diff_bytes
from treewright_indexer.errors import InvalidPositionError, StaleSnapshotError, UnknownFileError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span, decode

# ------------------------------------------------------------------ helpers

Texts = Mapping[str, SourceText]


class Files(dict[str, SourceText]):
    """`text_of` of a workspace that exists in memory only."""

    def of(self, path: str) -> SourceText:
        if path not in self:
            raise UnknownFileError(path)
        return self[path]

    def after(self, change: SourceChange) -> Files:
        files = Files(self)
        for path, text in change.apply(self.of).items():
            if text is None:
                files.pop(path)
            else:
                files[path] = text
        return files

    def raw(self) -> dict[str, tuple[bytes, str, bytes]]:
        return {path: (text.data, text.encoding, text.bom) for path, text in self.items()}


def edit(start: int, end: int, new: str, *groups: str) -> TextEdit:
    return TextEdit(Span(start, end), new, groups)


def change(text: SourceText, *edits: TextEdit, path: str = "/w/a.py") -> SourceChange:
    return SourceChange((FileChange(path, text.hash, edits),))


def files_of(**texts: str) -> Files:
    return Files({f"/w/{name}.py": SourceText.of(text) for name, text in texts.items()})


# ------------------------------------------------------------------ apply


def test_apply_keeps_encoding_and_byte_order_mark() -> None:
    text = decode(b"\xff\xfe" + "x = '好'\r\n".encode("utf-16-le"))
    after = change(text, edit(0, 1, "y")).apply(lambda _: text)["/w/a.py"]
    assert after is not None
    assert after.to_disk() == b"\xff\xfe" + "y = '好'\r\n".encode("utf-16-le")


def test_apply_refuses_other_text() -> None:
    with pytest.raises(StaleSnapshotError, match=r"a\.py has changed"):
        change(SourceText.of("x"), edit(0, 1, "y")).apply(lambda _: SourceText.of("z"))


def test_apply_refuses_a_file_that_is_gone() -> None:
    with pytest.raises(StaleSnapshotError, match=r"a\.py is gone"):
        change(SourceText.of("x"), edit(0, 1, "y")).apply(Files().of)


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param((edit(0, 9, "y"),), id="behind the end"),
        pytest.param((edit(2, 1, "y"),), id="backwards"),
        pytest.param((edit(2, 3, "a"), edit(0, 1, "b")), id="out of order"),
        pytest.param((edit(0, 2, "a"), edit(1, 3, "b")), id="overlapping"),
    ],
)
def test_apply_refuses_edits_that_make_no_sense(edits: tuple[TextEdit, ...]) -> None:
    text = SourceText.of("xyz")
    with pytest.raises((InvalidPositionError, ConflictError)):
        change(text, *edits).apply(lambda _: text)


def test_apply_refuses_to_create_over_a_file() -> None:
    files = files_of(a="x")
    with pytest.raises(StaleSnapshotError, match="exists already"):
        SourceChange(creates=(Create("/w/a.py", "y"),)).apply(files.of)


def test_two_files_can_trade_places() -> None:
    files = files_of(a="1", b="2")
    swap = SourceChange(renames=(Rename("/w/a.py", "/w/b.py"), Rename("/w/b.py", "/w/a.py")))
    assert files.after(swap) == files_of(a="2", b="1")


# ------------------------------------------------------------------ merge


def test_merge_counts_equal_edits_once_and_keeps_both_groups() -> None:
    text = SourceText.of("import a\n")
    one = change(text, edit(0, 0, "import b\n", "x"), edit(7, 8, "c", "x"))
    two = change(text, edit(0, 0, "import b\n", "y"))
    merged = one.merge(two)
    assert merged == two.merge(one)
    assert [e.groups for e in merged.files[0].edits] == [("x", "y"), ("x",)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(edit(0, 3, "A"), edit(2, 4, "B"), id="overlap"),
        pytest.param(edit(0, 3, "A"), edit(0, 3, "B"), id="two texts for one place"),
        pytest.param(edit(3, 3, "A"), edit(3, 3, "B"), id="two insertions at one place"),
        pytest.param(edit(0, 4, ""), edit(2, 2, "B"), id="insertion inside a deletion"),
        pytest.param(edit(0, 4, ""), edit(4, 4, "B"), id="insertion behind a deletion"),
        pytest.param(edit(2, 4, ""), edit(2, 2, "B"), id="insertion before a deletion"),
    ],
)
def test_merge_reports_both_sides(ours: TextEdit, theirs: TextEdit) -> None:
    text = SourceText.of("abcdef")
    for one, other in ((ours, theirs), (theirs, ours)):
        with pytest.raises(ConflictError) as raised:
            change(text, one).merge(change(text, other))
        sides = [raised.value.ours, raised.value.theirs]
        assert {(s.span, s.new_text) for s in sides if s} == {e[:2] for e in (ours, theirs)}


def test_merge_takes_an_insertion_beside_a_replacement() -> None:
    text = SourceText.of("f(a)")
    rename, add = change(text, edit(2, 3, "size")), change(text, edit(3, 3, ", b"))
    assert rename.merge(add) == add.merge(rename)
    after = rename.merge(add).apply(lambda _: text)["/w/a.py"]
    assert after is not None
    assert after.string == "f(size, b)"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(
            SourceChange(creates=(Create("/w/b.py", "1"),)),
            SourceChange(creates=(Create("/w/b.py", "2"),)),
            id="one path, two new files",
        ),
        pytest.param(
            SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),)),
            SourceChange(renames=(Rename("/w/a.py", "/w/c.py"),)),
            id="one file to two places",
        ),
        pytest.param(
            SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),)),
            SourceChange(creates=(Create("/w/b.py", "2"),)),
            id="moved over a new file",
        ),
        pytest.param(
            SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),)),
            SourceChange(deletes=(Delete("/w/a.py"),)),
            id="moved and deleted",
        ),
        pytest.param(
            SourceChange((FileChange("/w/a.py", None, (edit(0, 1, "y"),)),)),
            SourceChange(deletes=(Delete("/w/a.py"),)),
            id="edited and deleted",
        ),
    ],
)
def test_merge_refuses_files_in_conflict(ours: SourceChange, theirs: SourceChange) -> None:
    for one, other in ((ours, theirs), (theirs, ours)):
        with pytest.raises(ConflictError):
            one.merge(other)


def test_a_file_can_be_moved_by_one_and_edited_by_the_other() -> None:
    files = files_of(a="x = 1\n")
    moved = SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),))
    edited = change(files["/w/a.py"], edit(0, 1, "y"))
    expected = files_of(b="y = 1\n")
    assert files.after(moved.merge(edited)) == expected
    assert files.after(moved).after(edited.after(moved, files.of)) == expected


# ------------------------------------------------------------------ properties

_ALPHABET = "ab\n\r\té好😋 "
texts = st.text(_ALPHABET, max_size=40)


@st.composite
def edits_of(draw: st.DrawFn, text: SourceText, group: str = "") -> tuple[TextEdit, ...]:
    """Some edits of `text`, at borders of characters, in order and disjoint."""
    borders = [0]
    for character in text.string:
        borders.append(borders[-1] + len(character.encode()))
    cuts = sorted(draw(st.lists(st.sampled_from(borders), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    groups = (group,) if group else ()
    found: list[TextEdit] = []
    for start, end in spans:
        new = draw(st.text(_ALPHABET, max_size=6))
        fits = not found or start > found[-1].span.end
        if fits and (start < end or new):
            found.append(TextEdit(Span(start, end), new, groups))
    return tuple(found)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_invert_undoes_to_the_byte(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    text = SourceText(data.draw(texts).encode(), "utf-8", raw)
    files = Files({"/w/a.py": text, "/w/gone.py": decode(b"# coding: latin-1\n'\xe9'\n")})
    made = SourceChange(
        (FileChange("/w/a.py", text.hash, data.draw(edits_of(text))),),
        (Create("/w/new.py", "x"),),
        (Rename("/w/a.py", "/w/b.py"),) if data.draw(st.booleans()) else (),
        (Delete("/w/gone.py"),),
    )
    assert files.after(made).after(made.invert(files.of)).raw() == files.raw()


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_merge_commutes_or_conflicts_in_both_orders(data: st.DataObject) -> None:
    text = SourceText.of(data.draw(texts))
    files = Files({"/w/a.py": text})
    ours = change(text, *data.draw(edits_of(text, "ours")))
    theirs = change(text, *data.draw(edits_of(text, "theirs")))
    try:
        merged = ours.merge(theirs)
    except ConflictError:
        with pytest.raises(ConflictError):
            theirs.merge(ours)
        with pytest.raises(ConflictError):
            ours.after(theirs, files.of)
        return
    assert merged == theirs.merge(ours)
    expected = files.after(merged)
    assert files.after(ours).after(theirs.after(ours, files.of)) == expected
    assert files.after(theirs).after(ours.after(theirs, files.of)) == expected


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_then_is_one_after_the_other(data: st.DataObject) -> None:
    text = SourceText.of(data.draw(texts))
    files = Files({"/w/a.py": text})
    first = change(text, *data.draw(edits_of(text, "one")))
    middle = files.after(first)
    second = change(middle["/w/a.py"], *data.draw(edits_of(middle["/w/a.py"], "two")))
    whole = first.then(second, files.of)
    assert files.after(whole) == middle.after(second)
    assert files.after(whole).after(whole.invert(files.of)) == files


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_parts_add_up_to_the_whole(data: st.DataObject) -> None:
    text = SourceText.of(data.draw(texts))
    edits = data.draw(edits_of(text))
    groups = [data.draw(st.sampled_from([(), ("a",), ("b",), ("a", "b")])) for _ in edits]
    made = change(text, *(e._replace(groups=g) for e, g in zip(edits, groups, strict=True)))
    whole = SourceChange()
    for part in made.split():
        whole = whole.merge(part)
    files = Files({"/w/a.py": text})
    assert files.after(whole) == files.after(made)


# ------------------------------------------------------------------ sequences of file changes


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(
            SourceChange(creates=(Create("/w/n.py", "abc"),)),
            SourceChange((FileChange("/w/n.py", None, (edit(0, 1, "X"),)),)),
            {"a": "one\n", "n": "Xbc"},
            id="create, edit",
        ),
        pytest.param(
            SourceChange(creates=(Create("/w/n.py", "abc"),)),
            SourceChange(renames=(Rename("/w/n.py", "/w/m.py"),)),
            {"a": "one\n", "m": "abc"},
            id="create, move",
        ),
        pytest.param(
            SourceChange(creates=(Create("/w/n.py", "abc"),)),
            SourceChange(deletes=(Delete("/w/n.py"),)),
            {"a": "one\n"},
            id="create, delete",
        ),
        pytest.param(
            SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),)),
            SourceChange((FileChange("/w/b.py", None, (edit(0, 3, "two"),)),)),
            {"b": "two\n"},
            id="move, edit",
        ),
        pytest.param(
            SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),)),
            SourceChange(renames=(Rename("/w/b.py", "/w/c.py"),)),
            {"c": "one\n"},
            id="move, move",
        ),
        pytest.param(
            SourceChange(renames=(Rename("/w/a.py", "/w/b.py"),)),
            SourceChange(renames=(Rename("/w/b.py", "/w/a.py"),)),
            {"a": "one\n"},
            id="there and back",
        ),
        pytest.param(
            SourceChange((FileChange("/w/a.py", None, (edit(0, 3, "two"),)),)),
            SourceChange(deletes=(Delete("/w/a.py"),)),
            {},
            id="edit, delete",
        ),
        pytest.param(
            SourceChange(deletes=(Delete("/w/a.py"),)),
            SourceChange(creates=(Create("/w/a.py", "new\n"),)),
            {"a": "new\n"},
            id="delete, create",
        ),
    ],
)
def test_then_follows_files(
    first: SourceChange, second: SourceChange, expected: dict[str, str]
) -> None:
    files = files_of(a="one\n")
    whole = first.then(second, files.of)
    assert files.after(whole) == files_of(**expected) == files.after(first).after(second)


def test_then_joins_groups_that_share_an_edit() -> None:
    text = SourceText.of("foo; foo; other")
    first = change(text, edit(0, 3, "bar", "r1"), edit(5, 8, "bar", "r1"), edit(10, 15, "x", "s"))
    after = first.apply(lambda _: text)["/w/a.py"]
    assert after is not None
    second = change(after, edit(0, 3, "baz", "r2"))
    whole = first.then(second, lambda _: text)
    first_hunk = HunkId("/w/a.py", 0)
    assert whole.closure([first_hunk]) == {first_hunk, HunkId("/w/a.py", 1)}


def test_closure_of_a_file_creation() -> None:
    text = SourceText.of("x")
    made = SourceChange(
        (FileChange("/w/a.py", text.hash, (edit(0, 1, "y", "m"),)),),
        (Create("/w/b.py", "", ("m",)),),
    )
    assert made.closure([HunkId("/w/b.py", FILE)]) == {
        HunkId("/w/a.py", 0),
        HunkId("/w/b.py", FILE),
    }


# ------------------------------------------------------------------ the diff


def git(folder: Path, *arguments: str, data: bytes = b"") -> None:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


DIFF_CASES = [
    pytest.param({"a": b"1\n2\n3\n"}, lambda t: change(t["a"], edit(2, 3, "x"), path="a"), id="one line"),
    pytest.param({"a": b"1\n2"}, lambda t: change(t["a"], edit(2, 3, "x"), path="a"), id="no final newline"),
    pytest.param({"a": b"1\n2"}, lambda t: change(t["a"], edit(3, 3, "\n"), path="a"), id="newline added"),
    pytest.param({"a": b"1\n2\n"}, lambda t: change(t["a"], edit(3, 4, ""), path="a"), id="newline removed"),
    pytest.param({"a": b"1\r\n2\r\n"}, lambda t: change(t["a"], edit(3, 4, "x"), path="a"), id="CRLF"),
    pytest.param({"a": b"1\r2\r\n3\n"}, lambda t: change(t["a"], edit(2, 3, "x"), path="a"), id="lone CR"),
    pytest.param({"a": b""}, lambda t: change(t["a"], edit(0, 0, "x\n"), path="a"), id="an empty file filled"),
    pytest.param({"a": b"x\n"}, lambda t: change(t["a"], edit(0, 2, ""), path="a"), id="a file emptied"),
    pytest.param({"a": b"\xef\xbb\xbfx\n"}, lambda t: change(t["a"], edit(0, 1, "y"), path="a"), id="BOM"),
    pytest.param({"a": b"# coding: latin-1\n'\xe9'\nx\n"}, lambda t: change(t["a"], edit(23, 24, "y"), path="a"), id="latin-1"),
    pytest.param({"a": "好 = 1\n\x0cq\u2028r\n".encode()}, lambda t: change(t["a"], edit(0, 3, "y"), path="a"), id="only LF ends lines"),
    pytest.param({"a": b"".join(b"%d\n" % i for i in range(60))}, lambda t: change(t["a"], edit(0, 1, "x"), edit(100, 102, "yy"), edit(168, 169, ""), path="a"), id="three hunks"),
    pytest.param({}, lambda t: SourceChange(creates=(Create("n", "1\n2"),)), id="new file"),
    pytest.param({}, lambda t: SourceChange(creates=(Create("p/n", ""),)), id="new empty file"),
    pytest.param({"a": b"1\n2\n"}, lambda t: SourceChange(deletes=(Delete("a"),)), id="deleted file"),
    pytest.param({"a": b""}, lambda t: SourceChange(deletes=(Delete("a"),)), id="deleted empty file"),
    pytest.param({"a": b"1\n2\n"}, lambda t: SourceChange(renames=(Rename("a", "b"),)), id="renamed file"),
    pytest.param({"a": b"1\n2\n3\n"}, lambda t: SourceChange(change(t["a"], edit(2, 3, "x"), path="a").files, renames=(Rename("a", "b c"),)), id="renamed and edited"),
    pytest.param({"a b": b"1\n"}, lambda t: change(t["a b"], edit(0, 1, "x"), path="a b"), id="blank in the name"),
    pytest.param({"好": b"1\n"}, lambda t: change(t["好"], edit(0, 1, "x"), path="好"), id="letters in the name"),
    pytest.param({'a"b\\c': b"1\n"}, lambda t: change(t['a"b\\c'], edit(0, 1, "x"), path='a"b\\c'), id="quotes in the name"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "make"), DIFF_CASES)
def test_git_takes_the_diff(tmp_path: Path, raw: dict[str, bytes], make) -> None:
    root = str(tmp_path)
    for name, content in raw.items():
        (tmp_path / name).write_bytes(content)
    texts = {name: decode(content) for name, content in raw.items()}
    made: SourceChange = make(texts)
    made = SourceChange(
        tuple(f._replace(path=str(tmp_path / f.path)) for f in made.files),
        tuple(c._replace(path=str(tmp_path / c.path)) for c in made.creates),
        tuple(Rename(str(tmp_path / r.old), str(tmp_path / r.new)) for r in made.renames),
        tuple(Delete(str(tmp_path / d.path)) for d in made.deletes),
    )
    files = Files({str(tmp_path / name): text for name, text in texts.items()})
    diff = diff_bytes(made, files.of, root)
    git(tmp_path, "init", "-q")
    git(tmp_path, "apply", "--check", "-", data=diff)
    git(tmp_path, "apply", "-", data=diff)
    on_disk = {
        str(path): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    assert on_disk == {path: text.to_disk() for path, text in files.after(made).items()}
    if all(text.encoding == "utf-8" for text in texts.values()):
        assert made.diff(files.of, root).encode() == diff


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_git_takes_the_diff_of_any_edits(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("git")
    text = SourceText.of(data.draw(st.text("ab\n\r", max_size=60)))
    path = str(folder / "a.py")
    (folder / "a.py").write_bytes(text.data)
    made = change(text, *data.draw(edits_of(text)), path=path)
    after = made.apply(lambda _: text).get(path, text)
    diff = made.diff(lambda _: text, str(folder))
    assert bool(diff) == (after != text)
    if diff:
        git(folder, "apply", "-", data=diff.encode())
    assert after is not None
    assert (folder / "a.py").read_bytes() == after.data


def test_a_large_rewrite_is_shown_quickly_and_right(tmp_path: Path) -> None:
    before = SourceText.of("".join(f"line {i}\n" for i in range(6000)))
    after = "".join(f"line {i}\n" if i % 7 else f"changed {i}\n" for i in range(6000))
    path = str(tmp_path / "a.py")
    (tmp_path / "a.py").write_bytes(before.data)
    made = change(before, TextEdit(Span(0, len(before.data)), after), path=path)
    diff = made.diff(lambda _: before, str(tmp_path))
    assert diff.count("\n+") == 859  # 858 changed lines and the `+++` line
    git(tmp_path, "apply", "-", data=diff.encode())
    assert (tmp_path / "a.py").read_text() == after


# ------------------------------------------------------------------ builders


def test_an_editor_writes_the_files_line_break() -> None:
    text = SourceText.of("a\r\nb\r\n")
    edits = FileEditor(text).insert(3, "x\ny\n").edits()
    assert edits == (TextEdit(Span(3, 3), "x\r\ny\r\n"),)


def test_insertions_at_one_place_stand_in_the_order_of_the_calls() -> None:
    edits = FileEditor(SourceText.of("z")).insert(0, "x").insert(0, "y").edits()
    assert edits == (TextEdit(Span(0, 0), "xy"),)


def test_an_edit_that_changes_nothing_is_none() -> None:
    assert FileEditor(SourceText.of("xyz")).replace(Span(0, 2), "xy").edits() == ()


def test_rewrite_keeps_what_is_the_same() -> None:
    text = SourceText.of("def f(a):\n    return a\n\n\nx = f(1)\n")
    new = "def f(alpha):\n    return a\n\n\nx = f(1, 2)\n"
    edits = FileEditor(text).rewrite(Span(0, len(text.data)), new).edits()
    assert [(text.slice(e.span), e.new_text) for e in edits] == [("a", "alpha"), ("", ", 2")]


@given(texts, texts)
@settings(max_examples=300, deadline=None)
def test_rewrite_is_a_replacement(before: str, after: str) -> None:
    text = SourceText.of(before)
    after = after.replace("\r", "")
    edits = FileEditor(text).rewrite(Span(0, len(text.data)), after).edits()
    result = change(text, *edits).apply(lambda _: text).get("/w/a.py", text)
    assert result is not None
    assert result.string == FileEditor(text).breaks(after)


def test_a_builder_refuses_edits_that_overlap(tmp_path: Path) -> None:
    path = str(tmp_path / "a.py")
    Path(path).write_text("abcdef")
    build = ChangeBuilder(Snapshot(1, (), {}))
    build.file(path).replace(Span(0, 3), "x").replace(Span(2, 4), "y")
    with pytest.raises(ConflictError):
        build.build()
