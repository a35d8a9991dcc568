"""docs/protocol.md is the truth: each request, parameter, answer and part of a real server's is on it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer, say, uses
from tests.support.protocol_page import Page
from treewright_server.commands import COMMANDS
from treewright_server.handlers import HANDLERS

SHOP = {
    "prices.py": "import os\nimport json\n\n\ndef total(prices):\n    return sum(prices)\n",
    "cart.py": "from prices import total\n\n\ndef checkout(cart):\n    return total(cart)\n",
}


@pytest.fixture(scope="module")
def page() -> Page:
    return Page.read()


def test_every_request_and_command_is_on_the_page(page: Page) -> None:
    known = {row.method for row in HANDLERS if row.method.startswith("treewright/")}
    assert known == {*page.methods(), "treewright/modules"}
    named = set(re.findall(r"`(?:treewright)?\.?(\.?[\w.]+)`", page.text))
    for command in COMMANDS:
        short = command.removeprefix("treewright.")
        assert {command, short, f".{short}"} & {*named, *(f"treewright.{n}" for n in named)}, (
            command
        )
    mentioned = set(re.findall(r"treewright/[a-z]+(?:/[a-z]+)?", page.text))
    assert mentioned - known <= {"treewright/src"} | {m for m in mentioned if "handlers" in m}


def test_every_parameter_that_a_handler_reads_is_on_the_page(page: Page) -> None:
    n_checked = 0
    for row in HANDLERS:
        if row.method not in page.methods():
            continue
        module = importlib.import_module(f"treewright_server.handlers.{row.module}")
        kind = getattr(module, "Params", None) or getattr(module, "ChatParams", None)
        if kind is None:
            continue
        given, _ = page.methods()[row.method]
        assert {field.encode_name for field in msgspec.structs.fields(kind)} == page.fields[given]
        n_checked += 1
    assert n_checked >= 6


# -------------------------------------------------------------------- a session


class Session:
    """Every parameter that goes out and every answer that comes back is held against the page."""

    def __init__(self, client: LspClient, page: Page) -> None:
        self.client = client
        self._page = page
        self.asked: set[str] = set()

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        given, answered = self._page.methods()[method]
        assert self._page.unfit(params, given) == ""
        answer = self.client.request(method, params, timeout=30)
        assert self._page.unfit(answer, answered) == "", method
        self.asked.add(method)
        return answer

    def parts(self, token: str, kind: str) -> list[dict[str, Any]]:
        told = [
            p["value"] for p in self.client.all_notifications("$/progress") if p["token"] == token
        ]
        for part in told:
            assert self._page.unfit(part, kind) == ""
        return told


@pytest.fixture
def session(tmp_path: Path, page: Page) -> Iterator[tuple[Session, Path, ModelServer]]:
    root = tmp_path / "shop"
    root.mkdir()
    for name, text in SHOP.items():
        (root / name).write_text(text)
    model = ModelServer()
    environment = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted"}
    with LspClient(home=tmp_path / "home", env=environment) as client:
        client.initialize(root)
        client.wait_index()
        for name in SHOP:
            client.open(root / name)
        yield Session(client, page), root, model
    model.close()


@pytest.mark.e2e
def test_a_session_says_what_the_page_says(session: tuple[Session, Path, ModelServer]) -> None:
    talk, root, model = session
    prices = {"uri": (root / "prices.py").as_uri()}
    name = {"line": 4, "character": 5}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 5, "character": 0}}
    talk.ask("treewright/status", {"notify": True})

    rename = {**prices, "position": name, "new_name": "sum_up"}
    offered = talk.ask("treewright/propose", {"operation": "rename_symbol", "arguments": rename})
    proposal = offered["proposal"]
    assert {change["path"] for change in proposal["changes"]} == {"prices.py", "cart.py"}
    (first, *_) = talk.ask("treewright/proposals/list", {})
    assert first["id"] == proposal["id"]
    ids = [hunk["id"] for change in proposal["changes"] for hunk in change["hunks"]]
    settled = {"proposal": proposal["id"], "accepted": ids[:1], "rejected": [], "final": False}
    told = talk.ask("treewright/proposals/settle", {**settled, "verdict": "accepted"})
    assert set(told["closure"]) == set(ids[1:])
    talk.ask("treewright/proposals/get", {"proposal": proposal["id"]})
    talk.ask("treewright/proposals/refresh", {"proposal": proposal["id"]})
    moved = {"operation": "move_file", "arguments": {**prices, "new_path": "money/prices.py"}}
    talk.ask("treewright/propose", moved)
    refused = talk.ask(
        "treewright/propose",
        {"operation": "rename_symbol", "arguments": {**rename, "new_name": "not a name"}},
    )
    assert refused["refused"]["reason"]

    words = "remove unused imports"
    edit = {"textDocument": prices, "range": whole, "instruction": words}
    talk.ask("treewright/edit", {**edit, "partialResultToken": "edit"})
    talk.parts("edit", "ChatPart")
    model.then(say("It adds the prices: prices.py:5."))
    context = [
        {"kind": "file", **prices},
        {"kind": "selection", **prices, "range": whole},
        {"kind": "symbol", **prices, "range": whole, "name": "total"},
        {"kind": "diagnostics", **prices,
         "messages": [{"range": whole, "message": "unused", "code": "F401"}]},
    ]  # fmt: skip
    chat = {"message": "What does total do?", "context": context, "conversation": "c1"}
    talk.ask("treewright/chat", {**chat, "mode": "ask", "partialResultToken": "ask"})
    kinds = {part["kind"] for part in talk.parts("ask", "ChatPart")}
    assert kinds >= {"rung", "text", "cost"}
    change = {"file_path": "prices.py", "search": "import json\n", "replace": ""}
    model.then(uses(("edit_file", change)), uses(("finish", {"summary": "Without json"})))
    task = {"message": "Take out what nobody needs of json, please", "mode": "task"}
    history = [{"role": "user", "text": "Hello"}, {"role": "assistant", "text": "Hello."}]
    result = talk.ask("treewright/chat", {**task, "history": history, "partialResultToken": "task"})
    assert result["proposals"]
    assert {part["kind"] for part in talk.parts("task", "ChatPart")} >= {"step", "proposal"}

    search = {"query": "sum of prices", "limit": 5, "mode": "hybrid"}
    found = talk.ask("treewright/search", {**search, "partialResultToken": 7})
    assert found[0]["search"]
    talk.ask("treewright/search", {"query": "total", "like": {**prices, "range": whole}})
    for mode in ("around", "callers", "callees", "imports", "inheritance", "impact"):
        asked = {"textDocument": prices, "position": name, "mode": mode, "depth": 2, "limit": 50}
        talk.ask("treewright/neighbourhood", asked)
    assert talk.asked == set(Page.read().methods())
    status = talk.client.wait_notification("treewright/status")
    assert Page.read().unfit(status, "Status") == ""


@pytest.mark.e2e
def test_parts_of_a_search(session: tuple[Session, Path, ModelServer]) -> None:
    talk, _, _ = session
    talk.ask("treewright/search", {"query": "what adds the prices", "partialResultToken": "s"})
    stages = [part["stage"] for part in talk.parts("s", "SearchPart")]
    assert stages[-1] == "done"
    assert stages[0] == "words"


def test_what_the_page_does_not_name_is_found(page: Page) -> None:
    place = {"uri": "file:///a", "path": "a", "range": {
        "start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}}  # fmt: skip
    assert page.unfit(place, "Place") == ""
    assert "besides" in page.unfit({**place, "more": 1}, "Place")
    assert "lacks ['path']" in page.unfit({k: v for k, v in place.items() if k != "path"}, "Place")
    assert page.unfit([place], "Place[]") == ""
    assert "is no string" in page.unfit([{**place, "uri": 3}], "Place[]")
    assert page.unfit({"kind": "text", "text": "a"}, "ChatPart") == ""
    assert page.unfit({"kind": "other", "text": "a"}, "ChatPart")
