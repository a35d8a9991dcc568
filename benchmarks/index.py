"""The workspace index, measured: build, verify, restart, queries, size, memory.

    python benchmarks/index.py FOLDER [--rounds N] [--growth]

Every figure is a median of rounds taken in turn, so that a busy machine disturbs all of them
alike; the ratios are what counts. The measure is the time that one thread needs to only parse
the same files with tree-sitter.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from treewright_indexer.languages import language_for_path
from treewright_indexer.pipeline.scan import scan
from treewright_indexer.settings import IndexSettings
from treewright_indexer.syntax import parse

# Each is a fresh process that prints one line of JSON; arguments: folder, cache, query.
BUILD = """
import json, resource, sys, time
from pathlib import Path
began = time.perf_counter()
from treewright_indexer.workspace import IndexSettings, Workspace
workspace = Workspace(IndexSettings(cache_dir=Path(sys.argv[2]), watch=False))
folder = workspace.add_folder(sys.argv[1])
folder.start(lambda done, total, message: None, lambda message: None)
assert folder.wait_ready(3600)
seconds = time.perf_counter() - began
own = time.process_time()
def rss():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
counts = folder.store.counts()
time.sleep(3)  # what nobody waits for is done by then
size = folder.store.size()
before = time.process_time()
time.sleep(2)
rest = (time.process_time() - before) / 2
workspace.close()
print(json.dumps({"s": seconds, "cpu": own, "size": size, "rss": rss(), "rest": rest, **counts}))
"""
ASK = """
import json, sys, time
from pathlib import Path
began = time.perf_counter()
from treewright_indexer.workspace import IndexSettings, Workspace
loaded = time.perf_counter()
workspace = Workspace(IndexSettings(cache_dir=Path(sys.argv[2]), watch=False))
folder = workspace.add_folder(sys.argv[1])
folder.start(lambda done, total, message: None, lambda message: None)
hits = workspace.snapshot().symbols_matching(sys.argv[3], 200)
first, cpu = time.perf_counter(), time.process_time()
assert hits and hits[0].name == sys.argv[3], "the first answer is not right"
listed = folder.wait_ready(3600)
ready = time.perf_counter()
times, own = [], []
for query in [sys.argv[3], "get_queryset", "HttpResp", "test", "eta", "QS"] * 20:
    t, c = time.perf_counter(), time.thread_time()
    workspace.snapshot().symbols_matching(query, 200)
    times.append(time.perf_counter() - t)
    own.append(time.thread_time() - c)
