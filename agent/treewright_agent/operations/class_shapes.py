"""What the operations on classes share: the class at the cursor, its fields, its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.operations.blocks import PythonFile, walk
from treewright_agent.operations.shapes import (
    chain_at,
    code_of,
    field,
    header_end,
    require_sound,
)
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Field(NamedTuple):
    """An attribute that every instance has. `value` is its default as it is written, or ''."""

    name: str
    annotation: str
    value: str
    node: Node


def class_at(file: PythonFile, span: Span) -> Node:
    """The class whose head the cursor is on. Raises RefusedError."""
    for node in chain_at(file.root, Span(span.start, span.start)):
        inner = node
        if node.type == "decorated_definition":
            inner = field(node, "definition")
        if inner.type == "class_definition" and node.start_byte <= span.start <= header_end(inner):
            require_sound(inner)
            if not file.starts_its_line(code_of(field(inner, "body"))[0]):
                raise RefusedError("the class stands on one line")
            return inner
        if node.type == "block":
            break
    raise RefusedError("the cursor is on no class's head")


def whole(node: Node) -> Node:
    """The definition with its decorators."""
    outer = node.parent
    return outer if outer is not None and outer.type == "decorated_definition" else node


def decorators(file: PythonFile, node: Node) -> list[Node]:
    outer = whole(node)
    return [child for child in outer.children if child.type == "decorator"] if outer != node else []


def methods(file: PythonFile, cls: Node) -> dict[str, Node]:
    """name -> the function, by the last definition of each name."""
    found: dict[str, Node] = {}
    for statement in code_of(field(cls, "body")):
        inner = statement
        if statement.type == "decorated_definition":
            inner = field(statement, "definition")
        if inner.type == "function_definition":
            found[file.text_of(field(inner, "name"))] = inner
    return found


def bases(file: PythonFile, cls: Node) -> list[str]:
    listed = cls.child_by_field_name("superclasses")
    if listed is None:
        return []
    return [file.text_of(child) for child in listed.named_children if child.type != "comment"]


def class_fields(file: PythonFile, cls: Node) -> list[Field]:
    """The annotated names of the class's body, `ClassVar`s left out."""
    found: list[Field] = []
    for statement in code_of(field(cls, "body")):
        inner = statement.named_children[0] if statement.named_children else None
        if statement.type != "expression_statement" or inner is None or inner.type != "assignment":
            continue
        left, annotation = field(inner, "left"), inner.child_by_field_name("type")
        if annotation is None or left.type != "identifier":
            continue
        shown = file.text_of(annotation)
        if "ClassVar" in shown:
            continue
        value = inner.child_by_field_name("right")
        text = file.text_of(value) if value is not None else ""
        found.append(Field(file.text_of(left), shown, text, statement))
    return found


def set_fields(file: PythonFile, init: Node) -> list[Field]:
    """`self.name = …` of `__init__`, in order, each name once."""
    own = _first_parameter(file, init)
    found: dict[str, Field] = {}
    for node in walk(field(init, "body")):
        if node.type != "assignment":
            continue
        left = field(node, "left")
        if left.type != "attribute" or file.text_of(field(left, "object")) != own:
            continue
        name = file.text_of(field(left, "attribute"))
        annotation, value = node.child_by_field_name("type"), node.child_by_field_name("right")
        found.setdefault(
            name,
            Field(
                name,
                file.text_of(annotation) if annotation is not None else "",
                file.text_of(value) if value is not None else "",
                node,
            ),
        )
    return list(found.values())


def _first_parameter(file: PythonFile, function: Node) -> str:
    given = field(function, "parameters").named_children
    return file.text_of(given[0]) if given else "self"


def is_annotated(file: PythonFile, cls: Node) -> bool:
    """Whether the methods of the class say their types."""
    listed = methods(file, cls).values()
    return any(
        function.child_by_field_name("return_type") is not None
        or any(c.type.startswith("typed") for c in field(function, "parameters").named_children)
        for function in listed
    ) or bool(class_fields(file, cls))
