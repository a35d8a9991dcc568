"""Language servers side by side on one workspace: the same questions, the same run.

    python benchmarks/servers.py WORKSPACE --peers VENV [--n 40] [--rounds 2] [--seed 7]

`VENV` is an environment that holds the peers; those that are there take part. What is right is
decided without any server: by `ast` and `tokenize`, for names that one place of the workspace
defines and whose every use is that name. Times are what the client waits, in ms; the servers take
turns, so the ratios to the first column's server are what counts.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
import tokenize
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlparse

from lsp import Server

ROOT: Final = Path(__file__).resolve().parents[1]
PEERS: Final = {
    "ty": ("ty", "server"),
    "zuban": ("zuban", "server"),
    "basedpyright": ("basedpyright-langserver", "--stdio"),
    "jedi-language-server": ("jedi-language-server",),
    "pylsp": ("pylsp",),
}
WAIT_S: Final = 90.0
"""How long a first right answer is waited for."""
EDIT_WAIT_S: Final = 12.0
"""How long a symbol just typed is looked for in the workspace."""
EDITS: Final = 8


class Place(NamedTuple):
    path: Path
    line: int
    column: int


class Name(NamedTuple):
    text: str
    defined: Place
    uses: tuple[Place, ...]
    """Every occurrence, the definition included."""


class Plan(NamedTuple):
    workspace: Path
    names: list[Name]
    largest: Path


def plan(workspace: Path, seed: int, n: int) -> Plan:
    """Names whose every occurrence is sure to mean the one definition at some file's top level."""
    tokens: defaultdict[str, list[Place]] = defaultdict(list)
    defined: defaultdict[str, list[Place]] = defaultdict(list)
    taken_from: defaultdict[str, set[Path]] = defaultdict(set)
    doubtful: set[str] = set()
    files = [path for path in sorted(workspace.rglob("*.py")) if path.stat().st_size < 400_000]
    for path in files:
        try:
            source = path.read_bytes().decode()
            tree = ast.parse(source)
            found = list(tokenize.generate_tokens(io.StringIO(source).readline))
        except (SyntaxError, UnicodeDecodeError, tokenize.TokenError):
            continue
        lines = source.splitlines()
        for kind, text, (row, column), _, _ in found:
            if kind == tokenize.NAME:
                tokens[text].append(Place(path, row - 1, column))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    taken_from[alias.name].add(path)
                    if alias.asname:
                        doubtful |= {alias.name, alias.asname}
            elif isinstance(node, ast.Attribute):
                doubtful.add(node.attr)
            elif isinstance(node, (ast.arg, ast.keyword)):
                doubtful.add(node.arg or "")
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                doubtful.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                row = node.lineno - 1
                column = lines[row].find(node.name, node.col_offset)
                defined[node.name].append(Place(path, row, column))
                if node not in tree.body:
                    doubtful.add(node.name)
    names: list[Name] = []
    for text, places in sorted(defined.items()):
        uses = tokens[text]
        home = places[0].path
        if len(places) > 1 or text in doubtful or not text.isascii() or len(text) < 5:
            continue
        if len({use.path for use in uses}) > 1 and all(
            use.path == home or use.path in taken_from[text] for use in uses
        ):
            names.append(Name(text, places[0], tuple(uses)))
    random.Random(seed).shuffle(names)
    return Plan(workspace, names[:n], max(files, key=lambda path: path.stat().st_size))


class Figures:
    """Waits in ms and answers that were right, by question."""

    def __init__(self) -> None:
        self.ms: defaultdict[str, list[float]] = defaultdict(list)
        self.right: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, question: str, ms: float, right: float = 1.0) -> None:
        self.ms[question].append(ms)
        self.right[question].append(right)


def uri(path: Path) -> str:
    return path.as_uri()


def places_of(result: Any) -> set[tuple[Path, int]]:
    """(file, line) of each Location in an answer."""
    found: set[tuple[Path, int]] = set()
    given: list[dict[str, Any]] = [result] if isinstance(result, dict) else result or []
    for each in given:
        location: dict[str, Any] = each.get("location", each)
        address: str = location.get("uri") or location["targetUri"]
        path = Path(unquote(urlparse(address).path))
        start = (location.get("range") or location["targetSelectionRange"])["start"]
        found.add((path, start["line"]))
    return found


