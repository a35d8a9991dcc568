"""Statements: deleted, moved, inserted, with another keyword."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import permutations

from treewright_agent.repair.model import Edit
from treewright_agent.repair.mutate.expressions import in_method
from treewright_agent.repair.mutate.scope import Scope, alike, family, parts_in_use
from treewright_agent.repair.source import Definition, own_nodes
from treewright_indexer.text import Span

_PLAIN_VALUES = frozenset(
    (
        "0",
        "1",
        "-1",
        "0.0",
        "1.0",
        "''",
        "[]",
        "[[]]",
        "{}",
        "()",
        "set()",
        "None",
        "True",
        "False",
    )
)


def is_plain_value(text: str) -> bool:
    """A value that general code may return for a special case; anything else that a test
    expects would only repeat the test."""
    return text in _PLAIN_VALUES


_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def is_docstring(scope: Scope, statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _whole_lines(scope: Scope, statement: ast.stmt) -> Span:
    starts = scope.module.text.line_starts
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(d.lineno for d in decorators)])
    last = statement.end_lineno or statement.lineno
    end = starts[last] if last < len(starts) else len(scope.module.text.data)
    return Span(starts[first - 1], end)


def deletions(scope: Scope) -> None:
    """A statement less, or an `if` without its condition."""
    for statement in scope.statements():
        if is_docstring(scope, statement) or isinstance(
            statement, (*Definition.__args__, ast.ClassDef)
        ):
            continue
        place = scope.module.block_of(statement)
        if place is None or not scope.module.begins_line(statement):
            continue
        block, _ = place
        if isinstance(statement, (ast.Pass, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)):
            continue
        alone = len(block) == 1
        n_lines = (statement.end_lineno or statement.lineno) - statement.lineno + 1
        cost = (
            2.4
            + 0.1 * min(n_lines, 8)
            - (0.3 if isinstance(statement, (ast.Break, ast.Continue)) else 0)
        )
        if alone:
            scope.put(scope.module.span(statement), "pass", "statement deleted", cost + 0.4)
        else:
            scope.put(_whole_lines(scope, statement), "", "statement deleted", cost)
        if isinstance(statement, ast.If):
            _unwrap_if(scope, statement)


def _unwrap_if(scope: Scope, statement: ast.If) -> None:
    """The body without the condition."""
    if statement.orelse or not scope.module.begins_line(statement):
        return
    first, last = statement.body[0], statement.body[-1]
    if first.lineno == statement.lineno:
        return
    text = _indented(
        scope,
        first.lineno,
        last.end_lineno or last.lineno,
        scope.module.indent(first),
        scope.module.indent(statement),
    )
    if text is not None:
        scope.put(_whole_lines(scope, statement), text, "condition left out", 2.6)


def _indented(scope: Scope, first: int, last: int, old: str, new: str) -> str | None:
    """Lines `first` to `last` (from 1) with another indentation; None when one does not fit."""
    lines: list[str] = []
    for number in range(first, last + 1):
        span = scope.module.text.line_span(number - 1, with_break=True)
        line = scope.module.text.slice(span)
        if line.strip() and not line.startswith(old):
            return None
        lines.append(new + line[len(old) :] if line.strip() else line)
    text = "".join(lines)
    return text if text.endswith(("\n", "\r")) else text + scope.module.text.newline


def moves(scope: Scope) -> None:
    """A statement one level further out or in, or changing places with its neighbour."""
    for statement in scope.statements():
        place = scope.module.block_of(statement)
        if place is None or not scope.module.begins_line(statement):
            continue
        if isinstance(statement, (*Definition.__args__, ast.ClassDef)) or is_docstring(
            scope, statement
        ):
            continue
        block, index = place
        _move_out(scope, statement, block, index)
        if index > 0:
            _move_in(scope, statement, block[index - 1])
            before = block[index - 1]
            if (
                not is_docstring(scope, before)
                and scope.module.begins_line(before)
                and (before.end_lineno or before.lineno) < statement.lineno
            ):
                first, second = _whole_lines(scope, before), _whole_lines(scope, statement)
                if first.end <= second.start:
                    _swap_lines(scope, first, second, _swap_cost(before, statement))


def _swap_cost(before: ast.stmt, statement: ast.stmt) -> float:
    """Two variables that get the same expression, such as `stack.pop()`, are easily mixed up."""
    match before, statement:
        case ast.Assign(value=first), ast.Assign(value=second):
            return 1.4 if ast.dump(first) == ast.dump(second) else 2.3
        case _:
            return 2.3


def _swap_lines(scope: Scope, first: Span, second: Span, cost: float) -> None:
    data = scope.module.text
    upper, lower = data.slice(first), data.slice(second)
    if not lower.endswith(("\n", "\r")):
        lower, upper = lower + data.newline, upper.rstrip("\r\n")
    scope.emit([Edit(*first, lower), Edit(*second, upper)], "statements swapped", cost)


def _move_out(scope: Scope, statement: ast.stmt, block: list[ast.stmt], index: int) -> None:
    """The last statement of a block behind the block."""
    parent = scope.parent(statement)
    if not isinstance(parent, (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor)):
        return
    if index != len(block) - 1 or not scope.module.begins_line(parent):
        return
    last = parent.end_lineno or parent.lineno
    outer = scope.module.indent(parent)
    text = _indented(
        scope,
        statement.lineno,
        statement.end_lineno or statement.lineno,
        scope.module.indent(statement),
        outer,
    )
    if text is None:
        return
    own = _whole_lines(scope, statement)
    end = scope.module.line_end(last)
    ends_parent = (statement.end_lineno or statement.lineno) == last
    cost = 1.8 if isinstance(statement, (ast.Return, ast.Expr)) else 2.2
    if ends_parent and len(block) > 1:
        scope.put(own, text, "indented less", cost)
    elif not ends_parent and len(block) > 1:
        break_ = scope.module.text.newline
        scope.emit(
            [Edit(*own, ""), Edit(end, end, break_ + text.rstrip("\r\n"))],
            "indented less",
            cost + 0.3,
        )
    if len(block) > 1 or not isinstance(parent, _LOOPS):
        return


def _move_in(scope: Scope, statement: ast.stmt, before: ast.stmt) -> None:
    """A statement to the end of the block before it."""
    if not isinstance(before, (ast.If, ast.For, ast.While, ast.With, ast.AsyncFor, ast.Try)):
        return
    tails: list[list[ast.stmt]] = [before.body]
    if isinstance(before, (ast.If, ast.For, ast.While)) and before.orelse:
        tails = [before.orelse]
    for tail in tails:
        last = tail[-1]
        if not scope.module.begins_line(last):
            continue
        text = _indented(
            scope, statement.lineno, statement.end_lineno or statement.lineno,
            scope.module.indent(statement), scope.module.indent(last),
        )  # fmt: skip
        if text is not None and (before.end_lineno or 0) < statement.lineno:
            scope.put(_whole_lines(scope, statement), text, "indented more", 2.2)
        inner = last
        while isinstance(inner, (ast.If, ast.For, ast.While, ast.With)) and inner.body:
            inner = (inner.orelse if isinstance(inner, ast.If) and inner.orelse else inner.body)[-1]
            if not scope.module.begins_line(inner):
                break
            text = _indented(
                scope, statement.lineno, statement.end_lineno or statement.lineno,
                scope.module.indent(statement), scope.module.indent(inner),
            )  # fmt: skip
            if text is not None:
                scope.put(_whole_lines(scope, statement), text, "indented more", 2.6)


def keywords(scope: Scope) -> None:
    """`break` <-> `continue`, `if` <-> `elif` <-> `while`, `return` <-> `yield`, `x =` <-> `x +=`."""
    for statement in scope.statements():
        span = scope.module.span(statement)
        start = span.start
        match statement:
            case ast.Break():
                scope.put(span, "continue", "break/continue", 1.6)
                scope.put(span, "return", "return", 2.6)
                for name in scope.variables(statement):
                    scope.put(span, f"return {name}", "return", 2.8)
            case ast.Continue():
                scope.put(span, "break", "break/continue", 1.6)
            case ast.If():
                _if_keyword(scope, statement, start)
            case ast.While():
                scope.put(Span(start, start + 5), "if", "if/while", 2.0)
                _while_condition(scope, statement)
            case ast.AugAssign(target=ast.Subscript() as target, op=ast.Add()):
                base, key = scope.text(target.value), scope.text(target.slice)
                text = scope.text(statement.value)
                for begin in ("0", "[]", "''"):
                    added = f"{base}[{key}] = {base}.get({key}, {begin}) + {text}"
                    scope.put(span, added, "added to what was there", 2.2)
            case ast.Assign() if len(statement.targets) == 1:
                _assignment(scope, statement)
            case ast.Return() if statement.value is not None:
                function = scope.function_at(statement)
                own = own_nodes(function) if function is not None else iter(())
                yields = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own)
                in_loop = any(isinstance(a, _LOOPS) for a in scope.module.ancestors(statement))
                cost = 1.8 if yields else 2.3 if in_loop else 3.0
                scope.put(Span(start, start + 6), "yield", "return/yield", cost)
            case ast.Return():
                for name in scope.variables(statement):
                    scope.put(span, f"return {name}", "value returned", 2.0)
            case ast.Expr(value=ast.Yield(value=value)) if value is not None:
                text = scope.text(value)
                scope.put(span, f"yield from {text}", "yield from", 1.6)
            case ast.Expr(value=ast.YieldFrom(value=value)):
                scope.put(span, f"yield {scope.text(value)}", "yield from", 1.6)
            case ast.Expr(value=ast.Call() as call):
                text = scope.text(call)
                recursive = (
                    isinstance(call.func, ast.Name)
                    and scope.function is not None
                    and call.func.id == scope.function.name
                )
                is_method = isinstance(call.func, ast.Attribute) and call.func.attr == getattr(
                    scope.function, "name", ""
                )
                cost = 1.6 if recursive or is_method else 2.4
                scope.put(span, f"return {text}", "value returned", cost)
                scope.put(span, f"yield from {text}", "yield from", cost + 0.4)
                for name in scope.variables(statement):
                    scope.put(span, f"{name} = {text}", "result kept", 2.2)
                    if family(scope.types_of_name(name, statement)) in (
                        "number",
                        "list",
                        "text",
                        "",
                    ):
                        scope.put(span, f"{name} += {text}", "result added", 2.5)
            case ast.Raise():
                pass
            case _:
                continue


def _while_condition(scope: Scope, statement: ast.While) -> None:
    test = statement.test
    if isinstance(test, ast.Constant) and test.value:
        for name in scope.variables(statement):
            scope.replace(test, name, "loop condition", 1.9)
            scope.replace(test, f"{name} is not None", "loop condition", 2.6)
    elif isinstance(test, ast.Compare):
        scope.replace(test, "True", "loop condition", 3.0)


def _if_keyword(scope: Scope, statement: ast.If, start: int) -> None:
    data = scope.module.text.data
    is_elif = data[start : start + 4] == b"elif"
    if is_elif:
        scope.put(Span(start, start + 4), "if", "if/elif", 1.9)
        return
    if data[start : start + 2] != b"if":
        return
    scope.put(Span(start, start + 2), "while", "if/while", 1.9)
    place = scope.module.block_of(statement)
    if place and place[1] > 0 and isinstance(place[0][place[1] - 1], ast.If):
        before = place[0][place[1] - 1]
        if isinstance(before, ast.If) and not _has_else(before):
            scope.put(Span(start, start + 2), "elif", "if/elif", 1.8)
    if statement.orelse and not _continues(statement):
        _else_to_elif(scope, statement)
    if not statement.orelse and place:
        _else_for_rest(scope, statement, place[0], place[1])


def _continues(statement: ast.If) -> bool:
    """`elif` follows."""
    return len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If)


def _else_to_elif(scope: Scope, statement: ast.If) -> None:
    """`else:` -> `elif c:`."""
    first = statement.orelse[0]
    if not scope.module.begins_line(first):
        return
    data = scope.module.text.data
    end = scope.module.line_start(first.lineno)
    start = data.rfind(b"else", 0, end)
    if start < scope.module.span(statement.body[-1]).end or data[start:end].split() != [b"else:"]:
        return
    from treewright_agent.repair.mutate.guards import atoms

    for condition, extra in atoms(scope, first)[:50]:
        scope.put(Span(start, start + 4), f"elif {condition}", "condition added", 2.7 + extra)


def _has_else(statement: ast.If) -> bool:
    while len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If):
        statement = statement.orelse[0]
    return bool(statement.orelse)


def _else_for_rest(scope: Scope, statement: ast.If, block: list[ast.stmt], index: int) -> None:
    """What follows an `if` becomes its `else`: the next statement, or all that follow."""
    rest = block[index + 1 :]
    if not rest or not scope.module.begins_line(rest[0]):
        return
    if isinstance(statement.body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)):
        return
    indent, step = scope.module.indent(statement), scope.step(statement.body[0])
    for count in {1, len(rest)}:
        last = rest[count - 1]
        text = _indented(
            scope, rest[0].lineno, last.end_lineno or last.lineno, indent, indent + step
        )
        if text is not None:
            start = scope.module.line_start(rest[0].lineno)
            end = _whole_lines(scope, last).end
            scope.put(
                Span(start, end),
                f"{indent}else:{scope.module.text.newline}{text}",
                "else added",
                2.3,
            )


def _assignment(scope: Scope, statement: ast.Assign) -> None:
    target = statement.targets[0]
    value = statement.value
    gap = Span(scope.module.span(target).end, scope.module.span(value).start)
    written = scope.module.text.slice(gap)
    if written.strip() != "=":
        return
    in_loop = any(isinstance(a, _LOOPS) for a in scope.module.ancestors(statement))
    kind = family(scope.types(target)) if isinstance(target, (ast.Name, ast.Attribute)) else ""
    if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)) and kind in (
        "",
        "number",
        "text",
        "list",
        "set",
    ):
        base = 1.7 if in_loop else 2.4
        scope.put(gap, " += ", "assignment operator", base)
        if kind in ("", "number"):
            for operator in ("-=", "*="):
                scope.put(gap, f" {operator} ", "assignment operator", base + 0.7)
        if kind in ("", "number", "set"):
            scope.put(gap, " |= ", "assignment operator", base + 1.0)
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for index in range(len(target.elts) - 1):
            scope.emit_swap(target.elts[index], target.elts[index + 1], "tuple order", 1.8)
    elif isinstance(target, ast.Tuple) and len(target.elts) == 2:
        scope.emit_swap(target.elts[0], target.elts[1], "tuple order", 1.6)
    if (
        isinstance(target, ast.Tuple)
        and isinstance(value, ast.Tuple)
        and len(target.elts) == len(value.elts)
    ):
        _one_after_the_other(scope, statement, target, value)
    if isinstance(target, ast.Subscript):
        base = scope.text(target.value)
        if family(scope.types(target.value)) in ("dict", ""):
            key = scope.text(target.slice)
            whole = scope.module.span(statement)
            text = scope.text(value)
            scope.put(whole, f"{base}.setdefault({key}, {text})", "kept when there", 2.8)
            for start in ("0", "[]", "''"):
                added = f"{base}[{key}] = {base}.get({key}, {start}) + {text}"
                scope.put(whole, added, "added to what was there", 2.5)
            scope.put(whole, f"{base}.setdefault({key}, []).append({text})", "collected", 2.8)


def _one_after_the_other(
    scope: Scope, statement: ast.Assign, target: ast.Tuple, value: ast.Tuple
) -> None:
    if not scope.module.begins_line(statement) or len(target.elts) != 2:
        return
    indent, break_ = scope.module.indent(statement), scope.module.text.newline
    pairs = list(zip(map(scope.text, target.elts), map(scope.text, value.elts), strict=True))
    for order in (pairs, pairs[::-1]):
        text = (break_ + indent).join(f"{left} = {right}" for left, right in order)
        scope.put(scope.module.span(statement), text, "one after the other", 2.4)


def together(scope: Scope) -> None:
    """`a = x` / `b = y` -> `a, b = x, y`: the second must not see the first."""
    for statement in scope.statements():
        place = scope.module.block_of(statement)
        if place is None or place[1] + 1 >= len(place[0]):
            continue
        after = place[0][place[1] + 1]
        if not (_is_plain(statement) and _is_plain(after)):
            continue
        assert isinstance(statement, ast.Assign)
        assert isinstance(after, ast.Assign)
        target = scope.text(statement.targets[0])
        if target.split("[")[0] not in scope.text(after.value):
            continue
        text = (
            f"{target}, {scope.text(after.targets[0])} = "
            f"{scope.text(statement.value)}, {scope.text(after.value)}"
        )
        span = Span(scope.module.span(statement).start, scope.module.span(after).end)
        scope.put(span, text, "assigned together", 1.9)


def _is_plain(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], (ast.Name, ast.Attribute, ast.Subscript))
    )


# -------------------------------------------------------------------- insertions


def returns(scope: Scope) -> None:
    """The value that a function forgets to return, at its end or at the end of a branch."""
    function = scope.function
    if function is None:
        return
    for inner in [
        function,
        *(n for n in ast.walk(function) if isinstance(n, Definition) and n is not function),
    ]:
        last = inner.body[-1]
        if isinstance(last, (ast.Return, ast.Raise)) or not scope.module.begins_line(last):
            continue
        values = [n for n in own_nodes(inner) if isinstance(n, ast.Return) and n.value is not None]
        is_generator = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own_nodes(inner))
        base = 1.6 if values or "NoneType" in scope.known(inner).get("return", ()) else 2.6
        if is_generator or inner.name == "__init__":
            base += 1.5
        names = _assigned_names(scope, inner)
        for position, name in enumerate(names):
            scope.insert_after(last, [f"return {name}"], "return added", base + 0.05 * position)
        for exception, message in scope.clues.expected_raises[:3]:
            given = repr(message) if message else ""
            scope.insert_after(last, [f"raise {exception}({given})"], "raise added", 1.5)
        for text in (
            *(v for v in scope.clues.values[:6] if is_plain_value(v)),
            "False",
            "True",
            "None",
            "0",
            "[]",
            "''",
            "self",
        ):
            if text == "self" and not in_method(scope, last):
                continue
            scope.insert_after(last, [f"return {text}"], "return added", base + 0.5)


def _assigned_names(scope: Scope, function: Definition) -> list[str]:
    """Variables of a function, the last assigned first: one of them is the result."""
    parameters = {
        a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    }
    names = [n for n in scope.module.bound_in(function) if n not in parameters]
    ordered = [
        n for n in names if n in ("result", "results", "res", "out", "total", "ans", "answer")
    ]
    ordered += [n for n in reversed(names) if n not in ordered]
    return ordered + [n for n in parameters if n not in ("self", "cls")]


def early_exits(scope: Scope) -> None:
    """`return x`, `break`, `continue` behind a statement."""
    for statement in scope.statements():
        place = scope.module.block_of(statement)
        if place is None or isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            continue
        if isinstance(statement, (*Definition.__args__, ast.ClassDef)) or is_docstring(
            scope, statement
        ):
            continue
        block, index = place
        parent = scope.parent(statement)
        if index == len(block) - 1 and isinstance(
            parent, (ast.If, ast.ExceptHandler, ast.Try, ast.With)
        ):
            in_loop = any(isinstance(a, _LOOPS) for a in scope.module.ancestors(statement))
            if in_loop:
                scope.insert_after(statement, ["break"], "break added", 2.0)
                scope.insert_after(statement, ["continue"], "continue added", 2.2)
            for name in scope.variables(statement):
                scope.insert_after(statement, [f"return {name}"], "early return", 2.6)
            scope.insert_after(statement, ["return"], "early return", 2.6)


def insertions(scope: Scope) -> None:
    """`x = y`, `x += 1`, `xs.append(y)`, `seen.add(y)`, `self.x = x`: a step that is missing."""
    for statement in scope.statements():
        if isinstance(statement, (*Definition.__args__, ast.ClassDef)) or is_docstring(
            scope, statement
        ):
            continue
        place = scope.module.block_of(statement)
        if place is None or not scope.module.begins_line(statement):
            continue
        block, index = place
        ends = isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue))
        lines = list(steps(scope, statement))
        if "OutOfTime" in scope.clues.kinds:
            lines = _ending(scope, statement, lines)
        if _leaves_early(scope, statement):
            lines = [(line, cost + 0.9) for line, cost in lines]
        if isinstance(statement, ast.Pass):
            for line, cost in lines:
                scope.put(scope.module.span(statement), line, "statement added", cost - 1.2)
            continue
        if isinstance(statement, ast.If) and not _has_else(statement):
            _new_else(scope, statement, lines)
        for line, cost in lines:
            scope.insert_before(statement, [line], "statement added", cost)
            if index == len(block) - 1 and not ends:
                scope.insert_after(statement, [line], "statement added", cost)


def _ending(
    scope: Scope, statement: ast.stmt, lines: list[tuple[str, float]]
) -> list[tuple[str, float]]:
    """Where a loop never ends, a step that changes what its condition asks is likeliest."""
    asked: set[str] = set()
    for around in scope.module.ancestors(statement):
        if isinstance(around, ast.While):
            asked |= {n.id for n in ast.walk(around.test) if isinstance(n, ast.Name)}
    if not asked:
        return lines
    found: list[tuple[str, float]] = []
    for line, cost in lines:
        target, _, rest = line.partition(" ")
        goes_on = not rest.startswith("= ") or rest[2:].startswith((f"{target}.", f"{target}["))
        found.append((line, cost - 0.6 if goes_on and target.split(".")[0] in asked else cost))
    return found


def _leaves_early(scope: Scope, statement: ast.stmt) -> bool:
    """Is it the way out of a guard, where other steps are seldom taken?"""
    parent = scope.parent(statement)
    return (
        isinstance(parent, ast.If)
        and isinstance(statement, (ast.Return, ast.Raise))
        and len(parent.body) == 1
        and statement is parent.body[0]
        and not parent.orelse
    )


def _new_else(scope: Scope, statement: ast.If, lines: list[tuple[str, float]]) -> None:
    innermost = statement
    while len(innermost.orelse) == 1 and isinstance(innermost.orelse[0], ast.If):
        innermost = innermost.orelse[0]
    if isinstance(innermost.body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)):
        return
    if innermost.body[0].lineno == innermost.lineno:
        return
    step = scope.step(innermost.body[0])
    for line, cost in lines:
        scope.insert_after(statement, ["else:", f"{step}{line}"], "branch added", cost + 0.2)


def steps(scope: Scope, statement: ast.stmt) -> Iterator[tuple[str, float]]:
    names = scope.variables(statement)
    in_loop = any(isinstance(a, _LOOPS) for a in scope.module.ancestors(statement))
    assigned = {
        node.id
        for node in ast.walk(scope.function or scope.module.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    fields = [
        f"self.{name}"
        for name, what in scope.members(statement).items()
        if what == "field" and in_method(scope, statement)
    ]
    collected = _never_updated(scope, statement)
    places = [*names, *fields]
    for target in places:
        kinds = scope.types_of_name(target, statement)
        kind = family(kinds)
        given = target in names and target not in assigned
        if kind == "number" and given and in_loop:  # a parameter that the loop uses up
            yield f"{target} -= 1", 2.9
            yield f"{target} //= 2", 3.0
            yield f"{target} //= 10", 3.1
            for other in names:
                if other != target and alike(kinds, scope.types_of_name(other, statement)):
                    for operator in ("-=", "//=", "+=", "*="):
                        yield f"{target} {operator} {other}", 3.0
        if given and "NoneType" in kinds:  # a parameter that was left out gets its value here
            for text, _ in parts_in_use(scope, statement):
                if text != target:
                    yield f"{target} = {text}", 2.7
        if kind == "number" and (target in assigned or target in fields):
            yield f"{target} += 1", 2.5 if in_loop else 2.8
            yield f"{target} -= 1", 2.7
        if kind == "number":
            yield f"{target} = -{target}", 2.6
            yield f"{target} = abs({target})", 2.7
        if target in assigned or target in fields:
            for value in _starts(scope, target, kind):
                yield f"{target} = {value}", 2.6
        for other in names:
            if other == target:
                continue
            other_kinds = scope.types_of_name(other, statement)
            if (target in assigned or target in fields) and alike(kinds, other_kinds) is not False:
                cost = 2.7 if alike(kinds, other_kinds) else 3.2
                if in_loop or target == f"self.{other}":
                    cost -= 0.2
                idle = target in collected and kind == "number"
                yield f"{target} = {other}", cost + (0.4 if idle else 0.0)
                if kind in ("number", "text") or (kind == "list" and family(other_kinds) == "list"):
                    yield f"{target} += {other}", cost + 0.2
                if kind == "number":
                    yield f"{target} -= {other}", cost + 0.6
                    yield f"{target} //= {other}", cost + 0.8
                    yield f"{target} *= {other}", cost + 0.8
            if kind == "list" and "tuple" not in kinds and "range" not in kinds:
                yield f"{target}.append({other})", 2.7
                if family(other_kinds) == "list":
                    yield f"{target}.extend({other})", 3.0
            elif kind == "set":
                yield f"{target}.add({other})", 2.3
        if target in assigned and kind in ("number", "text", ""):
            for text, text_kinds in parts_in_use(scope, statement):
                same = alike(kinds, text_kinds)
                if same is not False and text != target:
                    cost = 3.0 if same else 3.3
                    yield f"{target} = {text}", cost
                    if kind == "number":
                        idle = target in collected
                        yield f"{target} = max({target}, {text})", cost + (-0.5 if idle else 0.2)
                        yield f"{target} = min({target}, {text})", cost + (0.0 if idle else 0.6)
                        yield f"{target} += {text}", cost + (-0.3 if idle else 0.2)
        if target in assigned or (in_loop and target in names):
            for text, _ in parts_in_use(scope, statement):
                if text.startswith((f"{target}.", f"{target}[")):  # one step further
                    yield f"{target} = {text}", 2.3
            if kind in ("dict", "list", "text", ""):
                for other in names:
                    key = family(scope.types_of_name(other, statement))
                    if other != target and (kind == "dict" or key == "number"):
                        yield f"{target} = {target}[{other}]", 2.6
        if kind == "list":
            yield f"{target}.pop()", 3.2
            for constant in ("0", "1", "None", "[]", "''"):
                yield f"{target}.append({constant})", 3.4
            yield f"{target}.sort()", 3.0
            for attribute in scope.attributes[:6]:
                if attribute not in scope.called_attributes and target in fields:
                    yield f"{target}.sort(key=lambda item: item.{attribute})", 3.4
            yield f"{target}.reverse()", 3.4
        if kind == "dict" and "OrderedDict" in kinds:
            yield f"{target}.popitem(last=False)", 2.7
            yield f"{target}.popitem()", 3.0
        if kind == "set":
            for other in fields:
                yield f"{target}.add({other})", 3.2
        if kind == "dict":
            for key in names:
                if key != target and family(scope.types_of_name(key, statement)) in (
                    "number",
                    "text",
                    "list",
                    "",
                ):
                    for value in names:
                        if value not in (key, target):
                            yield f"{target}[{key}] = {value}", 3.1
                            if family(scope.types_of_name(value, statement)) == "number":
                                yield f"{target}[{key}] += {value}", 3.1
                                yield f"{target}[{key}] -= {value}", 3.4
                    yield f"{target}[{key}] = True", 3.4
                    if "OrderedDict" in kinds:
                        yield f"{target}.move_to_end({key})", 2.7
                    yield f"{target}.pop({key}, None)", 3.3
    for name, what in scope.members(statement).items():
        if what == "method" and in_method(scope, statement) and not name.startswith("__"):
            yield f"self.{name}()", 2.9


def _never_updated(scope: Scope, statement: ast.stmt) -> frozenset[str]:
    """Variables that only get a start value and are returned: what they collect is missing."""
    function = scope.function_at(statement)
    if function is None:
        return frozenset()
    stores: dict[str, int] = {}
    returned: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stores[node.id] = stores.get(node.id, 0) + 1
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Name):
            returned.add(node.value.id)
    return frozenset(name for name in returned if stores.get(name) == 1)


_START_VALUES = {
    "number": ("0", "1"), "text": ("''",), "list": ("[]",), "dict": ("{}",), "set": ("set()",),
    "bool": ("True", "False"), "none": ("None",),
}  # fmt: skip


def _starts(scope: Scope, target: str, kind: str) -> list[str]:
    """Constants that the variable is set to elsewhere, then the start values of its type."""
    found: dict[str, None] = {}
    for node in ast.walk(scope.function or scope.module.tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, (ast.Name, ast.Attribute)) and scope.text(t) == target
            for t in node.targets
        ):
            value = scope.text(node.value)
            if isinstance(node.value, ast.Constant) or value in ("[]", "{}", "set()"):
                found[value] = None
    return list(dict.fromkeys((*found, *_START_VALUES.get(kind, ()))))


def similar(scope: Scope) -> None:
    """A statement that looks like its neighbour with other names: the second of two that
    belong together was forgotten."""
    for statement in scope.statements():
        if not isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign)) or is_docstring(
            scope, statement
        ):
            continue
        if not scope.module.begins_line(statement) or statement.end_lineno != statement.lineno:
            continue
        text = scope.text(statement)
        names = dict.fromkeys(n.id for n in ast.walk(statement) if isinstance(n, ast.Name))
        loose = [n for n in names if n in scope.variables(statement)]
        made: dict[str, float] = {}
        for i, first in enumerate(loose):
            for second in loose[i + 1 :]:
                made.setdefault(scope.with_names(statement, {first: second, second: first}), 2.5)
            for other in scope.variables(statement):
                same = alike(
                    scope.types_of_name(first, statement), scope.types_of_name(other, statement)
                )
                if other != first and same is not False:
                    made.setdefault(
                        scope.with_names(statement, {first: other}), 2.7 if same else 3.2
                    )
        for attribute in ast.walk(statement):
            if (
                isinstance(attribute, ast.Attribute)
                and isinstance(attribute.value, ast.Name)
                and attribute.value.id == "self"
            ):
                for name, what in scope.members(statement).items():
                    if what == "field" and name != attribute.attr:
                        made.setdefault(text.replace(f"self.{attribute.attr}", f"self.{name}"), 2.9)
        for line, cost in made.items():
            if line != text:
                scope.insert_after(statement, [line], "similar statement added", cost)
                scope.insert_before(statement, [line], "similar statement added", cost + 0.1)


def method_calls(scope: Scope) -> None:
    """`other.deposit(amount)`: a call of a method that the file defines."""
    methods = {
        node.name: len(node.args.args) - 1 - len(node.args.defaults)
        for owner in ast.walk(scope.module.tree)
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
        if isinstance(node, Definition) and not node.name.startswith("__")
    }
    for statement in scope.statements():
        place = scope.module.block_of(statement)
        if (
            place is None
            or isinstance(statement, (*Definition.__args__, ast.ClassDef))
            or is_docstring(scope, statement)
        ):
            continue
        ends = isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue))
        names = scope.variables(statement)
        owners = [
            n for n in names if family(scope.types_of_name(n, statement)) not in _PLAIN_FAMILIES
        ]
        for owner in (*owners, *(("self",) if in_method(scope, statement) else ())):
            for method, n_required in methods.items():
                if n_required > 2:
                    continue
                for given in permutations(names, max(0, n_required)):
                    line = f"{owner}.{method}({', '.join(given)})"
                    scope.insert_before(statement, [line], "call added", 3.1)
                    if place[1] == len(place[0]) - 1 and not ends:
                        scope.insert_after(statement, [line], "call added", 3.0)


_PLAIN_FAMILIES = frozenset(("number", "text", "list", "dict", "set", "bool"))


def copies(scope: Scope) -> None:
    """A statement of the function once more, at another place."""
    function = scope.function
    if function is None:
        return
    texts: dict[str, None] = {}
    for node in ast.walk(function):
        if (
            (
                isinstance(node, (ast.Expr, ast.Assign, ast.AugAssign))
                and node.end_lineno == node.lineno
            )
            and not is_docstring(scope, node)
            and len(scope.text(node)) < 80
        ):
            texts[scope.text(node)] = None
    for statement in scope.statements():
        place = scope.module.block_of(statement)
        if (
            place is None
            or isinstance(statement, (*Definition.__args__, ast.ClassDef))
            or is_docstring(scope, statement)
        ):
            continue
        ends = isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue))
        for text in list(texts)[:12]:
            if text == scope.text(statement):
                continue
            scope.insert_before(statement, [text], "statement repeated", 2.9)
            if place[1] == len(place[0]) - 1 and not ends:
                scope.insert_after(statement, [text], "statement repeated", 2.9)


def late_binding(scope: Scope) -> None:
    """`lambda: i` in a loop -> `lambda i=i: i`."""
    for node in scope.expressions():
        if not isinstance(node, ast.Lambda):
            continue
        bound = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        free = [
            n.id
            for n in ast.walk(node.body)
            if isinstance(n, ast.Name) and n.id not in bound and n.id in scope.variables(node)
        ]
        text, body = scope.text(node), scope.text(node.body)
        head = text[: text.index(":")].removeprefix("lambda").strip()
        for name in dict.fromkeys(free):
            arguments = f"{head}, {name}={name}" if head else f"{name}={name}"
            scope.replace(node, f"lambda {arguments}: {body}", "bound early", 1.9)
