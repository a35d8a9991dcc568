"""Extract variable: give an expression a name on the line before.

The statement that holds the expression uses the name instead; with `every` so do the later
equal expressions of the same block. Refused where the value would be computed at another time
or would not see the names it uses: in a lambda, a comprehension, a loop's condition.

    def area(r):
        return $03.14159 * r$0 * r
    -> {"name": "scaled"}
    def area(r):
        scaled = 3.14159 * r
        return scaled * r
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import (
    COMPREHENSIONS,
    PythonFile,
    has_effects,
    require_name,
    walk,
)
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class ExtractVariable(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    start: Annotated[int, msgspec.Meta(description="first byte of the expression")] = -1
    end: Annotated[int, msgspec.Meta(description="byte behind the expression")] = -1
    offset: Annotated[int, msgspec.Meta(description="a byte of the expression, instead")] = -1
    name: Annotated[str, msgspec.Meta(description="the variable's name")] = ""
    every: Annotated[bool, msgspec.Meta(description="also later equal expressions")] = False
    constant: Annotated[bool, msgspec.Meta(description="at the top of the module, in capitals")] = (
        False
    )


def _plan(snapshot: Snapshot, arguments: ExtractVariable, token: CancelToken) -> SourceChange:
    file = PythonFile(snapshot, arguments.path)
    start = arguments.start if arguments.start >= 0 else arguments.offset
    end = arguments.end if arguments.end >= 0 else start
    if start < 0:
        raise RefusedError("nothing is selected")
    node = file.expression_at(start, end)
    _require_extractable(file, node)
    build = ChangeBuilder(snapshot)
    if arguments.constant:
        _as_constant(file, node, arguments, build)
    else:
        _as_variable(file, node, arguments, build)
    return build.build()


def _as_variable(
    file: PythonFile, node: Node, arguments: ExtractVariable, build: ChangeBuilder
) -> None:
    statement = _statement_before(file, node)
    _require_same_moment(file, node, statement)
    _require_assigned_before(file, node, statement)
    scope = file.scope_span(file.facts.scope_at(node.start_byte))
    name = _name(file, arguments.name, "extracted", [scope])
    places = [node, *(_equals(file, node, statement) if arguments.every else ())]
    editor = build.file(file.path)
    value = _value(file, node)
    if statement.type == "expression_statement" and statement.byte_range == node.byte_range:
        editor.insert(node.start_byte, f"{name} = ")
        return
    if file.starts_its_line(statement):
        indent = file.indentation(statement)
        editor.insert(statement.start_byte, f"{name} = {value}\n{indent}")
    else:  # `if x: return f(y)` and `a(); b()`: the same line has room
        editor.insert(statement.start_byte, f"{name} = {value}; ")
    for place in places:
        shown = f"({name})" if _is_bare_generator(place) else name
        editor.replace(Span(*place.byte_range), shown)


def _as_constant(
    file: PythonFile, node: Node, arguments: ExtractVariable, build: ChangeBuilder
) -> None:
    used = [use for use in file.within(Span(*node.byte_range)) if use.home > 0]
    if used:
        raise RefusedError(f"`{used[0].name}` is not known at the top of the module")
    if has_effects(node):
        raise RefusedError("it calls something, which would then happen when the module is loaded")
    name = _name(file, arguments.name, "EXTRACTED", [Span(0, len(file.text.data))])
    outermost = node
    while outermost.parent is not None and outermost.parent.type != "module":
        outermost = outermost.parent
    before = {
        use.name
        for use in file.within(Span(outermost.start_byte, len(file.text.data)))
        if use.home == 0 and use.writes and use.scope == 0
    }
    late = [use.name for use in file.within(Span(*node.byte_range)) if use.name in before]
    if late:
        raise RefusedError(f"`{late[0]}` is defined below the place where the constant would stand")
    gap = "\n" if outermost.type == "expression_statement" else "\n\n\n"
    if outermost.type not in ("function_definition", "class_definition", "decorated_definition"):
        gap = "\n"
    editor = build.file(file.path)
    editor.insert(outermost.start_byte, f"{name} = {_value(file, node)}{gap}")
    editor.replace(Span(*node.byte_range), name)


def _name(file: PythonFile, given: str, default: str, spans: list[Span]) -> str:
    if not given:
        return file.free_name(default, spans)
    require_name(given)
    if file.free_name(given, spans) != given:
        raise RefusedError(f"`{given}` already means something here")
    return given


def _value(file: PythonFile, node: Node) -> str:
    """The expression's text; in parentheses when it runs over lines without brackets."""
    text = file.text_of(node).replace("\r\n", "\n")
    bracketed = node.type in ("list", "set", "dictionary", "parenthesized_expression", "string")
    bracketed = bracketed or node.type in COMPREHENSIONS or text.startswith("(")
    if "\n" in text and not bracketed and not _breaks_in_brackets(file, node):
        return f"({text})"
    return text


