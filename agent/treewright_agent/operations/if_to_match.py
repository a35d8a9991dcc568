"""If to match: write a chain of `if` and `elif` on one subject as a `match` statement.

Every condition must compare the same name with something a pattern can say: a literal, a dotted
name, `None`, a tuple of them behind `in`, or a class by `isinstance`; more conditions joined by
`and` become a guard. Refused for projects that run on a Python before 3.10.

    if$0 kind == "a":
        f()
    elif kind in ("b", "c") and ready:
        g()
    else:
        h()
    -> {}
    match kind:
        case "a":
            f()
        case "b" | "c" if ready:
            g()
        case _:
            h()
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.conditions import alternatives, if_at
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    bare,
    body_span,
    field,
    find_unit,
    holds,
    indent_lines,
    kept,
    python_at,
    require_own_lines,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_VALUES = frozenset({"integer", "float", "string", "concatenated_string"})


def _plan(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "if_to_match")
    node = if_at(file, span)
    if python_floor(file.path) < (3, 10):
        raise RefusedError("the project runs on a Python before 3.10, which has no match")
    clauses = [node, *alternatives(node)]
    tests = [clause for clause in clauses if clause.type != "else_clause"]
    if len(tests) < 2:
        raise RefusedError("it has no elif")
    require_own_lines(file, node)
    subject = _subject(file, field(tests[0], "condition"))
    if subject is None:
        raise RefusedError("its condition compares no name with a value")
    indent, unit = file.indentation(node), find_unit(file, node)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    for clause in clauses:
        body = field(clause, "body" if clause.type == "else_clause" else "consequence")
        if not file.starts_its_line(body) and body.start_byte < clause.end_byte:
            raise RefusedError("a body stands on the same line as its condition")
        if clause.type == "else_clause":
            editor.replace(Span(clause.start_byte, clause.start_byte + len("else")), "case _")
            continue
        condition = field(clause, "condition")
        said, guard = _case(file, condition, subject)
        text = f"case {said}" + (f" if {guard}" if guard else "")
        head = f"match {subject}:\n{indent}{unit}" if clause is node else ""
        editor.replace(Span(clause.start_byte, condition.end_byte), head + text)
    last = field(clauses[-1], "body" if clauses[-1].type == "else_clause" else "consequence")
    end = body_span(file, last, node).end
    first = file.text.line_of(node.start_byte) + 1
    indent_lines(file, editor, Span(file.text.line_starts[first], end), unit)
    return kept(file, build)


def _parts(condition: Node) -> list[Node]:
    """What a condition joins by `and`, in order."""
    node = bare(condition)
    found: list[Node] = []
    while node.type == "boolean_operator" and field(node, "operator").type == "and":
        found.append(field(node, "right"))
        node = field(node, "left")
    return [node, *found[::-1]]


def _subject(file: PythonFile, condition: Node) -> str | None:
    first = bare(_parts(condition)[0])
    if first.type == "boolean_operator":
        return _subject(file, field(first, "left"))
    if first.type == "comparison_operator":
        name = first.named_children[0]
    elif first.type == "call" and file.text_of(field(first, "function")) == "isinstance":
        given = field(first, "arguments").named_children
        name = given[0] if given else first
    else:
        return None
    return file.text_of(name) if _is_plain(name) else None


def _is_plain(node: Node) -> bool:
    """A name; an attribute might be computed anew each time it is looked at."""
    return node.type == "identifier"


def _case(file: PythonFile, condition: Node, subject: str) -> tuple[str, str]:
    """The pattern and the guard of one condition."""
    if holds(condition, ("named_expression", "await", "yield")):
        raise RefusedError("a condition assigns or waits")
    first, *rest = _parts(condition)
    patterns = _patterns(file, bare(first), subject)
    guards: list[str] = []
    for part in rest:
        text = file.text_of(part)
        guards.append(f"({text})" if part.type == "conditional_expression" else text)
    return " | ".join(patterns), " and ".join(guards).replace("\r\n", "\n")


def _patterns(file: PythonFile, node: Node, subject: str) -> list[str]:
    if node.type == "boolean_operator" and field(node, "operator").type == "or":
        return [
            pattern
            for name in ("left", "right")
            for pattern in _patterns(file, bare(field(node, name)), subject)
        ]
    if node.type == "call":
        return _class_patterns(file, node, subject)
    if node.type != "comparison_operator" or len(node.named_children) != 2:
        raise RefusedError(f"a condition does not compare `{subject}` with a value")
    left, right = node.named_children
    if file.text_of(left) != subject:
        raise RefusedError(f"a condition does not compare `{subject}` with a value")
    operator = next(child.type for child in node.children if not child.is_named)
    if operator == "is" and right.type in ("none", "true", "false"):
        return [file.text_of(right)]
    if operator == "==":
        return [_value(file, right)]
    if operator == "in" and right.type in ("tuple", "set", "list"):
        members = [child for child in right.named_children if child.type != "comment"]
        if members and not holds(right, ("comment",)):
            return [_value(file, member) for member in members]
    raise RefusedError(f"a pattern cannot say `{operator}` here")


def _value(file: PythonFile, node: Node) -> str:
    text = file.text_of(node)
    inner = node
    if node.type == "unary_operator":
        inner = field(node, "argument")
        if not text.startswith("-") or inner.type not in ("integer", "float"):
            raise RefusedError(f"a pattern cannot say `{text}`")
    if inner.type in _VALUES and not holds(inner, ("interpolation",)) and "\n" not in text:
        return text
    if node.type == "attribute" and re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)+", text):
        return text
    if node.type == "identifier":
        raise RefusedError(f"as a pattern `{text}` would take any value")
    raise RefusedError(f"a pattern cannot say `{text}`")


def _class_patterns(file: PythonFile, call: Node, subject: str) -> list[str]:
    function = field(call, "function")
    given = field(call, "arguments").named_children
    if (
        file.text_of(function) != "isinstance"
        or file.home_of("isinstance", function.start_byte) != -1
        or len(given) != 2
        or file.text_of(given[0]) != subject
    ):
        raise RefusedError(f"a condition does not compare `{subject}` with a value")
    kinds = given[1].named_children if given[1].type == "tuple" else [given[1]]
    found: list[str] = []
    for kind in kinds:
        text = file.text_of(kind)
        if kind.type not in ("identifier", "attribute") or not _is_class(file, kind):
            raise RefusedError(f"`{text}` may be several classes")
        found.append(f"{text}()")
    return found


def _is_class(file: PythonFile, node: Node) -> bool:
    """Whether the name is proven to be one class: a builtin, or a class of the workspace."""
    import builtins

    from treewright_indexer.graph import definitions, occurrence_at

    text = file.text_of(node)
    if isinstance(getattr(builtins, text, None), type):
        return file.home_of(text, node.start_byte) == -1
    occurrence = occurrence_at(file.snapshot, file.path, max(node.start_byte, node.end_byte - 1))
    if occurrence is None:
        return False
    found = definitions(file.snapshot, file.path, occurrence.span.start)
    return bool(found) and all(target.kind == "class" for target in found)


def python_floor(path: str) -> tuple[int, int]:
    """The oldest Python that the project says it runs on; (3, 11) when it says nothing."""
    folder = os.path.dirname(path)
    while True:
        file = os.path.join(folder, "pyproject.toml")
        try:
            return _floor(file, os.stat(file).st_mtime_ns)
        except OSError:
            pass
        parent = os.path.dirname(folder)
        if parent == folder:
            return (3, 11)
        folder = parent


@lru_cache(maxsize=64)
def _floor(file: str, stamp: int) -> tuple[int, int]:
    try:
        whole = tomllib.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError):
        return (3, 11)
    project = whole.get("project")
    said = project.get("requires-python", "") if isinstance(project, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    match = re.search(r"(?:>=|~=|==)\s*3\.(\d+)", str(said))  # pyright: ignore[reportUnknownArgumentType]
    return (3, int(match[1])) if match is not None else (3, 11)


IF_TO_MATCH = Operation(
    name="if_to_match",
    title="Convert to match",
    arguments=Place,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
