"""The case that was forgotten: a guard with its own way out, or one more condition."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from treewright_agent.repair.mutate.expressions import in_method
from treewright_agent.repair.mutate.scope import Scope, alike, family, parts_in_use
from treewright_agent.repair.mutate.statements import is_docstring, is_plain_value, steps
from treewright_agent.repair.source import Definition, own_nodes

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_MAX_PLACES = 14
_MAX_ACTIONS = 12


def atoms(
    scope: Scope, node: ast.AST, only: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """Conditions on the variables at `node`, with what each adds to the cost."""
    places: list[tuple[str, Sequence[str]]] = [
        (name, scope.types_of_name(name, node)) for name in scope.variables(node)
    ]
    if in_method(scope, node):
        places += [
            (f"self.{name}", scope.types_of_name(f"self.{name}", node))
            for name, what in scope.members(node).items()
            if what in ("field", "property")
        ]
    if only is None or len(only):
        known = {name for name, _ in places}
        places += [(text, kinds) for text, kinds in parts_in_use(scope, node) if text not in known]
    found: dict[str, float] = {}
    for position, (name, kinds) in enumerate(places):
        if only is not None and name.split(".")[0].split("[")[0] not in only and name not in only:
            continue
        extra = 0.04 * position
        if family(kinds) == "number":
            for number, cost in _numbers(scope):
                for sign in (">", "<", ">=", "<=", "=="):
                    found.setdefault(
                        f"{name} {sign} {number}", cost + extra + (0.6 if sign == "==" else 0)
                    )
        for text, cost in _of_one(name, kinds):
            found.setdefault(text, cost + extra)
        for other_position, (other, other_kinds) in enumerate(places):
            if other != name:
                for text, cost in _of_two(name, kinds, other, other_kinds):
                    found.setdefault(text, cost + extra + 0.04 * other_position)
    for text, cost in _kinds_asked(scope, dict(places)):
        found.setdefault(text, cost)
    for text in _verdicts(scope, node) if only is None else ():
        found.setdefault(text, 0.4)
        found.setdefault(f"not {text}", 0.4)
    for text in _because(scope, dict(places)):
        if text in found or only is None:
            found[text] = found.get(text, 0.3) - 0.7
    return sorted(found.items(), key=lambda item: item[1])


def _kinds_asked(scope: Scope, places: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, float]]:
    """What the function asks of one value, asked of others: `isinstance(x, dict)`."""
    if scope.function is None:
        return
    asked = {
        scope.text(node.args[1]): scope.text(node.args[0])
        for node in ast.walk(scope.function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "isinstance"
        and len(node.args) == 2
        and scope.module.editable(node)
    }
    for kind, subject in list(asked.items())[:2]:
        for place, kinds in list(places.items())[:8]:
            if place != subject and not (len(kinds) == 1 and kinds[0].split("[")[0] == kind):
                yield f"isinstance({place}, {kind})", 0.5
            base, bracket, key = place.partition("[")
            if bracket and family(places.get(base, ())) == "dict":
                yield f"isinstance({base}.get({key.removesuffix(']')}), {kind})", 0.5


def _because(scope: Scope, places: Mapping[str, Sequence[str]]) -> list[str]:
    """Conditions that the exception itself asks for: `x` before `x[-1]` raises IndexError,
    `k in d` before `d[k]` raises KeyError, `x is not None` before None has no attribute."""
    clues = scope.clues
    lines = {line for file, line in clues.raised_at if file == scope.module.file}
    if not lines or not clues.kinds & _TELLING or scope.function is None:
        return []
    found: dict[str, None] = {}
    for node in ast.walk(scope.function):
        if getattr(node, "lineno", None) not in lines:
            continue
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            base, key = scope.text(node.value), scope.text(node.slice)
            if "IndexError" in clues.kinds:
                found[base] = found[f"not {base}"] = None
                found[f"{key} < len({base})"] = found[f"{key} >= len({base})"] = None
            if "KeyError" in clues.kinds:
                found[f"{key} in {base}"] = found[f"{key} not in {base}"] = None
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("pop", "popleft", "remove", "index")
            and clues.kinds & {"IndexError", "KeyError", "ValueError"}
        ):
            base = scope.text(node.func.value)
            if node.args and "IndexError" not in clues.kinds:
                key = scope.text(node.args[0])
                found[f"{key} in {base}"] = found[f"{key} not in {base}"] = None
            else:
                found[base] = found[f"not {base}"] = None
        elif isinstance(node, ast.BinOp) and "ZeroDivisionError" in clues.kinds:
            match node.right:
                case ast.Call(func=ast.Name(id="len"), args=[counted]):
                    below = scope.text(counted)
                case divisor:
                    below = scope.text(divisor)
                    found[f"{below} == 0"] = None
            found[below] = found[f"not {below}"] = None
        if isinstance(node, (ast.Name, ast.Attribute)) and clues.kinds & {
            "AttributeError",
            "TypeError",
        }:
            text = scope.text(node)
            if "NoneType" in places.get(text, ()):
                found[f"{text} is not None"] = found[f"{text} is None"] = None
    return list(found)


_TELLING = frozenset(
    (
        "IndexError",
        "KeyError",
        "ValueError",
        "ZeroDivisionError",
        "AttributeError",
        "TypeError",
    )
)


def _numbers(scope: Scope) -> list[tuple[str, float]]:
    """Numbers that may be a bound: those of the class or the file, and what tests expect."""
    owner: ast.AST = scope.module.tree
    if scope.function is not None:
        owner = scope.module.class_of(scope.function) or scope.module.tree
    found: dict[str, float] = {}
    for inner in ast.walk(owner):
        if not isinstance(inner, ast.Constant) or type(inner.value) not in (int, float):
            continue
        if inner.value not in (0, 1, 2) and scope.module.editable(inner):
            found.setdefault(scope.text(inner), 0.8)
    if not scope.clues.expected_raises:
        return list(found.items())[:3]
    found.setdefault("1", 0.6)
    found.setdefault("100", 1.0)
    return list(found.items())[:5]


def _of_one(name: str, kinds: Sequence[str]) -> Iterator[tuple[str, float]]:
    kind = family(kinds)
    optional = "NoneType" in kinds
    if kind == "number":
        yield f"{name} == 0", 0.0
        yield f"{name} < 0", 0.0
        yield f"{name} <= 0", 0.1
        yield f"{name} == 1", 0.5
        yield f"{name} <= 1", 0.5
        yield f"{name} < 2", 0.9
        yield f"{name} > 0", 0.6
        yield f"{name} > 1", 1.0
        yield f"{name} % 2 == 0", 1.0
        yield f"{name} % 2 == 1", 1.0
    elif kind in ("list", "text", "dict", "set"):
        yield f"not {name}", 0.0
        yield name, 0.4
        yield f"len({name}) == 1", 0.6
        yield f"len({name}) <= 1", 0.5
        yield f"len({name}) < 2", 0.8
    elif kind == "bool":
        yield name, 0.2
        yield f"not {name}", 0.2
    elif kind == "none":
        yield f"{name} is None", 0.0
        yield f"{name} is not None", 0.2
        yield f"not {name}", 0.4
        yield name, 0.5
    else:
        yield f"{name} is None", 0.1
        yield f"not {name}", 0.2
        yield f"{name} is not None", 0.5
    if optional and kind != "none":
        yield f"{name} is None", 0.0
        yield f"{name} is not None", 0.4
    kept = dict.fromkeys(k.split("[")[0] for k in kinds if k != "NoneType")
    if len(kept) > 1:  # it was seen to hold values of several kinds
        for each in kept:
            if each in _TELLABLE:
                yield f"isinstance({name}, {each})", 0.3
                yield f"not isinstance({name}, {each})", 0.3


_TELLABLE = frozenset(("int", "float", "str", "bytes", "list", "tuple", "dict", "set", "bool"))


def _of_two(
    left: str, left_kinds: Sequence[str], right: str, right_kinds: Sequence[str]
) -> Iterator[tuple[str, float]]:
    first, second = family(left_kinds), family(right_kinds)
    if first == second == "number":
        if left < right:
            yield f"{left} == {right}", 0.5
            yield f"{left} != {right}", 0.7
        yield f"{left} > {right}", 0.3
        yield f"{left} >= {right}", 0.4
    if first == "number" and second in ("dict", "set"):
        yield f"len({right}) > {left}", 0.4
        yield f"len({right}) >= {left}", 0.4
        yield f"len({right}) < {left}", 0.6
    if first == "number" and second in ("list", "text"):
        yield f"{left} >= len({right})", 0.3
        yield f"{left} < len({right})", 0.4
        yield f"{left} > len({right})", 0.5
        yield f"{left} == len({right})", 0.5
        yield f"len({right}) < {left}", 0.6
    if second in ("set", "dict", "list") and left_kinds and first not in ("list", "dict", "set"):
        yield f"{left} in {right}", 0.2
        yield f"{left} not in {right}", 0.2
    sized = ("list", "text", "set", "dict")
    if first in sized and second in sized and left_kinds and right_kinds:
        if left < right:
            yield f"len({left}) != len({right})", 0.5
        yield f"len({left}) < len({right})", 0.6
    if first == second and first in ("list", "text") and left < right:
        yield f"{left} == {right}", 0.5
        yield f"{left} != {right}", 0.8
    if (
        first == second
        and first not in ("number", "list", "text", "bool", "dict", "set", "none")
        and left < right
    ):
        yield f"{left} is {right}", 0.8
        yield f"{left} == {right}", 0.6


def conditions(scope: Scope) -> None:
    """`if c` -> `if c and g`, `if g or c`."""
    for node in scope.nodes:
        if isinstance(node, ast.Return) and isinstance(node.value, _TRUTHS):
            test = node.value
        elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
            test = node.test
        else:
            continue
        if not scope.module.editable(test):
            continue
        if isinstance(test, ast.BoolOp):
            _in_part(scope, node, test)
        if isinstance(test, ast.Constant) and test.value is True:
            if not isinstance(node, ast.While):
                for atom, extra in atoms(scope, node)[:60]:
                    scope.replace(test, atom, "condition", 2.0 + extra)
            continue
        text = scope.text(test)
        grouped = (
            f"({text})"
            if isinstance(test, (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr))
            else text
        )
        or_grouped = (
            f"({text})" if isinstance(test, (ast.IfExp, ast.Lambda, ast.NamedExpr)) else text
        )
        and_grouped = (
            text if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else grouped
        )
        base = 1.9 if scope.function is not None and raises_inside(scope, scope.function) else 2.5
        if isinstance(node, (ast.IfExp, ast.Return)):
            base += 0.3
        names = [n.id for n in ast.walk(test) if isinstance(n, ast.Name)]
        for atom, extra in atoms(scope, node)[:60]:
            if atom == text:
                continue
            near = (
                0.0
                if any(name in atom.replace("(", " ").replace(")", " ").split() for name in names)
                else 0.8
            )
            cost = base + extra + near
            scope.replace(test, f"{atom} and {and_grouped}", "condition added", cost)
            scope.replace(test, f"{atom} or {or_grouped}", "condition added", cost + 0.1)
            scope.replace(test, f"{and_grouped} and {atom}", "condition added", cost + 0.05)
            scope.replace(test, f"{or_grouped} or {atom}", "condition added", cost + 0.15)
        for other in _tests_elsewhere(scope, node) if not isinstance(node, ast.Return) else ():
            scope.replace(test, other, "condition of another place", 3.0)


_TRUTHS = (ast.Compare, ast.BoolOp)
"""What is a condition where it is returned, too."""


def _in_part(scope: Scope, node: ast.AST, test: ast.BoolOp) -> None:
    """`a and b` -> `a and (b or g)`: what is missing belongs to one part."""
    for part in test.values:
        if isinstance(part, ast.BoolOp):
            _in_part(scope, node, part)
            continue
        if not scope.module.editable(part):
            continue
        text = scope.text(part)
        names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
        joined = ("or", "and") if isinstance(test.op, ast.And) else ("and", "or")
        for atom, extra in atoms(scope, node)[:40]:
            words = set(atom.replace("(", " ").replace("[", " ").replace(".", " ").split())
            near = 0.0 if names & words else 0.5
            if atom != text:
                # the other joins the whole, which `conditions` does already
                scope.replace(part, f"{text} {joined[0]} {atom}", "condition added", 2.7 + extra + near)  # fmt: skip


def _verdicts(scope: Scope, node: ast.AST) -> Iterator[str]:
    """Calls of this file's functions and methods that answer yes or no about one value."""
    names = [name for name in scope.variables(node) if name not in ("self", "cls")][:6]
    owner = scope.module.class_of(scope.function) if scope.function is not None else None
    own = owner.body if owner is not None and in_method(scope, node) else []
    for prefix, body in (("self.", own), ("", scope.module.tree.body)):
        for definition in body:
            if not isinstance(definition, ast.FunctionDef) or definition is scope.function:
                continue
            arguments = definition.args
            given = [*arguments.posonlyargs, *arguments.args][1 if prefix else 0 :]
            n_needed = len(given) - len(arguments.defaults)
            returned = [
                n.value for n in ast.walk(definition) if isinstance(n, ast.Return) and n.value
            ]
            if n_needed > 1 or not returned or not all(map(_says_yes_or_no, returned)):
                continue
            for name in names if given else ("",):
                yield f"{prefix}{definition.name}({name})"


