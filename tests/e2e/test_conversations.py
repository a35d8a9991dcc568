"""Chat with a server that is killed: what was said is there afterwards, and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, workspace
from tests.support.model_server import Reply, model_server, say

pytestmark = pytest.mark.e2e

FILES = {"calc.py": "def add(a, b):\n    return a + b\n"}


def _command(client: LspClient, name: str, argument: Any = None) -> Any:
    arguments = [] if argument is None else [argument]
    return client.request("workspace/executeCommand", {"command": name, "arguments": arguments}, 60)


def test_a_conversation_goes_on_after_kill_9(tmp_path: Path) -> None:
    with model_server(say("FINAL: It adds, of course."), Reply(hang=True)) as model:
        settings = {
            "agent": {
                "endpoints": [{"id": "main", "baseUrl": model.url, "model": "m"}],
                "plan": "never",
            }
        }
        with workspace(tmp_path, FILES, settings=settings) as (client, root):
            first = {"message": "What does add do, marker-one?", "conversation": "c1"}
            assert "It adds" in client.request("treewright/chat", first, 60)["text"]
            client.start(
                "treewright/chat", {"message": "And why, marker-three?", "conversation": "c1"}
            )
            client.eventually(lambda: len(model.requests) >= 2, 60)
            client.kill()
        model.then(say("FINAL: Because of the plus."))
        with LspClient(home=tmp_path / "home", settings=settings) as client:
            client.initialize(root)
            client.wait_index()
            (row,) = _command(client, "treewright.conversations")["conversations"]
            assert (row["id"], row["turns"], row["interrupted"]) == ("c1", 3, True)
            whole = _command(client, "treewright.conversations", {"id": "c1"})
            assert [each["role"] for each in whole["said"]] == ["user", "assistant", "user"]
            done = client.request(
                "treewright/chat", {"message": "And why?", "conversation": "c1"}, 60
            )
            assert "plus" in done["text"]
            prompt = str(model.requests[-1])
            assert "marker-one" in prompt
            assert "It adds, of course" in prompt
            (row,) = _command(client, "treewright.conversations")["conversations"]
            assert (row["turns"], row["interrupted"]) == (5, False)
            assert _command(client, "treewright.conversations", {"forget": "c1"}) == {
                "forgotten": True
            }
            assert _command(client, "treewright.conversations") == {"conversations": []}
            client.shutdown()


def test_two_conversations_never_mix(tmp_path: Path) -> None:
    with model_server() as model:
        settings = {
            "agent": {
                "endpoints": [{"id": "main", "baseUrl": model.url, "model": "m"}],
                "plan": "never",
            }
        }
        with workspace(tmp_path, FILES, settings=settings) as (client, _):
            for number in range(3):
                for name in ("red", "blue"):
                    model.then(say(f"FINAL: {name}-answer-{number}"))
                    argument = {"instruction": f"{name}-words-{number}", "conversation": name}
                    _command(client, "treewright.chat", argument)
                    prompt = str(model.requests[-1])
                    other = "blue" if name == "red" else "red"
                    assert f"{other}-" not in prompt
                    assert number == 0 or f"{name}-answer-{number - 1}" in prompt
            client.shutdown()
