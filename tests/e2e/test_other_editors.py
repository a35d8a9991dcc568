"""Clients that can do less: what each declares, and how the server behaves then.

Kate's declaration is what Kate 22.12 sent when it was tried; the others follow their documentation
and source. The client here applies edits as an editor of that kind does, in the encoding agreed on.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, RpcError, workspace

ROOT = Path(__file__).resolve().parents[2]
EDITORS = ROOT / "editors"

FILES = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/prices.py": 'def total(items):\n    """Sum of the prices, in €😋."""\n    return sum(items)\n',
    "shop/cart.py": (
        "from shop.prices import total\n\n\ndef show(items):\n    return '😋', total(items)\n"
    ),
    "shop/late.py": "def later(items):\n    return '😋', total(items)\n",
}

KINDS = ["quickfix", "refactor", "source"]
LITERALS = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": KINDS}}}

CLIENTS: dict[str, dict[str, Any]] = {
    "nothing at all": {},
    "kate": {
        "textDocument": {
            "codeAction": LITERALS,
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
            "hover": {"contentFormat": ["markdown", "plaintext"]},
            "publishDiagnostics": {"relatedInformation": True},
        },
        "window": {"workDoneProgress": True},
    },
    "helix": {
        "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {
                "documentChanges": True,
                "resourceOperations": ["create", "rename", "delete"],
            },
            "didChangeWatchedFiles": {"dynamicRegistration": True},
        },
        "textDocument": {
            "codeAction": {
                **LITERALS,
                "dataSupport": True,
                "disabledSupport": True,
                "isPreferredSupport": True,
                "resolveSupport": {"properties": ["edit", "command"]},
            },
            "rename": {"prepareSupport": True, "honorsChangeAnnotations": False},
        },
        "window": {"workDoneProgress": True},
    },
    "only edits, in UTF-32": {
        "general": {"positionEncodings": ["utf-32"]},
        "workspace": {"applyEdit": True},
        "textDocument": {"codeAction": LITERALS},
    },
}


def column(line: str, character: int, encoding: str) -> int:
    """A position's column as a Python index."""
    if encoding == "utf-32":
        return character
    if encoding == "utf-8":
        return len(line.encode()[:character].decode())
    return len(line.encode("utf-16-le")[: 2 * character].decode("utf-16-le"))


