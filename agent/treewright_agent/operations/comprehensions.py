"""Operations between a loop that fills a collection and a comprehension."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import COMPREHENSIONS, PythonFile, walk
from treewright_agent.operations.imports import style_of
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    as_operand,
    chain_at,
    code_of,
    field,
    find_unit,
    holds,
    kept,
    on_header,
    python_at,
    require_own_lines,
    require_sound,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_EMPTY = {"[]": "list", "list()": "list", "{}": "dict", "dict()": "dict", "set()": "set"}
_BINDS = (Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.KEYWORD)
_BRACKETS = {"list": "[]", "dict": "{}", "set": "{}"}

TO_COMPREHENSION_DOCUMENT = """Loop to comprehension: fill a list, set or dict by an expression.

The loop must follow `name = []` at once and do nothing but append, add or set a key, under `if`s
and inner loops perhaps. Refused where the collection is read while it grows, where a loop's
variable is used afterwards, and in a class body, whose names a comprehension does not see.

    def f(rows):
        names = []
        for row$0 in rows:
            if row.active:
                names.append(row.name)
        return names
    -> {}
    def f(rows):
        names = [row.name for row in rows if row.active]
        return names
"""


def aligned(text: str, base: str, wanted: str) -> str:
    """Moves the later lines of an expression so that the least of them stands right.

    Text with strings over several lines is left as it is.
    """
    if "\n" not in text or '"""' in text or "'''" in text:
        return text
    first, *rest = text.split("\n")
    depths = [len(line) - len(line.lstrip(" ")) for line in rest if line.strip()]
    closing = rest[-1].lstrip()[:1] in (")", "]", "}")
    least = min(depths) if depths else len(base)
    start = len(wanted) if closing else len(wanted) + 4
    moved = [
        " " * max(0, start + len(row) - len(row.lstrip(" ")) - least) + row.lstrip(" ")
        for row in rest
    ]
    return "\n".join([first, *moved])


class _Filling(NamedTuple):
    clauses: list[str]
    targets: list[Node]
    iterables: list[Node]
    item: str
    parts: list[Node]


def _to_comprehension(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "loop_to_comprehension")
    loop = next(
        (
            n
            for n in chain_at(file.root, span)
            if n.type == "for_statement" and (on_header(n, span) or span.start < span.end)
        ),
        None,
    )
    if loop is None:
        raise RefusedError("the cursor is on no `for` loop")
    require_sound(loop)
    assignment, name, kind = _start_of(file, loop)
    filling = _filling(file, loop, name, kind)
    scope = file.facts.scopes[file.facts.scope_at(loop.start_byte)]
    if scope.kind == "class":
        raise RefusedError("a comprehension in a class body does not see the names of the class")
    _require_independent(file, loop, name, filling)
    value = field(assignment, "right")
    opening, closing = _BRACKETS[kind]
    inner = " ".join([filling.item, *filling.clauses])
    statement = assignment.parent
    assert statement is not None
    require_own_lines(file, statement, loop)
    text = f"{opening}{inner}{closing}"
    indent = file.indentation(statement)
    head = file.text.data[file.line_start(statement.start_byte) : value.start_byte]
    width = style_of(file.path).width
    if len(head.decode("utf-8", "replace")) + len(text) > width or "\n" in inner:
        unit = find_unit(file, statement)
        lines = [
            aligned(part, file.indentation(loop), indent + unit)
            for part in (filling.item, *filling.clauses)
        ]
        body = "".join(f"\n{indent}{unit}{line}" for line in lines)
        text = f"{opening}{body}\n{indent}{closing}"
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    editor.replace(Span(*value.byte_range), text)
    editor.delete(Span(statement.end_byte, loop.end_byte))
    return kept(file, build)


