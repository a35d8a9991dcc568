"""treewright/modules: which of the named modules are loaded, for tests of the start-up rule."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

METHOD = "treewright/modules"
OPTIONS = None


async def handle(ls: TreewrightServer, params: Any) -> dict[str, bool]:
    names = params.get("names", []) if isinstance(params, dict) else []
    return {str(name): str(name) in sys.modules for name in names}
