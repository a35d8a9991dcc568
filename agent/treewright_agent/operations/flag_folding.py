"""Folding: a text in which some expressions are known to be true, or false, worked out.

The known expressions become marks; one mark after another is folded into what holds it, the
tree being read anew after each step, until every mark is a plain `True` or `False`. The rest of
the text keeps every byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treewright_agent.operations.blocks import walk
from treewright_agent.operations.remove_variable import is_pure
from treewright_indexer.languages import language_for_id
from treewright_indexer.syntax import parse
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_MARKS = {True: b"__treewright_is_true__", False: b"__treewright_is_false__"}
_MAX_STEPS = 4_000


def folded(data: bytes, spots: Sequence[Span], value: bool) -> str:
    """`data` as text with the expressions at `spots` taken to be `value`."""
    for span in sorted(spots, reverse=True):
        data = data[: span.start] + _MARKS[value] + data[span.end :]
    for _ in range(_MAX_STEPS):
        root = _tree(data)
        edits = _step(root, data)
        if edits is None:
            break
        for start, end, new in sorted(edits, reverse=True):
            data = data[:start] + new + data[end:]
    for truth, mark in _MARKS.items():
        data = data.replace(mark, str(truth).encode())
    return data.decode("utf-8", "replace")


_Edits = list[tuple[int, int, bytes]]


def _step(root: Node, data: bytes) -> _Edits | None:
    """The next fold; None when no mark can be folded any further."""
    for node in walk(root):
        truth = _truth(node, data)
        if truth is None:
            continue
        edits = _fold(node, truth, data)
        if edits is not None:
            return edits
    return None


def _truth(node: Node, data: bytes) -> bool | None:
    if node.type != "identifier":
        return None
    text = data[node.start_byte : node.end_byte]
    return next((truth for truth, mark in _MARKS.items() if text == mark), None)


def _fold(node: Node, truth: bool, data: bytes) -> _Edits | None:
    parent = node.parent
    if parent is None:
        return None

    def instead(new: bytes) -> _Edits:
        return [(parent.start_byte, parent.end_byte, new)]

    if parent.type == "parenthesized_expression":
        return instead(_MARKS[truth])
    if parent.type == "not_operator":
        return instead(_MARKS[not truth])
    if parent.type == "comparison_operator" and len(parent.named_children) == 2:
        return _comparison(parent, node, truth)
    if parent.type == "boolean_operator":
        left = parent.child_by_field_name("left")
        right = parent.child_by_field_name("right")
        operator = parent.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return None
        decides = truth is (operator.type == "or")
        if left == node:
            return instead(_MARKS[truth] if decides else _bare(right, parent, data))
        if decides and is_pure(left, data):
            return instead(_MARKS[truth])
        if not decides and _is_condition(parent):
            return instead(_bare(left, parent, data))
        return None
    if parent.type == "conditional_expression":
        parts = [child for child in parent.named_children if child.type != "comment"]
        if len(parts) == 3 and parts[1] == node:
            chosen = parts[0] if truth else parts[2]
            return instead(_bare(chosen, parent, data))
        return None
    if parent.type == "if_statement":
        return _if(parent, truth, data)
    if parent.type == "elif_clause":
        return _elif(parent, truth, data)
    if parent.type == "while_statement" and not truth:
        other = parent.child_by_field_name("alternative")
        body = other.child_by_field_name("body") if other is not None else None
        return _kept(parent, body, data)
    if parent.type == "assert_statement" and truth and parent.named_children[0] == node:
        return _kept(parent, None, data)
    if parent.type == "if_clause" and truth:
        start = parent.start_byte
        while start and data[start - 1 : start] in (b" ", b"\t"):
            start -= 1
        return [(start, parent.end_byte, b"")]
    if parent.type == "assignment":
        return _variable(parent, node, truth, data)
    return None


_ALONE = frozenset(
    {"if_statement", "elif_clause", "while_statement", "assignment", "return_statement",
     "argument_list", "keyword_argument", "parenthesized_expression", "expression_statement"}
)  # fmt: skip


def _bare(part: Node, place: Node, data: bytes) -> bytes:
    """The text of `part` to stand where `place` does: without parentheses of no use there."""
    text = data[part.start_byte : part.end_byte]
    alone = place.parent is not None and place.parent.type in _ALONE
    if alone and part.type == "parenthesized_expression" and b"\n" not in text:
        inner = part.named_children[0]
        if inner.type not in ("yield", "named_expression", "generator_expression", "tuple"):
            return data[inner.start_byte : inner.end_byte]
    return text


def _comparison(parent: Node, node: Node, truth: bool) -> _Edits | None:
    operators = [child.type for child in parent.children if not child.is_named]
    other = next(child for child in parent.named_children if child != node)
    if other.type not in ("true", "false") or len(operators) != 1:
        return None
    same = (other.type == "true") is truth
    if operators[0] in ("is", "=="):
        holds = same
    elif operators[0] in ("is not", "!="):
        holds = not same
    else:
        return None
    return [(parent.start_byte, parent.end_byte, _MARKS[holds])]


def _is_condition(node: Node) -> bool:
    """Whether only the truth of the expression counts where it stands."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("parenthesized_expression", "boolean_operator"):
        return _is_condition(parent)
    if parent.type in ("if_statement", "elif_clause", "while_statement"):
        return parent.child_by_field_name("condition") == node
    if parent.type == "conditional_expression":
        return parent.named_children[1] == node
    return parent.type in ("not_operator", "if_clause", "assert_statement")


