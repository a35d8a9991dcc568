"""The standard library through a real child: asked only when the graph knows nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import FULL_CAPABILITIES, workspace

pytestmark = pytest.mark.e2e

TEXT = """\
import json
import os.path

class Own:
    def method(self): ...

json.dumps(Own, )
os.path.join
os.pa
Own().
"""


@pytest.mark.parametrize("python", ["auto", "jedi"])
def test_what_stands_outside_the_workspace(tmp_path: Path, python: str) -> None:
    settings = {"semantics": {"python": python}}
    with workspace(tmp_path, {"main.py": TEXT}, settings=settings) as (client, root):
        uri = client.open(root / "main.py")

        def ask(method: str, line: int, column: int) -> Any:
            return client.request(f"textDocument/{method}", client.at(uri, line, column))

        labels = [item["label"] for item in ask("completion", 9, 6)["items"]]
        assert labels == ["method"]  # the graph alone: nothing is asked
        found: list[str] = []

        def completed() -> bool:
            found[:] = [item["label"] for item in ask("completion", 8, 5)["items"]]
            return bool(found)

        client.eventually(completed)  # the first answers of a cold child may come too late
        assert {"path", "pardir"} <= set(found)
        hover = ask("hover", 7, 9)
        assert "join(" in hover["contents"]["value"]
        links = ask("definition", 7, 9)  # jedi finds one of two, by the platform
        assert all("path.py" in link["targetUri"] for link in links)
        assert links
        help_ = ask("signatureHelp", 6, 16)
        signature = help_["signatures"][0]
        assert signature["label"].startswith("dumps(")
        assert client.shutdown() == 0


def test_switched_off(tmp_path: Path) -> None:
    settings = {"semantics": {"python": "off"}}
    given = dict(FULL_CAPABILITIES)
    with workspace(tmp_path, {"main.py": TEXT}, settings=settings, capabilities=given) as (
        client,
        root,
    ):
        uri = client.open(root / "main.py")
        assert client.request("textDocument/completion", client.at(uri, 8, 5))["items"] == []
        assert client.request("textDocument/hover", client.at(uri, 7, 9)) is None
