"""What the operations on code shapes share: the node at the cursor, indentation, negation.

**Invariant.** No comment is lost: `kept` refuses a plan that deletes one without writing it
anew. Lines are moved in and out by edits of their indentation alone, so that what stands on
them keeps every byte; a line that begins inside a string is never moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, FileEditor, SourceChange
from treewright_agent.operations.blocks import BLOCKS, PythonFile, walk
from treewright_agent.operations.model import Arguments
from treewright_agent.operations.names import require_language
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Place(Arguments, frozen=True):
    """The arguments of an operation on what stands at the cursor, or in a selection."""

    path: Annotated[str, msgspec.Meta(description="The file.")]
    offset: Annotated[int, msgspec.Meta(description="A byte of the code it is about.")] = -1
    start: Annotated[int, msgspec.Meta(description="First byte of a selection, instead.")] = -1
    end: Annotated[int, msgspec.Meta(description="The byte behind the selection.")] = -1


def python_at(snapshot: Snapshot, place: Place, operation: str) -> tuple[PythonFile, Span]:
    """The file and the span that is meant. Raises ArgumentsError, RefusedError."""
    path = snapshot.require_inside(place.path)
    require_language(snapshot, path, "python", operation)
    return PythonFile(snapshot, path), span_of(snapshot, path, place)


def span_of(snapshot: Snapshot, path: str, place: Place) -> Span:
    start = place.start if place.start >= 0 else place.offset
    if start < 0:
        raise ArgumentsError("give offset, or start and end")
    end = max(start, place.end)
    size = len(snapshot.text(path).data)
    if end > size:
        raise ArgumentsError(f"bytes {start}:{end} are outside the {size} bytes of the file")
    return Span(start, end)


def chain_at(root: Node, span: Span) -> list[Node]:
    """The nodes that hold the span, innermost first; a cursor also touches what ends at it."""
    start, end = span
    found: list[Node] = []
    nodes = [root.descendant_for_byte_range(start, end)]
    if start == end and start > 0:
        nodes.append(root.descendant_for_byte_range(start - 1, end))
    for node in nodes:
        while node is not None:
            if node not in found:
                found.append(node)
            node = node.parent
    found.sort(key=lambda node: (node.end_byte - node.start_byte, -node.start_byte))
    return found


def node_at(root: Node, span: Span, types: Collection[str], what: str) -> Node:
    """The innermost node of one of `types` at the span. Raises RefusedError."""
    for node in chain_at(root, span):
        if node.type in types:
            require_sound(node)
            return node
    raise RefusedError(f"there is no {what} here")


def require_sound(node: Node) -> None:
    if node.has_error:
        raise RefusedError("the code here has a syntax error")


def header_end(node: Node) -> int:
    """Behind the colon of a compound statement's or clause's header."""
    for child in node.children:
        if child.type == ":":
            return child.end_byte
    return node.end_byte


def on_header(node: Node, span: Span) -> bool:
    """Whether the cursor is on the statement's first words, not in what it holds."""
    return node.start_byte <= span.start <= header_end(node)


def code_of(block: Node) -> list[Node]:
    """The statements of a block, without its comments."""
    return [child for child in block.named_children if child.type != "comment"]


def field(node: Node, name: str) -> Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise RefusedError(f"the {node.type.replace('_', ' ')} is not whole")
    return found


def comments_in(root: Node, span: Span) -> list[Node]:
    """The comments that touch the span, by the smallest node that holds it."""
    if span.start == span.end:
        return []
    node = root.descendant_for_byte_range(span.start, span.end)
    found: list[Node] = []
    pending = [node] if node is not None else []
    while pending:
        here = pending.pop()
        if here.end_byte <= span.start or span.end <= here.start_byte:
            continue
        if here.type == "comment":
            found.append(here)
        pending += here.children
    return sorted(found, key=lambda each: each.start_byte)


def kept(file: PythonFile, build: ChangeBuilder) -> SourceChange:
    """The change. Raises RefusedError when a comment would be lost by it."""
    edits = build.file(file.path).edits()
    written = "".join(edit.new_text for edit in edits)
    for edit in edits:
        for comment in comments_in(file.root, edit.span):
            text = file.text_of(comment)
            if text not in written:
                line = file.text.line_of(comment.start_byte) + 1
                raise RefusedError(f"the comment in line {line} would be lost")
            written = written.replace(text, "", 1)
    return build.build()


# -------------------------------------------------------------------- lines


