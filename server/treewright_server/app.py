"""The server object of one client: protocol, session, and the features it announces.

**Invariant.** Importing this module loads the protocol and nothing that reads code: no grammar,
no database, no linter. `tests/server/test_startup.py` holds the list.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from treewright_server import __version__
from treewright_server.protocol import Send, TreewrightProtocol
from treewright_server.session import Session
from treewright_server.transport import Incoming

logger = logging.getLogger("treewright")


class TreewrightServer(LanguageServer):
    """One client's server. Lives on one event loop."""

    protocol: TreewrightProtocol

    def __init__(self) -> None:
        super().__init__(
            "treewright",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=TreewrightProtocol,
            converter_factory=default_converter,
            max_workers=1,
        )
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.exit_code = 1  # until `exit` comes after `shutdown`
        self.session = Session(self)
        _register(self)

    def attach(self, send: Send) -> None:
        """From now on messages go out through `send`, called on the event loop."""
        self.protocol.attach(send)

    def receive(self, item: Incoming) -> None:
        self.protocol.receive(item)

    def stop(self, exit_code: int) -> None:
        """End the conversation once the current message is done."""
        self.exit_code = exit_code
        if not self.stopped.done():
            self.stopped.set_result(None)

    async def close(self) -> None:
        self.protocol.cancel_all()
        await self.session.close()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls shows such errors to the user; ours are in the log already."""

    # What the client can do is asked often and never changes.

    def show(self, message: str, kind: lsp.MessageType = lsp.MessageType.Warning) -> None:
        """A message for the user; also logged."""
        logger.log(_LEVEL.get(kind, logging.INFO), "%s", message)
        self.window_show_message(lsp.ShowMessageParams(type=kind, message=f"treewright: {message}"))


_LEVEL = {
    lsp.MessageType.Error: logging.ERROR,
    lsp.MessageType.Warning: logging.WARNING,
    lsp.MessageType.Info: logging.INFO,
}


def _register(server: TreewrightServer) -> None:
    from treewright_server import commands, handlers

    for module in handlers.HANDLERS:
        server.feature(module.METHOD, module.OPTIONS)(module.handle)
    for name, command in commands.COMMANDS.items():
        server.protocol.fm.commands[name] = _bound(server, command)


def _bound(
    server: TreewrightServer, command: Callable[[TreewrightServer, list[Any]], Any]
) -> Callable[[list[Any]], Any]:
    async def run(arguments: list[Any]) -> Any:
        return await command(server, arguments)

    return run


def collect_again() -> None:
    """Turn garbage collection on after start-up; what start-up made is never looked at again."""
    gc.freeze()
    gc.enable()
