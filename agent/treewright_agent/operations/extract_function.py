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

from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import (
    COMPREHENSIONS,
    NameUse,
    PythonFile,
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


_FRAMES = frozenset({"_getframe", "currentframe", "getouterframes"})


class ExtractFunction(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    start: Annotated[int, msgspec.Meta(description="first byte of the selection")] = -1
    end: Annotated[int, msgspec.Meta(description="byte behind the selection")] = -1
    offset: Annotated[int, msgspec.Meta(description="a byte of the expression, instead")] = -1
    name: Annotated[str, msgspec.Meta(description="the function's name")] = ""


class _Region(NamedTuple):
    """What is moved: whole statements, or one expression."""

    nodes: tuple[Node, ...]
    is_expression: bool

    @property
    def span(self) -> Span:
        return Span(self.nodes[0].start_byte, self.nodes[-1].end_byte)


class _Flow(NamedTuple):
    """Names in order of first use: what goes in, what comes out."""

    inputs: list[str]
    outputs: list[str]
    ends_in_return: bool
    is_async: bool


def _plan(snapshot: Snapshot, arguments: ExtractFunction, token: CancelToken) -> SourceChange:
    file = PythonFile(snapshot, arguments.path)
    start = arguments.start if arguments.start >= 0 else arguments.offset
    end = arguments.end if arguments.end >= 0 else start
    if start < 0:
        raise RefusedError("nothing is selected")
    region = _region(file, start, end)
    outer = file.enclosing_function(region.nodes[0])
    while outer is not None and outer.type == "lambda":
        raise RefusedError("it stands in a lambda")
    token.check()
    _require_own_names(file, region, outer)
    flow = _flow(file, region, outer)
    _require_settled(file, region, outer, flow)
    owner = _owner(outer)
    receiver = _receiver(file, outer, owner)
    as_method = owner is not None and receiver != "" and receiver in flow.inputs
    name = _name(file, arguments.name, owner if as_method else None)
    if as_method:
        flow = flow._replace(inputs=[n for n in flow.inputs if n != receiver])
    build = ChangeBuilder(snapshot)
    _write(file, build, region, flow, name, outer, owner, receiver if as_method else "")
    return build.build()


def _region(file: PythonFile, start: int, end: int) -> _Region:
    span = file.trimmed(start, end)
    try:
        statements = file.statements_in(start, end)
    except RefusedError:
        statements = []
    if statements and statements[0].start_byte == span.start and span.start < span.end:
        only = statements[0]
        if len(statements) > 1 or only.type != "expression_statement" or _is_plain_call(only):
            return _Region(tuple(statements), False)
    node = file.expression_at(start, end)
    if node.type == "identifier" and node.parent is not None:
        raise RefusedError("a single name is nothing to move into a function")
    return _Region((node,), True)


def _is_plain_call(statement: Node) -> bool:
    return bool(statement.named_children) and statement.named_children[0].type in (
        "assignment", "augmented_assignment", "call", "await", "yield",
    )  # fmt: skip


def _require_own_names(file: PythonFile, region: _Region, outer: Node | None) -> None:
    """What the statements bind must be the function's own: no global, no attribute of a class,
    no docstring."""
    scope = _scope(file, region)
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


def _require_settled(file: PythonFile, region: _Region, outer: Node | None, flow: _Flow) -> None:
    """A function or generator inside sees its names change later; as parameters they would not."""
    scope = _scope(file, region)
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


def _is_deferred(file: PythonFile, use: NameUse, region: _Region) -> bool:
    node = file.root.descendant_for_byte_range(use.start, use.end)
    while node is not None and node.start_byte >= region.span.start:
        if node.type in ("function_definition", "lambda", "generator_expression"):
            return True
        node = node.parent
    return False


# -------------------------------------------------------------------- what flows


def _flow(file: PythonFile, region: _Region, outer: Node | None) -> _Flow:
    _require_movable(file, region)
    around = Span(*outer.byte_range) if outer is not None else Span(0, len(file.text.data))
    span = region.span
    inside = [use for use in file.within(span) if _is_local(file, use, outer, span)]
    home_of = {use.name: use.home for use in inside}
    written = {use.name for use in inside if use.writes and use.scope == _scope(file, region)}
    ends_in_return = not region.is_expression and _always_returns(region.nodes[-1])
    if not ends_in_return and _has_return(region):
        raise RefusedError("it returns in the middle; select up to the last return")

    after = [] if ends_in_return else _read_after(file, region, around, written, home_of)
    sure = _surely_assigned(file, region)
    before = {
        use.name
        for use in file.within(Span(around.start, span.start))
        if use.writes and use.name in home_of
    }
    inputs: list[str] = []
    assigned: set[str] = set()
    for use in inside:
        first_read = not use.writes and use.name not in assigned
        if use.role.name == "WRITE" and _is_augmented(file, use):
            first_read = True
        if (first_read or (use.name in after and use.name not in sure)) and use.name in before:
            if use.name not in inputs:
                inputs.append(use.name)
        elif use.name in after and use.name not in sure:
            raise RefusedError(f"`{use.name}` may be left without a value")
        if use.writes and use.scope == _scope(file, region):
            assigned.add(use.name)
    if outer is None and region.nodes:
        # At the top of a module every name is global: what is only read is seen anyway.
        inputs = [n for n in inputs if n in written or home_of[n] != 0]
    is_async = any(_is_own(file, n, region) for n in _kind(region, "await"))
    is_async = is_async or any(_first_word(file, n) == b"async" for n in _all(region))
    return _Flow(inputs, after, ends_in_return, is_async)


def _scope(file: PythonFile, region: _Region) -> int:
    return file.facts.scope_at(region.span.start)


def _is_local(file: PythonFile, use: NameUse, outer: Node | None, span: Span) -> bool:
    """A name of the function around, or of the module when there is none; names that only
    live inside the region (a comprehension's, a nested function's) are its own business."""
    if use.home < 0:
        return False
    scope = file.facts.scopes[use.home]
    if span.start <= scope.start and scope.end <= span.end and use.home != 0:
        return False
    if scope.kind == "class":  # its names are seen by the statements of its body alone
        return use.home == file.facts.scope_at(span.start)
    return use.home == 0 if outer is None else use.home > 0


def _is_augmented(file: PythonFile, use: NameUse) -> bool:
    node = file.root.descendant_for_byte_range(use.start, use.end)
    parent = node.parent if node is not None else None
    return parent is not None and parent.type == "augmented_assignment"


def _read_after(
    file: PythonFile, region: _Region, around: Span, written: set[str], home_of: dict[str, int]
) -> list[str]:
    """The written names that are read behind the region, or earlier when a loop comes back."""
    span = region.span
    loop = region.nodes[0].parent
    while loop is not None and loop.start_byte > around.start:
        if loop.type in ("for_statement", "while_statement"):
            break
        if loop.type in ("function_definition", "class_definition"):
            loop = None
            break
        loop = loop.parent
    scope = file.facts.scope_at(span.start)
    later = list(file.within(Span(span.end, around.end)))
    # Functions that stand before see what is assigned when they are called.
    later += [u for u in file.within(Span(around.start, span.start)) if u.scope != scope]
    looped: list[NameUse] = []
    if loop is not None and loop.type in ("for_statement", "while_statement"):
        looped = list(file.within(Span(loop.start_byte, span.start)))
        looped += [use for use in file.within(span) if _read_before_write(file, region, use)]
    needed: list[str] = []
    for name in dict.fromkeys(use.name for use in file.within(span) if use.name in written):
        home = home_of[name]
        reads = home == 0 or any(
            use.name == name and use.home == home and (not use.writes or _is_augmented(file, use))
            for use in [*later, *looped]
        )
        if reads:
            needed.append(name)
    return needed


def _read_before_write(file: PythonFile, region: _Region, use: NameUse) -> bool:
    if use.writes and not _is_augmented(file, use):
        return False
    return not any(
        other.name == use.name and other.writes and other.start < use.start
        for other in file.within(region.span)
    )


def _surely_assigned(file: PythonFile, region: _Region) -> set[str]:
    """Names that have a value whatever way the statements take."""
    sure: set[str] = set()
    for node in region.nodes:
        sure |= _assigned_by(file, node)
    return sure


def _assigned_by(file: PythonFile, node: Node) -> set[str]:
    kind = node.type
    if kind in ("block", "module"):
        found: set[str] = set()
        for child in node.named_children:
            found |= _assigned_by(file, child)
        return found
    if kind == "if_statement":
        branches = [node.child_by_field_name("consequence")]
        has_else = False
        for child in node.named_children:
            if child.type == "elif_clause":
                branches.append(child.child_by_field_name("consequence"))
            elif child.type == "else_clause":
                has_else = True
                branches.append(child.child_by_field_name("body"))
        return _common(file, branches) if has_else else set()
    if kind == "try_statement":
        body = node.child_by_field_name("body")
        blocks = [body]
        finally_ = set[str]()
        for child in node.named_children:
            inner = next((c for c in child.named_children if c.type == "block"), None)
            if child.type in ("except_clause", "except_group_clause"):
                blocks.append(inner)
            elif child.type == "finally_clause" and inner is not None:
                finally_ = _assigned_by(file, inner)
            elif child.type == "else_clause" and inner is not None and body is not None:
                blocks[0] = body
        return _common(file, blocks) | finally_
    if kind == "with_statement":
        body = node.child_by_field_name("body")
        inner = _assigned_by(file, body) if body is not None else set[str]()
        end = body.start_byte if body is not None else node.end_byte
        head = {u.name for u in file.within(Span(node.start_byte, end)) if u.writes}
        return inner | head
    if kind in ("for_statement", "while_statement", "match_statement"):
        return set()
    if kind in ("function_definition", "class_definition"):
        name = node.child_by_field_name("name")
        return {file.text_of(name)} if name is not None else set()
    if kind == "decorated_definition":
        inner_definition = node.child_by_field_name("definition")
        return _assigned_by(file, inner_definition) if inner_definition is not None else set()
    scope = file.facts.scope_at(node.start_byte)
    return {u.name for u in file.within(Span(*node.byte_range)) if u.writes and u.scope == scope}


def _common(file: PythonFile, blocks: list[Node | None]) -> set[str]:
    """Names that every branch sets; a branch that leaves counts as setting all."""
    sets = [
        _assigned_by(file, block)
        for block in blocks
        if block is not None and not (block.named_children and _leaves(block.named_children[-1]))
    ]
    common = sets[0] if sets else set[str]()
    for each in sets[1:]:
        common = common & each
    return common


def _leaves(node: Node) -> bool:
    return node.type in ("return_statement", "raise_statement") or _always_returns(node)


def _always_returns(node: Node) -> bool:
    """Whether control never goes on behind the statement, by return on every way."""
    if node.type in ("return_statement", "raise_statement"):
        return True
    if node.type == "if_statement":
        blocks = [node.child_by_field_name("consequence")]
        has_else = False
        for child in node.named_children:
            if child.type == "elif_clause":
                blocks.append(child.child_by_field_name("consequence"))
            elif child.type == "else_clause":
                has_else = True
                blocks.append(child.child_by_field_name("body"))
        return has_else and all(
            b is not None and b.named_children and _always_returns(b.named_children[-1])
            for b in blocks
        )
    if node.type == "with_statement":
        body = node.child_by_field_name("body")
        return (
            body is not None
            and bool(body.named_children)
            and _always_returns(body.named_children[-1])
        )
    return False


def _all(region: _Region) -> list[Node]:
    return [node for top in region.nodes for node in walk(top)]


def _kind(region: _Region, *types: str) -> list[Node]:
    return [node for node in _all(region) if node.type in types]


def _first_word(file: PythonFile, node: Node) -> bytes:
    if node.type not in ("for_statement", "with_statement", "for_in_clause"):
        return b""
    return file.text.data[node.start_byte : node.start_byte + 5]


def _is_own(file: PythonFile, node: Node, region: _Region) -> bool:
    """False for a node in a function or lambda that lies in the region itself."""
    here = node.parent
    while here is not None and here.start_byte >= region.span.start:
        if here.type in ("function_definition", "lambda") and here.end_byte <= region.span.end:
            return False
        here = here.parent
    return True


def _has_return(region: _Region) -> bool:
    return any(
        node.type == "return_statement" and _is_own_return(node, region) for node in _all(region)
    )


def _is_own_return(node: Node, region: _Region) -> bool:
    here = node.parent
    while here is not None and here.start_byte >= region.span.start:
        if here.type == "function_definition":
            return False
        here = here.parent
    return True


def _require_movable(file: PythonFile, region: _Region) -> None:
    span = region.span
    for node in _all(region):
        if node.is_error or node.is_missing:
            raise RefusedError("the selection has a syntax error")
        own = _is_own(file, node, region)
        if node.type == "yield" and own:
            raise RefusedError("it yields, which only the function around can do")
        if node.type == "named_expression" and region.is_expression:
            raise RefusedError("it assigns a name inside the expression")
        if node.type in ("global_statement", "nonlocal_statement") and own:
            raise RefusedError("it declares a name as global or nonlocal")
        if node.type in ("break_statement", "continue_statement") and own:
            here = node.parent
            while here is not None and here.type not in ("for_statement", "while_statement"):
                here = here.parent
            if here is None or here.start_byte < span.start:
                word = node.type.partition("_")[0]
                raise RefusedError(f"its `{word}` belongs to a loop outside the selection")
        if node.type == "wildcard_import":
            raise RefusedError("a star import can only stand at the top of a module")
        if (
            node.type in ("identifier", "attribute")
            and file.text_of(node).rpartition(".")[2] in _FRAMES
        ):
            raise RefusedError("it looks at the frame it runs in, which would be another one")
        if node.type == "call":
            called = node.child_by_field_name("function")
            if called is not None and file.text_of(called) in ("super", "locals", "vars", "exec"):
                arguments = node.child_by_field_name("arguments")
                if arguments is not None and not arguments.named_children:
                    raise RefusedError(
                        f"`{file.text_of(called)}()` means the function it stands in"
                    )
    here = region.nodes[0].parent
    child = region.nodes[0]
    while here is not None and here.type not in ("module", "block"):
        if here.type in COMPREHENSIONS or here.type == "lambda":
            inner = file.facts.scope_at(child.start_byte)
            names = [u.name for u in file.within(span) if u.home == inner and inner > 0]
            if names and here.type == "lambda":
                raise RefusedError(f"`{names[0]}` lives only inside the lambda around it")
        if here.type == "type":
            raise RefusedError("it is part of a type annotation")
        here, child = here.parent, here


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
    region: _Region,
    flow: _Flow,
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
        moved = file.reindented(_with_comments(file, region), before, inner)
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
        editor.replace(_with_comments(file, region), f"return {call}")
    elif flow.outputs:
        editor.replace(_with_comments(file, region), f"{', '.join(flow.outputs)} = {call}")
    else:
        editor.replace(_with_comments(file, region), call)
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


def _with_comments(file: PythonFile, region: _Region) -> Span:
    return region.span


def _expression(file: PythonFile, node: Node, indent: str) -> str:
    text = file.text_of(node).replace("\r\n", "\n")
    if "\n" in text and not text.startswith(("(", "[", "{")):
        return f"({text})"
    return text


def _anchor(
    file: PythonFile, region: _Region, outer: Node | None, owner: Node | None, method: bool
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