# -------------------------------------------------------------------- statements


def _if(node: Node, truth: bool, data: bytes) -> _Edits | None:
    others = node.children_by_field_name("alternative")
    if truth:
        return _kept(node, node.child_by_field_name("consequence"), data)
    if not others:
        return _kept(node, None, data)
    first = others[0]
    if first.type == "else_clause":
        return _kept(node, first.child_by_field_name("body"), data)
    # `if False: … elif x:` begins with its elif.
    return [(node.start_byte, first.start_byte + len(b"elif"), b"if")]


def _elif(clause: Node, truth: bool, data: bytes) -> _Edits | None:
    whole = clause.parent
    if whole is None:
        return None
    others = whole.children_by_field_name("alternative")
    at = others.index(clause)
    condition = clause.child_by_field_name("condition")
    if truth and condition is not None:
        end = clause.end_byte
        edits: _Edits = [(clause.start_byte, condition.end_byte, b"else")]
        if others[at + 1 :]:
            edits.append((end, others[-1].end_byte, b""))
        return edits
    start = _line_start(data, clause.start_byte)
    if at + 1 < len(others):
        return [(start, _line_start(data, others[at + 1].start_byte), b"")]
    previous = data[:start].rstrip(b"\r\n \t")
    return [(len(previous), clause.end_byte, b"")]


def _kept(statement: Node, body: Node | None, data: bytes) -> _Edits:
    """The statement replaced by what its block holds, or by nothing."""
    block = statement.parent
    start = _line_start(data, statement.start_byte)
    indent = data[start : statement.start_byte]
    if body is not None:
        inner = _block_text(body, data, indent)
        return [(statement.start_byte, statement.end_byte, inner)]
    code = [
        child
        for child in (block.named_children if block is not None else [])
        if child.type != "comment" and child != statement
    ]
    if not code and block is not None and block.type == "block":
        return [(statement.start_byte, statement.end_byte, b"pass")]
    end = _next_line(data, statement.end_byte)
    if data[statement.end_byte : end].strip() or indent.strip():
        return [(statement.start_byte, statement.end_byte, b"pass")]
    if not data[end:].strip():  # the file's last lines: the blank ones before go as well
        return [(len(data[:start].rstrip(b"\r\n \t")), len(data[:end].rstrip(b"\r\n")), b"")]
    if _is_blank_line(data, end) and (start == 0 or _is_blank_before(data, start)):
        end = _next_line(data, end)
    return [(start, end, b"")]


