"""The project's own Python: the one that has its dependencies, else one that can run its tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from treewright_agent.sandbox import Limits, Policy, run
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError

_ASK = (
    "import importlib.util as u, json, sys\n"
    "print(json.dumps({'version': list(sys.version_info[:3]), 'prefix': [sys.prefix, sys.base_prefix],"
    " 'path': [p for p in sys.path if p], 'has': ['pytest'] if u.find_spec('pytest') else []}))\n"
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """`origin` says why it was chosen, for people."""

    path: str
    origin: str
    version: tuple[int, ...]
    roots: tuple[str, ...]
    """Folders that it needs to read."""
    has_pytest: bool


def find(root: str, configured: str = "") -> Interpreter | None:
    """The first working one of: the setting, an environment in the folder, one that a tool
    keeps for it, the active one, then any that has pytest."""
    if configured:  # a setting that does not work is said, not passed over
        return _asked(configured, "treewright.python", root)
    spare: Interpreter | None = None
    for path, origin in candidates(root):
        found = _asked(path, origin, root)
        if found is None:
            continue
        if origin in _OWN:
            return found
        if found.has_pytest:
            return found
        spare = spare or found
    return spare


_OWN = frozenset(
    ("treewright.python", ".venv", "venv", "env", ".env", "pdm", "poetry", "pipenv", "conda", "tox")
)


def candidates(root: str) -> Iterator[tuple[str, str]]:
    """(program, origin), best first; they need not exist."""
    for name in (".venv", "venv", "env", ".env"):
        if os.path.exists(os.path.join(root, name, "pyvenv.cfg")):
            yield _program(os.path.join(root, name)), name
    pdm = Path(root, ".pdm-python")
    if pdm.is_file():
        yield pdm.read_text(encoding="utf-8", errors="replace").strip(), "pdm"
    for folder in _poetry(root):
        yield _program(folder), "poetry"
    for folder in _pipenv(root):
        yield _program(folder), "pipenv"
    for name in ("envs", ".conda"):
        folder = os.path.join(root, name)
        if os.path.isdir(os.path.join(folder, "conda-meta")):
            yield _program(folder), "conda"
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(variable)
        if folder:
            yield _program(folder), variable
    yield sys.executable, "treewright's own"
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found:
            yield found, "PATH"


def _program(folder: str) -> str:
    if os.name == "nt":
        return os.path.join(folder, "Scripts", "python.exe")
    return os.path.join(folder, "bin", "python")


def _poetry(root: str) -> list[str]:
    """Poetry keeps `<name>-<hash>-py3.x` in its cache; the newest that fits the name."""
    project = Path(root, "pyproject.toml")
    try:
        text = project.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return []
    if "[tool.poetry" not in text and "poetry.core" not in text:
        return []
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return []
    name = data.get("tool", {}).get("poetry", {}).get("name") or data.get("project", {}).get(
        "name", ""
    )
    home = os.environ.get("POETRY_CACHE_DIR") or os.path.expanduser("~/.cache/pypoetry")
    return _matching(os.path.join(home, "virtualenvs"), str(name).replace("_", "-"))


def _pipenv(root: str) -> list[str]:
    if not os.path.isfile(os.path.join(root, "Pipfile")):
        return []
    home = os.environ.get("WORKON_HOME") or os.path.expanduser("~/.local/share/virtualenvs")
    return _matching(home, os.path.basename(root))


def _matching(home: str, name: str) -> list[str]:
    try:
        folders = [
            f for f in os.scandir(home) if name and f.name.lower().startswith(f"{name.lower()}-")
        ]
    except OSError:
        return []
    return [f.path for f in sorted(folders, key=lambda f: f.stat().st_mtime, reverse=True)]


def _asked(path: str, origin: str, root: str) -> Interpreter | None:
    if not os.path.isabs(path) or not os.access(path, os.X_OK):
        return None
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError:
        return None
    row = _own() if path == sys.executable else _ask(path, changed, root)
    if row is None:
        return None
    real = os.path.realpath(path)
    folders = {*row["prefix"], os.path.dirname(os.path.dirname(path)), os.path.dirname(real)}
    # a relative entry is about the folder somebody happened to stand in
    folders |= {p for p in row["path"] if os.path.isabs(p) and os.path.isdir(p)}
    for place in row["path"]:
        folders |= set(_led_to(place))
    version = tuple(map(int, row["version"]))
    return Interpreter(
        path, origin, version, tuple(sorted(_outermost(folders))), "pytest" in row["has"]
    )


_QUOTED_PATH = re.compile(r"['\"](/[^'\"\n]+)['\"]")


def _led_to(site: str) -> Iterator[str]:
    """Folders outside a site folder that its `.pth` files and editable finders name."""
    try:
        names = os.listdir(site)
    except OSError:
        return
    for name in names:
        if not (
            name.endswith(".pth") or (name.startswith("__editable__") and name.endswith(".py"))
        ):
            continue
        try:
            text = Path(site, name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found = _QUOTED_PATH.findall(text)
        if name.endswith(".pth"):
            found += [line.strip() for line in text.splitlines() if line.startswith("/")]
        for folder in found:
            if os.path.exists(folder):
                yield folder


def _outermost(folders: set[str]) -> set[str]:
    """Without those that lie in another; the root of the file system is never one."""
    kept = {f.rstrip(os.sep) for f in folders if f.rstrip(os.sep)}
    return {f for f in kept if not any(f != o and f.startswith(o + os.sep) for o in kept)}


@lru_cache(maxsize=32)
def _ask(path: str, changed: int, root: str) -> dict[str, list[str]] | None:
    """What the interpreter says of itself, asked in the sandbox and once as long as it stays
    the same file: an environment in the folder is as little trusted as the rest of it."""
    del changed
    base = os.path.dirname(os.path.dirname(os.path.realpath(path)))
    readable = tuple(p for p in (root, os.path.dirname(os.path.dirname(path)), base) if p != "/")
    policy = Policy(readable=readable, limits=Limits(wall_s=15, cpu_s=10), loopback=False)
    try:
        done = run([path, "-c", _ASK], "/", policy, CancelToken())
        row: Any = json.loads(done.stdout.strip().splitlines()[-1])
    except (TreewrightError, OSError, ValueError, IndexError):
        return None
    return {key: [str(item) for item in value] for key, value in row.items()}


def _own() -> dict[str, list[str]]:
    import importlib.util

    return {
        "version": [str(part) for part in sys.version_info[:3]],
        "prefix": [sys.prefix, sys.base_prefix],
        "path": [p for p in sys.path if p],
        "has": ["pytest"] if importlib.util.find_spec("pytest") else [],
    }
