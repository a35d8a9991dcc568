"""Files of JavaScript and TypeScript modules: relative paths, path aliases, packages beside.

What a project says of names that are not relative stands in files of its own: `paths` and
`baseUrl` of the nearest `tsconfig.json` or `jsconfig.json` (with what it extends, and the
projects that it refers to), `imports` of the nearest `package.json`, and the names and
`exports` of the packages that the workspace holds. Nothing outside the folder is read, and a
package in `node_modules` is nobody's here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

SUFFIXES: Final = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_CONFIGS: Final = ("tsconfig.json", "jsconfig.json")
_MAX_DEPTH: Final = 8
"""Longest chain of configurations that extend each other."""
_CONDITIONS: Final = ("source", "types", "import", "module", "default", "require", "node")
"""Of `exports`, best first: what leads to a source before what was made of one."""
_BUILT: Final = re.compile(r"^(?:\./)?(?:dist|lib|build|out|esm|cjs)/")
_JSON: Final = re.compile(
    r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL
)
"""What JSON with comments may hold: a string to keep; comments and last commas to leave out."""


class _Pattern(NamedTuple):
    """A row of `paths`: `prefix*suffix`, or an exact name where there is no star."""

    prefix: str
    suffix: str | None
    """None without a star."""
    targets: tuple[str, ...]
    """Absolute, with the star."""


class _Config(NamedTuple):
    base: str
    """Folder that bare names start from; '' for none."""
    patterns: tuple[_Pattern, ...]
    """The longest prefix first."""


_NO_CONFIG: Final = _Config("", ())


class ScriptModules:
    """See the module. For one answer: it remembers what it read."""

    def __init__(self, snapshot: Snapshot, is_file: Callable[[str], bool]) -> None:
        self._snapshot = snapshot
        self._is_file = is_file
        self._config_of_folder: dict[str, _Config] = {}
        self._read: dict[str, _Config] = {}
        self._packages: dict[str, str] | None = None
        self._manifests: dict[str, Mapping[str, Any]] = {}

    def find(self, from_path: str, module: str) -> str | None:
        """The file of the module; None when it is not in the workspace."""
        if module.startswith("."):
            return self._file_at(os.path.join(os.path.dirname(from_path), module))
        if not module or module.startswith("/") or ":" in module:
            return None
        folder = os.path.dirname(from_path)
        if found := self._by_alias(folder, module):
            return found
        return self._own_import(folder, module) if module[0] == "#" else self._in_package(module)

    def is_alias(self, from_path: str, module: str) -> bool:
        """Whether `paths` or `baseUrl` say what the module is."""
        return self._by_alias(os.path.dirname(from_path), module) is not None

    def respelled(self, from_path: str, module: str, target: str) -> str | None:
        """`module`, which an alias resolves, for the file `target` instead; None when the alias
        does not reach it."""
        config = self._config(os.path.dirname(from_path))
        for pattern, star in _matches(config, module):
            if pattern.suffix is None:
                continue
            for stem in pattern.targets:
                if self._file_at(stem.replace("*", star, 1)) is None:
                    continue
                head, _, tail = stem.partition("*")
                inner = _without_suffix(target, star).replace(os.sep, "/")
                head = os.path.normpath(head).replace(os.sep, "/") + "/" * head.endswith("/")
                if not (inner.startswith(head) and inner.endswith(tail)):
                    continue
                return pattern.prefix + inner[len(head) : len(inner) - len(tail)] + pattern.suffix
        if config.base and self._file_at(os.path.join(config.base, module)) is not None:
            inner = os.path.relpath(_without_suffix(target, module), config.base)
            if not inner.startswith(".."):
                return inner.replace(os.sep, "/")
        return None

    # ---------------------------------------------------------------- files

    def _file_at(self, stem: str) -> str | None:
        """The file that a path without its ending names, or the index of a folder."""
        stem = os.path.normpath(stem)
        ending = os.path.splitext(stem)[1]
        if ending and self._is_file(stem):
            return stem
        if ending in SUFFIXES:
            stem = os.path.splitext(stem)[0]  # TypeScript imports `./x.js` and means x.ts
        for middle in ("", f"{os.sep}index"):
            for suffix in SUFFIXES:
                if self._is_file(stem + middle + suffix):
                    return stem + middle + suffix
        return None

    def _upwards(self, folder: str) -> Iterator[str]:
        """`folder` and those around it, up to the root of the workspace's folder."""
        home = self._snapshot.folder_of(folder)
        while home is not None:
            yield folder
            if folder == home.root or len(folder) <= len(home.root):
                return
            folder = os.path.dirname(folder)

    def _json(self, path: str) -> Mapping[str, Any]:
        """An object of a file that may have comments; {} when it cannot be read."""
        if self._snapshot.folder_of(path) is None:
            return {}
        try:
            string = self._snapshot.text(path).string
            return _table(json.loads(_JSON.sub(lambda match: match[1] or "", string)))
        except (TreewrightError, ValueError, RecursionError):
            return {}

    # ---------------------------------------------------------------- aliases

    def _by_alias(self, folder: str, module: str) -> str | None:
        config = self._config(folder)
        for pattern, star in _matches(config, module):
            for target in pattern.targets:
                if found := self._file_at(target.replace("*", star, 1)):
                    return found
        return self._file_at(os.path.join(config.base, module)) if config.base else None

    def _config(self, folder: str) -> _Config:
        known = self._config_of_folder.get(folder)
        if known is None:
            known = _NO_CONFIG
            for above in self._upwards(folder):
                names = (os.path.join(above, name) for name in _CONFIGS)
                if (path := next(filter(self._is_file, names), None)) is not None:
                    known = self._read_config(path)
                    break
            self._config_of_folder[folder] = known
        return known

    def _read_config(self, path: str, depth: int = 0) -> _Config:
        if depth > _MAX_DEPTH:
            return _NO_CONFIG
        known = self._read.get(path)
        if known is not None:
            return known
        self._read[path] = _NO_CONFIG  # a circle of configurations ends here
        folder, value = os.path.dirname(path), self._json(path)
        base, patterns = "", ()
        for other in _list(value.get("extends")):
            if isinstance(other, str) and (file := self._config_file(folder, other)):
                inherited = self._read_config(file, depth + 1)
                base, patterns = inherited.base or base, inherited.patterns or patterns
        options = _table(value.get("compilerOptions"))
        if isinstance(options.get("baseUrl"), str):
            base = os.path.normpath(os.path.join(folder, options["baseUrl"]))
        if "paths" in options:
            patterns = _patterns(_table(options["paths"]), base or folder)
        if not patterns:
            for other in _list(value.get("references")):
                name = _table(other).get("path")
                if isinstance(name, str) and (file := self._config_file(folder, name)):
                    referred = self._read_config(file, depth + 1)
                    base, patterns = base or referred.base, (*patterns, *referred.patterns)
        patterns = tuple(
            sorted(patterns, key=lambda each: (each.suffix is not None, -len(each.prefix)))
        )
        self._read[path] = _Config(base, patterns)
        return self._read[path]

    def _config_file(self, folder: str, name: str) -> str | None:
        """The file that `extends` or a reference names; packages' are not read."""
        if not name.startswith((".", "/")):
            return None
        path = os.path.normpath(os.path.join(folder, name))
        candidates = (path, f"{path}.json", os.path.join(path, "tsconfig.json"))
        return next(filter(self._is_file, candidates), None)

    # ---------------------------------------------------------------- packages

    def _own_import(self, folder: str, module: str) -> str | None:
        """`#name`, from `imports` of the package around."""
        for above in self._upwards(folder):
            path = os.path.join(above, "package.json")
            if self._is_file(path):
                return self._mapped(above, self._manifest(path).get("imports"), module)
        return None

    def _in_package(self, module: str) -> str | None:
        """A package of the workspace, by its name, or a file in one."""
        parts = module.split("/")
        n_name = 2 if module.startswith("@") else 1
        folder = self._package_folders().get("/".join(parts[:n_name]))
        if folder is None:
            return None
        inner = "/".join(parts[n_name:])
        manifest = self._manifest(os.path.join(folder, "package.json"))
        exports: Any = manifest.get("exports")
        if not any(key.startswith(".") for key in _table(exports)):
            exports = {".": exports}
        if found := self._mapped(folder, exports, f"./{inner}" if inner else "."):
            return found
        names = [inner] if inner else [
            name for key in ("source", "types", "module", "main")
            if isinstance(name := manifest.get(key), str)
        ] + ["index"]  # fmt: skip
        for name in names:
            if found := self._source_of(folder, name):
                return found
        return None

    def _mapped(self, folder: str, table: Any, name: str) -> str | None:
        """What `exports` or `imports` of the package in `folder` say of `name`."""
        for key, value in _table(table).items():
            star = _star(_pattern(key, ()), name)
            if star is None:
                continue
            for target in _leaves(value):
                if target.startswith("./") and (
                    found := self._source_of(folder, target.replace("*", star))
                ):
                    return found
        return None

    def _source_of(self, folder: str, name: str) -> str | None:
        """A file of a package, or the source of what is built only later."""
        if found := self._file_at(os.path.join(folder, name)):
            return found
        return self._file_at(os.path.join(folder, "src", _BUILT.sub("", name, count=1)))

    def _package_folders(self) -> Mapping[str, str]:
        """name -> folder of the packages in the workspace."""
        if self._packages is None:
            self._packages = {}
            ending = f"{os.sep}package.json"
            for path in sorted((p for p in self._snapshot.files() if p.endswith(ending)), key=len):
                name = self._manifest(path).get("name")
                if isinstance(name, str) and f"{os.sep}node_modules{os.sep}" not in path:
                    self._packages.setdefault(name, os.path.dirname(path))
        return self._packages

    def _manifest(self, path: str) -> Mapping[str, Any]:
        if path not in self._manifests:
            self._manifests[path] = self._json(path)
        return self._manifests[path]


