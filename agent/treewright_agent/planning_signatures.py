"""Requests about the parameters of a function: keyword-only, order, defaults, types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from treewright_agent.calls import Call
from treewright_agent.intents import Intent
from treewright_agent.planning_scene import (
    FUNCTIONS,
    Plan,
    Scene,
    at,
    operation,
    signature_rows,
    target_of,
)
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Target


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[\s,、和]+|\band\b", text) if name and name != "and"]


def _function(intent: Intent, scene: Scene) -> tuple[Target, list[dict[str, Any]]]:
    target = target_of(
        scene, intent.slots["function"], intent.slots.get("file", ""), kinds=FUNCTIONS
    )
    return target, signature_rows(scene, target)


def _require(rows: Sequence[dict[str, Any]], names: Sequence[str], function: str) -> None:
    known = {row["name"] for row in rows}
    for name in names:
        if name not in known:
            raise RefusedError(f"{function} has no parameter {name}")


def _changed(
    scene: Scene, target: Target, rows: list[dict[str, Any]], title: str, **more: Any
) -> Plan:
    call = Call(operation("change_signature"), {**at(scene, target), "parameters": rows, **more})
    return title, [call]


def keyword_only(intent: Intent, scene: Scene) -> Plan:
    function, names = intent.slots["function"], _names(intent.slots["names"])
    target, rows = _function(intent, scene)
    _require(rows, names, function)
    stars = [i for i, row in enumerate(rows) if row["name"] == "*" or row["name"].startswith("*")]
    before = rows[: stars[0]] if stars else rows
    behind = rows[stars[0] :] if stars else []
    moved = [row for row in before if row["name"] in names]
    if not moved:
        raise RefusedError(f"{', '.join(names)} of {function} can only be given by keyword already")
    kept = [row for row in before if row["name"] not in names]
    first = behind[:1] if behind and behind[0]["name"].startswith("*") else [{"name": "*"}]
    rest = behind[1:] if first == behind[:1] else behind
    if first and first[0]["name"].startswith("**"):
        first, rest = [{"name": "*"}], behind
    title = f"Make {', '.join(names)} of {function} keyword-only"
    return _changed(scene, target, [*kept, *first, *moved, *rest], title)


def change_default(intent: Intent, scene: Scene) -> Plan:
    function, name, default = (intent.slots[k] for k in ("function", "name", "default"))
    target, rows = _function(intent, scene)
    _require(rows, [name], function)
    rows = [{**row, "default": default} if row["name"] == name else row for row in rows]
    return _changed(
        scene, target, rows, f"Set the default of {name} of {function} to {default}"
    )  # fmt: skip


def reorder(intent: Intent, scene: Scene) -> Plan:
    function, names = intent.slots["function"], _names(intent.slots["names"])
    target, rows = _function(intent, scene)
    _require(rows, names, function)
    known = [row["name"] for row in rows]
    missing = [name for name in known if name not in names]
    if missing or len(names) != len(known):
        raise RefusedError(f"name every parameter of {function}: {', '.join(known)}")
    by_name = {row["name"]: row for row in rows}
    ordered = [by_name[name] for name in names]
    return _changed(scene, target, ordered, f"Reorder the parameters of {function}")


def annotate(intent: Intent, scene: Scene) -> Plan:
    function, name = intent.slots["function"], intent.slots["name"]
    annotation = intent.slots["annotation"].strip()
    target, rows = _function(intent, scene)
    _require(rows, [name], function)
    rows = [{**row, "annotation": annotation} if row["name"] == name else row for row in rows]
    return _changed(scene, target, rows, f"Annotate {name} of {function} as {annotation}")


def annotate_return(intent: Intent, scene: Scene) -> Plan:
    function, annotation = intent.slots["function"], intent.slots["annotation"].strip()
    target, rows = _function(intent, scene)
    title = f"Annotate the result of {function} as {annotation}"
    return _changed(scene, target, rows, title, returns=annotation)
