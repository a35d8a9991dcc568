"""Which scope a bare Python name belongs to, by the facts of its file."""

from __future__ import annotations

from treewright_indexer.model import FileFacts


def home_of(facts: FileFacts, offset: int, name: str) -> int:
    """Index of the scope that binds the bare `name` as Python sees it at `offset`; -1: none.

    A class body sees its own name only behind the statement that binds it first: in
    `x = x` and in `def x(a=x)` the second one is looked up further out.
    """
    scope = innermost = facts.scope_at(offset)
    early = -1
    while scope >= 0:
        here = facts.scopes[scope]
        if here.kind != "class" or scope == innermost:
            binding = here.bindings.get(name)
            if binding is not None:
                start, kind = binding
                if kind == "global":
                    return 0
                if (
                    here.kind == "class"
                    and offset != start
                    and offset < _end(facts, here.symbol, start)
                ):
                    early = scope
                elif kind != "nonlocal":
                    return scope
        scope = here.parent
    if any(scope.bindings.get(name, (0, ""))[1] == "global" for scope in facts.scopes):
        return 0  # only `global` statements make it
    return early


def _end(facts: FileFacts, owner: int, start: int) -> int:
    """Where the statement ends that binds a class's name at `start`."""
    for symbol in facts.symbols:
        if symbol.name_start == start and symbol.parent == owner:
            return symbol.end
    return start
