"""What a project tells its linter to leave alone in certain files: `per-file-ignores`.

ruff's settings (`pyproject.toml`, `ruff.toml`, `.ruff.toml`) and flake8's (`.flake8`, `setup.cfg`,
`tox.ini`) are read where they lie nearest above the file. A sweep over the workspace leaves such
files alone: who wrote that line meant it, as for the re-exports of a `compat.py`.
"""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_RUFF = (".ruff.toml", "ruff.toml", "pyproject.toml")
_FLAKE8 = (".flake8", "setup.cfg", "tox.ini")


class Ignored:
    """The per-file ignores of a workspace. Settings that cannot be read ignore nothing."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._settings: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {}

    def ignores(self, path: str, code: str) -> bool:
        """Whether the project wants `code` (`F401`) left alone in the file."""
        for folder in self._above(path):
            shown = os.path.relpath(path, folder).replace(os.sep, "/")
            for pattern, codes in self._of(folder):
                if any(code.startswith(each) for each in codes) and _matches(shown, pattern):
                    return True
        return False

    def _above(self, path: str) -> Iterator[str]:
        roots = {folder.root for folder in self._snapshot.folders}
        folder = os.path.dirname(path)
        while True:
            yield folder
            if folder in roots or folder == os.path.dirname(folder):
                return
            folder = os.path.dirname(folder)

    def _of(self, folder: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        found = self._settings.get(folder)
        if found is None:
            found = self._settings[folder] = (*self._ruff(folder), *self._flake8(folder))
        return found

    def _text(self, path: str) -> str:
        if not self._snapshot.exists(path):
            return ""
        try:
            return self._snapshot.text(path).string
        except TreewrightError:
            return ""

    def _ruff(self, folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name in _RUFF:
            try:
                settings: Any = tomllib.loads(self._text(os.path.join(folder, name)))
            except tomllib.TOMLDecodeError:
                continue
            if name == "pyproject.toml":
                settings = _table(_table(settings, "tool"), "ruff")
            for table in (settings, _table(settings, "lint")):
                for key in ("per-file-ignores", "extend-per-file-ignores"):
                    for pattern, codes in _table(table, key).items():
                        if isinstance(codes, list):
                            yield pattern, tuple(str(code) for code in cast("list[Any]", codes))

    def _flake8(self, folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name in _FLAKE8:
            parser = configparser.RawConfigParser(strict=False)
            try:
                parser.read_string(self._text(os.path.join(folder, name)))
            except configparser.Error:
                continue
            listed = parser.get("flake8", "per-file-ignores", fallback="")
            # `a.py:E1,F401` per line, or several of them behind one another
            for files, codes in re.findall(
                r"([^\s:]+)\s*:\s*([A-Z]\w*(?:[\s,]+[A-Z]\d+)*)", listed
            ):
                for pattern in files.strip(",").split(","):
                    yield pattern, tuple(re.split(r"[\s,]+", codes))


def _table(settings: Any, key: str) -> Mapping[str, Any]:
    found: Any = cast("Mapping[str, Any]", settings).get(key) if isinstance(settings, dict) else {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _matches(shown: str, pattern: str) -> bool:
    wanted = pattern.removeprefix("./")
    whole = wanted.replace("**/", "")
    return (
        fnmatch.fnmatch(shown, wanted)
        or fnmatch.fnmatch(shown, whole)
        or fnmatch.fnmatch(shown, wanted.rstrip("/") + "/*")
        or ("/" not in wanted and fnmatch.fnmatch(os.path.basename(shown), wanted))
    )