def string_lines(file: PythonFile, span: Span) -> set[int]:
    """The lines that begin inside a string of the span."""
    lines: set[int] = set()
    node = file.root.descendant_for_byte_range(span.start, span.end)
    pending = [node] if node is not None else []
    while pending:
        here = pending.pop()
        if here.end_byte <= span.start or span.end <= here.start_byte:
            continue
        if here.type == "string":
            first, last = file.text.line_of(here.start_byte), file.text.line_of(here.end_byte)
            lines.update(range(first + 1, last + 1))
            continue
        if here.end_point[0] != here.start_point[0]:
            pending += here.named_children
    return lines


def indent_lines(file: PythonFile, editor: FileEditor, span: Span, unit: str) -> None:
    """Moves the lines that `span` touches in by `unit`; blank lines stay as they are."""
    text, data = file.text, file.text.data
    inside = string_lines(file, span)
    for line in range(text.line_of(span.start), text.line_of(max(span.start, span.end - 1)) + 1):
        start, end = text.line_span(line)
        if line not in inside and data[start:end].strip():
            editor.insert(start, unit)


def dedent_lines(file: PythonFile, editor: FileEditor, span: Span, indent: str, unit: str) -> None:
    """Moves the lines out from `indent` and `unit` to `indent`; those that stand further out
    already (comments, lines inside brackets) stay."""
    text, data = file.text, file.text.data
    inside = string_lines(file, span)
    for line in range(text.line_of(span.start), text.line_of(max(span.start, span.end - 1)) + 1):
        start, end = text.line_span(line)
        if line in inside or not data[start:end].strip():
            continue
        if data[start:end].startswith((indent + unit).encode()):
            editor.delete(Span(start + len(indent), start + len(indent) + len(unit)))


def step_between(file: PythonFile, outer: Node, inner: Node) -> str:
    """What `inner`'s lines have before what `outer`'s have. Raises RefusedError."""
    outside, inside = file.indentation(outer), file.indentation(inner)
    if not file.starts_its_line(inner) or not inside.startswith(outside) or inside == outside:
        raise RefusedError("its body stands on the same line")
    return inside[len(outside) :]


def require_own_lines(file: PythonFile, *nodes: Node) -> None:
    """Raises RefusedError when a statement shares its line with another one."""
    data = file.text.data
    for node in nodes:
        rest = data[node.end_byte : file.text.line_span(file.text.line_of(node.end_byte)).end]
        rest = rest.strip()
        if not file.starts_its_line(node) or (rest and not rest.startswith(b"#")):
            raise RefusedError("it shares its line with other code")


def body_span(file: PythonFile, block: Node, outer: Node) -> Span:
    """The whole lines of a block, with the comments around its statements that belong to it:
    those above the first one, and those behind the last that stand further in than `outer`."""
    text, data = file.text, file.text.data
    start = file.line_start(block.start_byte)
    previous = block.prev_sibling
    while previous is not None and previous.type == "comment" and file.starts_its_line(previous):
        start = file.line_start(previous.start_byte)
        previous = previous.prev_sibling
    line = text.line_of(max(block.start_byte, block.end_byte - 1))
    end = text.line_span(line, with_break=True).end
    limit = len(file.indentation(outer))
    last = len(text.line_starts) - 1
    while line < last:
        line += 1
        first, stop = text.line_span(line, with_break=True)
        body = data[first:stop]
        if not body.strip():
            continue
        if not body.lstrip().startswith(b"#") or len(body) - len(body.lstrip(b" \t")) <= limit:
            break
        end = stop
    return Span(start, end)


def find_unit(file: PythonFile, near: Node) -> str:
    """One step of indentation, as the code around `near` has it."""
    here: Node | None = near
    while here is not None:
        for child in here.children:
            if child.type == "block" and file.starts_its_line(child):
                inside, outside = file.indentation(child), file.indentation(here)
                if inside.startswith(outside) and len(inside) > len(outside):
                    return inside[len(outside) :]
        here = here.parent
    return file.indent_unit()


# -------------------------------------------------------------------- conditions

_OPPOSITE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}
_LOOSE = frozenset(
    {"boolean_operator", "conditional_expression", "lambda", "named_expression", "yield"}
)


def negated(file: PythonFile, condition: Node) -> str:
    """The text of a condition that holds when this one does not; its value may be another
    one, but not its truth. An order is not turned round: `not a < b` is not `a >= b` for sets,
    NaN and what compares itself."""
    node = condition
    while node.type == "parenthesized_expression" and len(node.named_children) == 1:
        node = node.named_children[0]
    text = _free_negation(file, node)
    if text is None:
        inner = file.text_of(node)
        text = f"not ({inner})" if node.type in _LOOSE else f"not {inner}"
    if "\n" in text and node is not condition:
        return f"({text})"
    return text


