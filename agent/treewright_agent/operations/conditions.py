"""Operations on `if` statements: invert, guard clause, merge, split, and `match`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    as_operand,
    bare,
    block_terminates,
    body_span,
    chain_at,
    code_of,
    comments_in,
    dedent_lines,
    field,
    header_end,
    indent_lines,
    kept,
    negated,
    on_header,
    python_at,
    require_own_lines,
    require_sound,
    step_between,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

LOOPS = frozenset({"for_statement", "while_statement"})


def if_at(file: PythonFile, span: Span) -> Node:
    """The `if` statement whose header, or one of whose clauses' headers, the cursor is on."""
    for node in chain_at(file.root, span):
        if node.type == "if_statement":
            clauses = [node, *node.children_by_field_name("alternative")]
            if any(on_header(clause, span) for clause in clauses):
                require_sound(node)
                return node
        if node.type in ("block", "module"):
            break
    for node in chain_at(file.root, span):
        if node.type == "if_statement" and node.start_byte <= span.start <= header_end(node):
            require_sound(node)
            return node
    raise RefusedError("the cursor is on no `if`")


def alternatives(node: Node) -> list[Node]:
    return node.children_by_field_name("alternative")


# -------------------------------------------------------------------- invert

INVERT_DOCUMENT = """Invert if: negate a condition and swap what happens.

An `if` with an `else` swaps its two bodies, a conditional expression its two values; without an
`else` see guard_clause. The condition is negated as far as its truth goes: `==`, `is`, `in`
turn round, `<` does not, since sets and NaN would then do something else.

    if$0 x is None:
        a()  # nothing
    else:
        b()
    -> {}
    if x is not None:
        b()
    else:
        a()  # nothing
"""


def _invert(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "invert_if")
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    for node in chain_at(file.root, span):
        if node.type == "conditional_expression":
            require_sound(node)
            value, condition, other = [c for c in node.named_children if c.type != "comment"]
            editor.replace(Span(*value.byte_range), _branch(file, other, first=True))
            editor.replace(Span(*condition.byte_range), negated(file, condition))
            editor.replace(Span(*other.byte_range), _branch(file, value, first=False))
            return kept(file, build)
        if node.type in ("block", "module"):
            break
    node = if_at(file, span)
    others = alternatives(node)
    if not others:
        raise RefusedError("it has no else; guard_clause can leave early instead")
    if len(others) > 1 or others[0].type != "else_clause":
        raise RefusedError("it has an elif, whose condition is looked at only after this one")
    (other,) = others
    data = file.text.data
    if file.starts_its_line(other) is False:
        raise RefusedError("its else stands on the line of other code")
    first = Span(header_end(node), _trimmed_end(data, header_end(node), other.start_byte))
    last = body_span(file, field(other, "body"), node).end
    second = Span(
        header_end(other), _trimmed_end(data, header_end(other), max(last, other.end_byte))
    )
    condition = field(node, "condition")
    editor.replace(Span(*condition.byte_range), negated(file, condition))
    one, two = (data[part.start : part.end].decode("utf-8", "replace") for part in (first, second))
    editor.replace(first, two.replace("\r\n", "\n"))
    editor.replace(second, one.replace("\r\n", "\n"))
    return kept(file, build)


def _branch(file: PythonFile, node: Node, *, first: bool) -> str:
    text = file.text_of(node)
    loose = ("conditional_expression", "lambda") if first else ()
    return f"({text})" if node.type in loose else text


def _trimmed_end(data: bytes, start: int, end: int) -> int:
    while end > start and data[end - 1] in b" \t\r\n\f":
        end -= 1
    return end


INVERT_IF = Operation(
    name="invert_if",
    title="Invert if",
    arguments=Place,
    plan=_invert,
    document=INVERT_DOCUMENT,
    kind="refactor.rewrite",
)

# -------------------------------------------------------------------- guard clause

GUARD_DOCUMENT = """Guard clause: leave early instead of nesting.

The last `if` of a function or of a loop becomes its opposite with `return` or `continue`, and what
it held moves out by one step. Where one branch of an `if` with an `else` ends in `return`, `raise`,
`break` or `continue`, the other moves out of the `if`.

    def f(x):
        if$0 x:
            a()
            b()
    -> {}
    def f(x):
        if not x:
            return
        a()
        b()
"""


