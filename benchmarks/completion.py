"""Completion while a name is typed: from the key press to the answer, servers side by side.

    python benchmarks/completion.py WORKSPACE --peers VENV [--n 12] [--seed 7] [--only NAME …]

Each case is a name that stands in a file of the workspace. It is deleted and typed again, letter
by letter; a completion is asked for behind every letter, as editors do, and is right when it
offers the name behind the third letter (or the last one). What the name is (a local one, an
attribute of self, of a module, of a made object, a name imported …) is decided by `ast` alone. The
servers take turns on the same case, so the ratios are what counts; times are in ms.
"""

from __future__ import annotations

import argparse
import ast
import random
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from lsp import Server
from servers import labels_of, servers, timed

KINDS: Final = ("local", "builtin", "self", "module", "library", "object", "import")
LETTERS: Final = 3
WAIT_FILES: Final = 400_000
"""Bytes of the largest file that cases are taken from."""


class Case(NamedTuple):
    kind: str
    path: Path
    line: int
    column: int
    """Of the first letter, in characters: lines with others than ASCII are left out."""
    name: str


def cases(workspace: Path, n: int, seed: int) -> list[Case]:
    """`n` of each kind, from as many files as there are."""
    found: defaultdict[str, list[Case]] = defaultdict(list)
    files = [p for p in sorted(workspace.rglob("*.py")) if 2_000 < p.stat().st_size < WAIT_FILES]
    random.Random(seed).shuffle(files)
    for path in files:
        try:
            source = path.read_text()
            tree = ast.parse(source)
        except (SyntaxError, UnicodeDecodeError):
            continue
        if not source.isascii():
            continue
        here: defaultdict[str, list[Case]] = defaultdict(list)
        for kind, node, name in _names(tree, workspace):
            line, column = int(node.lineno) - 1, int(node.col_offset)
            if kind == "import":
                column = str(source.splitlines()[line]).find(name, int(column))
            elif isinstance(node, ast.Attribute):
                line, column = (node.end_lineno or 1) - 1, (node.end_col_offset or 0) - len(name)
            text = source.splitlines()[line]
            if column and text[column : column + len(name)] == name and len(name) > LETTERS:
                here[kind].append(Case(kind, path, line, column, name))
        for kind, some in here.items():
            if len(found[kind]) < n:
                found[kind].append(random.Random(seed).choice(some))
        if all(len(found[kind]) >= n for kind in KINDS):
            break
    return [case for kind in KINDS for case in found[kind]]


def _names(tree: ast.Module, workspace: Path) -> Iterator[tuple[str, Any, str]]:
    """(kind, node, name) of what can be told from the text of one module alone."""
    modules: dict[str, Path | None] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in sys.stdlib_module_names and not alias.asname:
                    modules[alias.name] = None
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            folder = workspace.joinpath(*node.module.split("."))
            for alias in node.names:
                file = folder / f"{alias.name}.py"
                if file.exists():
                    modules[alias.asname or alias.name] = file
                elif folder.with_suffix(".py").exists() and alias.name != "*":
                    yield "import", node, alias.name
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for cls in classes.values():
        members = {each.name for each in cls.body if isinstance(each, ast.FunctionDef)}
        for function in cls.body:
            if isinstance(function, ast.FunctionDef) and function.args.args:
                owner = function.args.args[0].arg
                yield from _in_function(function, owner, members, modules)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            yield from _in_function(function, "", set(), modules)


def _in_function(
    function: ast.FunctionDef, owner: str, members: set[str], modules: dict[str, Path | None]
) -> Iterator[tuple[str, Any, str]]:
    parameters = {each.arg for each in function.args.args}
    made: dict[str, ast.Assign] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in parameters:
                yield "local", node, node.id
            elif node.id in ("isinstance", "sorted", "getattr", "enumerate", "ValueError"):
                yield "builtin", node, node.id
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            kept = node.value.value if isinstance(node.value, ast.Constant) else ""
            if isinstance(kept, str) and isinstance(node.targets[0], ast.Name):
                made[node.targets[0].id] = node
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            base = node.value.id
            if owner == "self" and base == owner and node.attr in members:
                yield "self", node, node.attr
            elif base in modules:
                file = modules[base]
                if file is None:
                    yield "library", node, node.attr
                elif node.attr in {getattr(each, "name", "") for each in _body(file)}:
                    yield "module", node, node.attr
            elif base in made and hasattr(str, node.attr):
                yield "object", node, node.attr


