"""What imports have to say once files have new names.

Python and the languages whose imports are paths. A name that a statement binds stays bound, so the
code below it is left alone: `from pkg import old` becomes `from pkg import new as old`. What cannot be
rewritten in place is told to the caller, never left out in silence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.model import Import
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


class Edit(NamedTuple):
    span: Span
    new_text: str


class Rewritten(NamedTuple):
    edits: dict[str, list[Edit]]
    """By the path that each file has now."""
    left: list[tuple[str, int, str]]
    """(path, offset, statement) of imports that a person has to look at."""


def moved_files(snapshot: Snapshot, moves: Mapping[str, str]) -> dict[str, str]:
    """Each file that gets a new path: a folder stands for the files below it."""
    found: dict[str, str] = {}
    for old, new in moves.items():
        if os.path.isdir(old):
            prefix = old.rstrip(os.sep) + os.sep
            for path in snapshot.files():
                if path.startswith(prefix):
                    found[path] = os.path.join(new, path[len(prefix) :])
        else:
            found[old] = new
    return found


def rewritten_imports(
    snapshot: Snapshot, moves: Mapping[str, str], token: CancelToken
) -> Rewritten:
    """`moves`: path of a file or folder -> its new path."""
    moved = moved_files(snapshot, moves)
    finder = ModuleFinder(snapshot)
    result = Rewritten({}, [])
    for path in _importers(snapshot, moved):
        token.check()
        language = snapshot.language(path)
        style = language.modules if language is not None else ""
        try:
            facts, data = snapshot.facts(path), snapshot.text(path).data
        except TreewrightError:
            continue
        edits: dict[Span, Edit] = {}
        for item in facts.imports:
            if style == "python":
                found = _python(finder, moved, path, item, data)
            elif style == "path":
                found = _by_path(finder, moved, path, item, data)
            else:
                continue
            for edit in found:
                if edit is None:
                    statement = data[item.start : item.end].decode("utf-8", "replace")
                    result.left.append((path, item.start, statement))
                else:
                    edits[edit.span] = edit
        if edits:
            result.edits[path] = [edits[span] for span in sorted(edits)]
    return result


def _importers(snapshot: Snapshot, moved: Mapping[str, str]) -> list[str]:
    """The moved files, and those that name one of them."""
    found = dict.fromkeys(moved)
    names = {_stem(path) for path in moved}
    by_path = {p for p in moved if (lang := snapshot.language(p)) and lang.modules == "path"}
    for name in names:
        found.update(dict.fromkeys(snapshot.files_naming(name)))
    if by_path:  # a path in a string is no name: every file that could hold one is read
        for path in snapshot.files():
            language = snapshot.language(path)
            if language is not None and language.modules == "path":
                found[path] = None
    return list(found)


def _stem(path: str) -> str:
    stem = os.path.basename(path).split(".")[0]
    return os.path.basename(os.path.dirname(path)) if stem in ("__init__", "index") else stem


# Python


def _python(
    finder: ModuleFinder, moved: Mapping[str, str], path: str, item: Import, data: bytes
) -> Iterator[Edit | None]:
    target = finder.find(path, item.module, item.level)
    if target is None:
        return
    here = moved.get(path, path)
    if item.name and item.name != "*":
        inner = finder.submodule(target, item.name)
        if inner is not None and inner in moved:
            yield from _of_submodule(moved, here, target, inner, item, data)
            return
    there = moved.get(target, target)
    if there == target and (here == path or not item.level):
        return
    if item.level:
        new = _relative(here, there)
    else:
        new = _absolute(target, there, item.module)
    old = "." * item.level + item.module
    if new is None:
        yield None
    elif new != old:
        yield from _module_edits(finder.snapshot, path, item, data, old, new)


def _of_submodule(
    moved: Mapping[str, str], here: str, package: str, inner: str, item: Import, data: bytes
) -> Iterator[Edit | None]:
    """`from package import module`, of a module that moves."""
    there = moved[inner]
    stem = _module_stem(there)
    same = os.path.dirname(_unit(inner)) == os.path.dirname(_unit(there))
    package_stays = moved.get(package, package) == package
    if same and package_stays and stem.isidentifier():
        end = item.name_start + len(item.name.encode())
        aliased = item.alias_start != item.name_start
        yield Edit(
            Span(item.name_start, end),
            stem if aliased or stem == item.name else f"{stem} as {item.name}",
        )
        return
    statement = data[item.start : item.end]
    alone = re.fullmatch(rb"from\s+[.\w]+\s+import\s+\(?\s*\w+(\s+as\s+\w+)?\s*,?\s*\)?", statement)
    if item.level:
        module = _relative(here, os.path.join(os.path.dirname(_unit(there)), "__init__.py"))
    else:
        parent = os.path.join(os.path.dirname(_unit(there)), "__init__.py")
        module = _absolute(package, parent, item.module)
    if alone is None or module is None or not stem.isidentifier():
        yield None
        return
    bound = f" as {item.alias}" if item.alias and item.alias != stem else ""
    yield Edit(Span(item.start, item.end), f"from {module} import {stem}{bound}")


def _module_edits(
    snapshot: Snapshot, path: str, item: Import, data: bytes, old: str, new: str
) -> Iterator[Edit | None]:
    """The module in the statement; of a plain `import a.b` its uses would have to change too."""
    written = re.escape(old.encode()) if not item.level else rb"\.{%d}\s*" % item.level + re.escape(
        item.module.encode()
    )  # fmt: skip
    match = re.compile(rb"(?<![\w.])" + written + rb"(?![\w])").search(data, item.start, item.end)
    if match is None:
        yield None
        return
    span = Span(*match.span())
    if item.name or item.alias_start != item.name_start:
        yield Edit(span, new)
    elif "." not in old:
        yield Edit(span, f"{new} as {old}" if "." in new or new != old else new)
    else:
        yield Edit(span, new)
        last = old.rpartition(".")[2].encode()
        code = {use.start for use in snapshot.references_in(path, last.decode())}
        for use in re.finditer(rb"(?<![\w.])" + re.escape(old.encode()) + rb"(?=\.\w)", data):
            if use.start() >= item.end and use.end() - len(last) in code:
                yield Edit(Span(*use.span()), new)


def _unit(path: str) -> str:
    """The folder of a package's `__init__`, else the file itself."""
    return os.path.dirname(path) if os.path.basename(path).startswith("__init__.") else path


