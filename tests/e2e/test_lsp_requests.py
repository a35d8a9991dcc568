"""Each reading request over the wire, in the shapes that LSP names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters
from lsprotocol import types as lsp

from tests.support.lsp_client import FULL_CAPABILITIES, LspClient, workspace

pytestmark = pytest.mark.e2e

CONVERTER = converters.get_converter()

FILES = {
    "shop/__init__.py": "",
    "shop/model.py": (
        "class Base:\n"
        '    """Everything."""\n\n'
        "    def price(self, amount: int, tax: float = 0.2) -> int:\n"
        '        """What it costs."""\n'
        "        return amount\n\n\n"
        "class Book(Base):\n"
        "    def price(self, amount: int, tax: float = 0.2) -> int:\n"
        "        return amount * 2\n"
    ),
    "shop/till.py": (
        "from shop.model import Base, Book\n\n\n"
        "def total(book: Book) -> int:\n"
        "    return book.price(3)\n\n\n"
        "def main():\n"
        "    book = Book()\n"
        "    total(book)\n"
        "    total(\n"
        "        book\n"
        "    )\n"
    ),
    "tests/test_till.py": (
        "from shop.till import total\n\n\ndef test_total():\n    assert total(None) == 6\n"
    ),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    given = {**FULL_CAPABILITIES, "textDocument": {**FULL_CAPABILITIES["textDocument"]}}
    given["textDocument"]["completion"] = {
        "completionItem": {
            "documentationFormat": ["markdown"],
            "resolveSupport": {"properties": ["documentation", "additionalTextEdits"]},
        }
    }
    given["textDocument"]["foldingRange"] = {"lineFoldingOnly": True}
    with workspace(tmp_path_factory.mktemp("requests"), FILES, capabilities=given) as found:
        yield found


def ask(client: LspClient, method: str, params: Any) -> Any:
    """The answer, which must have the shape that lsprotocol knows for it."""
    answer = client.request(method, params)
    kind = lsp.METHOD_TO_TYPES[method][1]
    CONVERTER.structure({"jsonrpc": "2.0", "id": 1, "result": answer}, kind)
    return answer


def at(client: LspClient, root: Path, name: str, text: str, cursor: str, **more: Any) -> Any:
    """The position in a file of `cursor` inside the first occurrence of `text`."""
    data = (root / name).read_text()
    offset = data.index(text) + text.index(cursor)
    line = data.count("\n", 0, offset)
    return client.at(
        (root / name).as_uri(), line, offset - (data.rfind("\n", 0, offset) + 1), **more
    )


def lines(places: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return sorted(
        (
            Path(place.get("targetUri") or place["uri"]).name,
            (place.get("targetSelectionRange") or place["range"])["start"]["line"],
        )
        for place in places
    )


def test_places(session: tuple[LspClient, Path]) -> None:
    client, root = session
    use = at(client, root, "shop/till.py", "book.price(3)", "price")
    assert lines(ask(client, "textDocument/definition", use)) == [("model.py", 9)]
    assert lines(ask(client, "textDocument/declaration", use)) == [("model.py", 9)]
    base = at(client, root, "shop/model.py", "def price", "price")
    assert lines(ask(client, "textDocument/implementation", base)) == [("model.py", 9)]
    root_class = at(client, root, "shop/till.py", "import Base", "Base")
    assert lines(ask(client, "textDocument/implementation", root_class)) == [("model.py", 8)]
    variable = at(client, root, "shop/till.py", "total(book)", "book")
    assert lines(ask(client, "textDocument/typeDefinition", variable)) == [("model.py", 8)]


def test_call_hierarchy(session: tuple[LspClient, Path]) -> None:
    client, root = session
    place = at(client, root, "shop/till.py", "def total", "total")
    (item,) = ask(client, "textDocument/prepareCallHierarchy", place)
    assert item["name"] == "total"
    incoming = ask(client, "callHierarchy/incomingCalls", {"item": item})
    assert {(call["from"]["name"], len(call["fromRanges"])) for call in incoming} == {
        ("main", 2), ("test_total", 1),
    }  # fmt: skip
    (price,) = ask(client, "callHierarchy/outgoingCalls", {"item": item})
    assert price["to"]["name"] == "price"
    again = ask(client, "callHierarchy/incomingCalls", {"item": price["to"]})
    assert [call["from"]["name"] for call in again] == ["total"]
    nothing = at(client, root, "shop/till.py", "return", "return")
    assert ask(client, "textDocument/prepareCallHierarchy", nothing) is None


def test_type_hierarchy(session: tuple[LspClient, Path]) -> None:
    client, root = session
    place = at(client, root, "shop/model.py", "Book(Base)", "Book")
    (item,) = ask(client, "textDocument/prepareTypeHierarchy", place)
    (base,) = ask(client, "typeHierarchy/supertypes", {"item": item})
    assert base["name"] == "Base"
    assert [t["name"] for t in ask(client, "typeHierarchy/subtypes", {"item": base})] == ["Book"]


def test_an_item_of_text_that_has_changed_is_nothing(session: tuple[LspClient, Path]) -> None:
    client, root = session
    place = at(client, root, "shop/model.py", "Book(Base)", "Book")
    (item,) = ask(client, "textDocument/prepareTypeHierarchy", place)
    moved = {
        **item,
        "selectionRange": {
            "start": {"line": 0, "character": 0},
            "end": {"line": 0, "character": 1},
        },
    }
    assert ask(client, "typeHierarchy/supertypes", {"item": moved}) == []


def test_completion_and_its_import(session: tuple[LspClient, Path]) -> None:
    client, root = session
    uri = client.open(root / "shop" / "new.py", "import os\n\nboo\nBoo\n")
    answer = ask(client, "textDocument/completion", client.at(uri, 3, 3))
    item = next(item for item in answer["items"] if item["label"] == "Book")
    assert item["textEdit"]["range"]["start"] == {"line": 3, "character": 0}
    assert "additionalTextEdits" not in item
    resolved = ask(client, "completionItem/resolve", item)
    assert "class Book(Base)" in resolved["documentation"]["value"]
    if "additionalTextEdits" in resolved:
        (edit,) = resolved["additionalTextEdits"]
        assert "from shop.model import Book" in edit["newText"]
    client.change(uri, ((2, 0, 2, 3), "from shop.model import Book\nBook()."))
    members = ask(client, "textDocument/completion", client.at(uri, 3, 7))
    assert [item["label"] for item in members["items"]] == ["price"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_signature_help(session: tuple[LspClient, Path]) -> None:
    client, root = session
    uri = client.open(root / "shop" / "call.py", "from shop.model import Book\n\nBook().price(1, ")
    answer = ask(client, "textDocument/signatureHelp", client.at(uri, 2, 16))
    (signature,) = answer["signatures"]
    assert signature["label"] == "def price(amount: int, tax: float = 0.2) -> int"
    active = signature["parameters"][answer["activeParameter"]]["label"]
    assert active == "tax: float = 0.2"
    assert ask(client, "textDocument/signatureHelp", client.at(uri, 0, 3)) is None
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_folding_and_selection(session: tuple[LspClient, Path]) -> None:
    client, root = session
    document = {"textDocument": {"uri": (root / "shop" / "till.py").as_uri()}}
    folds = ask(client, "textDocument/foldingRange", document)
    assert {(fold["startLine"], fold["endLine"]) for fold in folds} >= {(3, 4), (7, 12), (10, 11)}
    assert all("startCharacter" not in fold for fold in folds)
    positions = [{"line": 4, "character": 16}, {"line": 9, "character": 5}]
    ranges = ask(client, "textDocument/selectionRange", {**document, "positions": positions})
    assert len(ranges) == 2
    depth, inner = 0, ranges[0]
    while inner:
        depth, inner = depth + 1, inner.get("parent")
    assert depth >= 5


def test_semantic_tokens(session: tuple[LspClient, Path]) -> None:
    client, root = session
    uri = client.open(root / "shop" / "tokens.py", "x = 1\n\n\ndef f(a):\n    return a + x\n")
    document = {"textDocument": {"uri": uri}}
    whole = ask(client, "textDocument/semanticTokens/full", document)
    assert len(whole["data"]) % 5 == 0
    assert len(whole["data"]) == 5 * 5
    range_ = {"start": {"line": 3, "character": 0}, "end": {"line": 4, "character": 0}}
    part = ask(client, "textDocument/semanticTokens/range", {**document, "range": range_})
    assert len(part["data"]) == 2 * 5
    client.change(uri, ((4, 11, 4, 12), "b"))
    delta = {**document, "previousResultId": whole["resultId"]}
    changed = ask(client, "textDocument/semanticTokens/full/delta", delta)
    data = list(whole["data"])
    for edit in reversed(changed["edits"]):
        data[edit["start"] : edit["start"] + edit["deleteCount"]] = edit.get("data", [])
    fresh = ask(client, "textDocument/semanticTokens/full", document)
    assert data == fresh["data"]
    assert data != whole["data"]
    unknown = {**document, "previousResultId": "nope"}
    assert ask(client, "textDocument/semanticTokens/full/delta", unknown)["data"] == fresh["data"]
    client.notify("textDocument/didClose", document)


def test_links_lenses_and_hints(session: tuple[LspClient, Path]) -> None:
    client, root = session
    document = {"textDocument": {"uri": (root / "shop" / "till.py").as_uri()}}
    (link,) = ask(client, "textDocument/documentLink", document)
    assert link["target"] == (root / "shop" / "model.py").as_uri()
    lenses = ask(client, "textDocument/codeLens", document)
    assert all("command" not in lens for lens in lenses)
    titles = [ask(client, "codeLens/resolve", lens)["command"]["title"] for lens in lenses]
    assert titles == ["4 references", "1 test", "0 references", "0 tests"]
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    hints = ask(client, "textDocument/inlayHint", {**document, "range": whole})
    assert [hint["label"] for hint in hints] == ["amount="]


def test_a_symbol_is_resolved(session: tuple[LspClient, Path]) -> None:
    client, _ = session
    (found,) = ask(client, "workspace/symbol", {"query": "Book"})
    assert ask(client, "workspaceSymbol/resolve", found)["location"] == found["location"]


def test_pulled_diagnostics(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "main.py": "from pkg import nowhere\n\nprint(nowhere)\n"}
    given = {**FULL_CAPABILITIES, "textDocument": {"diagnostic": {}}}
    with workspace(tmp_path, files, capabilities=given) as (client, root):
        uri = client.open(root / "main.py")
        document = {"textDocument": {"uri": uri}}
        answer = ask(client, "textDocument/diagnostic", document)
        assert answer["kind"] == "full"
        assert [d["code"] for d in answer["items"]] == ["unresolved-import"]
        again = {**document, "previousResultId": answer["resultId"]}
        assert ask(client, "textDocument/diagnostic", again)["kind"] == "unchanged"
        client.change(uri, (None, "print(1)\n"))
        assert ask(client, "textDocument/diagnostic", again)["items"] == []
        assert client.all_notifications("textDocument/publishDiagnostics") == []


def test_pushed_diagnostics(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "main.py": "from pkg import nowhere\n\nprint(nowhere)\n"}
    settings = {"lint": {"delayMs": 10}}
    with workspace(tmp_path, files, settings=settings) as (client, root):
        uri = client.open(root / "main.py")
        pushed = "textDocument/publishDiagnostics"
        params = client.wait_notification(pushed, lambda p: p["diagnostics"])
        assert [d["code"] for d in params["diagnostics"]] == ["unresolved-import"]
        assert params["version"] == 1
        client.change(uri, (None, "print(1)\n"))
        client.wait_notification(pushed, lambda p: p["diagnostics"] == [] and p["version"] == 2)


def test_files_that_are_about_to_be_renamed(session: tuple[LspClient, Path]) -> None:
    client, root = session
    files = [
        {
            "oldUri": (root / "shop" / "model.py").as_uri(),
            "newUri": (root / "shop" / "things.py").as_uri(),
        }
    ]
    edit = ask(client, "workspace/willRenameFiles", {"files": files})
    (change,) = edit["documentChanges"]
    assert change["textDocument"]["uri"] == (root / "shop" / "till.py").as_uri()
    assert [e["newText"] for e in change["edits"]] == ["shop.things"]
    other = [{"oldUri": (root / "x.txt").as_uri(), "newUri": (root / "y.txt").as_uri()}]
    assert ask(client, "workspace/willRenameFiles", {"files": other}) is None


def test_files_that_are_about_to_be_created_and_deleted(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/a.py": "x = 1\n",
        "main.py": "from pkg import a\nfrom pkg.a import x\n\nprint(x)\n",
    }
    with workspace(tmp_path, files) as (client, root):
        new = [{"uri": (root / "pkg" / "sub" / "b.py").as_uri()}]
        edit = ask(client, "workspace/willCreateFiles", {"files": new})
        assert edit["documentChanges"][0] == {
            "kind": "create",
            "uri": (root / "pkg" / "sub" / "__init__.py").as_uri(),
        }
        gone = [{"uri": (root / "pkg" / "a.py").as_uri()}]
        edit = ask(client, "workspace/willDeleteFiles", {"files": gone})
        (change,) = edit["documentChanges"]
        assert change["textDocument"]["uri"] == (root / "main.py").as_uri()
        assert [e["range"]["end"]["line"] for e in change["edits"]] == [1]
        message = client.wait_notification("window/showMessage")["message"]
        assert "main.py:2: from pkg.a import x" in message
