"""Whole blocks that are missing: what another function of the file does, a rest that nobody
collects, a step that ends a loop.

The text of a repair is mostly in the project already (Barr et al., "The plastic surgery
hypothesis", 2014), so these put existing statements to another place, with names that fit there.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from itertools import product

from treewright_agent.repair.mutate.scope import Scope, alike, family
from treewright_agent.repair.mutate.statements import is_docstring
from treewright_agent.repair.source import Definition, own_nodes

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_KNOWN = frozenset(dir(builtins))
_MAX_LINES = 4


def siblings(scope: Scope) -> None:
    """A statement that the other functions around this one have: `self.log.append(…)`, a guard."""
    function = scope.function
    if function is None:
        return
    own = {ast.dump(node) for node in ast.walk(function) if isinstance(node, ast.stmt)}
    pieces = [
        (statement, other)
        for other in _others(scope, function)
        for statement in _portable(scope, other)
        if ast.dump(statement) not in own
    ][:40]
    for place in _places(scope):
        for statement, other in pieces:
            for text, extra in _fitted(scope, statement, other, place):
                cost = 2.5 + extra + 0.1 * text.count("\n")
                lines = text.split("\n")
                scope.insert_before(place, lines, "as in a sibling", cost)
                if _is_last(scope, place):
                    scope.insert_after(place, lines, "as in a sibling", cost)


def _others(scope: Scope, function: Definition) -> Iterator[Definition]:
    """The functions of the same class, else those of the module's own level."""
    owner = scope.module.class_of(function)
    body = owner.body if owner is not None else scope.module.tree.body
    for node in body:
        if isinstance(node, Definition) and node is not function:
            yield node


def _portable(scope: Scope, function: Definition) -> Iterator[ast.stmt]:
    for node in own_nodes(function):
        if not isinstance(node, (ast.Expr, ast.Assign, ast.AugAssign, ast.If, ast.Delete)):
            continue
        n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if n_lines > _MAX_LINES or is_docstring(scope, node) or not scope.module.begins_line(node):
            continue
        if isinstance(node, ast.If) and (node.orelse or node.body[0].lineno == node.lineno):
            continue
        yield node


def _fitted(
    scope: Scope, statement: ast.stmt, other: Definition, place: ast.stmt
) -> Iterator[tuple[str, float]]:
    """The statement's text with names that mean something at `place`, unindented."""
    here = scope.variables(place)
    known = {*here, "self", "cls", *_KNOWN, *scope.module.top_names}
    used = dict.fromkeys(n.id for n in ast.walk(statement) if isinstance(n, ast.Name))
    strange = [name for name in used if name not in known]
    if len(strange) > 1:
        return
    tables: list[tuple[dict[str, str], float]] = [({}, 0.0)]
    if strange:
        theirs = scope.known(other).get(strange[0], ())
        tables = []
        for name in here[:8]:
            fits = alike(theirs, scope.types_of_name(name, place))
            if fits is not False and name not in used:
                tables.append(({strange[0]: name}, 0.5 if fits else 0.9))
    if not strange and not any(name in here or name == "self" for name in used):
        return
    indent = scope.module.indent(statement)
    for table, extra in tables:
        text = scope.with_names(statement, table)
        name = f'"{other.name}"'
        if scope.function is not None and name in text:  # what a function is called, in its log
            text, extra = text.replace(name, f'"{scope.function.name}"'), extra - 0.6
        yield "\n".join(line.removeprefix(indent) for line in text.split("\n")), extra


def _places(scope: Scope) -> Iterator[ast.stmt]:
    for statement in scope.statements():
        if isinstance(statement, (*Definition.__args__, ast.ClassDef)):
            continue
        if is_docstring(scope, statement) or scope.module.block_of(statement) is None:
            continue
        yield statement


def _is_last(scope: Scope, statement: ast.stmt) -> bool:
    place = scope.module.block_of(statement)
    return place is not None and place[1] == len(place[0]) - 1 and not isinstance(statement, _ENDS)


def rests(scope: Scope) -> None:
    """What is left over when a loop ends: `while xs: ys.append(xs.pop())`, `if x: ys.append(x)`,
    `ys.extend(xs)`, `yield from xs`."""
    for loop in scope.statements():
        if not isinstance(loop, _LOOPS) or not scope.module.begins_line(loop):
            continue
        inner = scope.function_at(loop)
        if inner is None:
            continue
        step = scope.step(loop.body[0])
        for line, cost in _after(scope, loop, inner):
            scope.insert_after(loop, [line], "rest collected", cost)
            names = [n.id for n in ast.walk(ast.parse(line)) if isinstance(n, ast.Name)]
            for name in dict.fromkeys(names):
                kind = family(scope.types_of_name(name, loop))
                if name not in scope.variables(loop) or kind == "bool":
                    continue
                drains = ".pop" in line or "heappop" in line
                if drains and kind in ("list", "set", "dict", ""):
                    made = [f"while {name}:", f"{step}{line}"]
                    scope.insert_after(loop, made, "rest collected", cost)
                condition = f"{name} > 1" if kind == "number" else name
                made = [f"if {condition}:", f"{step}{line}"]
                scope.insert_after(loop, made, "rest collected", cost + 0.2)
            for condition in _compared(scope, loop, line):
                made = [f"if {condition}:", f"{step}{line}"]
                scope.insert_after(loop, made, "rest collected", cost + 0.4)


