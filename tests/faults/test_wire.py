"""A real server and a client that goes away, floods it, or cancels at random."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.lsp_client import LspClient, RpcError, workspace

pytestmark = pytest.mark.e2e

FILES = {
    f"m{n}.py": f"import os\n\n\ndef f{n}(a):\n    return f{(n + 1) % 9}(a)\n" for n in range(9)
}
METHODS = (
    "textDocument/hover", "textDocument/definition", "textDocument/references", "textDocument/completion",
    "textDocument/documentSymbol", "textDocument/foldingRange", "textDocument/codeAction", "workspace/symbol",
    "textDocument/documentHighlight", "textDocument/semanticTokens/full", "textDocument/diagnostic",
    "textDocument/inlayHint", "textDocument/codeLens", "textDocument/selectionRange", "no/such/method",
)  # fmt: skip


def _params(client: LspClient, uri: str, method: str, chance: random.Random) -> Any:
    place = client.at(uri, chance.randint(0, 5), chance.randint(0, 12))
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    return {
        **place, "context": {"includeDeclaration": True, "diagnostics": []}, "range": everywhere,
        "positions": [place["position"]], "query": chance.choice(["f1", "", "zz"]),
    }  # fmt: skip


def _storm(client: LspClient, root: Path, n: int, seed: int) -> None:
    """`n` requests, many of them cancelled at random: each has exactly one answer."""
    chance = random.Random(seed)
    uris = [client.open(root / name) for name in list(FILES)[:4]]
    sent: list[Any] = []
    answered = 0
    while len(sent) < n:
        uri = chance.choice(uris)
        if chance.random() < 0.1:
            client.change(uri, ((4, 0, 4, 0), chance.choice(["# x\n", "y = 1\n", ""])))
        method = chance.choice(METHODS)
        sent.append(client.start(method, _params(client, uri, method, chance)))
        if chance.random() < 0.4:
            client.cancel(chance.choice(sent[-20:]))
        if len(sent) - answered > 200:  # an editor does not ask without end
            for id in sent[answered : answered + 100]:
                _answer(client, id)
            answered += 100
    for id in sent[answered:]:
        _answer(client, id)
    counts: dict[Any, int] = {}
    for message in client.answers:
        counts[message["id"]] = counts.get(message["id"], 0) + 1
    assert all(counts.get(id) == 1 for id in sent)
    assert client.request("textDocument/hover", client.at(uris[0], 3, 5)) is not None


def _answer(client: LspClient, id: Any) -> None:
    code = 0
    try:
        client.result(id, 60)
    except RpcError as error:
        code = error.code
    # cancelled, out of date, no such method; and parameters that the storm made up
    assert code in (0, -32800, -32801, -32601, -32602, -32803)


def test_each_request_has_one_answer_in_a_storm_of_cancels(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        _storm(client, root, 400, 1)


@pytest.mark.slow
def test_ten_thousand_requests_with_random_cancels(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        _storm(client, root, 10_000, 2)


def test_a_client_that_dies_in_a_request_takes_the_server_along(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "m0.py")
        children = psutil.Process(client.process.pid).children(recursive=True)
        for _ in range(30):
            client.start("textDocument/references", _params(client, uri, "", random.Random(1)))
        assert client.process.stdin is not None
        client.process.stdin.close()
        began = time.monotonic()
        client.process.wait(20)
        assert time.monotonic() - began < 15
        gone, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, gone
