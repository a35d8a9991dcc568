"""How well the repair search does on seeded bugs.

    python benchmarks/repair.py [--suite known|unseen] [--rename] [--only NAME] [--every N] [--cpu SECONDS] [--json FILE]

Each bug is put into its program, the search sees the visible tests only, and its first offer
is judged by hidden tests. `--rename` gives everything that the program defines another name
first, in the tests too, so that nothing can be known from names.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import io
import json
import keyword
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.repair_cases import SUITES, Bug, Case, load
from benchmarks.repair_cases.packages import load_packages

# -------------------------------------------------------------------- other names

_TYPES = (str, list, dict, set, tuple, int, float, bytes, object, type)
_KEPT = (
    {name for kind in _TYPES for name in dir(kind)}
    | set(keyword.kwlist)
    | set(keyword.softkwlist)
    | set(dir(builtins))
    | {
        "self",
        "cls",
        "prog",
        "pytest",
        "key",
        "default",
        "reverse",
        "field",
        "default_factory",
        "frozen",
    }
)
"""Names that mean something outside the program."""


def renamed(files: Mapping[str, str], texts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The program and its tests with every name of the program's own replaced."""
    foreign = {name for text in files.values() for name in _foreign_attributes(text, files)}
    names = sorted({name for text in files.values() for name in _defined(text)} - _KEPT - foreign)
    folders = {part.removesuffix(".py") for file in files for part in file.split("/")}
    table = {
        name: f"{'Q' if name[:1].isupper() else 'v'}{number}"
        for number, name in enumerate(names)
        if name not in folders and not name.startswith("__")
    }
    return {file: _with_names(text, table) for file, text in files.items()}, [
        _with_names(text, table) for text in texts
    ]


def _foreign_attributes(text: str, files: Mapping[str, str]) -> set[str]:
    """Attributes that no class of the program has: `day` of a date stays, as a variable too."""
    own: set[str] = set()
    for other in files.values():
        for node in ast.walk(ast.parse(other)):
            if isinstance(node, ast.ClassDef):
                own |= _defined(ast.unparse(node))
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                own.add(node.attr)
    modules = {part.removesuffix(".py") for file in files for part in file.split("/")}
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and not (isinstance(node.value, ast.Name) and node.value.id in modules)
    } - own


