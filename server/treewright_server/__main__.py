"""`python -m treewright_server` is the `treewright` command.

`-m` puts the working folder, an editor's workspace, before the standard library: it is taken out
before anything is imported that a file there could stand in for. `python -P -m` never puts it in.
"""

from __future__ import annotations

import os
import sys

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if (
    not sys.flags.safe_path
    and sys.path
    and sys.path[0] in ("", os.getcwd())
    and os.getcwd() != _HOME
):
    del sys.path[0]

from treewright_server.cli import main  # noqa: E402 - see above

if __name__ == "__main__":
    sys.exit(main())