def _module_stem(path: str) -> str:
    return os.path.basename(_unit(path)).removesuffix(".py").removesuffix(".pyi")


def _absolute(old: str, new: str, module: str) -> str | None:
    """The module's new dotted name, from the folder that its old one starts at."""
    root = _unit(old)
    for _ in module.split("."):
        root = os.path.dirname(root)
    parts = os.path.relpath(os.path.splitext(_unit(new))[0], root).split(os.sep)
    return ".".join(parts) if all(part.isidentifier() for part in parts) else None


def _relative(here: str, there: str) -> str | None:
    """`..a.b`: `there` as seen from the package of `here`."""
    base = os.path.dirname(here)
    parts = os.path.relpath(os.path.splitext(_unit(there))[0], base).split(os.sep)
    level = 1
    while parts and parts[0] == "..":
        parts.pop(0)
        level += 1
    if parts == ["."]:
        parts = []
    return "." * level + ".".join(parts) if all(p.isidentifier() for p in parts) else None


# Paths


def _by_path(
    finder: ModuleFinder, moved: Mapping[str, str], path: str, item: Import, data: bytes
) -> Iterator[Edit | None]:
    target = finder.find(path, item.module, item.level)
    if target is None:
        return
    here, there = moved.get(path, path), moved.get(target, target)
    if (here, there) == (path, target):
        return
    stem = os.path.basename(target).split(".")[0]
    new = os.path.relpath(there, os.path.dirname(here)).replace(os.sep, "/")
    extension = os.path.splitext(item.module)[1]
    if extension and os.path.basename(item.module).split(".")[0] == stem:
        new = os.path.splitext(new)[0] + extension  # `./x.js` may stand for x.ts
    else:
        new = re.sub(r"(\.d)?\.[cm]?[jt]sx?$", "", new)
        if stem == "index" and not item.module.rstrip("/").endswith("index"):
            new = new.removesuffix("index").rstrip("/") or "."
    new = new if new.startswith(".") else f"./{new}"
    at = data.find(item.module.encode(), item.start, item.end)
    if at < 0:
        yield None
    elif new != item.module:
        yield Edit(Span(at, at + len(item.module.encode())), new)
