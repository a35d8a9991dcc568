"""Modules of ours in processes of their own, which see nothing of the folder they are started in.

**Invariant.** A child is never started as `python -m module`: Python would look for every module of
the child, those of the standard library too, in the working folder first, which is the user's
workspace; opening a repository with a `json.py` would run it.
"""

from __future__ import annotations

import sys
from pathlib import Path

_CODE = "import sys, runpy; sys.path.insert(0, sys.argv.pop()); runpy.run_module(sys.argv.pop(), run_name='__main__')"


def command(module: str, python: str = sys.executable) -> list[str]:
    """The command line that runs a module of this package as `python -m` does, from any folder."""
    home = str(Path(__file__).resolve().parents[1])
    return [python, "-P", "-c", _CODE, module, home]
