"""Requests about the shape of code: private names, dataclasses, async, imports, base classes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.draft import Draft
from treewright_agent.intents import Intent
from treewright_agent.operations.library_tables import library
from treewright_agent.planning_scene import (
    FUNCTIONS,
    NoRuleError,
    Plan,
    Scene,
    at,
    file_of,
    operation,
    signature_rows,
    target_of,
)
from treewright_agent.planning_sweeps import files_in
from treewright_agent.tools.operating import plan
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.graph import Target, targets_named

_CLASSES = frozenset({"class"})
_PUBLIC = ("public", "公有", "公开")


def names_in(text: str) -> list[str]:
    """The names of a list as people write it: "a, b and c"."""
    words = re.split(r"[\s,&、和]+|\band\b|\bthe\b", text.replace("`", ""))
    kinds = {"function", "class", "constant", "variable", ""}
    return [word.removesuffix("()") for word in words if word not in kinds]


def _class(intent: Intent, scene: Scene) -> Target:
    symbol, file = intent.slots["symbol"], intent.slots.get("file", "")
    return target_of(scene, symbol, file, kinds=_CLASSES)


def _function(intent: Intent, scene: Scene) -> Target:
    return target_of(scene, intent.slots["function"], intent.slots.get("file", ""), kinds=FUNCTIONS)


# -------------------------------------------------------------------- names


def make_private(intent: Intent, scene: Scene) -> Plan:
    """A leading underscore more, or none."""
    symbol = intent.slots["symbol"]
    target = target_of(scene, symbol, intent.slots.get("file", ""))
    is_public = intent.slots["access"].lower() in _PUBLIC
    if is_public != target.name.startswith("_"):
        raise RefusedError(f"{symbol} is {intent.slots['access']} already")
    name = target.name.lstrip("_") if is_public else "_" + target.name
    if not name.isidentifier():
        raise RefusedError(f"{target.name} without underscores is no name")
    call = Call(operation("rename_symbol"), {**at(scene, target), "new_name": name})
    return f"Rename {symbol} to {name}", [call]


def rename_local(intent: Intent, scene: Scene) -> Plan:
    """A name that only one function knows: "rename x in function f to y".

    Raises NoRuleError when the function has no such name.
    """
    old, new = intent.slots["old"], intent.slots["new"]
    place = intent.slots.get("file", "")
    functions = [t for t in targets_named(scene.snapshot, place) if t.kind in FUNCTIONS]
    for function in functions if "." not in old else ():
        root = scene.snapshot.tree(function.path).root_node
        node = root.descendant_for_byte_range(*function.span)
        pending = [node] if node is not None else []
        while pending:
            here = pending.pop()
            if here.type == "identifier" and here.text == old.encode():
                where = {"path": scene.shown(function.path), "offset": here.start_byte}
                call = Call(operation("rename_symbol"), {**where, "new_name": new})
                return f"Rename {old} of {place} to {new}", [call]
            pending += reversed(here.children)
    raise NoRuleError(f"{place} has no {old}")


def move(intent: Intent, scene: Scene, new_path: str) -> Plan:
    """One symbol or several, in the order they stand in; one that cannot go yet goes later."""
    file, target_name = intent.slots.get("file", ""), intent.slots["target"]
    path, _, listed = intent.slots["symbol"].rpartition("::")
    names = names_in(listed)
    targets = [target_of(scene, f"{path}::{name}" if path else name, file) for name in names]
    title = f"Move {', '.join(names)} to {target_name}"
    name = operation("move_symbol")
    if len(targets) == 1:
        return title, [Call(name, {**at(scene, targets[0]), "new_path": new_path})]
    waiting = [
        Call(name, {"path": scene.shown(t.path), "symbol": t.name, "new_path": new_path})
        for t in sorted(targets, key=lambda target: (target.path, target.span.start))
    ]
    draft, calls = Draft(scene.snapshot), list[Call]()
    while waiting:
        reason: RefusedError | None = None
        for call in waiting:
            scene.token.check()
            try:
                draft = draft.done(call, plan(call, draft.snapshot, scene.root, scene.token))
            except RefusedError as error:
                reason = reason or error
                continue
            calls.append(call)
            waiting.remove(call)
            break
        else:
            assert reason is not None
            raise reason
    return title, calls


# -------------------------------------------------------------------- classes


def to_dataclass(intent: Intent, scene: Scene) -> Plan:
    target = _class(intent, scene)
    return f"Make {target.name} a dataclass", [Call(operation("to_dataclass"), at(scene, target))]


def from_dataclass(intent: Intent, scene: Scene) -> Plan:
    target = _class(intent, scene)
    call = Call(operation("from_dataclass"), at(scene, target))
    return f"Write the methods of {target.name} out", [call]


def extract_superclass(intent: Intent, scene: Scene) -> Plan:
    target, name = _class(intent, scene), intent.slots["name"]
    more = {"name": name, "members": names_in(intent.slots["names"])}
    call = Call(operation("extract_superclass"), {**at(scene, target), **more})
    return f"Extract {name} from {target.name}", [call]


def extract_protocol(intent: Intent, scene: Scene) -> Plan:
    target, name = _class(intent, scene), intent.slots["name"]
    more: dict[str, Any] = {"name": name}
    if "names" in intent.slots:
        more["members"] = names_in(intent.slots["names"])
    call = Call(operation("extract_protocol"), {**at(scene, target), **more})
    return f"Extract the protocol {name} from {target.name}", [call]


def generate_methods(intent: Intent, scene: Scene) -> Plan:
    target, methods = _class(intent, scene), names_in(intent.slots["names"])
    call = Call(operation("generate_methods"), {**at(scene, target), "methods": methods})
    return f"Generate {', '.join(methods)} of {target.name}", [call]


# -------------------------------------------------------------------- functions


def convert_async(intent: Intent, scene: Scene) -> Plan:
    target = _function(intent, scene)
    wanted = "async" if intent.slots["way"].lower().startswith(("a", "异")) else "sync"
    text = scene.snapshot.text(target.path).data
    head = text[target.span.start : target.name_span.start]
    if (re.search(rb"\basync\s+def\s*$", head) is not None) == (wanted == "async"):
        raise RefusedError(f"{target.name} is {wanted} already")
    return f"Make {target.name} {wanted}", [Call(operation("convert_async"), at(scene, target))]


def parameter_object(intent: Intent, scene: Scene) -> Plan:
    target, name = _function(intent, scene), intent.slots["name"]
    more: dict[str, Any] = {"name": name}
    if "names" in intent.slots:
        more["parameters"] = names_in(intent.slots["names"])
    call = Call(operation("introduce_parameter_object"), {**at(scene, target), **more})
    return f"Pass the parameters of {target.name} as {name}", [call]


def inline_parameter(intent: Intent, scene: Scene) -> Plan:
    target, name = _function(intent, scene), intent.slots["name"]
    offset = _parameter(scene, target, name)
    call = Call(operation("inline_parameter"), {"path": scene.shown(target.path), "offset": offset})
    return f"Inline the parameter {name} of {target.name}", [call]


def _parameter(scene: Scene, target: Target, name: str) -> int:
    """The byte where a parameter's name begins. Raises RefusedError."""
    node = scene.snapshot.tree(target.path).root_node.descendant_for_byte_range(*target.name_span)
    while node is not None and node.type != "function_definition":
        node = node.parent
    listed = node.child_by_field_name("parameters") if node is not None else None
    for child in listed.named_children if listed is not None else ():
        named = child.child_by_field_name("name") or child
        if child.type == "typed_parameter":
            named = child.named_children[0]
        if named.text == name.encode():
            return named.start_byte
    raise RefusedError(f"{target.name} has no parameter {name}")


