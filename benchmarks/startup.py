"""How long a server takes from its start to its first answers, beside other Python servers.

    python benchmarks/startup.py --peers VENV [--workspace DIR] [--runs N]

`VENV` is an environment with python-lsp-server and jedi-language-server installed in it. The
servers take turns within one run, so that what else the machine does falls on all of them alike:
the ratios count, not the milliseconds. Times are from spawn on, in ms:

    initialize   the answer to `initialize`
    first        the first `workspace/symbol` answer that has the symbol asked for; the index is
                 on disk already (a restart), but for the line `cold`
    cpu          seconds of processor time used up to there, children included
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lsp import Server

ROOT = Path(__file__).resolve().parents[1]


class Result(NamedTuple):
    initialize_ms: float
    first_ms: float
    cpu_s: float


def measure(
    command: Sequence[str], env: dict[str, str], workspace: Path, query: str, limit_s: float
) -> Result:
    server = Server(command, env)
    try:
        initialize = server.initialize(workspace)
        first = float("nan")
        while query and time.perf_counter() - server.started < limit_s:
            found = server.request("workspace/symbol", {"query": query})
            if any(item["name"] == query for item in found or ()):
                first = time.perf_counter() - server.started
                break
            time.sleep(0.01)
        return Result(initialize, first * 1e3, server.cpu_s())
    finally:
        server.stop()


def middle(values: Sequence[float]) -> float:
    return statistics.median(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--peers", type=Path, help="environment with the other servers")
    parser.add_argument("--workspace", type=Path, default=ROOT / "server")
    parser.add_argument("--query", default="", help="a symbol of the workspace")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds to wait for `first`")
    arguments = parser.parse_args()

    home = Path(tempfile.mkdtemp(prefix="treewright-bench-"))
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    own = {**os.environ, "TREEWRIGHT_HOME": str(home), "PYTHONPATH": path}
    servers: dict[str, tuple[list[str], dict[str, str], str]] = {
        "treewright": (
            [sys.executable, "-m", "treewright_server", "serve"], own, arguments.query,
        ),
    }  # fmt: skip
    for name in ("pylsp", "jedi-language-server"):
        if arguments.peers is not None and (arguments.peers / "bin" / name).exists():
            servers[name] = ([str(arguments.peers / "bin" / name)], dict(os.environ), "")
    try:
        workspace = arguments.workspace.resolve()
        command, env, query = servers["treewright"]
        cold = measure(command, env, workspace, query, arguments.limit)
        if query:  # let the index become complete before it is read again
            time.sleep(min(10.0, 2 * cold.first_ms / 1e3 + 2.0))
        results: dict[str, list[Result]] = {name: [] for name in servers}
        for _ in range(arguments.runs):
            for name, (command, env, query) in servers.items():
                results[name].append(measure(command, env, workspace, query, arguments.limit))
    finally:
        shutil.rmtree(home, ignore_errors=True)

    print(f"{workspace}, {arguments.runs} runs, medians; ratio is to pylsp's initialize")
    print(f"{'':24}{'initialize':>12}{'ratio':>8}{'first':>10}{'cpu':>8}")
    base = middle([r.initialize_ms for r in results["pylsp"]]) if "pylsp" in results else None
    if query:
        print(
            f"{'treewright, cold':24}{cold.initialize_ms:12.0f}{'':8}{cold.first_ms:10.0f}{cold.cpu_s:8.2f}"
        )
    for name, rows in results.items():
        initialize = middle([row.initialize_ms for row in rows])
        ratio = f"{initialize / base:8.2f}" if base else f"{'':8}"
        first = middle([row.first_ms for row in rows])
        shown = f"{first:10.0f}" if first == first else f"{'':10}"
        print(f"{name:24}{initialize:12.0f}{ratio}{shown}{middle([r.cpu_s for r in rows]):8.2f}")


if __name__ == "__main__":
    main()
