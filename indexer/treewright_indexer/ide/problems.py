"""What treewright itself finds wrong with a file: imports that lead nowhere or in circles, and
definitions that nothing uses.

Only what the workspace proves is said: a module of some other distribution is not looked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.dead import unused
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.graph.modules import imports_of
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import Import
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

CHECKS: Final = ("unresolved-import", "import-cycle", "unused-symbol")
MAX_CYCLE: Final = 8
"""Longer circles of imports are not looked for."""
_MAX_VISITED: Final = 400
_DYNAMIC: Final = ("globals", "exec", "vars", "setattr", "modules")
_COMPILED: Final = (".so", ".pyd", ".pyx", ".c")


class Finding(NamedTuple):
    span: Span
    code: str
    message: str
    severity: int
    """LSP's numbers: 1 error, 2 warning, 3 information, 4 hint."""


def problems(
    snapshot: Snapshot, path: str, token: CancelToken, checks: Collection[str] = CHECKS
) -> list[Finding]:
    """What the `checks`, by their codes, find. Raises UnknownFileError, UnreadableFileError."""
    language = snapshot.language(path)
    if language is None or language.modules != "python":
        return []
    found: list[Finding] = []
    for check in CHECKS:
        if check in checks:
            found += _FINDERS[check](snapshot, path, token)
    return found


def unused_symbols(snapshot: Snapshot, path: str, token: CancelToken) -> list[Finding]:
    """See `graph.dead`. Nothing while a file of the workspace is still to be read."""
    if not all(folder.ready for folder in snapshot.folders):
        return []
    return [
        Finding(
            target.name_span, "unused-symbol", f"nothing in the workspace uses {target.name!r}", 4
        )
        for target in unused(snapshot, path, token)
    ]


def unresolved(snapshot: Snapshot, path: str, token: CancelToken) -> list[Finding]:
    """Imports from a package of the workspace that has no such module or name."""
    facts = snapshot.facts(path)
    resolver = Resolver(snapshot, token)
    finder = resolver.modules
    found: list[Finding] = []
    for item in facts.imports:
        token.check()
        if _may_fail(snapshot, path, item):
            continue
        file = finder.find(path, item.module, item.level)
        written = "." * item.level + item.module
        if file is None:
            if _should_be_here(finder, path, item):
                message = f"no module {written!r} in this workspace"
                found.append(Finding(_span(item), "unresolved-import", message, 2))
        elif item.name and item.name != "*" and not _has(resolver, file, item.name):
            message = f"{written!r} has no {item.name!r}"
            found.append(Finding(_span(item), "unresolved-import", message, 2))
    return found


def _span(item: Import) -> Span:
    word = (item.name or item.module or ".").encode()
    return Span(item.name_start, item.name_start + len(word))


def _may_fail(snapshot: Snapshot, path: str, item: Import) -> bool:
    """Below `try`, `if` or in a function the author may count on its absence."""
    data = snapshot.text(path).data
    line_start = data.rfind(b"\n", 0, item.start) + 1
    return item.start != line_start


def _should_be_here(finder: ModuleFinder, path: str, item: Import) -> bool:
    """Whether the module's parent is a package with source in the workspace."""
    head, dot, last = item.module.rpartition(".")
    if not dot and not item.level:
        return False
    parent = finder.find(path, head, item.level) if head or item.level else None
    if parent is None or os.path.basename(parent) not in ("__init__.py", "__init__.pyi"):
        return False
    folder = os.path.dirname(parent)
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return not any(name.split(".")[0] == last for name in names)


def _has(resolver: Resolver, file: str, name: str) -> bool:
    """Whether a module may have the name; yes whenever that is not certain."""
    facts = resolver.facts(file)
    if facts is None or facts.n_errors:
        return True
    if resolver.exported(file, name) or resolver.modules.submodule(file, name) is not None:
        return True
    bindings = facts.scopes[0].bindings if facts.scopes else {}
    if name in bindings or "__getattr__" in bindings or "__path__" in bindings:
        return True
    if name in ("__file__", "__name__", "__doc__", "__path__", "__spec__", "__all__", "__dict__"):
        return True
    # Names may also come by star imports, `globals()`, `exec`, or a folder without `__init__`.
    if any(item.name == "*" for item in facts.imports):
        return True
    if any(resolver.snapshot.references_in(file, word) for word in _DYNAMIC):
        return True
    if os.path.basename(file).startswith("__init__."):
        folder = os.path.dirname(file)
        try:
            return any(entry.split(".")[0] == name for entry in os.listdir(folder))
        except OSError:
            return True
    stem = os.path.splitext(file)[0]
    return any(os.path.exists(stem + suffix) for suffix in _COMPILED)


def cycles(snapshot: Snapshot, path: str, token: CancelToken) -> list[Finding]:
    """The shortest circle of imports that each import at the top level of the file starts.

    A circle through the package that the file stands in is how packages are written, and none.
    """
    finder = ModuleFinder(snapshot)
    edges: dict[str, list[tuple[str, int]]] = {}

    def targets(file: str) -> list[tuple[str, int]]:
        if file not in edges:
            token.check()
            made = imports_of(snapshot, file, finder)
            edges[file] = [(edge.target, edge.start) for edge in made if edge.runtime]
        return edges[file]

    found: list[Finding] = []
    said: set[int] = set()
    for first, start in targets(path):
        way = _way_back(targets, first, path)
        if way is not None and start not in said:
            said.add(start)
            shown = " → ".join(snapshot.display_path(file) for file in (path, *way))
            line = snapshot.text(path).line_of(start)
            span = snapshot.text(path).line_span(line)
            found.append(
                Finding(
                    Span(start, max(start, span.end)), "import-cycle", f"import cycle: {shown}", 4
                )
            )
    return found


def _way_back(
    targets: Callable[[str], list[tuple[str, int]]], first: str, home: str
) -> list[str] | None:
    """The shortest way of imports from `first` to `home`, both ends included."""
    came: dict[str, str] = {first: ""}
    ring = [first]
    for _ in range(MAX_CYCLE):
        following: list[str] = []
        for file in ring:
            if _is_package_of(file, home):
                continue
            for target, _ in targets(file):
                if target == home:
                    way = [home]
                    while file:
                        way.append(file)
                        file = came[file]
                    return way[::-1]
                if target not in came and len(came) < _MAX_VISITED:
                    came[target] = file
                    following.append(target)
        ring = following
    return None


def _is_package_of(file: str, path: str) -> bool:
    folder, _, name = file.rpartition(os.sep)
    return name.startswith("__init__.") and path.startswith(folder + os.sep)


_FINDERS: Final[dict[str, Callable[[Snapshot, str, CancelToken], list[Finding]]]] = {
    "unresolved-import": unresolved,
    "import-cycle": cycles,
    "unused-symbol": unused_symbols,
}
