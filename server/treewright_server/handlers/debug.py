"""treewright/modules: which of the named modules are loaded, for tests of the start-up rule."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from treewright_server.plain import field, strings

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any) -> dict[str, bool]:
    return {name: name in sys.modules for name in strings(field(params, "names"))}
