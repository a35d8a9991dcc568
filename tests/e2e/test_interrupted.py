"""A server that is killed in the middle of a task, and the next one that goes on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lsp_client import LspClient, workspace
from tests.support.model_server import Reply, model_server, say, use

pytestmark = pytest.mark.e2e

FILES = {"calc.py": "def add(a, b):\n    return a - b\n"}
FIX = use("edit_file", file_path="calc.py", new_content="def add(a, b):\n    return a + b\n")


def test_a_killed_task_says_so_and_can_go_on(tmp_path: Path) -> None:
    with model_server(FIX, Reply(hang=True)) as model:
        settings = {
            "agent": {
                "endpoints": [{"id": "main", "baseUrl": model.url, "model": "m"}],
                "plan": "never",
                "repairS": 1,
            }
        }
        with workspace(tmp_path, FILES, settings=settings) as (client, root):
            argument = {"instruction": "Make add better, please", "taskId": "first"}
            client.start(
                "workspace/executeCommand", {"command": "treewright.task", "arguments": [argument]}
            )
            client.eventually(lambda: len(model.requests) >= 2, 60)
            # another server on the workspace sees a task that runs, not one that was cut off
            with LspClient(home=tmp_path / "home", settings=settings) as other:
                other.initialize(root)
                other.wait_index()
                assert (
                    other.request("workspace/executeCommand", {"command": "treewright.tasks"}) == []
                )
                other.shutdown()
            client.kill()
        model.then(FIX, say("FINAL: done"))
        with LspClient(home=tmp_path / "home", settings=settings) as client:
            client.initialize(root)
            client.wait_index()
            (row,) = client.request("workspace/executeCommand", {"command": "treewright.tasks"})
            assert (row["task_id"], row["state"], row["edits"]) == ("first", "interrupted", 1)
            done = client.request(
                "workspace/executeCommand",
                {"command": "treewright.resume", "arguments": [{"taskId": "first"}]},
                120,
            )
            assert done["resumed"] == "first"
            assert done["task_id"] != "first"
            assert any(
                "was cut off" in str(request) and "return a + b" in str(request)
                for request in model.requests
            )
            rows = client.request("workspace/executeCommand", {"command": "treewright.tasks"})
            assert [each["state"] for each in rows if each["state"] == "interrupted"] == []
            client.shutdown()
        # and what ended is still known to the server after that one
        with LspClient(home=tmp_path / "home", settings=settings) as client:
            client.initialize(root)
            client.wait_index()
            rows = client.request("workspace/executeCommand", {"command": "treewright.tasks"})
            assert [(row["task_id"], row["state"]) for row in rows] == [
                (done["task_id"], "completed")
            ]
            assert "Make add better" in rows[0]["instruction"]
            client.shutdown()
    assert (root / "calc.py").read_text() == FILES["calc.py"]  # nothing was applied unseen
