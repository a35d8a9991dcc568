"""What other processes do to the files is in the answers a moment later."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.indexer.test_pipeline import git, two_branches
from tests.support.index import fresh_dump, index_of, many_files, names, write
from treewright_indexer.pipeline.scan import folders_of
from treewright_indexer.settings import IndexSettings

PATIENCE_S = 15.0
"""A loaded machine is slow; the wanted 3 s are measured by the benchmark."""


def eventually(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def test_files_and_folders_come_move_and_go(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def alpha(): ...\n", "node_modules/x.py": "def hidden(): ...\n"})
    with index_of(tmp_path, watch=True) as (workspace, folder):

        def defined(name: str, *paths: str) -> None:
            eventually(lambda: names(workspace, name) == list(paths), f"{name} in {paths}")

        write(tmp_path, {"new.py": "def gamma(): ...\n"})
        defined("gamma", "new.py")
        (tmp_path / "new.py").rename(tmp_path / "moved.py")
        defined("gamma", "moved.py")
        (tmp_path / "moved.py").unlink()
        defined("gamma")
        write(tmp_path, {"x/y/z/m.py": "def deep(): ...\n"})
        defined("deep", "x/y/z/m.py")
        (tmp_path / "x").rename(tmp_path / "w")
        defined("deep", "w/y/z/m.py")
        write(tmp_path, {"w/y/z/m.py": "def deeper(): ...\n"})
        defined("deeper", "w/y/z/m.py")
        write(tmp_path, {"a.tmp": "def atomic(): ...\n"})
        (tmp_path / "a.tmp").replace(tmp_path / "a.py")
        defined("atomic", "a.py")
        write(tmp_path, {".gitignore": "w/\n"})
        defined("deeper")
        (tmp_path / ".gitignore").unlink()
        defined("deeper", "w/y/z/m.py")
        shutil.rmtree(tmp_path / "w")
        defined("deeper")
        eventually(lambda: folder.ready, "the index rests")
        assert folder.store.dump() == fresh_dump(tmp_path)


def test_a_branch_switch_ends_with_the_index_of_the_branch(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    two_branches(root, 120)
    write(root, {"untracked.py": "x = 1\n"})
    with index_of(root, watch=True, cache_dir=tmp_path / "cache") as (_, folder):
        for branch in ("other", "main"):
            git(root, "checkout", "-q", branch)
            fresh = fresh_dump(root)
            eventually(lambda fresh=fresh: folder.ready and folder.store.dump() == fresh, branch)


def test_a_burst_of_new_files_is_one_index(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    with index_of(tmp_path, watch=True) as (_, folder):
        write(tmp_path, many_files(150))
        fresh = fresh_dump(tmp_path)
        eventually(lambda: folder.ready and folder.store.dump() == fresh, "150 files")


def test_only_folders_that_may_hold_sources_are_watched(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/a.py": "",
            "node_modules/p/b.js": "",
            "build/c.py": "",
            "deep/build/d.py": "",
            ".gitignore": "/build/\n",
        },
    )
    (tmp_path / "empty").mkdir()
    found = sorted(folders_of(str(tmp_path), IndexSettings(), ""))
    assert found == ["", "deep/", "deep/build/", "empty/", "src/"]