def _breaks_in_brackets(file: PythonFile, node: Node) -> bool:
    """Whether every line break of `node` stands inside brackets or a string of its own."""
    data = file.text.data[node.start_byte : node.end_byte]
    covered: list[tuple[int, int]] = [
        child.byte_range
        for child in walk(node)
        if child.type
        in (
            "argument_list",
            "list",
            "set",
            "dictionary",
            "parenthesized_expression",
            "string",
            "tuple",
        )
        or child.type in COMPREHENSIONS
    ]
    position = data.find(b"\n")
    while position >= 0:
        at = node.start_byte + position
        if not any(first <= at < last for first, last in covered):
            return False
        position = data.find(b"\n", position + 1)
    return True


def _is_bare_generator(node: Node) -> bool:
    """`sum(x for x in y)`: the argument list is the generator itself."""
    return (
        node.type == "generator_expression"
        and node.parent is not None
        and node.parent.type == "call"
    )


def _equals(file: PythonFile, node: Node, statement: Node) -> list[Node]:
    """Equal expressions behind `node` in its block, up to a write of a name it uses."""
    if has_effects(node):
        return []
    used = {use.name for use in file.within(Span(*node.byte_range))}
    block = statement.parent
    assert block is not None
    found: list[Node] = []
    for sibling in block.named_children:
        if sibling.start_byte < statement.start_byte:
            continue
        span = Span(*sibling.byte_range)
        if any(use.writes and use.name in used for use in file.within(span)):
            break
        for other in walk(sibling):
            if (
                other.type == node.type
                and other.start_byte >= node.end_byte
                and file.text_of(other) == file.text_of(node)
                and file.facts.scope_at(other.start_byte) == file.facts.scope_at(node.start_byte)
            ):
                found.append(other)
    return found


def _require_extractable(file: PythonFile, node: Node) -> None:
    parent = node.parent
    if node.has_error or file.statement_of(node).has_error:
        raise RefusedError("the expression has a syntax error")
    if parent is None:
        return
    here, child = parent, node
    while here.type not in ("module", "block"):
        if here.type == "type" and child.start_byte >= here.start_byte:
            raise RefusedError("it is part of a type annotation")
        if here.type in ("import_statement", "import_from_statement", "global_statement"):
            raise RefusedError("it is no expression but a part of its statement")
        if here.type in ("assignment", "augmented_assignment", "for_statement", "for_in_clause"):
            left = here.child_by_field_name("left")
            if left is not None and left.start_byte <= node.start_byte < left.end_byte:
                raise RefusedError("it is assigned to, so it has no value to name")
        if here.type in ("as_pattern_target", "delete_statement", "case_pattern"):
            raise RefusedError("it is assigned to or deleted, so it has no value to name")
        if here.parent is None:
            break
        here, child = here.parent, here
    if parent.type == "keyword_argument" and parent.child_by_field_name("name") == node:
        raise RefusedError("it is the name of an argument")
    if parent.type == "attribute" and parent.child_by_field_name("attribute") == node:
        raise RefusedError("it is the name of an attribute; select what stands before it too")
    if parent.type in (
        "function_definition",
        "class_definition",
        "parameters",
        "lambda_parameters",
    ):
        raise RefusedError("it is the name of a definition or a parameter")
    if parent.type in ("default_parameter", "typed_default_parameter") and (
        parent.child_by_field_name("name") == node
    ):
        raise RefusedError("it is the name of a parameter")
    for inner in walk(node):
        if inner.type in ("yield", "named_expression"):
            raise RefusedError(
                f"it holds {'a yield' if inner.type == 'yield' else 'an assignment'}"
            )