def _list(value: Any) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value] if value else ()


def _table(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _pattern(name: str, targets: tuple[str, ...]) -> _Pattern:
    prefix, star, suffix = name.partition("*")
    return _Pattern(prefix, suffix if star else None, targets)


def _patterns(paths: Mapping[str, Any], base: str) -> tuple[_Pattern, ...]:
    rows: list[_Pattern] = []
    for name, targets in paths.items():
        found = tuple(os.path.join(base, each) for each in _list(targets) if isinstance(each, str))
        rows.append(_pattern(name, found))
    return tuple(rows)


def _matches(config: _Config, module: str) -> Iterator[tuple[_Pattern, str]]:
    """The rows that `module` fits, best first, each with what its star stands for."""
    for pattern in config.patterns:
        if (star := _star(pattern, module)) is not None:
            yield pattern, star


def _star(pattern: _Pattern, name: str) -> str | None:
    """What the star stands for in `name`, '' without one; None when it does not fit."""
    if pattern.suffix is None:
        return "" if name == pattern.prefix else None
    end = len(name) - len(pattern.suffix)
    fits = name.startswith(pattern.prefix) and name.endswith(pattern.suffix)
    return name[len(pattern.prefix) : end] if fits and len(pattern.prefix) <= end else None


def _leaves(value: Any) -> Iterator[str]:
    """The paths below conditions, those of better conditions first."""
    if isinstance(value, str):
        yield value
        return
    table = _table(value)
    known = [table[key] for key in _CONDITIONS if key in table]
    rest = [each for key, each in table.items() if key not in _CONDITIONS]
    for each in (*known, *rest, *(_list(value) if isinstance(value, list) else ())):
        yield from _leaves(each)


def _without_suffix(target: str, spelled: str) -> str:
    """`target` with its ending as `spelled` has one or not, and without an unwritten index."""
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if target.endswith(s)), "")
    written = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if spelled.endswith(s)), "")
    stem = target.removesuffix(suffix)
    if written:
        return stem + written
    index = f"{os.sep}index"
    is_written = os.path.basename(spelled) == "index"
    return stem.removesuffix(index) if stem.endswith(index) and not is_written else stem
