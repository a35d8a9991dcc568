"""Files of Rust modules: `crate::a::b`, `self`, `super`, and the crates of the workspace.

A module `a` of a file is `a.rs` or `a/mod.rs` in the file's folder of modules. Modules that stand
inside a file and `#[path]` are not followed: what they hold is found by its name.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_SEPARATOR: Final = re.compile(r"::|\.")
_ROOTS: Final = (os.path.join("src", "lib.rs"), os.path.join("src", "main.rs"), "lib.rs")
_OWN_FOLDER: Final = frozenset({"mod.rs", "lib.rs", "main.rs"})
"""Files whose modules stand beside them; those of `a.rs` stand in `a/`."""


class Crates:
    """See the module. For one answer."""

    def __init__(self, snapshot: Snapshot, is_file: Callable[[str], bool]) -> None:
        self._snapshot = snapshot
        self._is_file = is_file
        self._by_name: dict[str, str] | None = None

    def find(self, from_path: str, module: str) -> str | None:
        """The file of the module as named in `from_path`; None when it is in no file of its own."""
        parts = [part for part in _SEPARATOR.split(module) if part]
        if not parts:
            return None
        first, *rest = parts
        if first == "crate":
            return self._below(self._root_of(from_path), rest)
        here: str | None = from_path
        if first in ("self", "super"):
            while parts and parts[0] in ("self", "super"):
                if parts.pop(0) == "super":
                    here = self._parent(here) if here is not None else None
            return self._below(here, parts)
        return self._below(self._crates().get(first), rest) or self._below(from_path, parts)

    def _below(self, path: str | None, parts: list[str]) -> str | None:
        for part in parts:
            if path is None:
                return None
            path = self._child(path, part)
        return path

    def _child(self, path: str, name: str) -> str | None:
        folder = os.path.join(self._folder(path), name)
        candidates = (f"{folder}.rs", os.path.join(folder, "mod.rs"))
        return next(filter(self._is_file, candidates), None)

    def _folder(self, path: str) -> str:
        """Where the files of its modules stand."""
        is_root = os.path.basename(path) in _OWN_FOLDER or path == self._root_of(path)
        return os.path.dirname(path) if is_root else os.path.splitext(path)[0]

    def _parent(self, path: str) -> str | None:
        folder = os.path.dirname(path)
        if os.path.basename(path) == "mod.rs":
            folder = os.path.dirname(folder)
            above = os.path.basename(os.path.dirname(path))
        else:
            above = os.path.splitext(os.path.basename(path))[0]
        for name in _OWN_FOLDER:
            parent = os.path.join(folder, name)
            if parent != path and self._is_file(parent) and self._child(parent, above) == path:
                return parent
        parent = f"{folder}.rs"
        return parent if self._is_file(parent) else None

    def _root_of(self, path: str) -> str | None:
        """The root of the crate that the file is part of."""
        home = self._snapshot.folder_of(path)
        folder = os.path.dirname(path)
        while home is not None and len(folder) >= len(home.root):
            if self._is_file(os.path.join(folder, "Cargo.toml")):
                inner = os.path.relpath(path, folder)
                if inner.split(os.sep)[0] in ("tests", "benches", "examples"):
                    return path  # each is a crate of its own
                return self._root_in(folder)
            folder = os.path.dirname(folder)
        return None

    def _root_in(self, folder: str) -> str | None:
        roots = (os.path.join(folder, name) for name in _ROOTS)
        return next(filter(self._is_file, roots), None)

    def _crates(self) -> Mapping[str, str]:
        """name -> root of the crates in the workspace."""
        if self._by_name is None:
            self._by_name = {}
            for path in self._snapshot.files():
                if os.path.basename(path) != "Cargo.toml":
                    continue
                name = _table(_table(self._settings(path)).get("package")).get("name")
                root = self._root_in(os.path.dirname(path))
                if isinstance(name, str) and root is not None:
                    self._by_name.setdefault(name.replace("-", "_"), root)
        return self._by_name

    def _settings(self, path: str) -> Mapping[str, Any]:
        try:
            return tomllib.loads(self._snapshot.text(path).string)
        except (TreewrightError, ValueError):
            return {}


def _table(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
