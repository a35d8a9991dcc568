"""The index of a folder equals a fresh one, whatever became of its files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.index import fresh_dump, index_of, many_files, names, write
from treewright_indexer.pipeline.scan import Scanner, ScanResult
from treewright_indexer.workspace import IndexSettings, Workspace

TEXTS = st.sampled_from(
    [
        "",
        "def f(): ...\n",
        "class A:\n    def m(self):\n        return f()\n",
        "from a import f as g\ng()\r\n",
        "名前 = '😋'\ndef 好(x):\n\treturn 名前\x0c\n",
        "def broken(:\n  x = [1\nclass Still: pass\n",
        "# only words: HTTPServer getURL\n",
        "\ufeffdef marked(): ...\n",
    ]
)
PATHS = st.sampled_from(["a.py", "b.py", "d/c.py", "d/e/f.py", "d/notes.txt", "g.js", "x.bin"])
FOLDERS = st.sampled_from(["d", "d/e", "h"])
STEPS = st.one_of(
    st.tuples(st.just("write"), PATHS, TEXTS),
    st.tuples(st.just("append"), PATHS, TEXTS),
    st.tuples(st.just("delete"), PATHS, st.none()),
    st.tuples(st.just("move"), PATHS, PATHS),
    st.tuples(st.just("move folder"), FOLDERS, FOLDERS),
    st.tuples(st.just("delete folder"), FOLDERS, st.none()),
    st.tuples(st.just("ignore"), PATHS, st.none()),
    st.tuples(st.just("binary"), PATHS, st.none()),
)


def do(root: Path, step: tuple[str, str, str | None]) -> set[str]:
    """Change the files below `root`; the paths that a watcher would name."""
    action, name, other = step
    path = root / name
    if action in ("write", "append", "binary"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            return set()
        old = path.read_bytes() if action == "append" and path.exists() else b""
        path.write_bytes(b"\0\1" if action == "binary" else old + (other or "").encode())
    elif action == "ignore":
        (root / ".ignore").write_text(name + "\n")
        return {".ignore"}
    elif action == "delete" and path.is_file():
        path.unlink()
    elif action == "delete folder" and path.is_dir():
        shutil.rmtree(path)
    elif action.startswith("move") and path.exists() and other is not None:
        target = root / other
        if target.exists() or path in target.parents:
            return set()
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
        return {name, other}
    return {name}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=1, max_size=12), batch=st.integers(1, 4))
def test_incremental_equals_fresh(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str | None]], batch: int
) -> None:
    root = tmp_path_factory.mktemp("ws")
    write(root, {"a.py": "def f(): ...\n", "d/c.py": "import a\na.f()\n"})
    with index_of(root) as (workspace, folder):
        noticed: set[str] = set()
        for number, step in enumerate(steps):
            noticed |= do(root, step)
            if number % batch == 0:
                workspace.files_changed(str(root / name) for name in noticed)
                noticed.clear()
        workspace.files_changed(str(root / name) for name in noticed)
        assert folder.wait_ready(30)
        assert folder.store.dump() == fresh_dump(root)
        assert folder.store.check() == []


def test_workers_and_this_process_give_the_same_index(tmp_path: Path) -> None:
    write(tmp_path, many_files(260))
    write(tmp_path, {"bad.py": b"x = '\xff'\n", "notes.txt": "some words\n", "data.bin": b"\0"})
    with index_of(tmp_path, workers=2) as (_, folder):
        assert folder.store.dump() == fresh_dump(tmp_path)
        assert folder.store.counts()["files"] == 261


def test_a_scan_finds_what_changed_while_nobody_looked(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, {"a.py": "def a(): ...\n", "b.py": "def b(): ...\n", "c.py": "def c(): ...\n"})
    with index_of(root, cache_dir=cache):
        pass
    write(root, {"a.py": "def changed(): ...\n", "d.py": "def d(): ...\n"})
    (root / "b.py").unlink()
    with index_of(root, cache_dir=cache) as (workspace, folder):
        assert folder.store.dump() == fresh_dump(root)
        assert names(workspace, "b") == []
        assert folder.n_extracted == 2


def test_an_unchanged_folder_is_not_read_again(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(20))
    with index_of(root, cache_dir=cache) as (_, folder):
        generation = folder.store.generation
        folder.rescan()
        assert folder.wait_ready(30)
        assert folder.store.generation == generation
    with index_of(root, cache_dir=cache) as (_, folder):
        assert folder.n_extracted == 0


def _same_size_and_time(path: Path) -> None:
    """Other text, written in place, with the size and the time put back."""
    before = path.stat()
    path.write_text("def beta_(): ...\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced_with_old_time(path: Path) -> None:
    before = path.stat()
    other = path.with_suffix(".new")
    other.write_text("def beta_(): ...\n")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def _clock_went_back(path: Path) -> None:
    path.write_text("def beta_(): ...\n")
    os.utime(path, (10, 10))


@pytest.mark.parametrize("change", [_same_size_and_time, _replaced_with_old_time, _clock_went_back])
def test_times_do_not_hide_a_change(tmp_path: Path, change: Callable[[Path], None]) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, {"a.py": "def alpha(): ...\n"})
    with index_of(root, cache_dir=cache):
        pass
    change(root / "a.py")
    with index_of(root, cache_dir=cache) as (workspace, _):
        assert names(workspace, "beta_") == ["a.py"]
        assert names(workspace, "alpha") == []


def test_a_touched_file_keeps_its_facts(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def alpha(): ...\n"})
    with index_of(tmp_path) as (workspace, folder):
        os.utime(tmp_path / "a.py", (10, 10))
        workspace.files_changed([str(tmp_path / "a.py")])
        assert folder.wait_ready(30)
        assert folder.n_extracted == 1
        assert folder.is_current("a.py")


# ---------------------------------------------------------------- what is not indexed


def test_what_is_skipped_has_a_reason(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "good.py": "def good(): ...\n",
            "nul.py": b"x = 1\0\n",
            "latin.py": b"# caf\xe9\n",
            "declared.py": "# -*- coding: latin-1 -*-\nword = 'caf\xe9'\n".encode("latin-1"),
            "line.py": b"x = '" + b"a" * 20_000_000 + b"'\n",
            "picture.png": b"\x89PNG",
        },
    )
    with index_of(tmp_path) as (_, folder):
        assert folder.store.skipped() == [
            ("latin.py", "not valid UTF-8 at byte 5"),
            ("line.py", "too large: 20000007 bytes, the limit is 1500000"),
            ("nul.py", "binary (holds a NUL byte)"),
            ("picture.png", "binary (.png)"),
        ]
        assert folder.store.paths() == ["declared.py", "good.py"]


def test_a_skipped_file_that_is_mended_is_indexed(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"x = 1\0\n"})
    with index_of(tmp_path) as (workspace, folder):
        write(tmp_path, {"a.py": "def mended(): ...\n"})
        workspace.files_changed([str(tmp_path / "a.py")])
        assert folder.wait_ready(30)
        assert (folder.store.paths(), folder.store.skipped()) == (["a.py"], [])


@pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and bytes in names")
def test_odd_files_are_passed_by(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def a(): ...\n", "d/b.py": "def b(): ...\n"})
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "d" / "up").symlink_to(tmp_path / "d")
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere.py")
    os.mkfifo(tmp_path / "pipe.py")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.py")).write_text("def c(): ...\n")
    with index_of(tmp_path) as (_, folder):
        assert folder.store.paths() == ["a.py", "d/b.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_an_unreadable_file_says_so_and_a_folder_is_empty(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n", "secret.py": "y = 1\n", "closed/b.py": "z = 1\n"})
    (tmp_path / "secret.py").chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        with index_of(tmp_path) as (_, folder):
            assert folder.store.paths() == ["a.py"]
            assert folder.store.skipped() == [("secret.py", "unreadable: Permission denied")]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_an_ignore_file_counts_from_its_next_change_on(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def a(): ...\n", "out/b.py": "def b(): ...\n"})
    with index_of(tmp_path) as (workspace, folder):
        write(tmp_path, {".gitignore": "out/\n"})
        workspace.files_changed([str(tmp_path / ".gitignore")])
        assert folder.wait_ready(30)
        assert folder.store.paths() == [".gitignore", "a.py"]
        (tmp_path / ".gitignore").unlink()
        workspace.files_changed([str(tmp_path / ".gitignore")])
        assert folder.wait_ready(30)
        assert folder.store.paths() == ["a.py", "out/b.py"]


# ---------------------------------------------------------------- branches and worktrees


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    subprocess.run(
        ["git", "-C", str(root), *identity, *arguments],
        check=True,
        capture_output=True,
        env={**environment, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
    )


def two_branches(root: Path, n_files: int) -> None:
    """A repository on `main`, with `other` where every file is another one."""
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    write(root, many_files(n_files))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "-b", "other")
    for path in sorted(root.rglob("*.py")):
        path.write_text(path.read_text().replace("return", "yield"))
    git(root, "commit", "-q", "-a", "-m", "two")
    git(root, "checkout", "-q", "main")


def test_switching_branches_back_and_forth_extracts_each_text_once(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    two_branches(root, 60)
    with index_of(root, cache_dir=tmp_path / "cache") as (_, folder):
        assert folder.n_extracted == 60
        for branch, n_extracted in (("other", 120), ("main", 120), ("other", 120)):
            git(root, "checkout", "-q", branch)
            folder.rescan()
            assert folder.wait_ready(60)
            assert folder.n_extracted == n_extracted
            assert folder.store.dump() == fresh_dump(root)


def test_a_worktree_shares_what_was_extracted(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    two_branches(root, 30)
    with index_of(root, cache_dir=cache):
        pass
    git(root, "worktree", "add", "-q", "-b", "third", str(tmp_path / "tree"), "main")
    with index_of(tmp_path / "tree", cache_dir=cache) as (_, folder):
        assert folder.store.counts()["files"] == 30
        assert folder.n_extracted == 0
        assert folder.store.dump() == fresh_dump(tmp_path / "tree")


# ---------------------------------------------------------------- stop and go


def test_cancelled_work_goes_on_when_started_again(tmp_path: Path) -> None:
    write(tmp_path, many_files(50))
    from treewright_indexer.workspace import IndexSettings, Workspace

    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        folder = workspace.add_folder(str(tmp_path))
        ends: list[str] = []
        folder.start(lambda done, total, message: folder.cancel(), ends.append)
        folder.cancel()
        assert not folder.wait_ready(30)
        assert len(folder.pending) > 0
        # What is pending is answered from its file all the same.
        assert names(workspace, "f7") == ["pkg0/m7.py"]
        folder.start(lambda done, total, message: None, ends.append)
        assert folder.wait_ready(30)
        assert folder.store.counts()["files"] == 50
    finally:
        workspace.close()
    assert ends[0] == "cancelled"
    assert ends[-1] == ""


def test_other_work_waits_until_much_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What embeds would compete with the first answers for the processor."""
    looking, may_look = threading.Event(), threading.Event()
    scan = Scanner.scan

    def held_back(scanner: Scanner) -> ScanResult:
        looking.set()
        may_look.wait(10)
        return scan(scanner)

    monkeypatch.setattr(Scanner, "scan", held_back)
    write(tmp_path, many_files(5))
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    folder = workspace.add_folder(str(tmp_path))
    try:
        assert not folder.is_bulk, "nobody asked for an index yet"
        folder.start(lambda done, total, message: None, lambda message: None)
        assert looking.wait(10)
        assert folder.is_bulk
        may_look.set()
        assert folder.wait_ready(30)
        assert not folder.is_bulk
        write(tmp_path, {"more.py": "x = 1\n"})
        folder.rescan()
        assert folder.wait_ready(30)
        assert not folder.is_bulk, "one file is read at once"
    finally:
        may_look.set()
        workspace.close()
