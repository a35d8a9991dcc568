"""Calls: another function of the family, arguments swapped, missing or too many, wraps."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from treewright_agent.repair.mutate.expressions import in_method, is_called
from treewright_agent.repair.mutate.scope import BUILTINS, Scope, alike, family
from treewright_agent.repair.source import Definition
from treewright_indexer.text import Span

# Functions that are taken for one another; each row both ways.
_FAMILIES: tuple[tuple[float, tuple[str, ...]], ...] = (
    (1.2, ("min", "max")),
    (1.2, ("any", "all")),
    (1.8, ("sum", "max", "min", "len")),
    (1.8, ("int", "float", "round", "str", "bool")),
    (1.8, ("list", "tuple", "set", "sorted", "frozenset", "dict")),
    (2.0, ("range", "enumerate", "reversed", "len")),
    (1.8, ("str", "repr")),
    (1.8, ("ord", "chr")),
    (1.8, ("floor", "ceil", "trunc", "round")),
    (1.8, ("isinstance", "issubclass")),
    (1.8, ("heappush", "heappop", "heapify", "heappushpop", "heapreplace")),
    (1.4, ("bisect_left", "bisect_right", "bisect", "insort", "insort_left")),
    (2.0, ("zip", "zip_longest", "product", "chain")),
    (2.0, ("permutations", "combinations", "product", "combinations_with_replacement")),
    (2.0, ("log", "log2", "log10", "exp", "sqrt")),
    (1.8, ("sin", "cos", "tan")),
    (1.8, ("dumps", "dump")),
    (1.8, ("loads", "load")),
    (2.2, ("copy", "deepcopy")),
    (2.0, ("getattr", "hasattr", "setattr")),
    (2.0, ("map", "filter")),
)
_METHODS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (1.3, ("append", "extend", "insert", "appendleft", "extendleft")),
    (1.3, ("add", "update", "discard", "remove")),
    (1.5, ("pop", "popleft", "popitem", "get", "remove", "clear")),
    (1.4, ("find", "index", "rfind", "rindex", "count")),
    (1.4, ("strip", "lstrip", "rstrip")),
    (1.4, ("removeprefix", "removesuffix", "strip", "lstrip", "rstrip")),
    (1.4, ("split", "rsplit", "splitlines", "partition", "rpartition")),
    (1.4, ("lower", "upper", "title", "capitalize", "swapcase", "casefold")),
    (1.4, ("keys", "values", "items")),
    (1.4, ("startswith", "endswith")),
    (
        1.5,
        (
            "isdigit",
            "isalpha",
            "isalnum",
            "isnumeric",
            "isdecimal",
            "isspace",
            "isupper",
            "islower",
        ),
    ),
    (1.4, ("union", "intersection", "difference", "symmetric_difference")),
    (1.5, ("intersection_update", "difference_update", "update", "symmetric_difference_update")),
    (1.4, ("issubset", "issuperset", "isdisjoint")),
    (1.5, ("ljust", "rjust", "center", "zfill")),
    (1.5, ("get", "setdefault", "pop")),
    (1.5, ("match", "search", "fullmatch", "findall", "finditer")),
    (1.5, ("seconds", "total_seconds", "days")),
    (1.6, ("weekday", "isoweekday")),
    (1.8, ("read", "readline", "readlines")),
    (1.8, ("group", "groups", "groupdict")),
    (2.0, ("most_common", "elements")),
    (1.8, ("encode", "decode")),
    (1.8, ("sort", "reverse")),
    (1.8, ("acquire", "release")),
)


def _table(rows: Sequence[tuple[float, tuple[str, ...]]]) -> dict[str, list[tuple[str, float]]]:
    table: dict[str, list[tuple[str, float]]] = {}
    for cost, names in rows:
        for name in names:
            known = {other for other, _ in table.get(name, [])}
            table.setdefault(name, []).extend(
                (other, cost) for other in names if other != name and other not in known
            )
    return table


_OTHER_FUNCTION = _table(_FAMILIES)
_OTHER_METHOD = _table(_METHODS)


def callees(scope: Scope) -> None:
    """`min(…)` -> `max(…)`, `.append` -> `.extend`, a sibling of the module or the class."""
    siblings = [
        node.name
        for node in scope.module.tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    for node in scope.expressions():
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            end = scope.module.span(node).end
            span = Span(end - len(node.attr.encode()), end)
            for name, cost in _OTHER_METHOD.get(node.attr, []):
                scope.put(span, name, "other method", cost)
            for name, cost in _OTHER_FUNCTION.get(node.attr, []):
                if is_called(scope, node):
                    scope.put(span, name, "other function", cost + 0.2)
        if not isinstance(node, ast.Call):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)
                and node.id in _OTHER_FUNCTION
                and not is_called(scope, node)
            ):
                for name, cost in _OTHER_FUNCTION[node.id]:
                    if name in BUILTINS:
                        scope.replace(node, name, "other function", cost + 0.2)
            continue
        function = node.func
        if isinstance(function, ast.Name):
            for name, cost in _OTHER_FUNCTION.get(function.id, []):
                if name in BUILTINS or name in scope.module.top_names:
                    scope.replace(function, name, "other function", cost)
            if function.id not in BUILTINS:
                for name, cost in (*_nested(scope), *((name, 2.2) for name in siblings)):
                    if name != function.id:
                        scope.replace(function, name, "sibling function", cost)
            if in_method(scope, node) and function.id in scope.members(node):
                scope.replace(function, f"self.{function.id}", "self added", 1.2)
        elif isinstance(function, ast.Attribute):
            base = scope.text(function.value)
            if base in ("self", "cls"):
                for name, what in scope.members(node).items():
                    if what == "method" and name != function.attr and not name.startswith("__"):
                        end = scope.module.span(function).end
                        start = end - len(function.attr.encode())
                        scope.put(Span(start, end), name, "sibling method", 2.2)


def _nested(scope: Scope) -> list[tuple[str, float]]:
    """Functions that are defined inside the function at hand."""
    if scope.function is None:
        return []
    return [
        (node.name, 1.8)
        for node in ast.walk(scope.function)
        if isinstance(node, Definition) and node is not scope.function
    ]


def stars(scope: Scope) -> None:
    """`f(x)` <-> `f(*x)`."""
    for node in scope.expressions():
        if not isinstance(node, ast.Call):
            continue
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                scope.put(
                    scope.module.span(argument), scope.text(argument.value), "star removed", 2.2
                )
            elif not isinstance(argument, (ast.Constant, ast.GeneratorExp)):
                kind = family(scope.types(argument))
                if kind in ("list", ""):
                    text = scope.text(argument)
                    scope.put(
                        scope.module.span(argument), f"*{text}", "star added", 2.0 if kind else 2.5
                    )


def passed_on(scope: Scope) -> None:
    """`*args` and `**kwargs` that a function takes and nobody reads, given to its calls."""
    for node in scope.expressions():
        if not isinstance(node, ast.Call):
            continue
        function = scope.function_at(node)
        while function is not None:
            read = {
                n.id
                for n in ast.walk(function)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
            }
            for extra, stars in ((function.args.vararg, "*"), (function.args.kwarg, "**")):
                if extra is not None and extra.arg not in read:
                    given = [*_arguments_of(scope, node), f"{stars}{extra.arg}"]
                    _with_arguments(scope, node, given, "argument added", 1.3)
            function = scope.module.function_of(function)


def arguments(scope: Scope) -> None:
    """Two arguments swapped, one left out, one that is missing, another keyword."""
    for node in scope.expressions():
        if not isinstance(node, ast.Call):
            continue
        plain = [a for a in node.args if not isinstance(a, ast.Starred)]
        for i in range(len(plain)):
            for j in range(i + 1, len(plain)):
                cost = 1.5 if j == i + 1 else 2.2
                scope.emit_swap(plain[i], plain[j], "arguments swapped", cost)
        for index, argument in enumerate(node.args):
            rest = [scope.text(a) for i, a in enumerate(node.args) if i != index]
            rest += [scope.text(k) for k in node.keywords]
            if not isinstance(argument, ast.GeneratorExp):
                _with_arguments(scope, node, rest, "argument left out", 2.4)
        for keyword in node.keywords:
            rest = [scope.text(a) for a in node.args]
            rest += [scope.text(k) for k in node.keywords if k is not keyword]
            _with_arguments(scope, node, rest, "argument left out", 2.3)
        _special(scope, node)
        _missing(scope, node)


def _with_arguments(
    scope: Scope, node: ast.Call, texts: Sequence[str], kind: str, cost: float
) -> None:
    scope.replace(node, f"{scope.text(node.func)}({', '.join(texts)})", kind, cost)


def _arguments_of(scope: Scope, node: ast.Call) -> list[str]:
    if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and not node.keywords:
        return [f"({scope.text(node.args[0])})"]
    return [*map(scope.text, node.args), *map(scope.text, node.keywords)]


def _special(scope: Scope, node: ast.Call) -> None:
    """What well-known functions are called with."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    given = _arguments_of(scope, node)
    keywords = {keyword.arg: keyword for keyword in node.keywords}
    if name == "range":
        if len(node.args) == 1:
            _with_arguments(scope, node, ["1", *given], "start of a range", 1.9)
            stop = given[0]
            _with_arguments(scope, node, ["1", f"{stop} + 1"], "range off by one", 1.9)
            _with_arguments(scope, node, [f"{stop} - 1", "-1", "-1"], "range backwards", 2.2)
            for variable in scope.variables(node):
                if family(scope.types_of_name(variable, node)) in ("number", ""):
                    unread = variable in scope.unread_parameters(node)
                    start_cost = 1.4 if unread else 2.2
                    _with_arguments(scope, node, [variable, *given], "start of a range", start_cost)
                    _with_arguments(
                        scope, node, [f"{variable} + 1", *given], "start of a range", 2.2
                    )
                    _with_arguments(scope, node, [*given, variable], "end of a range", 2.6)
                    _with_arguments(scope, node, ["0", *given, variable], "step of a range", 2.6)
        elif len(node.args) == 2:
            _with_arguments(scope, node, [*given, "-1"], "range backwards", 2.0)
            _with_arguments(scope, node, [*given, "2"], "step of a range", 2.4)
            _with_arguments(
                scope, node, [f"{given[1]} - 1", f"{given[0]} - 1", "-1"], "range backwards", 2.2
            )
            for variable in scope.variables(node):
                if family(scope.types_of_name(variable, node)) in ("number", ""):
                    _with_arguments(scope, node, [*given, variable], "step of a range", 2.5)
        elif len(node.args) == 3:
            _with_arguments(scope, node, given[:2], "range forwards", 2.2)
        scope.replace(node, f"reversed({scope.text(node)})", "other direction", 2.5)
    elif name == "enumerate" and len(node.args) == 1 and "start" not in keywords:
        _with_arguments(scope, node, [*given, "1"], "count from one", 1.7)
    elif name in ("sorted", "sort", "min", "max"):
        if name in ("sorted", "sort"):
            if "reverse" in keywords:
                rest = [g for g in given if not g.startswith("reverse")]
                _with_arguments(scope, node, rest, "order turned", 1.4)
            else:
                _with_arguments(scope, node, [*given, "reverse=True"], "order turned", 1.6)
        if "key" not in keywords:
            keys = [
                "len",
                "lambda item: item[0]",
                "lambda item: item[1]",
                "lambda item: -item",
                "abs",
                "str.lower",
                "str",
            ]
            keys += [f"lambda item: item.{a}" for a in scope.attributes[:4]]
            for key in keys:
                _with_arguments(scope, node, [*given, f"key={key}"], "sort key", 2.9)
        if name in ("min", "max") and "default" not in keywords and len(node.args) == 1:
            for default in ("0", "None"):
                _with_arguments(scope, node, [*given, f"default={default}"], "default added", 2.0)
    elif name == "get" and len(node.args) == 1:
        for default, cost in (
            ("0", 1.7),
            ("[]", 2.0),
            ("''", 2.1),
            ("False", 2.2),
            ("1", 2.4),
            ("{}", 2.4),
            ("set()", 2.6),
        ):
            _with_arguments(scope, node, [*given, default], "default added", cost)
        for variable in scope.variables(node):
            _with_arguments(scope, node, [*given, variable], "default added", 2.6)
    elif name == "pop":
        if not node.args:
            _with_arguments(scope, node, ["0"], "other end", 1.9)
        elif len(node.args) == 1 and not isinstance(node.args[0], ast.Constant):
            _with_arguments(scope, node, [*given, "None"], "default added", 1.8)
        elif len(node.args) == 1:
            _with_arguments(scope, node, [], "other end", 1.6)
    elif name in ("popitem", "move_to_end") and "last" not in keywords:
        _with_arguments(scope, node, [*given, "last=False"], "other end", 1.7)
    elif name in ("popitem", "move_to_end"):
        rest = [g for g in given if not g.startswith("last")]
        _with_arguments(scope, node, rest, "other end", 1.7)
    elif name == "split":
        if not node.args:
            for text in ("' '", "','"):
                _with_arguments(scope, node, [text], "separator", 2.2)
        elif len(node.args) == 1:
            _with_arguments(scope, node, [], "separator", 1.9)
            _with_arguments(scope, node, [*given, "1"], "split once", 1.9)
    elif name == "replace" and len(node.args) == 2:
        _with_arguments(scope, node, [*given, "1"], "replace once", 2.4)
    elif name == "round" and len(node.args) == 1:
        for digits in ("2", "1", "3"):
            _with_arguments(scope, node, [*given, digits], "rounding", 2.2)
    elif name in ("next", "getattr") and len(node.args) == (1 if name == "next" else 2):
        _with_arguments(scope, node, [*given, "None"], "default added", 1.8)
    elif name == "sum" and len(node.args) == 1:
        for variable in scope.variables(node):
            _with_arguments(scope, node, [*given, variable], "start of a sum", 3.0)
    elif name == "int" and len(node.args) == 1:
        for base in ("2", "16"):
            _with_arguments(scope, node, [*given, base], "base", 2.6)
    elif name == "zip":
        scope.replace(node, f"list({scope.text(node)})", "made a list", 2.8)


