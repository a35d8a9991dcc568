"""From a module's name to its file, and back.

How a language names modules is data (`Language.modules`): `python` packages, `path` for
JavaScript and TypeScript, `include` for C; the others are found by symbol name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from treewright_indexer.graph.crates import Crates
from treewright_indexer.graph.includes import Includes
from treewright_indexer.graph.packages import GoPackages
from treewright_indexer.graph.scripts import ScriptModules
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from treewright_indexer.folder import Folder

_PYTHON_SUFFIXES = (".py", ".pyi")
_SOURCE_FOLDERS = ("src", "lib", "python")


class ModuleFinder:
    """Looks modules up for one answer; remembers what it found, since files are asked often."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._found: dict[tuple[str, str, int], str | None] = {}
        self._roots: dict[str, list[str]] = {}
        self._roots_of: dict[tuple[str, str], list[str]] = {}
        self._top_level: dict[str, list[str]] = {}
        self.packages = GoPackages(snapshot)
        self._is_file = lru_cache(maxsize=None)(snapshot.exists)
        self.scripts = ScriptModules(snapshot, self._is_file)
        self.includes = Includes(snapshot, self._is_file)
        self.crates = Crates(snapshot, self._is_file)

    def find(self, from_path: str, module: str, level: int) -> str | None:
        """The file of `module` as imported in `from_path`, inside the workspace; else None."""
        key = (os.path.dirname(from_path), module, level)
        if key not in self._found:
            self._found[key] = self._find(from_path, module, level)
        return self._found[key]

    def _find(self, from_path: str, module: str, level: int) -> str | None:
        language = self.snapshot.language(from_path)
        style = language.modules if language is not None else ""
        if style == "python":
            return self._python(from_path, module, level)
        if style == "path":
            return self.scripts.find(from_path, module)
        if style == "rust":
            return self.crates.find(from_path, module)
        if style == "go":
            return self.packages.find(from_path, module)
        if style == "include":
            return self.includes.find(from_path, module)
        return None

    def submodule(self, package: str, name: str) -> str | None:
        """The file of module `name` inside the package whose `__init__` is `package`."""
        if not os.path.basename(package).startswith("__init__."):
            return None
        return self._python_file(os.path.dirname(package), [name])

    def _python(self, from_path: str, module: str, level: int) -> str | None:
        parts = module.split(".") if module else []
        if level:
            base = os.path.dirname(from_path)
            for _ in range(level - 1):
                base = os.path.dirname(base)
            return self._python_file(base, parts)
        for root in self.roots(from_path):
            found = self._python_file(root, parts)
            if found is not None and found != from_path:
                return found
        return None

    def _python_file(self, base: str, parts: list[str]) -> str | None:
        stem = os.path.join(base, *parts)
        if parts:
            for suffix in _PYTHON_SUFFIXES:
                if self._is_file(stem + suffix):
                    # A package beside a module of the same name wins, as in Python.
                    package = os.path.join(stem, "__init__" + suffix)
                    return package if self._is_file(package) else stem + suffix
        for suffix in _PYTHON_SUFFIXES:
            if self._is_file(os.path.join(stem, "__init__" + suffix)):
                return os.path.join(stem, "__init__" + suffix)
        return None

    def roots(self, from_path: str) -> list[str]:
        """Folders that absolute Python imports of `from_path` start from, best first."""
        folder = os.path.dirname(from_path)
        found = self._roots.get(folder)
        if found is None:
            root = package_root(self._is_file, from_path)
            home = self.snapshot.folder_of(from_path)
            key = (root, home.root if home is not None else "")
            if key not in self._roots_of:
                self._roots_of[key] = self._find_roots(root, home)
            found = self._roots[folder] = self._roots_of[key]
        return found

    def _find_roots(self, root: str, home: Folder | None) -> list[str]:
        roots = [root]
        folders = ([home] if home else []) + [f for f in self.snapshot.folders if f is not home]
        for folder in folders:
            roots += [folder.root, *(os.path.join(folder.root, n) for n in _SOURCE_FOLDERS)]
        if home is not None:  # a project below the folder: each ancestor may be on the path
            parent = os.path.dirname(root)
            while len(parent) > len(home.root):
                roots += [parent, *(os.path.join(parent, n) for n in _SOURCE_FOLDERS[:1])]
                parent = os.path.dirname(parent)
            if home.root not in self._top_level:
                self._top_level[home.root] = top_level_roots(self.snapshot, home.root)
            roots += self._top_level[home.root]
        return list(dict.fromkeys(roots))


def package_root(is_file: Callable[[str], bool], path: str) -> str:
    """The first folder above `path` that is no package: where its absolute names start."""
    folder = os.path.dirname(path)
    while is_file(os.path.join(folder, "__init__.py")) or is_file(
        os.path.join(folder, "__init__.pyi")
    ):
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    return folder


def top_level_roots(snapshot: Snapshot, root: str) -> list[str]:
    """Sub-folders of `root` that hold packages: `server/` of `server/treewright_server/`."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        entry.path
        for entry in entries
        if entry.is_dir()
        and not entry.name.startswith((".", "_"))
        and entry.name not in ("node_modules", "build", "dist", "venv")
        and not os.path.isfile(os.path.join(entry.path, "__init__.py"))
    ]


def module_name(snapshot: Snapshot, path: str) -> str | None:
    """The dotted name under which the Python file `path` is imported; None if it cannot be."""
    stem, suffix = os.path.splitext(path)
    language = snapshot.language(path)
    if language is None or language.modules != "python" or suffix not in _PYTHON_SUFFIXES:
        return None
    root = package_root(snapshot.exists, path)
    folder = snapshot.folder_of(path)
    if folder is not None and os.path.basename(root) not in _SOURCE_FOLDERS:
        # A namespace package: folders without __init__ that the imports of others name.
        relative = os.path.relpath(root, folder.root)
        if relative != "." and all(part.isidentifier() for part in relative.split(os.sep)):
            inside = os.path.dirname(path) != root
            root = root if inside else folder.root
    parts = os.path.relpath(stem, root).split(os.sep)
    if parts[-1] == "__init__":
        parts.pop()
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)
