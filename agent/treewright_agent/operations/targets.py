"""What an operation's arguments point at: a byte of a file, or a symbol by its path."""

from __future__ import annotations

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.graph import Occurrence, Target, occurrence_at, targets_named
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_MAX_SHOWN = 8


def find_occurrence(
    snapshot: Snapshot, path: str, offset: int | None, symbol: str, token: CancelToken
) -> Occurrence:
    """The identifier meant by `path` and `offset`, or by a symbol path, `path` narrowing it.

    Raises ArgumentsError for neither or both, RefusedError when there is none or several.
    """
    if offset is not None and symbol:
        raise ArgumentsError("give offset or symbol, not both")
    if offset is not None:
        if not path:
            raise ArgumentsError("offset needs path")
        path = snapshot.require_inside(path)
        size = len(snapshot.text(path).data)
        if not 0 <= offset <= size:
            raise ArgumentsError(f"offset: {offset} is outside the {size} bytes of the file")
        occurrence = occurrence_at(snapshot, path, offset)
        if occurrence is None:
            shown = snapshot.display_path(path)
            line = snapshot.text(path).line_of(offset) + 1
            raise RefusedError(f"there is no name at byte {offset} of {shown} (line {line})")
        return occurrence
    if not symbol:
        raise ArgumentsError("give path and offset, or symbol")
    target = find_target(snapshot, path, symbol, token)
    occurrence = occurrence_at(snapshot, target.path, target.name_span.start)
    if occurrence is None:
        raise RefusedError(f"`{symbol}` has no name of its own to change")
    return occurrence


def find_target(snapshot: Snapshot, path: str, symbol: str, token: CancelToken) -> Target:
    """The one definition that a symbol path names: `name`, `Class.method`, `function.local`,
    `package.module.name`, `path/to/file.py::name`. Raises RefusedError for none or several."""
    file, _, dotted = symbol.strip().rpartition("::")
    dotted = dotted.removesuffix("()")
    if path:
        path = snapshot.require_inside(path)
    found = targets_named(snapshot, dotted, token)
    if path:
        found = [target for target in found if target.path == path]
    if file:
        found = [t for t in found if snapshot.display_path(t.path).endswith(file)]
    exact = [t for t in found if _qualified(t) == dotted]
    found = exact or found
    if not found:
        found = _locals(snapshot, path, dotted, token)
    if not found:
        where = f" in {snapshot.display_path(path)}" if path else ""
        near = snapshot.symbols_matching(dotted.rpartition(".")[2], 3)
        hint = ", ".join(dict.fromkeys(f"`{hit.name}`" for hit in near))
        raise RefusedError(f"no symbol `{symbol}`{where}" + (f"; there is {hint}" if hint else ""))
    if len({target.key for target in found}) > 1 and not _same_thing(found):
        places = [
            f"{_qualified(t)} ({snapshot.display_path(t.path)}:"
            f"{snapshot.text(t.path).line_of(t.name_span.start) + 1})"
            for t in found[:_MAX_SHOWN]
        ]
        raise RefusedError(f"`{symbol}` names {len(found)} symbols: {', '.join(places)}")
    return found[0]


def _qualified(target: Target) -> str:
    return f"{target.container}.{target.name}" if target.container else target.name


def _same_thing(found: list[Target]) -> bool:
    """Definitions of one name in one place: a property and its setter, overloads, branches."""
    return len({(t.path, t.container, t.name) for t in found}) == 1


def _locals(snapshot: Snapshot, path: str, dotted: str, token: CancelToken) -> list[Target]:
    """A parameter or a local variable of a function: `function.name`."""
    from treewright_indexer.graph.model import Confidence

    owner, _, name = dotted.rpartition(".")
    if not owner:
        return []
    found: list[Target] = []
    for function in targets_named(snapshot, owner, token):
        if path and function.path != path:
            continue
        facts = snapshot.file_facts(function.path)
        for index, scope in enumerate(facts.scopes):
            binding = scope.bindings.get(name)
            if scope.symbol != function.symbol or binding is None or scope.kind == "class":
                continue
            if binding[1] in ("global", "nonlocal"):
                continue
            span = Span(binding[0], binding[0] + len(name.encode()))
            kind = "parameter" if binding[1] == "parameter" else "local"
            found.append(
                Target(function.path, name, span, span, kind, -1, index, owner, Confidence.EXACT)
            )
    return found
