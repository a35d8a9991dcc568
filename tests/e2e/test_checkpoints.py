"""A turn of the agent's, taken back in the editor, after the user went on typing and restarted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import LspClient, workspace

pytestmark = pytest.mark.e2e

FILES = {
    "a.py": "def alpha():\n    return 1\n\n\nprint(alpha())\n",
    "b.py": "from a import alpha\n\nalpha()\n",
}


def _applied(client: LspClient, root: Path, edit: dict[str, Any]) -> None:
    """What an editor does with a workspace edit, on disk."""
    changes = edit.get("changes") or {
        each["textDocument"]["uri"]: each["edits"]
        for each in edit["documentChanges"]
        if "edits" in each
    }
    for uri, edits in changes.items():
        path = Path(uri.removeprefix("file://"))
        lines = path.read_text().split("\n")
        for each in sorted(
            edits, key=lambda e: (-e["range"]["start"]["line"], -e["range"]["start"]["character"])
        ):
            start, end = each["range"]["start"], each["range"]["end"]
            text = "\n".join([*lines[: start["line"]], lines[start["line"]][: start["character"]]])
            rest = "\n".join([lines[end["line"]][end["character"] :], *lines[end["line"] + 1 :]])
            lines = (text + each["newText"] + rest).split("\n")
        path.write_text("\n".join(lines))
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 2}]})


def _command(client: LspClient, name: str, argument: Any = None) -> Any:
    arguments = [] if argument is None else [argument]
    return client.request("workspace/executeCommand", {"command": name, "arguments": arguments})


def test_code_and_conversation_go_back(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):

        def take(params: Any) -> Any:
            _applied(client, root, params["edit"])
            return {"applied": True}

        client.on_request["workspace/applyEdit"] = take
        done = _command(
            client,
            "treewright.task",
            {"instruction": "rename alpha to beta everywhere", "apply": True},
        )
        assert done["applied"]["applied"]
        assert "beta" in (root / "a.py").read_text()
        client.eventually(lambda: _command(client, "treewright.checkpoints")["checkpoints"])
        (turn,) = _command(client, "treewright.checkpoints")["checkpoints"]
        assert sorted(turn["files"]) == ["a.py", "b.py"]
        client.shutdown()
    # the user goes on, and the server is another one
    (root / "a.py").write_text("import os\n" + (root / "a.py").read_text() + "print(os)\n")
    with LspClient(home=tmp_path / "home") as client:
        client.initialize(root)
        client.wait_index()

        def take_again(params: Any) -> Any:
            _applied(client, root, params["edit"])
            return {"applied": True}

        client.on_request["workspace/applyEdit"] = take_again
        back = _command(client, "treewright.restore", {"checkpoint": turn["id"]})
        assert back["applied"]
        assert back["left"] == []
        assert back["conversation"] == []
        assert (root / "a.py").read_text() == "import os\n" + FILES["a.py"] + "print(os)\n"
        assert (root / "b.py").read_text() == FILES["b.py"]
        (turn,) = _command(client, "treewright.checkpoints")["checkpoints"]
        assert turn["restored"]
