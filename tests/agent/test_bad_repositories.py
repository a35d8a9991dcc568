"""Repositories in every state: a task ends in something typed, and the user's files, index, HEAD and
branches are as they were, byte for byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_agent.routines.committer import CommitError, Committed, branch_name, commit, sweep
from treewright_agent.routines.request import Services, TaskRequest
from treewright_agent.routines.task import run_task
from treewright_agent.settings import AgentSettings
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError

FILES = {
    "calc.py": "def add(a, b):\n    return a + b\n",
    "use.py": "from calc import add\n\nprint(add(1, 2))\n",
}


def git(folder: Path, *argv: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always", *argv],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def picture(root: Path) -> dict[str, str]:
    """Every file outside of git's own objects, and what git says of the repository."""
    found = {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and "objects" not in path.parts
        and "logs" not in path.parts
    }  # fmt: skip
    return {name: digest for name, digest in found.items() if "refs/heads/feature" not in name}


# -------------------------------------------------------------------- states of a repository


def plain(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")


def dirty(root: Path) -> None:
    plain(root)
    (root / "use.py").write_text(FILES["use.py"] + "\n# mine\n")
    (root / "new.txt").write_text("untracked\n")
    (root / "staged.txt").write_text("staged\n")
    git(root, "add", "staged.txt")


def detached(root: Path) -> None:
    plain(root)
    git(root, "checkout", "-q", "--detach")


def in_a_merge(root: Path) -> None:
    plain(root)
    git(root, "checkout", "-q", "-b", "other")
    (root / "note.txt").write_text("theirs\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "theirs")
    git(root, "checkout", "-q", "main")
    (root / "note.txt").write_text("ours\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "ours")
    subprocess.run(["git", "merge", "other"], cwd=root, capture_output=True, check=False)


def with_submodule(root: Path) -> None:
    other = root.parent / "library"
    other.mkdir()
    (other / "lib.py").write_text("x = 1\n")
    plain(other)
    plain(root)
    git(root, "submodule", "add", "-q", str(other), "vendored")
    git(root, "commit", "-qm", "library")


def shallow(root: Path) -> None:
    plain(root)
    (root / ".git" / "info" / "sparse-checkout").write_text("/*\n")
    git(root, "config", "core.sparseCheckout", "true")


def strange_names(root: Path) -> None:
    (root / "späte datei.txt").write_text("x\n")
    (root / "-dash.txt").write_text("x\n")
    plain(root)


def attributes(root: Path) -> None:
    (root / ".gitattributes").write_text("*.py text eol=crlf\n")
    plain(root)


def quiet_hook(root: Path) -> None:
    plain(root)
    hook(root, "post-commit", "#!/bin/sh\necho noted\n")


def hook(root: Path, name: str, text: str) -> None:
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def failing_hook(root: Path) -> None:
    plain(root)
    hook(root, "pre-commit", "#!/bin/sh\necho 'the linter says no' >&2\nexit 1\n")


def forbids_branches(root: Path) -> None:
    plain(root)
    hook(root, "reference-transaction", '#!/bin/sh\n[ "$1" = prepared ] && exit 1\nexit 0\n')


def unborn(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")


def no_git(root: Path) -> None:
    pass


def broken(root: Path) -> None:
    plain(root)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/gone\n")


GOOD = [
    plain, dirty, detached, in_a_merge, with_submodule, shallow, strange_names, attributes,
    quiet_hook,
]  # fmt: skip
BAD = [
    (failing_hook, "the linter says no"),
    (forbids_branches, "aborted by hook"),
    (unborn, "no commit yet"),
    (broken, "no commit yet"),
    (no_git, "not a git repository"),
]


def _committed(
    root: Path, prepare: Callable[[Path], None], request: str = "rename add to plus"
) -> tuple[Committed | CommitError, dict[str, str], dict[str, str]]:
    """A rule's change committed on a branch: (what came of it, the picture before, after)."""
    with workspace_of(root, FILES) as fx:
        here = Path(fx.root)
        prepare(here)
        before = picture(here)
        services = Services(settings=AgentSettings())
        result = run_task(TaskRequest(request), fx.snapshot, services, CancelToken(), fx.root)
        assert (result.success, result.source) == (True, "recipe")
        assert result.draft is not None
        made: Committed | CommitError
        try:
            made = commit(result.draft, request, "Rename add", CancelToken(), seed="s")
        except CommitError as error:
            made = error
        return made, before, picture(here)


@pytest.mark.parametrize("prepare", GOOD, ids=[p.__name__ for p in GOOD])
def test_the_commit_is_on_its_own_branch_and_nothing_else_moves(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    root = tmp_path / "w"
    made, before, after = _committed(root, prepare)
    assert isinstance(made, Committed), made
    assert set(made.files) == {"calc.py", "use.py"}
    assert "def plus" in git(root, "show", f"{made.branch}:calc.py")
    assert "mine" not in git(root, "show", f"{made.branch}:use.py")
    assert after == before
    assert "treewright-worktree" not in git(root, "worktree", "list")


@pytest.mark.parametrize(("prepare", "reason"), BAD, ids=[p.__name__ for p, _ in BAD])
def test_what_cannot_be_committed_says_why_and_changes_nothing(
    tmp_path: Path, prepare: Callable[[Path], None], reason: str
) -> None:
    made, before, after = _committed(tmp_path / "w", prepare)
    assert isinstance(made, CommitError)
    assert reason in str(made)
    assert after == before


def test_a_hook_that_hangs_is_ended_by_a_cancellation(tmp_path: Path) -> None:
    import threading
    import time

    def hanging(root: Path) -> None:
        plain(root)
        hook(root, "pre-commit", "#!/bin/sh\nsleep 600\n")

    with workspace_of(tmp_path / "w", FILES) as fx:
        here = Path(fx.root)
        hanging(here)
        before = picture(here)
        result = run_task(
            TaskRequest("rename add to plus"), fx.snapshot, Services(), CancelToken(), fx.root
        )
        assert result.draft is not None
        token = CancelToken()
        threading.Timer(0.7, token.cancel).start()
        started = time.monotonic()
        with pytest.raises(CancelledError):
            commit(result.draft, "rename", "m", token, seed="s")
        assert time.monotonic() - started < 6
        assert picture(here) == before


def test_one_change_in_two_repositories_is_refused(tmp_path: Path) -> None:
    files = {
        "one/calc.py": FILES["calc.py"],
        "two/use.py": "from one.calc import add\n\nadd(1, 2)\n",
    }
    with workspace_of(tmp_path / "w", files) as fx:
        for name in ("one", "two"):
            plain(Path(fx.root, name))
        result = run_task(
            TaskRequest("rename add to plus"), fx.snapshot, Services(), CancelToken(), fx.root
        )
        assert result.draft is not None
        with pytest.raises(CommitError, match="spans 2 repositories"):
            commit(result.draft, "rename", "m", CancelToken(), seed="s")


@pytest.mark.parametrize(
    ("request_text", "name"),
    [
        ("Add divide()!", "feature/agent-add-divide-"),
        ("修复失败的测试", "feature/agent-task-"),
        ("..//@{-1} ~^: \\", "feature/agent-1-"),
        ("x" * 200, "feature/agent-" + "x" * 30 + "-"),
    ],
)
def test_a_branch_name_is_one_that_git_accepts(
    tmp_path: Path, request_text: str, name: str
) -> None:
    made = branch_name(request_text, "seed")
    assert made.startswith(name)
    git(tmp_path, "check-ref-format", "--branch", made)


def test_worktrees_of_dead_processes_are_swept(tmp_path: Path) -> None:
    with workspace_of(tmp_path / "w", FILES) as fx:
        plain(Path(fx.root))
        scratch = tmp_path / "scratch"
        (scratch / "treewright-worktree-999999999-abc").mkdir(parents=True)
        (scratch / f"treewright-worktree-{os.getpid()}-abc").mkdir()
        assert sweep(fx.root, scratch) == 1
        assert [entry.name for entry in scratch.iterdir()] == [
            f"treewright-worktree-{os.getpid()}-abc"
        ]