def swap_parameters(intent: Intent, scene: Scene) -> Plan:
    target = _function(intent, scene)
    first, second = intent.slots["first"], intent.slots["second"]
    rows = signature_rows(scene, target)
    places = {row["name"]: number for number, row in enumerate(rows)}
    for name in (first, second):
        if name not in places:
            raise RefusedError(f"{target.name} has no parameter {name}")
    a, b = places[first], places[second]
    rows[a], rows[b] = rows[b], rows[a]
    call = Call(operation("change_signature"), {**at(scene, target), "parameters": rows})
    return f"Swap {first} and {second} of {target.name}", [call]


# -------------------------------------------------------------------- modules and imports


def module_to_package(intent: Intent, scene: Scene) -> Plan:
    path = scene.shown(file_of(scene, intent.slots["module"]))
    if os.path.basename(path) == "__init__.py":
        raise RefusedError(f"{intent.slots['module']} is a package already")
    return f"Make {path} a package", [Call(operation("module_to_package"), {"path": path})]


def convert_imports(intent: Intent, scene: Scene) -> Plan:
    style = "absolute" if intent.slots["style"].lower() in ("absolute", "绝对") else "relative"
    name = operation("convert_import")
    more = {"offset": 0, "every": True, "style": style}
    calls = list(_changing(scene, intent.slots.get("file", ""), name, more))
    if not calls:
        raise RefusedError(f"there is no import that could be said as {style}")
    return f"Use {style} imports", calls


