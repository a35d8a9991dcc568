"""Committer: a finished task as a commit on a branch of its own, made in a git worktree.

The user's checkout, index, HEAD and dirty files stay as they are. The commit holds the task's files
only, and of a file that has uncommitted changes of the user's only what the task changed. Pushing
and pull requests are separate, explicit steps.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from treewright_agent.changes import ConflictError, FileChange, SourceChange, TextEdit
from treewright_agent.draft import Draft, texts_after
from treewright_agent.linediff import line_edits
from treewright_agent.tools.git import SAFE_CONFIG, environment
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError, UnreadableFileError
from treewright_indexer.text import SourceText, decode

GIT_S = 60.0
HOOK_S = 300.0
_PREFIX = "treewright-worktree-"


class CommitError(RefusedError):
    """Nothing was committed; the message is the reason, in git's own words where it has any."""


@dataclass(frozen=True, slots=True)
class Committed:
    branch: str
    commit: str
    files: tuple[str, ...]
    """Relative to the repository's top folder."""
    repository: str
    output: str = ""
    """What hooks and git said."""


def branch_name(request: str, seed: str, prefix: str = "feature/agent-") -> str:
    """A name that git accepts, from any request: `feature/agent-add-divide-3fa9`."""
    slug = "-".join(re.findall(r"[a-z0-9]+", request.lower()))[:30].strip("-") or "task"
    return f"{prefix}{slug}-{hashlib.sha256(seed.encode()).hexdigest()[:4]}"


def repository_of(paths: Sequence[str], token: CancelToken) -> str:
    """The top folder of the one repository that holds all `paths`. Raises CommitError."""
    found: set[str] = set()
    for folder in sorted({_existing(os.path.dirname(path)) for path in paths}):
        result = _git(folder, ["rev-parse", "--show-toplevel"], token)
        if result.code != 0:
            raise CommitError(f"git: {result.error or 'not a git repository'}: {folder}")
        found.add(os.path.realpath(result.out.strip()))
    if len(found) != 1:
        listed = ", ".join(sorted(found)) or "none"
        raise CommitError(
            f"the change spans {len(found)} repositories ({listed}): commit each by itself"
        )
    return found.pop()


def commit(
    draft: Draft,
    request: str,
    message: str,
    token: CancelToken,
    *,
    seed: str,
    branch: str = "",
    scratch: Path | None = None,
    run_hooks: bool = True,
) -> Committed:
    """Commit the draft on a new branch that starts at HEAD. Raises CommitError, CancelledError."""
    after = texts_after(draft)
    if not after:
        raise CommitError("there is nothing to commit")
    top = repository_of(sorted(after), token)
    head = _git(top, ["rev-parse", "--verify", "HEAD^{commit}"], token)
    if head.code != 0:
        raise CommitError("the repository has no commit yet: make a first one")
    texts = _on_head(draft, after, top, head.out.strip(), token)
    name = _free_branch(top, branch, request, seed, token)
    with _worktree(top, head.out.strip(), scratch, token) as work:
        _write(work, texts)
        return _commit(top, work, name, message, sorted(texts), run_hooks, token)


# -------------------------------------------------------------------- what to commit


def _on_head(
    draft: Draft,
    after: Mapping[str, SourceText | None],
    top: str,
    head: str,
    token: CancelToken,
) -> dict[str, bytes | None]:
    """relative path -> bytes to commit. A file that is not as in HEAD gets the task's edits on
    top of HEAD's text."""
    real = os.path.realpath
    moved = {rename.new: rename.old for rename in draft.change.renames}
    found: dict[str, bytes | None] = {}
    for path, text in after.items():
        relative = os.path.relpath(real(path), real(top)).replace(os.sep, "/")
        if relative.startswith("../"):
            raise CommitError(f"{path} is outside the repository")
        if text is None:
            found[relative] = None
            continue
        origin = moved.get(path, path)
        before = draft.base.text(origin) if draft.base.exists(origin) else None
        old = os.path.relpath(real(origin), real(top)).replace(os.sep, "/")
        committed = _at(top, head, old, token)
        if before is None or committed is None or committed.data == before.data:
            found[relative] = text.to_disk()
            continue
        found[relative] = _rebased(relative, committed, before, text).to_disk()
    return found


def _at(top: str, head: str, relative: str, token: CancelToken) -> SourceText | None:
    result = _git(top, ["cat-file", "blob", f"{head}:{relative}"], token, raw=True)
    if result.code != 0:
        return None
    try:
        return decode(result.raw)
    except UnreadableFileError:
        return None


def _rebased(shown: str, head: SourceText, before: SourceText, after: SourceText) -> SourceText:
    """HEAD's text with what the task changed, without what the user has not committed."""

    def change(to: SourceText) -> SourceChange:
        edits = tuple(TextEdit(run.span, run.text) for run in line_edits(before, to))
        return SourceChange((FileChange(shown, before.hash, edits),))

    try:
        both = change(head).merge(change(after))
    except ConflictError as error:
        raise CommitError(
            f"{shown} has uncommitted changes where the task edits it: commit or stash them first"
        ) from error
    text = both.apply(lambda _: before)[shown]
    assert text is not None
    return SourceText(text.data, head.encoding, head.bom)


def _free_branch(top: str, wanted: str, request: str, seed: str, token: CancelToken) -> str:
    candidates = [wanted] if wanted else []
    if not wanted:
        for number in range(20):
            candidates.append(branch_name(request, f"{seed}{number or ''}"))
        candidates.append(branch_name(request, seed, "agent-"))  # where a branch `feature` exists
    existing = set(
        _git(top, ["for-each-ref", "--format=%(refname:short)", "refs/heads"], token).out.split()
    )
    for name in candidates:
        if _git(top, ["check-ref-format", "--branch", name], token).code != 0:
            raise CommitError(f"{name!r} is no name for a branch")
        parents = {name.rsplit("/", n)[0] for n in range(1, name.count("/") + 1)}
        below = any(other.startswith(name + "/") for other in existing)
        if name not in existing and not (parents & existing) and not below:
            return name
    raise CommitError(f"the branch {candidates[0]} exists already")