def _guard(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "guard_clause")
    node = if_at(file, span)
    build = ChangeBuilder(snapshot)
    consequence = field(node, "consequence")
    others = alternatives(node)
    if others and others[-1].type == "else_clause" and _all_leave(node, others[:-1]):
        _drop_else(file, build, node, others[-1])
        return kept(file, build)
    if len(others) > 1 or (others and others[0].type != "else_clause"):
        raise RefusedError("it has an elif, and what stands before it does not leave")
    step = step_between(file, node, consequence)
    editor = build.file(file.path)
    condition = field(node, "condition")
    indent = file.indentation(node)
    body = body_span(file, consequence, node)
    if not others:
        word = _leaving(node)
        last = _statements_behind(node)
        if last:
            raise RefusedError("more follows the if, which would no longer be reached")
        editor.replace(Span(*condition.byte_range), negated(file, condition))
        colon = header_end(node)
        line_end = file.text.line_span(file.text.line_of(colon)).end
        if body.start <= line_end:
            raise RefusedError("its body stands on the same line")
        editor.insert(line_end, f"\n{indent}{step}{word}")
        dedent_lines(file, editor, body, indent, step)
        return kept(file, build)
    (other,) = others
    alternative = field(other, "body")
    if not block_terminates(alternative):
        raise RefusedError("neither branch ends in return, raise, break or continue")
    require_own_lines(file, node)
    step_between(file, other, alternative)
    start = file.line_start(other.start_byte)
    before = Span(body.start, start)
    stop = body_span(file, alternative, node).end
    head = Span(header_end(node), body.start)
    kept_body = file.text.data[header_end(other) : stop].decode("utf-8", "replace")
    kept_body = kept_body.replace("\r\n", "\n").replace("\r", "\n")
    trailing = file.text.data[head.start : head.end].decode("utf-8", "replace").strip()
    if trailing:
        raise RefusedError("a comment behind its colon is about a branch that would move")
    editor.replace(Span(*condition.byte_range), negated(file, condition))
    ends_line = kept_body.endswith("\n")
    editor.replace(head, kept_body if ends_line else kept_body + "\n")
    dedent_lines(file, editor, before, indent, step)
    end = stop
    if not ends_line:  # the file's last line has no break: it gets none now either
        data = file.text.data
        start = _trimmed_end(data, 0, start)
    editor.delete(Span(start, end))
    return kept(file, build)


def _all_leave(node: Node, elifs: list[Node]) -> bool:
    blocks = [field(node, "consequence"), *(field(clause, "consequence") for clause in elifs)]
    return all(block_terminates(block) for block in blocks)


def _drop_else(file: PythonFile, build: ChangeBuilder, node: Node, other: Node) -> None:
    body = field(other, "body")
    step = step_between(file, node, body)
    editor = build.file(file.path)
    lines = body_span(file, body, node)
    start = file.line_start(other.start_byte)
    if file.text.data[header_end(other) : lines.start].strip():
        raise RefusedError("a comment behind `else:` would be lost")
    editor.delete(Span(start, lines.start))
    dedent_lines(file, editor, lines, file.indentation(node), step)


def _leaving(node: Node) -> str:
    """The statement that does what reaching the end of the block does."""
    block = node.parent
    owner = block.parent if block is not None else None
    if owner is not None and owner.type == "function_definition":
        return "return"
    if owner is not None and owner.type in LOOPS and field(owner, "body") == block:
        return "continue"
    raise RefusedError("it is not the last statement of a function or a loop")


def _statements_behind(node: Node) -> list[Node]:
    block = node.parent
    assert block is not None
    return [child for child in code_of(block) if child.start_byte > node.start_byte]


GUARD_CLAUSE = Operation(
    name="guard_clause",
    title="Leave early instead of nesting",
    arguments=Place,
    plan=_guard,
    document=GUARD_DOCUMENT,
    kind="refactor.rewrite",
)

# -------------------------------------------------------------------- merge and split

MERGE_DOCUMENT = """Merge ifs: join an `if` with the only `if` inside it, or `else: if` to `elif`.

The conditions are joined by `and`. Neither may have an `else`, since it would then mean
something else; under `else:` the inner one may have what it likes.

    if$0 a:
        if b or c:
            f()
    -> {}
    if a and (b or c):
        f()
"""


