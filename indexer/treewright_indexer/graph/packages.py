"""Packages of Go: a folder is a module, and every file in it adds to what the package holds.

`go.mod` says what the folder that holds it is called; what is imported below that name is a folder
below it. A package stands for itself as the first of its files.
"""

from __future__ import annotations

import os
import re
from typing import Final

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_MODULE: Final = re.compile(r"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)


def is_package_file(path: str) -> bool:
    """Whether the folder, not the file, is what is imported."""
    return path.endswith(".go")


class GoPackages:
    """Looks packages up for one answer."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._homes: dict[str, tuple[str, str] | None] = {}
        self._first: dict[str, str] | None = None

    def find(self, from_path: str, module: str) -> str | None:
        """The first file of the package as imported in `from_path`; None outside the workspace."""
        home = self._home(os.path.dirname(from_path))
        if home is None:
            return None
        root, name = home
        if module != name and not module.startswith(f"{name}/"):
            return None
        return self._files().get(os.path.normpath(os.path.join(root, module[len(name) + 1 :])))

    def _files(self) -> dict[str, str]:
        """The first file of each folder, tests left out."""
        if self._first is None:
            self._first = {}
            for path in self._snapshot.files():
                if path.endswith(".go") and not path.endswith("_test.go"):
                    folder = os.path.dirname(path)
                    self._first[folder] = min(path, self._first.get(folder, path))
        return self._first

    def _home(self, folder: str) -> tuple[str, str] | None:
        """(folder, name) of the module around `folder`: the nearest go.mod upwards."""
        if folder not in self._homes:
            self._homes[folder] = self._named(folder)
        return self._homes[folder]

    def _named(self, folder: str) -> tuple[str, str] | None:
        home = self._snapshot.folder_of(os.path.join(folder, "go.mod"))
        while home is not None and len(folder) >= len(home.root):
            path = os.path.join(folder, "go.mod")
            if os.path.isfile(path):
                try:
                    named = _MODULE.search(self._snapshot.text(path).string)
                except TreewrightError:
                    return None
                return (folder, named.group(1)) if named is not None else None
            folder = os.path.dirname(folder)
        return None