def _says_yes_or_no(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=bool()) | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(map(_says_yes_or_no, values))
        case ast.Call(func=ast.Name(id="isinstance" | "any" | "all" | "bool")):
            return True
        case _:
            return False


def _tests_elsewhere(scope: Scope, node: ast.AST) -> list[str]:
    root: ast.AST = scope.function or scope.module.tree
    texts: dict[str, None] = {}
    for other in ast.walk(root):
        if (
            isinstance(other, (ast.If, ast.While, ast.IfExp))
            and other is not node
            and scope.module.editable(other.test)
        ):
            texts[scope.text(other.test)] = None
    return list(texts)[:6]


def returned_conditions(scope: Scope) -> None:
    """`return True` -> `return not stack`."""
    for node in scope.nodes:
        if (
            isinstance(node, ast.Return)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, bool)
        ):
            for atom, extra in atoms(scope, node)[:30]:
                scope.replace(node.value, atom, "condition returned", 2.2 + extra)


def guards(scope: Scope) -> None:
    """`if x is None: return y` before a statement; `continue` in a loop; `raise` when awaited."""
    function = scope.function
    if function is None:
        return
    places = list(_places(scope, function))[:_MAX_PLACES]
    fails_here = raises_inside(scope, function)
    for statement, where, base in places:
        if fails_here:  # an exception asks for a case of its own more than a wrong value does
            base -= 0.7
        inner = scope.function_at(statement) or function
        parameters = [
            a.arg for a in (*inner.args.posonlyargs, *inner.args.args, *inner.args.kwonlyargs)
        ]
        only = (
            [*parameters, *(f"self.{n}" for n in scope.members(statement))]
            if where == "start"
            else None
        )
        conditions_here = atoms(scope, statement, only)
        actions = list(_actions(scope, statement, inner))
        step = scope.step(statement)
        for condition, extra in conditions_here[: 60 if where == "start" else 30]:
            for action, cost in actions[:_MAX_ACTIONS]:
                if condition.startswith(action.removeprefix("return ") + " is None"):
                    continue
                scope.insert_before(
                    statement,
                    [f"if {condition}:", f"{step}{action}"],
                    "guard added",
                    base + extra + cost,
                )
        for condition, cost in _error_conditions(scope, statement, where, parameters):
            for action, more in _raises(scope, parameters):
                scope.insert_before(
                    statement,
                    [f"if {condition}:", f"{step}{action}"],
                    "check added",
                    base - 0.9 + cost + more + _unlike(action, condition),
                )