def _missing(scope: Scope, node: ast.Call) -> None:
    """An argument that the callee takes and the call leaves out."""
    definition = _definition(scope, node)
    if definition is None:
        return
    taken = [a.arg for a in definition.args.posonlyargs + definition.args.args]
    if taken[:1] in (["self"], ["cls"]):
        taken = taken[1:]
    keywords = {keyword.arg for keyword in node.keywords}
    given = _arguments_of(scope, node)
    n_positional = len(node.args)
    for name in [*taken[n_positional:], *(a.arg for a in definition.args.kwonlyargs)]:
        if name in keywords:
            continue
        for variable in scope.variables(node):
            cost = 1.3 if variable == name else 2.6
            positional = taken[n_positional : n_positional + 1] == [name] and not keywords
            text = variable if positional else f"{name}={variable}"
            _with_arguments(scope, node, [*given, text], "argument added", cost)
        for literal in ("True", "False", "0", "1", "None"):
            text = f"{name}={literal}"
            _with_arguments(scope, node, [*given, text], "argument added", 3.0)
    if 0 < n_positional < len(taken):
        for position in range(n_positional):
            for variable in scope.variables(node):
                texts = [*given[:position], variable, *given[position:]]
                _with_arguments(scope, node, texts, "argument added", 2.8)


