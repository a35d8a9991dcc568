"""The index after a real history, commit by commit, is the one that a fresh start gives."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.index import fresh_dump, index_of

REPOSITORY = Path(__file__).parents[2]
N_COMMITS = 200
COMPARED = 20
"""Every so many commits the index is compared row by row."""


def git(*arguments: str, **environment: str) -> str:
    return subprocess.run(
        ["git", "-C", str(REPOSITORY), *arguments],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.slow
def test_a_history_replayed_is_a_fresh_index(tmp_path: Path) -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this copy of the repository has no history: clone it")
    commits = git("rev-list", "--first-parent", f"--max-count={N_COMMITS}", "HEAD").split()
    tree, git_index = tmp_path / "tree", tmp_path / "index"
    tree.mkdir()
    # The repository's own index and files stay as they are.
    where = {"GIT_INDEX_FILE": str(git_index), "GIT_WORK_TREE": str(tree)}
    with index_of(tree, cache_dir=tmp_path / "cache") as (_, folder):
        for number, commit in enumerate(reversed(commits)):
            git("read-tree", "--reset", "-u", commit, **where)
            folder.rescan()
            assert folder.wait_ready(120), commit
            if number % COMPARED == COMPARED - 1 or number == len(commits) - 1:
                assert folder.store.dump() == fresh_dump(tree), commit
