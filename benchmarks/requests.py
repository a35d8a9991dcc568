"""How many written requests rules carry out, without any model.

    python benchmarks/requests.py [--json FILE] [--verbose]

`requests.tsv` holds requests as people write them, each with what it is: routine (a rule should
do it, and which files change), one that needs understanding, or one that must change nothing.
Each is run down the real ladder of a task on a small project, with no model.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CORPUS = Path(__file__).with_name("requests.tsv")

PROJECT: Mapping[str, str] = {
    "pyproject.toml": '[tool.ruff.lint]\nselect = ["F", "I", "UP", "E7"]\n',
    "shop/__init__.py": "",
    "shop/tax.py": '''"""Tax."""

from shop.tracing import traced

RATE = 0.2
USE_VAT = True


@traced
def tax_of(amount, unused=None, rounded=True):
    tax = amount * RATE if USE_VAT else 0
    return round(tax, 2) if rounded else tax


def plain(amount):
    return amount + 1


def one_more():
    return plain(1)


def never_called():
    return 0
''',
    "shop/tracing.py": "def traced(function):\n    return function\n",
    "shop/basket.py": '''"""Basket."""

from shop.tax import USE_VAT, tax_of


class Basket:
    def __init__(self):
        self.lines = []

    def add(self, name, amount):
        self.lines.append((name, amount))

    def total(self):
        if len(self.lines) == 0:
            return 0
        amount = sum(amount for _, amount in self.lines)
        if USE_VAT:
            return amount + tax_of(amount, None, True)
        return amount


def old_total(amounts):
    return sum(amounts)
''',
    "shop/parse.py": '''"""Lines of a file."""


def parse_line(line, separator=","):
    name, amount = line.split(separator)
    return name.strip(), float(amount)
''',
    "shop/cli.py": '''"""Command line."""

import sys
import json
import os
from shop.parse import parse_line
from shop.basket import Basket


def main(path):
    basket = Basket()
    for line in open(path):
        name, amount = parse_line(line)
        basket.add(name, amount)
        print("%s: %s" % (name, amount))
    print("total {}".format(basket.total()))
    print(json.dumps(sys.argv))
''',
    "tests/test_parse.py": """from shop.parse import parse_line


def test_line():
    assert parse_line("a, 2") == ("a", 2.0)
""",
    "tests/test_basket.py": """from shop.basket import Basket


def test_total():
    basket = Basket()
    basket.add("a", 10)
    assert basket.total() == 12.0
""",
}


@dataclass(frozen=True, slots=True)
class Row:
    request: str
    kind: str
    files: tuple[str, ...]


def corpus() -> Iterator[Row]:
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            request, kind, files = (line + "\t\t").split("\t")[:3]
            yield Row(request, kind, tuple(files.split()))


def run(rows: list[Row]) -> list[dict[str, Any]]:
    """One row per request: what was answered by which rung, in what time, and whether rightly."""
    from treewright_agent.routines.request import Services, TaskRequest
    from treewright_agent.routines.task import run_task
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.workspace import IndexSettings, Workspace

    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(folder)
        for name, text in PROJECT.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
        try:
            added = workspace.add_folder(root)
            added.start(lambda done, total, message="": None, lambda message="": None)
            added.wait_ready(None)
            snapshot = workspace.snapshot()
            for row in rows:
                started = time.perf_counter()
                result = run_task(
                    TaskRequest(row.request), snapshot, Services(), CancelToken(), root
                )
                ms = (time.perf_counter() - started) * 1000
                changed = _changed(result, root)
                by_rule = result.success and result.source == "recipe"
                found.append(
                    {
                        "request": row.request,
                        "kind": row.kind,
                        "source": result.source,
                        "by_rule": by_rule,
                        "right": by_rule and changed == set(row.files)
                        if row.kind == "yes"
                        else not by_rule or row.kind == "no",
                        "files": sorted(changed),
                        "ms": round(ms, 1),
                        "why": "; ".join(result.attempts) or result.reason,
                    }
                )
        finally:
            workspace.close()
    return found


def _changed(result: Any, root: str) -> set[str]:
    if result.draft is None or result.source != "recipe":
        return set()
    change = result.draft.change
    paths = change.paths() | {r.old for r in change.renames} | {d.path for d in change.deletes}
    return {os.path.relpath(path, root).replace(os.sep, "/") for path in paths}


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    routine = [row for row in found if row["kind"] == "yes"]
    never = [row for row in found if row["kind"] == "never"]
    times = sorted(row["ms"] for row in found if row["by_rule"])
    return {
        "requests": len(found),
        "answered by rules": sum(row["by_rule"] for row in found),
        "share of all": round(sum(row["by_rule"] for row in found) / len(found), 3),
        "routine": len(routine),
        "routine, right by rules": sum(row["right"] for row in routine),
        "share of routine": round(sum(row["right"] for row in routine) / len(routine), 3),
        "must not be done, and was": sum(not row["right"] for row in never),
        "ms median": times[len(times) // 2],
        "ms 95 %": times[int(0.95 * (len(times) - 1))],
        "sources": dict(Counter(row["source"] for row in found)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    found = run(list(corpus()))
    for row in found:
        if options.verbose or not row["right"]:
            mark = "ok   " if row["right"] else "WRONG"
            print(f"{mark} {row['source']:9} {row['ms']:7.1f} ms  {row['request']}")
            if not row["right"]:
                print(f"      changed {row['files']}  {row['why']}")
    for name, value in summary(found).items():
        print(f"{name}: {value}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
