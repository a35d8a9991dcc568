"""Values that were forgotten: a case for None, a second sort key, a length, one more of a kind."""

from __future__ import annotations

import ast
import re

from treewright_agent.repair.mutate.scope import Scope, family

_SIZED = frozenset({"text", "list", "dict", "set"})
_ABSENT = {"text": "''", "number": "0", "list": "[]", "dict": "{}", "bool": "False", "": "''"}
_SORTERS = frozenset({"sorted", "sort", "min", "max", "nlargest", "nsmallest", "groupby"})
_MAX_KEYS = 8
_DEFAULTS = {"list": "list", "dict": "dict", "set": "set", "List": "list", "Dict": "dict", "Set": "set"}  # fmt: skip


def second_keys(scope: Scope) -> None:
    """`key=lambda row: row.a` -> `key=lambda row: (row.a, row.b)`: what decides between equals."""
    fields = _fields(scope)
    for node in scope.expressions():
        parent = scope.parent(node)
        if not isinstance(node, ast.Lambda) or len(node.args.args) != 1:
            continue
        if not isinstance(parent, ast.keyword) or parent.arg != "key":
            continue
        call = scope.parent(parent)
        if not isinstance(call, ast.Call) or _name(call.func) not in _SORTERS:
            continue
        name, body = node.args.args[0].arg, node.body
        if isinstance(body, ast.Tuple) or not scope.module.editable(body):
            continue
        text = scope.text(body)
        others = [name]
        for inner in ast.walk(body):
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                others = [f"{name}.{field}" for field in fields]
                break
            if isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant):
                others = [f"{name}[{n}]" for n in (0, 1, 2)]
                break
        order = {"order", "twice"} & scope.clues.hints
        for other in others[:_MAX_KEYS]:
            if other == text:
                continue
            cost = 2.6 - (0.5 if order else 0.0)
            scope.replace(body, f"({text}, {other})", "second key", cost)
            scope.replace(body, f"({other}, {text})", "second key", cost + 0.5)
            scope.replace(body, f"(-{text}, {other})", "second key", cost + 0.4)


def _fields(scope: Scope) -> list[str]:
    """Attributes that hold values, those that this function reads first."""
    read: dict[str, None] = {}
    roots: list[ast.AST] = [scope.module.tree]
    if scope.function is not None:
        roots.insert(0, scope.function)
    for root in roots:
        for node in ast.walk(root):
            if isinstance(node, ast.Attribute):
                called = isinstance(scope.parent(node), ast.Call)
                if not called and not node.attr.startswith("_"):
                    read[node.attr] = None
    for owner in scope.module.tree.body:
        if isinstance(owner, ast.ClassDef):
            for node in owner.body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    read[node.target.id] = None
    return list(read)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def one_more(scope: Scope) -> None:
    """`a in x or b in x` -> `… or c in x`, with another literal of the function; `x == a` too."""
    for node in scope.expressions():
        if not isinstance(node, (ast.BoolOp, ast.Compare)):
            continue
        if isinstance(node, ast.Compare) and isinstance(scope.parent(node), ast.BoolOp):
            continue
        parts = node.values if isinstance(node, ast.BoolOp) else [node]
        joined = "and" if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else "or"
        seen: set[str] = set()
        for part in parts:
            if not isinstance(part, ast.Compare) or len(part.ops) != 1:
                continue
            left, right = part.left, part.comparators[0]
            if isinstance(part.ops[0], (ast.In, ast.NotIn)):
                literal, form = left, f"{{}} {_word(part.ops[0])} {scope.text(right)}"
            elif isinstance(part.ops[0], (ast.Eq, ast.NotEq)):
                literal, form = right, f"{scope.text(left)} {_word(part.ops[0])} {{}}"
            else:
                continue
            if form in seen or not isinstance(literal, (ast.Constant, ast.Name)):
                continue
            if not isinstance(literal, ast.Constant) and len(parts) == 1:
                continue
            seen.add(form)
            kind = type(literal.value).__name__ if isinstance(literal, ast.Constant) else "str"
            here = {scope.text(n) for n in ast.walk(node) if isinstance(n, ast.Constant) and scope.module.editable(n)}  # fmt: skip
            for text in scope.constants.get(kind, [])[:8]:
                if text not in here:
                    added = form.replace("{}", text, 1)
                    scope.replace(node, f"{scope.text(node)} {joined} {added}", "one more of a kind", 2.5)  # fmt: skip


