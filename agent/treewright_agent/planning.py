"""From an Intent to a draft: which operations do it, on which symbols. No model.

What a name means is looked up; two definitions of one name are a question to the user, and without
an answer nothing is changed. An operation that cannot prove its case refuses, and so does this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_agent.intents import Intent, flag_value
from treewright_agent.operations import OPERATIONS
from treewright_agent.tools.operating import plan
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.graph import Target, targets_named
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

Choose = Callable[[str, tuple[str, ...]], "str | None"]
"""(question, choices) -> the user's choice, or None when nobody answered."""


class NoRuleError(TreewrightError):
    """A request that no rule can do here; the ladder goes on."""


class UndecidedError(TreewrightError):
    """The request has several meanings, and the user did not say which."""

    def __init__(self, question: str, choices: tuple[str, ...]) -> None:
        super().__init__(f"{question} ({'; '.join(choices)})")
        self.question = question
        self.choices = choices


@dataclass(frozen=True, slots=True)
class Planned:
    draft: Draft
    title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scene:
    """What planning needs besides the intent."""

    snapshot: Snapshot
    root: str
    choose: Choose
    token: CancelToken

    def shown(self, path: str) -> str:
        shown = os.path.relpath(path, self.root).replace(os.sep, "/")
        return path if shown.startswith("../") else shown


def plan_intent(
    intent: Intent, snapshot: Snapshot, root: str, choose: Choose, token: CancelToken
) -> Planned:
    """Raises NoRuleError, UndecidedError, RefusedError and what operations raise."""
    planner = _PLANNERS.get(intent.action)
    if planner is None:
        raise NoRuleError(f"no rule does {intent.action}")
    scene = _Scene(snapshot, root, choose, token)
    title, calls = planner(intent, scene)
    draft = Draft(snapshot)
    notes: list[str] = []
    for call in calls:
        token.check()
        change = plan(call, draft.snapshot, root, token)
        notes += [f"{scene.shown(note.path)}: {note.text}" for note in change.notes]
        draft = draft.done(call, change)
    return Planned(draft, title, tuple(notes))


def available(action: str) -> bool:
    """Whether a rule exists for what the grammar understands."""
    return action in _PLANNERS


# -------------------------------------------------------------------- looking things up


def _operation(*names: str) -> str:
    """The first operation that exists. Raises NoRuleError."""
    known = {operation.name for operation in OPERATIONS}
    for name in names:
        if name in known:
            return name
    raise NoRuleError(f"there is no operation {' or '.join(names)}")


def _target(
    scene: _Scene, symbol: str, file: str = "", kinds: frozenset[str] | None = None
) -> Target:
    """The one definition that `symbol` names. Raises NoRuleError, UndecidedError."""
    path, _, dotted = symbol.rpartition("::")
    wanted_file = path or file
    found = targets_named(scene.snapshot, dotted or symbol, scene.token)
    if wanted_file:
        place = _file(scene, wanted_file)
        found = [target for target in found if target.path == place]
    if kinds:
        found = [target for target in found if target.kind in kinds] or found
    tops = [target for target in found if not target.container]
    if "." not in symbol and len(tops) == 1 and len(found) > 1 and not _same_rank(found):
        found = tops
    if not found:
        raise NoRuleError(
            f"no symbol named {symbol!r}" + (f" in {wanted_file}" if wanted_file else "")
        )
    if len(found) == 1:
        return found[0]
    names = tuple(_named(scene, target) for target in found)
    question = f"{symbol!r} names {len(found)} definitions: which one?"
    answer = scene.choose(question, names)
    if answer is None or answer not in names:
        raise UndecidedError(question, names)
    return found[names.index(answer)]


def _same_rank(found: list[Target]) -> bool:
    """Whether members are meant as likely as the definition at the top of a file."""
    return any(target.container for target in found)


def _named(scene: _Scene, target: Target) -> str:
    line = scene.snapshot.text(target.path).line_of(target.name_span.start) + 1
    dotted = f"{target.container}.{target.name}" if target.container else target.name
    return f"{scene.shown(target.path)}::{dotted} (line {line})"


