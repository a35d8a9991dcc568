"""A raw LSP client over a real server process: bytes in, bytes out, nothing hidden.

It knows no types: messages are dictionaries, so a test can also send what no client library
would. Every byte the server writes is kept, and must parse as frames.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 30.0

FULL_CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceFolders": True,
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
            "changeAnnotationSupport": {},
        },
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {
        "definition": {"linkSupport": True},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "rename": {"prepareSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "isPreferredSupport": True,
        },
        "publishDiagnostics": {"versionSupport": True, "tagSupport": {"valueSet": [1, 2]}},
    },
}


class RpcError(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class ServerDied(Exception):
    """The server closed its output while an answer was waited for."""


class LspClient:
    """Blocking requests; one thread reads. Use as a context manager."""

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        home: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
        environment = {**os.environ, "TREEWRIGHT_HOME": str(home), **(env or {})}
        given = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{path}{os.pathsep}{given}" if given else path
        self.settings: Any = settings
        self.process = subprocess.Popen(
            list(command or [sys.executable, "-m", "treewright_server", "serve"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
        )
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.raw = bytearray()
        self.stderr = bytearray()
        self.on_request: dict[str, Callable[[Any], Any]] = {
            "workspace/configuration": lambda params: [self.settings for _ in params["items"]],
            "workspace/applyEdit": lambda params: {"applied": True},
        }
        self.silent: set[str] = set()
        """Methods whose requests from the server are never answered."""
        self._next_id = 0
        self._waiting: dict[Any, queue.Queue[dict[str, Any] | None]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._versions: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_stderr, daemon=True).start()

    def __enter__(self) -> LspClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # ------------------------------------------------------------------ wire

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def notify(self, method: str, params: Any = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        self.send(message)

    def start(self, method: str, params: Any = None, *, message_id: Any = None) -> Any:
        """Send a request and return its id, to be given to `result`."""
        if message_id is None:
            self._next_id += 1
            message_id = self._next_id
        self._waiting[message_id] = queue.Queue()
        message = {"jsonrpc": "2.0", "id": message_id, "method": method}
        if params is not None:
            message["params"] = params
        self.send(message)
        return message_id

    def result(self, message_id: Any, timeout: float = TIMEOUT_S) -> Any:
        """The result of a started request. Raises RpcError, ServerDied or TimeoutError."""
        try:
            answer = self._waiting[message_id].get(timeout=timeout)
        except queue.Empty:
            tail = self.stderr[-2000:].decode("utf-8", "replace")
            raise TimeoutError(f"no answer to {message_id}; stderr ends with:\n{tail}") from None
        if answer is None:
            raise ServerDied(self.stderr[-4000:].decode("utf-8", "replace"))
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def request(self, method: str, params: Any = None, timeout: float = TIMEOUT_S) -> Any:
        return self.result(self.start(method, params), timeout)

    def cancel(self, message_id: Any) -> None:
        self.notify("$/cancelRequest", {"id": message_id})

    def _read(self) -> None:
        assert self.process.stdout is not None
        buffer = bytearray()
        while data := os.read(self.process.stdout.fileno(), 1 << 16):
            self.raw += data
            buffer += data
            while (end := buffer.find(b"\r\n\r\n")) >= 0:
                header = bytes(buffer[:end]).decode("ascii")
                length = int(header.lower().partition("content-length:")[2].split("\r\n")[0])
                if len(buffer) < end + 4 + length:
                    break
                body = bytes(buffer[end + 4 : end + 4 + length])
                del buffer[: end + 4 + length]
                self._take(json.loads(body))
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for waiting in self._waiting.values():
            waiting.put(None)

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "method" not in message:
                self.answers.append(message)
            elif "id" in message:
                self.requests.append(message)
            else:
                self.notifications.append(message)
            self._changed.notify_all()
        if "method" not in message:
            waiting = self._waiting.get(message.get("id"))
            if waiting is not None:
                waiting.put(message)
        elif "id" in message and message["method"] not in self.silent:
            handler = self.on_request.get(message["method"], lambda params: None)
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
            try:
                answer["result"] = handler(message.get("params"))
            except Exception as error:
                answer["error"] = {"code": -32603, "message": str(error)}
            self.send(answer)

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while data := os.read(self.process.stderr.fileno(), 1 << 16):
            self.stderr += data

    # ------------------------------------------------------------------ waiting

    def wait_until(self, condition: Callable[[], Any], timeout: float = TIMEOUT_S) -> Any:
        """The first true value of `condition`, looked at after every message."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (value := condition()):
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    tail = self.stderr[-2000:].decode("utf-8", "replace")
                    raise TimeoutError(f"it did not happen; stderr ends with:\n{tail}")
                self._changed.wait(min(left, 0.5))
            return value

    def wait_notification(
        self,
        method: str,
        matches: Callable[[Any], bool] = lambda params: True,
        timeout: float = TIMEOUT_S,
    ) -> Any:
        """The params of a notification, arrived before or from now on."""

        def find() -> Any:
            for message in self.notifications:
                if message["method"] == method and matches(message.get("params")):
                    return message
            return None

        return self.wait_until(find, timeout).get("params")

    def all_notifications(self, method: str) -> list[Any]:
        with self._changed:
            return [m.get("params") for m in self.notifications if m["method"] == method]

    # ------------------------------------------------------------------ LSP in a few words

    def initialize(
        self,
        root: Path | None = None,
        *,
        capabilities: Mapping[str, Any] | None = None,
        options: Any = None,
        folders: Sequence[Path] | None = None,
        initialized: bool = True,
    ) -> dict[str, Any]:
        paths = list(folders) if folders is not None else [root] if root is not None else []
        params: dict[str, Any] = {
            "processId": os.getpid(),
            "rootUri": paths[0].as_uri() if paths else None,
            "capabilities": FULL_CAPABILITIES if capabilities is None else capabilities,
            "workspaceFolders": [{"uri": p.as_uri(), "name": p.name} for p in paths],
        }
        if options is not None:
            params["initializationOptions"] = options
        answer = self.request("initialize", params)
        if initialized:
            self.notify("initialized", {})
        return answer

    def open(self, path: Path, text: str | None = None, language: str = "python") -> str:
        uri = path.as_uri()
        self._versions[uri] = 1
        if text is None:
            text = path.read_text("utf-8")
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, *changes: tuple[Sequence[int] | None, str]) -> int:
        """((start line, column, end line, column) or None for the whole text, new text)."""
        self._versions[uri] += 1
        content: list[dict[str, Any]] = []
        for place, text in changes:
            if place is None:
                content.append({"text": text})
            else:
                a, b, c, d = place
                start, end = {"line": a, "character": b}, {"line": c, "character": d}
                content.append({"range": {"start": start, "end": end}, "text": text})
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self._versions[uri]},
                "contentChanges": content,
            },
        )
        return self._versions[uri]

    def at(self, uri: str, line: int, column: int, **more: Any) -> dict[str, Any]:
        position = {"line": line, "character": column}
        return {"textDocument": {"uri": uri}, "position": position, **more}

    def wait_index(self, timeout: float = 120.0) -> dict[str, Any]:
        """Wait until every folder is indexed; returns `treewright.index.status`."""
        deadline = time.monotonic() + timeout
        while True:
            status = self.request(
                "workspace/executeCommand", {"command": "treewright.index.status"}
            )
            if status["ready"]:
                return status
            if time.monotonic() > deadline:
                raise TimeoutError(f"the index is not complete: {status}")
            time.sleep(0.05)

    def eventually(self, condition: Callable[[], Any], timeout: float = TIMEOUT_S) -> None:
        """Ask again and again until it is so."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                tail = self.stderr[-2000:].decode("utf-8", "replace")
                raise TimeoutError(f"it did not happen; stderr ends with:\n{tail}")
            time.sleep(0.02)

    def wait_indexed(self, timeout: float = 60.0) -> None:
        """Wait for the end of the indexing progress of each folder that was announced."""

        def ended() -> bool:
            kinds: dict[str, str] = {}
            for message in self.notifications:
                if message["method"] == "$/progress":
                    kinds[message["params"]["token"]] = message["params"]["value"]["kind"]
            return bool(kinds) and all(kind == "end" for kind in kinds.values())

        self.wait_until(ended, timeout)

    def shutdown(self, timeout: float = TIMEOUT_S) -> int:
        """Shut down as LSP says; returns the exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(timeout)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


@contextmanager
def workspace(
    tmp_path: Path,
    files: Mapping[str, str],
    *,
    wait: bool = True,
    env: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    silent: Sequence[str] = (),
    **initialize: Any,
) -> Iterator[tuple[LspClient, Path]]:
    """A server on a workspace of these files, and the workspace's root; its index is complete."""
    root = tmp_path / "workspace"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    root.mkdir(exist_ok=True)
    with LspClient(home=tmp_path / "home", env=env, settings=settings) as client:
        client.silent.update(silent)
        client.initialize(root, **initialize)
        if wait and initialize.get("initialized", True):
            client.wait_indexed()
        yield client, root
