"""Extract function: move statements or an expression into a function of their own.

The names that the code reads become parameters, those that are needed afterwards are returned.
Code that uses `self` becomes a method. Refused when the code jumps out of itself (a `break` of
an outer loop, a `return` in the middle), yields, or may leave a name unset.

    def report(rows):
        $0total = 0
        for row in rows:
            total += row$0
        print(total)
    -> {"name": "add_up"}
    def add_up(rows):
        total = 0
        for row in rows:
            total += row
        return total


    def report(rows):
        total = add_up(rows)
        print(total)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import (
    NameUse,
    PythonFile,
    require_name,
)
from treewright_agent.operations.extract_flow import Flowing, Region, flow_of, scope_of
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class ExtractFunction(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    start: Annotated[int, msgspec.Meta(description="first byte of the selection")] = -1
    end: Annotated[int, msgspec.Meta(description="byte behind the selection")] = -1
    offset: Annotated[int, msgspec.Meta(description="a byte of the expression, instead")] = -1
    name: Annotated[str, msgspec.Meta(description="the function's name")] = ""


def _plan(snapshot: Snapshot, arguments: ExtractFunction, token: CancelToken) -> SourceChange:
    file = PythonFile(snapshot, arguments.path)
    start = arguments.start if arguments.start >= 0 else arguments.offset
    end = arguments.end if arguments.end >= 0 else start
    if start < 0:
        raise RefusedError("nothing is selected")
    region = _region(file, start, end)
    outer = file.enclosing_function(region.nodes[0])
    token.check()
    _require_own_names(file, region, outer)
    flow = flow_of(file, region, outer)
    _require_settled(file, region, outer, flow)
    function = outer
    while function is not None and function.type == "lambda":
        function = file.enclosing_function(function)
    owner = _owner(function)
    receiver = _receiver(file, function, owner)
    as_method = owner is not None and receiver != "" and receiver in flow.inputs
    name = _name(file, arguments.name, owner if as_method else None)
    if as_method:
        flow = flow._replace(inputs=[n for n in flow.inputs if n != receiver])
    build = ChangeBuilder(snapshot)
    _write(file, build, region, flow, name, function, owner, receiver if as_method else "")
    return build.build()


def _region(file: PythonFile, start: int, end: int) -> Region:
    selected, span = file.trimmed(start, end), file.without_comments(start, end)
    try:
        statements = file.statements_in(start, end)
    except RefusedError:
        statements = []
    if statements and statements[0].start_byte == span.start and span.start < span.end:
        only = statements[0]
        if len(statements) > 1 or only.type != "expression_statement" or _is_plain_call(only):
            return Region(tuple(statements), False, selected.start)
    node = file.expression_at(start, end)
    if node.type == "identifier" and node.parent is not None:
        raise RefusedError("a single name is nothing to move into a function")
    return Region((node,), True, node.start_byte)


def _is_plain_call(statement: Node) -> bool:
    return bool(statement.named_children) and statement.named_children[0].type in (
        "assignment", "augmented_assignment", "call", "await", "yield",
    )  # fmt: skip


def _require_own_names(file: PythonFile, region: Region, outer: Node | None) -> None:
    """What the statements bind must be the function's own: no global, no attribute of a class,
    no docstring."""
    scope = scope_of(file, region)
    if not region.is_expression and file.facts.scopes[scope].kind == "class":
        raise RefusedError("the statements of a class body make its attributes")
    first = region.nodes[0]
    if not region.is_expression and _is_docstring(first):
        raise RefusedError("the docstring belongs to what it stands in")
    for use in file.within(region.span):
        if use.writes and use.scope == scope and outer is not None and use.home == 0:
            raise RefusedError(f"it assigns `{use.name}`, which is global here")


def _is_docstring(node: Node) -> bool:
    block = node.parent
    if node.type != "expression_statement" or block is None or not node.named_children:
        return False
    first = next((c for c in block.named_children if c.type != "comment"), None)
    return first == node and node.named_children[0].type in ("string", "concatenated_string")


def _require_settled(file: PythonFile, region: Region, outer: Node | None, flow: Flowing) -> None:
    """A function or generator inside sees its names change later; as parameters they would not."""
    scope = scope_of(file, region)
    kept = {
        use.name
        for use in file.within(region.span)
        if use.scope != scope and use.name in flow.inputs and _is_deferred(file, use, region)
    }
    if not kept or outer is None:
        return
    for use in file.within(Span(region.span.end, outer.end_byte)):
        if use.writes and use.name in kept:
            line = file.text.line_of(use.start) + 1
            raise RefusedError(
                f"a function in it reads `{use.name}`, which line {line} changes later"
            )


def _is_deferred(file: PythonFile, use: NameUse, region: Region) -> bool:
    node = file.root.descendant_for_byte_range(use.start, use.end)
    while node is not None and node.start_byte >= region.span.start:
        if node.type in ("function_definition", "lambda", "generator_expression"):
            return True
        node = node.parent
    return False


# -------------------------------------------------------------------- writing


def _owner(outer: Node | None) -> Node | None:
    """The class whose method the function is."""
    here = outer.parent if outer is not None else None
    if here is not None and here.type == "decorated_definition":
        here = here.parent
    if here is not None and here.type == "block" and here.parent is not None:
        return here.parent if here.parent.type == "class_definition" else None
    return None


def _receiver(file: PythonFile, outer: Node | None, owner: Node | None) -> str:
    """`self` or `cls` as the method calls it; '' in a static method."""
    if outer is None or owner is None:
        return ""
    parent = outer.parent
    if parent is not None and parent.type == "decorated_definition":
        decorators = [file.text_of(c)[1:] for c in parent.named_children if c.type == "decorator"]
        if "staticmethod" in decorators:
            return ""
    parameters = outer.child_by_field_name("parameters")
    first = (
        parameters.named_children[0]
        if parameters is not None and parameters.named_children
        else None
    )
    return file.text_of(first) if first is not None and first.type == "identifier" else ""


def _name(file: PythonFile, given: str, owner: Node | None) -> str:
    span = Span(*owner.byte_range) if owner is not None else Span(0, len(file.text.data))
    if not given:
        return file.free_name("extracted", [Span(0, len(file.text.data)), span])
    require_name(given)
    if owner is not None:
        symbols = file.facts.symbols
        index = file.facts.symbol_at(owner.child_by_field_name("name").start_byte)  # type: ignore[union-attr]
        if any(s.parent == index and s.name == given for s in symbols):
            raise RefusedError(f"the class already has `{given}`")
    elif any(use.name == given for use in file.uses):
        raise RefusedError(f"`{given}` already means something in this file")
    return given


def _write(
    file: PythonFile,
    build: ChangeBuilder,
    region: Region,
    flow: Flowing,
    name: str,
    outer: Node | None,
    owner: Node | None,
    receiver: str,
) -> None:
    editor = build.file(file.path)
    anchor, level, after = _anchor(file, region, outer, owner, bool(receiver))
    unit = file.indent_unit()
    parameters = ", ".join([receiver, *flow.inputs] if receiver else flow.inputs)
    decorator = f"{level}@classmethod\n" if receiver and _is_classmethod(file, outer) else ""
    head = f"{level}{'async ' if flow.is_async else ''}def {name}({parameters}):\n"
    inner = level + unit
    if region.is_expression:
        body = f"{inner}return {_expression(file, region.nodes[0], inner)}\n"
    else:
        before = file.indentation(region.nodes[0])
        moved = file.reindented(region.with_comments, before, inner)
        body = f"{inner}{moved.rstrip()}\n"
        if flow.outputs:
            body += f"{inner}return {', '.join(flow.outputs)}\n"
    call = f"{receiver}.{name}" if receiver else name
    call = f"{'await ' if flow.is_async else ''}{call}({', '.join(flow.inputs)})"
    if region.is_expression:
        editor.replace(
            region.span, f"({call})" if flow.is_async and _tight(region.nodes[0]) else call
        )
    elif flow.ends_in_return:
        editor.replace(region.with_comments, f"return {call}")
    elif flow.outputs:
        editor.replace(region.with_comments, f"{', '.join(flow.outputs)} = {call}")
    else:
        editor.replace(region.with_comments, call)
    blank = "\n" if level else "\n\n"
    function = f"{decorator}{head}{body}"
    if after:
        editor.insert(
            anchor, f"{blank}{function}" if _ends_line(file, anchor) else f"\n{blank}{function}"
        )
    else:
        editor.insert(anchor, f"{function}{blank}")


def _ends_line(file: PythonFile, offset: int) -> bool:
    return file.text.data[offset - 1 : offset] in (b"\n", b"\r")


def _tight(node: Node) -> bool:
    return node.parent is not None and node.parent.type in ("attribute", "subscript", "call")


def _expression(file: PythonFile, node: Node, indent: str) -> str:
    text = file.text_of(node).replace("\r\n", "\n")
    if "\n" in text and not text.startswith(("(", "[", "{")):
        return f"({text})"
    return text


def _anchor(
    file: PythonFile, region: Region, outer: Node | None, owner: Node | None, method: bool
) -> tuple[int, str, bool]:
    """(offset, indentation, whether it goes behind): where the new function stands."""
    if method and outer is not None:
        whole = (
            outer.parent
            if outer.parent is not None and outer.parent.type == "decorated_definition"
            else outer
        )
        level = file.indentation(whole)
        return file.whole_lines(whole.start_byte, whole.end_byte).end, level, True
    top = region.nodes[0]
    while top.parent is not None and top.parent.type != "module":
        top = top.parent
    return file.line_start(top.start_byte), "", False


def _is_classmethod(file: PythonFile, outer: Node | None) -> bool:
    parent = outer.parent if outer is not None else None
    if parent is None or parent.type != "decorated_definition":
        return False
    return any(
        c.type == "decorator" and file.text_of(c) == "@classmethod" for c in parent.named_children
    )


EXTRACT_FUNCTION = Operation(
    name="extract_function",
    title="Extract function",
    arguments=ExtractFunction,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.extract",
)
