"""What the code around has to say when files come and go.

A deleted module leaves imports behind that lead nowhere: those whose names nobody uses go with it,
the others are told. A Python file in a new folder of a package needs the folder to be one too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.model import FileFacts, Import, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

_PACKAGE = "__init__.py"


class LeftBehind(NamedTuple):
    unused: dict[str, list[Span]]
    """By path, the statements that nothing below them needs, whole lines."""
    used: list[tuple[str, int, str]]
    """(path, offset, statement) of imports that a person has to look at."""


def left_behind(snapshot: Snapshot, deleted: Iterable[str], token: CancelToken) -> LeftBehind:
    """The imports of files, or of what stands below folders, that are about to be deleted."""
    gone = _files_of(snapshot, deleted)
    finder = ModuleFinder(snapshot)
    result = LeftBehind({}, [])
    for path in _may_import(snapshot, gone):
        token.check()
        try:
            facts, text = snapshot.facts(path), snapshot.text(path)
        except TreewrightError:
            continue
        statements: dict[Span, list[Import]] = {}
        for item in facts.imports:
            statements.setdefault(Span(item.start, item.end), []).append(item)
        for span, items in statements.items():
            leads = [_leads_to(finder, path, item, gone) for item in items]
            if not any(leads):
                continue
            if all(leads) and not any(_is_needed(snapshot, path, facts, item) for item in items):
                whole = _whole_lines(text, span)
                if whole is not None:
                    result.unused.setdefault(path, []).append(whole)
                    continue
            result.used.append((path, span.start, text.slice(span)))
    return result


def missing_packages(snapshot: Snapshot, created: Iterable[str]) -> list[str]:
    """The `__init__.py` files that new Python files need for their package to hold them.

    Only below a folder that is a package already, and not in one whose files do without.
    """
    found: dict[str, None] = {}
    for path in created:
        if not path.endswith(".py") or snapshot.folder_of(path) is None:
            continue
        folder = os.path.dirname(path)
        missing: list[str] = []
        while snapshot.folder_of(folder) is not None and not _is_package(snapshot, folder):
            missing.append(os.path.join(folder, _PACKAGE))
            folder = os.path.dirname(folder)
        if not missing or not _is_package(snapshot, folder):
            continue
        new = [each for each in missing if each != path]
        if not any(_holds_python(snapshot, os.path.dirname(each), path) for each in new):
            found.update(dict.fromkeys(reversed(new)))
    return list(found)


def _is_package(snapshot: Snapshot, folder: str) -> bool:
    return snapshot.exists(os.path.join(folder, _PACKAGE))


def _holds_python(snapshot: Snapshot, folder: str, but: str) -> bool:
    try:
        names = os.listdir(folder)
    except OSError:
        return False  # the folder is new as well
    paths = (os.path.join(folder, name) for name in names if name.endswith(".py"))
    return any(path != but and snapshot.exists(path) for path in paths)


def _files_of(snapshot: Snapshot, deleted: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in deleted:
        if os.path.isdir(path):
            prefix = path.rstrip(os.sep) + os.sep
            found |= {file for file in snapshot.files() if file.startswith(prefix)}
        else:
            found.add(path)
    return found


def _may_import(snapshot: Snapshot, gone: set[str]) -> list[str]:
    """The files that name one that goes, or could hold its path in a string."""
    found: dict[str, None] = {}
    for path in gone:
        stem = os.path.basename(path).split(".")[0]
        if stem in ("__init__", "index"):
            stem = os.path.basename(os.path.dirname(path))
        found.update(dict.fromkeys(snapshot.files_naming(stem)))
    if any((lang := snapshot.language(path)) and lang.modules == "path" for path in gone):
        for path in snapshot.files():
            language = snapshot.language(path)
            if language is not None and language.modules == "path":
                found[path] = None
    return sorted(path for path in found if path not in gone)


def _leads_to(finder: ModuleFinder, path: str, item: Import, gone: set[str]) -> bool:
    file = finder.find(path, item.module, item.level)
    if file is not None and file in gone:
        return True
    if not item.name or item.name == "*":
        return False
    if file is None:  # `from package import module` of a folder without `__init__`
        inner = f"{item.module}.{item.name}" if item.module else item.name
        return finder.find(path, inner, item.level) in gone
    return finder.submodule(file, item.name) in gone


def _is_needed(snapshot: Snapshot, path: str, facts: FileFacts, item: Import) -> bool:
    """Whether something uses the name that the import binds, here or in whoever imports it."""
    if item.name == "*" or item.reexport or os.path.basename(path) == _PACKAGE:
        return True
    name = item.alias
    if not name or name in (facts.exports or ()):
        return bool(name)
    return any(use.role != Role.IMPORT for use in snapshot.references_in(path, name))


def _whole_lines(text: SourceText, span: Span) -> Span | None:
    """The lines of a statement that has them to itself, at the left edge."""
    first, last = text.line_of(span.start), text.line_of(max(span.start, span.end - 1))
    start = text.line_starts[first]
    rest = text.data[span.end : text.line_span(last).end].strip()
    if span.start != start or (rest and not rest.startswith((b"#", b"//"))):
        return None
    end = text.line_starts[last + 1] if last + 1 < text.n_lines else len(text.data)
    return Span(start, end)
