"""Unsaved text is the truth, an answer sees one text of a file, and nobody waits for the index."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.support.index import fresh_dump, index_of, many_files, names, write
from treewright_indexer import snapshot as snapshot_module
from treewright_indexer.errors import StaleSnapshotError
from treewright_indexer.text import SourceText, Span
from treewright_indexer.workspace import IndexSettings, Workspace, index_path


def test_unsaved_text_hides_the_file_and_never_reaches_the_index(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def saved(): ...\n"})
    with index_of(tmp_path) as (workspace, folder):
        path = str(tmp_path / "a.py")
        workspace.open_document(path, "python", SourceText.of("def unsaved(): ...\n"), 1)
        assert (names(workspace, "unsaved"), names(workspace, "saved")) == (["a.py"], [])
        workspace.saved(path)
        assert folder.wait_ready(30)
        assert folder.store.symbols_named("unsaved") == []
        assert folder.store.dump() == fresh_dump(tmp_path)
        workspace.close_document(path)
        assert (names(workspace, "unsaved"), names(workspace, "saved")) == ([], ["a.py"])


def test_a_snapshot_keeps_its_revision(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    with index_of(tmp_path) as (workspace, _):
        path = str(tmp_path / "a.py")
        workspace.open_document(path, "python", SourceText.of("def one(): ...\n"), 1)
        before = workspace.snapshot()
        workspace.change_document(path, 2, [(Span(4, 7), "two")])
        after = workspace.snapshot()
        assert [hit.name for hit in before.symbols_named("one")] == ["one"]
        assert after.symbols_named("one") == []
        assert after.revision > before.revision


def test_no_answer_after_a_change_speaks_of_older_text(tmp_path: Path) -> None:
    """Raced 500 times: one thread types, another asks; each answer fits its own snapshot."""
    write(tmp_path, {"a.py": "x = 1\n"})
    with index_of(tmp_path) as (workspace, _):
        path = str(tmp_path / "a.py")
        workspace.open_document(path, "python", SourceText.of("def f0(): ...\n"), 0)
        wrong: list[str] = []
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                snapshot = workspace.snapshot()
                version = snapshot.version(path)
                found = [symbol.name for symbol in snapshot.outline(path)]
                if found != [f"f{version}"]:
                    wrong.append(f"{version}: {found}")

        asking = threading.Thread(target=ask)
        asking.start()
        for version in range(1, 501):
            workspace.change_document(path, version, [(None, f"def f{version}(): ...\n")])
        done.set()
        asking.join()
        assert wrong == []


def test_an_answer_sees_one_text_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def f(): ...\nf()\n"})
    with index_of(tmp_path) as (workspace, _):
        snapshot, path = workspace.snapshot(), str(tmp_path / "a.py")
        assert [len(references) for _, references in snapshot.uses("f")] == [2]
        write(tmp_path, {"a.py": "# moved\ndef f(): ...\nf()\n"})
        with pytest.raises(StaleSnapshotError, match=r"a\.py"):
            snapshot.text(path)
        assert workspace.snapshot().text(path).data.startswith(b"# moved")


def test_a_change_that_nobody_told_of_is_noticed_by_the_answer(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def old(): ...\n", "b.py": "import a\na.old()\n"})
    with index_of(tmp_path) as (workspace, folder):
        write(tmp_path, {"a.py": "def new_(): ...\nold = new_\n"})
        (tmp_path / "b.py").unlink()
        snapshot = workspace.snapshot()
        used = {snapshot.display_path(path): len(found) for path, found in snapshot.uses("old")}
        assert used == {"a.py": 1}
        assert names(workspace, "old") == ["a.py"]
        assert folder.wait_ready(30)  # and the index mends itself
        assert folder.store.dump() == fresh_dump(tmp_path)


def test_a_new_index_answers_before_it_is_there(tmp_path: Path) -> None:
    write(tmp_path, many_files(30))
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        folder = workspace.add_folder(str(tmp_path))
        folder.pause()
        folder.start(lambda done, total, message: None, lambda message: None)
        assert len(folder.pending) == 30
        assert names(workspace, "f11") == ["pkg4/m11.py"]
        early = _answers(workspace)
        folder.resume()
        assert folder.wait_ready(60)
        assert folder.pending == frozenset()
        assert _answers(workspace) == early
    finally:
        workspace.close()


def test_the_name_that_was_asked_for_is_not_waited_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a new index, the first answer has the very name; what only holds it follows."""
    monkeypatch.setattr(snapshot_module, "_AFTER_EXACT_S", -1.0)
    files: dict[str, str | bytes] = {f"a{n}.py": f"class MyWidget{n}: ...\n" for n in range(40)}
    write(tmp_path, {**files, "z.py": "class Widget: ...\n"})
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        folder = workspace.add_folder(str(tmp_path))
        folder.pause()
        folder.start(lambda done, total, message: None, lambda message: None)
        first = [hit.name for hit in workspace.snapshot().symbols_matching("Widget", 50)]
        assert first[0] == "Widget"
        assert len(first) < 41
        folder.resume()
        assert folder.wait_ready(60)
        assert len(workspace.snapshot().symbols_matching("Widget", 50)) == 41
    finally:
        workspace.close()


