"""Add decorator: put a decorator above a function, method or class.

It lands above the decorators that are there and below the comments; its import is added when
the workspace or the standard library has one such name, or when `module` says where it comes
from. Nothing changes when the decorator is there already.

        //- a.py
        def f$0(x):
            return x
    -> {"decorator": "@functools.cache"}
        //- a.py
        import functools


        @functools.cache
        def f(x):
            return x
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import BUILTINS, require_language
from treewright_agent.operations.scoping import home_of
from treewright_agent.operations.targets import find_occurrence
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.imports import module_name
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_DECORATOR = re.compile(
    r"@?\s*(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*(?P<call>\(.*\))?\s*\Z", re.DOTALL
)
_DEFINITIONS = ("function_definition", "class_definition")


class AddDecorator(Arguments, frozen=True):
    decorator: Annotated[
        str, msgspec.Meta(description="`name`, `module.name` or a call of it; a leading @ is fine.")
    ]
    path: Annotated[str, msgspec.Meta(description="The Python file.")] = ""
    offset: Annotated[int | None, msgspec.Meta(description="A byte of the name it decorates.")] = (
        None
    )
    symbol: Annotated[str, msgspec.Meta(description="`function` or `Class.method`.")] = ""
    module: Annotated[
        str, msgspec.Meta(description="The module that the decorator is imported from.")
    ] = ""


def _plan(snapshot: Snapshot, arguments: AddDecorator, token: CancelToken) -> SourceChange:
    occurrence = find_occurrence(
        snapshot, arguments.path, arguments.offset, arguments.symbol, token
    )
    path = occurrence.path
    require_language(snapshot, path, "python", "add_decorator")
    match = _DECORATOR.match(arguments.decorator.strip())
    if match is None:
        raise RefusedError(f"decorator: {arguments.decorator!r} is no name and no call of one")
    text = snapshot.text(path)
    node = _definition(snapshot.tree(path).root_node, occurrence.span)
    if node is None:
        raise RefusedError(f"`{occurrence.name}` is no function or class at that place")
    spelled = f"@{match['name']}{(match['call'] or '').strip()}"
    build = ChangeBuilder(snapshot)
    outer = node.parent
    first = node
    if outer is not None and outer.type == "decorated_definition":
        first = outer
        there = [text.slice(Span(*d.byte_range)) for d in outer.children if d.type == "decorator"]
        if any("".join(d.split()) == "".join(spelled.split()) for d in there):
            return build.build()
    indent = text.slice(
        Span(text.line_span(text.line_of(first.start_byte)).start, first.start_byte)
    )
    if indent.strip():
        raise RefusedError("the definition shares its line with other code")
    wanted = import_for(snapshot, path, node.start_byte, match["name"], arguments.module)
    if wanted is not None:
        ImportBlock(snapshot, path).add(build.file(path), [wanted])
    build.file(path).insert(first.start_byte, f"{spelled}\n{indent}")  # below the import
    return build.build()


def _definition(root: Node, span: Span) -> Node | None:
    """The definition that the name at `span` is the name of."""
    node = root.descendant_for_byte_range(span.start, span.end)
    parent = node.parent if node is not None else None
    if parent is None or parent.type not in _DEFINITIONS:
        return None
    return parent if parent.child_by_field_name("name") == node else None


def import_for(
    snapshot: Snapshot, path: str, offset: int, dotted: str, module: str = ""
) -> Wanted | None:
    """What makes a name known in the file; None when it is.

    Raises RefusedError when nothing is known of it.
    """
    from treewright_agent.recipes import stdlib  # recipes import operations

    name, _, rest = dotted.partition(".")
    facts = snapshot.facts(path)
    if home_of(facts, offset, name) >= 0 or name in BUILTINS:
        return None
    if module:
        return Wanted(dotted.rpartition(".")[0] or module, "") if rest else Wanted(module, name)
    if rest:
        if stdlib.is_module(name):
            return Wanted(name)
        raise RefusedError(f"`{name}` is not known in the file; give module")
    found: dict[str, None] = {}
    for hit in snapshot.symbols_named(name):
        if not hit.container and hit.path != path and hit.kind in ("function", "class", "variable"):
            dotted_module = module_name(snapshot, hit.path)
            if dotted_module:
                found[dotted_module] = None
    found = found or dict.fromkeys(m for m in stdlib.modules_exporting(name)[:1])
    if len(found) != 1:
        what = f"in {', '.join(sorted(found))}" if found else "nowhere known"
        raise RefusedError(f"`{name}` is {what}; give the module that it is imported from")
    return Wanted(next(iter(found)), name)


ADD_DECORATOR = Operation(
    name="add_decorator",
    title="Add decorator",
    arguments=AddDecorator,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
