"""Remove variable: take out a variable that nothing reads, and keep what its value does.

`x = f()` becomes `f()`, `x = 1` goes, `with f() as x` and `except E as x` lose their name; in an
unpacking, a loop or a pattern the name becomes `_`, and in a function's unpacking `_x`. A
variable that is read, deleted or shared with other scopes is refused with the places.

        def f(items):
            total$0 = [1, 2]
            size = print(items)
            return items
    -> {}
        def f(items):
            size = print(items)
            return items
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_removal import lines_of_statements
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.scoping import home_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import occurrence_at
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from tree_sitter import Node

_PURE = frozenset(
    {
        "identifier", "integer", "float", "string", "concatenated_string", "true", "false",
        "none", "ellipsis", "lambda", "list", "tuple", "set", "dictionary", "pair",
        "parenthesized_expression", "string_start", "string_end", "string_content",
        "escape_sequence", "comment",
    }
)  # fmt: skip
"""Nodes whose evaluation does nothing but give a value. No call is one: it may raise."""
_PATTERNS = frozenset(
    {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "for_in_clause"}
)


class RemoveVariable(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")]
    offset: Annotated[int, msgspec.Meta(description="A byte of the variable where it is bound.")]


def _plan(snapshot: Snapshot, arguments: RemoveVariable, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "remove_variable")
    occurrence = occurrence_at(snapshot, path, arguments.offset)
    if occurrence is None or occurrence.attribute:
        raise RefusedError(f"no variable at byte {arguments.offset}")
    facts = snapshot.file_facts(path)
    name = occurrence.name
    home = home_of(facts, occurrence.span.start, name)
    _require_unread(snapshot, path, facts, name, home)
    build = ChangeBuilder(snapshot)
    root = snapshot.tree(path).root_node
    text = snapshot.text(path)
    at_module = facts.scopes[home].kind in ("module", "class")
    if at_module:
        where = "module" if facts.scopes[home].kind == "module" else "class"
        raise RefusedError(f"`{name}` is a name of the {where}: others may use it")
    for start in _bindings(facts, name, home):
        token.check()
        node = root.descendant_for_byte_range(start, start + len(name.encode()))
        assert node is not None
        _remove_binding(build, path, text, node)
    return build.build()


def _bindings(facts: FileFacts, name: str, home: int) -> list[int]:
    return [
        reference.start
        for reference in facts.references(name)
        if not reference.attribute
        and reference.role in (Role.WRITE, Role.DEFINITION)
        and home_of(facts, reference.start, name) == home
    ]


def _require_unread(snapshot: Snapshot, path: str, facts: FileFacts, name: str, home: int) -> None:
    if home < 0:
        raise RefusedError(f"`{name}` is not bound in this file")
    kind = facts.scopes[home].bindings[name][1]
    if kind == "parameter":
        raise RefusedError(f"`{name}` is a parameter: its callers pass it")
    if kind in ("function", "class", "import", "type"):
        raise RefusedError(f"`{name}` is a {kind}, not a variable")
    text = snapshot.text(path)
    for scope in facts.scopes:
        binding = scope.bindings.get(name)
        if binding is not None and binding[1] in ("global", "nonlocal"):
            line = text.line_of(binding[0]) + 1
            raise RefusedError(f"`{name}` is shared by `{binding[1]}` (line {line})")
    reads = [
        text.line_of(reference.start) + 1
        for reference in facts.references(name)
        if not reference.attribute
        and reference.role not in (Role.WRITE, Role.DEFINITION, Role.KEYWORD)
        and home_of(facts, reference.start, name) == home
    ]
    if reads:
        shown = ", ".join(map(str, reads[:8]))
        raise RefusedError(f"`{name}` is used: line {shown}")


# -------------------------------------------------------------------- one binding


def _remove_binding(build: ChangeBuilder, path: str, text: SourceText, node: Node) -> None:
    editor = build.file(path)
    parent = node.parent
    while parent is not None and parent.type in ("as_pattern_target", "parenthesized_expression"):
        node, parent = parent, parent.parent
    assert parent is not None
    if parent.type == "assignment" and parent.child_by_field_name("left") == node:
        _remove_assignment(build, path, text, parent)
    elif parent.type == "augmented_assignment":
        right = parent.child_by_field_name("right")
        _remove_statement_or_keep(build, path, text, parent, right)
    elif parent.type == "named_expression":
        value = parent.child_by_field_name("value")
        assert value is not None
        editor.delete(Span(parent.start_byte, value.start_byte))
    elif parent.type == "as_pattern" and node.type == "as_pattern_target":
        value = parent.children[0]
        editor.delete(Span(value.end_byte, parent.end_byte))
    elif parent.type == "as_pattern":
        editor.delete(Span(parent.children[0].end_byte, parent.end_byte))
    elif parent.type in ("case_pattern", "dotted_name", "union_pattern", "splat_pattern"):
        editor.replace(Span(node.start_byte, node.end_byte), "_")
    elif parent.type in _PATTERNS or parent.type == "for_statement":
        editor.replace(
            Span(node.start_byte, node.end_byte), f"_{text.slice(Span(*node.byte_range))}"
        )
    elif parent.type in ("except_clause", "except_group_clause"):
        value = next(child for child in parent.named_children if child != node)
        editor.delete(Span(value.end_byte, node.end_byte))
    else:
        raise RefusedError(f"cannot take a name out of {parent.type.replace('_', ' ')}")


def _remove_assignment(build: ChangeBuilder, path: str, text: SourceText, node: Node) -> None:
    right = node.child_by_field_name("right")
    outer = node.parent
    chained = outer is not None and outer.type == "assignment"
    if chained or (right is not None and right.type == "assignment"):  # x = y = f()
        assert right is not None
        build.file(path).delete(Span(node.start_byte, right.start_byte))
        return
    _remove_statement_or_keep(build, path, text, node, right)


def _remove_statement_or_keep(
    build: ChangeBuilder, path: str, text: SourceText, node: Node, value: Node | None
) -> None:
    """The statement goes, or what its value does stays."""
    if value is not None and not is_pure(value, text.data):
        build.file(path).delete(Span(node.start_byte, value.start_byte))
        return
    statement = (
        node.parent
        if node.parent is not None and node.parent.type == "expression_statement"
        else node
    )
    block = statement.parent
    if block is not None and block.type == "block":
        left = [n for n in block.named_children if n.type != "comment" and n != statement]
        if not left:
            build.file(path).replace(Span(statement.start_byte, statement.end_byte), "pass")
            return
    build.file(path).delete(lines_of_statements(text, [statement]))


def is_pure(node: Node, data: bytes) -> bool:
    """Whether evaluating the expression can do nothing that anybody notices."""
    if node.type == "lambda":
        return True
    if node.type not in _PURE:
        return False
    return all(is_pure(child, data) for child in node.named_children)


REMOVE_VARIABLE = Operation(
    name="remove_variable",
    title="Remove variable",
    arguments=RemoveVariable,
    plan=_plan,
    document=__doc__ or "",
    kind="quickfix",
)
