"""Requests that go through many files: print to logging, f-strings, lint, future imports."""

from __future__ import annotations

import ast
import re

from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_agent.intents import Intent
from treewright_agent.planning_scene import NoRuleError, Plan, Scene, files_of, operation
from treewright_agent.tools.operating import plan
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.text import SourceText

_MAX_SIZE = 1_000_000


def files_in(scene: Scene, place: str) -> list[str]:
    """Python files of a file, folder, package or module that a request names; '' means all.

    Raises NoRuleError for a place that is not there.
    """
    found = [path for path in files_of(scene, place) if path.endswith((".py", ".pyi"))]
    if not found:
        raise NoRuleError(f"there is no Python in {place}")
    return found


def _text(scene: Scene, path: str) -> SourceText | None:
    try:
        text = scene.snapshot.text(path)
    except TreewrightError:
        return None
    return text if len(text.data) <= _MAX_SIZE else None


# -------------------------------------------------------------------- print to logging

_LOGGER = re.compile(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:logging\.)?getLogger\(", re.MULTILINE)


def print_to_logging(intent: Intent, scene: Scene) -> Plan:
    """`print(x)` of one value becomes `logger.info(x)`; scripts' own output stays to people."""
    calls: list[Call] = []
    for path in files_in(scene, intent.slots.get("place", "")):
        scene.token.check()
        text = _text(scene, path)
        if text is None or b"print(" not in text.data:
            continue
        try:
            tree = ast.parse(text.string)
        except (SyntaxError, ValueError):
            continue
        if not any(_is_plain_print(node) for node in ast.walk(tree)):
            continue
        shown = scene.shown(path)
        known = _LOGGER.search(text.string)
        logger = known[1] if known else "logger"
        if not known:
            line = _last_import(tree) - 1
            new = f"{text.newline}logger = logging.getLogger(__name__){text.newline}"
            if text.slice(text.line_span(line + 1)).strip():  # code follows at once
                new += 2 * text.newline
            calls.append(
                Call(operation("replace_text"), {"path": shown, "after_line": line, "new": new})
            )
            calls.append(Call(operation("add_import"), {"path": shown, "module": "logging"}))
        pattern = {"path": shown, "pattern": "print($X)", "rewrite": f"{logger}.info($X)"}
        calls.append(Call(operation("replace_pattern"), pattern))
    if not calls:
        raise RefusedError("there is no print of one value to replace")
    return "Replace print by logging", calls


def _is_plain_print(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and len(node.args) == 1
        and not node.keywords
        and not isinstance(node.args[0], ast.Starred)
    )


def _last_import(tree: ast.Module) -> int:
    """The line (from 1) of the last import of the head of the file, else of its docstring; 0."""
    last = 0
    for node in tree.body:
        is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (is_doc and last == 0):
            last = node.end_lineno or node.lineno
        else:
            break
    return last


# -------------------------------------------------------------------- f-strings


def to_f_strings(intent: Intent, scene: Scene) -> Plan:
    """Each formatting that can be proven to print the same; the others stay."""
    name = operation("to_f_string")
    calls: list[Call] = []
    for path in files_in(scene, intent.slots.get("place", "")):
        scene.token.check()
        text = _text(scene, path)
        if text is None or not (b"%" in text.data or b".format(" in text.data):
            continue
        draft = Draft(scene.snapshot)
        # the last one first: those before it stay where they are
        for offset in sorted(_formattings(text), reverse=True):
            call = Call(name, {"path": scene.shown(path), "offset": offset})
            try:
                change = plan(call, draft.snapshot, scene.root, scene.token)
                draft = draft.done(call, change)
            except RefusedError:
                continue
            calls.append(call)
    if not calls:
        raise RefusedError("there is no formatting that can be proven to print the same")
    return "Use f-strings", calls


def _formattings(text: SourceText) -> list[int]:
    """Bytes in outermost `"…" % x` and `"…".format(x)`."""
    try:
        tree = ast.parse(text.string)
    except (SyntaxError, ValueError):
        return []
    found: list[int] = []
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        first: ast.expr | None = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            first = node.left
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.func.value if node.func.attr == "format" else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.append(text.line_starts[first.lineno - 1] + first.col_offset + 1)
            continue
        pending += ast.iter_child_nodes(node)
    return found


# -------------------------------------------------------------------- lint, future imports


def fix_lint(intent: Intent, scene: Scene) -> Plan:
    """What the project's own rules report and the linter can mend without a change of meaning."""
    place = intent.slots.get("file", intent.slots.get("place", ""))
    return _each(scene, place, "Fix lint errors", operation("fix_lint"), {"code": "all"})


def future_annotations(intent: Intent, scene: Scene) -> Plan:
    more = {"module": "__future__", "name": "annotations"}
    place = intent.slots.get("place", "")
    return _each(scene, place, "Import annotations from __future__", operation("add_import"), more)


def _each(scene: Scene, place: str, title: str, name: str, more: dict[str, str]) -> Plan:
    """One operation in each file where it changes something."""
    calls: list[Call] = []
    for path in files_in(scene, place):
        scene.token.check()
        text = _text(scene, path)
        if text is None or not text.data.strip():
            continue
        call = Call(name, {"path": scene.shown(path), **more})
        try:
            change = plan(call, scene.snapshot, scene.root, scene.token)
        except RefusedError:
            continue
        if not change.is_empty:
            calls.append(call)
    if not calls:
        raise RefusedError("there is nothing to do")
    return title, calls