def _definition(scope: Scope, node: ast.Call) -> Definition | None:
    function = node.func
    if isinstance(function, ast.Name):
        for candidate in ast.walk(scope.module.tree):
            if isinstance(candidate, Definition) and candidate.name == function.id:
                return candidate
            if isinstance(candidate, ast.ClassDef) and candidate.name == function.id:
                return _method(candidate, "__init__")
    elif isinstance(function, ast.Attribute):
        owners = [n for n in ast.walk(scope.module.tree) if isinstance(n, ast.ClassDef)]
        for owner in owners:
            method = _method(owner, function.attr)
            if method is not None:
                return method
    return None


def _method(owner: ast.ClassDef, name: str) -> Definition | None:
    return next((n for n in owner.body if isinstance(n, Definition) and n.name == name), None)


# -------------------------------------------------------------------- wraps


def unwraps(scope: Scope) -> None:
    """`f(x)` -> `x`, `x.f()` -> `x`, `f()` <-> `f`, `not x` and the like stay elsewhere."""
    for node in scope.expressions():
        if isinstance(node, ast.Call):
            if isinstance(scope.parent(node), ast.Expr):
                continue
            for argument in node.args[:3]:
                if not isinstance(argument, (ast.Starred, ast.GeneratorExp)):
                    scope.replace(node, scope.text(argument), "call left out", 2.2)
            if isinstance(node.func, ast.Attribute):
                scope.replace(node, scope.text(node.func.value), "call left out", 2.3)
            if not node.args and not node.keywords:
                scope.replace(node, scope.text(node.func), "not called", 2.6)
        elif isinstance(node, (ast.Name, ast.Attribute)) and scope.is_loaded(node):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if is_called(scope, node) or isinstance(scope.parent(node), ast.Attribute):
                continue
            if (
                name in scope.called_attributes
                or name in scope.module.top_names
                or name in _PLAIN_METHODS
            ):
                if isinstance(node, ast.Name) and name in _PLAIN_METHODS:
                    continue
                scope.replace(node, f"{scope.text(node)}()", "called", 1.8)