def labels_of(completion: Any) -> set[str]:
    """The labels of a list of completions, or of what holds one."""
    items: Any = completion
    if completion and "items" in completion:
        items = completion["items"]
    return {item["label"] for item in items or ()}


def names_in(symbols: Any) -> set[str]:
    found: set[str] = set()
    for symbol in symbols or ():
        found.add(symbol["name"].partition("(")[0])
        found |= names_in(symbol.get("children"))
    return found


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return work(), (time.perf_counter() - began) * 1e3


def measure(command: Sequence[str], env: dict[str, str], plan: Plan, figures: Figures) -> None:
    """One server from its start on an empty cache, then once more."""
    first = plan.names[0]
    for question in ("cold", "restart"):
        server = Server(command, env)
        try:
            initialize = server.initialize(plan.workspace)
            figures.add("initialize", initialize)
            if "workspaceSymbolProvider" in server.capabilities:
                until_right(server, first, question, figures)
            if question == "cold":
                settle(server)
                figures.add("peak MiB", server.peak_mb)
                figures.add("at rest MiB", server.memory_mb())
            else:
                ask(server, plan, figures)
                figures.add("after questions MiB", server.memory_mb())
        finally:
            server.stop()


def settle(server: Server) -> None:
    """Wait until the server rests: what it builds behind its first answer is done."""
    used, rested = server.cpu_s(), 0
    while rested < 3 and server.age_ms < WAIT_S * 1e3:
        for _ in range(10):
            time.sleep(0.1)
            server.sample()
        before, used = used, server.cpu_s()
        rested = rested + 1 if used - before < 0.05 else 0


def until_right(server: Server, name: Name, question: str, figures: Figures) -> None:
    while server.age_ms < WAIT_S * 1e3:
        found = server.request("workspace/symbol", {"query": name.text})
        server.sample()
        if (name.defined.path, name.defined.line) in places_of(found):
            figures.add(question, server.age_ms)
            return
        time.sleep(0.01)
    figures.add(question, WAIT_S * 1e3, 0.0)


