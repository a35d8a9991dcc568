"""The index file: what goes in comes out, and nothing that happens to the file stops an answer."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.index import fresh_dump, index_of, many_files, names, write
from treewright_indexer.errors import StoreError
from treewright_indexer.store import FileEntry, SkippedRow, Stamp, Store
from treewright_indexer.store.filelock import FileLock
from treewright_indexer.store.shared import SharedFacts, key_of
from treewright_indexer.store.upkeep import remove_unused
from treewright_indexer.store.words import CamelWords


def entry(path: str, *, postings: dict[str, bytes] | None = None) -> FileEntry:
    return FileEntry(path, Stamp(1, 2, 3), "h", "python", b"", postings or {}, [], [], 0, "v")


def test_a_batch_is_written_whole_or_not_at_all() -> None:
    store = Store.open(None)
    try:
        store.apply(put=[entry("a.py", postings={"f": b"12345678"})])
        before = store.dump()
        broken = entry("b.py", postings={"g": object()})  # type: ignore[dict-item]
        with pytest.raises(TypeError):
            store.apply(put=[entry("c.py"), broken], deleted=["a.py"])
        assert store.dump() == before
        store.apply(put=[entry("b.py", postings={"g": b"87654321"})])
        assert [row.refs for row in store.postings("g")] == [b"87654321"]
    finally:
        store.close()


def test_ids_of_replaced_files_and_of_new_ones_do_not_meet() -> None:
    store = Store.open(None)
    try:
        store.apply(put=[entry("a.py"), entry("b.py")])
        store.apply(put=[entry("c.py"), entry("b.py")])
        assert store.paths() == ["a.py", "b.py", "c.py"]
        assert store.check() == []
    finally:
        store.close()


def test_a_file_is_indexed_or_skipped_never_both() -> None:
    store = Store.open(None)
    try:
        store.apply(put=[entry("a.py")])
        store.apply(skipped=[SkippedRow("a.py", "why", Stamp(1, 1, 1))])
        assert (store.paths(), store.skipped()) == ([], [("a.py", "why")])
        store.apply(put=[entry("a.py")])
        assert (store.paths(), store.skipped()) == (["a.py"], [])
    finally:
        store.close()


def test_paths_at_a_folder_are_not_those_beside_it() -> None:
    store = Store.open(None)
    try:
        store.apply(
            put=[entry(p) for p in ("a", "a/b.py", "a/c/d.py", "a.py", "a-b/c.py", "ab.py")]
        )
        assert sorted(store.paths_at("a")) == ["a", "a/b.py", "a/c/d.py"]
    finally:
        store.close()


def test_a_changed_files_chunks_get_higher_numbers(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def a(): ...\n"})
    with index_of(tmp_path) as (workspace, folder):
        before = folder.store.chunk_ids()
        write(tmp_path, {"a.py": "def b(): ...\n"})
        workspace.files_changed([str(tmp_path / "a.py")])
        assert folder.wait_ready(30)
        assert min(folder.store.chunk_ids()) > max(before)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("getURL = x", {"get URL"}),
        ("class HTTPServer: ...", {"HTTP Server"}),
        ("get_value CONSTANT plain 12", set()),
        ("aB" * 3, {"a Ba Ba B"}),
        ("é_getIt", {"get It"}),
    ],
)
def test_camel_words(text: str, expected: set[str]) -> None:
    data = text.encode()
    found = CamelWords(data).searchable(0, len(data)).decode()
    assert set(found[len(text) :].strip("\n").split("\n")) - {""} == expected


# ---------------------------------------------------------------- what happens to the file


def index_file(cache: Path) -> Path:
    return next((cache / "index").glob("*.db"))


def test_a_corrupt_file_is_built_anew_and_said_so(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(20))
    with index_of(root, cache_dir=cache):
        pass
    path = index_file(cache)
    path.write_bytes(b"no database at all" * 1000)
    told: list[str] = []
    from treewright_indexer.workspace import IndexSettings, Workspace

    workspace = Workspace(IndexSettings(cache_dir=cache, watch=False))
    workspace.on_problem = told.append
    try:
        folder = workspace.add_folder(str(root))
        assert folder.wait_ready(60)
        assert folder.store.dump() == fresh_dump(root)
        assert ["corrupt" in message for message in told] == [True]
    finally:
        workspace.close()


def test_a_page_that_breaks_in_use_is_repaired(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(40))
    with index_of(root, cache_dir=cache):
        pass
    path = index_file(cache)
    size = path.stat().st_size
    with path.open("r+b") as file:  # everything but the first page, which says what it is
        file.seek(8192)
        file.write(os.urandom(size - 8192))
    with index_of(root, cache_dir=cache) as (workspace, folder):
        names(workspace, "f7")
        assert folder.wait_ready(60)
        folder.rescan()
        assert folder.wait_ready(60)
        assert names(workspace, "f7") == ["pkg0/m7.py"]
        assert folder.store.check() == []


def test_a_newer_schema_is_built_anew_and_said_so(tmp_path: Path) -> None:
    path = tmp_path / "i.db"
    store = Store.open(path)
    store.apply(put=[entry("a.py")])
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    told: list[str] = []
    store = Store.open(path, on_problem=told.append)
    try:
        assert store.paths() == []
        assert ["newer treewright" in message for message in told] == [True]
    finally:
        store.close()


def test_where_nothing_can_be_written_the_index_is_in_memory(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(5))
    cache.write_text("a file where the cache folder should be")
    with index_of(root, cache_dir=cache) as (workspace, folder):
        assert folder.store.path is None
        assert names(workspace, "f3") == ["pkg3/m3.py"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from treewright_indexer.workspace import IndexSettings, Workspace
root, cache = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # no file may grow beyond
told = []
workspace = Workspace(IndexSettings(cache_dir=Path(cache), watch=False, workers=0))
workspace.on_problem = told.append
folder = workspace.add_folder(root)
assert not folder.wait_ready(60), "the index was written"
assert len(told) == 1, told
assert "not kept up to date" in told[0], told
found = workspace.snapshot().symbols_named("f123")
assert [hit.name for hit in found] == ["f123"], found
print("answers go on")
workspace.close()
"""


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_on_a_full_disk_the_index_stops_and_answers_go_on(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    write(root, many_files(400))
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(root), str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("answers go on\n", "")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "i.db")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.apply(put=[entry("a.py")])


