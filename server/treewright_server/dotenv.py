"""The `.env` of a workspace as a source of settings, as far as it may be one.

A `.env` that came with the repository is the repository's word, not the user's. So an address in
one that git tracks is not taken (it would send code wherever its author likes), and a key of the
user's environment never goes to an address that only a `.env` names.
"""

from __future__ import annotations

import os
import subprocess
from typing import Final

from treewright_server.settings import read_dotenv

ADDRESSES: Final = ("OPENAI_BASE_URL", "MCP_SERVER_URL")
_GIT_S: Final = 5.0


def read(root: str) -> tuple[dict[str, str], str]:
    """What the folder's `.env` says, and what of it is not taken and why ('' for nothing)."""
    values = read_dotenv(os.path.join(root, ".env"))
    addresses = [name for name in ADDRESSES if name in values]
    if not addresses or not comes_with_repository(root):
        return values, ""
    for name in addresses:
        del values[name]
    return values, (
        f"{' and '.join(addresses)} of .env not taken: the file is part of the repository;"
        " name addresses in the editor's settings or in the environment"
    )


def comes_with_repository(root: str) -> bool:
    """Whether git tracks the folder's `.env`. In doubt it does."""
    if not _in_repository(root):
        return False
    from treewright_agent.tools.git import SAFE_CONFIG, environment

    argv = ["git", *SAFE_CONFIG, "ls-files", "--cached", "--", ".env"]
    try:
        done = subprocess.run(
            argv, cwd=root, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_GIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return True
    return done.returncode != 0 or bool(done.stdout.strip())


def _in_repository(root: str) -> bool:
    place = os.path.realpath(root)
    while True:
        if os.path.lexists(os.path.join(place, ".git")):
            return True
        above = os.path.dirname(place)
        if above == place:
            return False
        place = above