def _body(file: Path) -> list[ast.stmt]:
    try:
        return ast.parse(file.read_text()).body
    except (SyntaxError, UnicodeDecodeError):
        return []


class Typist:
    """One server, with the documents it has open."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._lines: dict[Path, list[str]] = {}
        self._version = 1

    def type(self, case: Case) -> Iterator[tuple[str, float, bool]]:
        """(first or next key press, ms from it to the answer, whether the name is offered)."""
        address = case.path.as_uri()
        if case.path not in self._lines:
            text = case.path.read_text()
            self._lines[case.path] = text.splitlines()
            document = {"uri": address, "languageId": "python", "version": 1, "text": text}
            self.server.notify("textDocument/didOpen", {"textDocument": document})
        line, column, name = case.line, case.column, case.name
        name = self._lines[case.path][line][column - 1] + name  # the dot, or the space
        typed = 1 if case.kind in ("local", "builtin", "import") else 0
        column -= 1
        self._change(address, line, column + typed, column + len(name), "")
        self.server.request("textDocument/documentSymbol", {"textDocument": {"uri": address}})
        for letters in range(typed, LETTERS + 1):

            def press(at: int = column + letters, letter: str = name[letters]) -> Any:
                self._change(address, line, at, at, letter)
                where = {"line": line, "character": at + 1}
                asked = {"textDocument": {"uri": address}, "position": where}
                return self.server.request(
                    "textDocument/completion", {**asked, "context": {"triggerKind": 1}}
                )

            answer, ms = timed(press)
            which = "first" if letters == typed else "next"
            yield which, ms, case.name in labels_of(answer)
        at = column + LETTERS + 1
        self._change(address, line, at, at, name[LETTERS + 1 :])

    def _change(self, address: str, line: int, start: int, end: int, text: str) -> None:
        self._version += 1
        range_ = {
            "start": {"line": line, "character": start},
            "end": {"line": line, "character": end},
        }
        self.server.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": address, "version": self._version},
                "contentChanges": [{"range": range_, "text": text}],
            },
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--peers", type=Path, help="environment with the other servers")
    parser.add_argument("--only", nargs="*", help="names of the servers to run")
    parser.add_argument("--n", type=int, default=12, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--verbose", action="store_true", help="print what was not offered")
    arguments = parser.parse_args()
    workspace = arguments.workspace.resolve()
    asked = cases(workspace, arguments.n, arguments.seed)
    home = Path(tempfile.mkdtemp(prefix="treewright-bench-"))
    typists: dict[str, Typist] = {}
    ms: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    right: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    try:
        for name, (command, env) in servers(arguments.peers, home).items():
            if not arguments.only or name in arguments.only:
                server = Server(command, env)
                server.initialize(workspace)
                server.request("workspace/symbol", {"query": "zzqqx"})
                typists[name] = Typist(server)
        for case in [asked[0], *asked]:  # the first one is asked twice: it is not timed
            for name, typist in typists.items():
                offered, last = False, 0.0
                for which, took, shown in typist.type(case):
                    ms[name, case.kind, which].append(took)
                    last, offered = max(last, took), shown
                right[name, case.kind].append(offered)
                if arguments.verbose and (not offered or last > 30):
                    what = f"{case.path.relative_to(workspace)}:{case.line + 1} {case.name}"
                    print(f"{name} {case.kind} {last:.1f} ms {offered}: {what}", file=sys.stderr)
    finally:
        for typist in typists.values():
            typist.server.stop()
        shutil.rmtree(home, ignore_errors=True)
    print(f"{'ms p50 / p95, offered':22}" + "".join(f"{name:>26}" for name in typists))
    for which in ("first", "next"):
        for kind in (*KINDS, "all"):
            row = f"{which + ' ' + kind:22}"
            for name in typists:
                kinds = KINDS if kind == "all" else (kind,)
                times = sorted(took for each in kinds for took in ms[name, each, which])
                if not times:
                    row += f"{'–':>26}"
                    continue
                p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
                share = statistics.mean(x for each in kinds for x in right[name, each])
                row += f"{f'{statistics.median(times):.1f} / {p95:.1f}  {share:.0%}':>26}"
            print(row)


if __name__ == "__main__":
    main()
