"""Start the host without importing the package around it.

The project's interpreter need not have treewright installed, and the project may be
treewright itself: the parent packages are empty stand-ins that are gone again before any
code of the project runs.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path


def _main() -> None:
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != here]
    stand_ins = {"treewright_agent": here.parent.parent, "treewright_agent.repair": here.parent}
    for name, folder in stand_ins.items():
        module = types.ModuleType(name)
        module.__path__ = [str(folder)]
        sys.modules[name] = module

    from treewright_agent.repair.host.server import main

    for name in stand_ins:
        del sys.modules[name]
    main()


if __name__ == "__main__":
    _main()
