"""Operations on parameters: introduce one for an expression, inline one that never varies,
and pass several as one dataclass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, FileEditor, SourceChange
from treewright_agent.draft import after
from treewright_agent.operations.blocks import PythonFile, walk
from treewright_agent.operations.change_signature import CHANGE_SIGNATURE
from treewright_agent.operations.comprehensions import unused_name
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.model import Operation, checked
from treewright_agent.operations.names import require_identifier
from treewright_agent.operations.shapes import (
    Place,
    chain_at,
    field,
    find_unit,
    header_end,
    python_at,
    require_sound,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Confidence, Target, references
from treewright_indexer.graph.imports import module_name
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_LITERALS = frozenset(
    {"integer", "float", "string", "true", "false", "none", "concatenated_string"}
)

# -------------------------------------------------------------------- introduce

INTRODUCE_DOCUMENT = """Introduce parameter: let callers say what a function now writes out.

The selected expression becomes the default of a new parameter, so that every call stays as it is. It
must mean the same where the function is defined: a literal, or a name of the module that is bound
once, above. Equal expressions of the function use the parameter as well.

    def area(r):
        return $03.14$0 * r * r
    -> {"name": "pi"}
    def area(r, pi=3.14):
        return pi * r * r
"""


class IntroduceParameter(Place, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(description="The parameter's name.")] = ""


def _introduce(
    snapshot: Snapshot, arguments: IntroduceParameter, token: CancelToken
) -> SourceChange:
    file, span = python_at(snapshot, arguments, "introduce_parameter")
    node = file.expression_at(*span)
    function = file.enclosing_function(node)
    while function is not None and function.type == "lambda":
        function = file.enclosing_function(function)
    if function is None:
        raise RefusedError("it is in no function")
    require_sound(function)
    body = field(function, "body")
    if not body.start_byte <= node.start_byte < body.end_byte:
        raise RefusedError("it is in the head of the function already")
    _require_constant(file, node, function)
    whole = Span(*function.byte_range)
    name = arguments.name and require_identifier(arguments.name)
    if name and any(whole.start <= r.start < whole.end for r in file.facts.references(name)):
        raise RefusedError(f"`{name}` already means something in the function")
    name = name or unused_name(file, "value", whole)
    text = file.text_of(node)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    for each in walk(body):
        if each.type == node.type and file.text_of(each) == text and _reads(each):
            editor.replace(Span(*each.byte_range), name)
    offset, before, behind, typed = _room(file, function)
    spaced = " = " if typed else "="
    known = _annotation(file, node) if typed else ""
    shown = f"{name}: {known}{spaced}{text}" if known else f"{name}={text}"
    editor.insert(offset, f"{before}{shown}{behind}")
    return build.build()


def _reads(node: Node) -> bool:
    """Not part of a format spec, an implicit concatenation or a `match` pattern."""
    parent = node.parent
    if parent is None or parent.type in ("concatenated_string", "case_pattern", "dotted_name"):
        return False
    return not (parent.type == "expression_statement" and node.type == "string")


def _require_constant(file: PythonFile, node: Node, function: Node) -> None:
    for each in walk(node):
        if each.type in ("call", "await", "yield", "lambda", "named_expression", "list", "dictionary",
                         "set", "subscript", "interpolation") or each.type.endswith("comprehension"):  # fmt: skip
            raise RefusedError("its value may be another one each time: it is no constant")
        if each.type == "attribute":
            raise RefusedError("an attribute may change between calls")
    for use in file.within(Span(*node.byte_range)):
        if use.home == -1:
            continue
        if use.home != 0:
            raise RefusedError(f"`{use.name}` is not known where the function is defined")
        writes = [
            r
            for r in file.facts.references(use.name)
            if r.role in (Role.WRITE, Role.DEFINITION, Role.DELETE, Role.IMPORT) and not r.attribute
        ]
        if len(writes) != 1 or writes[0].start > function.start_byte:
            raise RefusedError(f"`{use.name}` is not bound once, above the function")


def _room(file: PythonFile, function: Node) -> tuple[int, str, str, bool]:
    """Where one more parameter with a default goes: offset, text before and behind it, and
    whether the others are annotated."""
    listed = field(function, "parameters")
    given = [child for child in listed.named_children if child.type != "comment"]
    typed = any(child.type.startswith("typed") for child in given)
    if not given:
        return listed.start_byte + 1, "", "", typed
    last = given[-1]
    splat = last.type == "dictionary_splat_pattern" or (
        last.type == "typed_parameter" and file.text_of(last).startswith("**")
    )
    if splat:
        if len(given) == 1:
            return last.start_byte, "", ", ", typed
        last = given[-2]
    if last.type == "positional_separator":
        return last.end_byte, ", ", "", typed
    return last.end_byte, ", ", "", typed


def _annotation(file: PythonFile, node: Node) -> str:
    from treewright_agent.operations.add_annotations import type_of

    known = type_of(file, node)
    return known if known != "None" else ""


INTRODUCE_PARAMETER = Operation(
    name="introduce_parameter",
    title="Introduce a parameter",
    arguments=IntroduceParameter,
    plan=_introduce,
    document=INTRODUCE_DOCUMENT,
    kind="refactor.extract",
)

# -------------------------------------------------------------------- inline

INLINE_DOCUMENT = """Inline parameter: write out in a function what every call passes for it.

