"""One Python file as the search sees it: its tree, byte spans, functions and names.

Candidates are text edits at the bytes of syntax nodes, so what was tried is exactly what is
offered: no part of the file is printed anew from the tree.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cached_property

from treewright_agent.repair.model import Unit
from treewright_indexer.text import SourceText, Span

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

# How tightly the text of an expression binds; an operand must bind as tightly as its place.
BARE_TUPLE, WALRUS, LAMBDA, TERNARY, OR, AND, NOT, COMPARE = range(-1, 7)
BIT_OR, BIT_XOR, BIT_AND, SHIFT, ARITH, TERM, UNARY, POWER, AWAIT, PRIMARY = range(7, 17)

_BINARY: dict[type[ast.operator], int] = {
    ast.BitOr: BIT_OR, ast.BitXor: BIT_XOR, ast.BitAnd: BIT_AND, ast.LShift: SHIFT,
    ast.RShift: SHIFT, ast.Add: ARITH, ast.Sub: ARITH, ast.Mult: TERM, ast.Div: TERM,
    ast.FloorDiv: TERM, ast.Mod: TERM, ast.MatMult: TERM, ast.Pow: POWER,
}  # fmt: skip

OPERATORS: dict[type[ast.operator] | type[ast.cmpop] | type[ast.boolop], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.LShift: "<<",
    ast.RShift: ">>", ast.MatMult: "@", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<",
    ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not",
    ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip


def binding(node: ast.expr) -> int:
    """How tightly the text of `node` binds."""
    match node:
        case ast.BinOp():
            return _BINARY[type(node.op)]
        case ast.BoolOp():
            return OR if isinstance(node.op, ast.Or) else AND
        case ast.UnaryOp():
            return NOT if isinstance(node.op, ast.Not) else UNARY
        case ast.Compare():
            return COMPARE
        case ast.IfExp():
            return TERNARY
        case ast.Lambda():
            return LAMBDA
        case ast.NamedExpr():
            return WALRUS
        case ast.Await():
            return AWAIT
        case ast.Yield() | ast.YieldFrom() | ast.Starred():
            return BARE_TUPLE
        case ast.Constant() if isinstance(node.value, (int, float)) and node.value < 0:
            return UNARY
        case _:
            return PRIMARY


class Module:
    """A parsed file. Raises SyntaxError when it does not parse."""

    def __init__(self, file: str, text: SourceText) -> None:
        self.file = file
        self.text = text
        self.tree = ast.parse(text.string)
        self.parents: dict[ast.AST, ast.AST] = {}
        for parent in ast.walk(self.tree):
            for child in ast.iter_child_nodes(parent):
                self.parents[child] = parent

    # ---------------------------------------------------------------- positions

    def offset(self, line: int, column: int) -> int:
        """The byte of a tree position: line from 1, column in bytes."""
        return self.text.line_starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.excepthandler) -> Span:
        end_line = node.end_lineno or node.lineno
        start = self.offset(node.lineno, node.col_offset)
        end = self.offset(end_line, node.end_col_offset or 0)
        if isinstance(node, ast.GeneratorExp) and self._shares_call_brackets(node):
            return Span(start + 1, end - 1)
        return Span(start, end)

    def _shares_call_brackets(self, node: ast.GeneratorExp) -> bool:
        call = self.parents.get(node)
        return (
            isinstance(call, ast.Call)
            and len(call.args) == 1
            and not call.keywords
            and call.end_col_offset == node.end_col_offset
            and call.end_lineno == node.end_lineno
        )

    def source(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> str:
        return self.text.slice(self.span(node))

    def indent(self, statement: ast.stmt) -> str:
        """The white space before a statement that begins its line; '' also when another
        statement stands before it on the line (see `begins_line`)."""
        start = self.text.line_starts[statement.lineno - 1]
        return self.text.data[start : start + statement.col_offset].decode("utf-8", "replace")

    def begins_line(self, statement: ast.stmt) -> bool:
        return not self.indent(statement).strip()

    def line_start(self, line: int) -> int:
        return self.text.line_starts[line - 1]

    def line_end(self, line: int) -> int:
        """The byte behind the last one of a line (from 1), without its break."""
        return self.text.line_span(line - 1).end

    # ---------------------------------------------------------------- structure

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        if isinstance(node, ast.stmt):
            return node
        return next((a for a in self.ancestors(node) if isinstance(a, ast.stmt)), None)

    def function_of(self, node: ast.AST) -> Definition | None:
        """The innermost function that holds `node`."""
        return next((a for a in self.ancestors(node) if isinstance(a, Definition)), None)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        return next((a for a in self.ancestors(node) if isinstance(a, ast.ClassDef)), None)

    def editable(self, node: ast.AST) -> bool:
        """False inside an f-string before Python 3.12: its positions are not true there."""
        if sys.version_info >= (3, 12):
            return True
        return not any(
            isinstance(a, (ast.JoinedStr, ast.FormattedValue)) for a in self.ancestors(node)
        )

    def block_of(self, statement: ast.stmt) -> tuple[list[ast.stmt], int] | None:
        """The list of statements that holds it, and its place there."""
        parent = self.parents.get(statement)
        for _, value in ast.iter_fields(parent) if parent is not None else ():
            if isinstance(value, list) and statement in value:
                return value, value.index(statement)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType,reportUnknownMemberType]
        return None

    @cached_property
    def units(self) -> dict[Definition, Unit]:
        """The outermost functions."""
        found: dict[Definition, Unit] = {}

        def visit(node: ast.AST, headers: tuple[str, ...], names: tuple[str, ...]) -> None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, Definition):
                    found[child] = self._unit(child, headers, names)
                elif isinstance(child, ast.ClassDef):
                    visit(child, (*headers, f"class {child.name}:"), (*names, child.name))
                elif isinstance(child, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                    visit(child, (*headers, "if 1:"), names)
                elif isinstance(child, ast.ExceptHandler):
                    visit(child, headers, names)

        visit(self.tree, (), ())
        return found

    def _unit(self, node: Definition, headers: tuple[str, ...], names: tuple[str, ...]) -> Unit:
        line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        end_line = node.end_lineno or node.lineno
        starts = self.text.line_starts
        end = starts[end_line] if end_line < len(starts) else len(self.text.data)
        return Unit(
            file=self.file,
            name=node.name,
            qualname=".".join((*names, node.name)),
            line=line,
            def_line=node.lineno,
            start=starts[node.lineno - 1],
            end=end,
            headers=headers,
        )

    def unit_at(self, start: int, end: int) -> Unit | None:
        """The outermost function whose lines hold the bytes; None for a decorator's."""
        for unit in self.units.values():
            if unit.start <= start and end <= unit.end:
                return unit
        return None

    # ---------------------------------------------------------------- names

    def bound_in(self, function: Definition) -> list[str]:
        """Parameters, then names that the function itself assigns, in order of the text."""
        arguments = function.args
        names: dict[str, None] = {}
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            names[argument.arg] = None
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                names[extra.arg] = None
        for node in own_nodes(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names[node.id] = None
            else:
                name = getattr(node, "name", None)  # of definitions and exception handlers
                if isinstance(name, str):
                    names[name] = None
        return list(names)

    @cached_property
    def top_names(self) -> list[str]:
        """What the module itself defines or imports, in order."""
        names: dict[str, None] = {}
        for node in self.tree.body:
            for inner in [node, *ast.walk(node)] if isinstance(node, (ast.If, ast.Try)) else [node]:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    names[inner.name] = None
                elif isinstance(inner, (ast.Import, ast.ImportFrom)):
                    for alias in inner.names:
                        names[(alias.asname or alias.name).split(".")[0]] = None
                elif isinstance(inner, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                    targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                    for target in targets:
                        for name in ast.walk(target):
                            if isinstance(name, ast.Name):
                                names[name.id] = None
        return list(names)


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions, classes and lambdas inside it;
    comprehensions count as its own."""
    pending = list(ast.iter_child_nodes(scope))
    while pending:
        node = pending.pop(0)
        yield node
        if not isinstance(node, _SCOPES):
            pending[:0] = list(ast.iter_child_nodes(node))