def _start_of(file: PythonFile, loop: Node) -> tuple[Node, str, str]:
    """The assignment of the empty collection above the loop, its name and kind."""
    before = loop.prev_named_sibling
    assignment = before.named_children[0] if before is not None and before.named_children else None
    if (
        before is None
        or before.type != "expression_statement"
        or assignment is None
        or assignment.type != "assignment"
    ):
        raise RefusedError("no empty collection is made right above the loop")
    left, right = field(assignment, "left"), assignment.child_by_field_name("right")
    kind = _EMPTY.get("".join(file.text_of(right).split())) if right is not None else None
    if left.type != "identifier" or kind is None:
        raise RefusedError("no empty collection is made right above the loop")
    if right is not None and right.type == "call":
        word = file.text_of(field(right, "function"))
        if file.home_of(word, right.start_byte) != -1:
            raise RefusedError(f"`{word}` means something else here")
    return assignment, file.text_of(left), kind


def _filling(file: PythonFile, loop: Node, name: str, kind: str) -> _Filling:
    clauses: list[str] = []
    targets: list[Node] = []
    iterables: list[Node] = []
    parts: list[Node] = []
    node = loop
    while True:
        if node.type == "for_statement":
            if node.child_by_field_name("alternative") is not None:
                raise RefusedError("the loop has an else")
            target, iterable = field(node, "left"), field(node, "right")
            targets.append(target)
            iterables.append(iterable)
            word = "async for" if file.text_of(node).startswith("async") else "for"
            shown = file.text_of(iterable)
            if iterable.type in ("expression_list", "conditional_expression", "lambda", "yield"):
                shown = f"({shown})"
            clauses.append(f"{word} {file.text_of(target)} in {shown}")
            body = field(node, "body")
        elif node.type == "if_statement":
            if node.children_by_field_name("alternative"):
                raise RefusedError("an `if` in the loop has an else")
            condition = field(node, "condition")
            parts.append(condition)
            shown = as_operand(file, condition, "and")
            if condition.type == "boolean_operator":
                shown = file.text_of(condition)
            clauses.append(f"if {shown}")
            body = field(node, "consequence")
        else:
            break
        code = code_of(body)
        if len(code) != 1:
            raise RefusedError("the loop does more than fill the collection")
        node = code[0]
    item = _item(file, node, name, kind, parts)
    return _Filling(clauses, targets, iterables, item, parts)


def _item(file: PythonFile, node: Node, name: str, kind: str, parts: list[Node]) -> str:
    """What one turn puts in, as the comprehension says it."""
    inner = node.named_children[0] if node.type == "expression_statement" else None
    if inner is not None and kind == "dict" and inner.type == "assignment":
        left, value = field(inner, "left"), inner.child_by_field_name("right")
        if (
            left.type == "subscript"
            and file.text_of(field(left, "value")) == name
            and len(left.children_by_field_name("subscript")) == 1
            and value is not None
            and value.type not in ("assignment", "augmented_assignment", "yield")
            and inner.child_by_field_name("type") is None
        ):
            key = field(left, "subscript")
            if key.type == "slice":
                raise RefusedError("the loop sets a slice")
            parts += [key, value]
            return f"{_as_item(file, key)}: {_as_item(file, value)}"
    if inner is not None and kind != "dict" and inner.type == "call":
        function = field(inner, "function")
        method = {"list": "append", "set": "add"}[kind]
        if file.text_of(function) == f"{name}.{method}":
            listed = field(inner, "arguments")
            given = listed.named_children if listed.type == "argument_list" else []
            if len(given) == 1 and given[0].type not in ("list_splat", "keyword_argument"):
                parts.append(given[0])
                return _as_item(file, given[0])
            if listed.type == "generator_expression":
                parts.append(listed)
                return file.text_of(listed)
    raise RefusedError("the loop does more than fill the collection")


def _as_item(file: PythonFile, node: Node) -> str:
    text = file.text_of(node)
    if node.type in ("expression_list", "named_expression"):
        return f"({text})"
    if node.type == "lambda":
        return f"({text})"
    return text


