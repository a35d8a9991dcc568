"""pygls behind the conversation: typed parameters, typed results, typed requests to the client.

Loading pygls and lsprotocol takes longer than everything else at start-up together, so this
module is imported by the first request whose row says `typed`. There is still one conversation:
pygls neither reads nor writes a stream, holds no document and decides no answer. It gives

* the types: `params` of a typed handler are structured and checked by lsprotocol's converter;
* the feature table in which typed handlers are registered;
* `LanguageServer`, with a method for each request and notification that a server may send.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter

from treewright_server import __version__
from treewright_server.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer
    from treewright_server.registry import Row

logger = logging.getLogger("treewright")


class _Protocol(LanguageServerProtocol):
    """pygls' protocol with our conversation in place of a stream."""

    conversation: TreewrightServer

    def notify(self, method: str, params: Any | None = None) -> None:
        self.conversation.notify(method, self._converter.unstructure(params))

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: Any = None,
    ) -> Future[Any]:
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(
                lambda done: callback(done.result()) if not done.exception() else None
            )
        kind = self.get_result_type(method)

        def take(result: Any, error: RpcError | None) -> None:
            if not future.set_running_or_notify_cancel():
                return
            if error is not None:
                failed = JsonRpcException(error.message, error.code, error.data)
                future.set_exception(failed)
                return
            try:
                if kind is not None:
                    whole = {"jsonrpc": "2.0", "id": 0, "result": result}
                    result = self._converter.structure(whole, kind).result
                future.set_result(result)
            except Exception as raised:
                future.set_exception(JsonRpcException(f"an answer of the client: {raised!r}"))

        self.conversation.ask(method, self._converter.unstructure(params), take)
        return future

    def structured(self, method: str, params: Any) -> Any:
        """Typed parameters; plain data for a method that LSP does not know. Raises RpcError."""
        kind = self.get_message_type(method)
        if kind is None:
            return params
        message = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        try:
            return self._converter.structure(message, kind).params
        except Exception as error:
            problem = f"{method}: {_what_does_not_fit(error)}"
            raise RpcError(INVALID_PARAMS, problem) from error

    def plain(self, value: Any) -> Any:
        return self._converter.unstructure(value)


class Typed:
    """The typed side of one conversation. Lives on the session's asyncio loop."""

    def __init__(self, ls: TreewrightServer, initialize: Any) -> None:
        self.server = LanguageServer(
            "treewright",
            __version__,
            protocol_cls=_Protocol,
            converter_factory=default_converter,
            max_workers=1,
        )
        self._protocol = cast(_Protocol, self.server.protocol)
        self._protocol.conversation = ls
        self._ls = ls
        # pygls' own view of the client: its capabilities, the folders, the encoding.
        try:
            params = self._protocol.structured(lsp.INITIALIZE, initialize)
            for _ in self._protocol.lsp_initialize(params):
                pass
        except RpcError as error:
            logger.info("pygls does not know this client: %s", error)

    def register(self, row: Row, handle: Callable[[TreewrightServer, Any], Any]) -> None:
        ls = self._ls

        async def bound(params: Any) -> Any:
            return await handle(ls, params)

        self.server.feature(row.method)(bound)

    async def answer(self, method: str, params: Any) -> Any:
        """What the registered handler returns, as plain data."""
        handler = cast("dict[str, Any]", self._protocol.fm.features)[method]
        structured = self._protocol.structured(method, params)
        return self._protocol.plain(await handler(structured))


def _what_does_not_fit(error: BaseException) -> str:
    """The first field that does not fit, in a few words."""
    inner = error
    while isinstance(inner, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", inner).exceptions[0]
    notes = [str(note) for note in getattr(inner, "__notes__", [])]
    where = notes[-1].rpartition(" @ ")[2].strip() if notes else ""
    text = f"missing {inner}" if isinstance(inner, KeyError) else str(inner)
    text = text.split("\n", 1)[0][:200]
    return f"{text} ({where})" if where else text or "the parameters do not fit"