def _free_negation(file: PythonFile, node: Node) -> str | None:
    """The opposite without a `not` in front, or None."""
    if node.type == "not_operator":
        inner = field(node, "argument")
        bare = inner
        while bare.type == "parenthesized_expression" and len(bare.named_children) == 1:
            bare = bare.named_children[0]
        text = file.text_of(bare)
        return file.text_of(inner) if "\n" in text else text
    if node.type in ("true", "false"):
        return "False" if node.type == "true" else "True"
    if node.type == "comparison_operator":
        operators = [child for child in node.children if not child.is_named]
        if len(operators) != 1 or operators[0].type not in _OPPOSITE:
            return None
        operator = operators[0]
        data = file.text.data
        before = data[node.start_byte : operator.start_byte].decode("utf-8", "replace")
        after = data[operator.end_byte : node.end_byte].decode("utf-8", "replace")
        return f"{before}{_OPPOSITE[operator.type]}{after}"
    if node.type == "boolean_operator":
        left, right = field(node, "left"), field(node, "right")
        operator = field(node, "operator")
        parts = [_free_negation(file, each) for each in (left, right)]
        if None in parts:
            return None
        opposite = "or" if operator.type == "and" else "and"
        shown = [
            f"({part})" if opposite == "and" and _has_bare_or(file, each) else str(part)
            for each, part in zip((left, right), parts, strict=True)
        ]
        data = file.text.data
        first = data[left.end_byte : operator.start_byte].decode("utf-8", "replace")
        second = data[operator.end_byte : right.start_byte].decode("utf-8", "replace")
        return f"{shown[0]}{first}{opposite}{second}{shown[1]}"
    return None


def _has_bare_or(file: PythonFile, node: Node) -> bool:
    """Whether the free negation of `node` is an `or` that stands open."""
    if node.type == "not_operator":
        inner = field(node, "argument")
        while inner.type == "parenthesized_expression":
            inner = inner.named_children[0]
        return inner.type in _LOOSE
    return node.type == "boolean_operator" and field(node, "operator").type == "and"


def bare(node: Node) -> Node:
    """Without the parentheses around it."""
    while node.type == "parenthesized_expression" and len(node.named_children) == 1:
        node = node.named_children[0]
    return node


def as_operand(file: PythonFile, node: Node, operator: str) -> str:
    """The text of a condition as an operand of `and` or `or`."""
    text = file.text_of(node)
    if node.type == "boolean_operator":
        return text if operator == "or" or field(node, "operator").type == "and" else f"({text})"
    return f"({text})" if node.type in _LOOSE else text


def terminates(statement: Node | None) -> bool:
    """Whether nothing that follows the statement in its block is ever reached."""
    if statement is None:
        return False
    if statement.type in (
        "return_statement",
        "raise_statement",
        "continue_statement",
        "break_statement",
    ):
        return True
    if statement.type == "if_statement":
        alternatives = statement.children_by_field_name("alternative")
        if not alternatives or alternatives[-1].type != "else_clause":
            return False
        blocks = [statement.child_by_field_name("consequence")]
        for clause in alternatives:
            name = "body" if clause.type == "else_clause" else "consequence"
            blocks.append(clause.child_by_field_name(name))
        return all(block is not None and block_terminates(block) for block in blocks)
    return False


def block_terminates(block: Node) -> bool:
    code = code_of(block)
    return bool(code) and terminates(code[-1])


def holds(node: Node, types: Collection[str], *, into_functions: bool = False) -> bool:
    """Whether a node of `types` is below, outside of functions and lambdas defined in it."""
    pending = list(node.children)
    while pending:
        here = pending.pop()
        if here.type in types:
            return True
        if into_functions or here.type not in (
            "function_definition",
            "class_definition",
            "lambda",
        ):
            pending += here.children
    return False


def names_in(nodes: Iterable[Node], file: PythonFile) -> set[str]:
    """The identifiers that stand below, attributes and keyword names among them."""
    return {
        file.text_of(each) for node in nodes for each in walk(node) if each.type == "identifier"
    }


def enclosing_block(node: Node) -> Node:
    here = node.parent
    while here is not None and here.type not in BLOCKS:
        here = here.parent
    if here is None:
        raise RefusedError("it stands in no block")
    return here