def test_a_lock_is_free_again_once_released(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "l"), FileLock(tmp_path / "l")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


# ---------------------------------------------------------------- many at once


def test_searches_while_files_are_indexed_see_whole_files(tmp_path: Path) -> None:
    """Each file defines `mark_N` twice, in two chunks: one without the other is half a file."""
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, {"first.py": "x = 1\n"})
    problems: list[str] = []
    done = threading.Event()
    with index_of(root, cache_dir=cache, workers=0) as (workspace, folder):
        store = folder.store

        def search() -> None:
            while not done.is_set():
                try:
                    rows = store.search_words("shared marker", 1000)
                    counts: dict[str, int] = {}
                    for row in rows:
                        counts[row.path] = counts.get(row.path, 0) + 1
                    halves = [path for path, count in counts.items() if count != 2]
                    problems.extend(f"half: {path}" for path in halves)
                except Exception as error:
                    problems.append(repr(error))

        threads = [threading.Thread(target=search) for _ in range(50)]
        for thread in threads:
            thread.start()
        body = "def shared_marker_{0}_a():\n    return 1\n\n\ndef shared_marker_{0}_b():\n    return 2\n"
        write(root, {f"m{index}.py": body.format(index) for index in range(300)})
        workspace.files_changed([str(root)])
        folder.rescan()
        try:
            assert folder.wait_ready(120)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert problems == []
        assert len(store.search_words("shared marker", 1000)) == 600


# ---------------------------------------------------------------- shared facts


def test_shared_facts_forget_what_was_not_used_for_longest(tmp_path: Path) -> None:
    shared = SharedFacts(tmp_path / "facts.db", max_bytes=400_000)
    try:
        for start in range(0, 400, 20):
            values = [(key_of(str(n), "v"), os.urandom(4000)) for n in range(start, start + 20)]
            shared.put(values)
        known = shared.get([key_of(str(n), "v") for n in range(400)])
        assert key_of("399", "v") in known
        assert key_of("0", "v") not in known
        assert sum(map(len, known.values())) <= 400_000
    finally:
        shared.close()


def test_a_broken_shared_file_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    path.write_bytes(b"nothing of the kind" * 500)
    shared = SharedFacts(path)
    try:
        assert shared.get([key_of("a", "v")]) == {}
        shared.put([(key_of("a", "v"), (1, 2))])
        assert shared.get([key_of("a", "v")]) == {key_of("a", "v"): (1, 2)}
    finally:
        shared.close()


def test_keys_tell_languages_apart() -> None:
    assert key_of("a", "python 1") != key_of("a", "python 2")


# ---------------------------------------------------------------- upkeep


def test_unused_indexes_are_removed_and_open_ones_stay(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.db" for name in ("old", "open", "new")}
    for path in paths.values():
        Store.open(path).close()
    store = Store.open(paths["open"])
    for name in ("old", "open"):  # a forged date does not matter for the one that is open
        for path in (paths[name], paths[name].with_name(f"{name}.db.open")):
            os.utime(path, (10, 10))
    try:
        assert remove_unused(tmp_path) == [paths["old"]]
        assert sorted(path.name for path in tmp_path.glob("*.db")) == ["new.db", "open.db"]
        assert list(tmp_path.glob("old*")) == []
        store.apply(put=[entry("a.py")])
        os.utime(paths["new"], (10, 10))
        os.utime(paths["new"].with_name("new.db.open"), (10, 10))
        assert remove_unused(tmp_path) == [], "it looks once a day"
    finally:
        store.close()


def test_a_damaged_page_is_found_before_anybody_reads_it(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(40))
    with index_of(root, cache_dir=cache) as (_, folder):
        assert folder.store.verify()
        assert folder.store.size() > 8192
    path = index_file(cache)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 3 * 8192)
        file.write(b"\xff" * 3 * 8192)
    with index_of(root, cache_dir=cache) as (_, folder):
        folder.store.verify()
        assert folder.wait_ready(60)
        assert folder.store.dump() == fresh_dump(root)
        assert folder.store.check() == []
