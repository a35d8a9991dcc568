"""Generate methods: `__init__`, `__repr__` and `__eq__` of a class, from its fields.

The fields are what `__init__` sets on `self`, else the annotated names of the class. Without
`methods` those that are missing are written. With an `__eq__` of its own a class loses its hash, so
that one asks for confirmation.

    class Point$0:
        def __init__(self, x, y):
            self.x = x
            self.y = y
    -> {"methods": ["__repr__"]}
    class Point:
        def __init__(self, x, y):
            self.x = x
            self.y = y

        def __repr__(self):
            return f"{type(self).__name__}(x={self.x!r}, y={self.y!r})"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.class_shapes import (
    Field,
    bases,
    class_at,
    class_fields,
    decorators,
    is_annotated,
    methods,
    set_fields,
    whole,
)
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import Place, code_of, field, find_unit, python_at
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from tree_sitter import Node

Method = Literal["__init__", "__repr__", "__eq__"]
_ALL: tuple[Method, ...] = ("__init__", "__repr__", "__eq__")
_OWN = (
    "Enum",
    "IntEnum",
    "StrEnum",
    "Flag",
    "NamedTuple",
    "TypedDict",
    "Protocol",
    "Struct",
    "Model",
)


class GenerateMethods(Place, frozen=True, kw_only=True):
    methods: Annotated[
        tuple[Method, ...] | None,
        msgspec.Meta(description="Which ones; without it those that are missing."),
    ] = None


def _plan(snapshot: Snapshot, arguments: GenerateMethods, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "generate_methods")
    cls = class_at(file, span)
    _require_plain(file, cls)
    there = methods(file, cls)
    wanted = arguments.methods or tuple(name for name in _ALL if name not in there)
    twice = [name for name in wanted if name in there]
    if twice:
        raise RefusedError(f"it has {twice[0]} already")
    fields = set_fields(file, there["__init__"]) if "__init__" in there else class_fields(file, cls)
    if not fields or not wanted:
        raise RefusedError("it has no fields" if not fields else "it has them all")
    if "__init__" in wanted and bases(file, cls) not in ([], ["object"]):
        raise RefusedError("its base class may set fields of its own")
    unit = find_unit(file, cls)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    code = code_of(field(cls, "body"))
    indent = file.indentation(code[0])
    behind = whole(there["__init__"]) if "__init__" in there else _last_field(code)
    typed = is_annotated(file, cls)
    name = file.text_of(field(cls, "name"))
    offset = file.text.line_span(file.text.line_of(behind.end_byte - 1)).end
    for each in wanted:
        lines = written(each, name, fields, typed, unit)
        body = "".join(f"\n{indent}{line}" if line else "\n" for line in lines)
        doubt = ""
        if each == "__eq__" and "__hash__" not in there:
            doubt = "its instances can no longer be keys: it has no __hash__ of its own"
        editor.insert(offset, f"\n{body}", doubt=doubt)
    if len(code) == 1 and file.text_of(code[0]) in ("pass", "..."):
        raise RefusedError("it has no fields")
    return build.build()


def _require_plain(file: PythonFile, cls: Node) -> None:
    for base in bases(file, cls):
        bare = base.partition("[")[0].rpartition(".")[2]
        if bare in _OWN or "=" in base:
            raise RefusedError(f"`{base}` makes these methods itself")
    for decorator in decorators(file, cls):
        text = file.text_of(decorator)
        if any(word in text for word in ("dataclass", "attr", "define", "total_ordering")):
            raise RefusedError(f"`{text}` makes these methods itself")


def _last_field(code: list[Node]) -> Node:
    """The last statement before the first method."""
    last = code[0]
    for statement in code:
        if statement.type in ("function_definition", "decorated_definition", "class_definition"):
            break
        last = statement
    return last


def written(method: str, name: str, fields: list[Field], typed: bool, unit: str) -> list[str]:
    """The lines of one method, its body one step in."""
    if method == "__init__":
        # Those without a default come first, as Python wants it.
        ordered = [f for f in fields if not f.value] + [f for f in fields if f.value]
        if ordered != fields:
            raise RefusedError("a field with a default stands before one without")
        shown: list[str] = []
        for each in fields:
            text = f"{each.name}: {each.annotation}" if each.annotation else each.name
            if each.value:
                if each.value[:1] in "[{" or "(" in each.value:
                    raise RefusedError(f"the default of `{each.name}` would be shared")
                text += f" = {each.value}" if each.annotation else f"={each.value}"
            shown.append(text)
        arrow = " -> None" if typed else ""
        head = f"def __init__(self, {', '.join(shown)}){arrow}:"
        return [head, *(f"{unit}self.{each.name} = {each.name}" for each in fields)]
    if method == "__repr__":
        arrow = " -> str" if typed else ""
        parts = ", ".join(f"{f.name.lstrip('_')}={{self.{f.name}!r}}" for f in fields)
        return [f"def __repr__(self){arrow}:", f'{unit}return f"{{type(self).__name__}}({parts})"']
    head = "def __eq__(self, other: object) -> bool:" if typed else "def __eq__(self, other):"
    if len(fields) == 1:
        same = f"self.{fields[0].name} == other.{fields[0].name}"
    else:
        own = ", ".join(f"self.{f.name}" for f in fields)
        others = ", ".join(f"other.{f.name}" for f in fields)
        same = f"({own}) == ({others})"
    return [
        head,
        f"{unit}if not isinstance(other, {name}):",
        f"{unit * 2}return NotImplemented",
        f"{unit}return {same}",
    ]


GENERATE_METHODS = Operation(
    name="generate_methods",
    title="Generate __init__, __repr__ and __eq__",
    arguments=GenerateMethods,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
