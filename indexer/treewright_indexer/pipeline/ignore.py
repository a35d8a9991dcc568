"""Which paths of a folder are left out: fixed folder names, settings and ignore files.

`.gitignore`, `.ignore` and `.treewrightignore` count in every folder, deeper ones over
shallower ones. In git repositories git itself applies `.gitignore`; see `scan`.
"""

from __future__ import annotations

import os
from collections.abc import Container, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

EXCLUDED_FOLDERS: Final = frozenset(
    """
    .git .hg .svn .bzr CVS node_modules bower_components __pycache__ .venv venv .tox .nox
    .mypy_cache .ruff_cache .pytest_cache .hypothesis .ipynb_checkpoints .eggs .gradle .idea
    .vscode-test .next .nuxt .parcel-cache .turbo .terraform .direnv .cache
    """.split()
)
"""Folder names that never hold a project's own sources."""

GIT_FILES: Final = (".gitignore",)
OWN_FILES: Final = (".ignore", ".treewrightignore")

_Chain = tuple[tuple[int, "GitIgnoreSpec"], ...]
"""(length of the folder's path, its patterns), innermost first."""


class IgnoreRules:
    """The rules of one folder, read when first needed. Paths are relative with `/`."""

    def __init__(self, root: str, exclude: tuple[str, ...], *, git: bool) -> None:
        self._root = root
        self._names = OWN_FILES if git else (*GIT_FILES, *OWN_FILES)
        self._exclude = _spec(exclude) if exclude else None
        self._chains: dict[str, _Chain] = {}

    def ignores_path(self, path: str) -> bool:
        """Whether a file is left out, by itself or with a folder that holds it."""
        parts = path.split("/")
        folder = ""
        for name in parts[:-1]:
            if self.ignores_entry(folder, name, is_folder=True):
                return True
            folder = f"{folder}{name}/"
        return self.ignores_entry(folder, parts[-1], is_folder=False)

    def ignores_entry(self, folder: str, name: str, *, is_folder: bool) -> bool:
        """Whether the entry of a folder (`''` or `a/b/`) that is itself not left out, is."""
        if is_folder and name in EXCLUDED_FOLDERS:
            return True
        chain = self._chains.get(folder)
        if chain is None:
            chain = self._read(folder, self._names)
        if not chain and self._exclude is None:
            return False
        path = f"{folder}{name}/" if is_folder else folder + name
        if self._exclude is not None and self._exclude.match_file(path):
            return True
        for depth, spec in chain:
            included = spec.check_file(path[depth:]).include
            if included is not None:
                return included
        return False

    def enter(self, folder: str, names: Container[str]) -> None:
        """Say which entries a folder has, so that files that are not there are not opened."""
        if folder not in self._chains:
            self._read(folder, [name for name in self._names if name in names])

    def _read(self, folder: str, names: Sequence[str]) -> _Chain:
        """The specs that count in a folder: its own, then those of the folders above."""
        above: _Chain = ()
        if folder:
            parent = folder[: folder.rfind("/", 0, -1) + 1]
            found = self._chains.get(parent)
            above = found if found is not None else self._read(parent, self._names)
        lines = [line for name in names for line in _lines(os.path.join(self._root, folder, name))]
        own: _Chain = ((len(folder), _spec(tuple(lines))),) if lines else ()
        self._chains[folder] = own + above
        return own + above


def is_ignore_file(path: str) -> bool:
    """Whether a change of `path` changes what is left out."""
    return path.rpartition("/")[2] in (*GIT_FILES, *OWN_FILES)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


@lru_cache(maxsize=256)
def _spec(lines: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    good: list[str] = []
    for line in lines:  # one bad pattern must not take the others with it
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        good.append(line)
    return GitIgnoreSpec.from_lines(good)