def ask(server: Server, plan: Plan, figures: Figures) -> None:
    opened: set[Path] = set()

    def at(place: Place) -> dict[str, Any]:
        if place.path not in opened:
            opened.add(place.path)
            text = place.path.read_bytes().decode()
            document = {"uri": uri(place.path), "languageId": "python", "version": 1, "text": text}
            server.notify("textDocument/didOpen", {"textDocument": document})
        return {
            "textDocument": {"uri": uri(place.path)},
            "position": {"line": place.line, "character": place.column},
        }

    can = server.capabilities
    for name in plan.names:
        use = next(use for use in name.uses if use.path != name.defined.path)
        where = at(use)
        line = (name.defined.path, name.defined.line)
        if can.get("definitionProvider"):
            found, ms = timed(lambda at=where: server.request("textDocument/definition", at))
            figures.add("definition", ms, float(line in places_of(found)))
        if can.get("workspaceSymbolProvider"):
            query = {"query": name.text}
            found, ms = timed(lambda q=query: server.request("workspace/symbol", q))
            figures.add("workspace/symbol", ms, float(line in places_of(found)))
        if can.get("completionProvider"):
            behind = {**where, "position": {"line": use.line, "character": use.column + 3}}
            found, ms = timed(lambda at=behind: server.request("textDocument/completion", at))
            figures.add("completion", ms, float(name.text in labels_of(found)))
    for name in plan.names[: len(plan.names) // 2]:
        if can.get("referencesProvider"):
            asked = {**at(name.defined), "context": {"includeDeclaration": True}}
            found, ms = timed(lambda at=asked: server.request("textDocument/references", at))
            wanted = {(use.path, use.line) for use in name.uses}
            figures.add("references", ms, len(wanted & places_of(found)) / len(wanted))
    if can.get("documentSymbolProvider"):
        edits(server, at(Place(plan.largest, 0, 0)), figures)


def edits(server: Server, where: dict[str, Any], figures: Figures) -> None:
    """A function typed at the top of the largest file, until the outline and the workspace have it."""
    document = {"uri": where["textDocument"]["uri"]}
    start = {"line": 0, "character": 0}
    server.request("textDocument/documentSymbol", {"textDocument": document})
    for number in range(EDITS):
        name = f"typed_{number}"
        change = {"range": {"start": start, "end": start}, "text": f"def {name}(): pass\n"}
        began = time.perf_counter()
        server.notify(
            "textDocument/didChange",
            {
                "textDocument": {**document, "version": number + 2},
                "contentChanges": [change],
            },
        )
        while time.perf_counter() - began < WAIT_S:
            found = server.request("textDocument/documentSymbol", {"textDocument": document})
            if name in names_in(found):
                break
        figures.add("edit → outline", (time.perf_counter() - began) * 1e3)
        if "workspaceSymbolProvider" not in server.capabilities:
            continue
        right = 0.0
        while time.perf_counter() - began < EDIT_WAIT_S and not right:
            right = float(name in names_in(server.request("workspace/symbol", {"query": name})))
        figures.add("edit → symbol", (time.perf_counter() - began) * 1e3, right)


def servers(peers: Path | None, home: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    parts = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    own = {**os.environ, "TREEWRIGHT_HOME": str(home), "PYTHONPATH": parts}
    command = [sys.executable, "-m", "treewright_server", "serve"]
    found = {"treewright": (command, own)}
    for name, (program, *arguments) in PEERS.items():
        path = peers / "bin" / program if peers is not None else None
        if path is not None and path.exists():
            found[name] = ([str(path), *arguments], {**os.environ, "XDG_CACHE_HOME": str(home)})
    return found


def table(results: dict[str, Figures]) -> None:
    """Medians and 95th percentiles, and how often the answer was right."""
    questions = dict.fromkeys(q for figures in results.values() for q in figures.ms)
    print(f"{'p50 / p95, right':20}" + "".join(f"{name:>28}" for name in results))
    for question in questions:
        row = f"{question:20}"
        for figures in results.values():
            times, right = sorted(figures.ms[question]), figures.right[question]
            if not times:
                row += f"{'–':>28}"
                continue
            p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
            share = f"{statistics.mean(right):.0%}"
            row += f"{f'{statistics.median(times):,.1f} / {p95:,.1f}  {share:>4}':>28}"
        print(row)


def ratios(results: dict[str, Figures]) -> None:
    """Our median as a share of each peer's: below 1 is less time, or less memory."""
    ours = next(iter(results.values()))
    peers = list(results.items())[1:]
    if not peers:
        return
    print(f"\n{'p50, ratio to':20}" + "".join(f"{name:>22}" for name, _ in peers))
    for question, times in ours.ms.items():
        row = f"{question:20}"
        for _, figures in peers:
            other = figures.ms[question]
            shown = f"{statistics.median(times) / statistics.median(other):.2f}" if other else "–"
            row += f"{shown:>22}"
        print(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--peers", type=Path, help="environment with the other servers")
    parser.add_argument("--only", nargs="*", help="names of the servers to run")
    parser.add_argument("--n", type=int, default=40, help="names that are asked for")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    questions = plan(arguments.workspace.resolve(), arguments.seed, arguments.n)
    if not questions.names:
        sys.exit(
            f"{arguments.workspace} has no name that is surely one thing: take a larger project"
        )
    home = Path(tempfile.mkdtemp(prefix="treewright-bench-"))
    results: dict[str, Figures] = defaultdict(Figures)
    try:
        for number in range(arguments.rounds):
            for name, (command, env) in servers(arguments.peers, home).items():
                if arguments.only and name not in arguments.only:
                    continue
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir()
                try:
                    measure(command, env, questions, results[name])
                except RuntimeError as error:
                    print(f"{name}: {error}", file=sys.stderr)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"{arguments.workspace.name}: {len(questions.names)} names, {arguments.rounds} rounds\n")
    table(results)
    ratios(results)


if __name__ == "__main__":
    main()
