"""Definite assignment and liveness of Python's names, over the syntax tree.

What code reads before it has certainly assigned it flows in; what is read behind it before it is
certainly assigned again flows out (definite assignment as in the Java language specification,
chapter 16, with Python's statements). Where the ways cannot be told apart the answer errs towards
"read": code that leaves (`return`, `raise`, `break`, `continue`) assigns everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from treewright_agent.operations.blocks import COMPREHENSIONS, NameUse, PythonFile
from treewright_indexer.model import Role
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Variable(NamedTuple):
    name: str
    home: int
    """Index of the scope that binds it."""


State = frozenset[Variable]
"""What has a value on every way here; None where no way comes."""


_NOTHING: State = frozenset()


def _join(states: Iterable[State | None]) -> State | None:
    joined: State | None = None
    for state in states:
        if state is not None:
            joined = state if joined is None else joined & state
    return joined


class Flow:
    """One walk through code in the order in which it runs; `reads` grows as it goes.

    Only the variables that `wanted` accepts are followed.
    """

    def __init__(self, file: PythonFile, around: Span, wanted: Callable[[NameUse], bool]) -> None:
        self._uses = {use.start: use for use in file.within(around) if wanted(use)}
        self._breaks: list[list[State]] = []
        self._data = file.text.data
        self.reads: dict[Variable, None] = {}
        """What may be read before it is assigned, in the order of the walk."""

    def block(self, nodes: Iterable[Node], state: State | None) -> State | None:
        for node in nodes:
            if state is None:
                return None
            state = self.node(node, state)
        return state

    def node(self, node: Node | None, state: State | None) -> State | None:
        if node is None or state is None:
            return state
        visit = self._visits.get(node.type)
        if visit is not None:
            return visit(self, node, state)
        if node.type == "identifier" or not node.named_child_count:
            return self._name(node, state)
        return self.block(node.named_children, state)

    # ---------------------------------------------------------------- names

    def _name(self, node: Node, state: State) -> State:
        use = self._uses.get(node.start_byte)
        if use is None or node.end_byte != use.end:
            return state
        variable = Variable(use.name, use.home)
        if use.role == Role.DELETE or not use.writes:
            if variable not in state:
                self.reads[variable] = None
            return state - {variable} if use.role == Role.DELETE else state
        return state | {variable}

    def _assignment(self, node: Node, state: State) -> State | None:
        right = node.child_by_field_name("right")
        after = self.node(right, state)
        after = self.node(node.child_by_field_name("type"), after)
        left = node.child_by_field_name("left")
        if right is None and left is not None and left.type == "identifier":
            return after  # an annotation alone gives no value
        return self.node(left, after)

    def _augmented(self, node: Node, state: State) -> State | None:
        left = node.child_by_field_name("left")
        if left is not None and left.type == "identifier":
            use = self._uses.get(left.start_byte)
            if use is not None and Variable(use.name, use.home) not in state:
                self.reads[Variable(use.name, use.home)] = None
        after = self.node(node.child_by_field_name("right"), state)
        return self.node(left, after)

    def _walrus(self, node: Node, state: State) -> State | None:
        after = self.node(node.child_by_field_name("value"), state)
        return self.node(node.child_by_field_name("name"), after)

    # ---------------------------------------------------------------- expressions

    def _either(self, node: Node, state: State) -> State | None:
        """`value if condition else other`."""
        parts = [child for child in node.named_children if child.type != "comment"]
        if len(parts) != 3:
            return self.block(node.named_children, state)
        after = self.node(parts[1], state)
        return _join((self.node(parts[0], after), self.node(parts[2], after)))

    def _boolean(self, node: Node, state: State) -> State | None:
        after = self.node(node.child_by_field_name("left"), state)
        self.node(node.child_by_field_name("right"), after)
        return after

    def _comprehension(self, node: Node, state: State) -> State | None:
        body = node.child_by_field_name("body")
        inner: State | None = state
        for child in node.named_children:
            if child != body:
                inner = self.node(child, inner)
        self.node(body, inner)
        return state

    def _clause(self, node: Node, state: State) -> State | None:
        after = self.node(node.child_by_field_name("right"), state)
        return self.node(node.child_by_field_name("left"), after)

    # ---------------------------------------------------------------- definitions

    def _function(self, node: Node, state: State) -> State | None:
        """A function or lambda: its body runs later, or never."""
        after = self.node(node.child_by_field_name("parameters"), state)
        after = self.node(node.child_by_field_name("return_type"), after)
        breaks, self._breaks = self._breaks, []
        self.node(node.child_by_field_name("body"), after)
        self._breaks = breaks
        return self.node(node.child_by_field_name("name"), after)

    def _class(self, node: Node, state: State) -> State | None:
        after = self.node(node.child_by_field_name("superclasses"), state)
        after = self.node(node.child_by_field_name("body"), after)
        return self.node(node.child_by_field_name("name"), after)

    # ---------------------------------------------------------------- statements

    def _if(self, node: Node, state: State) -> State | None:
        condition = self.node(node.child_by_field_name("condition"), state)
        ends = [self.node(node.child_by_field_name("consequence"), condition)]
        for child in node.named_children:
            if child.type == "elif_clause":
                condition = self.node(child.child_by_field_name("condition"), condition)
                ends.append(self.node(child.child_by_field_name("consequence"), condition))
            elif child.type == "else_clause":
                ends.append(self.node(child.child_by_field_name("body"), condition))
                condition = None
        return _join([*ends, condition])

    def _for(self, node: Node, state: State) -> State | None:
        head = self.node(node.child_by_field_name("right"), state)
        return self._loop(node, head, self.node(node.child_by_field_name("left"), head))

    def _while(self, node: Node, state: State) -> State | None:
        condition = node.child_by_field_name("condition")
        head = self.node(condition, state)
        for_ever = condition is not None and condition.type == "true"
        return self._loop(node, None if for_ever else head, head)

    def _loop(self, node: Node, left: State | None, entered: State | None) -> State | None:
        """`left`: the state when the loop runs out; `entered`: in front of its body."""
        self._breaks.append([])
        self.node(node.child_by_field_name("body"), entered)
        broken = self._breaks.pop()
        otherwise = node.child_by_field_name("alternative")
        if otherwise is not None:
            left = self.node(otherwise, left)
        return _join([left, *broken])

    def _break(self, node: Node, state: State) -> State | None:
        if self._breaks:
            self._breaks[-1].append(state)
        return None

    def _leave(self, node: Node, state: State) -> State | None:
        self.block(node.named_children, state)
        return None

    def _try(self, node: Node, state: State) -> State | None:
        body = self.node(node.child_by_field_name("body"), state)
        deleted = state - body if body is not None else frozenset[Variable]()
        ends: list[State | None] = []
        final: Node | None = None
        for child in node.named_children:
            if child.type in ("except_clause", "except_group_clause"):
                ends.append(self.block(child.named_children, state - deleted))
            elif child.type == "else_clause":
                body = self.node(child.child_by_field_name("body"), body)
            elif child.type == "finally_clause":
                final = child
        end = _join([body, *ends])
        if final is None:
            return end
        self.block(final.named_children, state - deleted)
        return self.block(final.named_children, end) if end is not None else None

    def _match(self, node: Node, state: State) -> State | None:
        after = self.node(node.child_by_field_name("subject"), state)
        ends: list[State | None] = []
        body = node.child_by_field_name("body") or node
        unmatched = after
        for case in body.named_children:
            if case.type != "case_clause" or unmatched is None:
                continue
            consequence = case.child_by_field_name("consequence")
            inner: State | None = unmatched
            for child in case.named_children:
                if child != consequence:
                    inner = self.node(child, inner)
            ends.append(self.node(consequence, inner))
            if self._takes_all(case):
                unmatched = None
        return _join([*ends, unmatched])

    def _takes_all(self, case: Node) -> bool:
        """Whether the pattern is `_` or a bare name, with no guard."""
        if case.child_by_field_name("guard") is not None:
            return False
        patterns = [child for child in case.named_children if child.type == "case_pattern"]
        if len(patterns) != 1:
            return False
        text = self._data[patterns[0].start_byte : patterns[0].end_byte]
        return text.decode("utf-8", "replace").isidentifier()

    def _nothing(self, node: Node, state: State) -> State | None:
        return state

    _visits: ClassVar[dict[str, Callable[[Flow, Node, State], State | None]]] = {
        "assignment": _assignment,
        "augmented_assignment": _augmented,
        "named_expression": _walrus,
        "conditional_expression": _either,
        "boolean_operator": _boolean,
        "for_in_clause": _clause,
        "function_definition": _function,
        "lambda": _function,
        "class_definition": _class,
        "if_statement": _if,
        "for_statement": _for,
        "while_statement": _while,
        "try_statement": _try,
        "match_statement": _match,
        "break_statement": _break,
        "return_statement": _leave,
        "raise_statement": _leave,
        "continue_statement": _leave,
        "global_statement": _nothing,
        "nonlocal_statement": _nothing,
        **dict.fromkeys(COMPREHENSIONS, _comprehension),
    }


def read_behind(
    file: PythonFile, last: Node, outer: Node | None, wanted: Callable[[NameUse], bool]
) -> set[Variable]:
    """What may be read once `last`, a statement of `outer` (or of the module), has ended.

    Loops around it come back to it; handlers and `finally` around it see it cut short.
    """
    end = Span(*outer.byte_range) if outer is not None else Span(0, len(file.text.data))
    flow = Flow(file, end, wanted)
    state: State | None = _NOTHING
    node = last
    while node.parent is not None and node != outer and node.parent != outer:
        parent = node.parent
        rest = [child for child in parent.named_children if child.start_byte >= node.end_byte]
        if node.type == "case_clause":
            pass  # its siblings are other ways
        elif parent.type in ("block", "module"):
            after = flow.block(rest, state)
            if state is not None and _leaves_loop(rest):
                after = _NOTHING
            state = after
        elif parent.type in ("for_statement", "while_statement"):
            state = _around_loop(flow, parent, node, state)
        elif parent.type == "try_statement":
            state = _around_try(flow, parent, node, state)
        node = parent
    return set(flow.reads)


def _around_loop(flow: Flow, loop: Node, part: Node, state: State | None) -> State | None:
    if part == loop.child_by_field_name("body"):
        if state is not None:
            flow.node(loop, state)
            state = flow.node(loop.child_by_field_name("condition"), state)
        return flow.node(loop.child_by_field_name("alternative"), state)
    return state


def _around_try(flow: Flow, statement: Node, part: Node, state: State | None) -> State | None:
    """From the part of the statement that `part` is, on all its ways out."""
    ends = [state]
    final: Node | None = None
    in_body = part == statement.child_by_field_name("body")
    for child in statement.named_children:
        if child.type in ("except_clause", "except_group_clause") and in_body:
            ends.append(flow.block(child.named_children, frozenset()))
        elif child.type == "else_clause" and in_body:
            ends[0] = flow.node(child.child_by_field_name("body"), state)
        elif child.type == "finally_clause" and child != part:
            final = child
    end = _join(ends)
    if final is None:
        return end
    flow.block(final.named_children, frozenset())
    return flow.block(final.named_children, end) if end is not None else None


def _leaves_loop(nodes: list[Node]) -> bool:
    """Whether a jump in `nodes` goes on behind them, or at the head of a loop around."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node.type in ("break_statement", "continue_statement"):
            return True
        if node.type not in ("function_definition", "lambda", "class_definition"):
            pending += node.named_children
    return False
