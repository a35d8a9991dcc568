"""Operations between a class that sets its fields in `__init__` and a dataclass."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.draft import after
from treewright_agent.operations.add_annotations import type_of
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.class_shapes import (
    bases,
    class_at,
    class_fields,
    decorators,
    methods,
    set_fields,
    whole,
)
from treewright_agent.operations.generate_methods import written
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import lines_of_statements
from treewright_agent.operations.imports import Wanted, is_docstring
from treewright_agent.operations.model import Operation
from treewright_agent.operations.removal import drop_new_unused
from treewright_agent.operations.shapes import (
    Place,
    code_of,
    comments_in,
    field,
    find_unit,
    python_at,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

TO_DOCUMENT = """To dataclass: a class whose `__init__` only stores its arguments becomes a dataclass.

Each parameter becomes a field, with its annotation or with what its default proves, else `Any`. A
class without an `__eq__` keeps comparing by identity (`eq=False`). A default that is made once and
shared, keyword-only parameters and base classes refuse it.

    class Point$0:
        def __init__(self, x: int, y: int = 0):
            self.x = x
            self.y = y
    -> {}
    from dataclasses import dataclass


    @dataclass(eq=False)
    class Point:
        x: int
        y: int = 0
"""


def _to(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "to_dataclass")
    cls = class_at(file, span)
    if decorators(file, cls):
        raise RefusedError("its decorator may look at it")
    if bases(file, cls) not in ([], ["object"]):
        raise RefusedError("its base class may have an __init__ of its own")
    there = methods(file, cls)
    init = there.get("__init__")
    if init is None:
        raise RefusedError("it has no __init__")
    if "__slots__" in file.text_of(cls) or whole(init) != init:
        raise RefusedError("it is no plain class")
    parameters = _parameters(file, init)
    stored = set_fields(file, init)
    code = [s for s in code_of(field(init, "body")) if not is_docstring(s)]
    if [f.name for f in stored] != [name for name, _, _ in parameters] or len(code) != len(stored):
        raise RefusedError("its __init__ does more than store its arguments in order")
    if any(f.value != f.name for f in stored):
        raise RefusedError("its __init__ changes what it stores")
    if comments_in(file.root, Span(*init.byte_range)):
        raise RefusedError("a comment in its __init__ would be lost")
    own = {f.name for f in class_fields(file, cls)} | _class_names(file, cls)
    clash = [name for name, _, _ in parameters if name in own]
    if clash:
        raise RefusedError(f"the class has a `{clash[0]}` of its own")
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    lines: list[str] = []
    needs_any = False
    for (name, annotation, value), each in zip(parameters, stored, strict=True):
        known = annotation or each.annotation
        if not known and value is not None:
            known = type_of(file, value)
        needs_any = needs_any or not known or known == "None"
        shown = known if known and known != "None" else "Any"
        lines.append(
            f"{name}: {shown}" + (f" = {file.text_of(value)}" if value is not None else "")
        )
    indent = file.indentation(init)
    body = code_of(field(cls, "body"))
    docstring = body[0] if is_docstring(body[0]) else None
    first = body[1] if docstring is not None and len(body) > 1 else body[0]
    fields = "".join(f"{indent}{line}\n" for line in lines)
    left = [s for s in body if s != init and s != docstring]
    if first == init:
        end = lines_of_statements(file.text, [init]).end if not left else left[0].start_byte
        stop = file.line_start(end) if left else end
        gap = "\n" if left else ""
        start = file.line_start(init.start_byte)
        editor.replace(Span(start, stop), fields + gap)
    else:
        editor.insert(file.line_start(first.start_byte), fields + "\n")
        editor.delete(lines_of_statements(file.text, [init]))
    eq = "" if "__eq__" in there else "(eq=False)"
    outer = file.indentation(cls)
    wanted = [Wanted("dataclasses", "dataclass")] + ([Wanted("typing", "Any")] if needs_any else [])
    ImportBlock(snapshot, file.path).add(editor, wanted)
    editor.insert(cls.start_byte, f"@dataclass{eq}\n{outer}")
    listed = cls.child_by_field_name("superclasses")
    if listed is not None:
        editor.delete(Span(*listed.byte_range))
    return build.build()


def _parameters(file: PythonFile, init: Node) -> list[tuple[str, str, Node | None]]:
    found: list[tuple[str, str, Node | None]] = []
    for index, child in enumerate(field(init, "parameters").named_children):
        if index == 0:
            continue
        named = child.child_by_field_name("name")
        if child.type == "typed_parameter":
            named = child.named_children[0]
        elif child.type == "identifier":
            named = child
        if named is None or named.type != "identifier":
            raise RefusedError("a parameter is keyword-only, or takes several arguments")
        annotation, value = child.child_by_field_name("type"), child.child_by_field_name("value")
        if value is not None and value.type not in (
            "integer", "float", "string", "true", "false", "none", "identifier", "attribute",
            "unary_operator", "tuple",
        ):  # fmt: skip
            raise RefusedError(f"the default of `{file.text_of(named)}` is made once and shared")
        found.append((file.text_of(named), file.text_of(annotation) if annotation else "", value))
    if not found:
        raise RefusedError("its __init__ takes nothing")
    return found


def _class_names(file: PythonFile, cls: Node) -> set[str]:
    start = field(cls, "body").start_byte
    scope = next((s for s in file.facts.scopes if s.kind == "class" and s.start <= start < s.end
                  and s.start >= whole(cls).start_byte), None)  # fmt: skip
    return set(scope.bindings) if scope is not None else set()


TO_DATACLASS = Operation(
    name="to_dataclass",
    title="Convert to a dataclass",
    arguments=Place,
    plan=_to,
    document=TO_DOCUMENT,
    kind="refactor.rewrite",
    behaviour="changed",
)

FROM_DOCUMENT = """From dataclass: write the methods of a dataclass out, and take the decorator off.