def _unlike(action: str, condition: str) -> float:
    """What it costs when an exception is raised for another reason than its kind speaks of."""
    asks = " in " in condition or "isinstance" in condition or " is None" in condition
    if "KeyError" in action:
        return 0.0 if " in " in condition else 1.5
    if "TypeError" in action:
        return 0.0 if asks else 0.4
    if "IndexError" in action:
        return 0.0 if "len(" in condition or condition.startswith("not ") else 0.4
    if "ValueError" in action and " == 0" in condition and "len(" not in condition:
        return 0.5  # who refuses zero mostly refuses what is below it as well
    if "ZeroDivisionError" in action:
        return 0.0 if "== 0" in condition or condition.startswith("not ") else 0.5
    return 0.0


def conditioned(scope: Scope) -> None:
    """`do()` -> `if c: do()`: a step that is only right sometimes."""
    for statement in scope.statements():
        if not isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign, ast.Return)):
            continue
        if is_docstring(scope, statement) or not scope.module.begins_line(statement):
            continue
        text = scope.text(statement)
        place = scope.module.block_of(statement)
        if "\n" in text or place is None:
            continue
        if (
            isinstance(statement, ast.Return)
            and place[1] == len(place[0]) - 1
            and scope.parent(statement) is scope.function
        ):
            continue
        indent, break_ = scope.module.indent(statement), scope.module.text.newline
        step = scope.step(statement)
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        for condition, extra in atoms(scope, statement)[:40]:
            words = set(
                condition.replace("(", " ")
                .replace(")", " ")
                .replace("[", " ")
                .replace("]", " ")
                .split()
            )
            near = 0.0 if names & words else 0.5
            scope.put(
                scope.module.span(statement),
                f"if {condition}:{break_}{indent}{step}{text}",
                "condition added", 2.7 + extra + near,
            )  # fmt: skip


