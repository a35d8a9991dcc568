"""workspace/didChangeConfiguration: new settings are in force for the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

METHOD = lsp.WORKSPACE_DID_CHANGE_CONFIGURATION
OPTIONS = None


async def handle(ls: TreewrightServer, params: lsp.DidChangeConfigurationParams) -> None:
    await ls.session.reconfigure(params.settings)