_PLAIN_METHODS = frozenset(("lower", "upper", "strip", "keys", "values", "items", "copy", "pop"))

# Wraps by what is wrapped: template, cost.
_NUMBER_WRAPS = (
    ("abs({})", 2.0), ("int({})", 2.4), ("round({})", 2.6), ("round({}, 2)", 2.6),
    ("str({})", 2.6), ("max({}, 0)", 2.3), ("min({}, 1)", 3.0), ("max({}, 1)", 2.8),
    ("float({})", 3.0), ("math.floor({})", 3.2), ("math.ceil({})", 3.2), ("[{}]", 3.4),
)  # fmt: skip
_TEXT_WRAPS = (
    ("{}.lower()", 2.2), ("{}.strip()", 2.2), ("int({})", 2.4), ("{}.upper()", 2.6),
    ("len({})", 2.4), ("str({})", 2.8), ("list({})", 2.8), ("float({})", 2.8), ("{}.title()", 3.2),
    ("{}.rstrip()", 2.8), ("{}.lstrip()", 3.0), ("{}.split()", 2.8), ("{}.encode()", 3.2),
    ("sorted({})", 3.0), ("''.join(sorted({}))", 3.4), ("ord({})", 3.0), ("set({})", 3.0),
    ("{}.capitalize()", 3.2), ("''.join({})", 3.2), ("re.escape({})", 3.2),
)  # fmt: skip
_LIST_WRAPS = (
    ("len({})", 2.2), ("list({})", 2.0), ("sorted({})", 2.2), ("set({})", 2.4), ("tuple({})", 2.4),
    ("{}.copy()", 2.1), ("reversed({})", 2.8), ("sum({})", 2.8), ("max({})", 2.8), ("min({})", 2.8),
    ("enumerate({})", 2.8), ("''.join({})", 2.8), ("str({})", 3.0), ("list(reversed({}))", 2.8),
    ("copy.deepcopy({})", 3.0), ("list(set({}))", 3.2), ("sorted(set({}))", 3.2), ("any({})", 3.2),
    ("all({})", 3.2), ("list(dict.fromkeys({}))", 3.0), ("dict({})", 3.0), ("zip(*{})", 3.0),
    ("list(zip(*{}))", 2.9), ("{}[0]", 2.4), ("{}[-1]", 2.5), ("{}[1]", 2.8),
)  # fmt: skip
_DICT_WRAPS = (
    ("{}.copy()", 2.0), ("dict({})", 2.2), ("{}.items()", 2.2), ("{}.values()", 2.2),
    ("list({})", 2.2), ("{}.keys()", 2.8), ("len({})", 2.4), ("sorted({})", 2.4),
    ("list({}.items())", 2.6), ("list({}.values())", 2.8), ("copy.deepcopy({})", 2.8),
    ("sorted({}.items())", 2.8), ("sum({}.values())", 3.0), ("set({})", 3.0),
)  # fmt: skip
_SET_WRAPS = (
    ("sorted({})", 2.0), ("list({})", 2.0), ("len({})", 2.2), ("{}.copy()", 2.2), ("set({})", 2.4),
    ("frozenset({})", 2.6), ("tuple({})", 2.8),
)  # fmt: skip
_OTHER_WRAPS = (
    ("list({})", 2.2), ("str({})", 2.4), ("len({})", 2.6), ("tuple({})", 2.8), ("sorted({})", 2.8),
    ("int({})", 2.6), ("set({})", 3.0), ("dict({})", 3.0), ("bool({})", 2.8), ("copy.copy({})", 3.0),
    ("copy.deepcopy({})", 3.0), ("abs({})", 3.0), ("sum({})", 3.2), ("max({}, 0)", 3.2),
    ("float({})", 3.2), ("{}.copy()", 2.6), ("{}[0]", 2.8), ("{}[-1]", 3.0), ("{}[1]", 3.2),
)  # fmt: skip
_WRAPS = {
    "number": _NUMBER_WRAPS, "text": _TEXT_WRAPS, "list": _LIST_WRAPS, "dict": _DICT_WRAPS,
    "set": _SET_WRAPS, "bool": (("not {}", 2.4), ("int({})", 2.8), ("str({})", 3.2)),
}  # fmt: skip