def raises_inside(scope: Scope, function: Definition) -> bool:
    """Does a failing test end in an exception that this function raises?"""
    if "OutOfTime" in scope.clues.kinds:
        return True  # some input makes it go on for ever
    if scope.clues.kinds <= {"AssertionError", "Exception", "Failed"}:
        return False
    first, last = function.lineno, function.end_lineno or function.lineno
    return any(
        file == scope.module.file and first <= line <= last for file, line in scope.clues.raised_at
    )


def _places(scope: Scope, function: Definition) -> Iterator[tuple[ast.stmt, str, float]]:
    """(statement, where it stands, cost): starts of functions, loop bodies, then the rest."""
    seen: set[ast.stmt] = set()
    for inner in [
        function,
        *(n for n in ast.walk(function) if isinstance(n, Definition) and n is not function),
    ]:
        body = [s for s in inner.body if not is_docstring(scope, s)]
        if body and (scope.touches(body[0]) or scope.touches(inner)):
            seen.add(body[0])
            yield body[0], "start", 2.5
    for statement in scope.statements():
        if isinstance(statement, _LOOPS) and statement.body[0] not in seen:
            seen.add(statement.body[0])
            yield statement.body[0], "loop", 2.8
    rest = sorted(scope.statements(), key=lambda s: scope.parent(s) is not function)
    for statement in rest:  # those of the function's own level first
        if statement in seen or isinstance(statement, (*Definition.__args__, ast.ClassDef)):
            continue
        if is_docstring(scope, statement) or scope.module.block_of(statement) is None:
            continue
        final = isinstance(statement, ast.Return) and scope.parent(statement) is scope.function_at(
            statement
        )
        yield statement, "middle", 2.7 if final else 3.1