def _file(scene: _Scene, given: str) -> str:
    """The absolute path of a file that a request names. Raises NoRuleError, UndecidedError."""
    path = scene.snapshot.require_inside(os.path.join(scene.root, given))
    if scene.snapshot.exists(path):
        return path
    tail = "/" + given.lstrip("./")
    found = [p for p in scene.snapshot.files() if p.replace(os.sep, "/").endswith(tail)]
    if not found:
        raise NoRuleError(f"no such file: {given}")
    if len(found) > 1:
        names = tuple(scene.shown(p) for p in sorted(found))
        question = f"{given} names {len(found)} files: which one?"
        answer = scene.choose(question, names)
        if answer not in names:
            raise UndecidedError(question, names)
        return sorted(found)[names.index(answer)]
    return found[0]


def _at(scene: _Scene, target: Target) -> dict[str, Any]:
    return {"path": scene.shown(target.path), "offset": target.name_span.start}


_FUNCTIONS = frozenset({"function", "method", "constructor"})
_Plan = tuple[str, list[Call]]


# -------------------------------------------------------------------- one planner per action


def _rename(intent: Intent, scene: _Scene) -> _Plan:
    old, new = intent.slots["old"], intent.slots["new"]
    name = _operation("rename_symbol")
    target = _target(scene, old, intent.slots.get("file", ""))
    return f"Rename {old} to {new}", [Call(name, {**_at(scene, target), "new_name": new})]


def _signature_rows(scene: _Scene, target: Target) -> list[dict[str, Any]]:
    """The parameters of a function as they stand, without self, as rows of change_signature."""
    text = scene.snapshot.text(target.path)
    node = scene.snapshot.tree(target.path).root_node.descendant_for_byte_range(*target.name_span)
    while node is not None and node.type != "function_definition":
        node = node.parent
    listed = node.child_by_field_name("parameters") if node is not None else None
    if listed is None:
        raise NoRuleError(f"the parameters of {target.name} cannot be read")
    rows: list[dict[str, Any]] = []
    for child in listed.named_children:
        if child.type in ("keyword_separator", "positional_separator"):
            rows.append({"name": "*" if child.type == "keyword_separator" else "/"})
            continue
        named = child.child_by_field_name("name") or child
        if child.type == "typed_parameter":
            named = child.named_children[0]
        rows.append({"name": text.slice(Span(named.start_byte, named.end_byte))})
    decorated = (
        node.parent is not None and node.parent.type == "decorated_definition" if node else False
    )
    is_static = decorated and b"staticmethod" in text.data[node.parent.start_byte : node.start_byte]  # type: ignore[union-attr]
    if target.kind in ("method", "constructor") and not is_static and rows:
        rows.pop(0)
    return rows


def _rename_parameter(intent: Intent, scene: _Scene) -> _Plan:
    function, old, new = (intent.slots[key] for key in ("function", "old", "new"))
    target = _target(scene, function, kinds=_FUNCTIONS)
    rows = _signature_rows(scene, target)
    if old not in {row["name"] for row in rows}:
        raise RefusedError(f"{function} has no parameter {old}")
    changed = [{"name": new, "old": old} if row["name"] == old else row for row in rows]
    call = Call(_operation("change_signature"), {**_at(scene, target), "parameters": changed})
    return f"Rename parameter {old} of {function} to {new}", [call]


