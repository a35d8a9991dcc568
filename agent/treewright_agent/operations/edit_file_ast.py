"""Edit file as a tree: several actions on one file, each on what the one before it left.

An action is `rename_variable` {function_scope, old_name, new_name}, `change_function_signature`
{function_name, new_parameters, new_return_type} or `add_decorator` {function_name,
decorator_name}. A parameter without `default_value` has no default; `null` is the default
`None`. All actions are done or none: the first that cannot be is named with its reason.

        //- utils.py
        def total(items):
            temp_sum = 0
            for item in items:
                temp_sum += item
            return temp_sum
    -> {"file_path": "utils.py", "actions": [{"type": "rename_variable", "function_scope": "total", "old_name": "temp_sum", "new_name": "running_total"}]}
        //- utils.py
        def total(items):
            running_total = 0
            for item in items:
                running_total += item
            return running_total
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.draft import after
from treewright_agent.operations.add_decorator import ADD_DECORATOR, import_for
from treewright_agent.operations.change_signature import CHANGE_SIGNATURE
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.model import Arguments, Operation, checked
from treewright_agent.operations.rename_symbol import RENAME_SYMBOL
from treewright_agent.operations.targets import find_target
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.snapshot import Snapshot

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class EditFileAst(Arguments, frozen=True):
    file_path: Annotated[str, msgspec.Meta(description="The file.")]
    actions: Annotated[
        tuple[dict[str, Any], ...],
        msgspec.Meta(description="Objects with `type` and the fields of that action."),
    ]


_Maker = Callable[[Snapshot, str, Mapping[str, Any], CancelToken], SourceChange]


def _plan(snapshot: Snapshot, arguments: EditFileAst, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.file_path)
    if not arguments.actions:
        raise ArgumentsError("edit_file_ast: actions is empty")
    makers = [_maker(number, action) for number, action in enumerate(arguments.actions, 1)]
    whole = SourceChange(revision=snapshot.revision)
    current = snapshot
    for number, (action, make) in enumerate(zip(arguments.actions, makers, strict=True), 1):
        token.check()
        try:
            change = make(current, path, action, token)
        except (RefusedError, ArgumentsError) as error:
            raise type(error)(f"action {number} ({action['type']}): {error}") from error
        whole = whole.then(change.labelled(f"action {number}"), snapshot.text)
        current = after(current, change)
    return whole


def _maker(number: int, action: Mapping[str, Any]) -> _Maker:
    """What does the action. Raises ArgumentsError for an unknown type or wrong fields."""
    kind = action.get("type")
    if kind not in _ACTIONS:
        raise ArgumentsError(
            f"edit_file_ast: actions[{number - 1}].type: {kind!r} is none of {', '.join(_ACTIONS)}"
        )
    required, allowed, make = _ACTIONS[str(kind)]
    for name in required:
        if not isinstance(action.get(name), (str, list)):
            raise ArgumentsError(f"edit_file_ast: actions[{number - 1}].{name} is missing")
    unknown = set(action) - {"type", *required, *allowed}
    if unknown:
        raise ArgumentsError(
            f"edit_file_ast: actions[{number - 1}]: no field {sorted(unknown)[0]!r} in {kind}"
        )
    return make


def _rename_variable(
    snapshot: Snapshot, path: str, action: Mapping[str, Any], token: CancelToken
) -> SourceChange:
    scope, old = str(action.get("function_scope") or ""), str(action["old_name"])
    symbol = f"{scope}.{old}" if scope else old
    given = {"path": path, "symbol": symbol, "new_name": action["new_name"]}
    return RENAME_SYMBOL.plan(snapshot, checked(RENAME_SYMBOL, given), token)


def _change_signature(
    snapshot: Snapshot, path: str, action: Mapping[str, Any], token: CancelToken
) -> SourceChange:
    target = find_target(snapshot, path, str(action["function_name"]), token)
    given: dict[str, Any] = {
        "path": path,
        "offset": target.name_span.start,
        "parameters": [_parameter(each) for each in cast(list[Any], action["new_parameters"])],
    }
    if "new_return_type" in action:
        given["returns"] = action["new_return_type"] or ""
    change = CHANGE_SIGNATURE.plan(snapshot, checked(CHANGE_SIGNATURE, given), token)
    types = [str(row["annotation"]) for row in given["parameters"] if row.get("annotation")]
    types.append(str(given.get("returns") or ""))
    return _with_imports(snapshot, path, target.name_span.start, types, change)


def _with_imports(
    snapshot: Snapshot, path: str, offset: int, types: list[str], change: SourceChange
) -> SourceChange:
    """Also the imports of the types, as far as the workspace or the library knows them."""
    wanted: list[Wanted] = []
    for dotted in dict.fromkeys(name for each in types for name in _DOTTED.findall(each)):
        try:
            found = import_for(snapshot, path, offset, dotted)
        except RefusedError:
            continue
        if found is not None:
            wanted.append(found)
    build = ChangeBuilder(snapshot)
    ImportBlock(snapshot, path).add(build.file(path), wanted)
    return change.merge(build.build())


def _parameter(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ArgumentsError("new_parameters: each must be an object with a name")
    row = cast(dict[str, Any], given)
    unknown = set(row) - {"name", "type", "default_value"}
    if unknown:
        raise ArgumentsError(f"new_parameters: no field {sorted(unknown)[0]!r}")
    parameter: dict[str, Any] = {"name": row.get("name")}
    if row.get("type") is not None:
        parameter["annotation"] = row["type"]
    has_default = "default_value" in row
    parameter["default"] = python_text(row["default_value"]) if has_default else ""
    return parameter


def python_text(value: Any) -> str:
    """A JSON default as Python writes it; a string is code already."""
    if value is None or isinstance(value, bool):
        return repr(value)
    return value if isinstance(value, str) else json.dumps(value)


def _add_decorator(
    snapshot: Snapshot, path: str, action: Mapping[str, Any], token: CancelToken
) -> SourceChange:
    given = {"path": path, "symbol": action["function_name"], "decorator": action["decorator_name"]}
    return ADD_DECORATOR.plan(snapshot, checked(ADD_DECORATOR, given), token)


_ACTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...], _Maker]] = {
    "rename_variable": (("old_name", "new_name"), ("function_scope",), _rename_variable),
    "change_function_signature": (
        ("function_name", "new_parameters"),
        ("new_return_type",),
        _change_signature,
    ),
    "add_decorator": (("function_name", "decorator_name"), (), _add_decorator),
}
"""type -> (fields it needs, fields it may have, what does it)."""


EDIT_FILE_AST = Operation(
    name="edit_file_ast",
    title="Edit file as a tree",
    arguments=EditFileAst,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
