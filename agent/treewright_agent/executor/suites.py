"""How the tests of a folder are run: which runner, which files, which command."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_TEST_NAME = re.compile(r"(^|/)(test_[^/]*|[^/]*_tests?|tests?)\.py$")
_FOUND_BY_PYTEST = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
_TEST_FOLDER = re.compile(r"(^|/)tests?/")
_SKIPPED = re.compile(r"(^|/)(\.[^/]+|node_modules|venv|env|build|dist|__pycache__)/")


@dataclass(frozen=True, slots=True)
class Suite:
    """`runner`: pytest, unittest, script, or the name of another language's tool; `files` are
    the test files that were found, relative to the folder."""

    runner: str
    files: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    """The command of runners that are not Python's; selections are put behind it."""
    named: bool = False
    """A runner would not find `files` by itself: they are given to it."""


_MAX_LOOKED_AT = 400
_MAX_SIZE = 200_000


def find(
    snapshot: Snapshot, root: str, has_pytest: bool, named: Sequence[str] = ()
) -> Suite | None:
    """The suite of the folder; None when it has no tests that can be run.

    `named`: files, relative to `root`, that somebody calls tests whatever their names are.
    """
    files = sorted(_python_tests(snapshot, root))
    asked = [
        file
        for file in dict.fromkeys(named)
        if file.endswith(".py") and snapshot.exists(os.path.join(root, file))
    ]
    if asked and not set(asked) <= set(files):
        suite = _python(snapshot, root, asked, has_pytest)
        return replace(suite, named=True) if suite is not None else Suite("script", tuple(asked))
    suite = _python(snapshot, root, files, has_pytest) if files else _other(root)
    if suite is not None:
        return suite
    unusual = _by_content(snapshot, root)
    suite = _python(snapshot, root, unusual, has_pytest) if unusual else None
    return replace(suite, named=True) if suite is not None else None


def _by_content(snapshot: Snapshot, root: str) -> list[str]:
    """Files that hold tests although their names do not say so."""
    prefix = root.rstrip(os.sep) + os.sep
    paths = [p for p in snapshot.files() if p.endswith(".py") and p.startswith(prefix)]
    found: list[str] = []
    for path in sorted(paths, key=lambda p: (p.count(os.sep), p))[:_MAX_LOOKED_AT]:
        relative = path[len(prefix) :].replace(os.sep, "/")
        if _SKIPPED.search(relative) or os.path.basename(path) in ("conftest.py", "setup.py"):
            continue
        try:
            data = snapshot.text(path).data
        except TreewrightError:
            continue
        if len(data) > _MAX_SIZE or (b"assert" not in data and b"unittest" not in data):
            continue
        style = style_of(snapshot, path)
        if style in ("case", "function") or (
            style == "script" and _asserts_at_once(snapshot, path)
        ):
            found.append(relative)
    return sorted(found)


def _asserts_at_once(snapshot: Snapshot, path: str) -> bool:
    """Does the file check something when it is run, outside of its functions?"""
    pending: list[ast.AST] = [*ast.parse(snapshot.text(path).string).body]
    functions: set[str] = set()
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(isinstance(inner, ast.Assert) for inner in ast.walk(node)):
                functions.add(node.name)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in functions:
                return True
            pending += ast.iter_child_nodes(node)
        elif not isinstance(node, ast.ClassDef):
            pending += ast.iter_child_nodes(node)
    return False


def _python_tests(snapshot: Snapshot, root: str) -> Iterable[str]:
    prefix = root.rstrip(os.sep) + os.sep
    for path in snapshot.files():
        if not path.endswith(".py") or not path.startswith(prefix):
            continue
        relative = path[len(prefix) :].replace(os.sep, "/")
        name = relative.rsplit("/", 1)[-1]
        if _SKIPPED.search(relative) or name in ("conftest.py", "__init__.py"):
            continue
        if _TEST_NAME.search(relative) or _TEST_FOLDER.search(relative):
            yield relative


def _python(snapshot: Snapshot, root: str, files: Sequence[str], has_pytest: bool) -> Suite | None:
    styles = {file: style_of(snapshot, os.path.join(root, file)) for file in files}
    collected = tuple(f for f in files if styles[f] in ("function", "case"))
    if collected:
        if has_pytest:
            unusual = not any(_FOUND_BY_PYTEST.search(file) for file in collected)
            return Suite("pytest", collected, named=unusual)
        cases = tuple(f for f in collected if styles[f] == "case")
        # functions without pytest cannot be run; the missing runner is then the answer
        return Suite("unittest", cases) if cases else Suite("pytest", collected)
    scripts = tuple(f for f in files if styles[f] == "script")
    return Suite("script", scripts) if scripts else None


def style_of(snapshot: Snapshot, path: str) -> str:
    """`case` (unittest), `function` (pytest), `script` (asserts when it runs), or ''."""
    try:
        tree = ast.parse(snapshot.text(path).string)
    except (SyntaxError, ValueError, TreewrightError):
        return "function" if os.path.basename(path).startswith("test") else ""
    style = ""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith(
            "test"
        ):
            style = "function"
        elif isinstance(node, ast.ClassDef) and any(
            "TestCase" in ast.unparse(b) for b in node.bases
        ):
            return "case"
    if style:
        return style
    runs = any(isinstance(node, (ast.Assert, ast.If, ast.Expr)) for node in tree.body)
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    return "script" if runs and asserts else ""


def _other(root: str) -> Suite | None:
    here = Path(root)
    package = here / "package.json"
    if package.is_file():
        argv = _javascript(package)
        if argv:
            return Suite("javascript", (), argv)
    for name, runner, argv in (
        ("go.mod", "go", ("go", "test", "./...")),
        ("Cargo.toml", "cargo", ("cargo", "test", "--offline")),
        ("pom.xml", "maven", ("mvn", "-q", "-o", "test")),
        ("build.gradle", "gradle", ("gradle", "--offline", "test")),
    ):
        if (here / name).is_file():
            return Suite(runner, (), argv)
    return None


def _javascript(package: Path) -> tuple[str, ...]:
    try:
        data = json.loads(package.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    wanted = {**data.get("dependencies", {}), **data.get("devDependencies", {})}
    for name, arguments in (("vitest", ("run",)), ("jest", ()), ("mocha", ())):
        program = package.parent / "node_modules" / ".bin" / name
        if name in wanted and program.exists():
            return (f"node_modules/.bin/{name}", *arguments)
    script = str(data.get("scripts", {}).get("test", ""))
    if script.startswith("node --test"):
        return tuple(script.split())
    return ("npm", "test", "--silent") if script and "no test specified" not in script else ()
