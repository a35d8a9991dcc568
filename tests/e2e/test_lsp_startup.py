"""What is loaded when: the start stays cheap, and each heavy thing comes with its first use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lsp_client import LspClient, workspace

pytestmark = pytest.mark.e2e

NEVER_AT_START = [
    "asyncio", "attrs", "cattrs", "httpx", "httpx2", "jedi", "libcst", "lsprotocol", "numpy",
    "onnxruntime", "openai", "parso", "pydantic", "pygls", "scipy", "sqlite_vec", "tokenizers",
    "urllib.request", "websockets", "xml.etree",
]  # fmt: skip

FILES = {"a.py": "class Alpha:\n    def go(self):\n        return Beta\n", "b.py": "Beta = 1\n"}


def loaded(client: LspClient) -> set[str]:
    answer = client.request("treewright/modules", {"names": NEVER_AT_START})
    return {name for name, there in answer.items() if there}


def test_nothing_heavy_is_loaded_to_initialize(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, initialized=False) as (client, _):
        assert loaded(client) == set()


def test_nothing_heavy_is_loaded_for_reading(tmp_path: Path) -> None:
    settings = {"search": {"semantic": False}}  # which reads the workspace when nobody asks
    with workspace(tmp_path, FILES, settings=settings) as (client, root):
        assert loaded(client) == set()
        uri = client.open(root / "a.py")
        document = {"textDocument": {"uri": uri}}
        assert client.request("workspace/symbol", {"query": "Alpha"})
        assert client.request("textDocument/documentSymbol", document)
        assert client.request("textDocument/definition", client.at(uri, 0, 7))
        context = {"context": {"includeDeclaration": True}}
        assert client.request("textDocument/references", client.at(uri, 0, 7, **context))
        assert client.request("textDocument/hover", client.at(uri, 0, 7))
        client.change(uri, ((0, 6, 0, 11), "Gamma"))
        assert client.request("textDocument/documentSymbol", document)[0]["name"] == "Gamma"
        assert loaded(client) == set()


def test_pygls_comes_with_the_first_typed_request(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py")
        answer = client.request("textDocument/prepareRename", client.at(uri, 0, 7))
        assert answer["placeholder"] == "Alpha"
        assert {"pygls", "lsprotocol"} <= loaded(client)


def test_the_start_needs_no_client_that_says_initialized(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, initialized=False) as (client, _):
        assert client.request("workspace/symbol", {"query": "Alpha"})[0]["name"] == "Alpha"
