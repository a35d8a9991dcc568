"""Many clients connect in the same moment: each gets a server that works."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_lsp_robustness import listening, stop, talk

pytestmark = pytest.mark.e2e


def test_many_clients_at_once(tmp_path: Path) -> None:
    import socket

    process, host, port = listening(tmp_path, "--tcp", "127.0.0.1:0")
    results: list[Any] = []

    def client() -> None:
        try:
            with socket.create_connection((host, port), 20) as connection:
                params = {"capabilities": {}, "rootUri": None}
                talk(connection, {"id": 1, "method": "initialize", "params": params})
                query = {"query": "x"}
                found = talk(connection, {"id": 2, "method": "workspace/symbol", "params": query})
                results.append(found.get("result", found))
                results.append(talk(connection, {"id": 3, "method": "shutdown"})["result"])
        except Exception as error:
            results.append(error)

    try:
        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results.count([]) == 8, results
        assert results.count(None) == 8, results
    finally:
        stop(process)
