"""The conversation with one client: JSON-RPC in plain data, before any type of LSP.

**Invariants.**

* Every request has exactly one answer: before `initialize`, after `shutdown`, when its parameters
  do not fit, when it is cancelled while its work still runs, and when its handler fails.
* The intake thread takes messages one after the other. A request's Snapshot is taken there, so
  it holds every change that came before it and none that came after.
* No traceback and no path of a source file of treewright reaches the client.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_server.errors import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    NOT_INITIALIZED,
    REQUEST_CANCELLED,
    RpcError,
    is_expected,
    rpc_error,
)
from treewright_server.metrics import Metrics
from treewright_server.plain import field
from treewright_server.transport import BadFrame, Incoming, Send, encode

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot

logger = logging.getLogger("treewright")

Json = Any
NEW: Final = "not initialized"
RUNNING: Final = "running"
SHUT_DOWN: Final = "shut down"

OnAnswer = Callable[[Json, RpcError | None], None]


class Request:
    """One request of the client, from its arrival to its one answer."""

    __slots__ = ("answered", "arrived", "id", "method", "on_cancel", "params", "snapshot", "token")

    def __init__(self, id: int | str, method: str, params: Json) -> None:
        self.arrived = time.monotonic()
        self.id = id
        self.method = method
        self.params = params
        self.token = CancelToken()
        self.snapshot: Snapshot | None = None
        self.answered = False
        self.on_cancel: Callable[[], None] | None = None


class Conversation:
    """See the module. Subclasses say what a request and a notification do."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.stage = NEW
        self.stopped = False
        self.exit_code = 1  # until `exit` comes after `shutdown`
        self._lock = threading.Lock()
        self._running: dict[int | str, Request] = {}
        self._ids = itertools.count(1)
        self._asked: dict[int | str, OnAnswer] = {}
        self._intake = threading.get_ident()
        self.metrics = Metrics()
        self.metrics.gauge(
            "treewright_requests_running",
            "Requests without an answer yet.",
            lambda: len(self._running),
        )

    # ------------------------------------------------------------------ what subclasses do

    def begin(self, request: Request) -> None:
        """Start the work of a request; `succeed` or `fail` ends it, from any thread."""
        raise NotImplementedError

    def noted(self, method: str, params: Json) -> None:
        """Take a notification, on the intake thread."""
        raise NotImplementedError

    # ------------------------------------------------------------------ out

    def write(self, message: dict[str, Any]) -> None:
        """Send one message. Never raises."""
        try:
            body = encode(message)
        except Exception as error:
            logger.error("a message could not be written: %r", error, exc_info=error)
            if "id" not in message or "method" in message:
                return
            failed = rpc_error(error).body()
            body = encode({"jsonrpc": "2.0", "id": message["id"], "error": failed})
        self._send(body)

    def notify(self, method: str, params: Json) -> None:
        self.write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Json, on_answer: OnAnswer) -> None:
        """Send a request. `on_answer` is called once, on the intake thread or when we close."""
        id = f"treewright-{next(self._ids)}"
        with self._lock:
            closed = self.stopped or self.stage == SHUT_DOWN
            if not closed:
                self._asked[id] = on_answer
        if closed:
            on_answer(None, RpcError(REQUEST_CANCELLED, "the server is closing"))
            return
        self.write({"jsonrpc": "2.0", "id": id, "method": method, "params": params})

    def request(self, method: str, params: Json, timeout_s: float) -> Json:
        """Ask and wait. Raises RpcError, TimeoutError; never to be called on the intake thread."""
        assert threading.get_ident() != self._intake, "the intake thread cannot wait for itself"
        done = threading.Event()
        answer: list[Any] = [None, None]

        def take(result: Json, error: RpcError | None) -> None:
            answer[:] = result, error
            done.set()

        self.ask(method, params, take)
        if not done.wait(timeout_s):
            raise TimeoutError(f"{method}: no answer in {timeout_s} s")
        if answer[1] is not None:
            raise answer[1]
        return answer[0]

    def succeed(self, request: Request, result: Json) -> None:
        if self._close(request):
            self.metrics.observe(_operation(request), time.monotonic() - request.arrived, "ok")
            self.write({"jsonrpc": "2.0", "id": request.id, "result": result})

    def fail(self, request: Request, error: BaseException) -> None:
        if not self._close(request):
            return
        failed = rpc_error(error)
        outcome = (
            "cancelled" if failed.code == REQUEST_CANCELLED
            else "refused" if is_expected(error) else "failed"
        )  # fmt: skip
        self.metrics.observe(_operation(request), time.monotonic() - request.arrived, outcome)
        if is_expected(error):
            logger.info("%s: %s", request.method, error)
        else:
            logger.error("%s failed: %r", request.method, error, exc_info=error)
        self._refuse(request.id, failed)

    def _close(self, request: Request) -> bool:
        """True for the one who may answer."""
        with self._lock:
            if request.answered:
                return False
            request.answered = True
            if self._running.get(request.id) is request:
                del self._running[request.id]
            return True

    def _refuse(self, id: int | str | None, error: RpcError) -> None:
        self.write({"jsonrpc": "2.0", "id": id, "error": error.body()})

    # ------------------------------------------------------------------ in

    def receive(self, item: Incoming) -> None:
        """Take one message. Never raises."""
        try:
            self._receive(item)
        except Exception as error:
            logger.error("a message was not taken: %r", error, exc_info=error)

    def _receive(self, item: Incoming) -> None:
        if isinstance(item, BadFrame):
            logger.warning("unreadable message: %s", item.reason)
            self._refuse(None, RpcError(item.code, item.reason))
            return
        id, method = item.get("id"), item.get("method")
        known = id if isinstance(id, (int, str)) and not isinstance(id, bool) else None
        if item.get("jsonrpc") != "2.0" or (method is not None and not isinstance(method, str)):
            error = RpcError(INVALID_REQUEST, "not a JSON-RPC 2.0 message")
            self._refuse(known, error)
        elif method is None:
            self._take_answer(item)
        elif "id" not in item:
            self._take_notification(method, item.get("params"))
        elif known is None:
            error = RpcError(INVALID_REQUEST, "a request's id is a number or string")
            self._refuse(None, error)
        else:
            self._take_request(Request(known, method, item.get("params")))

    def _take_request(self, request: Request) -> None:
        method, id = request.method, request.id
        problem: RpcError | None = None
        if method == "initialize":
            if self.stage != NEW:
                problem = RpcError(INVALID_REQUEST, "initialize was already answered")
        elif self.stage == NEW:
            problem = RpcError(NOT_INITIALIZED, f"{method} before initialize")
        if self.stage == SHUT_DOWN:
            problem = RpcError(INVALID_REQUEST, f"{method} after shutdown")
        elif request.params is not None and not isinstance(request.params, (dict, list)):
            problem = RpcError(INVALID_PARAMS, f"{method}: params must be an object or a list")
        if problem is None:
            with self._lock:
                if id in self._running:
                    problem = RpcError(INVALID_REQUEST, f"a request with id {id!r} is running")
                else:
                    self._running[id] = request
        if problem is not None:
            logger.info("refused: %s", problem.message)
            self._refuse(id, problem)
            return
        try:
            self.begin(request)
        except Exception as error:
            self.fail(request, error)

    def _take_notification(self, method: str, params: Json) -> None:
        if method == "$/cancelRequest":
            self.cancel(field(params, "id"))
        elif method == "exit":
            self.exit_code = 0 if self.stage == SHUT_DOWN else 1
            self.stopped = True
        elif self.stage != RUNNING:
            logger.warning("ignored %s: the server is %s", method, self.stage)
        else:
            try:
                self.noted(method, params)
            except Exception as error:
                self.report(method, error)

    def report(self, method: str, error: BaseException) -> None:
        """A notification has no answer: say what went wrong in the log panel."""
        if is_expected(error):
            logger.warning("%s: %s", method, error)
        else:
            logger.error("%s failed: %r", method, error, exc_info=error)

    def cancel(self, id: Any) -> None:
        """Answer a running request as cancelled now; its work ends when it next looks."""
        if not isinstance(id, (int, str)):
            return
        with self._lock:
            request = self._running.get(id)
        if request is not None and request.method not in ("initialize", "shutdown"):
            self._cancel(request)

    def _cancel(self, request: Request) -> None:
        request.token.cancel()
        if request.on_cancel is not None:
            request.on_cancel()
        self.fail(request, RpcError(REQUEST_CANCELLED, "Request cancelled"))

    def _take_answer(self, item: dict[str, Any]) -> None:
        id: Any = item.get("id")
        with self._lock:
            on_answer = self._asked.pop(id, None) if isinstance(id, (int, str)) else None
        given = item.get("error")
        if on_answer is None:
            if given is not None and id is None:
                logger.warning("the client reports an error: %s", given)
            return
        error: RpcError | None = None
        if given is not None:
            code, message = field(given, "code"), field(given, "message")
            error = RpcError(
                code if isinstance(code, int) else 0, str(message or given), field(given, "data")
            )
        on_answer(item.get("result"), error)

    # ------------------------------------------------------------------ end

    def cancel_all(self, but: Request | None = None) -> None:
        """Answer everything that runs as cancelled; whoever waits for the client is told so."""
        with self._lock:
            running = [request for request in self._running.values() if request is not but]
            asked = list(self._asked.values())
            self._asked.clear()
        for request in running:
            self._cancel(request)
        for on_answer in asked:
            on_answer(None, RpcError(REQUEST_CANCELLED, "the server is closing"))


def _operation(request: Request) -> str:
    """What is counted together: the method, and of commands which one."""
    if request.method == "workspace/executeCommand":
        command = field(request.params, "command")
        if isinstance(command, str) and command.startswith("treewright.") and len(command) < 80:
            return command
    return request.method