def applied(text: str, edits: list[dict[str, Any]], encoding: str) -> str:
    lines = text.splitlines(keepends=True)

    def offset(place: dict[str, int]) -> int:
        before = sum(len(line) for line in lines[: place["line"]])
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        return before + column(line, place["character"], encoding)

    for edit in sorted(edits, key=lambda e: offset(e["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


class Editor:
    """A client of the kind given: it applies what it can, and nothing that it did not declare."""

    def __init__(self, client: LspClient, root: Path, capabilities: Mapping[str, Any]) -> None:
        self.client, self.root = client, root
        edit: Mapping[str, Any] = capabilities.get("workspace", {}).get("workspaceEdit", {})
        self.document_changes = bool(edit.get("documentChanges"))
        offered = capabilities.get("general", {}).get("positionEncodings", ["utf-16"])
        self.encoding: str = offered[0]
        self.texts = {(root / name).as_uri(): text for name, text in FILES.items()}
        client.on_request["workspace/applyEdit"] = self._asked

    def text(self, name: str) -> str:
        return self.texts[(self.root / name).as_uri()]

    def apply(self, edit: dict[str, Any]) -> None:
        assert "changeAnnotations" not in edit
        assert ("documentChanges" in edit) == self.document_changes
        changes = edit.get("changes") or {
            each["textDocument"]["uri"]: each["edits"] for each in edit["documentChanges"]
        }
        for uri, edits in changes.items():
            assert all("annotationId" not in each for each in edits)
            self.texts[uri] = applied(self.texts[uri], edits, self.encoding)

    def _asked(self, params: Any) -> Any:
        self.apply(params["edit"])
        return {"applied": True}

    def actions(self, uri: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        context = {"diagnostics": [wanted]}
        params = {"textDocument": {"uri": uri}, "range": wanted["range"], "context": context}
        return self.client.request("textDocument/codeAction", params)


@pytest.fixture(params=list(CLIENTS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.e2e
def test_a_client_that_can_do_less_loses_nothing(tmp_path: Path, kind: str) -> None:
    given = CLIENTS[kind]
    with workspace(tmp_path, FILES, capabilities=given, wait=False) as (client, root):
        client.wait_index()
        editor = Editor(client, root, given)
        asked = {each["method"] for each in client.requests}
        progress = bool(given.get("window", {}).get("workDoneProgress"))
        assert ("window/workDoneProgress/create" in asked) <= progress
        assert ("workspace/configuration" in asked) == (kind == "helix")
        assert ("client/registerCapability" in asked) <= (kind == "helix")

        # Problems, and a fix that this client can take.
        late = client.open(root / "shop/late.py")
        told = client.wait_notification(
            "textDocument/publishDiagnostics",
            lambda p: p["uri"] == late and any(d.get("code") == "F821" for d in p["diagnostics"]),
        )
        (problem,) = (d for d in told["diagnostics"] if d.get("code") == "F821")
        actions = editor.actions(late, problem)
        action = next(a for a in actions if "shop.prices" in a["title"])
        if kind == "nothing at all":  # commands are all that it knows, and it applies no edits
            assert isinstance(action["command"], str)
            with pytest.raises(RpcError, match="does not apply edits for a server"):
                run(client, action["command"], *action["arguments"])
            diff = run(client, "treewright.preview", *action["arguments"])["diff"]
            assert "+from shop.prices import total" in diff
        else:
            if "edit" not in action:
                assert kind == "helix"
                action = client.request("codeAction/resolve", action)
            editor.apply(action["edit"])
            assert editor.text("shop/late.py") == (
                "from shop.prices import total\n\n\n" + FILES["shop/late.py"]
            )

        # A rename of several files, behind a character of two UTF-16 units.
        place = {"line": 4, "character": len_in("    return '😋', ", editor.encoding)}
        cart = client.open(root / "shop/cart.py")
        document = {"textDocument": {"uri": cart}, "position": place}
        where = client.request("textDocument/definition", document)
        assert '/shop/prices.py"' in json.dumps(where)
        assert "targetUri" not in json.dumps(where)  # no LocationLink: nobody said it is understood
        editor.apply(client.request("textDocument/rename", {**document, "newName": "sum_up"}))
        assert editor.text("shop/cart.py") == FILES["shop/cart.py"].replace("total", "sum_up")
        assert "def sum_up(items)" in editor.text("shop/prices.py")

        # What changes code by a command: applied, or refused in words; never half of it.
        arguments = {"uri": cart, "position": place, "new_name": "added_up"}
        before = dict(editor.texts)
        if given.get("workspace", {}).get("applyEdit"):
            editor.texts = {(root / name).as_uri(): text for name, text in FILES.items()}
            assert run(client, "treewright.rename_symbol", arguments)["applied"]
            assert "def added_up(items)" in editor.text("shop/prices.py")
        else:
            with pytest.raises(RpcError, match="does not apply edits for a server"):
                run(client, "treewright.rename_symbol", arguments)
            assert editor.texts == before
        # Answers that stream come whole where nobody asked for parts.
        chat: dict[str, Any] = {
            "message": "Who calls total?",
            "mode": "ask",
            "context": [],
            "history": [],
        }
        answer = client.request("treewright/chat", chat)
        assert "show" in answer["text"]
        assert client.shutdown() == 0
        assert {name: (root / name).read_text("utf-8") for name in FILES} == FILES  # never written


def run(client: LspClient, command: str, *arguments: Any) -> Any:
    given = {"command": command, "arguments": list(arguments)}
    return client.request("workspace/executeCommand", given)


def len_in(text: str, encoding: str) -> int:
    units = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
    name, width = units[encoding]
    return len(text.encode(name)) // width


# What ships for each editor


def without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("//"))


def shipped() -> dict[str, tuple[list[str], Any]]:
    """Editor -> the command line and the settings that its configuration names."""
    helix = tomllib.loads((EDITORS / "helix/languages.toml").read_text())
    own = helix["language-server"]["treewright"]
    kate = json.loads((EDITORS / "kate/settings.json").read_text())["servers"]["python"]
    zed = json.loads((EDITORS / "zed/settings.json").read_text())["lsp"]["pylsp"]
    sublime = json.loads((EDITORS / "sublime/LSP.sublime-settings").read_text())
    client = sublime["clients"]["treewright"]
    return {
        "helix": ([own["command"], *own["args"]], own["config"]),
        "kate": (kate["command"], kate["settings"]),
        "zed": ([zed["binary"]["path"], *zed["binary"]["arguments"]], zed["settings"]),
        "sublime": (client["command"], client["settings"]),
    }


def test_each_configuration_names_the_command_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "treewright" in project["scripts"]
    for editor, (command, _) in shipped().items():
        assert command == ["treewright", "serve"], editor


def test_helix_names_its_server_for_each_language_and_zed_and_sublime_name_theirs() -> None:
    helix = tomllib.loads((EDITORS / "helix/languages.toml").read_text())
    assert all("treewright" in each["language-servers"] for each in helix["language"])
    zed = json.loads((EDITORS / "zed/settings.json").read_text())
    assert set(zed["lsp"]) <= set(zed["languages"]["Python"]["language_servers"])


@pytest.mark.e2e
@pytest.mark.parametrize("editor", ["helix", "kate", "zed", "sublime"])
def test_the_settings_of_each_configuration_are_understood(tmp_path: Path, editor: str) -> None:
    _, settings = shipped()[editor]
    with workspace(tmp_path, FILES, capabilities={}, wait=False, options=settings) as (client, _):
        client.wait_index()
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        client.wait_index()
        assert client.all_notifications("window/showMessage") == []  # nothing to complain of
        client.notify(
            "workspace/didChangeConfiguration", {"settings": {"treewright": {"no": {"such": 1}}}}
        )
        client.wait_notification("window/showMessage", lambda p: "treewright.no" in p["message"])
