"""How soon the lightbulb is answered: textDocument/codeAction on a real project, everything on.

    python benchmarks/lightbulb.py PROJECT [-n 300] [--seed 1] [--worst 10] [--home FOLDER]

A real server over stdio with its default settings. Places are drawn at random in the project's
Python files: the bare cursor at a name, a selected expression, a selection of whole statements, and the
problems that ruff reports, passed on as an editor does. The first request of each file is not
counted apart: an editor asks at once after opening. Printed: median, 95 % and the slowest, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.lsp_client import LspClient
from treewright_agent.operations.blocks import EXPRESSIONS
from treewright_indexer.languages import language_for_id
from treewright_indexer.syntax import parse

KINDS = ("cursor", "expression", "statements", "problem")
N_FILES = 40
RULES = "F,E,W,I,UP,B,SIM,C4,PL,RUF"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("-n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", type=int, default=10)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    root: Path = arguments.project.resolve()
    luck = random.Random(arguments.seed)
    files = [path for path in sorted(root.rglob("*.py")) if path.stat().st_size > 500]
    files = luck.sample(files, min(N_FILES, len(files)))
    places = [place for path in files for place in places_of(luck, path)]
    luck.shuffle(places)
    by_kind: dict[str, list[tuple[float, str]]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as scratch:
        home = arguments.home or Path(scratch)
        with LspClient(home=home, cwd=root) as client:
            client.initialize(root)
            for path in files:
                client.open(path, path.read_text(encoding="utf-8"))
            client.wait_index()
            for kind, path, params in places:
                if counts[kind] >= arguments.n:
                    continue
                counts[kind] += 1
                started = time.perf_counter()
                found = client.request("textDocument/codeAction", params)
                took = (time.perf_counter() - started) * 1e3
                at = params["range"]["start"]
                where = f"{path.relative_to(root)}:{at['line'] + 1}:{at['character'] + 1}"
                by_kind[kind].append((took, f"{where} ({len(found or [])} actions)"))
    everything: list[tuple[float, str]] = []
    for kind in KINDS:
        show(kind, by_kind[kind])
        everything += [(took, f"{kind} {where}") for took, where in by_kind[kind]]
    show("all", everything)
    for took, where in sorted(everything, reverse=True)[: arguments.worst]:
        print(f"  {took:7.1f}  {where}")
    return 0


def show(name: str, measured: list[tuple[float, str]]) -> None:
    if not measured:
        return
    took = sorted(ms for ms, _ in measured)

    def at(share: float) -> float:
        return took[min(len(took) - 1, int(len(took) * share))]

    print(
        f"{name:12} n {len(took):4}  p50 {at(0.5):6.1f}  p95 {at(0.95):6.1f}  max {took[-1]:7.1f}"
    )


def places_of(luck: random.Random, path: Path) -> list[tuple[str, Path, dict[str, Any]]]:
    text = path.read_text(encoding="utf-8")
    data = text.encode()
    python = language_for_id("python")
    assert python is not None
    tree = parse(python, data)
    names: list[tuple[int, int]] = []
    expressions: list[tuple[int, int]] = []
    statements: list[tuple[int, int]] = []
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        stack += node.children
        if node.type == "identifier":
            names.append(node.byte_range)
        elif node.type in EXPRESSIONS:
            expressions.append(node.byte_range)
        elif node.type == "block":
            children = node.named_children
            first = luck.randrange(len(children)) if children else 0
            if children:
                last = min(len(children) - 1, first + luck.randrange(3))
                statements.append((children[first].start_byte, children[last].end_byte))
    found: list[tuple[str, Path, dict[str, Any]]] = []
    for kind, spans in (("cursor", names), ("expression", expressions), ("statements", statements)):
        for start, end in luck.sample(spans, min(12, len(spans))):
            span = (start, start) if kind == "cursor" else (start, end)
            found.append((kind, path, request(path, data, span, [])))
    for problem in problems(path)[:12]:
        at, to = problem["location"], problem["end_location"]
        span = {"start": place(at), "end": place(to)}
        reported = {
            "range": span,
            "code": problem["code"],
            "source": "Ruff",
            "message": problem["message"],
            "severity": 2,
        }
        params = request(path, data, (0, 0), [reported])
        params["range"] = {"start": span["start"], "end": span["start"]}
        found.append(("problem", path, params))
    return found


def problems(path: Path) -> list[dict[str, Any]]:
    command = ["-m", "ruff", "check", "--isolated", "--select", RULES, "--output-format", "json"]
    done = subprocess.run([sys.executable, *command, str(path)], capture_output=True, check=False)
    return json.loads(done.stdout or b"[]")


def place(at: dict[str, int]) -> dict[str, int]:
    return {"line": at["row"] - 1, "character": at["column"] - 1}


def request(
    path: Path, data: bytes, span: tuple[int, int], diagnostics: list[Any]
) -> dict[str, Any]:
    def position(offset: int) -> dict[str, int]:
        before = data[:offset].decode()
        line = before.count("\n")
        column = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        return {"line": line, "character": column}

    return {
        "textDocument": {"uri": path.as_uri()},
        "range": {"start": position(span[0]), "end": position(span[1])},
        "context": {"diagnostics": diagnostics, "triggerKind": 2},
    }


if __name__ == "__main__":
    sys.exit(main())
