"""What failing tests tell before anything is tried: values, exceptions, names that are missing.

Read from the exceptions and from the source of the tests, never from their names or comments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

from treewright_agent.repair.model import Failed, Observed, TestCase
from treewright_agent.repair.mutate import Clues
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText

_QUOTED = re.compile(r"'([A-Za-z_]\w*)'")
_RAISES = ("raises", "assertRaises", "assertRaisesRegex")
_PLAIN = re.compile(r"[A-Za-z0-9 ,.'_-]+")


def clues_of(
    observed: Observed, targets: Iterable[TestCase], read: Callable[[str], SourceText]
) -> Clues:
    """`read` gives a file of the folder by its relative path; may raise TreewrightError."""
    kinds: dict[str, None] = {}
    values: dict[str, None] = {}
    raises: dict[tuple[str, str], None] = {}
    undefined: set[str] = set()
    missing: set[str] = set()
    pairs: dict[tuple[str, str], None] = {}
    raised_at: set[tuple[str, int]] = set()
    called: set[str] = set()
    not_raised = False
    functions: dict[tuple[str, int], ast.AST | None] = {}
    test_files = {test.file for test in observed.tests}
    failures = [test.failed for test in targets if test.failed is not None]
    failures += [failed for _, failed in observed.errors]
    for failed in failures:
        for kind in failed.bases or (failed.kind,):
            kinds[kind] = None
        called |= set(re.findall(r"<bound method [\w.]+\.(\w+)", failed.message))
        undefined |= _undefined(failed)
        missing |= _missing(failed)
        not_raised = (
            not_raised or "DID NOT RAISE" in failed.message or "not raised" in failed.message
        )
        for frame in reversed(failed.frames):
            if frame[0] not in test_files:
                raised_at.add((frame[0], frame[1]))
                break
        for pair in _pairs(failed.message):
            pairs[pair] = None
            values[pair[1]] = None
            values[pair[0]] = None
    for test in targets:
        key = (test.file, test.line)
        if key not in functions:
            functions[key] = _test_function(read, test)
        tree = functions[key]
        if tree is None:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                called.add(node.attr)
            if isinstance(node, ast.Call):
                name = _called(node)
                called.add(name)
                if name in _RAISES and node.args:
                    match = _match(node)
                    for exception in _names(node.args[0]):
                        raises[(exception, match)] = None
            for literal in _expected(node):
                values[literal] = None
    return Clues(
        kinds=frozenset(kinds),
        values=tuple(v for v in values if v),
        expected_raises=tuple(raises),
        not_raised=not_raised,
        undefined=frozenset(undefined),
        missing_attributes=frozenset(missing),
        pairs=tuple(pairs),
        raised_at=frozenset(raised_at),
        called=frozenset(called),
        hints=frozenset(hint for pair in pairs for hint in hints_of(*pair)),
    )


def _undefined(failed: Failed) -> set[str]:
    if "NameError" not in failed.bases:  # UnboundLocalError is one
        return set()
    return {failed.name} if failed.name else set(_QUOTED.findall(failed.message)[:1])


def _missing(failed: Failed) -> set[str]:
    if "AttributeError" not in failed.bases:
        return set()
    return {failed.name} if failed.name else set(_QUOTED.findall(failed.message)[-1:])


def _pairs(message: str) -> list[tuple[str, str]]:
    """(left, right) of a comparison that the message tells, when both are literals."""
    first = message.split("\n", 1)[0]
    found: list[tuple[str, str]] = []
    text = first.removeprefix("assert ")
    for separator in (" == ", " != "):
        if separator in text:
            left, _, right = text.partition(separator)
            right = right.split(" : ", 1)[0]
            if _is_literal(left) and _is_literal(right):
                found.append((left.strip(), right.strip()))
    return found


def hints_of(came: str, expected: str) -> list[str]:
    """How the two literals differ, in words that operators know; see `mutate.hinted`."""
    try:
        left, right = ast.literal_eval(came), ast.literal_eval(expected)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    found: list[str] = []
    if type(left) is not type(right) and not (_is_number(left) and _is_number(right)):
        if left is None:
            found.append("none")
        kind = type(right).__name__
        found.append(f"to {'number' if _is_number(right) else 'text' if kind == 'str' else kind}")
        return found
    came_rows, wanted_rows = _rows(left), _rows(right)
    if came_rows is not None and wanted_rows is not None:
        if came_rows == wanted_rows[::-1]:
            found.append("reversed")
        if sorted(came_rows) == sorted(wanted_rows):
            found.append("order")
        elif set(came_rows) == set(wanted_rows):
            found.append("twice")
        else:
            found += _in_letters(repr(left), repr(right))
    elif isinstance(left, str) and isinstance(right, str):
        if left == right[::-1]:
            found.append("reversed")
        found += _in_letters(left, right)
    elif isinstance(left, (dict, tuple, set)):
        found += _in_letters(ast.unparse(ast.parse(came)), ast.unparse(ast.parse(expected)))
    elif _is_number(left) and _is_number(right):
        if abs(left - right) == 1:
            found.append("one")
        if left == -right and left:
            found.append("sign")
        if left != right and abs(left - right) < 1:
            found.append("whole" if right == int(right) else "rounded")
    return found


def _in_letters(left: str, right: str) -> list[str]:
    """Whether the two differ in their case or their blanks alone."""
    if left.lower() == right.lower():
        return ["case"]
    return ["blanks"] if "".join(left.split()) == "".join(right.split()) else []


def _rows(value: Any) -> list[str] | None:
    return [repr(row) for row in value] if type(value) is list else None  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return len(text) < 80


def _test_function(read: Callable[[str], SourceText], test: TestCase) -> ast.AST | None:
    """The test's function, or the whole file of a script."""
    try:
        tree = ast.parse(read(test.file).string)
    except (SyntaxError, ValueError, TreewrightError):
        return None
    if test.id == test.file or ("::" not in test.id and "." not in test.id):
        return tree
    name = re.split(r"::|\.", test.id.split("[", 1)[0])[-1]
    best: ast.AST | None = None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            lines = [node.lineno, *(d.lineno for d in node.decorator_list)]
            if best is None or min(lines) <= test.line <= (node.end_lineno or 0):
                best = node
    return best


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Tuple):
        return [name for element in node.elts for name in _names(element)]
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.attr] if isinstance(node, ast.Attribute) else []


def _match(node: ast.Call) -> str:
    """The message that the test waits for, when it is plain text and no pattern."""
    given: list[ast.expr] = [k.value for k in node.keywords if k.arg == "match"]
    if _called(node) == "assertRaisesRegex":
        given += node.args[1:2]
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            text = value.value.strip("^$").replace("\\", "")
            if _PLAIN.fullmatch(text):
                return text
    return ""


def _expected(node: ast.AST) -> list[str]:
    """Literals that a test compares with."""
    sides: list[ast.expr] = []
    if (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], (ast.Eq, ast.Is))
    ):
        sides = [node.left, node.comparators[0]]
    elif isinstance(node, ast.Call) and _called(node) in (
        "assertEqual",
        "assertIs",
        "assertListEqual",
        "assertDictEqual",
    ):
        sides = node.args[:2]
    found: list[str] = []
    for side in sides:
        if isinstance(side, (ast.Constant, ast.List, ast.Dict, ast.Tuple, ast.Set, ast.UnaryOp)):
            text = ast.unparse(side)
            if _is_literal(text):
                found.append(text)
    return found
