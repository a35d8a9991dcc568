"""Replay editing sessions, agents running, for a long time; what grows is told.

    python -m benchmarks.soak --minutes 60 [--workspace DIR] [--seed N] [--json FILE]

One server lives through all sessions. A session opens files, types, asks what editors ask, cancels
some of it, saves, changes files behind the editor's back, runs tasks in the sandbox and closes what
it opened. Between sessions, with nothing running, the server is measured: resident memory, that of
its children apart, open handles, threads, child processes, and temporary folders of its making. Growth
per hour is the slope of a straight line through the measurements behind the warm-up: the first hour,
or the first third of a run of less than an hour and a half, which is no measure of the goal.

Linux only: measures from /proc. Ends with code 1 when handles, threads, children or folders leak, an
answer is missing, or memory grows by more than `--limit` percent an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.lsp_client import LspClient, RpcError

SETTLE_S = 3.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ASKS = (
    "textDocument/hover", "textDocument/completion", "textDocument/definition", "textDocument/references",
    "textDocument/documentHighlight", "textDocument/signatureHelp", "textDocument/prepareRename",
)  # fmt: skip
_WHOLE = (
    "textDocument/documentSymbol", "textDocument/foldingRange", "textDocument/semanticTokens/full",
    "textDocument/diagnostic", "textDocument/codeLens",
)  # fmt: skip


class Sample(NamedTuple):
    minute: float
    session: int
    rss_mb: float
    handles: int
    threads: int
    children: int
    folders: int
    requests: int
    children_mb: float


def _rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / (1 << 20)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def measure(pid: int, started: float, session: int, requests: int, home: Path) -> Sample:
    """The server as it is now. MB are 2^20 bytes."""
    children = _children(pid)
    children_mb, todo = 0.0, list(children)
    while todo:
        with contextlib.suppress(OSError, ValueError, IndexError):
            child = todo.pop()
            children_mb += _rss_mb(child)
            todo += _children(child)
    folders = sum(
        entry.name.startswith("treewright-") for entry in os.scandir(tempfile.gettempdir())
    )
    return Sample(
        (time.monotonic() - started) / 60,
        session,
        _rss_mb(pid),
        len(os.listdir(f"/proc/{pid}/fd")),
        len(os.listdir(f"/proc/{pid}/task")),
        len(children),
        folders,
        requests,
        children_mb,
    )


class Soak:
    """One server and one editor, for many sessions."""

    def __init__(self, root: Path, home: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)
        self.client = LspClient(home=home)
        self.files = sorted(
            p for p in root.rglob("*.py") if 500 < p.stat().st_size < 80_000 and "project" not in p.parts
        )  # fmt: skip
        self.requests = 0
        self.failed: list[str] = []

    def session(self, number: int) -> None:
        chosen = self.random.sample(self.files, min(6, len(self.files)))
        opened = [(self.client.open(path), path) for path in chosen]
        for uri, path in opened:
            self._edit(uri, path)
        self._search()
        if number % 2 == 0:
            self._task(number)
        for uri, _ in opened:
            if self.random.random() < 0.5:
                self.client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            self.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        self._behind_the_back(number)
        del self.client.notifications[:], self.client.requests[:], self.client.answers[:]
        del self.client.raw[:], self.client.stderr[:]

    def _edit(self, uri: str, path: Path) -> None:
        lines = path.read_text("utf-8", "replace").split("\n")
        waiting: list[Any] = []
        for _ in range(8):
            line = self.random.randrange(len(lines))
            column = self.random.randint(0, min(len(lines[line]), 40))
            for letter in self.random.choice(
                ["x", "self.", "import os\n", "  # why\n", "def f():\n"]
            ):
                self.client.change(uri, ([line, column, line, column], letter))
                if letter == "\n":
                    line, column = line + 1, 0
                else:
                    column += 1
            place = self.client.at(uri, line, column)
            method = self.random.choice(_ASKS)
            if method == "textDocument/references":
                place["context"] = {"includeDeclaration": True}
            waiting.append(self.client.start(method, place))
            waiting.append(
                self.client.start(self.random.choice(_WHOLE), {"textDocument": {"uri": uri}})
            )
            waiting.append(self.client.start("textDocument/codeAction", {
                "textDocument": {"uri": uri},
                "range": {"start": place["position"], "end": place["position"]},
                "context": {"diagnostics": []},
            }))  # fmt: skip
            if self.random.random() < 0.3:
                self.client.cancel(self.random.choice(waiting[-3:]))
        self._collect(waiting)

    def _collect(self, waiting: Sequence[Any]) -> None:
        for id in waiting:
            self.requests += 1
            try:
                self.client.result(id, 60)
            except RpcError:
                continue  # cancelled, or the text moved on
            except Exception as error:  # no answer: that is what is looked for
                self.failed.append(f"{id}: {error!r}")

    def _search(self) -> None:
        words = (
            "query a set",
            "send mail",
            "parse arguments",
            "cache key",
            "open a file",
            "errors",
        )
        for _ in range(3):
            query = " ".join(self.random.sample(words, 2))
            arguments = [{"query": query, "k": 5}]
            self._command("treewright.search", arguments)
            self._collect([self.client.start("workspace/symbol", {"query": query[:4]})])

    def _task(self, number: int) -> None:
        """Tests are run in the sandbox and a bug is searched for."""
        operator = self.random.choice("-*%")
        (self.root / "project" / "calc.py").write_text(
            f"def add(a, b):\n    return a {operator} b\n\n\ndef twice(a):\n    return add(a, a)\n"
        )
        asked = [
            ("treewright.task", {"instruction": "Fix the failing test in project/test_calc.py"}),
            ("treewright.task", {"instruction": f"Rename add to add{number} in project/calc.py"}),
            ("treewright.explain", {"instruction": "What does twice do?"}),
        ]
        name, argument = asked[number // 2 % 3]
        self._command(name, [argument])

    def _command(self, name: str, arguments: list[Any]) -> None:
        params = {"command": name, "arguments": arguments}
        self._collect([self.client.start("workspace/executeCommand", params)])

    def _behind_the_back(self, number: int) -> None:
        path = self.root / f"made_{number % 5}.py"
        if path.exists():
            path.unlink()
            kind = 3
        else:
            path.write_text(f"def made_{number}():\n    return {number}\n")
            kind = 1
        self.client.notify(
            "workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": kind}]}
        )


def slope_per_hour(samples: Sequence[Sample]) -> float:
    """Megabytes of resident memory per hour, by least squares."""
    n = len(samples)
    if n < 3:
        return 0.0
    x = [sample.minute / 60 for sample in samples]
    y = [sample.rss_mb for sample in samples]
    mean_x, mean_y = sum(x) / n, sum(y) / n
    spread = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workspace", type=Path, help="copied; the default is our own sources")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=1.0, help="percent of memory per hour")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    source = options.workspace or Path(__file__).resolve().parent.parent / "agent"
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        root, home = Path(folder, "workspace"), Path(folder, "home")
        shutil.copytree(source, root, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        (root / "project").mkdir()
        (root / "project" / "test_calc.py").write_text(
            "from calc import twice\n\n\ndef test_twice():\n    assert twice(3) == 6\n"
        )
        return _run(root, home, options)


def _run(root: Path, home: Path, options: argparse.Namespace) -> int:
    soak = Soak(root, home, options.seed)
    samples: list[Sample] = []
    with soak.client as client:
        client.initialize(root)
        client.wait_index(600)
        started = time.monotonic()
        number = 0
        print(
            "minute  session  RSS MB  handles  threads  children  folders  requests  children MB",
            flush=True,
        )
        while time.monotonic() - started < options.minutes * 60:
            soak.session(number)
            number += 1
            time.sleep(SETTLE_S)
            samples.append(measure(client.process.pid, started, number, soak.requests, home))
            if number % 10 == 1:
                print(
                    "{:6.1f}  {:7}  {:6.1f}  {:7}  {:7}  {:8}  {:7}  {:8}  {:11.1f}".format(
                        *samples[-1]
                    ),
                    flush=True,
                )
        code = client.shutdown(60)
    if code:
        soak.failed.append(f"the server ended with {code}")
    return _report(samples, soak.failed, options)


def _report(samples: Sequence[Sample], failed: Sequence[str], options: argparse.Namespace) -> int:
    total = samples[-1].minute
    warm = [s for s in samples if s.minute > (60.0 if total >= 90.0 else total / 3)]
    growth = slope_per_hour(warm)
    percent = 100 * growth / max(1.0, warm[0].rss_mb)
    half = len(warm) // 2
    leaks: list[str] = []
    for name in ("handles", "threads", "children", "folders"):
        before = max(getattr(s, name) for s in warm[: max(1, half)])
        after = max(getattr(s, name) for s in warm[half:])
        if after > before + 2:
            leaks.append(f"{name}: {before} at most in the first half, {after} in the second")
    result = {
        "minutes": round(total, 1), "sessions": samples[-1].session, "requests": samples[-1].requests,
        "rss_mb": [round(warm[0].rss_mb, 1), round(warm[-1].rss_mb, 1)],
        "children_mb": [round(warm[0].children_mb, 1), round(warm[-1].children_mb, 1)],
        "growth_mb_per_hour": round(growth, 2), "growth_percent_per_hour": round(percent, 2),
        "leaks": leaks, "failed": list(failed),
    }  # fmt: skip
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps({**result, "samples": samples}))
    return 1 if leaks or failed or percent > options.limit else 0


if __name__ == "__main__":
    raise SystemExit(main())
