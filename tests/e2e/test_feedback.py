"""Feedback end to end: what a user does in an editor, and what stands in the store afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, RpcError
from treewright_agent.calls import Call
from treewright_agent.feedback import FeedbackStore, Outcome, ProposalRow
from treewright_agent.feedback.rules import decide, mine

pytestmark = pytest.mark.e2e

PRICES = "import os\n\n\ndef total(prices):\n    return sum(prices)\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "prices.py").write_text(PRICES)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def client(tmp_path: Path, root: Path) -> Iterator[LspClient]:
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(root)
        client.wait_index()
        yield client


def recorded(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore.open(tmp_path / "home" / "data")


def command(client: LspClient, name: str, **arguments: Any) -> Any:
    return client.request(
        "workspace/executeCommand", {"command": f"treewright.{name}", "arguments": [arguments]}
    )


def quick_fix(client: LspClient, root: Path) -> dict[str, Any]:
    document = {"uri": (root / "prices.py").as_uri()}
    pulled = client.request("textDocument/diagnostic", {"textDocument": document})
    span = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    context = {"diagnostics": pulled["items"], "only": ["quickfix"]}
    params = {"textDocument": document, "range": span, "context": context}
    actions = client.request("textDocument/codeAction", params)
    return client.request("codeAction/resolve", actions[0])


def applied(text: str, action: dict[str, Any]) -> str:
    """`text` with the action's edits of whole lines."""
    (change,) = action["edit"]["documentChanges"]
    lines = text.splitlines(keepends=True)
    for edit in reversed(change["edits"]):
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["character"] == end["character"] == 0
        lines[start["line"] : end["line"]] = [edit["newText"]]
    return "".join(lines)


def latest(store: FeedbackStore, n: int = -1) -> ProposalRow | None:
    rows = list(store.proposals())
    return rows[n] if rows else None


def test_a_fix_is_accepted_committed_and_undone(
    client: LspClient, root: Path, tmp_path: Path
) -> None:
    uri = client.open(root / "prices.py")
    action = quick_fix(client, root)
    edited = applied(PRICES, action)
    assert "import os" not in edited
    client.change(uri, (None, edited))
    (root / "prices.py").write_text(edited)
    with recorded(tmp_path) as store:
        client.eventually(lambda: (row := latest(store)) and row.outcome == "accepted")
        (row,) = store.proposals()
        assert row.recipe == action["data"]["recipe"]
        assert row.seconds is not None
        time.sleep(1.1)  # commits count whole seconds
        git(root, "commit", "-q", "-a", "-m", "without os")
        # Saved: a commit is looked for twenty seconds later, or when the server starts anew.
        client.shutdown()
    with LspClient(home=tmp_path / "home") as again:
        again.initialize(root)
        again.wait_index()
        uri = again.open(root / "prices.py", "import sys\n" + edited)
        action = quick_fix(again, root)  # the journal opens the store
        with recorded(tmp_path) as store:
            again.eventually(lambda: (row := latest(store, 0)) and "commit" in row.kept)
            assert store.stats()["still_standing"] == {"commit": 1.0}
            again.change(uri, (None, applied("import sys\n" + edited, action)))
            again.eventually(lambda: (row := latest(store)) and row.outcome == "accepted")
            again.change(uri, (None, "import sys\n" + edited))
            again.eventually(lambda: (row := latest(store)) and row.outcome == "reverted")
            row = latest(store)
            assert row is not None
            assert store.outcomes(row.id)[-2:] == [Outcome.ACCEPTED, Outcome.REVERTED]


def test_what_is_opened_of_a_search_and_how_an_answer_is_rated(
    client: LspClient, tmp_path: Path
) -> None:
    found = client.request("treewright/search", {"query": "total of prices"})
    assert found
    assert [row["result"] for row in found] == list(range(len(found)))
    search = found[0]["search"]
    last = len(found) - 1
    told = command(client, "feedback.search", search=search, result=last, action="opened")
    assert told == {"recorded": True}
    assert command(client, "feedback.search", search="none", result=0) == {"recorded": False}
    with pytest.raises(RpcError, match="result"):
        command(client, "feedback.search", search=search, result=999)
    answer = client.request("treewright/chat", {"message": "Where are prices added up?"})
    rated = command(client, "feedback.rate", subject=answer["id"], rating=1, comment="yes")
    assert rated == {"recorded": True}
    with recorded(tmp_path) as store:
        client.eventually(lambda: store.stats()["ratings"] == 1)
        (row,) = store.searches()
        assert row.query == "total of prices"
        assert (last, "opened") in row.uses
        assert {n for n, action in row.uses if action == "ignored"} == set(range(last))


