"""workspace/didChangeConfiguration: new settings are in force for what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_server.plain import field

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any) -> None:
    ls.session.reconfigure(field(params, "settings"))
