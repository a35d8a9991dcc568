"""A real server process and a client that behaves badly: one answer each, and the server goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import ROOT, LspClient, RpcError, workspace

pytestmark = pytest.mark.e2e

FILES = {
    "a.py": "class Alpha:\n    def go(self):\n        return beta()\n",
    "b.py": "from a import Alpha\n\n\ndef beta():\n    return Alpha()\n",
}


def outline(uri: str) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}}


def names(symbols: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for symbol in symbols:
        found += [symbol["name"], *names(symbol.get("children", []))]
    return found


def code_of(client: LspClient, method: str, params: Any) -> int:
    with pytest.raises(RpcError) as raised:
        client.request(method, params)
    return raised.value.code


def test_rubbish_on_the_wire(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        before = len(client.answers)
        client.send_bytes(b"Content-Length: 5\r\n\r\n{nope")
        client.send_bytes(b"nonsense\r\n\r\n")
        client.send_bytes(b"Content-Length: 2\r\n\r\n[]")
        client.send_bytes(b"Content-Length: 99\r\n\r\n{}")  # the next header comes too early
        client.send({"jsonrpc": "2.0", "id": 1.5, "method": "x"})
        client.send({"id": 77, "method": "textDocument/hover"})
        uri = client.open(root / "a.py")
        assert names(client.request("textDocument/documentSymbol", outline(uri)))[0] == "Alpha"
        errors = [answer["error"]["code"] for answer in client.answers[before:-1]]
        assert errors == [-32700, -32700, -32600, -32700, -32600, -32600]
        assert client.shutdown() == 0


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("textDocument/nope", {}, -32601),
        ("textDocument/hover", None, -32602),
        ("textDocument/hover", [], -32602),
        ("textDocument/hover", {"textDocument": {"uri": 3}}, -32602),
        ("textDocument/hover", {"textDocument": {"uri": "A"}, "position": {"line": 1}}, -32602),
        ("textDocument/definition", {"textDocument": {"uri": "A"}}, -32602),
        ("textDocument/prepareRename", {"textDocument": {"uri": "A"}}, -32602),
        ("textDocument/rename", {"textDocument": {"uri": "A"}}, -32602),
        ("workspace/symbol", {}, -32602),
        ("workspace/symbol", {"query": None}, -32602),
        ("workspace/executeCommand", {"command": "rm"}, -32602),
        ("workspace/executeCommand", {"command": "treewright.search", "arguments": 3}, -32602),
        ("workspace/executeCommand", {"command": "treewright.search", "arguments": [3]}, -32602),
        ("textDocument/codeAction", {"textDocument": {"uri": "A"}, "range": {}}, -32602),
    ],
)
def test_parameters_that_do_not_fit(
    shared: tuple[LspClient, Path], method: str, params: Any, code: int
) -> None:
    client, root = shared
    given = json.loads(json.dumps(params).replace('"A"', json.dumps((root / "a.py").as_uri())))
    assert code_of(client, method, given) == code


@pytest.mark.parametrize(
    "method",
    [
        "textDocument/hover",
        "textDocument/definition",
        "textDocument/references",
        "textDocument/documentHighlight",
        "textDocument/prepareRename",
    ],
)
@pytest.mark.parametrize("place", [(99, 0), (0, -1), (-1, 0), (10**15, 10**15)])
def test_positions_outside(
    shared: tuple[LspClient, Path], method: str, place: tuple[int, int]
) -> None:
    client, root = shared
    context = {"context": {"includeDeclaration": True}}
    assert code_of(client, method, client.at((root / "a.py").as_uri(), *place, **context)) == -32602


def test_a_column_behind_the_line_is_its_end(shared: tuple[LspClient, Path]) -> None:
    client, root = shared
    uri = (root / "a.py").as_uri()
    assert client.request("textDocument/hover", client.at(uri, 1, 9999)) is None


def test_files_that_are_not_there(shared: tuple[LspClient, Path]) -> None:
    client, root = shared
    for uri in ((root / "none.py").as_uri(), root.as_uri(), "untitled:x", "file:///", "::"):
        assert code_of(client, "textDocument/hover", client.at(uri, 0, 0)) in (-32602, -32803)


def test_a_file_that_vanishes_is_no_error_for_who_asks_about_others(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "b.py")
        (root / "a.py").unlink()
        client.request("workspace/symbol", {"query": "Alpha"})
        client.request("textDocument/definition", client.at(uri, 0, 15))
        context = {"context": {"includeDeclaration": True}}
        places = client.request("textDocument/references", client.at(uri, 3, 5, **context))
        assert {place["uri"] for place in places} == {uri}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with workspace(tmp_path_factory.mktemp("shared"), FILES) as given:
        yield given


def test_stale_versions_and_documents_that_are_not_open(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py")
        client.change(uri, ((0, 6, 0, 11), "Gamma"))
        change = {"range": None, "text": "class Delta: pass\n"}
        old = {"textDocument": {"uri": uri, "version": 1}, "contentChanges": [change]}
        client.notify(
            "textDocument/didChange", old
        )  # older than what was sent; still the last word
        assert names(client.request("textDocument/documentSymbol", outline(uri))) == ["Delta"]
        assert client.wait_notification(
            "window/logMessage", lambda params: "version 1 came after 2" in params["message"]
        )
        other = (root / "b.py").as_uri()
        client.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": other, "version": 1}, "contentChanges": [{"text": "x"}]},
        )
        client.notify("textDocument/didClose", outline(other))
        client.notify("textDocument/didSave", outline(other))
        assert "beta" in names(client.request("textDocument/documentSymbol", outline(other)))


def test_edits_outside_the_text_mean_its_end(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        uri = client.open(root / "a.py", "x = 1\n")
        client.change(uri, ((50, 0, 90, 7), "def end(): pass\n"))
        assert "end" in names(client.request("textDocument/documentSymbol", outline(uri)))


def test_each_request_has_one_answer_while_the_client_cancels(tmp_path: Path) -> None:
    """10,000 requests of every kind, a third of them cancelled somewhere on their way."""
    random_ = random.Random(11)
    total = 10_000
    with workspace(tmp_path, FILES, silent=["window/workDoneProgress/create"], wait=False) as (
        client,
        root,
    ):
        uri = client.open(root / "a.py")
        kinds: list[tuple[str, Any]] = [
            ("textDocument/documentSymbol", outline(uri)),
            ("textDocument/hover", client.at(uri, 0, 7)),
            ("textDocument/definition", client.at(uri, 2, 17)),
            ("workspace/symbol", {"query": "Al"}),
            ("workspace/executeCommand", {"command": "treewright.index.status"}),
            ("textDocument/prepareRename", client.at(uri, 0, 7)),
            ("textDocument/nope", {}),
            ("textDocument/hover", client.at(uri, 999, 7)),
        ]
        first = 1_000_000
        before = len(client.answers)
        for number in range(first, first + total):
            method, params = random_.choice(kinds)
            client.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            if random_.random() < 0.35:
                client.cancel(number - random_.choice([0, 0, 1, 5]))
            if random_.random() < 0.01:
                client.change(uri, ((0, 6, 0, 11), "Alpha"))
        client.wait_until(lambda: len(client.answers) - before >= total, 120)
        assert client.request("workspace/symbol", {"query": "Alpha"})
        answered = [answer["id"] for answer in client.answers[before:] if answer["id"] >= first]
        assert sorted(answered) == list(range(first, first + total))
        codes = {a["error"]["code"] for a in client.answers[before:] if "error" in a}
        assert codes <= {-32800, -32601, -32602}
        assert -32800 in codes


def test_a_query_never_answers_from_older_text(tmp_path: Path) -> None:
    """500 times: change, then ask at once, without ever waiting for an answer in between."""
    rounds = 500
    with workspace(tmp_path, {"a.py": "def f0000(): pass\n", **FILES}) as (client, root):
        uri = client.open(root / "a.py", "# 😋 字\ndef f0000(): pass\n")
        asked: list[tuple[int, str, Any]] = []
        for number in range(1, rounds + 1):
            client.change(uri, ((1, 4, 1, 9), f"f{number:04}"))
            if number % 3 == 0:
                query = {"query": f"f{number:04}"}
                asked.append((number, "symbol", client.start("workspace/symbol", query)))
            elif number % 3 == 1:
                place = client.at(uri, 1, 5)
                asked.append((number, "hover", client.start("textDocument/hover", place)))
            else:
                asked.append(
                    (number, "outline", client.start("textDocument/documentSymbol", outline(uri)))
                )
        for number, kind, id_ in asked:
            answer = json.dumps(client.result(id_))
            assert f"f{number:04}" in answer, f"{kind} {number}: {answer[:300]}"


def test_huge_messages(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, root):
        text = "x = '" + "é" * 4_000_000 + "'\ndef last(): pass\n"
        uri = client.open(root / "big.py", text)
        assert "last" in names(client.request("textDocument/documentSymbol", outline(uri)))
        client.change(uri, ((1, 4, 1, 8), "end"))
        assert "end" in names(client.request("textDocument/documentSymbol", outline(uri)))


NOISY = """
import os, subprocess, sys, threading, time