def test_taste_orders_the_menu_and_an_approved_rule_is_in_it(tmp_path: Path) -> None:
    from tests.support.proposals import proposal_of

    root = tmp_path / "w"
    root.mkdir()
    text = "def f(v: Iterable[int]) -> bool:\n    return v == None\n"
    (root / "a.py").write_text(text)
    with recorded(tmp_path) as store:
        for n in range(40):
            module = ("typing", "collections.abc")[n % 2]
            proposal = proposal_of(f"p{n}", f"x{n} = 1\n", f"import y\nx{n} = 1\n")
            arguments = {"path": "/w/a.py", "module": module, "name": "Iterable"}
            object.__setattr__(proposal, "calls", (Call("add_import", arguments),))
            store.record_proposal(proposal, "/w")
            store.record_outcome(f"p{n}", "accepted" if module == "typing" else "rejected")
        for n, e in enumerate(("a", "b(2)", "c.d")):
            store.record_proposal(
                proposal_of(f"e{n}", f"y = {e} == None\n", f"y = {e} is None\n", source="model"), "/w"
            )  # fmt: skip
            store.record_outcome(f"e{n}", "accepted")
        (rule,) = mine(store)
        decide(store, rule.id, "approved")
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(root)
        client.wait_index()
        uri = client.open(root / "a.py")

        def menu(line: int, column: int, message: str) -> list[dict[str, Any]]:
            at = {"line": line, "character": column}
            span = {"start": at, "end": {"line": line, "character": column + 8}}
            context = {
                "diagnostics": [{"range": span, "message": message, "code": "F821"}]
                if message
                else []
            }
            return client.request(
                "textDocument/codeAction",
                {"textDocument": {"uri": uri}, "range": span, "context": context},
            )

        client.request("textDocument/codeAction", {"textDocument": {"uri": uri}, "range": {
            "start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            "context": {"diagnostics": []}})  # fmt: skip

        def first() -> str:
            imports = [a for a in menu(0, 9, "Undefined name `Iterable`") if "mport" in a["title"]]
            return imports[0]["title"] if imports else ""

        client.eventually(lambda: "typing" in first())
        imports = [a for a in menu(0, 9, "Undefined name `Iterable`") if "mport" in a["title"]]
        assert [bool(a.get("isPreferred")) for a in imports][:2] == [True, False]
        titles = [a["title"] for a in menu(1, 15, "")]
        assert "Write `$A is None` for `$A == None` in this file" in titles


def test_a_running_server_notices_what_is_promoted_and_rolled_back(
    client: LspClient, root: Path, tmp_path: Path
) -> None:
    """A rule that is approved on the command line is in the menu soon, and gone after a roll back."""
    from tests.support.proposals import proposal_of
    from treewright_agent.feedback import rules

    text = "def f(v):\n    return v == None\n"
    uri = client.open(root / "prices.py", text)

    def offered() -> bool:
        span = {"start": {"line": 1, "character": 12}, "end": {"line": 1, "character": 12}}
        params: dict[str, Any] = {
            "textDocument": {"uri": uri}, "range": span, "context": {"diagnostics": []},
        }  # fmt: skip
        titles = [each["title"] for each in client.request("textDocument/codeAction", params)]
        return "Write `$A is None` for `$A == None` in this file" in titles

    assert not offered()
    with recorded(tmp_path) as store:
        for n, e in enumerate(("a", "b(2)", "c.d")):
            made = proposal_of(f"e{n}", f"y = {e} == None\n", f"y = {e} is None\n", source="model")
            store.record_proposal(made, "/w")
            store.record_outcome(f"e{n}", "accepted")
        (rule,) = mine(store)
        decide(store, rule.id, "approved")
        client.eventually(offered)
        task = command(client, "task", instruction="apply my rules in prices.py", apply=False)
        assert task["success"]
        assert task["source"] == "recipe"
        assert "+    return v is None" in task["diff"]
        rules.rollback(store)
        client.eventually(lambda: not offered())


def test_a_model_that_passed_the_gate_answers_the_next_task(tmp_path: Path, root: Path) -> None:
    from tests.support.model_server import ModelServer, say
    from treewright_agent.feedback import versions

    model = ModelServer(otherwise=say("I do not know."))
    environment = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "shipped"}
    try:
        with LspClient(home=tmp_path / "home", env=environment) as client:
            client.initialize(root)
            client.wait_index()

            def asked() -> str:
                chat: dict[str, Any] = {
                    "message": "What is this?", "mode": "ask", "context": [], "history": [],
                }  # fmt: skip
                client.request("treewright/chat", chat)
                return str(model.requests[-1]["model"])

            assert asked() == "shipped"
            with recorded(tmp_path) as store:
                body = {"endpoint": model.url, "model": "tuned"}
                versions.promote(store, "model", versions.add(store, "model", body, {}), "test")
                assert asked() == "tuned"
                status = client.request("treewright/status", {})
                assert status["model"]["name"] == "tuned"
                versions.rollback(store, "model")
                assert asked() == "shipped"
    finally:
        model.close()


def test_each_of_two_models_is_told_apart_by_what_became_of_its_changes(
    tmp_path: Path, root: Path
) -> None:
    """A new model at a share of the tasks: the report has both rates."""
    from tests.support.model_server import ModelServer, use, uses
    from treewright_agent.feedback.report import report

    def changes(request: dict[str, Any]) -> Any:
        if any(message["role"] == "tool" for message in request["messages"]):
            return use("finish", summary="Better words")
        edit = {"file_path": "prices.py", "search": "sum(prices)", "replace": "0 + sum(prices)"}
        return uses(("edit_file", edit))

    model = ModelServer(otherwise=changes)
    shares = {"old": 0.5, "new": 0.5}
    endpoints = [
        {"id": name, "baseUrl": model.url, "model": "m", "share": share}
        for name, share in shares.items()
    ]
    try:
        settings = {"agent": {"endpoints": endpoints}}
        with LspClient(home=tmp_path / "home", settings=settings) as client:
            client.initialize(root)
            client.wait_index()
            for n in range(12):
                given = {"instruction": f"Say it in words {n}", "taskId": f"t{n}"}
                assert command(client, "task", apply=False, **given)["success"]
        with recorded(tmp_path) as store:
            asked = [row.model for row in store.proposals()]
            assert set(asked) == {"old (m)", "new (m)"}
            page = report(store)
    finally:
        model.close()
    assert "old (m)" in page
    assert "new (m)" in page


def test_a_task_of_the_command_line_is_recorded_where_an_editor_recorded(tmp_path: Path) -> None:
    root, home = tmp_path / "w", tmp_path / "home"
    root.mkdir()
    (root / "a.py").write_text("def total(items):\n    return sum(items)\n")
    environment = {**os.environ, "TREEWRIGHT_HOME": str(home)}

    def task(instruction: str, *argv: str) -> None:
        command = [sys.executable, "-m", "treewright_server", "task", str(root), instruction, *argv]
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)

    task("rename total to total_of")
    assert not (home / "data/feedback.sqlite3").exists()  # nobody has said that it may be
    with FeedbackStore.open(home / "data") as store:
        store.record_consent(str(root), "local")
    task("rename total to total_of")
    task("rename total to sum_of", "--write")
    with FeedbackStore.open(home / "data") as store:
        rows = list(store.proposals())
        assert [row.outcome.value for row in rows] == ["shown", "accepted"]
        assert "sum_of" in rows[1].final_diff or rows[1].diff
        store.record_consent(str(root), "off")
    task("rename sum_of to total", "--write")
    with FeedbackStore.open(home / "data") as store:
        assert len(list(store.proposals())) == 2