def _word(operator: ast.cmpop) -> str:
    words: dict[type[ast.cmpop], str] = {
        ast.In: "in",
        ast.NotIn: "not in",
        ast.Eq: "==",
        ast.NotEq: "!=",
    }
    return words[type(operator)]


def in_text(scope: Scope) -> None:
    """Numbers and operators of a calculation inside an f-string, whose nodes have no places of
    their own before Python 3.12."""
    for node in scope.nodes:
        if not isinstance(node, ast.JoinedStr) or isinstance(
            scope.parent(node), ast.FormattedValue
        ):
            continue
        span = scope.module.span(node)
        text = scope.module.text.slice(span)
        if not text.isascii() or "\n" in text:
            continue
        for hole in re.finditer(r"\{([^{}!:]*[-+*/%][^{}!:]*)[^{}]*\}", text):
            start = span.start + hole.start(1)
            for number in re.finditer(r"(?<![\w.])\d+(?![\w.])", hole[1]):
                here = type(span)(start + number.start(), start + number.end())
                value = int(number[0])
                for other, cost in _numbers_near(value):
                    scope.put(here, str(other), "number in text", cost)
            for operator in re.finditer(r" (\+|-|\*|//|/|%) ", hole[1]):
                here = type(span)(start + operator.start(1), start + operator.end(1))
                for other in ("+", "-", "*", "/", "//", "%"):
                    if other != operator[1]:
                        scope.put(here, other, "operator in text", 2.2)


def _numbers_near(value: int) -> list[tuple[int, float]]:
    found = [(value + 1, 1.8), (value - 1, 1.8), (value * 10, 2.4), (value * 100, 2.6)]
    found += [(value // by, 2.5) for by in (10, 100) if value % by == 0 and value >= by]
    return found


def field_factories(scope: Scope) -> None:
    """`rows: list = None` in a dataclass -> `= field(default_factory=list)`."""
    if scope.function is not None or "field" not in scope.module.top_names:
        return
    for node in scope.statements():
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Constant):
            continue
        if node.value.value is not None or scope.module.class_of(node) is None:
            continue
        kind = _name(node.annotation.value if isinstance(node.annotation, ast.Subscript) else node.annotation)  # fmt: skip
        if kind in _DEFAULTS:
            text = f"field(default_factory={_DEFAULTS[kind]})"
            scope.replace(node.value, text, "field of its own", 1.4)


def lengths(scope: Scope) -> None:
    """A number where the length of something was meant."""
    for node in scope.expressions():
        if not isinstance(node, (ast.Name, ast.Attribute, ast.Constant)):
            continue
        if not scope.is_loaded(node) or family(scope.types(node)) not in ("number", ""):
            continue
        parent = scope.parent(node)
        if isinstance(parent, (ast.Expr, ast.Attribute, ast.JoinedStr, ast.FormattedValue)):
            continue
        if isinstance(parent, ast.Call) and parent.func is node:
            continue
        known = family(scope.types(node)) == "number"
        owners = [f"self.{n}" for n, what in scope.members(node).items() if what == "field"]
        for name in [*scope.variables(node), *owners][:12]:
            kinds = (
                scope.known(scope.function_at(node)).get(name, ())
                if name.startswith("self.")
                else scope.types_of_name(name, node)
            )
            sized = family(kinds)
            if sized in _SIZED or (not sized and known):
                scope.replace(node, f"len({name})", "length", 3.0 if sized and known else 3.6)


def absent(scope: Scope) -> None:
    """`f(x)` -> `'' if x is None else f(x)`, where x was seen to be None."""
    for node in scope.expressions():
        if not isinstance(node, (ast.Call, ast.BinOp, ast.Attribute, ast.Subscript)):
            continue
        if not scope.is_loaded(node) or isinstance(scope.parent(node), (ast.Expr, ast.IfExp)):
            continue
        if isinstance(scope.parent(node), ast.Call) and getattr(scope.parent(node), "func", None) is node:  # fmt: skip
            continue
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id != "self"}
        text = scope.text(node)
        for name in sorted(names & set(scope.variables(node))):
            types = scope.types_of_name(name, node)
            seen = "NoneType" in types
            if types and not seen:
                continue
            own = _ABSENT.get(family(scope.types(node)), "")
            values = dict.fromkeys((own, "''", "0", "[]", "None", name))
            for position, value in enumerate(v for v in values if v):
                cost = (2.4 if seen else 3.2) + 0.1 * position
                scope.replace(node, f"{value} if {name} is None else {text}", "case for None", cost)