def _answers(workspace: Workspace) -> tuple[object, ...]:
    snapshot = workspace.snapshot()
    return (
        snapshot.symbols_named("f11"),
        snapshot.symbols_matching("C1", 5),
        sorted(snapshot.files_naming("f11")),
        sorted(snapshot.uses("f11")),
    )


def test_columns_need_no_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "class A:\n    b = '😋'; c = 1\n    def m(self): ...\n"})
    with index_of(tmp_path) as (workspace, _):
        snapshot = workspace.snapshot()
        (method,) = snapshot.symbols_named("m")
        assert method[4:] == (2, 8, 0, 0, "A")
        (field,) = snapshot.symbols_named("c")
        assert field[4:] == (1, 16, 3, 1, "A")  # column 13 in characters, 14 in UTF-16


def test_a_folder_inside_another_answers_for_its_files(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def f(): ...\n", "inner/b.py": "def f(): ...\n"})
    with index_of(tmp_path) as (workspace, _):
        inner = workspace.add_folder(str(tmp_path / "inner"))
        assert inner.wait_ready(30)
        snapshot = workspace.snapshot()
        assert sorted(snapshot.display_path(h.path) for h in snapshot.symbols_named("f")) == [
            "a.py",
            "b.py",
        ]
        assert len(list(snapshot.uses("f"))) == 2
        workspace.remove_folder(str(tmp_path / "inner"))
        assert names(workspace, "f") == ["a.py", "inner/b.py"]


def test_adding_a_folder_twice_is_one_folder(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    with index_of(tmp_path) as (workspace, folder):
        assert workspace.add_folder(str(tmp_path) + os.sep) is folder


def test_index_files_tell_folders_and_rules_apart(tmp_path: Path) -> None:
    one = IndexSettings(cache_dir=tmp_path)
    other = IndexSettings(cache_dir=tmp_path, exclude=("build/",))
    a, b = tmp_path / "a" / "same", tmp_path / "b" / "same"
    a.mkdir(parents=True)
    b.mkdir(parents=True)
    found = {index_path(rules, str(root)) for rules in (one, other) for root in (a, b)}
    assert len(found) == 4
    (tmp_path / "link").symlink_to(a)
    assert index_path(one, str(tmp_path / "link")) == index_path(one, str(a))


def test_what_others_wrote_is_told_whoever_noticed_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    with index_of(tmp_path) as (workspace, folder):
        told: list[str] = []
        workspace.on_files = told.extend
        write(tmp_path, {"a.py": "x = 22\n", "c.py": ""})
        (tmp_path / "b.py").unlink()
        folder.rescan()
        assert folder.wait_ready(30)
        assert sorted(told) == [str(tmp_path / name) for name in ("a.py", "b.py", "c.py")]
        told.clear()
        folder.notice(["c.py"])  # it is as it was
        assert folder.wait_ready(30)
        assert told == []
        write(tmp_path, {"c.py": "z = 1\n"})
        folder.notice(["c.py"])
        assert folder.wait_ready(30)
        assert told == [str(tmp_path / "c.py")]


def test_a_snapshot_says_how_much_the_index_lacks(tmp_path: Path) -> None:
    write(tmp_path, many_files(30))
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        folder = workspace.add_folder(str(tmp_path))
        assert workspace.snapshot().unread() is None  # nobody looked
        folder.pause()
        folder.start(lambda done, total, message: None, lambda message: None)
        assert len(folder.pending) == 30
        assert workspace.snapshot().unread() == 30
        folder.resume()
        assert folder.wait_ready(60)
        assert workspace.snapshot().unread() == 0
    finally:
        workspace.close()
