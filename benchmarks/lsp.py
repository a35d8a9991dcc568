"""One language server process, spoken to in blocking reads: the least that can disturb a timing."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

CAPABILITIES: Final[dict[str, Any]] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {"workspaceFolders": True, "configuration": True},
    "textDocument": {
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "definition": {"linkSupport": False},
    },
    "window": {"workDoneProgress": False},
}


class Server:
    """See the module."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._count = 0
        self.peak_mb = 0.0
        self.capabilities: dict[str, Any] = {}

    @property
    def age_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1e3

    def initialize(self, workspace: Path) -> float:
        """Milliseconds from the start to the answer."""
        uri = workspace.as_uri()
        answer = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": uri,
                "capabilities": CAPABILITIES,
                "workspaceFolders": [{"uri": uri, "name": workspace.name}],
            },
        )
        took = self.age_ms
        self.capabilities = answer["capabilities"]
        self.notify("initialized", {})
        return took

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._in.flush()

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """The result, or None for an error."""
        self._count += 1
        self.send({"id": self._count, "method": method, "params": params})
        while True:
            message = self._read()
            if "method" in message and "id" in message:  # the server asks something
                given: dict[str, Any] = message.get("params") or {}
                asked: list[Any] = given.get("items", [])
                self.send({"id": message["id"], "result": [None] * len(asked) or None})
            elif message.get("id") == self._count:
                return message.get("result")

    def _read(self) -> dict[str, Any]:
        length = 0
        while (line := self._out.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            raise RuntimeError("the server has gone")
        return json.loads(self._out.read(length))

    def cpu_s(self) -> float:
        """User and system time of the process and its children, those included that ended."""
        pids = (self._process.pid, *_below(self._process.pid))
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in pids) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """What the process and its children have in memory now, in MiB."""
        page = os.sysconf("SC_PAGE_SIZE")
        pages = (int(_stat(pid)[21]) for pid in (self._process.pid, *_below(self._process.pid)))
        return sum(pages) * page / 2**20

    def sample(self) -> None:
        """Look at the memory: `peak_mb` is the most that any look saw, ended children included."""
        self.peak_mb = max(self.peak_mb, self.memory_mb())

    def stop(self) -> None:
        for pid in _below(self._process.pid):
            try:
                os.kill(pid, 9)
            except OSError:
                continue
        self._process.kill()
        self._process.wait()
        self._in.close()
        self._out.close()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


def _below(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += (task / "children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _below(child)