def _actions(
    scope: Scope, statement: ast.stmt, function: Definition
) -> Iterator[tuple[str, float]]:
    in_loop = any(isinstance(a, _LOOPS) for a in scope.module.ancestors(statement))
    is_generator = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(function))
    if in_loop:
        yield "continue", 0.1
        yield "break", 0.3
    if is_generator or function.name == "__init__":
        yield "return", 0.2
        return
    results = scope.results_of(function)
    if not any(isinstance(n, ast.Return) and n.value is not None for n in own_nodes(function)):
        yield "return", 0.2  # it never returns anything
        if set(results) == {"NoneType"}:
            return
    seen: set[str] = set()
    for text in scope.clues.values[:4]:
        if text not in seen and is_plain_value(text) and _fits(text, results):
            seen.add(text)
            yield f"return {text}", 0.1
    defaults = _DEFAULTS.get(family(results), ()) or ("None", "False", "0", "[]", "''")
    for text in (*defaults, "None"):
        if text not in seen:
            seen.add(text)
            yield f"return {text}", 0.3
    for name in scope.variables(statement):
        same = alike(results, scope.types_of_name(name, statement))
        if same is not False and name not in seen:
            seen.add(name)
            yield f"return {name}", 0.2 if same else 0.5
    if in_loop:
        return
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            text = scope.text(node.value)
            if text not in seen and len(text) < 60 and "\n" not in text:
                seen.add(text)
                yield f"return {text}", 0.5