def _add_parameter(intent: Intent, scene: _Scene) -> _Plan:
    slots = intent.slots
    function, name = slots["function"], slots["name"]
    target = _target(scene, function, kinds=_FUNCTIONS)
    rows = _signature_rows(scene, target)
    if name in {row["name"] for row in rows}:
        raise RefusedError(f"{function} has a parameter {name} already")
    default = slots.get("default")
    value = slots.get("value") or default
    if value is None:
        raise NoRuleError(f"what should existing calls pass for {name}? Give it a default")
    row: dict[str, Any] = {"name": name}
    if "annotation" in slots:
        row["annotation"] = slots["annotation"].strip()
    if default is not None:
        row["default"] = default
    row["value"] = value
    at = next(
        (i for i, r in enumerate(rows) if r["name"] in ("*",) or r["name"].startswith("*")),
        len(rows),
    )
    call = Call(
        _operation("change_signature"),
        {**_at(scene, target), "parameters": [*rows[:at], row, *rows[at:]]},
    )
    return f"Add parameter {name} to {function}", [call]


def _remove_parameter(intent: Intent, scene: _Scene) -> _Plan:
    function, name = intent.slots["function"], intent.slots["name"]
    target = _target(scene, function, kinds=_FUNCTIONS)
    rows = _signature_rows(scene, target)
    kept = [row for row in rows if row["name"] != name]
    if len(kept) == len(rows):
        raise RefusedError(f"{function} has no parameter {name}")
    call = Call(_operation("change_signature"), {**_at(scene, target), "parameters": kept})
    return f"Remove parameter {name} from {function}", [call]


def _move(intent: Intent, scene: _Scene) -> _Plan:
    symbol, target_name = intent.slots["symbol"], intent.slots["target"]
    target = _target(scene, symbol, intent.slots.get("file", ""))
    call = Call(
        _operation("move_symbol"),
        {**_at(scene, target), "new_path": _module_path(scene, target.path, target_name)},
    )
    return f"Move {symbol} to {target_name}", [call]


def _module_path(scene: _Scene, source: str, name: str) -> str:
    """`pkg.mod` or a path, as a path relative to the root; new modules may be named."""
    if "/" in name or name.endswith((".py", ".pyi")):
        return name
    from treewright_indexer.graph.imports import ModuleFinder

    finder = ModuleFinder(scene.snapshot)
    found = finder.find(source, name, 0)
    if found is not None:
        return scene.shown(found)
    package, _, last = name.rpartition(".")
    if package:
        home = finder.find(source, package, 0)
        if home is None:
            raise NoRuleError(f"no module {package}")
        if os.path.basename(home) != "__init__.py":
            raise NoRuleError(f"{package} is a module, not a package")
        return scene.shown(os.path.join(os.path.dirname(home), last + ".py"))
    return scene.shown(os.path.join(os.path.dirname(source), last + ".py"))


def _rename_file(intent: Intent, scene: _Scene) -> _Plan:
    path = _file(scene, intent.slots["old"])
    new = intent.slots["new"]
    if "/" not in new:
        new = os.path.join(os.path.dirname(scene.shown(path)), new)
    call = Call(
        _operation("move_file"), {"path": scene.shown(path), "new_path": new.replace(os.sep, "/")}
    )
    return f"Rename {intent.slots['old']} to {new}", [call]


def _replace_import(intent: Intent, scene: _Scene) -> _Plan:
    old, new = intent.slots["old"], intent.slots["new"]
    call = Call(_operation("replace_import"), {"old": old, "new": new})
    return f"Replace import {old} by {new}", [call]


def _remove_flag(intent: Intent, scene: _Scene) -> _Plan:
    flag, value = intent.slots["flag"], flag_value(intent.slots["value"])
    name = _operation("remove_flag")
    target = _target(scene, flag)
    return f"Remove flag {flag} as {value}", [Call(name, {**_at(scene, target), "value": value})]


def _files_of(intent: Intent, scene: _Scene) -> list[str]:
    if "file" in intent.slots:
        return [_file(scene, intent.slots["file"])]
    return sorted(path for path in scene.snapshot.files() if path.endswith((".py", ".pyi")))


