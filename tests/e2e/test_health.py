"""What a real server tells of itself when it is asked."""

from __future__ import annotations

import http.client
import re
import sys
from pathlib import Path

import pytest

from tests.support.lsp_client import LspClient, workspace

pytestmark = pytest.mark.e2e

FILES = {"a.py": "def alpha():\n    return 1\n"}


def test_health_and_metrics_say_what_happened(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py")
        for _ in range(5):
            client.request("textDocument/hover", client.at(uri, 0, 5))
        client.request(
            "workspace/executeCommand",
            {
                "command": "treewright.task",
                "arguments": [{"instruction": "rename alpha to beta everywhere"}],
            },
        )
        health = client.request("workspace/executeCommand", {"command": "treewright.health"})
        assert health["operations"]["textDocument/hover"]["ok"] == 5
        assert health["operations"]["treewright.task"]["n"] == 1
        assert health["sandbox"]["level"]
        assert health["jobs"]["history"] > 0
        assert health["crashes"] == []
        assert health["markdown"].startswith("| tool |")
        shown = client.request("workspace/executeCommand", {"command": "treewright.metrics"})
        assert 'treewright_tasks_total{source="recipe",status="done"} 1' in shown["text"]
        status = client.request("treewright/status", {})
        assert status["tasks"] == 0
        client.shutdown()
    assert list((tmp_path / "home" / "data" / "history").glob("*.json"))
    # the next session knows what this one took
    with workspace(tmp_path, FILES) as (client, _):
        health = client.request("workspace/executeCommand", {"command": "treewright.health"})
        (day,) = health["history"].values()
        assert day["textDocument/hover"]["n"] == 5


def test_metrics_are_served_on_request(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "treewright_server", "serve", "--metrics", "127.0.0.1:0", "--log-format", "json",
    ]  # fmt: skip
    with LspClient(command, home=tmp_path / "home") as client:
        client.initialize(tmp_path)
        client.wait_index()
        found = client.wait_until(
            lambda: re.search(rb"metrics on 127\.0\.0\.1:(\d+)", bytes(client.stderr))
        )
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200
        assert 'treewright_requests_total{method="initialize",outcome="ok"} 1' in text
        for name in (
            "treewright_queue_length",
            "treewright_index_pending",
            "treewright_tasks_running",
        ):
            assert f"\n{name} " in f"\n{text}"
        client.shutdown()


def test_metrics_are_not_for_others(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "treewright_server", "serve", "--metrics", "0.0.0.0:0"]
    with LspClient(command, home=tmp_path / "home") as client:
        assert client.process.wait(30) == 2
        client.wait_until(lambda: b"loopback" in bytes(client.stderr))
