"""treewright's own folders, by the rules of each system; the same that `platformdirs` gives.

`platformdirs` itself costs a tenth of the start-up time; `tests/server/test_homes.py` holds the
two equal.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

Kind = Literal["log", "cache", "data"]


def home_folder(kind: Kind) -> Path:
    """treewright's folder of one kind; `$TREEWRIGHT_HOME` moves all of them."""
    home = os.environ.get("TREEWRIGHT_HOME")
    if home:
        return Path(home).expanduser() / kind
    if sys.platform == "win32":
        import platformdirs

        if kind == "log":
            return platformdirs.user_log_path("treewright", appauthor=False)
        if kind == "cache":
            return platformdirs.user_cache_path("treewright", appauthor=False)
        return platformdirs.user_data_path("treewright", appauthor=False)
    if sys.platform == "darwin":
        library = {"log": "Logs", "cache": "Caches", "data": "Application Support"}[kind]
        return Path("~/Library").expanduser() / library / "treewright"
    variable, default = {
        "log": ("XDG_STATE_HOME", "~/.local/state"),
        "cache": ("XDG_CACHE_HOME", "~/.cache"),
        "data": ("XDG_DATA_HOME", "~/.local/share"),
    }[kind]
    given = os.environ.get(variable, "")
    base = Path(given if given.strip() else default).expanduser() / "treewright"
    return base / "log" if kind == "log" else base