_DEFAULTS: dict[str, tuple[str, ...]] = {
    "number": ("0", "1", "-1"),
    "list": ("[]", "[[]]"),
    "text": ("''",),
    "dict": ("{}",),
    "set": ("set()",),
    "bool": ("False", "True"),
}


def _fits(text: str, results: Sequence[str]) -> bool:
    """Could the literal be what the function returns, by the types seen?"""
    kinds = {family([kind]) for kind in results}
    if not kinds or kinds <= {"none"}:
        return True
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return True
    return value is None or family([type(value).__name__]) in kinds


def _error_conditions(
    scope: Scope, statement: ast.stmt, where: str, parameters: Sequence[str]
) -> list[tuple[str, float]]:
    if not scope.clues.expected_raises or where == "loop":
        return []
    found = list(atoms(scope, statement, None)[:50])
    for name in parameters:
        if name in ("self", "cls"):
            continue
        kinds = scope.types_of_name(name, statement)
        for kind in dict.fromkeys(k.split("[")[0] for k in kinds):
            if kind in ("int", "str", "list", "dict", "float"):
                found.append((f"not isinstance({name}, {kind})", 0.6))
        found.append((f"not isinstance({name}, (int, float))", 0.9))
        found.append((f"not {name}.strip()", 0.9))
    return found


def _raises(scope: Scope, parameters: Sequence[str]) -> Iterator[tuple[str, float]]:
    for exception, message in scope.clues.expected_raises[:3]:
        if message:
            yield f"raise {exception}({message!r})", 0.0
        else:
            subject = next((name for name in parameters if name not in ("self", "cls")), "value")
            yield f"raise {exception}({f'invalid {subject}'!r})", 0.0


def guarded_steps(scope: Scope) -> None:
    """`if x == 0: del d[x]`: a case with a step of its own, at the end of a block."""
    for statement in scope.statements():
        place = scope.module.block_of(statement)
        if place is None or place[1] != len(place[0]) - 1 or is_docstring(scope, statement):
            continue
        if isinstance(
            statement, (*Definition.__args__, ast.ClassDef)
        ) or not scope.module.begins_line(statement):
            continue
        ends = isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue))
        lines = sorted(steps(scope, statement), key=lambda row: row[1])[:40]
        step = scope.step(statement)
        for condition, extra in atoms(scope, statement)[:16]:
            for line, cost in lines:
                made = [f"if {condition}:", f"{step}{line}"]
                total = cost + extra + 1.2
                if ends:
                    scope.insert_before(statement, made, "case added", total)
                else:
                    scope.insert_after(statement, made, "case added", total)
