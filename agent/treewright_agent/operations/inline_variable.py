"""Inline variable: put the value of a variable in the places that read it.

The variable must be assigned once. Refused when its value could be another one by the time it
is read: a name it uses is assigned in between, or it calls something and is read twice.

    def area(r):
        scaled$0 = 3.14159 * r
        return scaled * r
    -> {}
    def area(r):
        return 3.14159 * r * r
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import (
    COMPREHENSIONS,
    EFFECTS,
    NameUse,
    PythonFile,
    has_effects,
    needs_parentheses,
    walk,
)
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


_FRESH = frozenset({"list", "dictionary", "set", "lambda"}) | COMPREHENSIONS


class InlineVariable(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    offset: Annotated[int, msgspec.Meta(description="a byte of the variable's name")]


def _plan(snapshot: Snapshot, arguments: InlineVariable, token: CancelToken) -> SourceChange:
    file = PythonFile(snapshot, arguments.path)
    use = _use_at(file, arguments.offset)
    uses = [u for u in file.uses if u.name == use.name and u.home == use.home]
    definition, assignment = _definition(file, use, uses)
    reads = [u for u in uses if u.start != definition.start]
    value = assignment.child_by_field_name("right")
    assert value is not None
    _require_unshared(file, snapshot, use, definition, token)
    _require_same_value(file, definition, assignment, value, reads)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    for read in reads:
        place = file.root.descendant_for_byte_range(read.start, read.end)
        assert place is not None
        editor.replace(Span(read.start, read.end), _put(file, value, place))
    statement = assignment.parent
    assert statement is not None
    editor.delete(_removal(file, statement))
    return build.build()


def _use_at(file: PythonFile, offset: int) -> NameUse:
    for use in file.uses:
        if use.start <= offset <= use.end:
            if use.home < 0:
                raise RefusedError(f"`{use.name}` is not defined in this file")
            return use
    raise RefusedError("there is no variable at the cursor")


def _definition(file: PythonFile, use: NameUse, uses: list[NameUse]) -> tuple[NameUse, Node]:
    kind = file.facts.scopes[use.home].bindings.get(use.name, (0, ""))[1]
    if kind == "parameter":
        raise RefusedError(f"`{use.name}` is a parameter: its value comes from the callers")
    if kind == "import":
        raise RefusedError(f"`{use.name}` is an import")
    if kind in ("function", "class", "type"):
        raise RefusedError(f"`{use.name}` is a {kind}; only a variable's value can be inlined")
    writes = [u for u in uses if u.writes]
    if len(writes) > 1:
        raise RefusedError(f"`{use.name}` is assigned {len(writes)} times")
    if not writes:
        raise RefusedError(f"`{use.name}` is never assigned here")
    (definition,) = writes
    node = file.root.descendant_for_byte_range(definition.start, definition.end)
    parent = node.parent if node is not None else None
    if (
        parent is None
        or parent.type != "assignment"
        or parent.child_by_field_name("left") != node
        or parent.child_by_field_name("right") is None
        or parent.parent is None
        or parent.parent.type != "expression_statement"
    ):
        raise RefusedError(f"`{use.name}` gets its value from more than a plain assignment")
    right = parent.child_by_field_name("right")
    if right is not None and right.type in ("assignment", "yield"):
        raise RefusedError(f"`{use.name}` gets its value from more than a plain assignment")
    if definition.role is Role.DELETE:
        raise RefusedError(f"`{use.name}` is deleted")
    return definition, parent


def _require_unshared(
    file: PythonFile, snapshot: Snapshot, use: NameUse, definition: NameUse, token: CancelToken
) -> None:
    """A name that other files use, or that a class gives its instances, has to stay."""
    scope = file.facts.scopes[use.home]
    if scope.kind == "class":
        raise RefusedError(f"`{use.name}` is an attribute of its class, which others may read")
    if scope.kind != "module":
        return
    if file.facts.exports is not None and use.name in file.facts.exports:
        raise RefusedError(f"`{use.name}` is listed in __all__")
    from treewright_indexer import graph

    for target in graph.definitions(snapshot, file.path, definition.start, token):
        for other in graph.references(snapshot, target, token, include_declaration=False):
            if other.path != file.path:
                place = snapshot.display_path(other.path)
                raise RefusedError(f"`{use.name}` is used in {place}")


def _require_same_value(
    file: PythonFile, definition: NameUse, assignment: Node, value: Node, reads: list[NameUse]
) -> None:
    effects = has_effects(value)
    if not reads:
        if effects:
            raise RefusedError("it is never read, and its value calls something: remove it by hand")
        return
    if any(read.start < definition.start for read in reads):
        early = file.text.line_of(min(read.start for read in reads)) + 1
        raise RefusedError(f"it is read in line {early}, before it is assigned")
    if effects and len(reads) > 1:
        raise RefusedError(f"its value calls something, which would then happen {len(reads)} times")
    statement = assignment.parent
    assert statement is not None
    _require_one_object(value, reads)
    _require_same_moment(file, assignment, value, reads, effects)
    used = {u.name for u in file.within(Span(*value.byte_range))}
    last = max(read.end for read in reads)
    between = Span(statement.end_byte, last)
    for other in file.within(between):
        if other.writes and other.name in used and other.start not in {r.start for r in reads}:
            line = file.text.line_of(other.start) + 1
            if _binds_elsewhere(file, other, used, value):
                raise RefusedError(f"`{other.name}` means something else in line {line}")
            raise RefusedError(f"`{other.name}`, which it uses, is assigned in line {line}")
    block = statement.parent
    for read in reads:
        place = file.root.descendant_for_byte_range(read.start, read.end)
        assert place is not None
        _require_reachable(file, read, place, definition, block, value, effects)


def _require_one_object(value: Node, reads: list[NameUse]) -> None:
    """Each reading of a list that is written out would be a list of its own."""
    if len(reads) > 1:
        for node in walk(value):
            if node.type in _FRESH:
                raise RefusedError(
                    f"its value is a new {node.type.replace('_', ' ')}, which {len(reads)} places"
                    " share"
                )


def _require_same_moment(
    file: PythonFile, assignment: Node, value: Node, reads: list[NameUse], effects: bool
) -> None:
    """Nothing that happens between the assignment and the reading meets what the value does or
    reads: a call may change what another call finds."""
    statement = assignment.parent
    assert statement is not None
    last = max(read.start for read in reads)
    roots = {u.name for u in file.within(Span(*value.byte_range))}
    shared = _written_by_functions(file, value)
    for node in walk(file.root):
        if not statement.end_byte <= node.start_byte < last:
            continue
        line = file.text.line_of(node.start_byte) + 1
        if node.type in EFFECTS and _is_done_before(node, last):
            if effects:
                raise RefusedError(f"its value calls something, and so does line {line} before it")
            if _has_parts(value) and _names_in(file, node) & roots:
                raise RefusedError(f"line {line} may change what its value reads")
            if shared:
                raise RefusedError(f"line {line} may assign `{shared[0]}`, which its value reads")
        if node.type in ("assignment", "augmented_assignment") and last < node.end_byte:
            # The last reading stands in it: only its right side happens before its left one.
            right = node.child_by_field_name("right")
            if right is not None and right.start_byte > last and has_effects(right) and effects:
                raise RefusedError(f"its value calls something, and so does line {line} before it")
        elif node.type in ("assignment", "augmented_assignment", "delete_statement"):
            target = node.child_by_field_name("left") or node
            if effects and _reads_state(target):
                raise RefusedError(f"its value calls something, after line {line} then")
            if _is_changed_by(file, value, target):
                raise RefusedError(f"line {line} changes what its value reads")
        leaves = node.type in ("raise_statement", "return_statement", "assert_statement")
        if effects and leaves and node.end_byte <= last:
            raise RefusedError(f"its value calls something, which line {line} would skip")
    if not effects and any(node.type == "subscript" for node in walk(value)):
        _require_nothing_tried(file, statement, reads)
    if effects:
        _require_unconditional(file, statement, reads[0])


def _written_by_functions(file: PythonFile, value: Node) -> list[str]:
    """Names that the value reads and that a function assigns as global or nonlocal."""
    read = {(u.name, u.home) for u in file.within(Span(*value.byte_range)) if u.home >= 0}
    return sorted(
        {u.name for u in file.uses if u.writes and u.scope != u.home and (u.name, u.home) in read
         and _is_declared(file, u)}
    )  # fmt: skip


def _is_declared(file: PythonFile, use: NameUse) -> bool:
    """Whether the scope that holds it declares the name as global or nonlocal."""
    binding = file.facts.scopes[use.scope].bindings.get(use.name)
    return binding is not None and binding[1] in ("global", "nonlocal")


def _require_nothing_tried(file: PythonFile, statement: Node, reads: list[NameUse]) -> None:
    """In a `try` a lookup that fails skips what follows: it must not come to stand behind it."""
    block = statement.parent
    outer = block.parent if block is not None else None
    if block is None or outer is None or outer.type != "try_statement":
        return
    first = min(read.start for read in reads)
    for other in block.named_children:
        between = statement.end_byte <= other.start_byte and other.end_byte <= first
        if between and other.type != "comment":
            line = file.text.line_of(other.start_byte) + 1
            raise RefusedError(f"line {line} would happen even if looking up its value fails")


def _require_unconditional(file: PythonFile, statement: Node, read: NameUse) -> None:
    """A call must still happen, whatever the conditions around the reading say."""
    place = file.root.descendant_for_byte_range(read.start, read.end)
    here, child = (place.parent if place is not None else None), place
    while here is not None and child is not None and here != statement.parent:
        line = file.text.line_of(here.start_byte) + 1
        if here.type in ("if_statement", "elif_clause", "else_clause", "except_clause",
                         "match_statement", "case_clause"):  # fmt: skip
            first = here.named_children[0]
            if here.type != "if_statement" or not _holds(first, read):
                raise RefusedError(f"its value calls something, and line {line} may skip it")
        if here.type in ("boolean_operator", "conditional_expression"):
            always = here.named_children[1 if here.type == "conditional_expression" else 0]
            if not _holds(always, read):
                raise RefusedError(f"its value calls something, and line {line} may skip it")
        if here.type == "try_statement":
            raise RefusedError(f"its value calls something, which line {line} would then catch")
        here, child = here.parent, here


def _holds(node: Node, read: NameUse) -> bool:
    return node.start_byte <= read.start < node.end_byte


def _is_done_before(node: Node, offset: int) -> bool:
    """Whether the node is computed before what stands at `offset`: `f` of `f(x)` is not."""
    return node.end_byte <= offset


def _has_parts(value: Node) -> bool:
    return any(node.type in ("attribute", "subscript") for node in walk(value))


def _reads_state(target: Node) -> bool:
    return any(node.type in ("attribute", "subscript") for node in walk(target))


def _names_in(file: PythonFile, node: Node) -> set[str]:
    return {use.name for use in file.within(Span(*node.byte_range))}


def _is_changed_by(file: PythonFile, value: Node, target: Node) -> bool:
    """Whether assigning to `target` changes an attribute or an item that `value` reads."""
    for written in walk(target):
        if written.type == "attribute":
            name = written.child_by_field_name("attribute")
            for read in walk(value):
                other = read.child_by_field_name("attribute") if read.type == "attribute" else None
                if name is not None and other is not None and name.text == other.text:
                    return True
        if written.type == "subscript" and any(n.type == "subscript" for n in walk(value)):
            return True
    return False


def _binds_elsewhere(file: PythonFile, other: NameUse, used: set[str], value: Node) -> bool:
    homes = {u.home for u in file.within(Span(*value.byte_range)) if u.name == other.name}
    return other.home not in homes


def _require_reachable(
    file: PythonFile,
    read: NameUse,
    place: Node,
    definition: NameUse,
    block: Node | None,
    value: Node,
    effects: bool,
) -> None:
    here, child = place.parent, place
    while here is not None and here != block:
        later = here.type in ("function_definition", "lambda") and file.facts.scope_at(
            read.start
        ) != file.facts.scope_at(definition.start)
        if later and (effects or _has_state(file, value, definition)):
            raise RefusedError(
                f"it is read later, inside a function in line {file.text.line_of(read.start) + 1}"
            )
        loop = here.type in ("for_statement", "while_statement")
        if loop and effects and not _is_iterable(here, child):
            raise RefusedError(
                "its value calls something, which would then happen in every turn of a loop"
            )
        here, child = here.parent, here
    if here is None:
        raise RefusedError("it is read outside the block that assigns it")
    for name in {u.name for u in file.within(Span(*value.byte_range))}:
        wanted = file.home_of(name, definition.start)
        if file.home_of(name, read.start) != wanted:
            raise RefusedError(
                f"`{name}` means something else in line {file.text.line_of(read.start) + 1}"
            )


def _is_iterable(loop: Node, child: Node) -> bool:
    return loop.type == "for_statement" and loop.child_by_field_name("right") == child


def _has_state(file: PythonFile, value: Node, definition: NameUse) -> bool:
    """Whether it reads anything that may be another by the time a function inside is called:
    attributes, items, names of a function that are assigned more than once or in a loop."""
    if any(node.type in ("attribute", "subscript", "call") for node in walk(value)):
        return True
    for read in file.within(Span(*value.byte_range)):
        if read.home < 0:
            continue
        writes = [u for u in file.uses if u.writes and (u.name, u.home) == (read.name, read.home)]
        if read.home == 0:
            if any(u.scope != 0 for u in writes) or len(writes) > 1:
                return True
        elif (
            len(writes) > 1
            or any(u.start > definition.start for u in writes)
            or _is_in_loop(file, definition)
        ):
            return True
    return False


def _is_in_loop(file: PythonFile, definition: NameUse) -> bool:
    here = file.root.descendant_for_byte_range(definition.start, definition.end)
    while here is not None and here.type not in ("function_definition", "class_definition"):
        if here.type in ("for_statement", "while_statement"):
            return True
        here = here.parent
    return False


def _put(file: PythonFile, value: Node, place: Node) -> str:
    text = file.text_of(value).replace("\r\n", "\n")
    here = place.parent
    while here is not None:
        if here.type == "interpolation":
            _require_fits_in_f_string(file, here, text)
            break
        if here.type in ("expression_statement", "block"):
            break
        here = here.parent
    if place.parent is not None and place.parent.type in ("list_splat", "dictionary_splat"):
        return f"({text})" if needs_parentheses(value, place) else text
    bare_lines = "\n" in text and not text.startswith(("(", "[", "{"))
    return f"({text})" if bare_lines or needs_parentheses(value, place) else text


def _require_fits_in_f_string(file: PythonFile, interpolation: Node, text: str) -> None:
    """Before Python 3.12 an f-string's quotes, backslashes and line breaks cannot stand in it."""
    string = interpolation.parent
    opening = file.text_of(string.children[0]) if string is not None and string.children else ""
    quote = opening.lstrip("rRbBfFuUtT")[:1]
    if "\\" in text or "\n" in text or (quote and quote in text):
        raise RefusedError("its value cannot stand inside the f-string that reads it")


def _removal(file: PythonFile, statement: Node) -> Span:
    """The statement with its line; only itself when others share the line."""
    data, text = file.text.data, file.text
    start, end = statement.byte_range
    block = statement.parent
    if block is not None and block.type == "block" and block.named_child_count == 1:
        raise RefusedError("it is the only statement of its block")
    line = text.line_span(text.line_of(end - 1 if end > start else end), with_break=True)
    rest = data[end : line.end].strip()
    if file.starts_its_line(statement) and (not rest or rest.startswith(b"#")):
        return file.whole_lines(start, end)
    behind = data[end : line.end]
    if behind.lstrip().startswith(b";"):
        skip = len(behind) - len(behind.lstrip(b" \t;"))
        return Span(start, end + skip)
    before = data[:start].rstrip(b" \t;")
    if data[len(before) : start].strip() == b";":
        return Span(len(before), end)
    raise RefusedError("it is the only statement of its block")


INLINE_VARIABLE = Operation(
    name="inline_variable",
    title="Inline variable",
    arguments=InlineVariable,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.inline",
)
