"""Operators, constants, names, items and slices: the smallest things that go wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product

from treewright_agent.repair.model import Edit
from treewright_agent.repair.mutate.scope import BUILTINS, Scope, alike, family
from treewright_agent.repair.source import OPERATORS, Definition
from treewright_indexer.text import Span

# Another operator of the same kind -> what the confusion costs.
_COMPARISONS: dict[type[ast.cmpop], tuple[tuple[str, float], ...]] = {
    ast.Lt: (("<=", 1.0), (">", 1.6), (">=", 1.9), ("!=", 2.6), ("==", 3.0)),
    ast.LtE: (("<", 1.0), (">=", 1.6), (">", 1.9), ("==", 2.6)),
    ast.Gt: ((">=", 1.0), ("<", 1.6), ("<=", 1.9), ("!=", 2.6), ("==", 3.0)),
    ast.GtE: ((">", 1.0), ("<=", 1.6), ("<", 1.9), ("==", 2.6)),
    ast.Eq: (("!=", 1.8), ("<=", 2.0), (">=", 2.0), ("in", 2.6), ("<", 2.8), (">", 2.8)),
    ast.NotEq: (("==", 1.8), (">", 2.2), ("<", 2.2), ("not in", 2.6)),
    ast.Is: (("is not", 1.4), ("==", 1.6)),
    ast.IsNot: (("is", 1.4), ("!=", 1.6)),
    ast.In: (("not in", 1.4), ("==", 2.8)),
    ast.NotIn: (("in", 1.4), ("!=", 2.8)),
}
_ARITHMETIC: dict[type[ast.operator], tuple[tuple[str, float], ...]] = {
    ast.Add: (("-", 1.2), ("*", 2.2), ("|", 3.8)),
    ast.Sub: (("+", 1.2), ("*", 2.6), ("/", 2.8)),
    ast.Mult: (("/", 1.6), ("+", 1.8), ("**", 2.0), ("//", 2.2), ("-", 2.6)),
    ast.Div: (("//", 1.1), ("*", 1.4), ("%", 2.2), ("-", 2.8)),
    ast.FloorDiv: (("/", 1.1), ("%", 1.4), ("*", 2.0), ("-", 2.8)),
    ast.Mod: (("//", 1.4), ("/", 2.0), ("*", 2.6), ("-", 2.4)),
    ast.Pow: (("*", 1.6), ("/", 2.8)),
    ast.BitOr: (("&", 1.3), ("^", 1.5), ("+", 2.4), ("-", 2.4)),
    ast.BitAnd: (("|", 1.3), ("^", 1.5), ("-", 2.2), ("%", 2.6)),
    ast.BitXor: (("&", 1.3), ("|", 1.3), ("+", 2.4), ("**", 2.0)),
    ast.LShift: ((">>", 1.3), ("*", 2.6)),
    ast.RShift: (("<<", 1.3), ("//", 2.6)),
    ast.MatMult: (("*", 2.0),),
}
_COMMUTES = (ast.Mult, ast.BitOr, ast.BitAnd, ast.BitXor)


def comparisons(scope: Scope) -> None:
    """`a < b` -> `a <= b`, `b < a`; one of several links of a chain at a time."""
    for node in scope.expressions():
        if not isinstance(node, ast.Compare):
            continue
        operands = [node.left, *node.comparators]
        for index, operator in enumerate(node.ops):
            gap = _gap(scope, operands[index], operands[index + 1])
            written = scope.module.text.slice(gap)
            for text, cost in _COMPARISONS[type(operator)]:
                if text == "==" and isinstance(operator, ast.Is) and _is_none(operands[index + 1]):
                    continue
                if text in ("in", "not in") and family(scope.types(operands[index + 1])) in (
                    "number",
                    "bool",
                ):
                    continue
                new = _in_gap(written, OPERATORS[type(operator)], text)
                if isinstance(operator, (ast.Eq, ast.NotEq)) and text[0] in "<>":
                    kinds = {family(scope.types(operands[i])) for i in (index, index + 1)}
                    cost += 1.2 if kinds & {"text", "list", "bool"} else 0.0
                if new is not None:
                    scope.put(gap, new, "comparison operator", cost)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn, ast.Is, ast.IsNot)):
            continue
        if len(node.ops) == 1:
            left, right = scope.text(node.left), scope.text(node.comparators[0])
            if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) and not _is_none(node.comparators[0]):
                _nearly_equal(scope, node, left, right)


def _nearly_equal(scope: Scope, node: ast.Compare, left: str, right: str) -> None:
    if "float" in (*scope.types(node.left), *scope.types(node.comparators[0])):
        sign = "<" if isinstance(node.ops[0], ast.Eq) else ">="
        scope.replace(node, f"abs({left} - {right}) {sign} 1e-9", "nearly equal", 3.2)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _gap(scope: Scope, left: ast.expr, right: ast.expr) -> Span:
    """The bytes between two operands: the operator with the spaces and brackets around it."""
    return Span(scope.module.span(left).end, scope.module.span(right).start)


def _in_gap(written: str, old: str, new: str) -> str | None:
    """The gap with another operator, everything else kept."""
    if " " in old:
        words = written.split()
        if words != old.split():
            return None  # brackets or comments between the operands
        return f" {new} "
    position = written.find(old)
    if position < 0 or "#" in written or "\\" in written:
        return None
    before, after = written[:position], written[position + len(old) :]
    if new[0].isalpha():
        before, after = before if before[-1:].isspace() else before + " ", (
            after if after[:1].isspace() else " " + after
        )  # fmt: skip
    return before + new + after


def arithmetic(scope: Scope) -> None:
    """`a + b` -> `a - b`, `b - a`, `a`, `b`; also of `a += b`."""
    for node in scope.nodes:
        if isinstance(node, ast.BinOp) and scope.module.editable(node):
            text_like = family(scope.types(node.left)) in ("text", "list")
            if isinstance(node.op, ast.Mod) and family(scope.types(node.left)) == "text":
                continue  # formatting
            gap = _gap(scope, node.left, node.right)
            written = scope.module.text.slice(gap)
            for text, cost in _other_arithmetic(scope, node):
                if text_like and not (isinstance(node.op, ast.Add) and text == "*"):
                    continue
                new = _in_gap(written, OPERATORS[type(node.op)], text)
                if new is not None:
                    scope.put(gap, new, "arithmetic operator", cost)
            left, right = scope.text(node.left), scope.text(node.right)
            if not isinstance(node.op, _COMMUTES) and not (
                isinstance(node.op, ast.Add) and family(scope.types(node.left)) == "number"
            ):
                scope.emit_swap(node.left, node.right, "operands swapped", 1.7)
            for part in (left, right):
                scope.replace(node, part, "operand left out", 2.3)
            _regroup(scope, node)
        elif isinstance(node, ast.AugAssign):
            _augmented(scope, node)


def _other_arithmetic(scope: Scope, node: ast.BinOp) -> list[tuple[str, float]]:
    likely = dict(_ARITHMETIC[type(node.op)])
    if (
        isinstance(node.op, ast.Mult)
        and isinstance(node.right, ast.Constant)
        and node.right.value in (2, 3)
    ):
        likely["**"] = 1.3
    for text in ("+", "-", "*", "/", "//", "%", "**"):
        if text != OPERATORS[type(node.op)]:
            likely.setdefault(text, 3.0)
    return list(likely.items())


def _regroup(scope: Scope, node: ast.BinOp) -> None:
    """`a + b * c` -> `(a + b) * c`, and brackets that are too much left out."""
    left, right = node.left, node.right
    operator = OPERATORS[type(node.op)]
    text = scope.text(node)
    if isinstance(right, ast.BinOp) and type(right.op) is not type(node.op):
        a, b, c = scope.text(left), scope.text(right.left), scope.text(right.right)
        inner = OPERATORS[type(right.op)]
        if text.endswith(")") and not c.endswith(")"):
            scope.replace(node, f"{a} {operator} {b} {inner} {c}", "brackets removed", 1.6)
        else:
            scope.replace(node, f"({a} {operator} {b}) {inner} {c}", "brackets added", 1.6)
    if isinstance(left, ast.BinOp) and type(left.op) is not type(node.op):
        a, b, c = scope.text(left.left), scope.text(left.right), scope.text(right)
        inner = OPERATORS[type(left.op)]
        if text.startswith("(") and not a.startswith("("):
            scope.replace(node, f"{a} {inner} {b} {operator} {c}", "brackets removed", 1.6)
        else:
            scope.replace(node, f"{a} {inner} ({b} {operator} {c})", "brackets added", 1.6)


def _augmented(scope: Scope, node: ast.AugAssign) -> None:
    target, value = scope.module.span(node.target), scope.module.span(node.value)
    gap = Span(target.end, value.start)
    written = scope.module.text.slice(gap)
    operator = OPERATORS[type(node.op)] + "="
    position = written.find(operator)
    if position < 0:
        return
    likely = dict(_ARITHMETIC[type(node.op)])
    for text in ("+", "-", "*", "//", "/"):
        if text != OPERATORS[type(node.op)]:
            likely.setdefault(text, 2.8)
    for text, cost in (*likely.items(), ("", 2.8)):
        new = written[:position] + text + "=" + written[position + len(operator) :]
        scope.put(gap, new, "assignment operator", cost)


def logic(scope: Scope) -> None:
    """`and` <-> `or`, an operand left out, `not` put in or taken away."""
    for node in scope.expressions():
        if isinstance(node, ast.BoolOp):
            old = OPERATORS[type(node.op)]
            new = "or" if old == "and" else "and"
            edits: list[tuple[Span, str]] = []
            for left, right in zip(node.values, node.values[1:], strict=False):
                gap = _gap(scope, left, right)
                written = scope.module.text.slice(gap)
                edits.append((gap, written.replace(old, new, 1)))
            if len(edits) == 1:
                scope.put(*edits[0], "and/or", 1.3)
            else:
                for span, text in edits:
                    scope.put(span, text, "and/or", 1.8)
            for index in range(len(node.values)):
                rest = [scope.text(v) for i, v in enumerate(node.values) if i != index]
                wrapped = [
                    f"({text})" if isinstance(v, ast.BoolOp) and len(rest) > 1 else text
                    for text, v in zip(
                        rest, [v for i, v in enumerate(node.values) if i != index], strict=True
                    )
                ]
                scope.replace(node, f" {old} ".join(wrapped), "condition left out", 2.1)
        if isinstance(node, ast.UnaryOp):
            operand = scope.text(node.operand)
            if isinstance(node.op, ast.Not):
                scope.replace(node, operand, "negation removed", 1.5)
            elif isinstance(node.op, ast.USub):
                scope.replace(node, operand, "minus removed", 1.7)
        elif _is_condition(scope, node) and not isinstance(node, (ast.Compare, ast.BoolOp)):
            scope.replace(node, f"not {_operand(scope, node)}", "negation added", 1.6)
        if isinstance(node, (ast.BoolOp, ast.Compare)) and _is_condition(scope, node):
            scope.replace(node, f"not ({scope.text(node)})", "negation added", 2.2)


def _operand(scope: Scope, node: ast.expr) -> str:
    text = scope.text(node)
    return f"({text})" if isinstance(node, (ast.IfExp, ast.Lambda, ast.NamedExpr)) else text


def _is_condition(scope: Scope, node: ast.expr) -> bool:
    """Is the node asked for its truth?"""
    match scope.parent(node):
        case (
            ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test)
        ):
            return node is test
        case ast.BoolOp():
            return True
        case ast.comprehension(ifs=ifs):
            return node in ifs
        case ast.Return():
            return isinstance(node, (ast.Compare, ast.BoolOp)) or "bool" in scope.types(node)
        case _:
            return False


def truth(scope: Scope) -> None:
    """`if x` <-> `if x is not None`, `if not x` <-> `if x is None`."""
    for node in scope.expressions():
        if not _is_condition(scope, node):
            continue
        if isinstance(node, (ast.Name, ast.Attribute)):
            scope.replace(node, f"{scope.text(node)} is not None", "None is not false", 2.0)
            if family(scope.types(node)) in ("list", "text", "dict", ""):
                scope.replace(node, f"len({scope.text(node)}) > 1", "length condition", 3.2)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            if isinstance(node.operand, (ast.Name, ast.Attribute)):
                scope.replace(node, f"{scope.text(node.operand)} is None", "None is not false", 2.0)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and _is_none(node.comparators[0]):
            left = scope.text(node.left)
            if isinstance(node.ops[0], ast.Is):
                scope.replace(node, f"not {left}", "false, not only None", 2.2)
            elif isinstance(node.ops[0], ast.IsNot):
                scope.replace(node, left, "true, not only no None", 2.2)


def constants(scope: Scope) -> None:
    """Off by one, the other truth value, another constant of the function."""
    for node in scope.expressions():
        if not isinstance(node, ast.Constant):
            continue
        parent = scope.parent(node)
        if isinstance(parent, ast.Expr):
            continue  # a docstring
        value = node.value
        if isinstance(value, bool):
            scope.replace(node, str(not value), "other truth value", 1.3)
            scope.replace(node, "None", "other constant", 3.0)
        elif isinstance(value, int):
            _integer(scope, node, value, parent)
        elif isinstance(value, float):
            for text in _other_floats(value, scope):
                scope.replace(node, text, "other number", 2.4)
        elif isinstance(value, str) and not isinstance(parent, (ast.JoinedStr, ast.FormattedValue)):
            _string(scope, node, value)
        elif value is None and not isinstance(parent, (ast.Compare, ast.arg, ast.arguments)):
            for text in ("0", "[]", "''", "{}", "False"):
                scope.replace(node, text, "other constant", 2.8)


def _integer(scope: Scope, node: ast.Constant, value: int, parent: ast.AST | None) -> None:
    negative = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)
    whole: ast.expr = parent if negative and isinstance(parent, ast.expr) else node
    signed = -value if negative else value
    cost = 1.1 if abs(value) <= 64 else 1.6
    if isinstance(parent, ast.BinOp) and isinstance(
        parent.op, (ast.Mult, ast.Div, ast.Pow, ast.FloorDiv)
    ):
        cost += 0.5
    if isinstance(parent, ast.Compare) and signed == 0:
        cost += 0.4
    index = scope.parent(whole)
    at_end = isinstance(index, ast.Subscript) and index.slice is whole
    for other in (signed + 1, signed - 1):
        unlikely = 0.8 if at_end and (signed, other) in ((-1, -2), (0, -1)) else 0.0
        scope.replace(whole, str(other), "off by one", cost + unlikely)
    if signed != 0:
        scope.replace(whole, "0", "other number", 1.8)
        scope.replace(whole, str(-signed), "other sign", 1.8)
    if signed != 1:
        scope.replace(whole, "1", "other number", 1.9)
    for other in (2, -1, 10):
        if other != signed:
            scope.replace(whole, str(other), "other number", 2.4)
    if abs(value) >= 10 and value % 10:
        scope.replace(whole, repr(signed / 10), "other number", 2.6)
        scope.replace(whole, repr(signed / 100), "other number", 2.6)
    if abs(value) >= 5:
        for factor in (10, 100):
            scope.replace(whole, str(signed * factor), "other number", 2.6)
            if value % factor == 0:
                scope.replace(whole, str(signed // factor), "other number", 2.6)
    for text in scope.constants.get("int", []):
        scope.replace(whole, text, "other number", 2.2)
    for text in _UNITS:
        if str(value) in _UNITS:
            scope.replace(whole, text, "other unit", 2.2)
    if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.arguments)) and signed in (0, 1, -1):
        for text, cost in (
            ("float('inf')", 2.3),
            ("float('-inf')", 2.3),
            ("None", 2.8),
            ("''", 3.0),
            ("[]", 3.0),
        ):
            scope.replace(whole, text, "other start value", cost)
    if isinstance(parent, ast.Return):
        for text in ("None", "False", "True", "[]", "''", "float('inf')"):
            scope.replace(whole, text, "other constant", 2.7)


_UNITS = (
    "7",
    "12",
    "24",
    "28",
    "30",
    "31",
    "52",
    "60",
    "100",
    "360",
    "365",
    "400",
    "1000",
    "1024",
    "3600",
    "86400",
)


def _other_floats(value: float, scope: Scope) -> Iterator[str]:
    yield from scope.constants.get("float", [])
    candidates = [
        -value,
        value * 10,
        value / 10,
        value * 100,
        value / 100,
        value + 1,
        value - 1,
        1 - value,
        1 + value,
    ]
    if value:
        candidates.append(1 / value)
    for other in candidates:
        rounded = round(other, 10)
        if rounded != value:
            yield repr(rounded)


def constant_to_variable(scope: Scope) -> None:
    """A literal where a variable was meant: a parameter that nothing reads first."""
    for node in scope.expressions():
        if not isinstance(node, ast.Constant) or node.value is None or node.value is Ellipsis:
            continue
        parent = scope.parent(node)
        if isinstance(parent, (ast.Expr, ast.JoinedStr, ast.FormattedValue, ast.arguments)):
            continue
        own = (type(node.value).__name__,)
        for position, name in enumerate(scope.variables(node)):
            same = alike(own, scope.types_of_name(name, node))
            forgotten = name in scope.unread_parameters(node)
            if same is False and not forgotten:
                continue
            cost = (2.4 if same else 2.9) + 0.02 * position - (1.0 if forgotten else 0.0)
            scope.replace(node, name, "variable, not literal", cost)


def _string(scope: Scope, node: ast.Constant, value: str) -> None:
    if isinstance(scope.parent(node), ast.keyword) and len(value) > 40:
        return
    for text in scope.constants.get("str", []):
        scope.replace(node, text, "other text", 2.4 if len(value) < 30 else 3.2)
    for text in scope.clues.values:
        if text[:1] in "'\"" and text != repr(value) and 0 < len(text) - 2 <= 30:
            scope.replace(node, text, "other text", 2.5)
    quote = '"' if scope.text(node)[-1:] == '"' else "'"
    for other in _near_texts(value):
        literal = repr(other)
        if quote == '"' and '"' not in literal:
            literal = f'"{literal[1:-1]}"'
        scope.replace(node, literal, "other text", 2.6)


_SEPARATORS = (" ", "", ", ", ",", "-", "_", ":", ".", "\n", "/", ";")


def _near_texts(value: str) -> Iterator[str]:
    if len(value) <= 2 and not value.isalnum():
        yield from (text for text in _SEPARATORS if text != value)
    if value.strip() != value and value.strip():
        yield value.strip()
    if value and len(value) < 30:
        for other in (value.lower(), value.upper(), value.title(), value + " ", " " + value):
            if other != value:
                yield other
    if len(value) == 1 and value.isalnum():
        yield value.swapcase()
        for other in (chr(ord(value) + 1), chr(ord(value) - 1)):
            if other.isalnum():
                yield other


# -------------------------------------------------------------------- names


def names(scope: Scope) -> None:
    """Another variable in the place of one; those that hold the same type first."""
    for node in scope.expressions():
        if not isinstance(node, ast.Name) or node.id == "cls":
            continue
        if node.id == "self":
            _other_receiver(scope, node)
            continue
        if isinstance(node.ctx, ast.Store):
            _other_target(scope, node)
            continue
        if not isinstance(node.ctx, ast.Load) or is_called(scope, node):
            continue
        own = scope.types_of_name(node.id, node)
        for position, name in enumerate(scope.variables(node)):
            if name == node.id:
                continue
            same = alike(own, scope.types_of_name(name, node))
            cost = 1.9 if same else 2.5 if same is None else 3.4
            cost += 0.02 * position
            if _letters_alike(name, node.id):
                cost -= 0.3
            if name in scope.unread_parameters(node):
                cost -= 0.8
            if isinstance(scope.parent(node), ast.Assign):
                cost += 0.3
            scope.replace(node, name, "other variable", cost)
        for name in scope.inner_functions:
            if (
                name != node.id
                and own
                and own[0] in ("function", "method", "builtin_function_or_method")
            ):
                scope.replace(node, name, "other function", 2.0)
        if isinstance(scope.parent(node), ast.Attribute) and in_method(scope, node):
            scope.replace(node, "self", "other receiver", 2.4)
        for name, what in scope.members(node).items():
            if what != "method" and in_method(scope, node):
                kinds = scope.types_of_name(f"self.{name}", node)
                same = alike(own, kinds)
                cost = 2.3 if same else 2.8 if same is None else 3.8
                if name == node.id or name == f"_{node.id}":
                    cost = 1.4
                scope.replace(node, f"self.{name}", "other variable", cost)
        for name in scope.module.top_names:
            if name.isupper() and name != node.id:
                scope.replace(node, name, "other variable", 2.8)


def _other_receiver(scope: Scope, node: ast.Name) -> None:
    """`self.x` -> `other.x`."""
    if not isinstance(scope.parent(node), ast.Attribute):
        return
    for name in scope.variables(node):
        if family(scope.types_of_name(name, node)) not in (
            "number",
            "text",
            "bool",
            "list",
            "dict",
            "set",
        ):
            scope.replace(node, name, "other receiver", 2.4)


def exchanged(scope: Scope) -> None:
    """Two variables change places everywhere in a statement or in the function."""
    function = scope.function
    if function is None:
        return
    roots: list[tuple[ast.AST, float]] = [(function, 2.6)]
    for root, cost in roots:
        inside = [
            n for statement in function.body for n in ast.walk(statement)
            if isinstance(n, ast.Name) and scope.module.editable(n)
        ]  # fmt: skip
        names = [
            n for n in dict.fromkeys(n.id for n in inside) if n in (*scope.variables(root), "self")
        ]
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                same = alike(scope.types_of_name(first, root), scope.types_of_name(second, root))
                if same is False:
                    continue
                edits = [
                    Edit(*scope.module.span(n), second if n.id == first else first)
                    for n in inside
                    if n.id in (first, second)
                ]
                if 2 <= len(edits) <= 8:
                    scope.emit(edits, "names exchanged", cost if same else cost + 0.5)


def ingredients(scope: Scope) -> None:
    """Another expression of the function in the place of one, or added to it."""
    function = scope.function
    if function is None:
        return
    texts: dict[str, tuple[str, ...]] = {}
    for inner in ast.walk(function):
        if isinstance(
            inner, (ast.Subscript, ast.Attribute, ast.Call, ast.BinOp)
        ) and scope.module.editable(inner):
            if not scope.is_loaded(inner) or is_called(scope, inner):
                continue
            text = scope.text(inner)
            if len(text) < 50 and "\n" not in text:
                texts.setdefault(text, tuple(scope.types(inner)))
    for node in scope.expressions():
        if not isinstance(node, (ast.Subscript, ast.Attribute, ast.Call, ast.BinOp, ast.Name)):
            continue
        if (
            not scope.is_loaded(node)
            or is_called(scope, node)
            or isinstance(scope.parent(node), (ast.Expr, ast.Attribute))
        ):
            continue
        if isinstance(node, ast.Name) and node.id in BUILTINS | {"self", "cls"}:
            continue
        own, text = scope.types(node), scope.text(node)
        for other, kinds in list(texts.items())[:12]:
            same = alike(own, kinds)
            if other == text or same is False or (text in other and len(other) > 3 * len(text)):
                continue
            scope.replace(node, other, "expression of another place", 3.0 if same else 3.4)
            numeric = family(own) == "number" or (not own and isinstance(node, ast.BinOp))
            if numeric and isinstance(
                scope.parent(node), (ast.Return, ast.Assign, ast.AugAssign, ast.BinOp)
            ):
                scope.replace(node, f"{text} + {other}", "term added", 3.1)


def _other_target(scope: Scope, node: ast.Name) -> None:
    parent = scope.parent(node)
    if not isinstance(parent, (ast.Assign, ast.AugAssign)):
        return
    own = scope.types_of_name(node.id, node)
    for name in scope.variables(node):
        if name != node.id:
            same = alike(own, scope.types_of_name(name, node))
            cost = 2.4 if same else 2.9 if same is None else 3.6
            scope.put(scope.module.span(node), name, "other target", cost)
    if in_method(scope, node):
        for name, what in scope.members(node).items():
            if what == "field":
                cost = 1.6 if name == node.id else 2.8
                scope.put(scope.module.span(node), f"self.{name}", "other target", cost)


def in_method(scope: Scope, node: ast.AST) -> bool:
    function = scope.function_at(node)
    while function is not None:
        arguments = function.args.posonlyargs + function.args.args
        if arguments and arguments[0].arg == "self":
            return True
        function = scope.module.function_of(function)
    return False


def _letters_alike(left: str, right: str) -> bool:
    """`i`/`j`, `start`/`end2`/`start2`: names that are easily mistaken."""
    if len(left) <= 2 and len(right) <= 2:
        return True
    return left.rstrip("0123456789_s") == right.rstrip("0123456789_s") or (
        min(len(left), len(right)) > 2 and (left in right or right in left)
    )


def is_called(scope: Scope, node: ast.expr) -> bool:
    parent = scope.parent(node)
    return isinstance(parent, ast.Call) and parent.func is node


def attributes(scope: Scope) -> None:
    """`self.a` -> `self.b`, `node.left` -> `node.right`, `x.y` -> `x`."""
    for node in scope.expressions():
        if not isinstance(node, ast.Attribute):
            continue
        called = is_called(scope, node)
        start = scope.module.span(node.value).end
        end = scope.module.span(node).end
        base = scope.text(node.value)
        on_self = base in ("self", "cls")
        own = scope.types(node)
        members = scope.members(node) if on_self else {}
        names = list(members) if on_self else scope.attributes
        for position, name in enumerate(names[:40]):
            if name == node.attr or name.startswith("__"):
                continue
            if on_self and (members[name] == "method") != called:
                continue
            if not on_self and (name in scope.called_attributes) != called:
                continue
            same = alike(own, scope.types_of_name(f"self.{name}", node)) if on_self else None
            cost = 2.0 if same else 2.3 if same is None else 3.4
            scope.put(Span(start, end), f".{name}", "other attribute", cost + 0.03 * position)
        if called:
            continue
        if scope.is_loaded(node) and not isinstance(scope.parent(node), ast.Attribute):
            scope.replace(node, base, "attribute left out", 2.8)
        if on_self and node.attr in scope.variables(node):
            scope.put(scope.module.span(node), node.attr, "local, not attribute", 2.2)
        if on_self and scope.is_loaded(node):
            for name in scope.variables(node):
                same = alike(own, scope.types_of_name(name, node))
                scope.replace(node, name, "variable, not attribute", 2.4 if same else 3.2)


def more_attributes(scope: Scope) -> None:
    """`x` -> `x.attribute` for attributes that the file reads."""
    read = [name for name in scope.attributes if name not in scope.called_attributes][:8]
    for node in scope.expressions():
        if not isinstance(node, ast.Name) or not scope.is_loaded(node) or is_called(scope, node):
            continue
        parent = scope.parent(node)
        kinds = family(scope.types_of_name(node.id, node))
        if isinstance(parent, ast.Attribute) or kinds in ("number", "text", "bool", "list", "dict"):
            continue
        for name in read:
            scope.replace(node, f"{node.id}.{name}", "attribute added", 3.0)


# -------------------------------------------------------------------- items and slices


def items(scope: Scope) -> None:
    """Indexes and slices: one further, the other end, the other order."""
    for node in scope.expressions():
        if isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Slice):
                _slice(scope, node, node.slice)
            else:
                _index(scope, node)
                item_to_slice(scope, node)


def _index(scope: Scope, node: ast.Subscript) -> None:
    base, index = scope.text(node.value), scope.text(node.slice)
    numeric = family(scope.types(node.slice)) in ("number", "")
    is_dict = family(scope.types(node.value)) == "dict"
    if isinstance(node.value, ast.Subscript) and not isinstance(node.value.slice, ast.Slice):
        inner = scope.text(node.value.slice)
        outer = scope.text(node.value.value)
        if isinstance(node.ctx, ast.Load):
            scope.replace(node, f"{outer}[{index}][{inner}]", "indexes swapped", 1.8)
        else:
            scope.emit_swap(node.value.slice, node.slice, "indexes swapped", 1.8)
    if isinstance(node.ctx, ast.Load):
        if is_dict:
            for default, cost in (
                ("0", 2.0),
                ("None", 2.4),
                ("[]", 2.4),
                ("''", 2.6),
                ("False", 2.8),
            ):
                scope.replace(
                    node, f"{base}.get({index}, {default})", "default for a missing key", cost
                )
        scope.replace(node, base, "index left out", 2.8)
        scope.replace(node, index, "index instead of item", 2.6)
        if isinstance(node.slice, ast.Constant) and node.slice.value == 0:
            scope.replace(node, f"{base}[-1]", "other end", 1.4)
        if isinstance(node.slice, ast.UnaryOp):
            scope.replace(node, f"{base}[0]", "other end", 1.4)
    if numeric and not is_dict and isinstance(node.slice, (ast.Name, ast.BinOp)):
        for text, cost in ((f"{index} - 1", 1.6), (f"{index} + 1", 1.6)):
            scope.replace(node.slice, text, "index off by one", cost)
        if isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Name):
            scope.replace(node.slice, f"-{index}", "index from the end", 2.6)
            scope.replace(node.slice, f"-{index} - 1", "index from the end", 3.0)
            scope.replace(node.slice, f"{index} % len({base})", "index wraps around", 3.1)


def _slice(scope: Scope, node: ast.Subscript, part: ast.Slice) -> None:
    base = scope.text(node.value)
    lower = scope.text(part.lower) if part.lower else ""
    upper = scope.text(part.upper) if part.upper else ""
    step = scope.text(part.step) if part.step else ""

    def put(low: str, high: str, by: str, kind: str, cost: float) -> None:
        inner = f"{low}:{high}" + (f":{by}" if by else "")
        scope.replace(node, f"{base}[{inner}]", kind, cost)

    for text in _shifted(part.lower, lower):
        put(text, upper, step, "slice off by one", 1.5)
    for text in _shifted(part.upper, upper):
        put(lower, text, step, "slice off by one", 1.4)
    if lower and upper:
        put(lower, f"{lower} + {upper}", step, "slice bound", 2.0)
    for name in scope.variables(node):
        if upper and family(scope.types_of_name(name, node)) == "number" and name not in upper:
            put(lower, f"{upper} + {name}", step, "slice bound", 2.7)
    if lower:
        put("", upper, step, "slice bound left out", 2.2)
    else:
        put("1", upper, step, "slice bound added", 2.0)
    if upper:
        put(lower, "", step, "slice bound left out", 2.0)
    else:
        put(lower, "-1", step, "slice bound added", 2.2)
        if step == "":
            put(lower, "", "-1", "slice reversed", 2.4)
    if lower and upper:
        put(upper, lower, step, "slice bounds swapped", 2.2)
    elif lower or upper:
        put(upper, lower, step, "slice bounds swapped", 1.8)
    if step:
        put(lower, upper, "", "slice step left out", 2.2)
        put(lower, upper, step[1:] if step.startswith("-") else f"-{step}", "slice reversed", 2.0)
    if isinstance(node.ctx, ast.Load):
        scope.replace(node, base, "slice left out", 2.4)


def item_to_slice(scope: Scope, node: ast.Subscript) -> None:
    """`x[i]` -> `x[i:]`, `x[:i]`, `x[j:i]`."""
    if not isinstance(node.ctx, ast.Load) or family(scope.types(node.value)) == "dict":
        return
    base, index = scope.text(node.value), scope.text(node.slice)
    scope.replace(node, f"{base}[{index}:]", "slice, not item", 2.7)
    scope.replace(node, f"{base}[:{index}]", "slice, not item", 2.7)
    for name in scope.variables(node):
        if family(scope.types_of_name(name, node)) == "number" and name != index:
            scope.replace(node, f"{base}[{name}:{index}]", "slice, not item", 2.9)
            scope.replace(node, f"{base}[{index}:{name}]", "slice, not item", 2.9)


def _shifted(node: ast.expr | None, text: str) -> Iterator[str]:
    if node is None:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield str(node.value + 1)
        yield str(node.value - 1)
        return
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return  # the constant inside is varied as such
    yield f"{text} + 1"
    yield f"{text} - 1"


def new_slices(scope: Scope) -> None:
    """`xs` -> `xs[1:]`, `xs[:-1]`, `xs[::-1]`, `xs[:k]`, `xs[0]`."""
    for node in scope.expressions():
        if not isinstance(node, (ast.Name, ast.Attribute)) or not scope.is_loaded(node):
            continue
        parent = scope.parent(node)
        if isinstance(parent, ast.Attribute) or is_called(scope, node):
            continue
        if isinstance(parent, ast.Subscript) and parent.value is node:
            continue
        if isinstance(node, ast.Name) and node.id in BUILTINS | {"self", "cls"}:
            continue
        kind = family(scope.types(node))
        if kind not in ("list", "text", ""):
            continue
        extra = 0.0 if kind else 0.8
        text = scope.text(node)
        for part, cost in (
            ("[1:]", 2.5),
            ("[:-1]", 2.6),
            ("[::-1]", 2.6),
            ("[0]", 2.8),
            ("[-1]", 2.8),
            ("[:]", 2.5),
        ):
            scope.replace(node, text + part, "slice added", cost + extra)
        if not kind:
            continue
        for name in scope.variables(node):
            if family(scope.types_of_name(name, node)) == "number":
                scope.replace(node, f"{text}[{name}:]", "slice added", 2.9)
                scope.replace(node, f"{text}[:{name}]", "slice added", 2.9)
                if not isinstance(parent, (ast.For, ast.comprehension)):
                    scope.replace(node, f"{text}[{name}]", "index added", 3.0)


_COUNTS = frozenset(("len", "index", "find", "rfind", "count", "int", "bisect", "bisect_left"))


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def off_by_one(scope: Scope) -> None:
    """`e` -> `e + 1`, `e - 1`, `-e` for numbers; likeliest in ranges, slices and comparisons."""
    for node in scope.expressions():
        if isinstance(node, ast.Constant) or not scope.is_loaded(node):
            continue
        if not isinstance(node, (ast.Name, ast.Call, ast.BinOp, ast.Attribute, ast.Subscript)):
            continue
        parent = scope.parent(node)
        if is_called(scope, node) or isinstance(parent, (ast.Attribute, ast.Expr)):
            continue
        if isinstance(parent, ast.Subscript) and (parent.value is node or parent.slice is node):
            continue  # see `items`
        kind = family(scope.types(node))
        if kind not in ("number", ""):
            continue
        cost = 2.6
        if (
            isinstance(parent, ast.Call)
            and isinstance(parent.func, ast.Name)
            and parent.func.id == "range"
        ):
            cost = 1.2
        elif isinstance(parent, ast.Return):
            cost = 1.7
        elif isinstance(parent, ast.Compare):
            cost = 2.0
        elif isinstance(parent, ast.Assign) and isinstance(node, ast.Name):
            cost = 1.8
        elif isinstance(parent, (ast.Call, ast.Assign)):
            cost = 2.2
        if not kind:
            cost += 0.6
        if isinstance(node, ast.BinOp):
            cost += 0.2
        if isinstance(node, ast.Call) and _name_of(node.func) not in _COUNTS:
            cost += 0.7  # a sum or a lookup is seldom one too much
        text = scope.text(node)
        scope.replace(node, f"{text} + 1", "off by one", cost)
        scope.replace(node, f"{text} - 1", "off by one", cost)
        if kind == "number" and not isinstance(parent, (ast.BinOp, ast.Slice)):
            scope.replace(node, f"-{_tight(scope, node)}", "other sign", 2.7)


def _tight(scope: Scope, node: ast.expr) -> str:
    text = scope.text(node)
    return f"({text})" if isinstance(node, ast.BinOp) else text


def shrink(scope: Scope) -> None:
    """An expression becomes a variable or a part of itself: `f(x)[0]` -> `x`."""
    for node in scope.expressions():
        if not scope.is_loaded(node) or isinstance(node, (ast.Name, ast.Constant, ast.Attribute)):
            continue
        if isinstance(node, (ast.Starred, ast.Slice, ast.Lambda)) or isinstance(
            scope.parent(node), (ast.Expr, Definition)
        ):
            continue
        own = scope.types(node)
        for name in scope.variables(node):
            kinds = scope.types_of_name(name, node)
            same = alike(own, kinds)
            if same is False:
                continue
            cost = 2.7 if same else 3.1
            if isinstance(scope.parent(node), ast.Return):
                cost -= 0.3
            scope.replace(node, name, "variable instead of expression", cost)
        if isinstance(node, ast.IfExp):
            body, test, orelse = (scope.text(n) for n in (node.body, node.test, node.orelse))
            scope.replace(node, f"{orelse} if {test} else {body}", "branches swapped", 1.8)
            scope.replace(node, body, "condition left out", 2.6)
            scope.replace(node, orelse, "condition left out", 2.6)
        elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
            _tuple(scope, node)
        elif isinstance(node, ast.Await):
            scope.replace(node, scope.text(node.value), "await removed", 2.4)


def _tuple(scope: Scope, node: ast.Tuple) -> None:
    for index in range(len(node.elts) - 1):
        scope.emit_swap(node.elts[index], node.elts[index + 1], "tuple order", 1.8)


def lists(scope: Scope) -> None:
    """`[x]` <-> `x`, `[]` <-> `[[]]`, `a` -> `[a] + ...`, comprehension parts."""
    for node in scope.expressions():
        parent = scope.parent(node)
        if isinstance(node, ast.List) and isinstance(node.ctx, ast.Load):
            if not node.elts:
                scope.replace(node, "[[]]", "nested list", 2.2)
                for name in scope.variables(node):
                    cost = 2.2 if isinstance(parent, ast.Return) else 2.7
                    scope.replace(node, f"[{name}]", "list with a value", cost)
            elif len(node.elts) == 1:
                scope.replace(node, scope.text(node.elts[0]), "brackets removed", 2.3)
                scope.replace(node, "[]", "empty list", 2.4)
                if isinstance(node.elts[0], ast.Starred):
                    scope.replace(node, scope.text(node.elts[0].value), "brackets removed", 2.4)
            for index, element in enumerate(node.elts):
                if isinstance(element, (ast.Name, ast.Call)):
                    text = scope.text(element)
                    scope.put(scope.module.span(element), f"*{text}", "unpacked", 2.8)
                if len(node.elts) > 1:
                    rest = [scope.text(e) for i, e in enumerate(node.elts) if i != index]
                    scope.replace(node, f"[{', '.join(rest)}]", "element left out", 2.8)
        elif isinstance(node, (ast.Name, ast.Call, ast.Attribute)) and scope.is_loaded(node):
            if is_called(scope, node) or isinstance(parent, (ast.Attribute, ast.Expr)):
                continue
            if isinstance(parent, ast.Subscript) and parent.value is node:
                continue
            if isinstance(parent, (ast.Return, ast.BinOp, ast.Call, ast.Yield)):
                scope.replace(node, f"[{scope.text(node)}]", "brackets added", 2.7)


def concatenation(scope: Scope) -> None:
    """`xs` -> `xs + ys`, `ys + xs`, `[x] + xs`: a part that was forgotten."""
    for node in scope.expressions():
        parent = scope.parent(node)
        if not scope.is_loaded(node) or isinstance(node, ast.Constant):
            continue
        if isinstance(node, ast.BinOp) and isinstance(parent, ast.BinOp):
            continue
        if not isinstance(parent, (ast.Return, ast.Assign, ast.AugAssign, ast.BinOp, ast.Call)):
            continue
        if is_called(scope, node):
            continue
        kind = family(scope.types(node)) or (
            family(scope.result_types(node)) if isinstance(parent, ast.Return) else ""
        )
        text = scope.text(node)
        if kind in ("list", "text"):
            for name in scope.variables(node):
                other = family(scope.types_of_name(name, node))
                if other == kind and name != text:
                    scope.replace(node, f"{text} + {name}", "part added", 2.8)
                    scope.replace(node, f"{name} + {text}", "part added", 2.8)
                elif kind == "list":
                    scope.replace(node, f"{text} + [{name}]", "part added", 3.0)
                    scope.replace(node, f"[{name}] + {text}", "part added", 3.0)
            for literal in scope.constants.get("str", [])[:4] if kind == "text" else ():
                scope.replace(node, f"{text} + {literal}", "part added", 3.3)
        elif kind == "number":
            for name in scope.variables(node):
                if family(scope.types_of_name(name, node)) == "number" and name != text:
                    for operator, cost in (
                        ("+", 2.8),
                        ("-", 2.8),
                        ("*", 3.0),
                        ("//", 3.4),
                        ("%", 3.4),
                    ):
                        scope.replace(node, f"{text} {operator} {name}", "term added", cost)
                    scope.replace(node, f"{name} - {_tight(scope, node)}", "term added", 3.0)
            scope.replace(node, f"1 + {text}", "term added", 2.6)
        elif kind == "set":
            for name in scope.variables(node):
                if family(scope.types_of_name(name, node)) in ("set", "list"):
                    scope.replace(node, f"{text} | {name}", "part added", 3.0)
                    scope.replace(node, f"{text} - {name}", "part added", 3.0)


def parallel_parts(scope: Scope) -> None:
    """`a + left[i:]` -> `a + left[i:] + right[j:]`: the same part once more, with the names of
    its twin."""
    for node in scope.expressions():
        if not isinstance(node, ast.BinOp) or not isinstance(
            node.op, (ast.Add, ast.Mult, ast.BitOr)
        ):
            continue
        part = node.right
        loose = [
            n for n in ast.walk(part) if isinstance(n, ast.Name) and n.id in scope.variables(node)
        ]
        names = list(dict.fromkeys(n.id for n in loose))
        if not 1 <= len(names) <= 2:
            continue
        operator, whole = OPERATORS[type(node.op)], scope.text(node)
        others = [
            [
                v
                for v in scope.variables(node)
                if v != name
                and alike(scope.types_of_name(name, node), scope.types_of_name(v, node))
                is not False
            ]
            for name in names
        ]
        for chosen in product(*others):
            twin = scope.with_names(part, dict(zip(names, chosen, strict=True)))
            scope.replace(node, f"{whole} {operator} {twin}", "part added", 2.9)


def comprehensions(scope: Scope) -> None:
    """A filter left out or added, targets swapped, another kind of comprehension."""
    for node in scope.expressions():
        if not isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            continue
        for generator in node.generators:
            for condition in generator.ifs:
                span = scope.module.span(condition)
                before = scope.module.text.data[: span.start]
                start = before.rfind(b"if")
                if start > 0:
                    start -= 1 if before[start - 1 : start] == b" " else 0
                    scope.put(Span(start, span.end), "", "filter left out", 2.2)
            if not generator.ifs:
                end = scope.module.span(generator.iter).end
                for target in ast.walk(generator.target):
                    if isinstance(target, ast.Name):
                        scope.put(Span(end, end), f" if {target.id}", "filter added", 2.8)
                        scope.put(
                            Span(end, end), f" if {target.id} is not None", "filter added", 3.0
                        )
        if isinstance(node, ast.SetComp):
            text = scope.text(node)
            scope.replace(node, f"[{text[1:-1]}]", "list, not set", 2.4)
        elif isinstance(node, ast.ListComp):
            text = scope.text(node)
            scope.replace(node, f"{{{text[1:-1]}}}", "set, not list", 2.8)
        elif isinstance(node, ast.DictComp):
            scope.emit_swap(node.key, node.value, "key and value swapped", 1.8)


# -------------------------------------------------------------------- formatted text

_HOLE = re.compile(r"\{([^{}!:]+)((?:![rsa])?)((?::[^{}]*)?)\}")
_DIGITS = re.compile(r"\.(\d)([fge%]?)")


def formatted(scope: Scope) -> None:
    """Inside f-strings: another variable, another number of digits, other text between."""
    for node in scope.nodes:
        if not isinstance(node, ast.JoinedStr) or isinstance(
            scope.parent(node), ast.FormattedValue
        ):
            continue
        span = scope.module.span(node)
        text = scope.module.text.slice(span)
        if not text.isascii() or "\n" in text:
            continue
        for match in _HOLE.finditer(text):
            _hole(scope, node, span.start, match)
        for match in re.finditer(r"(?<=[\w}])(, |,|: |:|-| |/|_)(?=[{\w])", text):
            if _is_inside_hole(text, match.start()):
                continue
            for other in _SEPARATORS:
                if other != match[0] and "\n" not in other:
                    here = Span(span.start + match.start(), span.start + match.end())
                    scope.put(here, other, "other text", 2.6)


def _is_inside_hole(text: str, position: int) -> bool:
    return text.rfind("{", 0, position) > text.rfind("}", 0, position)


def _hole(scope: Scope, node: ast.JoinedStr, start: int, match: re.Match[str]) -> None:
    inner = Span(start + match.start(1), start + match.end(1))
    name = match[1].strip()
    for position, other in enumerate(scope.variables(node)):
        if other != name:
            scope.put(inner, other, "other variable", 2.3 + 0.02 * position)
    if name.startswith("self."):
        for member, what in scope.members(node).items():
            if what != "method" and f"self.{member}" != name:
                scope.put(inner, f"self.{member}", "other attribute", 2.2)
    elif in_method(scope, node) and name in scope.members(node):
        scope.put(inner, f"self.{name}", "self added", 1.2)
    if name.isidentifier() or name.startswith("self."):
        for template, cost in (("{} + 1", 2.2), ("{} - 1", 2.4), ("{}()", 2.6), ("len({})", 3.0)):
            scope.put(inner, template.format(name), "expression in text", cost)
    spec = Span(start + match.start(3), start + match.end(3))
    digits = _DIGITS.search(match[3])
    if digits:
        for other in ("0", "1", "2", "3"):
            if other != digits[1]:
                new = match[3][: digits.start(1)] + other + match[3][digits.end(1) :]
                scope.put(spec, new, "other format", 2.0)
    elif not match[3] and "number" in family(scope.types_of_name(name, node)):
        for new in (":.2f", ":.1f", ":,", ":02d"):
            scope.put(spec, new, "other format", 2.7)