def _block_text(body: Node, data: bytes, indent: bytes) -> bytes:
    """The statements of a block, moved to `indent`; comments above the first come along."""
    first = body.start_byte
    previous = body.prev_sibling
    while previous is not None and previous.type == "comment":
        if data[_line_start(data, previous.start_byte) : previous.start_byte].strip():
            break
        first = previous.start_byte
        previous = previous.prev_sibling
    old = data[_line_start(data, first) : first]
    if old.strip():  # on the line of its header
        return data[first : body.end_byte]
    inside = _string_lines(body, data)
    out: list[bytes] = []
    position = first
    while position < body.end_byte:
        end = min(_next_line(data, position), body.end_byte)
        line = data[position:end]
        if position != first and position not in inside and line.startswith(old):
            line = indent + line[len(old) :]
        out.append(line)
        position = end
    return b"".join(out)


def _string_lines(node: Node, data: bytes) -> set[int]:
    """Where the lines begin that begin inside a string."""
    starts: set[int] = set()
    for each in walk(node):
        if each.type == "string":
            position = data.find(b"\n", each.start_byte, each.end_byte)
            while position >= 0:
                starts.add(position + 1)
                position = data.find(b"\n", position + 1, each.end_byte)
    return starts


def _line_start(data: bytes, offset: int) -> int:
    return data.rfind(b"\n", 0, offset) + 1


def _next_line(data: bytes, offset: int) -> int:
    found = data.find(b"\n", offset)
    return len(data) if found < 0 else found + 1


def _is_blank_line(data: bytes, start: int) -> bool:
    return start < len(data) and not data[start : _next_line(data, start)].strip()


def _is_blank_before(data: bytes, start: int) -> bool:
    before = _line_start(data, start - 1)
    return not data[before:start].strip() or data[:start].rstrip().endswith(b":")


# -------------------------------------------------------------------- variables


def _variable(assignment: Node, node: Node, truth: bool, data: bytes) -> _Edits | None:
    """`on = FLAG` in a function, assigned once: its reads are known as well."""
    left = assignment.child_by_field_name("left")
    if left is None or left.type != "identifier" or assignment.child_by_field_name("right") != node:
        return None
    function = assignment.parent
    while function is not None and function.type not in ("function_definition", "module", "lambda"):
        if function.type == "class_definition":
            return None
        function = function.parent
    if function is None or function.type != "function_definition":
        return None
    statement = assignment.parent
    if statement is None or statement.parent is None:
        return None
    if statement.parent != function.child_by_field_name("body"):
        return None  # under a condition it may not have happened
    name = data[left.start_byte : left.end_byte]
    reads: list[Node] = []
    for each in walk(function):
        hides = each.type in (
            "global_statement",
            "nonlocal_statement",
            "lambda",
            "class_definition",
        )
        if hides and name in data[each.start_byte : each.end_byte]:
            return None
        if each.type != "identifier" or data[each.start_byte : each.end_byte] != name:
            continue
        if each == left or _is_only_a_name(each):
            continue
        if each.start_byte < left.start_byte or _is_written(each, function):
            return None
        reads.append(each)
    edits: _Edits = [(each.start_byte, each.end_byte, _MARKS[truth]) for each in reads]
    return [*edits, *_kept(statement, None, data)]


def _is_only_a_name(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "attribute":
        return parent.child_by_field_name("attribute") == node
    return parent.type == "keyword_argument" and parent.child_by_field_name("name") == node


def _is_written(node: Node, function: Node) -> bool:
    """Whether it may be bound there: assigned, deleted, a loop's variable, a parameter."""
    here: Node = node
    while here.parent is not None and here != function:
        parent = here.parent
        if parent.child_by_field_name("left") == here and parent.type in (
            "assignment",
            "augmented_assignment",
            "for_statement",
            "for_in_clause",
        ):
            return here.type not in ("attribute", "subscript", "call")
        if parent.type == "named_expression" and parent.child_by_field_name("name") == here:
            return True
        if parent.type in ("parameters", "delete_statement", "as_pattern_target", "case_pattern"):
            return True
        if parent.type == "function_definition" and parent != function:
            return name_is_bound(parent, node)
        here = parent
    return False


def name_is_bound(function: Node, node: Node) -> bool:
    """Whether an inner function has a name of its own like the one at `node`."""
    parameters = function.child_by_field_name("parameters")
    return parameters is not None and (node.text or b"?") in (parameters.text or b"")


def _tree(data: bytes) -> Node:
    language = language_for_id("python")
    assert language is not None
    return parse(language, data).root_node
