"""git, asked about a repository whose configuration nobody vouches for.

A `.git/config` may name programs (filters, a textconv, a signature checker) and another work tree.
Options can switch off some of them; the sandbox holds all of them: git reads the repository and
nothing else, and writes nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from treewright_agent.sandbox.levels import active
from treewright_agent.sandbox.policy import Level, Limits, Policy
from treewright_agent.sandbox.process import Result, run
from treewright_indexer.cancel import CancelToken

_TRUST_OWNER = ("-c", "safe.directory=*")  # inside the sandbox the owner proves nothing


def git(root: str, argv: Sequence[str], token: CancelToken, seconds: float) -> Result | None:
    """What `git *argv` answers in `root`; None where git or a sandbox is missing.

    Raises CancelledError.
    """
    program = shutil.which("git")
    if program is None or active().level < Level.LANDLOCK:
        return None
    real = os.path.realpath(root)
    policy = Policy(
        readable=(top_of(real), *places_of(real)),
        loopback=False,
        environment={"GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat", "LC_ALL": "C.UTF-8"},
        limits=Limits(wall_s=seconds, cpu_s=seconds, output_bytes=4 << 20, n_processes=32),
    )
    return run([program, *_TRUST_OWNER, *argv], real, policy, token)


def top_of(root: str) -> str:
    """The folder that holds `.git`; `root` itself outside of a repository."""
    place = root
    while not os.path.lexists(os.path.join(place, ".git")):
        above = os.path.dirname(place)
        if above == place or above == os.path.expanduser("~"):
            return root
        place = above
    return place


def places_of(root: str) -> list[str]:
    """Where a linked work tree keeps its data: folders that look like git's own, no others."""
    marker = Path(top_of(root), ".git")
    if not marker.is_file():
        return []
    try:
        text = marker.read_text(encoding="utf-8", errors="replace")[:4096]
    except OSError:
        return []
    folder = os.path.join(marker.parent, text.partition("gitdir:")[2].strip())
    found = [os.path.realpath(folder)]
    try:
        common = Path(folder, "commondir").read_text(encoding="utf-8", errors="replace")[:4096]
        found.append(os.path.realpath(os.path.join(folder, common.strip())))
    except OSError:
        pass
    return [place for place in found if os.path.isfile(os.path.join(place, "HEAD"))]
