"""Inlining a function of several statements: its body in the place of a call that is a statement.

    def add_up(rows):
        total = 0
        for row in rows:
            total += row
        return total

Inlined in `found = add_up(rows)` this gives the three statements and `found = total`.

The call must be a statement of its own, the value that is assigned to one name, or what is
returned. Parameters become assignments, so each argument is computed once, in order. Names of
the body that the caller uses stand in the way: they are said, never mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.changes import ChangeBuilder
from treewright_agent.operations.blocks import PythonFile, has_effects, walk
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Role
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_REFUSED = frozenset(
    {
        "yield", "await", "global_statement", "nonlocal_statement", "function_definition",
        "class_definition", "lambda", "wildcard_import",
    }
)  # fmt: skip


class Body(NamedTuple):
    """Statements that run from top to bottom, and what they return at the end."""

    node: Node
    statements: tuple[Node, ...]
    value: Node | None

    @property
    def first(self) -> int:
        """Byte where the body begins."""
        block = self.node.child_by_field_name("body")
        return block.start_byte if block is not None else self.node.start_byte


def body_of(home: PythonFile, node: Node, name: str) -> Body:
    """Raises RefusedError with what keeps the function from being put elsewhere."""
    block = node.child_by_field_name("body")
    assert block is not None
    statements = [c for c in block.named_children if c.type != "comment"]
    if statements and _is_docstring(statements[0]):
        statements = statements[1:]
    if not statements:
        raise RefusedError("its body is empty")
    if node.children and node.children[0].type == "async":
        raise RefusedError("it is async")
    value: Node | None = None
    if statements[-1].type == "return_statement":
        last = statements.pop()
        value = last.named_children[0] if last.named_children else None
    for statement in statements:
        for inner in walk(statement):
            if inner.type in _REFUSED:
                raise RefusedError(f"its body holds a {inner.type.replace('_', ' ')}")
            if inner.type == "return_statement":
                raise RefusedError("it returns in the middle of its body")
    if any(use.name == name for use in home.within(Span(*block.byte_range))):
        raise RefusedError("it calls itself")
    for use in home.within(Span(*block.byte_range)):
        if use.home > 0 and home.facts.scopes[use.home].start < node.start_byte:
            raise RefusedError(f"its body uses `{use.name}` of a function around it")
    return Body(node, tuple(statements), value)


def _is_docstring(statement: Node) -> bool:
    first = statement.named_children[0] if statement.named_children else None
    return statement.type == "expression_statement" and first is not None and first.type == "string"


def inline_body(
    build: ChangeBuilder,
    home: PythonFile,
    body: Body,
    file: PythonFile,
    call: Node,
    given: dict[str, Node | str],
    place: str,
) -> None:
    """Puts the body where the call's statement stands. Raises RefusedError."""
    statement, form = _statement_of(file, call, place)
    if file.path != home.path:
        raise RefusedError(f"its body is more than one expression, and {place} is in another file")
    if form != "alone" and body.value is None:
        raise RefusedError(f"its result, None, is used in {place}")
    _require_free(home, body, file, call, given, place)
    if not file.starts_its_line(statement):
        raise RefusedError(f"the call in {place} shares its line")
    indent = file.indentation(statement)
    lines: list[str] = []
    for name, argument in given.items():
        text = argument if isinstance(argument, str) else file.text_of(argument)
        if text != name:
            lines.append(f"{name} = {text}")
    if body.statements:
        span = Span(body.statements[0].start_byte, body.statements[-1].end_byte)
        before = home.indentation(body.statements[0])
        lines.append(home.reindented(span, before, indent).rstrip())
    value = home.text_of(body.value) if body.value is not None else ""
    if form == "alone":
        if body.value is not None and has_effects(body.value):
            lines.append(value)
    else:
        head = file.text.data[statement.start_byte : call.start_byte].decode("utf-8", "replace")
        if head.partition("=")[0].strip() != value or form == "returned":
            lines.append(f"{head}{value}")
    build.file(file.path).replace(
        Span(statement.start_byte, statement.end_byte), f"\n{indent}".join(lines or ["pass"])
    )


def _statement_of(file: PythonFile, call: Node, place: str) -> tuple[Node, str]:
    """The statement that the call is, or is the whole value of."""
    parent = call.parent
    if parent is not None and parent.type == "expression_statement":
        return parent, "alone"
    if parent is not None and parent.type == "return_statement":
        return parent, "returned"
    if parent is not None and parent.type == "assignment":
        left, outer = parent.child_by_field_name("left"), parent.parent
        plain = left is not None and left.type == "identifier"
        if plain and outer is not None and outer.type == "expression_statement":
            return outer, "assigned"
    raise RefusedError(f"its body is more than one expression, and {place} is part of a larger one")


def _require_free(
    home: PythonFile,
    body: Body,
    file: PythonFile,
    call: Node,
    given: dict[str, Node | str],
    place: str,
) -> None:
    """The names that the body binds must be free around the call, and its free names the same."""
    inner = Span(*body.node.byte_range)
    uses = [use for use in home.within(inner) if use.home > 0]
    written = {use.name for use in uses if use.writes and use.role is not Role.PARAMETER}
    bound = set(given) | written
    parent = call.parent
    left = parent.child_by_field_name("left") if parent is not None else None
    own = file.text_of(left) if left is not None and parent is not None else ""
    for use in file.within(file.scope_span(file.facts.scope_at(call.start_byte))):
        if inner.start <= use.start < inner.end or use.name not in bound or use.name == own:
            continue
        argument = given.get(use.name, "")
        text = argument if isinstance(argument, str) else file.text_of(argument)
        if text == use.name and use.name not in written:
            continue
        raise RefusedError(f"`{use.name}`, a name of its body, is used around {place} too")
    for use in home.within(inner):
        free = use.home <= 0 and use.name not in bound and use.start >= body.first
        if free and file.home_of(use.name, call.start_byte) != use.home:
            raise RefusedError(f"`{use.name}` means something else in {place}")
    names = list(given)
    for index, (name, argument) in enumerate(given.items()):
        if isinstance(argument, str):
            continue
        read = {use.name for use in file.within(Span(*argument.byte_range))}
        earlier = [other for other in names[:index] if other in read and other != name]
        if earlier:
            raise RefusedError(f"`{earlier[0]}` would hide what {place} passes as `{name}`")
