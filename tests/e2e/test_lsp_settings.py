"""Settings, folders, encodings, registrations and progress, as a client meets them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import FULL_CAPABILITIES, LspClient, RpcError, workspace

pytestmark = pytest.mark.e2e

FILES = {"a.py": "import os\n\n\nclass Alpha:\n    pass\n"}


def capabilities(**changes: Any) -> dict[str, Any]:
    """FULL_CAPABILITIES with `group__name=value`; None takes it out."""
    found: dict[str, Any] = {group: dict(value) for group, value in FULL_CAPABILITIES.items()}
    for path, value in changes.items():
        group, _, name = path.partition("__")
        found[group].pop(name, None)
        if value is not None:
            found[group][name] = value
    return found


def found(client: LspClient, query: str) -> list[str]:
    return [symbol["name"] for symbol in client.request("workspace/symbol", {"query": query})]


# Settings


def test_wrong_settings_are_named_and_the_rest_holds(tmp_path: Path) -> None:
    settings = {"lint": {"enable": "maybe", "delayMs": 5}, "nope": 1, "index": {"what": 2}}
    with workspace(tmp_path, FILES, settings=settings) as (client, _):
        for name in ("treewright.lint.enable", "treewright.nope", "treewright.index.what"):
            client.wait_notification("window/showMessage", lambda p, n=name: n in p["message"])
        assert found(client, "Alpha") == ["Alpha"]


@pytest.mark.parametrize("settings", [[1], "text", 7])
def test_a_section_that_is_no_object(tmp_path: Path, settings: Any) -> None:
    with workspace(tmp_path, FILES, settings=settings) as (client, _):
        client.wait_notification(
            "window/showMessage", lambda p: "must be an object" in p["message"]
        )
        assert found(client, "Alpha") == ["Alpha"]


def test_a_client_that_never_answers_about_its_configuration(tmp_path: Path) -> None:
    silent = ["workspace/configuration", "client/registerCapability"]
    with workspace(tmp_path, FILES, silent=silent) as (client, _):
        assert found(client, "Alpha") == ["Alpha"]


def test_an_answer_that_comes_late_is_taken_all_the_same(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, silent=["workspace/configuration"]) as (client, _):
        assert found(client, "Alpha") == ["Alpha"]
        asked = next(m for m in client.requests if m["method"] == "workspace/configuration")
        given = {"index": {"exclude": ["a.py"]}}
        client.send({"jsonrpc": "2.0", "id": asked["id"], "result": [given]})
        client.eventually(lambda: found(client, "Alpha") == [])


def test_pulled_again_when_it_changes(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, _):
        assert found(client, "Alpha") == ["Alpha"]
        client.settings = {"index": {"exclude": ["a.py"]}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.eventually(lambda: found(client, "Alpha") == [])


@pytest.mark.parametrize("wrapped", [True, False])
def test_pushed_by_a_client_that_cannot_be_asked(tmp_path: Path, wrapped: bool) -> None:
    given = capabilities(workspace__configuration=None)
    with workspace(tmp_path, FILES, capabilities=given) as (client, _):
        assert not [m for m in client.requests if m["method"] == "workspace/configuration"]
        settings: Any = {"index": {"exclude": ["a.py"]}, "wrong": 1}
        settings = {"treewright": settings} if wrapped else settings
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        client.eventually(lambda: found(client, "Alpha") == [])
        client.wait_notification("window/showMessage", lambda p: "treewright.wrong" in p["message"])


def test_initialization_options_stand_below_the_configuration(tmp_path: Path) -> None:
    options = {"treewright": {"index": {"exclude": ["a.py"]}}}
    with workspace(tmp_path / "one", FILES, options=options) as (client, _):
        assert found(client, "Alpha") == []
    with workspace(
        tmp_path / "two", FILES, options=options, settings={"index": {"exclude": []}}
    ) as (client, _):
        assert found(client, "Alpha") == ["Alpha"]


# Features


def test_a_feature_that_is_off_is_neither_announced_nor_answered(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "a.py").write_text(FILES["a.py"])
    with LspClient(home=tmp_path / "home") as client:
        answer = client.initialize(root, options={"features": {"hover": "off"}})
        assert "hoverProvider" not in answer["capabilities"]
        assert "definitionProvider" in answer["capabilities"]
        uri = client.open(root / "a.py")
        assert client.request("textDocument/hover", client.at(uri, 3, 7)) is None
        assert client.request("textDocument/definition", client.at(uri, 3, 7))


def test_features_are_switched_while_the_server_runs(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py")
        place = client.at(uri, 3, 7)
        assert client.request("textDocument/hover", place)
        client.settings = {"features": {"beside": ["basedpyright"]}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.eventually(lambda: client.request("textDocument/hover", place) is None)
        assert found(client, "Alpha") == ["Alpha"]
        client.settings = {"features": {"beside": ["basedpyright"], "hover": "on"}}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        client.eventually(lambda: client.request("textDocument/hover", place) is not None)


# Folders


def test_folders_come_and_go(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.py").write_text("class Beta: pass\n")
    with workspace(tmp_path, FILES) as (client, root):
        assert found(client, "Beta") == []
        event = {"added": [{"uri": other.as_uri(), "name": "other"}], "removed": []}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        client.eventually(lambda: found(client, "Beta") == ["Beta"])
        assert found(client, "Alpha") == ["Alpha"]
        event = {"added": [], "removed": [{"uri": root.as_uri(), "name": "workspace"}]}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        client.eventually(lambda: found(client, "Alpha") == [])
        assert found(client, "Beta") == ["Beta"]


def test_several_folders_from_the_start_and_one_that_is_missing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(f"class In_{name}: pass\n")
    folders = [tmp_path / "one", tmp_path / "two", tmp_path / "three"]
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(folders=folders)
        client.wait_indexed()
        assert sorted(found(client, "In_")) == ["In_one", "In_two"]
        client.wait_notification("window/showMessage", lambda p: "does not exist" in p["message"])


def test_no_folder_at_all(tmp_path: Path) -> None:
    file = tmp_path / "alone.py"
    file.write_text("def lonely(): pass\n")
    with LspClient(home=tmp_path / "home") as client:
        client.initialize()
        uri = client.open(file)
        document = {"textDocument": {"uri": uri}}
        assert client.request("textDocument/documentSymbol", document)[0]["name"] == "lonely"
        assert found(client, "lonely") == ["lonely"]
        assert client.request("textDocument/hover", client.at(uri, 0, 5))


# Files outside the editor


def test_changed_files_are_seen_when_the_client_says_so(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, settings={"index": {"watch": False}}) as (client, root):
        assert found(client, "Later") == []
        (root / "later.py").write_text("class Later: pass\n")
        (root / "a.py").unlink()
        changes = [
            {"uri": (root / "later.py").as_uri(), "type": 1},
            {"uri": (root / "a.py").as_uri(), "type": 3},
            {"uri": "untitled:1", "type": 1},
            {"type": 1},
        ]
        client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        client.eventually(lambda: found(client, "Later") == ["Later"])
        client.eventually(lambda: found(client, "Alpha") == [])


# What the client can do


def registered(client: LspClient) -> list[str]:
    return [
        item["method"]
        for message in client.requests
        if message["method"] == "client/registerCapability"
        for item in message["params"]["registrations"]
    ]


def test_registers_what_the_client_can_register(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, _):
        client.eventually(lambda: len(registered(client)) == 2)
        assert sorted(registered(client)) == [
            "workspace/didChangeConfiguration", "workspace/didChangeWatchedFiles",
        ]  # fmt: skip


def test_asks_nothing_of_a_client_that_can_do_nothing(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, capabilities={}, wait=False) as (client, root):
        uri = client.open(root / "a.py")
        document = {"textDocument": {"uri": uri}}
        symbols = client.request("textDocument/documentSymbol", document)
        assert "location" in symbols[0]  # flat
        client.eventually(lambda: found(client, "Alpha") == ["Alpha"])
        definition = client.request("textDocument/definition", client.at(uri, 3, 7))
        assert "uri" in definition[0]
        hover = client.request("textDocument/hover", client.at(uri, 3, 7))
        assert hover["contents"]["kind"] == "plaintext"
        assert client.requests == []
        assert client.all_notifications("$/progress") == []
        assert client.shutdown() == 0


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {"general": 3, "workspace": [], "textDocument": {"hover": "x", "codeAction": 1}},
        {"general": {"positionEncodings": ["ebcdic", 3]}},
        {"workspace": {"workspaceEdit": {"resourceOperations": [3]}}},
    ],
)
def test_capabilities_of_the_wrong_shape_count_as_none(tmp_path: Path, broken: Any) -> None:
    with LspClient(home=tmp_path / "home") as client:
        params = {"processId": None, "rootUri": None, "capabilities": broken}
        answer = client.request("initialize", params)
        assert answer["capabilities"]["positionEncoding"] == "utf-16"
        assert client.shutdown() == 0


def test_progress_is_shown_ends_once_and_never_goes_back(tmp_path: Path) -> None:
    files = {f"pkg/m{n}.py": f"def f{n}(): pass\n" for n in range(300)}
    with workspace(tmp_path, files) as (client, _):
        values = [p["value"] for p in client.all_notifications("$/progress")]
        kinds = [value["kind"] for value in values]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        assert kinds.count("begin") == kinds.count("end") == 1
        shares = [v["percentage"] for v in values if "percentage" in v]
        assert shares == sorted(shares)
        assert found(client, "f299") == ["f299"]


def test_progress_can_be_cancelled(tmp_path: Path) -> None:
    files = {f"pkg/m{n}.py": f"def f{n}(): pass\n" for n in range(50)}
    with workspace(tmp_path, files, wait=False) as (client, _):
        client.eventually(lambda: client.all_notifications("$/progress") != [])
        token = client.all_notifications("$/progress")[0]["token"]
        client.notify("window/workDoneProgress/cancel", {"token": token})
        client.notify("window/workDoneProgress/cancel", {"token": "unknown"})
        client.notify("window/workDoneProgress/cancel", {})
        client.wait_indexed()
        # What was not indexed is found all the same.
        assert found(client, "f7")[:1] == ["f7"]


def test_a_client_that_refuses_progress(tmp_path: Path) -> None:
    def refuse(_: Any) -> None:
        raise ValueError("no")

    root = tmp_path / "workspace"
    root.mkdir()
    (root / "a.py").write_text(FILES["a.py"])
    with LspClient(home=tmp_path / "home") as client:
        client.on_request["window/workDoneProgress/create"] = refuse
        client.initialize(root)
        client.eventually(lambda: found(client, "Alpha") == ["Alpha"])
        assert client.all_notifications("$/progress") == []


# Encodings and text sync


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_are_in_the_encoding_that_was_agreed_on(tmp_path: Path, encoding: str) -> None:
    given = capabilities(general__positionEncodings=["other", encoding])
    root = tmp_path / "workspace"
    root.mkdir()
    line = "x = '😋字é'; 字 = x"
    (root / "a.py").write_text(f"{line}\n", "utf-8")
    with LspClient(home=tmp_path / "home") as client:
        answer = client.initialize(root, capabilities=given)
        assert answer["capabilities"]["positionEncoding"] == encoding
        uri = client.open(root / "a.py")
        last = width(line[:-1], encoding)
        highlights = client.request("textDocument/documentHighlight", client.at(uri, 0, last))
        starts = sorted(h["range"]["start"]["character"] for h in highlights)
        assert starts == [0, last]
        place = width(line[: line.index("字 =")], encoding)
        hover = client.request("textDocument/hover", client.at(uri, 0, place))
        start, end = hover["range"]["start"]["character"], hover["range"]["end"]["character"]
        assert (start, end) == (place, place + width("字", encoding))


def width(text: str, encoding: str) -> int:
    if encoding == "utf-8":
        return len(text.encode())
    return len(text.encode("utf-16-le")) // 2 if encoding == "utf-16" else len(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_random_edits_leave_the_text_that_the_client_has(
    tmp_path: Path, encoding: str, newline: str
) -> None:
    """The server's text shows in its outline: every line defines a name of its own."""
    random_ = random.Random(f"{encoding}{newline!r}")
    given = capabilities(general__positionEncodings=[encoding])
    with workspace(tmp_path, FILES, capabilities=given) as (client, root):
        lines = [f"a{n} = '😋' # 字é{n}" for n in range(12)]
        uri = client.open(root / "edited.py", newline.join(lines) + newline)
        for step in range(120):
            at = random_.randrange(len(lines))
            old = lines[at]
            first, last = sorted(random_.choices(range(len(old) + 1), k=2))
            choice = random_.random()
            if choice < 0.4:  # a new name at the start of the line
                new = f"n{step}_字"
                end = old.index(" ") if " " in old else len(old)
                place, text, lines[at] = (0, end), new, new + old[end:]
            elif choice < 0.7:  # something inside a comment
                start = old.find("#")
                first, last = (
                    (max(first, start + 1), max(last, start + 1)) if start >= 0 else (0, 0)
                )
                text = random_.choice(["", "x", "😋", "\t", "\f", "é字"]) if start >= 0 else ""
                place, lines[at] = (first, last), old[:first] + text + old[last:]
            else:  # a new line in front
                text = f"b{step} = {step}{newline}"
                place = (0, 0)
                lines.insert(at, f"b{step} = {step}")
            columns = [width(old[:column], encoding) for column in place]
            client.change(uri, ((at, columns[0], at, columns[1]), text))
        document = {"textDocument": {"uri": uri}}
        symbols = client.request("textDocument/documentSymbol", document)
        names = [symbol["name"] for symbol in symbols]
        assert names == [line.split(" ")[0] for line in lines]
        rows = [symbol["selectionRange"]["start"]["line"] for symbol in symbols]
        assert rows == list(range(len(lines)))


