"""A small editor without a screen: buffers, versions and a real LSP client process."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

CAPABILITIES: dict[str, Any] = {
    "workspace": {
        "applyEdit": True,
        "configuration": False,
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
        },
    },
    "textDocument": {
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "isPreferredSupport": True,
        },
        "publishDiagnostics": {"versionSupport": True},
    },
}

Json = dict[str, Any]


class Editor:
    """Opens one folder with `treewright serve`. Positions are LSP's, zero-based, UTF-16."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.initialize_s = 0.0
        self.version = ""
        self._home = home
        self._client = LanguageClient("treewright-demo", "1")
        self._buffers: dict[Path, str] = {}
        self._versions: dict[Path, int] = {}
        self._diagnostics: dict[str, list[Json]] = {}
        self._published = asyncio.Event()

    async def __aenter__(self) -> Editor:
        client = self._client

        def published(params: Any) -> None:
            plain = self._plain(params)
            self._diagnostics[plain["uri"]] = plain["diagnostics"]
            self._published.set()

        client.feature("textDocument/publishDiagnostics")(published)
        for ignored in ("window/logMessage", "window/showMessage", "$/progress"):
            client.feature(ignored)(_ignore)
        started = time.perf_counter()
        environment = {**os.environ, "TREEWRIGHT_HOME": str(self._home)}
        await cast(Any, client).start_io(
            sys.executable, "-m", "treewright_server", "serve", "--log-level", "warning",
            env=environment,
        )  # fmt: skip
        answer = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": self.root.as_uri(),
                "capabilities": CAPABILITIES,
                "workspaceFolders": [{"uri": self.root.as_uri(), "name": self.root.name}],
            },
        )
        self.initialize_s = time.perf_counter() - started
        self.version = answer["serverInfo"]["version"]
        self._notify("initialized", {})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await asyncio.wait_for(self.request("shutdown", None), 10)
            self._notify("exit", None)
        finally:
            await self._client.stop()

    # ------------------------------------------------------------------ wire

    def _typed(self, method: str, params: Any) -> Any:
        if params is None:
            return None
        from lsprotocol.types import METHOD_TO_TYPES

        kind: Any = METHOD_TO_TYPES[method]
        converter = self._client.protocol._converter  # pyright: ignore[reportPrivateUsage]
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        return converter.structure(request, kind[0]).params

    def _plain(self, value: Any) -> Any:
        return self._client.protocol._converter.unstructure(value)  # pyright: ignore[reportPrivateUsage]

    async def request(self, method: str, params: Any) -> Any:
        protocol = self._client.protocol
        answer = await protocol.send_request_async(method, self._typed(method, params))
        return self._plain(answer)

    def _notify(self, method: str, params: Any) -> None:
        self._client.protocol.notify(method, self._typed(method, params))

    async def command(self, name: str, argument: Json | None = None) -> Any:
        arguments = [argument] if argument is not None else []
        params = {"command": name, "arguments": arguments}
        return await self.request("workspace/executeCommand", params)

    # ------------------------------------------------------------------ questions

    async def wait_index(self) -> None:
        """Ask until every folder is indexed: this client shows no progress to wait for."""
        while not (await self.command("treewright.index.status"))["ready"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def symbols(self, query: str) -> list[Json]:
        return await self.request("workspace/symbol", {"query": query}) or []

    async def definition(self, path: Path, position: Json) -> list[Json]:
        params = {"textDocument": {"uri": path.as_uri()}, "position": position}
        return await self.request("textDocument/definition", params) or []

    async def references(self, path: Path, position: Json) -> list[Json]:
        params = {
            "textDocument": {"uri": path.as_uri()},
            "position": position,
            "context": {"includeDeclaration": True},
        }
        return await self.request("textDocument/references", params) or []

    async def diagnostics(self, path: Path, timeout_s: float = 20.0) -> list[Json]:
        """What the server published for the buffer; waits for the first message."""
        async with asyncio.timeout(timeout_s):
            while path.as_uri() not in self._diagnostics:
                self._published.clear()
                await self._published.wait()
        return self._diagnostics[path.as_uri()]

    async def code_actions(self, path: Path, diagnostics: list[Json]) -> list[Json]:
        if not diagnostics:
            return []
        params = {
            "textDocument": {"uri": path.as_uri()},
            "range": diagnostics[0]["range"],
            "context": {"diagnostics": diagnostics},
        }
        return await self.request("textDocument/codeAction", params) or []

    async def rename(self, path: Path, position: Json, name: str) -> tuple[Json | None, str]:
        params = {
            "textDocument": {"uri": path.as_uri()},
            "position": position,
            "newName": name,
        }
        try:
            return await self.request("textDocument/rename", params), ""
        except JsonRpcException as error:
            return None, error.message

    # ------------------------------------------------------------------ buffers

    def open(self, path: Path, text: str) -> None:
        self._buffers[path], self._versions[path] = text, 1
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})

    async def apply_action(self, action: Json) -> None:
        resolved = await self.request("codeAction/resolve", action)
        self.apply_edit(resolved["edit"])

    def apply_edit(self, edit: Json) -> list[Path]:
        """Buffers change and tell the server; files that are not open change on disk."""
        changed: list[Path] = []
        for change in edit["documentChanges"]:
            path = self.path_of(change["textDocument"]["uri"])
            is_open = path in self._buffers
            # Bytes, so that a file keeps its line breaks.
            text = self._buffers[path] if is_open else path.read_bytes().decode("utf-8")
            text = applied(text, change["edits"])
            if is_open:
                self._buffers[path] = text
                self._versions[path] += 1
                document = {"uri": path.as_uri(), "version": self._versions[path]}
                self._notify(
                    "textDocument/didChange",
                    {"textDocument": document, "contentChanges": [{"text": text}]},
                )
            else:
                path.write_bytes(text.encode("utf-8"))
                event = {"uri": path.as_uri(), "type": 2}
                self._notify("workspace/didChangeWatchedFiles", {"changes": [event]})
            changed.append(path)
        return changed

    def save(self, path: Path) -> None:
        path.write_bytes(self._buffers[path].encode("utf-8"))
        self._notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})

    async def settle(self) -> None:
        """Let the server write what it noticed: one round trip through its journal."""
        await self.command("treewright.index.status")
        await asyncio.sleep(0.3)

    # ------------------------------------------------------------------ for people

    def path_of(self, uri: str) -> Path:
        return Path(unquote(urlsplit(uri).path))

    def line_of(self, path: Path, line: int) -> str:
        text = self._buffers.get(path)
        text = path.read_bytes().decode("utf-8", "replace") if text is None else text
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return lines[line] if line < len(lines) else ""

    def shown(self, path: Path, position: Json) -> str:
        try:
            relative = path.relative_to(self.root)
        except ValueError:
            relative = path
        return f"{relative.as_posix()}:{position['line'] + 1}"


def _ignore(params: Any) -> None:
    """Takes what an editor would show elsewhere."""


def applied(text: str, edits: list[Json]) -> str:
    """`text` after LSP's edits, which all refer to the text before."""
    spans = [
        (
            offset(text, cast(Json, e["range"])["start"]),
            offset(text, e["range"]["end"]),
            e["newText"],
        )
        for e in edits
    ]
    for start, end, new in sorted(spans, key=lambda span: span[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def offset(text: str, position: Json) -> int:
    """Index in code points of an LSP position in UTF-16 units."""
    start = 0
    for _ in range(position["line"]):
        found = min(
            (at for at in (text.find("\n", start), text.find("\r", start)) if at >= 0),
            default=-1,
        )
        if found < 0:
            return len(text)
        start = found + (2 if text.startswith("\r\n", found) else 1)
    units, at = 0, start
    while at < len(text) and units < position["character"] and text[at] not in "\r\n":
        units += 2 if text[at] > "\uffff" else 1
        at += 1
    return at
