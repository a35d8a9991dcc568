"""treewright.task and its sisters against a real server, with a scripted model on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, RpcError
from tests.support.model_server import Reply, model_server, say, use

pytestmark = pytest.mark.e2e

CALC = "import os\n\n\ndef add(a, b):\n    return a - b\n"
FIX = use("edit_file", file_path="calc.py", search="a - b", replace="a + b")
DONE = use("finish", summary="add adds now")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    root.mkdir()
    (root / "calc.py").write_text(CALC)
    (root / "use.py").write_text("from calc import add\n\nprint(add(1, 2))\n")
    return root


@pytest.fixture
def client(tmp_path: Path, root: Path) -> Iterator[LspClient]:
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(root)
        client.wait_index()
        yield client


def command(client: LspClient, name: str, **argument: Any) -> Any:
    return client.request("workspace/executeCommand", {"command": name, "arguments": [argument]})


def configured(tmp_path: Path, root: Path, url: str) -> LspClient:
    options = {"agent": {"openaiBaseUrl": url, "model": "scripted", "plan": "never"}}
    client = LspClient(home=tmp_path / "home2")
    client.__enter__()
    client.initialize(root, options=options)
    client.wait_index()
    return client


def test_a_rule_answers_and_the_editor_applies_it(client: LspClient, root: Path) -> None:
    result = command(
        client, "treewright.task", instruction="rename add to plus everywhere", apply=True
    )
    assert (result["success"], result["source"]) == (True, "recipe")
    assert result["applied"]["applied"] is True
    assert (root / "calc.py").read_text() == CALC
    asked = [m["params"] for m in client.requests if m["method"] == "workspace/applyEdit"]
    edit = asked[-1]["edit"]
    assert {Path(c["textDocument"]["uri"]).name for c in edit["documentChanges"]} == {
        "calc.py",
        "use.py",
    }


def test_a_task_shows_a_proposal_that_can_be_applied_later(client: LspClient, root: Path) -> None:
    result = command(client, "treewright.refactor", instruction="remove unused imports")
    assert result["proposal"]
    assert "-import os" in result["diff"]
    listed = client.request("treewright/proposals/list", {})
    assert [row["id"] for row in listed] == [result["proposal"]]
    applied = command(client, "treewright.applyProposal", proposal=result["proposal"])
    assert applied["applied"]


def test_refactor_takes_operations_too(client: LspClient, root: Path) -> None:
    calls = [{"operation": "remove_unused_imports", "arguments": {"path": "calc.py"}}]
    result = command(client, "treewright.refactor", operations=calls)
    assert (result["source"], result["deterministic"]) == ("operation", True)
    assert "-import os" in result["diff"]


def test_without_a_model_the_answer_comes_from_search(client: LspClient, root: Path) -> None:
    result = command(client, "treewright.explain", instruction="what does add do?")
    assert result["source"] == "guide"
    assert any(place.startswith("calc.py:") for place in result["locations"])
    open_request = command(client, "treewright.task", instruction="make add frobnicate")
    assert open_request["success"] is False
    assert open_request["fallback"]["console_steps"]


def test_why_and_the_list_of_tasks(client: LspClient, root: Path) -> None:
    result = command(client, "treewright.task", instruction="rename add to plus", taskId="t-why")
    why = command(client, "treewright.why", taskId="t-why")
    assert why["rule_id"].startswith("rename/")
    assert why["edits"][0]["operation"] == "rename_symbol"
    rows = command(client, "treewright.tasks")
    assert [(row["task_id"], row["state"], row["proposal"]) for row in rows] == [
        ("t-why", "completed", result["proposal"])
    ]
    with pytest.raises(RpcError):
        command(client, "treewright.task", instruction="rename add to plus", taskId="t-why")
    with pytest.raises(RpcError):
        command(client, "treewright.why", taskId="../../etc/passwd")


def test_memory_is_shown_changed_and_forgotten(client: LspClient) -> None:
    (rule,) = command(client, "treewright.memory", add="use pathlib")
    (edited,) = command(client, "treewright.memory", edit=rule["id"], text="use pathlib everywhere")
    assert edited["text"] == "use pathlib everywhere"
    assert command(client, "treewright.memory", forget=rule["id"]) == []


@pytest.mark.parametrize(
    "argument", [{}, {"instruction": "  "}, {"instruction": 3}, {"instruction": "x", "colour": 1}]
)
def test_bad_arguments_are_refused(client: LspClient, argument: dict[str, Any]) -> None:
    with pytest.raises(RpcError) as caught:
        command(client, "treewright.task", **argument)
    assert caught.value.code == -32602


def test_a_model_does_what_rules_do_not(tmp_path: Path, root: Path) -> None:
    with model_server(FIX, DONE) as server:
        client = configured(tmp_path, root, server.url)
        try:
            result = command(client, "treewright.task", instruction="make add right")
            assert (result["success"], result["source"]) == (True, "model")
            assert "+    return a + b" in result["diff"]
            messages = command(client, "treewright.why", taskId=result["task_id"], prompt=1)[
                "messages"
            ]
            assert messages == server.requests[0]["messages"]
        finally:
            client.__exit__(None, None, None)
    assert (root / "calc.py").read_text() == CALC


def test_the_first_step_shows_at_once_and_hover_is_quick_meanwhile(
    tmp_path: Path, root: Path
) -> None:
    with model_server(otherwise=Reply(hang=True)) as server:
        client = configured(tmp_path, root, server.url)
        try:
            client.open(root / "calc.py")
            started = time.monotonic()
            ids = [
                client.start(
                    "workspace/executeCommand",
                    {"command": "treewright.task", "arguments": [{"instruction": f"do {n}"}]},
                )
                for n in range(3)
            ]
            client.wait_notification("$/progress", lambda p: p["value"].get("kind") == "begin")
            assert time.monotonic() - started < 1.0
            document = {"uri": (root / "calc.py").as_uri()}
            times: list[float] = []
            for _ in range(20):
                begun = time.monotonic()
                client.request(
                    "textDocument/hover",
                    {"textDocument": document, "position": {"line": 3, "character": 5}},
                )
                times.append(time.monotonic() - begun)
            assert sorted(times)[18] < 0.4
            begun = time.monotonic()
            for id in ids:
                client.cancel(id)
            for id in ids:
                with pytest.raises(RpcError):
                    client.result(id)
            assert time.monotonic() - begun < 2.0
        finally:
            client.__exit__(None, None, None)


def test_chat_streams_a_models_words(tmp_path: Path, root: Path) -> None:
    with model_server(say("It subtracts, see calc.py:5.")) as server:
        client = configured(tmp_path, root, server.url)
        try:
            params = {
                "message": "what does add do?",
                "mode": "ask",
                "context": [],
                "history": [],
                "partialResultToken": "c1",
            }
            result = client.request("treewright/chat", params)
            parts = [
                p["value"] for p in client.all_notifications("$/progress") if p["token"] == "c1"
            ]
        finally:
            client.__exit__(None, None, None)
    assert result["text"] == "It subtracts, see calc.py:5."
    assert "".join(p["text"] for p in parts if p["kind"] == "text") == result["text"]
    assert [c["place"]["path"] for c in result["citations"]] == ["calc.py"]
    assert not {t["function"]["name"] for t in server.requests[0].get("tools", [])} & {
        "edit_file",
        "run_command",
    }
    assert json.dumps(result)


def test_a_failing_test_is_mended_from_its_code_action(client: LspClient, root: Path) -> None:
    test = root / "test_calc.py"
    test.write_text(
        "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n    assert add(1, 1) == 2\n"
    )
    client.open(test)
    cursor = {"line": 4, "character": 8}
    actions = client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": test.as_uri()},
            "range": {"start": cursor, "end": cursor},
            "context": {"diagnostics": []},
        },
    )
    (action,) = [a for a in actions if a["title"] == "Fix this test with treewright"]
    assert client.request("codeAction/resolve", action) == action
    result = client.request("workspace/executeCommand", action["command"])
    assert (result["success"], result["source"]) == (True, "repair")
    assert "+    return a + b" in result["diff"]
    assert result["applied"]["applied"] is True
