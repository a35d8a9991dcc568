"""The protocol layer: pygls' LanguageServerProtocol with our own intake and answers.

What is kept of pygls: features, commands, capabilities, requests to the client. What differs:

* a message that cannot be read gets an error, and every request exactly one answer, also before
  `initialize`, after `shutdown`, and when its parameters do not fit;
* errors go through one table (`errors.rpc_error`); no traceback or path reaches the client;
* document text lives in our Workspace alone; pygls' TextDocument is never filled;
* a cancelled command stops: pygls would answer and let it run on.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method

from treewright_server.errors import is_expected, rpc_error
from treewright_server.transport import BadFrame, Incoming

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

logger = logging.getLogger("treewright")

Send = Callable[[bytes], None]


class Stage(enum.Enum):
    NEW = "new"
    RUNNING = "running"
    SHUT_DOWN = "shut down"


class TreewrightProtocol(LanguageServerProtocol):
    """See the module."""

    _server: TreewrightServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, server: TreewrightServer, converter: Any) -> None:
        super().__init__(server, converter)
        self.stage = Stage.NEW
        self._send: Send | None = None
        self._running: dict[int | str, asyncio.Future[Any]] = {}
        self._background: set[asyncio.Future[Any]] = set()

    # ------------------------------------------------------------------ out

    def attach(self, send: Send) -> None:
        self._send = send

    def _send_data(self, data: Any) -> None:
        if self._send is None or not data:
            return
        try:
            plain = self._converter.unstructure(data)
            try:
                body = msgspec.json.encode(plain, enc_hook=_plain)
            except UnicodeEncodeError:  # a lone surrogate that came in from the client
                import json

                body = json.dumps(plain, default=_plain).encode("ascii")
        except Exception:
            logger.exception("a message could not be written")
            message_id = getattr(data, "id", None)
            if message_id is not None and not hasattr(data, "method"):
                self._answer_error(message_id, JsonRpcException("the answer cannot be written"))
            return
        self._send(body)

    def _answer(self, message_id: int | str, result: Any) -> None:
        self._send_data({"jsonrpc": "2.0", "id": message_id, "result": result})

    def _answer_error(self, message_id: int | str | None, error: JsonRpcException) -> None:
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.data is not None:
            body["data"] = error.data
        self._send_data({"jsonrpc": "2.0", "id": message_id, "error": body})

    # ------------------------------------------------------------------ in

    def receive(self, item: Incoming) -> None:
        """Take one message. Never raises."""
        if isinstance(item, BadFrame):
            logger.warning("unreadable message: %s", item.reason)
            self._answer_error(None, JsonRpcException(item.reason, code=item.code))
            return
        message_id, method = item.get("id"), item.get("method")
        known_id = isinstance(message_id, (int, str)) and not isinstance(message_id, bool)
        if item.get("jsonrpc") != "2.0" or (method is not None and not isinstance(method, str)):
            error = JsonRpcInvalidRequest("not a JSON-RPC 2.0 message")
            self._answer_error(message_id if known_id else None, error)
        elif method is None:
            self._take_response(item)
        elif "id" not in item:
            self._take_notification(method, item)
        elif not known_id:
            self._answer_error(None, JsonRpcInvalidRequest("a request's id is a number or string"))
        else:
            self._take_request(cast("int | str", message_id), method, item)

    def _take_request(self, message_id: int | str, method: str, message: dict[str, Any]) -> None:
        try:
            if method == lsp.INITIALIZE and self.stage is not Stage.NEW:
                raise JsonRpcInvalidRequest("initialize was already answered")
            if method != lsp.INITIALIZE and self.stage is Stage.NEW:
                raise JsonRpcServerNotInitialized(f"{method} before initialize")
            if self.stage is Stage.SHUT_DOWN:
                raise JsonRpcInvalidRequest(f"{method} after shutdown")
            if message_id in self._running:
                raise JsonRpcInvalidRequest(f"a request with id {message_id!r} is running")
            handler = self._get_handler(method)
            params = self._params(method, message)
        except JsonRpcException as error:
            self._answer_error(message_id, error)
            return
        future = asyncio.ensure_future(self._run(handler, params))
        self._running[message_id] = future
        future.add_done_callback(lambda done: self._finish(message_id, method, done))

    def _finish(self, message_id: int | str, method: str, done: asyncio.Future[Any]) -> None:
        self._running.pop(message_id, None)
        if done.cancelled():
            self._answer_error(message_id, rpc_error(asyncio.CancelledError()))
            return
        error = done.exception()
        if error is None:
            self._answer(message_id, done.result())
            return
        if is_expected(error):
            logger.info("%s: %s", method, error)
        else:
            logger.error("%s failed: %r", method, error, exc_info=error)
        self._answer_error(message_id, rpc_error(error))

    def _take_notification(self, method: str, message: dict[str, Any]) -> None:
        if method == lsp.CANCEL_REQUEST:
            raw = message.get("params")
            params = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
            running = self._running.get(params.get("id", ""))
            if running is not None:
                running.cancel()
            return
        if self.stage is not Stage.RUNNING and method != lsp.EXIT:
            logger.warning("ignored %s: the server is %s", method, self.stage.value)
            return
        try:
            handler = self._get_handler(method)
            params = self._params(method, message)
        except JsonRpcMethodNotFound:
            if not method.startswith("$/"):
                logger.info("ignored unknown notification %s", method)
            return
        except JsonRpcException as error:
            self._report(method, error)
            return
        if asyncio.iscoroutinefunction(handler):
            future = asyncio.ensure_future(handler(params))
            self._background.add(future)
            future.add_done_callback(lambda done: self._noted(method, done))
            return
        try:  # text changes are taken in place, before the next message is looked at
            _drive(handler(params))
        except Exception as error:
            self._report(method, error)

    def _noted(self, method: str, done: asyncio.Future[Any]) -> None:
        self._background.discard(done)
        if not done.cancelled() and (error := done.exception()) is not None:
            self._report(method, error)

    def _report(self, method: str, error: BaseException) -> None:
        """A notification has no answer: say what went wrong in the log panel."""
        if is_expected(error):
            logger.warning("%s: %s", method, error)
        else:
            logger.error("%s failed: %r", method, error, exc_info=error)

    def _take_response(self, message: dict[str, Any]) -> None:
        message_id = message.get("id")
        future = self._request_futures.pop(cast(Any, message_id), None)
        kind = self._result_types.pop(cast(Any, message_id), None)
        if future is None or future.done():
            if "error" in message and message_id is None:
                logger.warning("the client reports an error: %s", message["error"])
            return
        try:
            if "error" in message:
                error = self._converter.structure(message["error"], lsp.ResponseError)
                future.set_exception(JsonRpcException.from_error(error))
            elif kind is None:
                future.set_result(message.get("result"))
            else:
                message.setdefault("result", None)
                future.set_result(self._converter.structure(message, kind).result)
        except Exception as error:
            future.set_exception(JsonRpcInvalidParams(f"an answer of the client: {error!r}"))

    def _params(self, method: str, message: dict[str, Any]) -> Any:
        """The typed parameters; plain data for methods that LSP does not know."""
        kind = self.get_message_type(method)
        if kind is None:
            return message.get("params")
        try:
            return self._converter.structure(message, kind).params
        except Exception as error:
            raise JsonRpcInvalidParams(f"{method}: {_what_does_not_fit(error)}") from error

    async def _run(self, handler: Callable[..., Any], *args: Any) -> Any:
        if asyncio.iscoroutinefunction(handler):
            return await handler(*args)
        result = handler(*args)
        return _drive(result)

    def cancel_all(self, but: asyncio.Future[Any] | None = None) -> None:
        for future in [*self._running.values(), *self._background]:
            if future is not but:
                future.cancel()
        for pending in list(self._request_futures.values()):
            cast("Future[Any]", pending).cancel()
        self._request_futures.clear()

    # ------------------------------------------------------------------ lifecycle

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(
        self, params: lsp.InitializeParams
    ) -> Generator[Any, Any, lsp.InitializeResult]:
        session = self._server.session
        session.begin(params)
        result = yield from super().lsp_initialize(params)
        self.stage = Stage.RUNNING
        # Queued behind the answer: folders open, and heavy modules load, only after it.
        asyncio.get_running_loop().call_soon(session.prepare)
        return result

    @lsp_method(lsp.INITIALIZED)
    async def lsp_initialized(self, *args: Any) -> None:  # pyright: ignore
        await self._server.session.start()

    @lsp_method(lsp.SHUTDOWN)
    async def lsp_shutdown(self, *args: Any) -> None:  # pyright: ignore
        self.stage = Stage.SHUT_DOWN
        self._shutdown = True
        self.cancel_all(but=asyncio.current_task())
        await self._server.session.close()

    @lsp_method(lsp.EXIT)
    def lsp_exit(self, *args: Any) -> None:  # pyright: ignore
        self._server.stop(0 if self.stage is Stage.SHUT_DOWN else 1)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(  # pyright: ignore
        self, params: lsp.DidOpenTextDocumentParams
    ) -> None:
        self._server.session.documents.opened(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(  # pyright: ignore
        self, params: lsp.DidChangeTextDocumentParams
    ) -> None:
        self._server.session.documents.changed(params)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(  # pyright: ignore
        self, params: lsp.DidCloseTextDocumentParams
    ) -> None:
        self._server.session.documents.closed(params)

    @lsp_method(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def lsp_workspace__did_change_workspace_folders(  # pyright: ignore
        self, params: lsp.DidChangeWorkspaceFoldersParams
    ) -> None:
        await self._server.session.change_folders(params.event)

    @lsp_method(lsp.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # pyright: ignore
        self, params: lsp.ExecuteCommandParams
    ) -> Any:
        command = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams(f"no such command: {params.command}")
        return await command(list(params.arguments or ()))


def _drive(result: Any) -> Any:
    """Run one of pygls' generator handlers, whose steps are plain function calls here."""
    if not isinstance(result, Generator):
        return result
    steps = cast("Generator[Any, Any, Any]", result)
    value: Any = None
    try:
        while True:
            handler, args, kwargs = steps.send(value)
            value = handler(*(args or ()), **(kwargs or {}))
    except StopIteration as stop:
        return stop.value


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if hasattr(value, "_asdict"):
        return value._asdict()
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


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