def wraps(scope: Scope) -> None:
    """`x` -> `abs(x)`, `x.copy()`, `sorted(x)`, `max(x, y)`, chosen by the type seen."""
    project_functions = _one_argument_functions(scope)
    for node in scope.expressions():
        if not scope.is_loaded(node) or isinstance(
            node,
            (ast.Constant, ast.Starred, ast.Slice, ast.Lambda, ast.JoinedStr, ast.FormattedValue),
        ):
            continue
        parent = scope.parent(node)
        if is_called(scope, node) or isinstance(parent, (ast.Expr, Definition)):
            continue
        if isinstance(parent, ast.AnnAssign) and parent.value is not node:
            continue
        if isinstance(node, ast.Name) and node.id in BUILTINS | {"self", "cls"}:
            continue
        if (
            isinstance(node, ast.Name)
            and node.id in scope.module.top_names
            and not node.id.isupper()
        ):
            continue
        text = scope.text(node)
        kind = family(scope.types(node))
        if not kind and isinstance(parent, ast.Return):
            kind = family(scope.result_types(node))
        weight = 0.0 if isinstance(node, (ast.Name, ast.Attribute)) or isinstance(
            parent, (ast.Return, ast.Assign, ast.Compare)
        ) else 0.4  # fmt: skip
        if isinstance(parent, ast.BoolOp) and node is not parent.values[-1]:
            weight += 0.6  # it may well be None: that is what `or` stands there for
        for template, likely in _WRAPS.get(kind, _OTHER_WRAPS):
            cost = likely + 0.3
            module = template.split(".", 1)[0]
            if module in ("math", "copy", "re") and module not in scope.module.top_names:
                continue
            if template.startswith("{}") and not isinstance(
                node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
            ):
                text_here = f"({text})"
            else:
                text_here = text
            scope.replace(node, template.format(text_here), "wrapped", cost + weight)
        if not isinstance(parent, ast.Call) or kind:
            in_condition = isinstance(parent, (ast.BoolOp, ast.UnaryOp, ast.Compare))
            for name, cost in project_functions:
                unlikely = 0.8 if in_condition and cost > 2.0 else 0.0
                likely = cost + weight + unlikely
                scope.replace(node, f"{name}({text})", "project function", likely)
        _bounded(scope, node, text, kind)


