"""Finding by meaning over the wire: in parts, behind a prefix, and from the menu at the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, RpcError

pytestmark = pytest.mark.e2e

FILES = {
    "pay.py": "def charge_card(card, amount):\n    for attempt in range(3):\n"
    "        if send_money(card, amount):\n            return True\n    return False\n",
    "refund.py": "def refund_card(card, amount):\n    for attempt in range(5):\n"
    "        if send_money(card, -amount):\n            return True\n    return False\n",
    "paint.py": "def draw_circle(canvas, radius):\n    canvas.arc(0, 0, radius)\n",
    "tests/test_pay.py": "from pay import charge_card\n\n\ndef test_charging():\n"
    "    assert charge_card('x', 1)\n",
}
CHARGE = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[LspClient]:
    resolvable = {"resolveSupport": {"properties": ["edit", "command"]}, "dataSupport": True}
    literals = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
    with LspClient(home=tmp_path_factory.mktemp("home")) as client:
        client.initialize(
            root, capabilities={"textDocument": {"codeAction": {**resolvable, **literals}}}
        )
        client.wait_index()
        yield client


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["symbol"] for row in rows]


def test_results_come_in_parts(client: LspClient) -> None:
    params = {"query": "charge card amount", "limit": 5, "partialResultToken": "s1"}
    rows = client.request("treewright/search", params)
    told = [p["value"] for p in client.all_notifications("$/progress") if p["token"] == "s1"]
    assert rows[0]["symbol"] == "charge_card"
    assert [part["stage"] for part in told][-1] == "done"
    assert isinstance(told[-1]["notes"], list)
    assert all(_names(part["results"]) for part in told[:-1])


def test_symbols_behind_a_question_mark_are_found_by_what_they_do(client: LspClient) -> None:
    found = client.request("workspace/symbol", {"query": "?draw a circle on the canvas"})
    assert found[0]["name"] == "draw_circle"
    assert found[0]["location"]["range"]["start"]["line"] == 0
    assert client.request("workspace/symbol", {"query": "?"}) == []


def _actions(client: LspClient, root: Path, **context: Any) -> list[dict[str, Any]]:
    uri = (root / "pay.py").as_uri()
    params = {
        "textDocument": {"uri": uri}, "range": CHARGE, "context": {"diagnostics": [], **context},
    }  # fmt: skip
    return [
        action
        for action in client.request("textDocument/codeAction", params)
        if action.get("kind", "").startswith("treewright.find")
    ]


def test_the_menu_finds_similar_code_and_tests_when_picked(client: LspClient, root: Path) -> None:
    assert _actions(client, root) == []  # a lamp at every line helps nobody
    similar, tests = _actions(client, root, triggerKind=1)
    assert "command" not in similar
    command = client.request("codeAction/resolve", similar)["command"]
    assert command["command"] == "treewright.showReferences"
    places = [Path(each["uri"]).name for each in command["arguments"][2]]
    assert places[0] == "refund.py"
    assert "pay.py" not in places
    command = client.request("codeAction/resolve", tests)["command"]
    assert [Path(each["uri"]).name for each in command["arguments"][2]] == ["test_pay.py"]
    only = _actions(client, root, only=["treewright.find.tests"])
    assert [action["title"] for action in only] == ["Find tests for this"]


def test_the_same_as_commands(client: LspClient, root: Path) -> None:
    given = {"uri": (root / "pay.py").as_uri(), "range": CHARGE}
    rows = client.request(
        "workspace/executeCommand", {"command": "treewright.similar", "arguments": [given]}
    )
    assert _names(rows)[0] == "refund_card"
    rows = client.request(
        "workspace/executeCommand", {"command": "treewright.testsFor", "arguments": [given]}
    )
    assert _names(rows) == ["test_charging"]
    with pytest.raises(RpcError, match="range"):
        client.request(
            "workspace/executeCommand",
            {"command": "treewright.similar", "arguments": [{"uri": given["uri"]}]},
        )