Every call must pass the same literal, or leave the parameter to its default, and be certain. The
parameter goes from the signature and from the calls.

    def area(r, p$0=3):
        return p * r * r

    area(1, 3)
    area(2)
    -> {}
    def area(r):
        return 3 * r * r

    area(1)
    area(2)
"""


def _inline(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "inline_parameter")
    function, parameter = _parameter_at(file, span)
    require_sound(function)
    name = _name_of(file, parameter)
    rows = rows_of(file, function)
    target = _target(snapshot, file, function, token)
    values = {
        _same(file.text_of(v)) for v in [parameter.child_by_field_name("value")] if v is not None
    }
    default = values.copy()
    said: set[str] = set()
    position = [row["name"] for row in rows].index(name)
    keyword_only = "*" in [row["name"] for row in rows[:position]]
    for path, call in calls_of(snapshot, target, token):
        where = _where(snapshot, path, call)
        found = argument(
            PythonFile(snapshot, path), call, name, -1 if keyword_only else position, where
        )
        if found is None:
            if not default:
                raise RefusedError(f"the call in {where} does not pass `{name}`")
            said |= default
        elif found.type in _LITERALS or _is_negative(found):
            said.add(_same(PythonFile(snapshot, path).text_of(found)))
        else:
            raise RefusedError(f"the call in {where} passes no literal")
    if len(said or default) != 1:
        what = ", ".join(sorted(said)) if said else "nothing"
        raise RefusedError(f"the calls do not all pass the same for `{name}`: {what}")
    (value,) = said or default
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    scope = next(
        i for i, s in enumerate(file.facts.scopes) if name in s.bindings and s.start <= parameter.start_byte < s.end
        and s.bindings[name] [1] == "parameter" and function.start_byte <= s.start < function.end_byte
    )  # fmt: skip
    body = field(function, "body")
    for reference in file.facts.references(name):
        if reference.attribute or reference.role == Role.KEYWORD:
            continue
        if not body.start_byte <= reference.start < body.end_byte:
            continue
        if file.home_of(name, reference.start) != scope:
            continue
        if reference.role in (Role.WRITE, Role.DELETE):
            raise RefusedError(
                f"`{name}` is assigned in line {file.text.line_of(reference.start) + 1}"
            )
        node = file.root.descendant_for_byte_range(reference.start, reference.start + 1)
        parent = node.parent if node is not None else None
        tied = parent is not None and parent.type == "attribute"
        shown = f"({value})" if tied or value.startswith("-") else value
        editor.replace(Span(reference.start, reference.start + len(name.encode())), shown)
    first = build.build()
    between = after(snapshot, first)
    kept = [row for row in rows if row["name"] != name]
    if kept and kept[-1]["name"] in ("*", "/"):
        kept = kept[:-1]
    given = {"path": file.path, "offset": target.name_span.start, "parameters": kept}
    second = CHANGE_SIGNATURE.plan(between, checked(CHANGE_SIGNATURE, given), token)
    return first.then(second, snapshot.text)


def _same(text: str) -> str:
    return f'"{text[1:-1]}"' if re.fullmatch(r"'[^'\"\\]*'", text) else text


def _is_negative(node: Node) -> bool:
    return node.type == "unary_operator" and node.named_children[0].type in ("integer", "float")


def _parameter_at(file: PythonFile, span: Span) -> tuple[Node, Node]:
    parameter: Node | None = None
    for node in chain_at(file.root, span):
        if node.parent is not None and node.parent.type == "parameters":
            parameter = node
        if node.type == "function_definition":
            if parameter is not None and span.start <= header_end(node):
                return node, parameter
            break
    raise RefusedError("the cursor is on no parameter")


def _name_of(file: PythonFile, parameter: Node) -> str:
    if parameter.type == "identifier":
        return file.text_of(parameter)
    named = parameter.child_by_field_name("name")
    if named is None and parameter.type == "typed_parameter":
        named = parameter.named_children[0]
    if named is None or named.type != "identifier":
        raise RefusedError("it takes several arguments at once")
    return file.text_of(named)


def rows_of(file: PythonFile, function: Node) -> list[dict[str, str]]:
    """The parameters as rows of change_signature, without self."""
    listed = field(function, "parameters")
    rows: list[dict[str, str]] = []
    for child in listed.named_children:
        if child.type == "comment":
            continue
        if child.type in ("keyword_separator", "positional_separator"):
            rows.append({"name": "*" if child.type == "keyword_separator" else "/"})
            continue
        named = child.child_by_field_name("name") or child
        if child.type == "typed_parameter":
            named = child.named_children[0]
        rows.append({"name": file.text_of(named)})
    if is_method(function) and rows:
        rows.pop(0)
    return rows


def is_method(function: Node) -> bool:
    outer = function.parent
    decorated = outer is not None and outer.type == "decorated_definition"
    if decorated and outer is not None:
        if any(b"staticmethod" in (c.text or b"") for c in outer.children if c.type == "decorator"):
            return False
        outer = outer.parent
    holder = outer.parent if outer is not None and outer.type == "block" else None
    return holder is not None and holder.type == "class_definition"


def _target(snapshot: Snapshot, file: PythonFile, function: Node, token: CancelToken) -> Target:
    start = field(function, "name").start_byte
    resolver = Resolver(snapshot, token)
    for index, symbol in enumerate(file.facts.symbols):
        if symbol.name_start == start:
            return resolver.target_of(file.path, index)
    raise RefusedError("the function is not known to the index")


def _where(snapshot: Snapshot, path: str, node: Node) -> str:
    line = snapshot.text(path).line_of(node.start_byte) + 1
    return f"{snapshot.display_path(path)}:{line}"


def calls_of(snapshot: Snapshot, target: Target, token: CancelToken) -> list[tuple[str, Node]]:
    """(path, call) of every use. Raises RefusedError for one that is no call or not certain."""
    found: list[tuple[str, Node]] = []
    uses = references(snapshot, target, token, include_declaration=False, by_name=True)
    for use in uses:
        if use.role == Role.IMPORT or (use.path == target.path and use.span == target.name_span):
            continue
        node = snapshot.tree(use.path).root_node.descendant_for_byte_range(*use.span)
        assert node is not None
        where = _where(snapshot, use.path, node)
        if use.confidence == Confidence.NAME:
            raise RefusedError(f"`{target.name}` in {where} may be this function, or another")
        if use.attribute and node.parent is not None:
            node = node.parent
        call = node.parent
        if call is None or call.type != "call" or field(call, "function") != node:
            raise RefusedError(f"`{target.name}` is used in {where} without being called")
        found.append((use.path, call))
    return found


def argument(file: PythonFile, call: Node, name: str, position: int, where: str) -> Node | None:
    """What a call passes for a parameter; None when it leaves it out. Raises RefusedError."""
    listed = field(call, "arguments")
    if listed.type != "argument_list":
        return listed if position == 0 else None
    given = [child for child in listed.named_children if child.type != "comment"]
    if any(child.type in ("list_splat", "dictionary_splat") for child in given):
        raise RefusedError(f"the call in {where} unpacks its arguments")
    for child in given:
        if child.type == "keyword_argument" and file.text_of(field(child, "name")) == name:
            return field(child, "value")
    plain = [child for child in given if child.type != "keyword_argument"]
    return plain[position] if 0 <= position < len(plain) else None


INLINE_PARAMETER = Operation(
    name="inline_parameter",
    title="Inline the parameter",
    arguments=Place,
    plan=_inline,
    document=INLINE_DOCUMENT,
    kind="refactor.inline",
)

# -------------------------------------------------------------------- parameter object

OBJECT_DOCUMENT = """Introduce parameter object: pass several parameters as one dataclass.

