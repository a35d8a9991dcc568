"""Classes outside the workspace: does one define a member? Read from source, never imported.

Builtins are asked themselves; the standard library is read from jedi's type stubs and from the
running Python's sources; other packages from the project's virtual environment, if it has one.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from treewright_indexer.errors import TreewrightError
from treewright_indexer.model import FileFacts
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import decode

_MAX_DEPTH = 12
_NO_MEMBERS = frozenset(
    {
        "object", "Generic", "Protocol", "ABC", "TypedDict", "typing.Generic", "typing.Protocol",
        "typing.TypedDict", "abc.ABC", "typing_extensions.Protocol",
        "typing_extensions.TypedDict", "typing_extensions.Generic",
    }
)  # fmt: skip
_KNOWN: dict[str, frozenset[str]] = {
    "typing.NamedTuple": frozenset({"_asdict", "_replace", "_fields", "_make", "count", "index"}),
    "NamedTuple": frozenset({"_asdict", "_replace", "_fields", "_make", "count", "index"}),
}
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def defines(snapshot: Snapshot, path: str, base: str, name: str) -> bool | None:
    """Whether the class written as `base` in the file `path`, which is none of the workspace's,
    has a member `name`; None when the class cannot be read."""
    match = _DOTTED.match(base)
    if match is None or "=" in base:
        return False  # `metaclass=…`
    dotted = match.group()
    if dotted in _NO_MEMBERS:
        return False
    facts = snapshot.facts(path)
    head, _, rest = dotted.partition(".")
    for item in facts.imports:
        if item.alias != head or item.level:
            continue
        module = item.module
        if item.name:
            wanted = f"{item.name}.{rest}" if rest else item.name
        elif item.alias_start == item.name_start and "." in item.module:
            module, _, wanted = dotted.rpartition(".")
        else:
            wanted = rest
        return _class_defines(module, wanted, name, _environments(snapshot, path))
    if head in facts.scopes[0].bindings:
        return None
    found = getattr(builtins, dotted, None)
    return name in dir(found) if isinstance(found, type) else None


def _environments(snapshot: Snapshot, path: str) -> tuple[str, ...]:
    folder = snapshot.folder_of(path)
    if folder is None:
        return ()
    return _site_packages(folder.root)


@lru_cache(maxsize=32)
def _site_packages(root: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in (".venv", "venv", "env", ".env"):
        base = Path(root) / name
        found += [str(p) for p in sorted(base.glob("lib/python3*/site-packages"))]
        found += [str(p) for p in [base / "Lib" / "site-packages"] if p.is_dir()]
    return tuple(found)


def _class_defines(
    module: str, dotted: str, name: str, environments: tuple[str, ...], depth: int = 0
) -> bool | None:
    if f"{module}.{dotted}" in _NO_MEMBERS:
        return False
    known = _KNOWN.get(f"{module}.{dotted}")
    if known is not None:
        return name in known
    if depth > _MAX_DEPTH:
        return None
    verdict: bool | None = None
    for file in _module_files(module, environments):
        facts = _facts_of(file)
        if facts is None:
            continue
        answer = _in_file(facts, module, file, dotted, name, environments, depth)
        if answer:
            return True
        if answer is not None:
            verdict = answer
    return verdict


def _in_file(
    facts: FileFacts,
    module: str,
    file: str,
    dotted: str,
    name: str,
    environments: tuple[str, ...],
    depth: int,
) -> bool | None:
    head, _, rest = dotted.partition(".")
    for index, symbol in enumerate(facts.symbols):
        if symbol.name != head or symbol.parent >= 0 or symbol.kind not in ("class", "enum"):
            continue
        if rest:
            return None
        if any(s.parent == index and s.name == name for s in facts.symbols):
            return True
        verdict: bool | None = False
        for base in symbol.bases:
            answer = _base_defines(facts, module, file, base, name, environments, depth)
            if answer:
                return True
            verdict = None if answer is None else verdict
        return verdict
    for item in facts.imports:
        if item.alias == head and item.name and not rest:
            source = _absolute(module, file, item.module, item.level)
            return _class_defines(source, item.name, name, environments, depth + 1)
        if item.name == "*":
            source = _absolute(module, file, item.module, item.level)
            found = _class_defines(source, dotted, name, environments, depth + 1)
            if found is not None:
                return found
    return None


def _base_defines(
    facts: FileFacts,
    module: str,
    file: str,
    base: str,
    name: str,
    environments: tuple[str, ...],
    depth: int,
) -> bool | None:
    match = _DOTTED.match(base)
    if match is None or "=" in base:
        return False
    dotted = match.group()
    if dotted in _NO_MEMBERS:
        return False
    if dotted in _KNOWN:
        return name in _KNOWN[dotted]
    head, _, rest = dotted.partition(".")
    if any(s.name == head and s.parent < 0 for s in facts.symbols) and not rest:
        return _in_file(facts, module, file, dotted, name, environments, depth + 1)
    for item in facts.imports:
        if item.alias != head:
            continue
        source = _absolute(module, file, item.module, item.level)
        if item.name and not rest:
            return _class_defines(source, item.name, name, environments, depth + 1)
        if not item.name and rest:
            inner, _, last = dotted.rpartition(".")
            where = inner if item.alias_start == item.name_start else source
            return _class_defines(where, last, name, environments, depth + 1)
    found = getattr(builtins, dotted, None)
    return name in dir(found) if isinstance(found, type) else None


def _absolute(module: str, file: str, named: str, level: int) -> str:
    if not level:
        return named
    parts = module.split(".")
    drop = level - 1 if os.path.basename(file).startswith("__init__.") else level
    kept = parts[: len(parts) - drop] if drop else parts
    return ".".join([*kept, *([named] if named else [])])


def _module_files(module: str, environments: tuple[str, ...]) -> Iterator[str]:
    relative = module.replace(".", os.sep)
    roots = [*_stub_roots(), os.path.dirname(os.__file__), *environments]
    for root in roots:
        for tail in (".pyi", ".py", f"{os.sep}__init__.pyi", f"{os.sep}__init__.py"):
            file = os.path.join(root, relative + tail)
            if os.path.isfile(file):
                yield file


@cache
def _stub_roots() -> tuple[str, ...]:
    """The folders of jedi's copy of typeshed, found without importing jedi."""
    from importlib.util import find_spec

    spec = find_spec("jedi")
    if spec is None or not spec.submodule_search_locations:
        return ()
    base = Path(next(iter(spec.submodule_search_locations))) / "third_party" / "typeshed" / "stdlib"
    folders = [*sorted(base.glob("3*"), reverse=True), base / "2and3"]
    return tuple(str(folder) for folder in folders if folder.is_dir())


@lru_cache(maxsize=128)
def _facts_of(file: str) -> FileFacts | None:
    from treewright_indexer.facts import extract
    from treewright_indexer.languages import language_for_path

    language = language_for_path(file) or language_for_path("x.py")
    try:
        assert language is not None
        return extract(language, decode(Path(file).read_bytes()))
    except (OSError, TreewrightError):
        return None
