"""What flows into and out of code that becomes a function: see `extract_function`.

It refuses what a call cannot stand for: a `return` or a jump in the middle, a `yield`, a name that
may be left without a value, what looks at the frame it runs in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.operations.blocks import COMPREHENSIONS, NameUse, PythonFile, walk
from treewright_agent.operations.flow import Flow, Variable, read_behind
from treewright_indexer.errors import RefusedError
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_FRAMES = frozenset({"_getframe", "currentframe", "getouterframes"})


class Region(NamedTuple):
    """What is moved: whole statements, or one expression."""

    nodes: tuple[Node, ...]
    is_expression: bool
    start: int
    """Where it begins, with the comments that lead it."""

    @property
    def span(self) -> Span:
        return Span(self.nodes[0].start_byte, self.nodes[-1].end_byte)

    @property
    def with_comments(self) -> Span:
        return Span(self.start, self.nodes[-1].end_byte)


class Flowing(NamedTuple):
    """Names in order of first use: what goes in, what comes out."""

    inputs: list[str]
    outputs: list[str]
    ends_in_return: bool
    is_async: bool


def flow_of(file: PythonFile, region: Region, outer: Node | None) -> Flowing:
    """Raises RefusedError when a call cannot stand for the region."""
    _require_movable(file, region)
    span = region.span
    own = _own_scope(file, span.start)

    def wanted(use: NameUse) -> bool:
        return _is_local(file, use, outer, span)

    inside = [use for use in file.within(span) if wanted(use)]
    written = {Variable(use.name, use.home): None for use in inside if use.writes}
    ends_in_return = not region.is_expression and (
        _always_returns(region.nodes[-1]) or (_has_return(region) and _ends_function(region, outer))
    )
    if not ends_in_return and _has_return(region):
        raise RefusedError("it returns in the middle; select up to the last return")
    for use in inside:
        if use.writes and use.home not in (own, scope_of(file, region)):
            raise RefusedError(f"it assigns `{use.name}`, which belongs to a function around")
    if outer is None and not region.is_expression:
        _require_unread_meanwhile(file, region, {use.name for use in inside if use.writes})
    outputs = [] if ends_in_return else _outputs(file, region, outer, wanted, list(written))
    flow = Flow(file, span, wanted)
    end = flow.block(region.nodes, frozenset())
    around = Span(*outer.byte_range) if outer is not None else Span(0, len(file.text.data))
    before = {
        Variable(use.name, use.home)
        for use in file.within(Span(around.start, span.start))
        if use.writes
    }
    needed = dict(flow.reads)
    for variable in outputs:
        if end is not None and variable not in end:
            if variable.home == own and variable not in before:
                if len(outputs) > 1 or not _read_at_once(file, region, variable):
                    raise RefusedError(f"`{variable.name}` may be left without a value")
                continue  # it fails where it failed before
            needed[variable] = None
    inputs: list[str] = []
    for use in inside:
        variable = Variable(use.name, use.home)
        if variable not in needed or use.name in inputs:
            continue
        if outer is None and use.home == 0 and variable not in written:
            continue  # global: it is seen anyway
        if use.home == own and variable not in before:
            if outer is None:
                continue
            raise RefusedError(f"`{use.name}` may have no value yet")
        inputs.append(use.name)
    is_async = any(_is_own(file, n, region) for n in _kind(region, "await"))
    is_async = is_async or any(_first_word(file, n) == b"async" for n in _all(region))
    return Flowing(inputs, [variable.name for variable in outputs], ends_in_return, is_async)


def _outputs(
    file: PythonFile,
    region: Region,
    outer: Node | None,
    wanted: Callable[[NameUse], bool],
    written: list[Variable],
) -> list[Variable]:
    """What it assigns and others read: the code behind it, functions that stand before it."""
    if region.is_expression:
        return []
    behind = read_behind(file, region.nodes[-1], outer, wanted)
    span = region.span
    start = outer.start_byte if outer is not None else 0
    scope = scope_of(file, region)
    for use in file.within(Span(start, span.start)):
        if use.scope != scope and not use.writes:
            behind.add(Variable(use.name, use.home))
    outputs = [variable for variable in written if variable.home == 0 or variable in behind]
    cut_short = _read_by_handlers(file, region, outer)
    for variable in outputs:
        if variable in cut_short:
            raise RefusedError(
                f"a handler around it reads `{variable.name}`, which it may have set before it fails"
            )
    return outputs


def _require_unread_meanwhile(file: PythonFile, region: Region, written: set[str]) -> None:
    """At the top of a module: a function of it that the region calls finds what it has assigned,
    which as a local name it would not."""
    bindings = file.facts.scopes[0].bindings
    span = region.span
    for node in _kind(region, "call"):
        called = node.child_by_field_name("function")
        name = file.text_of(called) if called is not None and called.type == "identifier" else ""
        if bindings.get(name, (0, ""))[1] not in ("function", "class"):
            continue
        for use in file.uses:
            elsewhere = use.scope != 0 and not span.start <= use.start < span.end
            if elsewhere and use.home == 0 and use.name in written:
                raise RefusedError(
                    f"`{name}` may read `{use.name}`, which it assigns before the call"
                )


def _read_at_once(file: PythonFile, region: Region, variable: Variable) -> bool:
    """Whether it is the variable of a loop that the next statement begins with reading: when the
    loop has no turn, that fails anyway."""
    left = region.nodes[-1].child_by_field_name("left")
    if region.nodes[-1].type != "for_statement" or left is None:
        return False
    if all(use.name != variable.name for use in file.within(Span(*left.byte_range))):
        return False
    behind = region.nodes[-1].next_named_sibling
    while behind is not None and behind.type == "comment":
        behind = behind.next_named_sibling
    if behind is None or behind.type not in ("return_statement", "expression_statement"):
        return False
    uses = [use for use in file.within(Span(*behind.byte_range)) if not use.writes]
    if not uses or Variable(uses[0].name, uses[0].home) != variable:
        return False
    here = file.root.descendant_for_byte_range(uses[0].start, uses[0].end)
    while here is not None and here != behind:
        if here.type in ("lambda", "conditional_expression", "call") or here.type in COMPREHENSIONS:
            return False
        here = here.parent
    return True


def _read_by_handlers(file: PythonFile, region: Region, outer: Node | None) -> set[Variable]:
    """What is read when the region, in the body of a `try`, stops in its middle."""
    if not any(
        child.type in ("call", "raise_statement", "assert_statement") for child in _all(region)
    ):
        return set()
    found: set[Variable] = set()
    node = region.nodes[0]
    while node.parent is not None and node != outer:
        parent = node.parent
        if parent.type == "try_statement" and node == parent.child_by_field_name("body"):
            for child in parent.named_children:
                if child.type in ("except_clause", "except_group_clause", "finally_clause"):
                    found |= {
                        Variable(use.name, use.home)
                        for use in file.within(Span(*child.byte_range))
                        if not use.writes
                    }
        node = parent
    return found


def _ends_function(region: Region, outer: Node | None) -> bool:
    """Whether nothing of the function comes behind it, on any way."""
    node = region.nodes[-1]
    while node.parent is not None and node.parent != outer:
        parent = node.parent
        if parent.type in ("for_statement", "while_statement", "try_statement"):
            return False
        last = [child for child in parent.named_children if child.type != "comment"][-1]
        if parent.type == "block" and node.type != "case_clause" and node != last:
            return False
        node = parent
    return outer is not None and node.parent == outer


def scope_of(file: PythonFile, region: Region) -> int:
    return file.facts.scope_at(region.span.start)


def _own_scope(file: PythonFile, offset: int) -> int:
    """The scope of the function, class or module that holds it, not of a comprehension."""
    scopes = file.facts.scopes
    index = file.facts.scope_at(offset)
    while scopes[index].kind not in ("function", "lambda", "class", "module") and index > 0:
        index = scopes[index].parent
    return index


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
    return use.home > 0 or outer is None


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


def _all(region: Region) -> list[Node]:
    return [node for top in region.nodes for node in walk(top)]


def _kind(region: Region, *types: str) -> list[Node]:
    return [node for node in _all(region) if node.type in types]


def _first_word(file: PythonFile, node: Node) -> bytes:
    if node.type not in ("for_statement", "with_statement", "for_in_clause"):
        return b""
    return file.text.data[node.start_byte : node.start_byte + 5]


def _is_own(file: PythonFile, node: Node, region: Region) -> bool:
    """False for a node in a function or lambda that lies in the region itself."""
    here = node.parent
    while here is not None and here.start_byte >= region.span.start:
        if here.type in ("function_definition", "lambda") and here.end_byte <= region.span.end:
            return False
        here = here.parent
    return True


def _has_return(region: Region) -> bool:
    return any(
        node.type == "return_statement" and _is_own_return(node, region) for node in _all(region)
    )


def _is_own_return(node: Node, region: Region) -> bool:
    here = node.parent
    while here is not None and here.start_byte >= region.span.start:
        if here.type == "function_definition":
            return False
        here = here.parent
    return True


def _require_movable(file: PythonFile, region: Region) -> None:
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
    while here is not None and here.type not in ("module", "block"):
        if here.type == "type":
            raise RefusedError("it is part of a type annotation")
        here = here.parent
