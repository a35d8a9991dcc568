"""Processes die at the worst moment; the next start is right and loses nothing but time."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.index import fresh_dump, index_of, many_files, write
from treewright_indexer.pipeline.entries import Job
from treewright_indexer.pipeline.pool import Pool
from treewright_indexer.store.rows import FileEntry, SkippedRow, Stamp

INDEX = """
import sys
from pathlib import Path
from treewright_indexer.workspace import IndexSettings, Workspace
root, cache, workers = sys.argv[1:]
settings = IndexSettings(cache_dir=Path(cache), watch=False, workers=int(workers))
workspace = Workspace(settings)
folder = workspace.add_folder(root)
print("open", flush=True)
folder.start(lambda done, total, message: print(done, flush=True), lambda message: None)
print("ready" if folder.wait_ready(120) else "not ready", folder.n_extracted, flush=True)
workspace.close()
"""

# A worker in which reading `kill.py` ends the process and reading `hang.py` never ends.
BAD_WORKER = """
import os, time
from treewright_indexer.pipeline import entries, worker
look = entries.look
def bad_look(root, job, max_bytes):
    if job.path == "kill.py":
        os._exit(9)
    if job.path == "hang.py":
        time.sleep(600)
    return look(root, job, max_bytes)
entries.look = bad_look
worker.main()
"""


def start_index(root: Path, cache: Path, workers: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", INDEX, str(root), str(cache), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def bad_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", BAD_WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def outcomes(root: Path, files: list[str]) -> dict[str, str]:
    """What a pool of bad workers makes of the files: `read`, or why it was not."""
    event = threading.Event()
    pool = Pool(str(root), 10**6, None, 2, event.set, start=bad_worker, file_s=1.0, batch_s=3.0)
    found: dict[str, str] = {}
    try:
        pool.submit([Job(name, Stamp(1, 1, 1)) for name in files])
        end = time.monotonic() + 60
        while pool.is_busy() and time.monotonic() < end:
            for job, outcome in pool.take():
                read = isinstance(outcome, FileEntry)
                found[job.path] = "read" if read else getattr(outcome, "reason", "nothing")
                assert isinstance(outcome, FileEntry | SkippedRow)
            event.wait(0.1)
            event.clear()
    finally:
        pool.close()
    return found


@pytest.mark.e2e
def test_a_file_that_kills_its_reader_is_marked_and_no_other(tmp_path: Path) -> None:
    write(tmp_path, many_files(9))
    write(tmp_path, {"kill.py": "x = 1\n"})
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py"))
    found = outcomes(tmp_path, files)
    assert found.pop("kill.py") == "reading it ended with code 9"
    assert found == dict.fromkeys((name for name in files if name != "kill.py"), "read")


@pytest.mark.e2e
def test_a_file_whose_reading_never_ends_is_marked_and_no_other(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n", "hang.py": "y = 1\n", "b.py": "z = 1\n"})
    found = outcomes(tmp_path, ["a.py", "hang.py", "b.py"])
    assert found == {"a.py": "read", "b.py": "read", "hang.py": "reading it took too long"}


def test_without_processes_files_are_read_here(tmp_path: Path) -> None:
    def none() -> subprocess.Popen[bytes]:
        raise OSError("no processes left")

    pool = Pool(str(tmp_path), 10**6, None, 2, lambda: None, start=none)
    assert not pool.has_room()
    assert "no processes left" in pool.broken
    assert pool.abandon() == []


def kill_at_random(tmp_path: Path, rounds: int, workers: int) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(300))
    source = random.Random(7)
    for number in range(rounds):
        process = start_index(root, cache, workers)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(source.uniform(0.0, 0.6))
        process.kill()
        process.communicate()
        write(root, {f"pkg0/new{number}.py": f"def new{number}(): ...\n"})
        (root / f"pkg{(number + 1) % 7}/m{number + 1}.py").unlink(missing_ok=True)
    with index_of(root, cache_dir=cache, workers=0) as (_, folder):
        assert folder.store.check() == []
        assert folder.store.dump() == fresh_dump(root)


@pytest.mark.e2e
def test_a_killed_index_is_right_at_its_next_start(tmp_path: Path) -> None:
    kill_at_random(tmp_path, rounds=4, workers=0)


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.parametrize("workers", [0, 2])
def test_an_index_killed_fifty_times_is_right(tmp_path: Path, workers: int) -> None:
    kill_at_random(tmp_path, rounds=50, workers=workers)


@pytest.mark.e2e
def test_two_processes_share_one_index_and_its_work(tmp_path: Path) -> None:
    root, cache = tmp_path / "ws", tmp_path / "cache"
    write(root, many_files(300))
    both = [start_index(root, cache, workers=1) for _ in range(2)]
    ends = [process.communicate(timeout=120)[0].splitlines()[-1].split() for process in both]
    assert [end[0] for end in ends] == ["ready", "ready"]
    assert sum(int(end[1]) for end in ends) == 300, "a text was extracted twice"
    with index_of(root, cache_dir=cache) as (_, folder):
        assert folder.n_extracted == 0
        assert folder.store.check() == []
        assert folder.store.dump() == fresh_dump(root)
