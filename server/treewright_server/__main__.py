"""`python -m treewright_server` is the `treewright` command."""

from __future__ import annotations

import sys

from treewright_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