def _require_independent(file: PythonFile, loop: Node, name: str, filling: _Filling) -> None:
    whole = [*filling.parts, *filling.iterables, *filling.targets]
    for part in whole:
        if holds(part, ("yield", "named_expression")) or part.type in ("yield", "named_expression"):
            raise RefusedError("the loop yields, or assigns inside an expression")
        for each in walk(part):
            if each.type == "identifier" and file.text_of(each) == name:
                parent = each.parent
                own = {"keyword_argument": "name", "attribute": "attribute"}
                part_name = own.get(parent.type) if parent is not None else None
                if part_name and parent and parent.child_by_field_name(part_name) == each:
                    continue
                raise RefusedError(f"`{name}` is read while it is filled")
    for target in filling.targets:
        if any(each.type in ("attribute", "subscript") for each in walk(target)):
            raise RefusedError("the loop assigns to more than a name")
        for each in walk(target):
            if each.type == "identifier":
                _require_not_needed(file, loop, each)
    if b"locals()" in file.text.data[loop.start_byte : loop.end_byte]:
        raise RefusedError("the loop looks at its local names")


def _require_not_needed(file: PythonFile, loop: Node, target: Node) -> None:
    """A comprehension keeps its variable to itself: nothing outside may read it."""
    name = file.text_of(target)
    home = file.home_of(name, target.start_byte)
    if home >= 0 and file.facts.scopes[home].bindings.get(name, (0, ""))[1] in (
        "global",
        "nonlocal",
    ):
        raise RefusedError(f"`{name}` is shared with other functions")
    here = file.facts.scope_at(loop.start_byte)
    if home != here:
        raise RefusedError(f"`{name}` is shared with other functions")
    for reference in file.facts.references(name):
        outside = not loop.start_byte <= reference.start < loop.end_byte
        if not outside or reference.attribute or reference.role in _BINDS:
            continue
        if file.home_of(name, reference.start) == home:
            line = file.text.line_of(reference.start) + 1
            raise RefusedError(f"the loop's `{name}` is used in line {line}")
    if home == 0 and not name.startswith("_"):
        for path in file.snapshot.files_naming(name):
            if path == file.path:
                continue
            for item in file.snapshot.file_facts(path).imports:
                if item.name == name:
                    raise RefusedError(f"`{name}` is imported elsewhere")


LOOP_TO_COMPREHENSION = Operation(
    name="loop_to_comprehension",
    title="Convert the loop to a comprehension",
    arguments=Place,
    plan=_to_comprehension,
    document=TO_COMPREHENSION_DOCUMENT,
    kind="refactor.rewrite",
)

TO_LOOP_DOCUMENT = """Comprehension to loop: write a list, set or dict comprehension as a loop.

It must be the whole value of an assignment to a name, or of a `return`. Refused where its
variables would hide names that the code around it uses.

    def f(rows):
        return [row$0.name for row in rows if row.active]
    -> {}
    def f(rows):
        result = []
        for row in rows:
            if row.active:
                result.append(row.name)
        return result
"""


