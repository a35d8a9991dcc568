"""What stands around a body: defaults, decorators, base-class initialisers, handlers, imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from treewright_agent.repair.model import Edit
from treewright_agent.repair.mutate.expressions import in_method
from treewright_agent.repair.mutate.scope import BUILTINS, Scope
from treewright_agent.repair.mutate.statements import is_docstring, is_plain_value
from treewright_agent.repair.source import Definition, own_nodes
from treewright_indexer.text import Span


def mutable_defaults(scope: Scope) -> None:
    """`def f(x=[])` -> `def f(x=None)` with `if x is None: x = []`."""
    function = scope.function
    if function is None:
        return
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = list(
        zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    pairs += [
        (a, d)
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if d is not None
    ]
    body = [s for s in function.body if not is_docstring(scope, s)] or function.body
    for argument, default in pairs:
        if not isinstance(default, (ast.List, ast.Dict, ast.Set, ast.Call)):
            continue
        if not scope.module.begins_line(body[0]):
            continue
        name, text = argument.arg, scope.text(default)
        indent, break_ = scope.module.indent(body[0]), scope.module.text.newline
        start = scope.module.line_start(body[0].lineno)
        step = scope.step(body[0])
        guard = f"{indent}if {name} is None:{break_}{indent}{step}{name} = {text}{break_}"
        scope.emit(
            [Edit(*scope.module.span(default), "None"), Edit(start, start, guard)],
            "default made anew", 0.9,
        )  # fmt: skip


def defaults(scope: Scope) -> None:
    """The value of a default that is only wrong."""
    function = scope.function
    if function is None:
        return
    for default in [*function.args.defaults, *(d for d in function.args.kw_defaults if d)]:
        if isinstance(default, ast.Constant) and scope.touches(function):
            value = default.value
            if isinstance(value, bool):
                scope.replace(default, str(not value), "other default", 1.9)
            elif isinstance(value, int):
                for other in (value + 1, value - 1, 0, 1):
                    scope.replace(default, str(other), "other default", 2.3)


def decorators(scope: Scope) -> None:
    """`@property`, `@staticmethod`, `@classmethod` that is missing or too much."""
    function = scope.function
    if function is None or scope.module.class_of(function) is None:
        return
    span = Span(*([scope.module.line_start(function.lineno)] * 2))
    indent, break_ = scope.module.indent(function), scope.module.text.newline
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    wanted: list[tuple[str, float]] = []
    if names == ["self"]:
        read = any(
            isinstance(n, ast.Attribute)
            and n.attr == function.name
            and isinstance(n.ctx, ast.Load)
            and getattr(scope.parent(n), "func", None) is not n
            for n in ast.walk(scope.module.tree)
        )
        wanted.append(("property", 1.0 if read else 2.4))
    if names[:1] == ["cls"]:
        wanted.append(("classmethod", 1.4))
    elif names[:1] != ["self"]:
        wanted.append(("staticmethod", 1.4))
    present = {scope.text(d) for d in function.decorator_list}
    for name, cost in wanted:
        if name not in present:
            scope.put(span, f"{indent}@{name}{break_}", "decorator added", cost, outside=True)
    for decorator in function.decorator_list:
        start = scope.module.line_start(decorator.lineno)
        end = scope.module.line_start(decorator.lineno + 1)
        scope.put(Span(start, end), "", "decorator removed", 2.6, outside=True)


def base_initialiser(scope: Scope) -> None:
    """`super().__init__(…)` at the start of `__init__`."""
    function = scope.function
    if function is None or function.name != "__init__":
        return
    owner = scope.module.class_of(function)
    if owner is None or not owner.bases:
        return
    if "super()" in scope.text(function):
        return
    body = [s for s in function.body if not is_docstring(scope, s)]
    if not body:
        return
    base = next(
        (
            node
            for node in ast.walk(scope.module.tree)
            if isinstance(node, ast.ClassDef) and node.name in {scope.text(b) for b in owner.bases}
        ),
        None,
    )
    own = [a.arg for a in function.args.args[1:]]
    calls = {"super().__init__()": 1.6, f"super().__init__({', '.join(own)})": 1.6}
    if base is not None:
        init = next(
            (n for n in base.body if isinstance(n, Definition) and n.name == "__init__"), None
        )
        if init is not None:
            taken = [a.arg for a in init.args.args[1:]]
            shared = [name for name in taken if name in own]
            calls[f"super().__init__({', '.join(shared)})"] = 1.2
    for call, cost in calls.items():
        scope.insert_before(body[0], [call], "super().__init__ added", cost)


def handlers(scope: Scope) -> None:
    """Another exception is caught or raised; a handler says something instead of nothing."""
    wanted = [name for name, _ in scope.clues.expected_raises]
    raised = [name for name in scope.clues.kinds if name not in ("AssertionError", "Exception")]
    root: ast.AST = scope.function or scope.module.tree
    for node in ast.walk(root):
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            for other in dict.fromkeys((*wanted, *_CONFUSED.get(scope.text(name), ()))):
                cost = 1.1 if other in wanted else 2.6
                scope.replace(name, other, "other exception", cost)
        elif isinstance(node, ast.ExceptHandler):
            _handler(scope, node, raised, wanted)


_CONFUSED = {
    "KeyError": ("IndexError", "ValueError"), "ValueError": ("TypeError", "KeyError"),
    "TypeError": ("ValueError",), "IndexError": ("KeyError", "ValueError"),
    "Exception": ("ValueError", "TypeError"), "RuntimeError": ("ValueError",),
    "AttributeError": ("KeyError", "TypeError"), "LookupError": ("KeyError",),
}  # fmt: skip


def _handler(scope: Scope, node: ast.ExceptHandler, raised: list[str], wanted: list[str]) -> None:
    if node.type is not None:
        text = scope.text(node.type)
        for other in dict.fromkeys((*raised, *_CONFUSED.get(text, ()))):
            if other == text:
                continue
            cost = 1.3 if other in raised else 2.6
            scope.replace(node.type, other, "other exception caught", cost)
            if isinstance(node.type, ast.Tuple):
                scope.replace(
                    node.type, f"{text[:-1].rstrip(', ')}, {other})", "exception added", cost + 0.1
                )
            else:
                scope.replace(node.type, f"({text}, {other})", "exception added", cost + 0.1)
    only = node.body[0]
    if len(node.body) == 1:
        span = scope.module.span(only)
        for text, cost in (
            ("raise", 2.0),
            ("return None", 2.4),
            ("return False", 2.4),
            ("continue", 2.6),
        ):
            scope.put(span, text, "handler", cost)
        for name in wanted:
            scope.put(span, f"raise {name}", "handler", 1.9)
        for value in filter(is_plain_value, scope.clues.values[:4]):
            scope.put(span, f"return {value}", "handler", 2.2)
    if not isinstance(node.body[-1], (ast.Raise, ast.Return)):
        scope.insert_after(node.body[-1], ["raise"], "raised again", 2.4)


def try_around(scope: Scope) -> None:
    """`x = f()` -> `try: …  except E: return value` where E left a failing test."""
    kinds = [
        k
        for k in scope.clues.kinds
        if k
        not in (
            "AssertionError",
            "Exception",
            "OutOfTime",
            "NameError",
            "LookupError",
            "ArithmeticError",
        )
    ]
    if not kinds:
        return
    for statement in scope.statements():
        if (scope.module.file, statement.lineno) not in scope.clues.raised_at:
            continue
        if not scope.module.begins_line(statement) or isinstance(
            statement, (ast.If, ast.For, ast.While, ast.With, ast.Try)
        ):
            continue
        indent, break_ = scope.module.indent(statement), scope.module.text.newline
        step = scope.step(statement)
        body = scope.text(statement)
        if "\n" in body:
            continue
        actions = [
            f"return {value}" for value in (*filter(is_plain_value, scope.clues.values[:4]), "None")
        ]
        actions += [f"raise {name}" for name, _ in scope.clues.expected_raises]
        if any(isinstance(a, (ast.For, ast.While)) for a in scope.module.ancestors(statement)):
            actions.append("continue")
        for kind in kinds[:3]:
            for action in actions:
                text = (
                    f"try:{break_}{indent}{step}{body}{break_}{indent}except {kind}:"
                    f"{break_}{indent}{step}{action}"
                )
                scope.put(scope.module.span(statement), text, "exception caught", 2.9)


# -------------------------------------------------------------------- names that are not there


def undefined(scope: Scope) -> None:
    """A name that nothing defines: the nearest that is defined, `self.`, `global`, an import."""
    if not scope.clues.undefined:
        return
    for node in scope.expressions():
        if not isinstance(node, ast.Name) or node.id not in scope.clues.undefined:
            continue
        members = scope.members(node)
        if in_method(scope, node) and (node.id in members or f"_{node.id}" in members):
            name = node.id if node.id in members else f"_{node.id}"
            scope.replace(node, f"self.{name}", "self added", 0.6)
        known = [*scope.variables(node), *scope.module.top_names, *BUILTINS]
        for other in _nearest(node.id, known):
            scope.replace(node, other, "misspelt name", 0.8)
    function = scope.function
    if function is not None:
        _declared(scope, function)
    _imported(scope)


def _declared(scope: Scope, function: Definition) -> None:
    """`nonlocal x` or `global x` for a name that is assigned where it should only be used."""
    for inner in ast.walk(function):
        if not isinstance(inner, Definition):
            continue
        stored = {
            n.id
            for n in own_nodes(inner)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        body = [s for s in inner.body if not is_docstring(scope, s)]
        for name in sorted(stored & scope.clues.undefined):
            if not body:
                continue
            outer = scope.module.function_of(inner)
            if outer is not None and name in scope.module.bound_in(outer):
                scope.insert_before(body[0], [f"nonlocal {name}"], "nonlocal added", 0.6)
            if name in scope.module.top_names:
                scope.insert_before(body[0], [f"global {name}"], "global added", 0.7)
            for value in ("0", "[]", "None", "''", "1", "{}", "set()", "False"):
                scope.insert_before(body[0], [f"{name} = {value}"], "initialised", 1.9)


def _imported(scope: Scope) -> None:
    lines = [s for s in scope.module.tree.body if isinstance(s, (ast.Import, ast.ImportFrom))]
    body = [s for s in scope.module.tree.body if not is_docstring(scope, s)]
    anchor = lines[-1] if lines else None
    for name in sorted(scope.clues.undefined):
        for text, cost in _imports(name):
            if anchor is not None:
                scope.insert_after(anchor, [text], "import added", cost)
            elif body:
                scope.insert_before(body[0], [text], "import added", cost)


def _imports(name: str) -> Iterator[tuple[str, float]]:
    if name in sys.stdlib_module_names:
        yield f"import {name}", 0.4
    home = _HOMES.get(name)
    if home:
        yield f"from {home} import {name}", 0.5


_HOMES = {
    "defaultdict": "collections", "Counter": "collections", "deque": "collections",
    "OrderedDict": "collections", "namedtuple": "collections", "ChainMap": "collections",
    "dataclass": "dataclasses", "field": "dataclasses", "reduce": "functools",
    "lru_cache": "functools", "partial": "functools", "wraps": "functools", "cache": "functools",
    "total_ordering": "functools", "Path": "pathlib", "datetime": "datetime",
    "timedelta": "datetime", "date": "datetime", "timezone": "datetime", "Decimal": "decimal",
    "Fraction": "fractions", "heappush": "heapq", "heappop": "heapq", "heapify": "heapq",
    "bisect_left": "bisect", "bisect_right": "bisect", "insort": "bisect", "sqrt": "math",
    "ceil": "math", "floor": "math", "gcd": "math", "permutations": "itertools",
    "combinations": "itertools", "product": "itertools", "chain": "itertools",
    "groupby": "itertools", "accumulate": "itertools", "zip_longest": "itertools",
    "Enum": "enum", "contextmanager": "contextlib", "suppress": "contextlib", "deepcopy": "copy",
    "ABC": "abc", "abstractmethod": "abc", "Optional": "typing", "Any": "typing",
    "itemgetter": "operator", "attrgetter": "operator", "mean": "statistics",
}  # fmt: skip


def _nearest(name: str, known: list[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, [n for n in dict.fromkeys(known) if n != name], 3, 0.6)


def missing_attribute(scope: Scope) -> None:
    """An attribute that the object has not: the nearest that it may have."""
    if not scope.clues.missing_attributes:
        return
    for node in scope.expressions():
        if isinstance(node, ast.Attribute) and node.attr in scope.clues.missing_attributes:
            known = [*scope.members(node), *scope.attributes, *_COMMON_METHODS]
            end = scope.module.span(node).end
            span = Span(end - len(node.attr.encode()), end)
            for other in _nearest(node.attr, known):
                scope.put(span, other, "misspelt attribute", 0.8)
    function = scope.function
    if function is not None and function.name == "__init__":
        for name in sorted(scope.clues.missing_attributes):
            for value in ("[]", "None", "{}", "0", "set()", "''", "False"):
                scope.insert_after(
                    function.body[-1], [f"self.{name} = {value}"], "field added", 1.8
                )
            for argument in function.args.args[1:]:
                cost = 1.0 if argument.arg == name.lstrip("_") else 2.4
                scope.insert_after(
                    function.body[-1], [f"self.{name} = {argument.arg}"], "field added", cost
                )


_COMMON_METHODS = (
    "append", "extend", "insert", "remove", "pop", "index", "count", "sort", "reverse", "add",
    "update", "discard", "get", "keys", "values", "items", "split", "join", "strip", "lower",
    "upper", "replace", "startswith", "endswith", "find", "format",
)  # fmt: skip