def _changing(scene: Scene, place: str, name: str, more: dict[str, Any]) -> Iterator[Call]:
    """The operation in each file of the place where it changes something."""
    for path in files_in(scene, place):
        scene.token.check()
        call = Call(name, {"path": scene.shown(path), **more})
        try:
            change = plan(call, scene.snapshot, scene.root, scene.token)
        except TreewrightError:
            continue
        if not change.is_empty:
            yield call


_STAR = re.compile(rb"^[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t]+\*", re.MULTILINE)


def expand_stars(intent: Intent, scene: Scene) -> Plan:
    """Every star import that can be said by names; the last of a file first, so that those
    before it stay where they are."""
    name = operation("expand_star_import")
    calls: list[Call] = []
    refused: RefusedError | None = None
    draft = Draft(scene.snapshot)
    for path in files_in(scene, intent.slots.get("file", "")):
        for match in reversed(list(_STAR.finditer(scene.snapshot.text(path).data))):
            scene.token.check()
            call = Call(name, {"path": scene.shown(path), "offset": match.end() - 1})
            try:
                draft = draft.done(call, plan(call, draft.snapshot, scene.root, scene.token))
            except RefusedError as error:
                refused = refused or error
                continue
            calls.append(call)
    if not calls:
        raise refused or RefusedError("there is no star import")
    return "Import by name instead of by star", calls


def remove_dead_code(intent: Intent, scene: Scene) -> Plan:
    name = operation("remove_dead_code")
    calls = list(_changing(scene, intent.slots.get("file", ""), name, {"offset": -1}))
    if not calls:
        raise RefusedError("there is no dead code that can be proven dead")
    return "Remove dead code", calls


def break_cycle(intent: Intent, scene: Scene) -> Plan:
    """An import of one in the other moves to where it is used, in whichever file that works."""
    first = file_of(scene, intent.slots["first"])
    second = file_of(scene, intent.slots["second"])
    from treewright_indexer.graph.imports import ModuleFinder

    finder, name = ModuleFinder(scene.snapshot), operation("local_import")
    refused: RefusedError | None = None
    for path, other in ((first, second), (second, first)):
        for row in scene.snapshot.facts(path).imports:
            found = finder.find(path, row.module, row.level)
            inside = finder.find(path, f"{row.module}.{row.name}".strip("."), row.level)
            if other not in (found, inside):
                continue
            where = {"path": scene.shown(path), "offset": row.start}
            call = Call(name, where)
            try:
                plan(call, scene.snapshot, scene.root, scene.token)
            except RefusedError as error:
                refused = refused or error
                continue
            return f"Import {scene.shown(other)} where it is used", [call]
    raise refused or RefusedError(
        f"{scene.shown(first)} and {scene.shown(second)} do not import each other"
    )


def substitute(intent: Intent, scene: Scene) -> Plan:
    """One library or module for another, where it is imported.

    Raises NoRuleError for a name that nothing imports: another use of the word is not proven.
    """
    old, new = intent.slots["old"], intent.slots["new"]
    name = "replace_import" if library(old, new) is None else "replace_library"
    call = Call(operation(name), {"old": old, "new": new})
    try:
        change = plan(call, scene.snapshot, scene.root, scene.token)
    except RefusedError as error:
        raise NoRuleError(str(error)) from error
    if change.is_empty:
        raise NoRuleError(f"nothing imports {old}")
    title = f"Use {new} instead of {old}"
    n_left = sum("string names" not in note.text for note in change.notes)
    if call.operation == "replace_library" and n_left:
        places = "place is" if n_left == 1 else "places are"
        title += f"; {n_left} {places} left to you"
    if call.operation == "replace_import" and not _is_here(new, scene):
        title += f": only its name changes; nobody checked that {new} has what is used of {old}"
    return title, [call]


def _is_here(module: str, scene: Scene) -> bool:
    """Whether the workspace has the module, or the standard library one with the same names."""
    from treewright_indexer.graph.imports import ModuleFinder

    finder = ModuleFinder(scene.snapshot)
    return any(
        finder.find(os.path.join(folder.root, "x.py"), module.partition(".")[0], 0) is not None
        for folder in scene.snapshot.folders
    )