def _to_loop(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "comprehension_to_loop")
    node = next((n for n in chain_at(file.root, span) if n.type in COMPREHENSIONS), None)
    if node is None:
        raise RefusedError("there is no comprehension here")
    if node.type == "generator_expression":
        raise RefusedError("a generator computes its items when they are asked for")
    require_sound(node)
    parent = node.parent
    assert parent is not None
    kind = {"list_comprehension": "list", "set_comprehension": "set"}.get(node.type, "dict")
    name, statement, head = _receiver(file, node, parent)
    if file.facts.scopes[file.facts.scope_at(statement.start_byte)].kind == "class":
        raise RefusedError("its variables would become attributes of the class")
    require_own_lines(file, statement)
    outer = Span(*node.byte_range)
    used = {file.text_of(each) for each in walk(node) if each.type == "identifier"}
    if name in used:
        raise RefusedError(f"`{name}` is read by the comprehension that makes it")
    indent, unit = file.indentation(statement), find_unit(file, statement)
    lines: list[str] = []
    depth = 0
    for child in node.named_children:
        if child.type == "for_in_clause":
            target, iterable = field(child, "left"), field(child, "right")
            for each in walk(target):
                if each.type == "identifier":
                    _require_free(file, outer, statement, each)
            word = "async for" if file.text_of(child).startswith("async") else "for"
            rest = file.text.data[iterable.start_byte : child.end_byte].decode("utf-8", "replace")
            lines.append(f"{indent}{unit * depth}{word} {file.text_of(target)} in {_flat(rest)}:")
            depth += 1
        elif child.type == "if_clause":
            lines.append(f"{indent}{unit * depth}if {_flat(file.text_of(child)[2:].strip())}:")
            depth += 1
    body = field(node, "body")
    inner = f"{indent}{unit * depth}"
    if kind == "dict":
        key, value = field(body, "key"), field(body, "value")
        lines.append(f"{inner}{name}[{_flat(file.text_of(key))}] = {_flat(file.text_of(value))}")
    else:
        method = "append" if kind == "list" else "add"
        lines.append(f"{inner}{name}.{method}({_flat(file.text_of(body))})")
    empty = {"list": "[]", "set": "set()", "dict": "{}"}[kind]
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    if head:  # `return`: the collection needs a name first
        editor.replace(
            Span(statement.start_byte, node.start_byte),
            f"{name} = {empty}\n" + "\n".join(lines) + f"\n{indent}return ",
        )
        editor.replace(Span(*node.byte_range), name)
    else:
        editor.replace(Span(*node.byte_range), empty)
        editor.insert(_line_end(file, statement), "\n" + "\n".join(lines))
    return kept(file, build)


def _line_end(file: PythonFile, statement: Node) -> int:
    return file.text.line_span(file.text.line_of(statement.end_byte)).end


def _flat(text: str) -> str:
    """On one line, unless a string runs over several."""
    if "\n" not in text:
        return text
    if '"""' in text or "'''" in text or "#" in text or "\\\n" in text:
        raise RefusedError("it runs over several lines")
    return re.sub(r"\s*\n\s*", " ", text.replace("\r\n", "\n"))


def _receiver(file: PythonFile, node: Node, parent: Node) -> tuple[str, Node, bool]:
    """The name that receives the collection, the statement, and whether it returns it."""
    if parent.type == "assignment" and field(parent, "right") == node:
        left, statement = field(parent, "left"), parent.parent
        simple = statement is not None and statement.type == "expression_statement"
        if left.type == "identifier" and statement is not None and simple:
            return file.text_of(left), statement, False
    if parent.type == "return_statement":
        scope = file.facts.scope_at(parent.start_byte)
        return unused_name(file, "result", file.scope_span(scope)), parent, True
    raise RefusedError("it is not the whole value of an assignment to a name or of a return")


def unused_name(file: PythonFile, wanted: str, span: Span) -> str:
    """`wanted`, with a number behind it where the span says it already."""
    name, number = wanted, 1
    while any(span.start <= use.start < span.end for use in file.facts.references(name)):
        number += 1
        name = f"{wanted}_{number}"
    return name


def _require_free(file: PythonFile, outer: Span, statement: Node, target: Node) -> None:
    name = file.text_of(target)
    scope = file.facts.scope_at(statement.start_byte)
    span = file.scope_span(scope) if scope else Span(0, len(file.text.data))
    for reference in file.facts.references(name):
        inside = outer.start <= reference.start < outer.end
        if inside or reference.attribute or not span.start <= reference.start < span.end:
            continue
        where = file.home_of(name, reference.start)
        if where != -1 and file.facts.scopes[where].kind in ("block", "comprehension"):
            continue
        line = file.text.line_of(reference.start) + 1
        raise RefusedError(f"`{name}` is used in line {line} and would be hidden")
    home = file.home_of(name, statement.start_byte)
    if home == 0 and scope == 0:
        raise RefusedError(f"`{name}` would become a name of the module")


COMPREHENSION_TO_LOOP = Operation(
    name="comprehension_to_loop",
    title="Convert the comprehension to a loop",
    arguments=Place,
    plan=_to_loop,
    document=TO_LOOP_DOCUMENT,
    kind="refactor.rewrite",
)
