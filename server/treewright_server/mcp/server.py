"""McpServer: JSON-RPC 2.0, one message a line, as MCP's standard input transport has it.

Requests are answered one after the other; a cancellation that arrives meanwhile reaches the call.
An edit is verified, then written in one step per file, and answered with the problems that the
files have afterwards. Text that fails a check is not written.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, Final

from treewright_agent.draft import Draft, texts_after
from treewright_agent.guard.gate import Guard, Policy
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.checking import lint
from treewright_agent.tools.model import ENVELOPE_SCHEMA, Effect, Tool, ToolCall, ToolOutput
from treewright_agent.tools.operating import operation_tools
from treewright_agent.tools.registry import Registry
from treewright_agent.verify import verify
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_server import __version__
from treewright_server.cli.apply import write
from treewright_server.mcp import tools
from treewright_server.plain import is_object

if TYPE_CHECKING:
    from treewright_indexer.workspace import Folder, Workspace

logger = logging.getLogger("treewright")

VERSIONS: Final = ("2025-06-18", "2025-03-26", "2024-11-05")
INSTRUCTIONS: Final = (
    "Code intelligence for this workspace. Names are given as `name` or `Class/method`, paths relative"
    " to the workspace root. Results carry file, line and symbol for the next call. Edits are written"
    " to disk after they were checked, and answered with the problems of the files afterwards."
)
MAX_LINE: Final = 16_000_000
ENDING_S: Final = 60.0
"""How long the last answers may take once the input has ended."""


class RpcFault(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class McpServer:
    def __init__(
        self, workspace: Workspace, folder: Folder, *, read_only: bool, everything: bool
    ) -> None:
        self._workspace = workspace
        self._folder = folder
        chosen: list[Tool] = [*tools.READING]
        if not read_only:
            chosen += tools.EDITING
        if everything and not read_only:
            names = frozenset(tool.name for tool in chosen)
            chosen += operation_tools(hidden=names)
        self.registry = Registry(chosen)
        self._running: dict[Any, CancelToken] = {}
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ the conversation

    def serve(self, given: IO[bytes], answers: IO[bytes]) -> None:
        """Until `given` ends."""
        waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        writing = threading.Lock()

        def send(row: dict[str, Any]) -> None:
            data = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
            with writing:
                answers.write(data + b"\n")
                answers.flush()

        def work() -> None:
            while (message := waiting.get()) is not None:
                answer = self.answer(message)
                if answer is not None:
                    send(answer)

        worker = threading.Thread(target=work, name="treewright-mcp", daemon=True)
        worker.start()
        for message in _messages(given, send):
            if message.get("method") == "notifications/cancelled":
                self._cancel(message)
            else:
                waiting.put(message)
        waiting.put(None)  # what was asked before the end is still answered
        worker.join(ENDING_S)

    def answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to one message; None to a notification. Never raises."""
        id, method = message.get("id"), message.get("method")
        if not isinstance(method, str):
            return _error(id, -32600, "no method") if "result" not in message else None
        if "id" not in message:
            return None
        try:
            params: Any = message.get("params") or {}
            if not is_object(params):
                raise RpcFault(-32602, "params must be an object")
            return {"jsonrpc": "2.0", "id": id, "result": self._result(id, method, params)}
        except RpcFault as fault:
            return _error(id, fault.code, str(fault))
        except CancelledError:
            return _error(id, -32800, "cancelled")
        except Exception:
            logger.exception("mcp: %s failed", method)
            return _error(id, -32603, "internal error; see the log")

    def _result(self, id: Any, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if method == "initialize":
            asked = params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": "treewright", "version": __version__},
                "instructions": INSTRUCTIONS,
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [_described(tool) for tool in self.registry.tools]}
        if method == "tools/call":
            return self._call(id, params)
        raise RpcFault(-32601, f"no method {method}")

    def _cancel(self, message: dict[str, Any]) -> None:
        params: Any = message.get("params")
        wanted = params.get("requestId") if is_object(params) else None
        with self._lock:
            token = self._running.get(wanted)
        if token is not None:
            token.cancel()

    # ------------------------------------------------------------------ one call

    def _call(self, id: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        name: Any = params.get("name")
        arguments: Any = params.get("arguments") or {}
        if not isinstance(name, str) or not self.registry.has_tool(name):
            raise RpcFault(-32602, f"no tool {name!r}")
        if not is_object(arguments):
            raise RpcFault(-32602, "arguments must be an object")
        token = CancelToken()
        with self._lock:
            self._running[id] = token
        try:
            self._folder.rescan()
            self._folder.wait_ready(5)
            snapshot = self._workspace.snapshot()
            # no user can be asked here: what needs consent is left to the editor
            gate = Guard(Policy(self._folder.root))
            bench = Bench(Draft(snapshot), token, Budget(Limits()), self._folder.root, gate=gate)
            output = self.registry.execute(bench, ToolCall(name, arguments))
            if output.ok and not bench.draft.is_empty:
                output = self._written(bench, output)
        finally:
            with self._lock:
                self._running.pop(id, None)
        row = output.to_json()
        if (n_unread := snapshot.unread()) != 0:  # what the answer may lack
            row["indexing"] = -1 if n_unread is None else n_unread
        text = json.dumps(row, ensure_ascii=False)
        return {
            "content": [{"type": "text", "text": text}],
            "structuredContent": row,
            "isError": not output.ok,
        }

    def _written(self, bench: Bench, output: ToolOutput) -> ToolOutput:
        """Verify the draft and write it; on a fresh snapshot, so that newer text is refused."""
        report = verify(bench.draft.base, bench.draft.change, bench.token)
        if not report.ok:
            return ToolOutput(
                "failure", f"not written: {report.reason}", {"diff": output.data.get("diff", "")}
            )
        try:
            fresh = self._workspace.snapshot()
            texts = bench.draft.change.apply(fresh.text)
            write(texts)
        except (TreewrightError, OSError) as error:
            return ToolOutput("failure", f"not written: {error}")
        self._workspace.files_changed(list(texts))
        data = dict(output.data)
        data["files_written"] = len(texts)
        data["diagnostics"] = self._diagnostics(texts_after(bench.draft), bench)
        message = f"{data.get('edits', 0)} edits in {len(texts)} files, written"
        return ToolOutput("success", message, data, output.truncated, output.duration_ms)

    def _diagnostics(self, texts: Iterable[str], bench: Bench) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for path in sorted(texts):
            if path.endswith((".py", ".pyi")) and os.path.exists(path) and len(rows) < 100:
                shown = bench.shown(path)
                found = lint.run(bench, file_path=shown)["diagnostics"]
                rows += [{"file": shown, **row} for row in found]
        return rows


def _described(tool: Tool) -> dict[str, Any]:
    reads = tool.effect is Effect.READS
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": dict(tool.parameters),
        "outputSchema": dict(ENVELOPE_SCHEMA),
        "annotations": {
            "readOnlyHint": reads,
            "destructiveHint": not reads,
            "idempotentHint": reads,
            "openWorldHint": False,
        },
    }


def _messages(given: IO[bytes], send: Any) -> Iterable[dict[str, Any]]:
    """Each line's messages; what is none is answered with an error."""
    while line := given.readline(MAX_LINE):
        if not line.strip():
            continue
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            send(_error(None, -32700, "not JSON"))
            continue
        for message in value if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType]
            if isinstance(message, dict):
                yield message
            else:
                send(_error(None, -32600, "not an object"))


def _error(id: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}
