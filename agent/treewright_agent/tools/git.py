"""Git's read verbs, run on the user's repository: they change neither files nor index nor refs.

Options that name files to write or programs to run are not passed on: each verb builds its own
argument list.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Annotated, Any, Literal

import msgspec

from treewright_agent.sandbox import repository
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, ToolError, Trouble, tool

TIMEOUT_S = 20.0
_REVISION = re.compile(r"[\w./~^@{}-]{1,200}")


def environment() -> dict[str, str]:
    """A git that takes no locks, asks nobody, and runs no pager, hook or helper of the user's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {
        **kept,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    }


SAFE_CONFIG = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external=",
    "-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "log.showSignature=false",
    "-c", "core.sshCommand=false", "-c", "core.pager=cat",
)  # fmt: skip


@tool(Effect.READS, "git")
def git(
    bench: Bench,
    verb: Literal["status", "diff", "log", "show", "blame"],
    file_path: str | None = None,
    revision: str | None = None,
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Look at the repository: what is changed, the history, who wrote a line.

    Args:
    verb: status; diff (working tree, or against revision); log; show (one commit); blame (one file)
    file_path: only this file
    revision: a commit, tag or branch; `a..b` for a range
    limit: commits of log
    """
    if revision is not None and (not _REVISION.fullmatch(revision) or revision.startswith("-")):
        raise ToolError(f"revision: {revision!r} is none", Trouble.ARGUMENTS)
    path = [os.path.relpath(bench.path(file_path), bench.root)] if file_path else []
    at = [revision] if revision else []
    safe = ["--no-ext-diff", "--no-textconv"]
    argv = {
        "status": ["status", "--porcelain=v1", "--branch", "--", *path],
        "diff": ["diff", *safe, *at, "--", *path],
        "log": ["log", f"-{limit}", "--date=short", "--format=%h %ad %an: %s", *at, "--", *path],
        "show": ["show", *safe, "--stat", "--patch", *(at or ["HEAD"]), "--", *path],
        "blame": ["blame", "--date=short", "--no-textconv", *at, "--", *path],
    }[verb]
    if verb == "blame" and not path:
        raise ToolError("blame needs file_path", Trouble.COMBINATION)
    return {"output": run_git(bench.root, argv, bench.token)}


def run_git(root: str, argv: list[str], token: Any, timeout_s: float = TIMEOUT_S) -> str:
    """What git prints. Raises ToolError with git's own words.

    In the sandbox where there is one: the repository's own configuration may name programs.
    """
    held = repository.git(root, [*SAFE_CONFIG, *argv], token, timeout_s)
    if held is not None:
        if held.limit == "time":
            raise ToolError(f"git took longer than {timeout_s:.0f} s", Trouble.TIMEOUT)
        return _printed(held.returncode, held.stdout, held.stderr)
    try:
        child = subprocess.Popen(
            ["git", *SAFE_CONFIG, *argv],
            cwd=root,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise ToolError("git is not installed", Trouble.UNAVAILABLE) from error
    waited = 0.0
    while True:
        try:
            out, err = child.communicate(timeout=0.05)
            break
        except subprocess.TimeoutExpired as error:
            waited += 0.05
            if token.cancelled or waited > timeout_s:
                child.kill()
                child.communicate()
                token.check()
                raise ToolError(
                    f"git took longer than {timeout_s:.0f} s", Trouble.TIMEOUT
                ) from error
    return _printed(
        child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    )


def _printed(code: int, out: str, err: str) -> str:
    if code != 0:
        words = err.strip().split("\n")[0]
        trouble = Trouble.UNAVAILABLE if "not a git repository" in words else Trouble.FAILED
        raise ToolError(words or f"git ended with {code}", trouble)
    return out


TOOLS = (git,)
