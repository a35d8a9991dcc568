"""The statement of a call that is inlined, and what statements do: return, leave, act."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.operations.blocks import COMPREHENSIONS, EFFECTS, PythonFile, walk
from treewright_agent.operations.inline_arguments import CONSTANTS
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Site(NamedTuple):
    """The statement of a call, and what the call is to it: alone, returned, assigned or part."""

    statement: Node
    form: str


def site_of(file: PythonFile, call: Node, place: str) -> Site:
    parent = call.parent
    assert parent is not None
    if parent.type == "expression_statement":
        site = Site(parent, "alone")
    elif parent.type == "return_statement":
        site = Site(parent, "returned")
    else:
        left, outer = parent.child_by_field_name("left"), parent.parent
        plain = parent.type == "assignment" and left is not None and left.type == "identifier"
        if plain and outer is not None and outer.type == "expression_statement":
            site = Site(outer, "assigned")
        else:
            site = Site(file.statement_of(call), "part")
    if not file.starts_its_line(site.statement):
        raise RefusedError(f"the call in {place} shares its line")
    return site


def computed_before(call: Node, statement: Node, place: str) -> list[Node]:
    """What the statement computes before the call. Raises RefusedError when the statement does
    not make the call exactly once."""
    before: list[Node] = []
    child, here = call, call.parent
    while child != statement and here is not None:
        kind, parts = here.type, here.named_children
        skipped = (
            (kind == "boolean_operator" and child == here.child_by_field_name("right"))
            or (kind == "conditional_expression" and child != parts[1])
            or (kind == "comparison_operator" and child not in parts[:2])
            or (kind == "assert_statement" and child != parts[0])
        )
        if skipped or kind in ("elif_clause", "except_clause", "case_clause", "case_pattern"):
            raise RefusedError(f"{place} may skip the call")
        if kind in ("lambda", "while_statement", "default_parameter", "typed_default_parameter"):
            raise RefusedError(f"the call in {place} is made at another time")
        if kind in ("decorator", "function_definition", "class_definition", "type"):
            raise RefusedError(f"the call in {place} is part of a definition")
        if kind in COMPREHENSIONS:
            clauses = [part for part in parts if part.type == "for_in_clause"]
            if clauses[0] != child:
                raise RefusedError(f"{place} makes the call for each item")
        elif kind == "for_in_clause":
            if child != here.child_by_field_name("right"):
                raise RefusedError(f"{place} makes the call for each item")
        elif kind == "with_clause" and child != parts[0]:
            raise RefusedError(f"the call in {place} is made at another time")
        elif kind == "assignment":
            right = here.child_by_field_name("right")
            if child != right and right is not None:
                before.append(right)
        elif kind == "match_statement":
            if child != here.child_by_field_name("subject"):
                raise RefusedError(f"{place} may skip the call")
        elif kind not in ("conditional_expression", "keyword_argument", "named_expression"):
            before += [part for part in parts if part.start_byte < child.start_byte]
        child, here = here, here.parent
    return before


def own_scope(file: PythonFile, offset: int) -> int:
    """The scope of the function, class or module that holds it, not of a comprehension."""
    scopes = file.facts.scopes
    index = file.facts.scope_at(offset)
    while scopes[index].kind not in ("function", "lambda", "class", "module") and index > 0:
        index = scopes[index].parent
    return index


def acts(statement: Node) -> bool:
    """Whether it changes more than local names: calls, or assigns parts of something."""
    for node in walk(statement):
        if node.type in EFFECTS or node.type in ("delete_statement", "import_statement"):
            return True
        if node.type in ("assignment", "augmented_assignment"):
            left = node.child_by_field_name("left")
            if left is None or any(n.type in ("attribute", "subscript") for n in walk(left)):
                return True
    return False


def is_settled(value: Node | None) -> bool:
    return value is None or value.type in CONSTANTS or value.type == "identifier"


def returns(statement: Node) -> bool:
    return any(node.type == "return_statement" for node in walk(statement))


def arms(statement: Node) -> list[tuple[Span, Node]]:
    """(what stands in front of the block, the block) of each branch."""
    arms: list[tuple[Span, Node]] = []
    for node in [statement, *statement.named_children]:
        block = node.child_by_field_name("body" if node.type == "else_clause" else "consequence")
        is_arm = node is statement or node.type in ("elif_clause", "else_clause")
        if is_arm and block is not None:
            arms.append((Span(node.start_byte, block.start_byte), block))
    return arms


def leaves_block(block: Node) -> bool:
    code = [child for child in block.named_children if child.type != "comment"]
    return bool(code) and leaves(code[-1])


def leaves(statement: Node) -> bool:
    """Whether nothing goes on behind it: a return or a raise on every way."""
    if statement.type in ("return_statement", "raise_statement"):
        return True
    if statement.type != "if_statement":
        return False
    has_else = statement.named_children[-1].type == "else_clause"
    return has_else and all(leaves_block(block) for _, block in arms(statement))