times.sort()
own.sort()
workspace.close()
print(json.dumps({"import": loaded - began, "first": first - began, "ready": ready - began,
    "cpu": cpu, "own": own[len(own) // 2], "p50": times[len(times) // 2], "p95": times[int(len(times) * 0.95)]}))
"""


def process(code: str, *arguments: str) -> dict[str, Any]:
    """What it prints, with the processor time of it and its children as `all_cpu`."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, check=True, text=True
    )
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return {**json.loads(done.stdout), "all_cpu": used}


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(values: list[float]) -> float:
    return statistics.median(values)


def row(name: str, value: str, note: str = "") -> None:
    print(f"{name:<44}{value:>12}   {note}".rstrip())


def measure(root: str, rounds: int, query: str) -> None:
    found = scan(root, IndexSettings())
    texts = [
        (language, Path(root, path).read_bytes())
        for path in found.files
        if (language := language_for_path(path)) is not None
    ]
    n_bytes = sum(len(data) for _, data in texts)
    print(f"{root}: {len(found.files)} files, {len(texts)} in a language, {n_bytes / 1e6:.1f} MB\n")

    def parse_all() -> None:
        for language, data in texts:
            parse(language, data)

    parse_all()  # loads the grammars
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    built: dict[str, Any] = {}
    asked: dict[str, Any] = {}
    for number in range(rounds):
        cache = tempfile.mkdtemp(prefix="treewright-bench-")
        try:
            used = time.process_time()
            seconds["parse"].append(timed(parse_all))
            seconds["parse cpu"].append(time.process_time() - used)
            seconds["scan"].append(timed(lambda: scan(root, IndexSettings())))
            if shutil.which("ctags"):
                command = ["ctags", "-R", "-f", os.devnull, root]
                seconds["ctags"].append(
                    timed(
                        lambda c=command: subprocess.run(c, check=True, stderr=subprocess.DEVNULL)
                    )
                )
            built = process(BUILD, root, cache)
            seconds["build"].append(built["s"])
            seconds["build cpu"].append(built["all_cpu"])
            asked = process(ASK, root, cache, query)
            for name, key in (
                ("restart", "first"),
                ("restart cpu", "cpu"),
                ("import", "import"),
                ("ready", "ready"),
                ("query", "p50"),
                ("query cpu", "own"),
            ):
                seconds[name].append(asked[key])
            time.sleep(2)  # workers share what they extracted once the index is there
            shutil.rmtree(Path(cache, "index"))
            seconds["branch"].append(process(BUILD, root, cache)["s"])
            seconds["cold"].append(process(ASK, root, cache + "/cold", query)["first"])
        finally:
            shutil.rmtree(cache, ignore_errors=True)
        print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr)
    print(file=sys.stderr)
    raw = median(seconds["parse"])

    def line(name: str, key: str, note: str = "") -> None:
        value = median(seconds[key])
        row(name, f"{value * 1000:,.0f} ms", f"{value / raw:.2f} x parse{note and ', ' + note}")

    line("parse only, one thread", "parse")
    line("full build", "build", "wanted: at most 2")
    used, parsed = median(seconds["build cpu"]), median(seconds["parse cpu"])
    row("  processor time of all processes", f"{used:.1f} s", f"{used / parsed:.2f} x parse")
    line("build of texts that were extracted before", "branch")
    if seconds["ctags"]:
        line("ctags -R (definitions only)", "ctags")
    line("unchanged files verified (scan)", "scan", "wanted: under 300 ms")
    line("restart: process start to complete index", "ready")
    line("restart: process start to first symbol", "restart", "aim: 150 ms")
    line("  processor time", "restart cpu")
    line("  of it: import", "import")
    line("cold: process start to first symbol", "cold")
    own = median(seconds["query cpu"]) * 1000
    shown = f"{median(seconds['query']) * 1000:.1f} ms"
    row("workspace/symbol p50", shown, f"{own:.1f} ms of processor time")
    row("index on disk", f"{built['size'] / 1e6:.0f} MB", f"{built['size'] / n_bytes:.2f} x text")
    row("memory after the build", f"{built['rss']:.0f} MB", "wanted: at most 250 MB")
    row("processor time at rest", f"{built['rest'] * 100:.2f} %")
    print(
        f"\n{built['files']:,} files, {built['symbols']:,} symbols, {built['references']:,} references"
    )


def growth(root: str) -> None:
    """Time per byte and query times while the files are there once, three and nine times."""
    print(
        f"\n{'copies':>6} {'files':>8} {'build':>10} {'us/file':>9} {'query p50':>11} {'memory':>9}"
    )
    for copies in (1, 3, 9):
        folder = Path(tempfile.mkdtemp(prefix="treewright-bench-"))
        try:
            for number in range(copies):
                shutil.copytree(root, folder / "ws" / f"copy{number}", symlinks=True)
            ws, cache = str(folder / "ws"), str(folder / "cache")
            for path in Path(ws).rglob("*.py"):  # other content, or it is extracted only once
                with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
                    file.write(f"\n# {path}\n")
            built = process(BUILD, ws, cache)
            asked = process(ASK, ws, cache, "QuerySet")
            print(
                f"{copies:>6} {built['files']:>8,} {built['s']:>8.1f} s"
                f" {built['s'] / built['files'] * 1e6:>9,.0f} {asked['p50'] * 1000:>8.1f} ms"
                f" {built['rss']:>6.0f} MB"
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--query", default="QuerySet", help="a symbol that the folder defines")
    parser.add_argument("--growth", action="store_true", help="also with more and more files")
    arguments = parser.parse_args()
    root = os.path.abspath(arguments.folder)
    measure(root, arguments.rounds, arguments.query)
    if arguments.growth:
        growth(root)


if __name__ == "__main__":
    main()