`__init__`, `__repr__` and, unless `eq=False`, `__eq__` are written; `__post_init__` is called at the
end. A dataclass that is frozen, ordered or slotted, that inherits, or that uses `field` or `InitVar`
is refused.

    from dataclasses import dataclass


    @dataclass
    class Point$0:
        x: int
        y: int = 0
    -> {}
    class Point:
        def __init__(self, x: int, y: int = 0) -> None:
            self.x = x
            self.y = y

        def __repr__(self) -> str:
            return f"{type(self).__qualname__}(x={self.x!r}, y={self.y!r})"

        def __eq__(self, other: object) -> bool:
            if other.__class__ is not self.__class__:
                return NotImplemented
            return (self.x, self.y) == (other.x, other.y)

        __hash__ = None
"""


def _from(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "from_dataclass")
    cls = class_at(file, span)
    found = decorators(file, cls)
    own = [d for d in found if re.match(r"@\s*(dataclasses\.)?dataclass\b", file.text_of(d))]
    if len(own) != 1:
        raise RefusedError("it is no dataclass")
    if len(found) > 1:
        raise RefusedError("another decorator may need the dataclass")
    (decorator,) = own
    said = re.sub(r"\s", "", file.text_of(decorator)).partition("(")[2].rstrip(")")
    options = dict(part.split("=", 1) for part in said.split(",") if "=" in part)
    odd = [
        f"{k}={v}"
        for k, v in options.items()
        if k not in ("eq", "repr", "init", "frozen", "order", "slots")
        or (k in ("frozen", "order", "slots") and v != "False")
    ]
    if odd:
        raise RefusedError(f"`{odd[0]}` has no short way to be written out")
    if bases(file, cls):
        raise RefusedError("it inherits from another class")
    fields = class_fields(file, cls)
    if not fields:
        raise RefusedError("it has no fields")
    for each in fields:
        if re.search(r"\bfield\(|InitVar|KW_ONLY", each.annotation + each.value):
            raise RefusedError(f"the field `{each.name}` is more than a name and a default")
        if comments_in(file.root, Span(each.node.start_byte, _line_end(file, each.node))):
            raise RefusedError("a comment on a field would be lost")
    there = methods(file, cls)
    unit, indent = find_unit(file, cls), file.indentation(fields[0].node)
    name = file.text_of(field(cls, "name"))
    wanted = [
        method
        for method, option in (("__init__", "init"), ("__repr__", "repr"), ("__eq__", "eq"))
        if options.get(option, "True") == "True" and method not in there
    ]
    blocks: list[list[str]] = []
    for method in wanted:
        lines = written(method, name, fields, True, unit)
        if method == "__init__" and "__post_init__" in there:
            lines.append(f"{unit}self.__post_init__()")
        if method == "__repr__":
            lines = [line.replace("__name__", "__qualname__") for line in lines]
            lines = [_with_names(line, [f.name for f in fields]) for line in lines]
        if method == "__eq__":
            lines[1] = f"{unit}if other.__class__ is not self.__class__:"
        blocks.append(lines)
        if method == "__eq__" and "__hash__" not in there:
            blocks.append(["__hash__ = None"])
    text = "\n".join("".join(f"{indent}{line}\n" for line in block) for block in blocks)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    start = file.line_start(decorator.start_byte)
    editor.delete(
        Span(start, file.text.line_span(file.text.line_of(decorator.end_byte), with_break=True).end)
    )
    runs = [f.node for f in fields]
    if any(a.next_named_sibling != b for a, b in pairwise(runs)):
        raise RefusedError("something stands between its fields")
    first, last = file.line_start(runs[0].start_byte), _line_end(file, runs[-1])
    editor.replace(Span(first, last), text.removesuffix("\n"))
    change = build.build()
    between = after(snapshot, change)
    more = ChangeBuilder(between)
    drop_new_unused(snapshot, between, more, file.path, token)
    rest = more.build()
    return change if rest.is_empty else change.then(rest, snapshot.text)


def _with_names(line: str, names: list[str]) -> str:
    """`_x` is called `_x` by a dataclass's own `__repr__`."""
    for name in names:
        line = line.replace(f"{name.lstrip('_')}={{self.{name}!r}}", f"{name}={{self.{name}!r}}")
    return line


def _line_end(file: PythonFile, node: Node) -> int:
    return file.text.line_span(file.text.line_of(node.end_byte)).end


FROM_DATACLASS = Operation(
    name="from_dataclass",
    title="Write the dataclass's methods out",
    arguments=Place,
    plan=_from,
    document=FROM_DOCUMENT,
    kind="refactor.rewrite",
)