_PLACE = re.compile(r"(?<![\w.])(?:self\.)?[A-Za-z_]\w*(?![\w(.\[])")


def _compared(scope: Scope, loop: ast.stmt, line: str) -> Iterator[str]:
    """`a < b` and `a != b` of two numbers in the line: is there a rest at all?"""
    numbers = [
        place
        for place in dict.fromkeys(_PLACE.findall(line))
        if family(scope.types_of_name(place, loop)) == "number"
    ]
    for i, first in enumerate(numbers[:3]):
        for second in numbers[i + 1 : 3]:
            yield f"{first} < {second}"
            yield f"{first} != {second}"


def _without_item(scope: Scope, loop: ast.stmt) -> Iterator[str]:
    """Lines of the loop with another value in the place of the last item's."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)):
        return
    items = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    others = [(name, scope.types_of_name(name, loop)) for name in scope.variables(loop)]
    others += [
        (f"self.{name}", scope.types_of_name(f"self.{name}", loop))
        for name, what in scope.members(loop).items()
        if what == "field"
    ]
    for statement in ast.walk(loop):
        if not isinstance(statement, ast.Expr) or statement.end_lineno != statement.lineno:
            continue
        base = scope.module.span(statement).start
        for node in ast.walk(statement):
            inner = node.value if isinstance(node, ast.Attribute) else node
            if not isinstance(inner, ast.Name) or inner.id not in items:
                continue
            if not isinstance(node, ast.expr) or is_callee(scope, node):
                continue
            span, text = scope.module.span(node), scope.text(statement).encode()
            for other, kinds in others:
                if other not in items and alike(kinds, scope.types(node)):
                    made = text[: span.start - base] + other.encode() + text[span.end - base :]
                    yield made.decode("utf-8", "replace")


def is_callee(scope: Scope, node: ast.expr) -> bool:
    parent = scope.parent(node)
    return isinstance(parent, ast.Attribute) or getattr(parent, "func", None) is node


def _after(scope: Scope, loop: ast.stmt, function: Definition) -> Iterator[tuple[str, float]]:
    """Single lines that could stand behind a loop, with their costs."""
    seen: set[str] = set()
    for node in ast.walk(loop):
        if (
            isinstance(node, (ast.Expr, ast.AugAssign))
            and node.end_lineno == node.lineno
            and not is_docstring(scope, node)
        ):
            text = scope.text(node)
            if text not in seen and len(text) < 80:
                seen.add(text)
                yield text, 2.4
    for text in _without_item(scope, loop):
        if text not in seen:
            seen.add(text)
            yield text, 2.7
    heaped = 0.8 if "heapq" in scope.module.top_names else 0.0  # a heap's list is in no order
    names = scope.variables(loop)
    lists = [n for n in names if family(scope.types_of_name(n, loop)) in ("list", "set", "")]
    yields = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own_nodes(function))
    for source in lists[:6]:
        if yields:
            yield f"yield {source}.pop(0)", 2.9
            yield f"yield {source}.pop()", 2.9
            yield f"yield from {source}", 2.6 + heaped
            yield f"yield from sorted({source})", 2.9
            if "heapq" in scope.module.top_names:
                yield f"yield heapq.heappop({source})", 2.6
        for target in lists[:6]:
            if target == source:
                continue
            yield f"{target}.append({source}.pop())", 2.8
            yield f"{target}.append({source}.pop(0))", 3.0
            yield f"{target}.extend({source})", 2.7 + heaped
            yield f"{target}.append({source})", 2.6
            if "heapq" in scope.module.top_names:
                yield f"{target}.append(heapq.heappop({source}))", 2.8
    if yields:
        for name in names[:6]:
            if name not in lists:
                yield f"yield {name}", 2.8


def paired(scope: Scope) -> None:
    """`found.extend(one[i:])` -> also `found.extend(two[j:])`: the twin of a statement, with two
    of its names exchanged at once."""
    for statement in scope.statements():
        if not isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign)):
            continue
        if is_docstring(scope, statement) or statement.end_lineno != statement.lineno:
            continue
        here = scope.variables(statement)
        names = dict.fromkeys(n.id for n in ast.walk(statement) if isinstance(n, ast.Name))
        loose = [name for name in names if name in here]
        if not 2 <= len(loose) <= 4:
            continue
        options = {
            name: [
                other
                for other in here
                if other not in names
                and alike(
                    scope.types_of_name(name, statement), scope.types_of_name(other, statement)
                )
            ][:3]
            for name in loose
        }
        for i, first in enumerate(loose):
            for second in loose[i + 1 :]:
                for left, right in product(options[first], options[second]):
                    if left == right:
                        continue
                    line = scope.with_names(statement, {first: left, second: right})
                    scope.insert_after(statement, [line], "similar statement added", 2.4)
                    scope.insert_before(statement, [line], "similar statement added", 2.6)


def yields(scope: Scope) -> None:
    """A value that a generator forgets to hand out."""
    for statement in _places(scope):
        function = scope.function_at(statement)
        if function is None or not any(
            isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own_nodes(function)
        ):
            continue
        for name in scope.variables(statement)[:8]:
            scope.insert_before(statement, [f"yield {name}"], "value handed out", 2.6)
            if _is_last(scope, statement):
                scope.insert_after(statement, [f"yield {name}"], "value handed out", 2.6)