def _statement_before(file: PythonFile, node: Node) -> Node:
    """The statement that the new line stands in front of; a case is none of its own."""
    statement = file.statement_of(node)
    if statement.type != "case_clause":
        return statement
    if has_effects(node):
        raise RefusedError("it would be called although an earlier case matches")
    assert statement.parent is not None
    return file.statement_of(statement.parent)


def _require_assigned_before(file: PythonFile, node: Node, statement: Node) -> None:
    """What the statement itself assigns (a walrus, the name of a pattern) has no value before."""
    read = {(use.name, use.home) for use in file.within(Span(*node.byte_range))}
    for use in file.within(Span(statement.start_byte, node.start_byte)):
        if use.writes and (use.name, use.home) in read:
            raise RefusedError(f"`{use.name}` gets its value in the same statement")


def _require_same_moment(file: PythonFile, node: Node, statement: Node) -> None:
    """The value must be the same, and computed as often, one line earlier."""
    child, here = node, node.parent
    effects = has_effects(node)
    while here is not None and child.byte_range != statement.byte_range:
        if here.type == "lambda" and here.child_by_field_name("body") == child:
            raise RefusedError("it stands in a lambda, which computes it later")
        if here.type in COMPREHENSIONS and not _is_first_iterable(here, child, node):
            raise RefusedError("it stands in a comprehension, which computes it for each item")
        if here.type == "while_statement" and here.child_by_field_name("condition") == child:
            raise RefusedError("it is a loop's condition, which is computed again each time")
        if (
            here.type == "elif_clause"
            and here.child_by_field_name("condition") == child
            and effects
        ):
            raise RefusedError("it would be called although an earlier condition holds")
        if (
            here.type == "boolean_operator"
            and here.child_by_field_name("right") == child
            and effects
        ):
            raise RefusedError("it would be called although the left side decides")
        guard = here.named_children[0] if here.type == "boolean_operator" else None
        if here.type == "conditional_expression" and child != here.named_children[1]:
            guard = here.named_children[1]
        if guard is not None and guard != child and _is_guarded(file, guard, node):
            raise RefusedError("it may fail where the condition before it does not hold")
        if here.type == "conditional_expression" and effects and child != here.named_children[1]:
            raise RefusedError("it would be called although the condition says otherwise")
        child, here = here, here.parent


def _is_guarded(file: PythonFile, guard: Node, node: Node) -> bool:
    """`x is not None and x.y`: a part of something that the condition asks about."""
    if not any(n.type in ("attribute", "subscript") for n in walk(node)):
        return False
    asked = {use.name for use in file.within(Span(*guard.byte_range))}
    return any(use.name in asked for use in file.within(Span(*node.byte_range)))


def _is_first_iterable(comprehension: Node, child: Node, node: Node) -> bool:
    if child.type != "for_in_clause":
        return False
    clauses = [c for c in comprehension.named_children if c.type == "for_in_clause"]
    right = child.child_by_field_name("right")
    return (
        clauses[0] == child
        and right is not None
        and right.start_byte <= node.start_byte
        and node.end_byte <= right.end_byte
    )


EXTRACT_VARIABLE = Operation(
    name="extract_variable",
    title="Extract variable",
    arguments=ExtractVariable,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.extract",
)
