"""Python statements, blocks and the flow of names through them, for extracting and inlining."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from treewright_indexer.errors import RefusedError
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from tree_sitter import Node

BLOCKS = frozenset({"module", "block"})
COMPOUND = frozenset(
    {
        "if_statement", "for_statement", "while_statement", "try_statement", "with_statement",
        "match_statement", "function_definition", "class_definition", "decorated_definition",
    }
)  # fmt: skip
FUNCTIONS = frozenset({"function_definition", "lambda"})
COMPREHENSIONS = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
EXPRESSIONS = COMPREHENSIONS | frozenset(
    {
        "identifier", "attribute", "subscript", "call", "binary_operator", "unary_operator",
        "not_operator", "boolean_operator", "comparison_operator", "conditional_expression",
        "lambda", "await", "string", "concatenated_string", "integer", "float", "true", "false",
        "none", "ellipsis", "list", "set", "dictionary", "tuple", "parenthesized_expression",
        "expression_list",
    }
)  # fmt: skip
WRITES = frozenset({Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.IMPORT, Role.DELETE})
EFFECTS = frozenset({"call", "await", "yield", "named_expression"})

_ATOMS = frozenset(
    {
        "identifier", "attribute", "subscript", "call", "string", "integer", "float", "true",
        "false", "none", "ellipsis", "list", "set", "dictionary", "parenthesized_expression",
        "list_comprehension", "set_comprehension", "dictionary_comprehension",
    }
)  # fmt: skip
_BRACKETED = frozenset(
    {
        "argument_list", "parenthesized_expression", "list", "set", "dictionary", "pair",
        "keyword_argument", "interpolation", "tuple", "subscript", "default_parameter",
    }
)  # fmt: skip


_WHOLE_PLACES = frozenset(
    {
        "expression_statement", "return_statement", "assignment", "augmented_assignment",
        "if_statement", "while_statement", "elif_clause", "assert_statement", "for_statement",
    }
)  # fmt: skip
"""Where an expression stands alone between keywords or operators of a statement."""


class NameUse(NamedTuple):
    """A bare name in the text. `home` is the scope that binds it, -1 for a builtin."""

    start: int
    name: str
    role: Role
    home: int
    scope: int

    @property
    def end(self) -> int:
        return self.start + len(self.name.encode())

    @property
    def writes(self) -> bool:
        return self.role in WRITES


_MAX_USES = 16
_uses_of: OrderedDict[tuple[str, str], list[NameUse]] = OrderedDict()
"""By (hash of the text, path), of the files that were last looked at: one menu plans a dozen
operations on the same text. Nobody changes the lists."""
_uses_lock = threading.Lock()


def _start_of(use: NameUse) -> int:
    return use.start


def _bare_names(facts: FileFacts) -> list[NameUse]:
    binders = {
        (start, name): index
        for index, scope in enumerate(facts.scopes)
        for name, (start, *_) in scope.bindings.items()
    }
    found: list[NameUse] = []
    for name in facts.postings:
        for reference in facts.references(name):
            role = reference.role
            if reference.attribute or role == Role.KEYWORD:
                continue
            start = reference.start
            scope = facts.scope_at(start)
            home = -1
            if role in (Role.PARAMETER, Role.DEFINITION):
                home = binders.get((start, name), -1)
            if home < 0:
                home = _home_of(facts, name, scope)
            found.append(NameUse(start, name, role, home, scope))
    found.sort()
    return found


def _home_of(facts: FileFacts, name: str, innermost: int) -> int:
    scopes = facts.scopes
    index = innermost
    while index >= 0:
        scope = scopes[index]
        binding = scope.bindings.get(name)
        if binding is not None and (scope.kind != "class" or index == innermost):
            if binding[1] == "global":
                return 0
            if binding[1] != "nonlocal":
                return index
        index = scope.parent
    return -1


@dataclass
class PythonFile:
    """One Python file: its text, tree, and every bare name with where it is bound."""

    snapshot: Snapshot
    path: str

    @cached_property
    def text(self) -> SourceText:
        return self.snapshot.text(self.path)

    @cached_property
    def root(self) -> Node:
        return self.snapshot.tree(self.path).root_node

    @cached_property
    def facts(self) -> FileFacts:
        return self.snapshot.file_facts(self.path)

    @cached_property
    def uses(self) -> list[NameUse]:
        """Every bare name, in order; attributes and keyword names are none."""
        key = (self.text.hash, self.path)
        with _uses_lock:
            known = _uses_of.get(key)
            if known is not None:
                _uses_of.move_to_end(key)
                return known
        found = _bare_names(self.facts)
        with _uses_lock:
            _uses_of[key] = found
            while len(_uses_of) > _MAX_USES:
                _uses_of.popitem(last=False)
        return found

    def home_of(self, name: str, offset: int) -> int:
        """Index of the scope that binds `name` as seen at `offset`, or -1."""
        return _home_of(self.facts, name, self.facts.scope_at(offset))

    def within(self, span: Span) -> list[NameUse]:
        uses = self.uses
        first = bisect_left(uses, span.start, key=_start_of)
        return uses[first : bisect_left(uses, span.end, lo=first, key=_start_of)]

    def text_of(self, node: Node | Span) -> str:
        start, end = (node[0], node[1]) if isinstance(node, tuple) else node.byte_range
        return self.text.data[start:end].decode("utf-8", "replace")

    # ---------------------------------------------------------------- selections

    def trimmed(self, start: int, end: int) -> Span:
        """The selection without the white space and line breaks at its ends."""
        data = self.text.data
        if not 0 <= start <= end <= len(data):
            raise RefusedError(f"bytes {start}:{end} are outside the file")
        while start < end and data[start] in b" \t\r\n\f":
            start += 1
        while end > start and data[end - 1] in b" \t\r\n\f;":
            end -= 1
        return Span(start, end)

    def without_comments(self, start: int, end: int) -> Span:
        """The selection without white space and whole comments at its ends."""
        span = self.trimmed(start, end)
        while span.start < span.end:
            first = self.root.descendant_for_byte_range(span.start, span.start + 1)
            last = self.root.descendant_for_byte_range(span.end - 1, span.end)
            if first is not None and first.type == "comment" and first.end_byte <= span.end:
                span = self.trimmed(first.end_byte, span.end)
            elif last is not None and last.type == "comment" and last.start_byte >= span.start:
                span = self.trimmed(span.start, last.start_byte)
            else:
                break
        return span

    def expression_at(self, start: int, end: int) -> Node:
        """The expression that the selection covers, or the one at the cursor.

        Raises RefusedError when the selection is no whole expression.
        """
        span = self.trimmed(start, end)
        if span.start == span.end:
            return self._expression_at_cursor(span.start)
        node = self.root.descendant_for_byte_range(*span)
        while (
            node is not None
            and node.parent is not None
            and node.parent.byte_range == node.byte_range
        ):
            if node.type in EXPRESSIONS and node.parent.type not in EXPRESSIONS:
                break
            node = node.parent
        if node is None or node.byte_range != tuple(span) or node.type not in EXPRESSIONS:
            if node is not None and _is_annotation(node):
                raise RefusedError("it is part of a type annotation")
            raise RefusedError("the selection is not one whole expression")
        return node

    def _expression_at_cursor(self, offset: int) -> Node:
        node = self.root.descendant_for_byte_range(offset, offset)
        if node is not None and node.type not in EXPRESSIONS and offset > 0:
            before = self.root.descendant_for_byte_range(offset - 1, offset)
            node = before if before is not None and before.type in EXPRESSIONS else node
        while node is not None and node.type not in EXPRESSIONS:
            node = node.parent
        if node is None:
            raise RefusedError("there is no expression at the cursor")
        while (
            node.parent is not None
            and node.parent.type in ("attribute", "call", "subscript")
            and node.parent.start_byte == node.start_byte
        ):
            node = node.parent
        return node

    def statements_in(self, start: int, end: int) -> list[Node]:
        """The whole statements of one block that the selection covers.

        Comments around them may be part of it. Raises RefusedError when it cuts a statement or
        covers none.
        """
        span = self.without_comments(start, end)
        node = self.root.descendant_for_byte_range(span.start, max(span.start, span.end - 1))
        while node is not None and node.type not in BLOCKS:
            node = node.parent
        if node is None:
            raise RefusedError("the selection covers no statement")
        chosen = [
            child
            for child in node.named_children
            if child.start_byte < span.end and span.start < child.end_byte
        ]
        code = [child for child in chosen if child.type != "comment"]
        if not code or code[0].start_byte < span.start or span.end < code[-1].end_byte:
            raise RefusedError("the selection cuts a statement; select whole ones")
        return code

    def statement_of(self, node: Node) -> Node:
        """The statement of a block that holds `node`: where a line can be put before it."""
        here = node
        while here.parent is not None and here.parent.type not in BLOCKS:
            here = here.parent
        return here

    # ---------------------------------------------------------------- places

    def indentation(self, node: Node) -> str:
        """The white space in front of the line that `node` begins on."""
        line = self.text.data[self.line_start(node.start_byte) : node.start_byte]
        return line[: len(line) - len(line.lstrip(b" \t"))].decode("ascii", "replace")

    def line_start(self, offset: int) -> int:
        return self.text.line_starts[self.text.line_of(offset)]

    def starts_its_line(self, node: Node) -> bool:
        return not self.text.data[self.line_start(node.start_byte) : node.start_byte].strip(b" \t")

    def indent_unit(self) -> str:
        """One step of indentation as the file has it; four spaces when it has none."""
        for child in _walk(self.root):
            if child.type == "block" and child.parent is not None and self.starts_its_line(child):
                inner, outer = self.indentation(child), self.indentation(child.parent)
                if inner.startswith(outer) and len(inner) > len(outer):
                    return inner[len(outer) :]
        return "    "

    def whole_lines(self, start: int, end: int) -> Span:
        """From the start of the first line to behind the break of the last."""
        text = self.text
        last = text.line_span(text.line_of(max(start, end - 1)), with_break=True)
        return Span(self.line_start(start), last.end)

    def reindented(
        self,
        span: Span,
        before: str,
        after: str,
        renamed: Mapping[int, tuple[int, str]] | None = None,
    ) -> str:
        """The text of `span` with its lines' indentation `before` replaced by `after`.

        Lines that begin inside a string keep what they have. `renamed`: start of a name -> (its
        end, the text in its place).
        """
        text, data = self.text, self.text.data
        inside = self._lines_inside_strings(span)
        lines: list[str] = []
        first = text.line_of(span.start)
        for line in range(first, text.line_of(max(span.start, span.end - 1)) + 1):
            line_span = text.line_span(line, with_break=True)
            start = span.start if line == first else line_span.start
            body = _with_names(data, start, min(span.end, line_span.end), renamed or {})
            if line == first or line in inside or not body.strip():
                lines.append(body)
            else:
                lines.append(after + body.removeprefix(before) if body.startswith(before) else body)
        return "".join(lines).replace("\r\n", "\n").replace("\r", "\n")

    def _lines_inside_strings(self, span: Span) -> set[int]:
        lines: set[int] = set()
        pending = [self.root]
        while pending:
            node = pending.pop()
            if node.type == "string" and span.start <= node.start_byte < span.end:
                first, last = self.text.line_of(node.start_byte), self.text.line_of(node.end_byte)
                lines.update(range(first + 1, last + 1))
            pending += [
                child
                for child in node.children
                if child.start_byte < span.end and span.start < child.end_byte
            ]
        return lines

    # ---------------------------------------------------------------- names

    def free_name(self, wanted: str, spans: Iterable[Span]) -> str:
        """`wanted`, or with a number behind it, so that no name in `spans` is meant by it."""
        taken = {use.name for span in spans for use in self.within(span)}
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def enclosing_function(self, node: Node) -> Node | None:
        here = node.parent
        while here is not None and here.type not in FUNCTIONS:
            here = here.parent
        return here

    def scope_span(self, scope: int) -> Span:
        found = self.facts.scopes[scope]
        return Span(found.start, found.end)


def text_with(file: PythonFile, node: Node, texts: Mapping[tuple[int, int], str]) -> str:
    """The text of `node` with other `texts`, by byte range, in the place of parts of it."""
    if node.byte_range in texts:
        return texts[node.byte_range]
    parts: list[str] = []
    position = node.start_byte
    for (start, end), text in sorted(texts.items()):
        outermost = not any(
            (s, e) != (start, end)
            and s <= start
            and end <= e
            and node.start_byte <= s
            and e <= node.end_byte
            for s, e in texts
        )
        if outermost and position <= start and end <= node.end_byte:
            parts.append(file.text_of(Span(position, start)) + text)
            position = end
    parts.append(file.text_of(Span(position, node.end_byte)))
    return "".join(parts).replace("\r\n", "\n")


def _with_names(data: bytes, start: int, end: int, renamed: Mapping[int, tuple[int, str]]) -> str:
    parts: list[bytes] = []
    for at in sorted(offset for offset in renamed if start <= offset < end):
        stop, text = renamed[at]
        parts += [data[start:at], text.encode()]
        start = stop
    return b"".join([*parts, data[start:end]]).decode("utf-8", "replace")


def _walk(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        here = pending.pop()
        yield here
        pending.extend(reversed(here.named_children))


walk = _walk


def _is_annotation(node: Node) -> bool:
    here: Node | None = node
    while here is not None and here.type not in BLOCKS:
        if here.type == "type":
            return True
        here = here.parent
    return False


def require_name(name: str) -> str:
    """Raises RefusedError unless `name` can name a Python variable or function."""
    import keyword

    if not name.isidentifier() or keyword.iskeyword(name):
        raise RefusedError(f"{name!r} cannot be a name in Python")
    return name


def has_effects(node: Node) -> bool:
    """Whether evaluating it may do more than give a value: a call, an await, an assignment."""
    return any(child.type in EFFECTS for child in _walk(node))


def is_atom(node: Node) -> bool:
    """Whether it can stand anywhere in an expression without parentheses of its own."""
    if node.type == "generator_expression":
        return True
    if node.type == "tuple":
        return bool(node.children) and node.children[0].type == "("
    return node.type in _ATOMS


def needs_parentheses(value: Node, place: Node) -> bool:
    """Whether `value` must be parenthesised where the node `place` stands."""
    if is_atom(value):
        number = value.type in ("integer", "float")
        parent = place.parent
        return bool(number and parent is not None and parent.type == "attribute")
    parent = place.parent
    if parent is None:
        return False
    if value.type == "expression_list" or (
        value.type == "tuple" and not (value.text or b"").startswith(b"(")
    ):
        return parent.type not in _WHOLE_PLACES
    if parent.type in _BRACKETED:
        if parent.type == "subscript" and parent.child_by_field_name("value") == place:
            return True
        return value.type in ("named_expression", "lambda") and parent.type == "interpolation"
    if value.type == parent.type == "binary_operator":
        inner, outer = _strength(value), _strength(parent)
        on_the_left = parent.child_by_field_name("left") == place
        return inner < outer or (inner == outer and (not on_the_left or outer == _POWER))
    if value.type in _PLAIN and (
        (parent.type in _COMPREHENSIONS and parent.child_by_field_name("body") == place)
        or (parent.type == "for_in_clause" and parent.child_by_field_name("right") == place)
    ):
        return False
    return parent.type not in _WHOLE_PLACES


_COMPREHENSIONS = frozenset({"list_comprehension", "set_comprehension", "generator_expression"})
_PLAIN = frozenset({
    "binary_operator", "boolean_operator", "comparison_operator", "not_operator", "unary_operator",
    "await",
})  # fmt: skip
"""What binds tighter than the words of a comprehension."""

_STRENGTHS = {
    "|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6,
    "@": 6, "**": 8,
}  # fmt: skip
_POWER = 8


def _strength(operation: Node) -> int:
    """How tightly a binary operation binds; 0 for an operator that is not known."""
    operator = operation.child_by_field_name("operator")
    return _STRENGTHS.get(operator.type, 0) if operator is not None else 0
