"""From an Intent to a draft: which operations do it, on which symbols. No model.

What a name means is looked up; two definitions of one name are a question to the user, and without
an answer nothing is changed. An operation that cannot prove its case refuses, and so does this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from treewright_agent import planning_shapes as shapes
from treewright_agent import planning_signatures as signatures
from treewright_agent import planning_sweeps as sweeps
from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_agent.ignored import Ignored
from treewright_agent.intents import Intent, flag_value, understand
from treewright_agent.planning_scene import (
    FUNCTIONS,
    Choose,
    NoRuleError,
    Plan,
    Planned,
    Scene,
    UndecidedError,
    at,
    file_of,
    new_file,
    operation,
    parameter_offset,
    signature_rows,
    target_of,
)
from treewright_agent.tools.operating import plan
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot

__all__ = ["Choose", "NoRuleError", "Planned", "UndecidedError", "available", "plan_intent"]


def plan_intent(
    intent: Intent, snapshot: Snapshot, root: str, choose: Choose, token: CancelToken
) -> Planned:
    """Raises NoRuleError, UndecidedError, RefusedError and what operations raise."""
    scene = Scene(snapshot, root, choose, token)
    done = Planned(Draft(snapshot), "")
    if intent.action != "sequence":
        return _carried_out(intent, scene, done)
    for number in sorted(intent.slots, key=int):
        part = understand(intent.slots[number])
        if part is None or part.action in ("sequence", "fix_tests"):
            raise NoRuleError(f"no rule does {intent.slots[number]!r} after something else")
        done = _carried_out(part, replace(scene, snapshot=done.draft.snapshot), done)
    return done


def _carried_out(intent: Intent, scene: Scene, before: Planned) -> Planned:
    """`before` with what `intent` asks for done on its draft."""
    planner = _PLANNERS.get(intent.action)
    if planner is None:
        raise NoRuleError(f"no rule does {intent.action}")
    title, calls = planner(intent, scene)
    draft, notes = before.draft, list(before.notes)
    for call in calls:
        scene.token.check()
        change = plan(call, draft.snapshot, scene.root, scene.token)
        for note in change.notes:
            line = draft.snapshot.text(note.path).line_of(note.span.start) + 1
            notes.append(f"{scene.shown(note.path)}:{line}: {note.text}")
        draft = draft.done(call, change)
    return Planned(draft, f"{before.title}; {title}" if before.title else title, tuple(notes))


def available(action: str) -> bool:
    """Whether a rule exists for what the grammar understands."""
    return action in _PLANNERS or action == "sequence"


# -------------------------------------------------------------------- one planner per action


def _rename(intent: Intent, scene: Scene) -> Plan:
    old, new = intent.slots["old"], intent.slots["new"]
    name = operation("rename_symbol")
    try:
        target = target_of(scene, old, intent.slots.get("file", ""))
    except NoRuleError:
        if "file" not in intent.slots:
            raise
        return shapes.rename_local(intent, scene)
    return f"Rename {old} to {new}", [Call(name, {**at(scene, target), "new_name": new})]


def _rename_parameter(intent: Intent, scene: Scene) -> Plan:
    function, old, new = (intent.slots[key] for key in ("function", "old", "new"))
    target = target_of(scene, function, intent.slots.get("file", ""), kinds=FUNCTIONS)
    rows = signature_rows(scene, target)
    if old not in {row["name"] for row in rows}:
        raise RefusedError(f"{function} has no parameter {old}")
    where = {"path": scene.shown(target.path), "offset": parameter_offset(scene, target, old)}
    call = Call(operation("rename_symbol"), {**where, "new_name": new})
    return f"Rename parameter {old} of {function} to {new}", [call]


def _add_parameter(intent: Intent, scene: Scene) -> Plan:
    slots = intent.slots
    function, name = slots["function"], slots["name"]
    target = target_of(scene, function, intent.slots.get("file", ""), kinds=FUNCTIONS)
    rows = signature_rows(scene, target)
    if name in {row["name"] for row in rows}:
        raise RefusedError(f"{function} has a parameter {name} already")
    default = slots.get("default")
    value = slots.get("value") or (default if "passed" in slots else None)
    if value is None and default is None:
        raise NoRuleError(f"what should existing calls pass for {name}? Give it a default")
    row: dict[str, Any] = {"name": name}
    if "annotation" in slots:
        row["annotation"] = slots["annotation"].strip()
    if default is not None:
        row["default"] = default
    if value is not None:  # else the default serves the calls
        row["value"] = value
    place = next(
        (i for i, r in enumerate(rows) if r["name"] in ("*",) or r["name"].startswith("*")),
        len(rows),
    )
    call = Call(
        operation("change_signature"),
        {**at(scene, target), "parameters": [*rows[:place], row, *rows[place:]]},
    )
    return f"Add parameter {name} to {function}", [call]


def _remove_parameter(intent: Intent, scene: Scene) -> Plan:
    function, name = intent.slots["function"], intent.slots["name"]
    target = target_of(scene, function, intent.slots.get("file", ""), kinds=FUNCTIONS)
    rows = signature_rows(scene, target)
    kept = [row for row in rows if row["name"] != name]
    if len(kept) == len(rows):
        raise RefusedError(f"{function} has no parameter {name}")
    call = Call(operation("change_signature"), {**at(scene, target), "parameters": kept})
    return f"Remove parameter {name} from {function}", [call]


def _move(intent: Intent, scene: Scene) -> Plan:
    first = target_of(scene, _first_name(intent.slots["symbol"]), intent.slots.get("file", ""))
    return shapes.move(intent, scene, _module_path(scene, first.path, intent.slots["target"]))


def _first_name(symbols: str) -> str:
    path, colons, listed = symbols.rpartition("::")
    return path + colons + shapes.names_in(listed)[0]


def _module_path(scene: Scene, source: str, name: str) -> str:
    """`pkg.mod` or a path, as a path relative to the root; new modules may be named."""
    if "/" in name or name.endswith((".py", ".pyi")):
        try:
            return scene.shown(file_of(scene, name))
        except NoRuleError:
            return new_file(scene, name)
    from treewright_indexer.graph.imports import ModuleFinder

    finder = ModuleFinder(scene.snapshot)
    found = finder.find(source, name, 0)
    if found is not None:
        return scene.shown(found)
    known = [path for path in scene.snapshot.files() if _is_module(scene.shown(path), name)]
    if len(known) == 1:
        return scene.shown(known[0])
    package, _, last = name.rpartition(".")
    if package:
        home = finder.find(source, package, 0)
        if home is None:
            raise NoRuleError(f"no module {package}")
        if os.path.basename(home) != "__init__.py":
            raise NoRuleError(f"{package} is a module, not a package")
        return scene.shown(os.path.join(os.path.dirname(home), last + ".py"))
    return scene.shown(os.path.join(os.path.dirname(source), last + ".py"))


def _is_module(shown: str, dotted: str) -> bool:
    return f"/{shown}".endswith((f"/{dotted.replace('.', '/')}.py",))


def _rename_file(intent: Intent, scene: Scene) -> Plan:
    path = file_of(scene, intent.slots["old"])
    new = intent.slots["new"]
    if "/" not in new:
        new = os.path.join(os.path.dirname(scene.shown(path)), new)
    call = Call(
        operation("move_file"), {"path": scene.shown(path), "new_path": new.replace(os.sep, "/")}
    )
    return f"Rename {intent.slots['old']} to {new}", [call]


def _rename_module(intent: Intent, scene: Scene) -> Plan:
    """A module gets another name, or another place when the new name says so."""
    old, new = intent.slots["old"], intent.slots["new"]
    path = os.path.join(scene.root, _module_path(scene, os.path.join(scene.root, "x.py"), old))
    if not scene.snapshot.exists(path):
        raise NoRuleError(f"no module {old}")
    if "." not in new or new.rpartition(".")[0] == old.rpartition(".")[0]:
        last = new.rpartition(".")[2]
        call = Call(operation("rename_module"), {"path": scene.shown(path), "new_name": last})
    else:
        target = _module_path(scene, path, new)
        call = Call(operation("move_file"), {"path": scene.shown(path), "new_path": target})
    return f"Rename module {old} to {new}", [call]


def _replace_import(intent: Intent, scene: Scene) -> Plan:
    old, new = intent.slots["old"], intent.slots["new"]
    call = Call(operation("replace_import"), {"old": old, "new": new})
    return f"Replace import {old} by {new}", [call]


def _remove_flag(intent: Intent, scene: Scene) -> Plan:
    flag, value = intent.slots["flag"], flag_value(intent.slots["value"])
    name = operation("remove_flag")
    target = target_of(scene, flag)
    return f"Remove flag {flag} as {value}", [Call(name, {**at(scene, target), "value": value})]


def _per_file(title: str, name: str, code: str) -> Callable[[Intent, Scene], Plan]:
    """A planner that does one operation in each file where it changes something.

    Files for which the project's settings ignore the linter's `code` are left alone, unless the
    request names one.
    """

    def planner(intent: Intent, scene: Scene) -> Plan:
        calls: list[Call] = []
        files = sweeps.files_in(scene, intent.slots.get("file", ""))
        ignored = Ignored(scene.snapshot)
        for path in files:
            scene.token.check()
            if len(files) > 1 and ignored.ignores(path, code):
                continue
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


def _add_import(intent: Intent, scene: Scene) -> Plan:
    path = file_of(scene, intent.slots["file"])
    name = intent.slots["name"]
    call = Call(operation("add_import"), {"path": scene.shown(path), "module": name})
    return f"Import {name} in {intent.slots['file']}", [call]


def _add_decorator(intent: Intent, scene: Scene) -> Plan:
    function, decorator = intent.slots["function"], intent.slots["decorator"]
    target = target_of(scene, function, intent.slots.get("file", ""))
    call = Call(
        operation("add_decorator"),
        {**at(scene, target), "decorator": decorator.removeprefix("@")},
    )
    return f"Add @{decorator.removeprefix('@')} to {function}", [call]


def _remove_decorator(intent: Intent, scene: Scene) -> Plan:
    function, decorator = intent.slots["function"], intent.slots["decorator"]
    target = target_of(scene, function, intent.slots.get("file", ""))
    call = Call(
        operation("remove_decorator"),
        {**at(scene, target), "decorator": decorator.removeprefix("@")},
    )
    return f"Remove @{decorator.removeprefix('@')} from {function}", [call]


def _remove_decorator_everywhere(intent: Intent, scene: Scene) -> Plan:
    decorator = intent.slots["decorator"].removeprefix("@")
    call = Call(operation("remove_decorator"), {"decorator": decorator})
    return f"Remove @{decorator} everywhere", [call]


def _delete_symbol(intent: Intent, scene: Scene) -> Plan:
    symbol = intent.slots["symbol"]
    target = target_of(scene, symbol, intent.slots.get("file", ""))
    call = Call(operation("delete_symbol", "safe_delete"), at(scene, target))
    return f"Delete {symbol}", [call]


def _inline(intent: Intent, scene: Scene) -> Plan:
    symbol = intent.slots["symbol"]
    target = target_of(scene, symbol, intent.slots.get("file", ""))
    name = operation("inline_function" if target.kind in FUNCTIONS else "inline_variable")
    return f"Inline {symbol}", [Call(name, at(scene, target))]


_HOLE = re.compile(r"(?<![\w$.])([A-Z])(?![\w(.])")


def _replace_pattern(intent: Intent, scene: Scene) -> Plan:
    """Single capital letters that stand in both texts are holes, as people write them."""
    old, new = intent.slots["old"].strip(), intent.slots["new"].strip()
    holes = set(_HOLE.findall(old)) & {*_HOLE.findall(new), *_HOLE.findall(old)}
    pattern, rewrite = (
        _HOLE.sub(lambda m: f"${m[1]}" if m[1] in holes else m[1], text).replace("...", "$$$ARGS")
        for text in (old, new)
    )
    call = Call(operation("replace_pattern"), {"pattern": pattern, "rewrite": rewrite})
    return f"Replace {old} by {new}", [call]


_PLANNERS: dict[str, Callable[[Intent, Scene], Plan]] = {
    "rename": _rename,
    "rename_parameter": _rename_parameter,
    "rename_file": _rename_file,
    "replace_import": _replace_import,
    "move": _move,
    "add_parameter": _add_parameter,
    "remove_parameter": _remove_parameter,
    "remove_flag": _remove_flag,
    "remove_unused_imports": _per_file("Remove unused imports", "remove_unused_imports", "F401"),
    "organize_imports": _per_file("Organise imports", "organize_imports", "I001"),
    "add_import": _add_import,
    "add_decorator": _add_decorator,
    "remove_decorator": _remove_decorator,
    "remove_decorator_everywhere": _remove_decorator_everywhere,
    "delete_symbol": _delete_symbol,
    "inline": _inline,
    "replace_pattern": _replace_pattern,
    "keyword_only": signatures.keyword_only,
    "change_default": signatures.change_default,
    "reorder_parameters": signatures.reorder,
    "annotate_parameter": signatures.annotate,
    "annotate_return": signatures.annotate_return,
    "rename_module": _rename_module,
    "print_to_logging": sweeps.print_to_logging,
    "to_f_strings": sweeps.to_f_strings,
    "future_annotations": sweeps.future_annotations,
    "fix_lint": sweeps.fix_lint,
    "make_private": shapes.make_private,
    "to_dataclass": shapes.to_dataclass,
    "from_dataclass": shapes.from_dataclass,
    "convert_async": shapes.convert_async,
    "convert_imports": shapes.convert_imports,
    "expand_stars": shapes.expand_stars,
    "module_to_package": shapes.module_to_package,
    "extract_superclass": shapes.extract_superclass,
    "extract_protocol": shapes.extract_protocol,
    "generate_methods": shapes.generate_methods,
    "parameter_object": shapes.parameter_object,
    "inline_parameter": shapes.inline_parameter,
    "swap_parameters": shapes.swap_parameters,
    "remove_dead_code": shapes.remove_dead_code,
    "break_cycle": shapes.break_cycle,
    "substitute": shapes.substitute,
}
