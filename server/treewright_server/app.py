"""The server of one client: the conversation, its session, and the table of handlers.

**Invariant.** Importing this module loads nothing that reads code and no type of LSP: no grammar,
no database, no pygls, no asyncio. `initialize` is answered from data; the Workspace is loaded
right behind the answer. `tests/server/test_startup.py` holds the list.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from treewright_server import __version__, commands, handlers
from treewright_server.capabilities import server_capabilities
from treewright_server.errors import METHOD_NOT_FOUND, RpcError
from treewright_server.lanes import Lane
from treewright_server.plain import field, is_object
from treewright_server.protocol import RUNNING, SHUT_DOWN, Conversation, Json, Request
from treewright_server.session import Session

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from treewright_indexer.snapshot import Snapshot
    from treewright_server.aside import Aside
    from treewright_server.registry import Row
    from treewright_server.transport import Send
    from treewright_server.typed import Typed

logger = logging.getLogger("treewright")

ERROR: Final = 1
WARNING: Final = 2
INFO: Final = 3
LOG: Final = 4
"""LSP's MessageType."""

_LEVEL: Final = {ERROR: logging.ERROR, WARNING: logging.WARNING}


class TreewrightServer(Conversation):
    """One client's server."""

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.session = Session(self)
        self.on_parent_gone: Callable[[], None] = lambda: None
        """How to end when the process that the client named is no more."""
        self._rows = {row.method: row for row in handlers.HANDLERS}
        self._handlers: dict[str, Any] = {}
        self._initialize: Any = None
        self._aside: Aside | None = None
        self._typed: Typed | None = None
        self._typed_lock = threading.Lock()
        self._close_lock = threading.Lock()

    # ------------------------------------------------------------------ requests

    def begin(self, request: Request) -> None:
        if request.method == "initialize":
            self._begin_session(request)
        elif request.method == "shutdown":
            self._shut_down(request)
        else:
            row = self._rows.get(request.method)
            if row is None:
                raise RpcError(METHOD_NOT_FOUND, f"Method not found: {request.method}")
            if row.feature and not self.session.serves(row.feature, request.params):
                self.succeed(request, None)
                return
            self._start(request, row)

    def _start(self, request: Request, row: Row) -> None:
        session = self.session
        if row.kind == "inline":
            self.succeed(request, self.handler(row)(self, request.params))
        elif row.kind == "async" or row.kind == "typed":
            if session.is_ready(True):
                request.snapshot = session.workspace.snapshot()
            self.aside.answer(self, request, lambda: self._async_result(row, request.params))
        elif session.is_ready(row.wait == "folders"):
            self._run(request, row)
        else:
            session.park(lambda: self._run(request, row))

    def _run(self, request: Request, row: Row) -> None:
        """Answer in the interactive lane, on the workspace as it is now."""
        if request.answered:
            return
        if self.session.load_error is not None:
            self.fail(request, self.session.load_error)
            return
        snapshot = self.session.workspace.snapshot()

        def work() -> None:
            if request.answered:  # cancelled while it waited
                return
            try:
                result = self.handler(row)(self, request.params, snapshot, request.token)
            except BaseException as error:
                self.fail(request, error)
            else:
                self.succeed(request, result)

        self.session.lanes.post(work, Lane.INTERACTIVE)

    async def _async_result(self, row: Row, params: Json) -> Json:
        if row.kind == "async":
            return await self.handler(row)(self, params)
        typed = self._typed
        if typed is None:
            typed = await self.session.lanes.run(lambda _: self.load_typed(), Lane.BACKGROUND)
        return await typed.answer(row.method, params)

    def handler(self, row: Row) -> Callable[..., Any]:
        """The row's `handle`; its module is imported once it is needed."""
        found = self._handlers.get(row.method)
        if found is None:
            module = importlib.import_module(f"treewright_server.handlers.{row.module}")
            found = self._handlers[row.method] = module.handle
        return found

    # ------------------------------------------------------------------ notifications

    def noted(self, method: str, params: Json) -> None:
        row = self._rows.get(method)
        if row is not None and row.kind == "inline":
            self.handler(row)(self, params)
        elif method == "initialized":
            self.session.start()
        elif method == "window/workDoneProgress/cancel":
            token = field(params, "token")
            progress = self.session.progresses.get(token) if isinstance(token, str) else None
            if progress is not None:
                progress.on_cancel()
        elif row is not None:
            self.aside.spawn(self._note(row, params))
        elif not method.startswith("$/"):
            logger.info("ignored unknown notification %s", method)

    async def _note(self, row: Row, params: Json) -> None:
        try:
            await self._async_result(row, params)
        except Exception as error:
            self.report(row.method, error)

    # ------------------------------------------------------------------ lifecycle

    def _begin_session(self, request: Request) -> None:
        params = request.params if is_object(request.params) else {}
        self._initialize = params
        session = self.session
        session.begin(params)
        announced = server_capabilities(
            handlers.HANDLERS, commands.names(), session.features, session.client
        )
        self.stage = RUNNING
        info = {"name": "treewright", "version": __version__}
        self.succeed(request, {"capabilities": announced, "serverInfo": info})
        # Behind the answer, and before the next message is read: the client has to act first.
        session.load()

    def _shut_down(self, request: Request) -> None:
        self.stage = SHUT_DOWN
        self.cancel_all(but=request)
        self._close_session()
        self.succeed(request, None)

    def close(self) -> None:
        """Stop everything. Idempotent."""
        self.stopped = True
        self.cancel_all()
        self._close_session()

    def _close_session(self) -> None:
        with self._close_lock:
            self.session.close()
            aside, self._aside = self._aside, None
            if aside is not None:
                aside.close()

    # ------------------------------------------------------------------ what handlers use

    @property
    def aside(self) -> Aside:
        """The asyncio loop, started by its first use."""
        with self._typed_lock:
            if self._aside is None:
                from treewright_server.aside import Aside

                self._aside = Aside()
            return self._aside

    def load_typed(self) -> Typed:
        """pygls with the typed handlers registered. Slow the first time: not on a loop."""
        with self._typed_lock:
            if self._typed is None:
                from treewright_server.typed import Typed

                typed = Typed(self, self._initialize)
                for row in handlers.HANDLERS:
                    if row.kind == "typed":
                        typed.register(row, self.handler(row))
                self._typed = typed
            return self._typed

    @property
    def pygls(self) -> LanguageServer:
        """pygls' server of this conversation, with its typed requests to the client."""
        return self.load_typed().server

    def take_first_snapshot(self) -> Snapshot | None:
        """The Snapshot of the running asynchronous handler's request, the first time it asks."""
        from treewright_server.aside import first_snapshot

        held = first_snapshot.get([])
        return held.pop() if held else None

    async def request_async(self, method: str, params: Json) -> Json:
        """Ask the client. Raises RpcError."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[Json] = loop.create_future()

        def settle(result: Json, error: RpcError | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        def take(result: Json, error: RpcError | None) -> None:
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:  # the loop has closed
                return

        self.ask(method, params, take)
        return await future

    def show(self, message: str, kind: int = WARNING) -> None:
        """A message for the user; also logged."""
        logger.log(_LEVEL.get(kind, logging.INFO), "%s", message)
        self.notify("window/showMessage", {"type": kind, "message": f"treewright: {message}"})