def _per_file(title: str, *operations: str) -> Callable[[Intent, _Scene], _Plan]:
    """A planner that does one operation in each file where it changes something."""

    def planner(intent: Intent, scene: _Scene) -> _Plan:
        name = _operation(*operations)
        calls: list[Call] = []
        for path in _files_of(intent, scene):
            scene.token.check()
            call = Call(name, {"path": scene.shown(path)})
            try:
                change = plan(call, scene.snapshot, scene.root, scene.token)
            except RefusedError:
                continue
            if not change.is_empty:
                calls.append(call)
        if not calls:
            raise RefusedError("there is nothing to do")
        return title, calls

    return planner


def _add_import(intent: Intent, scene: _Scene) -> _Plan:
    path = _file(scene, intent.slots["file"])
    name = intent.slots["name"]
    call = Call(_operation("add_import"), {"path": scene.shown(path), "module": name})
    return f"Import {name} in {intent.slots['file']}", [call]


def _add_decorator(intent: Intent, scene: _Scene) -> _Plan:
    function, decorator = intent.slots["function"], intent.slots["decorator"]
    target = _target(scene, function)
    call = Call(
        _operation("add_decorator"),
        {**_at(scene, target), "decorator": decorator.removeprefix("@")},
    )
    return f"Add @{decorator.removeprefix('@')} to {function}", [call]


def _remove_decorator(intent: Intent, scene: _Scene) -> _Plan:
    function, decorator = intent.slots["function"], intent.slots["decorator"]
    target = _target(scene, function)
    call = Call(
        _operation("remove_decorator"),
        {**_at(scene, target), "decorator": decorator.removeprefix("@")},
    )
    return f"Remove @{decorator.removeprefix('@')} from {function}", [call]


def _remove_decorator_everywhere(intent: Intent, scene: _Scene) -> _Plan:
    decorator = intent.slots["decorator"].removeprefix("@")
    call = Call(_operation("remove_decorator"), {"decorator": decorator})
    return f"Remove @{decorator} everywhere", [call]


def _delete_symbol(intent: Intent, scene: _Scene) -> _Plan:
    symbol = intent.slots["symbol"]
    target = _target(scene, symbol, intent.slots.get("file", ""))
    call = Call(_operation("delete_symbol", "safe_delete"), _at(scene, target))
    return f"Delete {symbol}", [call]


def _inline(intent: Intent, scene: _Scene) -> _Plan:
    symbol = intent.slots["symbol"]
    target = _target(scene, symbol)
    name = _operation("inline_function" if target.kind in _FUNCTIONS else "inline_variable")
    return f"Inline {symbol}", [Call(name, _at(scene, target))]


_HOLE = re.compile(r"(?<![\w$.])([A-Z])(?![\w(.])")


def _replace_pattern(intent: Intent, scene: _Scene) -> _Plan:
    """Single capital letters that stand in both texts are holes, as people write them."""
    old, new = intent.slots["old"].strip(), intent.slots["new"].strip()
    holes = set(_HOLE.findall(old)) & {*_HOLE.findall(new), *_HOLE.findall(old)}
    pattern, rewrite = (
        _HOLE.sub(lambda m: f"${m[1]}" if m[1] in holes else m[1], text).replace("...", "$$$ARGS")
        for text in (old, new)
    )
    call = Call(_operation("replace_pattern"), {"pattern": pattern, "rewrite": rewrite})
    return f"Replace {old} by {new}", [call]


_PLANNERS: dict[str, Callable[[Intent, _Scene], _Plan]] = {
    "rename": _rename,
    "rename_parameter": _rename_parameter,
    "rename_file": _rename_file,
    "replace_import": _replace_import,
    "move": _move,
    "add_parameter": _add_parameter,
    "remove_parameter": _remove_parameter,
    "remove_flag": _remove_flag,
    "remove_unused_imports": _per_file("Remove unused imports", "remove_unused_imports"),
    "organize_imports": _per_file("Organise imports", "organize_imports"),
    "add_import": _add_import,
    "add_decorator": _add_decorator,
    "remove_decorator": _remove_decorator,
    "remove_decorator_everywhere": _remove_decorator_everywhere,
    "delete_symbol": _delete_symbol,
    "inline": _inline,
    "replace_pattern": _replace_pattern,
}