# -------------------------------------------------------------------- the worktree


@contextlib.contextmanager
def _worktree(top: str, head: str, scratch: Path | None, token: CancelToken):
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=scratch)
    work = os.path.join(folder, "work")
    try:
        made = _git(top, ["worktree", "add", "--detach", "--force", work, head], token, hooks=False)
        if made.code != 0:
            raise CommitError(f"git worktree: {made.error}")
        yield work
    finally:
        gone = CancelToken()  # tidying up is not cancelled
        _git(top, ["worktree", "remove", "--force", work], gone, hooks=False)
        shutil.rmtree(folder, ignore_errors=True)
        _git(top, ["worktree", "prune"], gone, hooks=False)


def sweep(top: str, scratch: Path | None = None) -> int:
    """Remove worktrees that processes which are gone have left behind; returns how many."""
    folder = scratch or Path(tempfile.gettempdir())
    count = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            match = re.fullmatch(rf"{_PREFIX}(\d+)-\w+", entry.name)
            if match and not _alive(int(match[1])):
                shutil.rmtree(entry.path, ignore_errors=True)
                count += 1
    if count:
        _git(top, ["worktree", "prune"], CancelToken(), hooks=False)
    return count


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _write(work: str, texts: Mapping[str, bytes | None]) -> None:
    for relative, data in texts.items():
        path = os.path.join(work, *relative.split("/"))
        if os.path.realpath(os.path.dirname(path)) != os.path.normpath(
            os.path.join(os.path.realpath(work), *relative.split("/")[:-1])
        ):
            raise CommitError(f"{relative} goes through a symbolic link")
        if data is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_bytes(data)


def _commit(
    top: str,
    work: str,
    name: str,
    message: str,
    files: list[str],
    run_hooks: bool,
    token: CancelToken,
) -> Committed:
    added = _git(work, ["add", "--force", "-A", "--", *files], token, hooks=False)
    if added.code != 0:
        raise CommitError(f"git add: {added.error}")
    who = [] if _git(work, ["config", "user.email"], token).out.strip() else [
        "-c", "user.name=treewright", "-c", "user.email=treewright@localhost",
    ]  # fmt: skip
    done = _git(
        work, [*who, "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", message], token,
        hooks=run_hooks, seconds=HOOK_S,
    )  # fmt: skip
    said = f"{done.out}{done.error}".strip()
    if done.code != 0:
        raise CommitError(
            f"the commit failed, perhaps by a hook; the task's change is kept: {said[-1500:]}"
        )
    new = _git(work, ["rev-parse", "HEAD"], token).out.strip()
    changed = _git(work, ["diff-tree", "--no-commit-id", "--name-only", "-r", "-z", new], token)
    listed = tuple(sorted(filter(None, changed.out.split("\0"))))
    more = set(listed) - set(files)
    if more:  # a hook has added files of its own
        said = f"{said}\nhooks changed {', '.join(sorted(more))} as well".strip()
    made = _git(top, ["branch", name, new], token, hooks=False)
    if made.code != 0:
        raise CommitError(f"git branch: {made.error}")
    return Committed(name, new, listed, top, said)


def push(committed: Committed, remote: str, token: CancelToken) -> str:
    """Push the branch, on the user's explicit word. Raises CommitError."""
    if remote.startswith("-"):
        raise CommitError(f"no such remote: {remote}")
    ref = f"refs/heads/{committed.branch}"
    result = _git(
        committed.repository, ["push", remote, f"{ref}:{ref}"], token, hooks=True, seconds=HOOK_S
    )
    if result.code != 0:
        raise CommitError(f"git push: {result.error.strip()[-800:]}")
    return result.error.strip()


# -------------------------------------------------------------------- git


@dataclass(frozen=True, slots=True)
class _Result:
    code: int
    out: str
    error: str
    raw: bytes = b""


def _git(
    folder: str,
    argv: Sequence[str],
    token: CancelToken,
    *,
    hooks: bool = False,
    seconds: float = GIT_S,
    raw: bool = False,
) -> _Result:
    """One git command in its own process group, which ends with it. Raises CancelledError."""
    config = ["-c", "gc.auto=0", "-c", "maintenance.auto=false"]
    if not hooks:
        config += SAFE_CONFIG
    try:
        child = subprocess.Popen(
            ["git", *config, *argv], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=os.name != "nt",
        )  # fmt: skip
    except OSError as error:
        raise CommitError("git is not installed") from error
    until = time.monotonic() + seconds
    while True:
        try:
            out, err = child.communicate(timeout=0.05)
            break
        except subprocess.TimeoutExpired as error:
            late = time.monotonic() > until
            if late or token.cancelled:
                _kill(child)
                token.check()
                raise CommitError(f"git {argv[0]} took longer than {seconds:.0f} s") from error
    text = "" if raw else out.decode("utf-8", "replace")
    return _Result(child.returncode, text, err.decode("utf-8", "replace"), out)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if os.name == "nt":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.communicate(timeout=2)


def _existing(folder: str) -> str:
    while folder and not os.path.isdir(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    return folder


def is_repository(folder: str) -> bool:
    try:
        return _git(folder, ["rev-parse", "--is-inside-work-tree"], CancelToken()).code == 0
    except TreewrightError:
        return False