def _bounded(scope: Scope, node: ast.expr, text: str, kind: str) -> None:
    """`x` -> `max(y, x)`, `min(y, x)`."""
    parent = scope.parent(node)
    near = isinstance(parent, (ast.Assign, ast.Return, ast.AugAssign))
    if kind not in ("number", "") or not (
        near or (kind and isinstance(parent, (ast.Tuple, ast.Call)))
    ):
        return
    for name in scope.variables(node):
        same = alike(scope.types(node), scope.types_of_name(name, node))
        if same is False or name == text or (not near and not same):
            continue
        extra = (0.0 if same else 0.6) + (0.0 if near else 0.3)
        scope.replace(node, f"max({name}, {text})", "maximum with", 2.4 + extra)
        scope.replace(node, f"min({name}, {text})", "minimum with", 2.4 + extra)
    if isinstance(parent, ast.Assign) and kind:
        target = scope.text(parent.targets[0])
        in_loop = any(isinstance(a, (ast.For, ast.While)) for a in scope.module.ancestors(parent))
        cost = 1.8 if in_loop else 2.2
        scope.replace(node, f"max({target}, {text})", "maximum with", cost)
        scope.replace(node, f"min({target}, {text})", "minimum with", cost)


def _one_argument_functions(scope: Scope) -> list[tuple[str, float]]:
    """Functions of the project that take one value; an import that nothing uses first."""
    found: list[tuple[str, float]] = []
    used = {n.id for n in ast.walk(scope.module.tree) if isinstance(n, ast.Name)}
    for node in scope.module.tree.body:
        if isinstance(node, Definition) and node is not scope.function:
            required = len(node.args.args) - len(node.args.defaults)
            if required == 1 or (required == 0 and node.args.args):
                found.append((node.name, 3.6 if node.name in used else 2.0))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if name not in used and name.islower():
                    found.append((name, 1.6))
    return found[:6]


