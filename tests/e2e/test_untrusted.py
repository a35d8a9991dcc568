"""Restricted mode, as an editor drives it: audited by what is spawned and what is on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.lsp_client import ROOT, LspClient, RpcError, workspace

pytestmark = pytest.mark.e2e

FILES = {
    "a.py": "import os\n\n\ndef alpha():\n    return 1\n",
    "test_a.py": "from a import alpha\n\n\ndef test_alpha():\n    assert alpha() == 2\n",
}
UNTRUSTED = {"agent": {"trusted": False}}


def _children(client: LspClient) -> list[str]:
    process = psutil.Process(client.process.pid)
    lines = [" ".join(child.cmdline()) for child in process.children(recursive=True)]
    return [
        line for line in lines if "treewright_indexer" not in line
    ]  # its own readers and models


def _texts(root: Path) -> dict[str, str]:
    return {str(p): p.read_text() for p in root.rglob("*") if p.is_file()}


def test_nothing_runs_and_nothing_is_changed(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, settings=UNTRUSTED) as (client, root):
        before = _texts(root)
        uri = client.open(root / "a.py")
        asked: list[tuple[str, Any]] = [
            ("treewright.rename_symbol", {"uri": uri, "position": {"line": 3, "character": 5}, "new_name": "beta"}),
            ("treewright.remove_import", {"uri": uri, "position": {"line": 0, "character": 8}}),
            ("treewright.organize_imports", {"uri": uri}),
            ("treewright.task", {"instruction": "Fix the failing test"}),
            ("treewright.fix", {"uri": uri}),
            ("treewright.refactor", {"operations": [{"operation": "organize_imports", "arguments": {"path": "a.py"}}]}),
            ("treewright.writeTests", {"uri": uri}),
            ("treewright.applyProposal", {"proposal": "x"}),
        ]  # fmt: skip
        for command, argument in asked:
            with pytest.raises(RpcError, match="not trusted"):
                client.request(
                    "workspace/executeCommand", {"command": command, "arguments": [argument]}
                )
        with pytest.raises(RpcError, match="not trusted"):
            client.request("textDocument/rename", client.at(uri, 3, 5, newName="beta"))
        actions = client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 9}},
                "context": {"diagnostics": []},
            },
        )
        assert not actions
        # what only reads works, and asks no program of another's
        assert client.request("textDocument/hover", client.at(uri, 3, 5)) is not None
        client.request("textDocument/definition", client.at(uri, 0, 8))
        client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        assert _children(client) == []
        assert not [r for r in client.requests if r["method"] == "workspace/applyEdit"]
        assert _texts(root) == before
        status = client.request("treewright/status", {})
        assert status["trusted"] is False


def test_the_command_line_writes_nothing_either(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FILES["a.py"])
    calls = tmp_path / "calls.json"
    calls.write_text('{"operation": "remove_unused_imports", "arguments": {"path": "a.py"}}')
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "TREEWRIGHT_HOME": str(tmp_path / "home"),
        "TREEWRIGHT_TRUSTED": "false",
    }
    for argv in (
        ["apply", str(tmp_path), str(calls), "--write"],
        ["task", str(tmp_path), "--task-file", str(calls), "--write"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "treewright_server", *argv],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "not trusted" in done.stderr
    assert (tmp_path / "a.py").read_text() == FILES["a.py"]