The dataclass is made above the function, with the annotations and defaults of the parameters; the
function reads its fields, every call builds it. All calls must be certain and write their
arguments out. Methods and functions whose parameters are assigned are refused.

    def draw$0(x: int, y: int = 0):
        return x + y

    draw(1, y=2)
    -> {"name": "Point"}
    from dataclasses import dataclass


    @dataclass
    class Point:
        x: int
        y: int = 0


    def draw(point: Point):
        return point.x + point.y

    draw(Point(1, y=2))
"""


class IntroduceParameterObject(Place, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(description="The dataclass's name.")] = ""
    parameters: Annotated[
        tuple[str, ...] | None, msgspec.Meta(description="Which ones; without it all of them.")
    ] = None


def _object(
    snapshot: Snapshot, arguments: IntroduceParameterObject, token: CancelToken
) -> SourceChange:
    file, span = python_at(snapshot, arguments, "introduce_parameter_object")
    function = next(
        (
            n
            for n in chain_at(file.root, span)
            if n.type == "function_definition" and span.start <= header_end(n)
        ),
        None,
    )
    if function is None:
        raise RefusedError("the cursor is on no function's head")
    require_sound(function)
    outer = function.parent
    if outer is None or outer.type not in ("module", "decorated_definition") or is_method(function):
        raise RefusedError("it is no function of the module")
    if outer.type == "decorated_definition":
        raise RefusedError("its decorator may look at the signature")
    listed = field(function, "parameters")
    given = [child for child in listed.named_children if child.type != "comment"]
    if len(given) != len(listed.named_children):
        raise RefusedError("a comment stands between the parameters")
    names = [_name_of(file, child) for child in given]
    chosen = list(arguments.parameters or names)
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise RefusedError(f"`{field_text(file, function)}` has no parameter `{unknown[0]}`")
    at = [names.index(name) for name in chosen]
    if len(chosen) < 2 or at != list(range(at[0], at[0] + len(at))):
        raise RefusedError("two or more parameters that stand together are needed")
    words = file.text_of(field(function, "name")).strip("_").split("_")
    title = arguments.name or "".join(w.capitalize() for w in words) + "Arguments"
    require_identifier(title)
    variable = re.sub(r"(?<!^)(?=[A-Z])", "_", title).lower()
    if variable == title:
        variable = f"{variable}_"
    if title in file.facts.scopes[0].bindings:
        raise RefusedError(f"`{title}` already means something in this module")
    whole = Span(*function.byte_range)
    if any(whole.start <= r.start < whole.end for r in file.facts.references(variable)):
        raise RefusedError(f"`{variable}` already means something in the function")
    target = _target(snapshot, file, function, token)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    unit = find_unit(file, function)
    fields, needs_any = _fields(file, [given[i] for i in at])
    lines = "".join(f"{unit}{line}\n" for line in fields)
    start = file.line_start(function.start_byte)
    wanted = [Wanted("dataclasses", "dataclass")] + ([Wanted("typing", "Any")] if needs_any else [])
    ImportBlock(snapshot, file.path).add(editor, wanted)
    editor.insert(start, f"@dataclass\nclass {title}:\n{lines}\n\n")
    editor.replace(Span(given[at[0]].start_byte, given[at[-1]].end_byte), f"{variable}: {title}")
    _read_fields(file, function, chosen, variable, editor)
    home = module_name(snapshot, file.path)
    importing: set[str] = set()
    for path, call in calls_of(snapshot, target, token):
        token.check()
        _build_object(snapshot, build, path, call, chosen, at[0], title)
        if path != file.path:
            importing.add(path)
    for path in sorted(importing):
        if home is None:
            raise RefusedError("its module cannot be imported by name")
        if title in snapshot.facts(path).scopes[0].bindings:
            raise RefusedError(
                f"`{title}` already means something in {snapshot.display_path(path)}"
            )
        ImportBlock(snapshot, path).add(build.file(path), [Wanted(home, title)])
    return build.build()


def field_text(file: PythonFile, function: Node) -> str:
    return file.text_of(field(function, "name"))


def _fields(file: PythonFile, parameters: list[Node]) -> tuple[list[str], bool]:
    lines: list[str] = []
    needs_any = False
    for parameter in parameters:
        annotation, value = (parameter.child_by_field_name(n) for n in ("type", "value"))
        shown = file.text_of(annotation) if annotation is not None else "Any"
        needs_any = needs_any or annotation is None
        line = f"{_name_of(file, parameter)}: {shown}"
        if value is not None:
            if value.type in ("list", "dictionary", "set", "call"):
                raise RefusedError("a default is made once and shared; a dataclass refuses that")
            line += f" = {file.text_of(value)}"
        lines.append(line)
    return lines, needs_any


def _read_fields(
    file: PythonFile, function: Node, chosen: list[str], variable: str, editor: FileEditor
) -> None:
    body = field(function, "body")
    scopes = [
        i for i, s in enumerate(file.facts.scopes)
        if s.kind == "function" and function.start_byte <= s.start < function.end_byte and s.bindings.get(chosen[0], (0, ""))[1] == "parameter"
    ]  # fmt: skip
    scope = scopes[0] if scopes else -1
    for name in chosen:
        for reference in file.facts.references(name):
            if reference.attribute or reference.role == Role.KEYWORD:
                continue
            if not body.start_byte <= reference.start < body.end_byte:
                continue
            if file.home_of(name, reference.start) != scope:
                continue
            if reference.role in (Role.WRITE, Role.DELETE, Role.DEFINITION):
                line = file.text.line_of(reference.start) + 1
                raise RefusedError(f"`{name}` is assigned in line {line}")
            span = Span(reference.start, reference.start + len(name.encode()))
            editor.replace(span, f"{variable}.{name}")


def _build_object(
    snapshot: Snapshot, build: ChangeBuilder, path: str, call: Node, chosen: list[str], first: int, title: str,

) -> None:  # fmt: skip
    file = PythonFile(snapshot, path)
    where = _where(snapshot, path, call)
    listed = field(call, "arguments")
    if listed.type != "argument_list" or any(
        c.type in ("list_splat", "dictionary_splat") for c in listed.named_children
    ):
        raise RefusedError(f"the call in {where} does not write its arguments out")
    given = [c for c in listed.named_children if c.type != "comment"]
    plain = [c for c in given if c.type != "keyword_argument"]
    inside = plain[first : first + len(chosen)]
    rest = plain[first + len(chosen) :]
    named = [c for c in given if c.type == "keyword_argument"]
    own = [c for c in named if file.text_of(field(c, "name")) in chosen]
    if len(given) != len(listed.named_children):
        raise RefusedError(f"a comment stands in the call in {where}")
    if not inside and not own and len(plain) < first:
        raise RefusedError(f"the call in {where} passes what comes before by name")
    made = f"{title}({', '.join(file.text_of(c) for c in [*inside, *own])})"
    other = [file.text_of(c) for c in named if c not in own]
    parts = (
        [file.text_of(c) for c in plain[:first]] + [made] + [file.text_of(c) for c in rest] + other
    )
    build.file(path).replace(Span(listed.start_byte + 1, listed.end_byte - 1), ", ".join(parts))


INTRODUCE_PARAMETER_OBJECT = Operation(
    name="introduce_parameter_object",
    title="Pass the parameters as one dataclass",
    arguments=IntroduceParameterObject,
    plan=_object,
    document=OBJECT_DOCUMENT,
    kind="refactor.rewrite",
)
