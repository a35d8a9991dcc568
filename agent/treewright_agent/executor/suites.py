"""How the tests of a folder are run: which runner, which files, which command."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_TEST_NAME = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|tests?)\.py$")
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


def find(snapshot: Snapshot, root: str, has_pytest: bool) -> Suite | None:
    """The suite of the folder; None when it has no tests that can be run."""
    files = sorted(_python_tests(snapshot, root))
    if files:
        return _python(snapshot, root, files, has_pytest)
    return _other(root)


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
            return Suite("pytest", collected)
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