def _defined(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def _with_names(text: str, table: Mapping[str, str]) -> str:
    lines = text.splitlines(keepends=True)
    edits: list[tuple[int, int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, start = token.start
        end_row, end = token.end
        if token.type == tokenize.NAME and token.string in table:
            edits.append((row, start, end, table[token.string]))
        elif token.type == tokenize.STRING and token.string[:1] in "fF" and row == end_row:
            edits.append((row, start, end, _in_braces(token.string, table)))
    for row, start, end, new in sorted(edits, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:start] + new + line[end:]
    return "".join(lines)


def _in_braces(text: str, table: Mapping[str, str]) -> str:
    def name(match: re.Match[str]) -> str:
        return table.get(match[0], match[0])

    return re.sub(r"\{[^{}]*\}", lambda m: re.sub(r"[A-Za-z_]\w*", name, m[0]), text)


# -------------------------------------------------------------------- one bug

PYTHON = [sys.executable]
"""The interpreter of the tests; `--python` sets it."""


def broken(case: Case, bug: Bug) -> dict[str, str]:
    files = dict(case.files)
    for right, wrong in bug.pieces:
        assert files[bug.file].count(right) == 1, (case.name, right)
        files[bug.file] = files[bug.file].replace(right, wrong)
    return files


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def passes(files: Mapping[str, str], tests: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {**files, "test_judge.py": tests})
        environment = {
            **os.environ,
            "PYTHONPATH": os.path.join(folder, "src"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        argv = [
            PYTHON[0],
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "test_judge.py",
        ]
        try:
            done = subprocess.run(
                argv, cwd=folder, env=environment, capture_output=True, timeout=20
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def attempt(case: Case, bug: Bug, cpu_s: float, rename: bool) -> dict[str, Any]:
    files, tests, hidden = broken(case, bug), case.tests, case.hidden
    if rename:
        files, (tests, hidden) = renamed(files, (tests, hidden))
    row: dict[str, Any] = {
        "case": case.name,
        "category": bug.category,
        "wrong": bug.pieces[0][1].strip()[:60],
        "right": bug.pieces[0][0].strip()[:60],
        "first_right": False,
        "rank": None,
        "edit": "",
        "first_diff": "",
    }
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {**files, **({"test_it.py": tests} if tests else {})})
        texts, titles, diffs = _offered(folder, cpu_s, row)
    row["found"] = bool(texts)
    row["offers"] = len(texts)
    row["edit"] = titles[0] if titles else ""
    for rank, after in enumerate(texts):
        if passes({**files, **after}, hidden):
            row["rank"] = rank
            row["first_right"] = rank == 0
            break
        if rank == 0:
            row["first_diff"] = diffs[0]
    return row


def _offered(
    folder: str, cpu_s: float, row: dict[str, Any]
) -> tuple[list[dict[str, str]], list[str], list[str]]:
    """What the product itself offers for the folder: texts of changed files, titles, diffs."""
    from treewright_agent.executor import ExecutorSettings
    from treewright_agent.repair import Outcome, repairer
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.errors import TreewrightError
    from treewright_indexer.workspace import IndexSettings, Workspace

    outcomes: list[Outcome] = []
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    started, cpu = time.monotonic(), _cpu()
    try:
        root = os.path.realpath(folder)
        added = workspace.add_folder(root)
        added.start(lambda done, total, message="": None, lambda message="": None)
        added.wait_ready(None)
        snapshot = workspace.snapshot()
        settings = ExecutorSettings(python=PYTHON[0])
        mend = repairer(settings, cpu_s=cpu_s, on_outcome=outcomes.append)
        row["failing"], row["note"] = 0, ""
        try:
            found = mend(snapshot, root, [], 600.0, CancelToken())
        except TreewrightError as error:
            row["note"] = f"{type(error).__name__}: {error}"
            return [], [], []
        texts: list[dict[str, str]] = []
        for change in found.changes:
            after = change.apply(snapshot.text)
            texts.append(
                {os.path.relpath(p, root): t.string for p, t in after.items() if t is not None}
            )
        diffs = [_changed_lines(change.diff(snapshot.text, root)) for change in found.changes]
        row["failing"] = len(found.before.failures) if found.before is not None else 0
        row["note"] = found.note
        return texts, list(found.titles), diffs
    finally:
        workspace.close()
        row["wall_s"] = round(time.monotonic() - started, 2)
        # what runs in the sandbox's own process namespace says itself what it used
        inside = sum(outcome.sandbox_cpu_s for outcome in outcomes)
        row["cpu_s"] = round(_cpu() - cpu + inside, 2)
        row["tried"] = sum(outcome.n_tried for outcome in outcomes)


def _cpu() -> float:
    """CPU seconds of this process and all that it waited for (which leaves out some in the sandbox)."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _changed_lines(diff: str) -> str:
    rows = [r for r in diff.splitlines() if r[:1] in "+-" and r[:3] not in ("+++", "---")]
    return "\n".join(rows)


# -------------------------------------------------------------------- all of them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rename", action="store_true")
    parser.add_argument("--suite", default="all", choices=("all", *SUITES))
    parser.add_argument(
        "--packages", default="", help="a folder with sdists: bugs in real packages"
    )
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="only every Nth bug")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--cpu", type=float, default=60.0)
    parser.add_argument("--json", default="")
    parser.add_argument("--python", default=sys.executable, help="runs the tests")
    options = parser.parse_args()
    PYTHON[0] = options.python
    todo = [
        (case, bug)
        for case in (load_packages(options.packages) if options.packages else load(options.suite))
        for bug in case.bugs
        if options.only in case.name
    ]
    rows: list[dict[str, Any]] = []
    for case, bug in todo[options.offset :: options.every]:
        row = attempt(case, bug, options.cpu, options.rename)
        rows.append(row)
        mark = "ok  " if row["first_right"] else "WRONG" if row["found"] else "none"
        print(
            f"{mark:5} {row['case']:16} {row['category']:20} {row['wall_s']:6.2f} s"
            f" cpu {row['cpu_s']:6.2f} tried {row['tried']:6} offers {row['offers']:3}"
            f" rank {row['rank']} {row['edit']}",
            flush=True,
        )
        if not row["first_right"]:
            print(f"      wanted: {row['right']!r}  had: {row['wrong']!r}  {row['note']}")
            for line in row.get("first_diff", "").splitlines():
                print("        ", line)
    _print_summary(rows)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1))


def _print_summary(rows: list[dict[str, Any]]) -> None:
    n = len(rows)
    shown = [row for row in rows if row["failing"]]
    if len(shown) < n:
        print(f"{n - len(shown)} bugs fail no visible test and do not count")
    n = len(shown)
    found = [row for row in shown if row["found"]]
    right = [row for row in shown if row["rank"] is not None]
    first = [row for row in shown if row["first_right"]]
    print(f"bugs: {n}; a repair found: {len(found)} ({len(found) / n:.0%})")
    print(f"right one among the first ten: {len(right)} ({len(right) / n:.0%} of all bugs)")
    print(
        f"first offer right: {len(first)} ({len(first) / max(1, len(found)):.0%} of offers, {len(first) / n:.0%} of bugs)"
    )
    for name in ("wall_s", "cpu_s"):
        values = sorted(row[name] for row in shown)
        print(
            f"{name}: median {statistics.median(values):.2f}, 90 % below {values[int(0.9 * (n - 1))]:.2f}"
        )
    missed = Counter(row["category"] for row in shown if not row["first_right"])
    print("not right at first:", ", ".join(f"{k} {v}" for k, v in missed.most_common()))


if __name__ == "__main__":
    main()
