"""Trees of files that are not open are made once, and never answer for another text."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.support.index import index_of, write
from treewright_indexer.documents import TREE_FACTOR, DocumentCache


def test_repeated_requests_hit(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def a(): ...\n"})
    with index_of(tmp_path) as (workspace, _):
        path = str(tmp_path / "a.py")
        first = workspace.snapshot().tree(path)
        assert workspace.snapshot().tree(path) is first
        assert (workspace.documents.stats()["hits"], workspace.documents.stats()["misses"]) == (
            1,
            1,
        )
        write(tmp_path, {"a.py": "def b(): ...\n"})
        assert workspace.snapshot().tree(path) is not first
        assert workspace.snapshot().text(path).data == b"def b(): ...\n"


def test_the_room_is_bounded_also_under_eight_threads() -> None:
    room = 100 * 1000 * (1 + TREE_FACTOR)
    cache = DocumentCache(room)
    fullest: list[float] = []

    def use(start: int) -> None:
        for number in range(start, start + 300):
            cache.get(f"/f{number % 400}.py", b"x" * 1000)
            fullest.append(cache.stats()["bytes"])

    threads = [threading.Thread(target=use, args=(start * 37,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(fullest) <= room
    assert cache.stats()["documents"] == 100
    assert cache.stats()["utilization"] == 1.0


def test_what_takes_too_much_room_is_not_kept() -> None:
    cache = DocumentCache(1000 * (1 + TREE_FACTOR))
    cache.get("/small.py", b"x" * 200)
    cache.get("/large.py", b"x" * 300)
    assert cache.stats()["documents"] == 1
