"""treewright/… requests against a real server: review hunk by hunk, chat in parts, the graph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, RpcError

pytestmark = pytest.mark.e2e

PRICES = """import os
import json


def total(prices):
    \"\"\"Sum of all prices.\"\"\"
    return sum(prices)
"""
CART = """from prices import total


def checkout(cart):
    return total(cart)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "prices.py").write_text(PRICES)
    (root / "cart.py").write_text(CART)
    return root


@pytest.fixture
def client(tmp_path: Path, root: Path) -> Iterator[LspClient]:
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(root)
        client.wait_index()
        yield client


def _span(first: int, last: int) -> dict[str, Any]:
    return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}


def _parts(client: LspClient, token: str) -> list[dict[str, Any]]:
    return [p["value"] for p in client.all_notifications("$/progress") if p["token"] == token]


def test_status_says_what_is_indexed_and_is_told_again(client: LspClient, root: Path) -> None:
    status = client.request("treewright/status", {"notify": True})
    assert status["ready"]
    assert status["folders"][0]["files"] == 2
    assert status["model"]["state"] == "none"
    client.open(root / "prices.py")
    _fix(client, root)
    told = client.wait_notification("treewright/status", lambda s: s["proposals"] == 1)
    assert told["ready"]


def test_no_status_is_sent_to_those_who_did_not_ask(client: LspClient, root: Path) -> None:
    client.open(root / "prices.py")
    _fix(client, root)
    client.request("treewright/proposals/list", {})
    assert client.all_notifications("treewright/status") == []


def _fix(client: LspClient, root: Path) -> dict[str, Any]:
    """The proposal of the first quick fix in prices.py, by the data of its action."""
    document = {"uri": (root / "prices.py").as_uri()}
    pulled = client.request("textDocument/diagnostic", {"textDocument": document})
    context = {"diagnostics": pulled["items"], "only": ["quickfix"]}
    actions = client.request(
        "textDocument/codeAction",
        {"textDocument": document, "range": _span(0, 1), "context": context},
    )
    return client.request("treewright/proposals/get", actions[0]["data"])


def test_a_fix_is_reviewed_hunk_by_hunk(client: LspClient, root: Path) -> None:
    uri = client.open(root / "prices.py")
    proposal = _fix(client, root)
    (file,) = proposal["changes"]
    (hunk,) = file["hunks"]
    assert (file["uri"], file["path"], file["kind"]) == (uri, "prices.py", "edit")
    assert file["hash"] == hashlib.sha256(PRICES.encode()).hexdigest()
    assert hunk["oldText"] == "import os\n"
    assert hunk["newText"] == ""
    assert {check["status"] for check in proposal["report"]["checks"]} <= {"ok", "skipped"}
    assert [p["id"] for p in client.request("treewright/proposals/list", {})] == [proposal["id"]]

    client.change(uri, ((0, 0, 1, 0), ""))
    settled = client.request(
        "treewright/proposals/settle",
        {"proposal": proposal["id"], "accepted": [hunk["id"]], "final": True},
    )
    assert settled == {"state": "accepted", "closure": []}


def test_a_stale_proposal_says_so_and_is_planned_again(client: LspClient, root: Path) -> None:
    uri = client.open(root / "prices.py")
    old = _fix(client, root)
    client.change(uri, ((0, 0, 0, 0), "# new\n"))
    again = client.request("treewright/proposals/get", {"proposal": old["id"]})
    assert again["stale"] == ["prices.py"]
    fresh = client.request("treewright/proposals/refresh", {"proposal": old["id"]})
    if fresh["proposal"] is None:  # the offsets of the rule mean other text now: refused, said why
        assert fresh["refused"]["reason"]
    else:
        assert fresh["proposal"]["stale"] == []
    states = {p["id"]: p["state"] for p in client.request("treewright/proposals/list", {})}
    assert states[old["id"]] == "expired"


def test_unknown_proposals_and_hunks_are_refused(client: LspClient, root: Path) -> None:
    client.open(root / "prices.py")
    proposal = _fix(client, root)
    for method, params in [
        ("treewright/proposals/get", {"proposal": "none"}),
        ("treewright/proposals/settle", {"proposal": "none"}),
        ("treewright/proposals/settle", {"proposal": proposal["id"], "accepted": ["9/9"]}),
        ("treewright/propose", {"operation": "no_such_operation", "arguments": {}}),
        ("treewright/chat", {"message": 5}),
    ]:
        with pytest.raises(RpcError) as error:
            client.request(method, params)
        assert error.value.code == -32602, method


def test_an_answer_comes_in_parts_and_whole(client: LspClient, root: Path) -> None:
    params = {"message": "Who calls total?", "partialResultToken": "t"}
    result = client.request("treewright/chat", params)
    parts = _parts(client, "t")
    assert parts[0]["kind"] == "rung"
    assert "".join(p["text"] for p in parts if p["kind"] == "text") == result["text"]
    assert "`checkout`" in result["text"]
    assert result["rung"] == "guide"
    cited = [c["place"]["path"] for c in result["citations"]]
    assert "cart.py" in cited
    assert parts[-1]["kind"] == "cost"
    assert client.request("treewright/chat", {"message": "total"})["text"], "without a token too"


def test_a_request_about_a_selection_gives_a_proposal_or_says_what_to_do(
    client: LspClient, root: Path
) -> None:
    uri = client.open(root / "cart.py")
    answer = client.request(
        "treewright/edit",
        {
            "textDocument": {"uri": uri},
            "range": _span(3, 5),
            "instruction": "make it sparkle in a way that no rule knows",
        },
    )
    assert answer["proposal"] is None
    assert answer["refused"]["reason"]
    assert answer["refused"]["guide"].startswith("# make it sparkle")


def test_the_graph_around_a_symbol(client: LspClient, root: Path) -> None:
    uri = client.open(root / "prices.py")
    found = client.request(
        "treewright/neighbourhood",
        {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 5}},
    )
    names = {node["id"]: (node["name"], node["depth"]) for node in found["nodes"]}
    assert names[found["centre"]] == ("total", 0)
    assert ("checkout", -1) in names.values()
    (edge,) = [e for e in found["edges"] if e["kind"] == "call"]
    assert edge["place"]["path"] == "cart.py"
    assert edge["place"]["range"]["start"]["line"] == 4


def test_search_gives_places(client: LspClient, root: Path) -> None:
    found = client.request("treewright/search", {"query": "sum of all prices", "limit": 5})
    assert "prices.py" in [row["place"]["path"] for row in found]
    like = {"uri": (root / "prices.py").as_uri(), "range": _span(0, 7)}
    similar = client.request("treewright/search", {"query": PRICES, "limit": 5, "like": like})
    assert "prices.py" not in [row["place"]["path"] for row in similar]


def test_nothing_is_changed_in_a_workspace_that_is_not_trusted(tmp_path: Path, root: Path) -> None:
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(root, options={"agent": {"trusted": False}})
        client.wait_index()
        uri = client.open(root / "cart.py")
        assert not client.request("treewright/status", {})["trusted"]
        edit = {"textDocument": {"uri": uri}, "range": _span(0, 1), "instruction": "x"}
        for method, params in [
            ("treewright/edit", edit),
            ("treewright/chat", {"message": "change it", "mode": "task"}),
            ("treewright/propose", {"operation": "replace_text", "arguments": {}}),
        ]:
            with pytest.raises(RpcError, match="not trusted"):
                client.request(method, params)
        assert client.request("treewright/chat", {"message": "total"})["text"]