def awaiting(scope: Scope) -> None:
    """`f()` -> `await f()` inside a coroutine; cheap where a coroutine was seen as a value."""
    for node in scope.expressions():
        if not isinstance(node, ast.Call) or isinstance(scope.parent(node), ast.Await):
            continue
        if not isinstance(scope.function_at(node), ast.AsyncFunctionDef):
            continue
        definition = _definition(scope, node)
        cost = 1.0 if isinstance(definition, ast.AsyncFunctionDef) else 2.4
        scope.replace(node, f"await {scope.text(node)}", "await added", cost)


def recursions(scope: Scope) -> None:
    """`value` -> `merge(merged[key], value)`: a call of the function itself, or of another of the
    file, that was left out."""
    function = scope.function
    if function is None:
        return
    takers = dict.fromkeys(
        n for n in (function, *scope.module.tree.body) if isinstance(n, Definition)
    )
    for node in scope.expressions():
        parent = scope.parent(node)
        if not isinstance(parent, (ast.Assign, ast.Return, ast.AugAssign, ast.Call)):
            continue
        if is_called(scope, node) or not scope.is_loaded(node) or isinstance(node, ast.Starred):
            continue
        text = scope.text(node)
        others = scope.variables(node)
        if isinstance(parent, ast.Assign):
            others = [scope.text(parent.targets[0]), *others]
        for taker in takers:
            names = [a.arg for a in (*taker.args.posonlyargs, *taker.args.args)]
            is_method = names[:1] == ["self"]
            call = f"self.{taker.name}" if is_method else taker.name
            if len(names) - is_method == 1:
                scope.replace(node, f"{call}({text})", "call added", 3.0)
            elif len(names) - is_method == 2:
                for other in others[:8]:
                    scope.replace(node, f"{call}({other}, {text})", "call added", 3.2)
                    scope.replace(node, f"{call}({text}, {other})", "call added", 3.2)
