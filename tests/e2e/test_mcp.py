"""treewright mcp as a client sees it: a real process, JSON lines over pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.e2e


class McpClient:
    def __init__(self, root: Path, home: Path, *options: str) -> None:
        path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "treewright_server", "mcp", str(root), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TREEWRIGHT_HOME": str(home), "PYTHONPATH": path},
            text=True,
        )
        self._next = 0

    def request(self, method: str, params: Any = None) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._next += 1
        message = {"jsonrpc": "2.0", "id": self._next, "method": method, "params": params or {}}
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer["id"] == self._next
        return answer

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.request("tools/call", {"name": tool, "arguments": arguments})["result"]

    def close(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(30)
        self.process.stdout.close()
        return code


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def total(items):\n    return sum(items)\n")
    (root / "b.py").write_text("from a import total\nprint(total([1]))\n")
    return root


@pytest.fixture
def client(tmp_path: Path, project: Path) -> Iterator[McpClient]:
    opened = McpClient(project, tmp_path / "home")
    opened.request(
        "initialize",
        {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    )
    yield opened
    assert opened.close() == 0


def test_tools_say_what_they_do(client: McpClient) -> None:
    tools = {tool["name"]: tool for tool in client.request("tools/list")["result"]["tools"]}
    assert {"get_symbols_overview", "find_symbol", "find_referencing_symbols", "rename_symbol"} <= (
        tools.keys()
    )
    assert tools["find_symbol"]["annotations"]["readOnlyHint"] is True
    assert tools["rename_symbol"]["annotations"]["readOnlyHint"] is False
    assert all(tool["inputSchema"]["type"] == "object" for tool in tools.values())


def test_finds_and_renames(client: McpClient, project: Path) -> None:
    found = client.call("find_symbol", name_path="total")
    assert not found.get("isError"), found
    assert "a.py" in json.dumps(found["structuredContent"])
    renamed = client.call("rename_symbol", name_path="total", relative_path="a.py", new_name="add")
    assert not renamed.get("isError"), renamed
    assert (project / "b.py").read_text() == "from a import add\nprint(add([1]))\n"


def test_errors_are_answers(client: McpClient) -> None:
    assert client.call("find_symbol", nonsense=1)["isError"] is True
    unknown = client.request("tools/call", {"name": "no_such_tool", "arguments": {}})
    assert unknown["error"]["code"] == -32602
    assert client.request("no/such/method")["error"]["code"] == -32601
    outside = client.call("get_symbols_overview", relative_path="../../etc/passwd")
    assert outside["isError"] is True


def test_read_only_offers_no_edits(tmp_path: Path, project: Path) -> None:
    opened = McpClient(project, tmp_path / "home", "--read-only")
    opened.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}})
    tools = opened.request("tools/list")["result"]["tools"]
    assert tools
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
    assert opened.close() == 0
