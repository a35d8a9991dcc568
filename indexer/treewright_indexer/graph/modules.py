"""Files as a graph of imports: who imports whom, and which imports go in circles."""

from __future__ import annotations

import re
from typing import NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.model import Import
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_TYPE_CHECKING = re.compile(rb"if\s+(?:[\w.]+\.)?TYPE_CHECKING\s*:")


class ImportEdge(NamedTuple):
    """A file imports another at `start`. `runtime` is False where running the importer does not
    run the import: inside a function, or below `if TYPE_CHECKING:`."""

    source: str
    target: str
    start: int
    runtime: bool


def imports_of(
    snapshot: Snapshot, path: str, finder: ModuleFinder | None = None
) -> list[ImportEdge]:
    """The files of the workspace that one file imports, each place once."""
    finder = finder or ModuleFinder(snapshot)
    try:
        facts, text = snapshot.facts(path), None
    except TreewrightError:
        return []
    edges: dict[tuple[str, int], ImportEdge] = {}
    for item in facts.imports:
        target = _file_of(finder, path, item)
        if target is None or target == path:
            continue
        runtime = facts.scope_at(item.start) == 0
        if runtime and text is None:
            text = snapshot.text(path)
        if runtime and text is not None:
            runtime = not below_type_checking(text, item.start)
        edges.setdefault((target, item.start), ImportEdge(path, target, item.start, runtime))
    return list(edges.values())


def _file_of(finder: ModuleFinder, path: str, item: Import) -> str | None:
    if item.name and item.name != "*":
        inner = f"{item.module}.{item.name}" if item.module else item.name
        package = finder.find(path, item.module, item.level)
        if package is None or finder.submodule(package, item.name) is not None:
            return finder.find(path, inner, item.level) or package
        return package
    return finder.find(path, item.module, item.level)


def below_type_checking(text: SourceText, offset: int) -> bool:
    """Whether the statement at `offset` is indented below `if TYPE_CHECKING:`."""
    line = text.line_of(offset)
    indent = offset - text.line_starts[line]
    while indent > 0 and line > 0:
        line -= 1
        start, end = text.line_span(line)
        body = text.data[start:end]
        stripped = body.lstrip()
        if not stripped or len(body) - len(stripped) >= indent:
            continue
        if _TYPE_CHECKING.match(stripped):
            return True
        indent = len(body) - len(stripped)
    return False


def import_cycles(
    snapshot: Snapshot, token: CancelToken | None = None, *, runtime_only: bool = True
) -> list[list[str]]:
    """Groups of files that import each other in a circle, each in the order of one circle.

    Strongly connected components by Tarjan's algorithm (1972), without recursion.
    """
    token = token or CancelToken()
    finder = ModuleFinder(snapshot)
    graph: dict[str, list[str]] = {}
    for path in snapshot.files():
        token.check()
        graph[path] = sorted(
            {e.target for e in imports_of(snapshot, path, finder) if e.runtime or not runtime_only}
        )
    groups = [group for group in _components(graph) if len(group) > 1]
    return sorted((_circle(graph, set(group)) for group in groups), key=lambda c: (len(c), c))


def _components(graph: dict[str, list[str]]) -> list[list[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in graph:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(graph[other])))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group: list[str] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    found.append(group)
    return found


def _circle(graph: dict[str, list[str]], group: set[str]) -> list[str]:
    """A shortest circle through the group's first file."""
    start = min(group)
    before: dict[str, str] = {}
    queue = [start]
    while queue:
        here = queue.pop(0)
        for other in graph[here]:
            if other == start:
                circle = [here]
                while circle[-1] != start:
                    circle.append(before[circle[-1]])
                return circle[::-1]
            if other in group and other not in before:
                before[other] = here
                queue.append(other)
    return sorted(group)