def noise():
    # From the moment on at which a stray print goes to the log; before, nothing of the server has run.
    while not os.path.samestat(os.fstat(1), os.fstat(2)):
        time.sleep(0.001)
    while True:
        print("from python")
        sys.stdout.write("{}\\r\\n\\r\\n")
        os.write(1, b"Content-Length: 3\\r\\n\\r\\nabc")
        subprocess.run(["echo", "from a child"], check=False)
        time.sleep(0.02)

if sys.argv[-1] == "serve":
    threading.Thread(target=noise, daemon=True).start()
"""


def test_stdout_is_the_protocol_whoever_prints(tmp_path: Path) -> None:
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "sitecustomize.py").write_text(NOISY)
    env = {"PYTHONPATH": str(tmp_path / "noise")}
    with workspace(tmp_path, FILES, env=env) as (client, root):
        uri = client.open(root / "a.py")
        for _ in range(60):
            assert client.request("textDocument/documentSymbol", outline(uri))
            time.sleep(0.01)
        client.request("textDocument/prepareRename", client.at(uri, 0, 7))
        assert client.shutdown() == 0
        assert b"from python" in client.stderr
        assert b"from a child" in client.stderr
        assert_only_frames(bytes(client.raw))


def assert_only_frames(data: bytes) -> None:
    while data:
        header, _, rest = data.partition(b"\r\n\r\n")
        assert header.startswith(b"Content-Length: "), header[:100]
        length = int(header.split(b": ")[1])
        json.loads(rest[:length])
        data = rest[length:]


# Ends


def test_exit_codes(tmp_path: Path) -> None:
    with workspace(tmp_path / "one", FILES) as (client, _):
        assert client.shutdown() == 0
    with workspace(tmp_path / "two", FILES) as (client, _):
        client.notify("exit")
        assert client.process.wait(10) == 1
    with workspace(tmp_path / "three", FILES) as (client, _):
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.process.wait(10) == 1


def test_shutdown_and_exit_in_one_write_while_work_runs(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES, wait=False) as (client, _):
        for _ in range(20):
            client.start("workspace/symbol", {"query": "a"})
        client.start("shutdown", message_id="bye")
        client.notify("exit")
        assert client.process.wait(10) == 0
        assert client.result("bye") is None


def test_the_server_ends_with_its_parent(tmp_path: Path) -> None:
    """The client is killed while somebody else keeps the server's input open."""
    script = textwrap.dedent(
        """
        import json, os, subprocess, sys, time
        server = subprocess.Popen([sys.executable, "-m", "treewright_server", "serve"],
            stdin=int(sys.argv[1]), stdout=int(sys.argv[2]), stderr=subprocess.DEVNULL)
        print(server.pid, os.getpid(), flush=True)
        time.sleep(60)
        """
    )
    to_server, our_end = os.pipe()
    from_server, server_end = os.pipe()
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    env = {**os.environ, "PYTHONPATH": path, "TREEWRIGHT_HOME": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(to_server), str(server_end)],
        pass_fds=[to_server, server_end], stdout=subprocess.PIPE, env=env,
    )  # fmt: skip
    try:
        assert parent.stdout is not None
        server_id, parent_id = map(int, parent.stdout.readline().split())
        params = {"processId": parent_id, "capabilities": {}, "rootUri": None}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
        os.write(our_end, f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        assert b"capabilities" in os.read(from_server, 1 << 16)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 15
        while _alive(server_id) and time.monotonic() < deadline:
            time.sleep(0.05)
        alive = _alive(server_id)
        if alive:
            os.kill(server_id, signal.SIGKILL)
        assert not alive
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close() if parent.stdout else None
        for descriptor in (to_server, our_end, from_server, server_end):
            os.close(descriptor)


def _alive(process_id: int) -> bool:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_client_on_another_machine_is_not_missed(tmp_path: Path) -> None:
    """Its process number means nothing here."""
    with LspClient(home=tmp_path / "home") as client:
        client.request("initialize", {"processId": 2**22 + 1, "capabilities": {}, "rootUri": None})
        client.notify("initialized", {})
        time.sleep(0.3)
        assert client.request("workspace/symbol", {"query": "x"}) == []


# The index's folder


def test_a_cache_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").write_text("a file in the way")
    with workspace(tmp_path, FILES) as (client, _):
        assert client.request("workspace/symbol", {"query": "Alpha"})[0]["name"] == "Alpha"
        assert client.wait_notification("window/showMessage", lambda p: "memory" in p["message"])


def test_a_corrupt_index_is_made_anew(tmp_path: Path) -> None:
    with workspace(tmp_path, FILES) as (client, _):
        assert client.shutdown() == 0
    indexes = [p for p in (tmp_path / "home" / "cache").rglob("*") if _is_index(p)]
    assert indexes
    for path in indexes:
        path.write_bytes(b"no database at all" * 1000)
    with workspace(tmp_path, FILES) as (client, _):
        assert client.request("workspace/symbol", {"query": "Alpha"})[0]["name"] == "Alpha"
        assert client.wait_notification("window/showMessage")


def _is_index(path: Path) -> bool:
    if not path.is_file() or path.suffix not in (".db", ".sqlite", ".sqlite3"):
        return False
    try:
        with sqlite3.connect(path) as connection:
            connection.execute("select count(*) from sqlite_master")
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
    return True


# Sockets


def listening(tmp_path: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], str, int]:
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    env = {**os.environ, "PYTHONPATH": path, "TREEWRIGHT_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "treewright_server", "serve", *arguments],
        stderr=subprocess.PIPE, env=env,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if b"listening on" in line:
            host, _, port = line.decode().strip().rpartition(" ")[2].rpartition(":")
            return process, host, int(port)
    raise AssertionError("it does not listen")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def talk(connection: socket.socket, message: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    with connection.makefile("rb") as file:
        length = int(file.readline().split(b":")[1])
        file.readline()
        return json.loads(file.read(length))


def test_tcp_serves_many_clients_and_no_browser(tmp_path: Path) -> None:
    process, host, port = listening(tmp_path, "--tcp", "127.0.0.1:0")
    try:
        with (
            socket.create_connection((host, port), 10) as one,
            socket.create_connection((host, port), 10) as two,
            socket.create_connection((host, port), 10) as browser,
        ):
            browser.sendall(b"POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n")
            browser.sendall(b"Content-Length: 30\r\n\r\n{}")
            params = {"capabilities": {}, "rootUri": None}
            initialize = {"id": 1, "method": "initialize", "params": params}
            for connection in (one, two):
                assert "capabilities" in talk(connection, initialize)["result"]
            assert browser.recv(100) == b""
            assert talk(one, {"id": 2, "method": "shutdown"})["result"] is None
            answer = talk(two, {"id": 3, "method": "workspace/symbol", "params": {"query": "x"}})
            assert answer["result"] == []
        assert process.poll() is None
    finally:
        stop(process)


def test_websocket_serves_a_client_and_refuses_foreign_pages(tmp_path: Path) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect
    from websockets.typing import Origin

    process, host, port = listening(tmp_path, "--ws", "127.0.0.1:0")
    try:
        with connect(f"ws://{host}:{port}") as connection:
            params = {"capabilities": {}, "rootUri": None}
            message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
            connection.send(json.dumps(message))
            assert "capabilities" in json.loads(connection.recv())["result"]
        with pytest.raises(InvalidStatus):
            connect(f"ws://{host}:{port}", origin=Origin("https://example.org"))
    finally:
        stop(process)


@pytest.mark.parametrize("arguments", [["--tcp", "0.0.0.0:0"], ["--tcp", "nonsense"], ["--what"]])
def test_bad_arguments(tmp_path: Path, arguments: list[str]) -> None:
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    done = subprocess.run(
        [sys.executable, "-m", "treewright_server", "serve", *arguments],
        env={**os.environ, "PYTHONPATH": path, "TREEWRIGHT_HOME": str(tmp_path)},
        capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