def _merge(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "merge_ifs")
    node = _outer_if(if_at(file, span))
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    others = alternatives(node)
    if others and others[-1].type == "else_clause" and _may_collapse(others[-1]):
        other = others[-1]
        (inner,) = code_of(field(other, "body"))
        step = step_between(file, other, inner)
        between = Span(other.start_byte, inner.start_byte)
        if comments_in(file.root, between):
            raise RefusedError("a comment stands between `else` and the `if` inside it")
        lines = Span(
            file.text.line_span(file.text.line_of(inner.start_byte)).end,
            body_span(file, field(other, "body"), node).end,
        )
        editor.replace(Span(other.start_byte, inner.start_byte + len("if")), "elif")
        first = file.text.line_of(inner.start_byte) + 1
        if first <= file.text.line_of(lines.end - 1):
            dedent_lines(
                file,
                editor,
                Span(file.text.line_starts[first], lines.end),
                file.indentation(node),
                step,
            )
        return kept(file, build)
    code = code_of(field(node, "consequence"))
    if len(code) != 1 or code[0].type != "if_statement":
        raise RefusedError("it holds something else than one `if`")
    (inner,) = code
    if others or alternatives(inner):
        raise RefusedError("one of them has an else or elif, which would mean something else")
    step = step_between(file, node, inner)
    body = field(inner, "consequence")
    condition, second = field(node, "condition"), field(inner, "condition")
    between = Span(condition.end_byte, inner.start_byte)
    if comments_in(file.root, between):
        raise RefusedError("a comment stands between the two")
    joined = [as_operand(file, bare_line(file, each), "and") for each in (condition, second)]
    editor.replace(
        Span(condition.start_byte, second.end_byte),
        " and ".join(joined).replace("\r\n", "\n"),
    )
    if file.starts_its_line(body):
        dedent_lines(file, editor, body_span(file, body, inner), file.indentation(node), step)
    return kept(file, build)


def _outer_if(node: Node) -> Node:
    """The `if` whose `else` holds nothing but this one; else the node itself."""
    block = node.parent
    clause = block.parent if block is not None else None
    if clause is not None and clause.type == "else_clause" and _may_collapse(clause):
        outer = clause.parent
        if outer is not None and outer.type == "if_statement":
            return outer
    return node


def bare_line(file: PythonFile, node: Node) -> Node:
    """Without its parentheses where they hold no line break."""
    inner = bare(node)
    return node if b"\n" in file.text.data[inner.start_byte : inner.end_byte] else inner


def _may_collapse(other: Node) -> bool:
    code = code_of(field(other, "body"))
    return len(code) == 1 and code[0].type == "if_statement"


MERGE_IFS = Operation(
    name="merge_ifs",
    title="Merge the nested ifs",
    arguments=Place,
    plan=_merge,
    document=MERGE_DOCUMENT,
    kind="refactor.rewrite",
)

SPLIT_DOCUMENT = """Split if: make two nested `if`s out of one whose condition is an `and`.

The condition is cut at the `and` under the cursor, else at the first.

    if a and$0 b:
        f()
    -> {}
    if a:
        if b:
            f()
"""


def _split(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "split_if")
    node = if_at(file, span)
    if alternatives(node):
        raise RefusedError("it has an else or elif, which would have to be there twice")
    whole = field(node, "condition")
    condition = bare(whole)
    operators = _ands(condition)
    if not operators:
        raise RefusedError("its condition is no `and`")
    at = next((o for o in operators if o.start_byte <= span.start <= o.end_byte), operators[0])
    data = file.text.data
    left = data[condition.start_byte : at.start_byte].decode("utf-8", "replace").rstrip()
    right = data[at.end_byte : condition.end_byte].decode("utf-8", "replace").lstrip()
    shown = [f"({part})" if "\n" in part else part for part in (left, right)]
    consequence = field(node, "consequence")
    step = step_between(file, node, consequence)
    indent = file.indentation(node)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    editor.replace(Span(*whole.byte_range), f"{shown[0]}:\n{indent}{step}if {shown[1]}")
    indent_lines(file, editor, body_span(file, consequence, node), step)
    return kept(file, build)


def _ands(node: Node) -> list[Node]:
    """The operators of a chain of `and`, from left to right."""
    found: list[Node] = []
    while node.type == "boolean_operator" and field(node, "operator").type == "and":
        found.append(field(node, "operator"))
        node = field(node, "left")
    return found[::-1]


SPLIT_IF = Operation(
    name="split_if",
    title="Split the condition into nested ifs",
    arguments=Place,
    plan=_split,
    document=SPLIT_DOCUMENT,
    kind="refactor.rewrite",
)
