"""A whole session through pytest-lsp's client: typed messages, a real server process.

The raw client of `tests.support.lsp_client` can send what no client would; this one cannot, and
so shows that a well-behaved client and the server understand each other.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.e2e

PRICES = "def total(items):\n    return sum(items)\n"
CART = "from prices import total\n\n\ndef show(items):\n    return f'{total(items):.2f}'\n"
LATE = "def later(items):\n    return total(items)\n"


def _environment() -> dict[str, str]:
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    home = tempfile.mkdtemp(prefix="treewright-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return {**os.environ, "PYTHONPATH": path, "TREEWRIGHT_HOME": home}


@pytest_lsp.fixture(
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "treewright_server", "serve"],
        server_env=_environment(),
    )
)
async def client(lsp_client: LanguageClient, tmp_path: Path) -> AsyncIterator[None]:
    for name, text in (("prices.py", PRICES), ("cart.py", CART), ("late.py", LATE)):
        (tmp_path / name).write_text(text)

    @lsp_client.feature(lsp.CLIENT_REGISTER_CAPABILITY)
    def register(params: lsp.RegistrationParams) -> None:
        """Taken, as an editor would."""

    folder = lsp.WorkspaceFolder(uri=tmp_path.as_uri(), name="shop")
    await lsp_client.initialize_session(
        lsp.InitializeParams(
            capabilities=pytest_lsp.client_capabilities("visual-studio-code"),
            workspace_folders=[folder],
            root_uri=tmp_path.as_uri(),
        )
    )
    yield
    await lsp_client.shutdown_session()


async def indexed(client: LanguageClient) -> None:
    for _ in range(600):
        params = lsp.ExecuteCommandParams("treewright.index.status")
        status: Any = await client.workspace_execute_command_async(params)
        if status["ready"] if isinstance(status, dict) else status.ready:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the index is not complete")


def opened(client: LanguageClient, path: Path) -> str:
    document = lsp.TextDocumentItem(path.as_uri(), "python", 1, path.read_text())
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    return path.as_uri()


async def test_find_rename_and_fix(client: LanguageClient, tmp_path: Path) -> None:
    await indexed(client)
    uri = opened(client, tmp_path / "cart.py")
    use = lsp.Position(4, 15)
    document = lsp.TextDocumentIdentifier(uri)

    found = await client.text_document_definition_async(lsp.DefinitionParams(document, use))
    assert isinstance(found, list)
    (link,) = found
    assert (link.target_uri if isinstance(link, lsp.LocationLink) else link.uri).endswith(
        "prices.py"
    )

    uses = await client.text_document_references_async(
        lsp.ReferenceParams(lsp.ReferenceContext(include_declaration=True), document, use)
    )
    assert {Path(each.uri).name for each in uses or ()} == {"prices.py", "cart.py"}

    edit = await client.text_document_rename_async(
        lsp.RenameParams(text_document=document, position=use, new_name="add_up")
    )
    assert edit is not None
    assert edit.document_changes is not None
    changed = {
        Path(change.text_document.uri).name: len(change.edits)
        for change in edit.document_changes
        if isinstance(change, lsp.TextDocumentEdit)
    }
    assert changed == {"prices.py": 1, "cart.py": 2}

    late = opened(client, tmp_path / "late.py")
    for _ in range(200):
        if client.diagnostics.get(late):
            break
        await asyncio.sleep(0.05)
    (diagnostic,) = (each for each in client.diagnostics[late] if each.code == "F821")
    assert diagnostic.code == "F821"
    actions = await client.text_document_code_action_async(
        lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(late),
            diagnostic.range,
            lsp.CodeActionContext([diagnostic]),
        )
    )
    (fix,) = (a for a in actions or () if isinstance(a, lsp.CodeAction) and "prices" in a.title)
    resolved = await client.code_action_resolve_async(fix)
    assert resolved.edit is not None
    assert "from prices import total" in str(resolved.edit)