def test_several_changes_in_one_message_build_on_each_other(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py", "one = 1\n")
        client.change(
            uri, ((0, 0, 0, 3), "two"), ((1, 0, 1, 0), "three = 3\n"), ((1, 0, 1, 5), "四")
        )
        document = {"textDocument": {"uri": uri}}
        symbols = client.request("textDocument/documentSymbol", document)
        assert [symbol["name"] for symbol in symbols] == ["two", "四"]
        client.change(uri, (None, "whole = 1\n"), ((0, 0, 0, 5), "part"))
        symbols = client.request("textDocument/documentSymbol", document)
        assert [symbol["name"] for symbol in symbols] == ["part"]


def test_closing_takes_the_text_on_disk_again(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py", "class Unsaved: pass\n")
        assert found(client, "Unsaved") == ["Unsaved"]
        assert found(client, "Alpha") == []
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.eventually(lambda: found(client, "Alpha") == ["Alpha"])
        assert found(client, "Unsaved") == []


# Logs


def test_logs_go_to_the_file_to_stderr_and_to_the_editor(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        with pytest.raises(RpcError):
            client.request("textDocument/hover", client.at((root / "none.py").as_uri(), 0, 0))
        client.wait_notification("window/logMessage", lambda p: "no such file" in p["message"])
        assert client.shutdown() == 0
        assert b"no such file" in client.stderr
    log = (tmp_path / "home" / "log" / "treewright.log").read_text()
    line = next(line for line in log.splitlines() if "no such file" in line)
    date, level, message = line.split(" | ", 2)
    assert level == "INFO    "
    assert "textDocument/hover" in message
    assert date.startswith("20")
