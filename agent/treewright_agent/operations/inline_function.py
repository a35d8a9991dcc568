"""Inline function: put the body of a function in the places that call it, and remove it.

The function must be one expression, or plain statements with at most one `return` at their end;
then each call must be a statement of its own, an assigned or a returned value. Every use must be
a call that can be proven. Refused with the place that stands in the way otherwise.

    def double$0(x):
        return x * 2

    def area(r):
        return double(r + 1)
    -> {}
    def area(r):
        return (r + 1) * 2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import (
    PythonFile,
    has_effects,
    is_atom,
    needs_parentheses,
    walk,
)
from treewright_agent.operations.inline_body import body_of, inline_body
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.graph import Target, Use


class InlineFunction(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    offset: Annotated[int, msgspec.Meta(description="a byte of the function's name")]
    keep: Annotated[bool, msgspec.Meta(description="leave the function where it is")] = False


class _Function(NamedTuple):
    node: Node
    whole: Node
    parameters: tuple[tuple[str, str], ...]
    """(name, text of the default or '')"""
    value: Node | None
    """The returned expression, or the one expression that is the body; None for several
    statements."""
    returns: bool


def _plan(snapshot: Snapshot, arguments: InlineFunction, token: CancelToken) -> SourceChange:
    from treewright_indexer import graph

    targets = graph.definitions(snapshot, arguments.path, arguments.offset, token)
    if not targets:
        raise RefusedError("there is no function of the workspace at the cursor")
    if len(targets) > 1:
        raise RefusedError(f"`{targets[0].name}` is defined {len(targets)} times")
    target = targets[0]
    if target.kind not in ("function", "method"):
        raise RefusedError(f"`{target.name}` is a {target.kind}, not a function")
    home = PythonFile(snapshot, target.path)
    function = _function(home, target)
    body = body_of(home, function.node, target.name) if function.value is None else None
    uses = graph.references(snapshot, target, token, include_declaration=False, by_name=True)
    build = ChangeBuilder(snapshot)
    files: dict[str, PythonFile] = {target.path: home}
    n_calls = 0
    for use in uses:
        token.check()
        file = files.setdefault(use.path, PythonFile(snapshot, use.path))
        if use.role is Role.IMPORT:
            continue
        call = _call_of(file, use)
        place = f"{snapshot.display_path(use.path)}:{file.text.line_of(use.span.start) + 1}"
        if call is None:
            raise RefusedError(f"it is used without being called in {place}")
        if str(use.confidence) in ("name", "unique"):
            raise RefusedError(f"whether {place} calls it cannot be proven")
        if body is not None:
            given = _arguments(file, function, call, place, target.kind == "method")
            inline_body(build, home, body, file, call, given, place)
        else:
            _inline(build, home, function, file, call, place, is_method=target.kind == "method")
        n_calls += 1
    if not n_calls:
        raise RefusedError("nothing calls it")
    if not arguments.keep:
        _remove(build, home, function, files, uses)
    return build.build()


def _function(home: PythonFile, target: Target) -> _Function:
    node = home.root.descendant_for_byte_range(target.name_span.start, target.name_span.end)
    while node is not None and node.type != "function_definition":
        node = node.parent
    if node is None:
        raise RefusedError("the function cannot be read")
    whole = node
    if node.parent is not None and node.parent.type == "decorated_definition":
        decorators = [home.text_of(c) for c in node.parent.named_children if c.type == "decorator"]
        raise RefusedError(f"it is decorated with {decorators[0]}")
    body = node.child_by_field_name("body")
    parameters = node.child_by_field_name("parameters")
    assert body is not None
    statements = [c for c in body.named_children if c.type != "comment"]
    if statements and _is_docstring(statements[0]):
        statements = statements[1:]
    only = statements[0] if len(statements) == 1 else None
    returns = only is not None and only.type == "return_statement"
    if (
        only is None
        or only.type not in ("return_statement", "expression_statement")
        or not only.named_children
        or only.named_children[0].type in ("assignment", "augmented_assignment", "yield")
    ):
        return _Function(node, whole, _parameters(home, parameters), None, False)
    if node.children and node.children[0].type == "async":
        raise RefusedError("it is async")
    value = only.named_children[0]
    for inner in walk(value):
        if inner.type in ("yield", "await", "named_expression", "lambda"):
            raise RefusedError(f"its body holds a {inner.type.replace('_', ' ')}")
    name = target.name
    if any(u.name == name for u in home.within(Span(*value.byte_range))):
        raise RefusedError("it calls itself")
    return _Function(node, whole, _parameters(home, parameters), value, returns)


def _is_docstring(statement: Node) -> bool:
    return (
        statement.type == "expression_statement"
        and bool(statement.named_children)
        and statement.named_children[0].type == "string"
    )


def _parameters(home: PythonFile, parameters: Node | None) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for child in parameters.named_children if parameters is not None else ():
        name, default = child, ""
        if child.type in ("default_parameter", "typed_default_parameter"):
            value = child.child_by_field_name("value")
            default = home.text_of(value) if value is not None else ""
            if value is not None and has_effects(value):
                raise RefusedError("a default calls something")
            named = child.child_by_field_name("name")
            assert named is not None
            name = named
        elif child.type == "typed_parameter":
            name = child.named_children[0]
        if child.type in ("comment", "keyword_separator", "positional_separator"):
            continue
        if name.type != "identifier":
            raise RefusedError("it takes * or ** arguments")
        found.append((home.text_of(name), default))
    return tuple(found)


def _call_of(file: PythonFile, use: Use) -> Node | None:
    """The call whose function the use is."""
    node = file.root.descendant_for_byte_range(use.span.start, use.span.end)
    if node is not None and node.parent is not None and node.parent.type == "attribute":
        node = node.parent
    parent = node.parent if node is not None else None
    if parent is None or parent.type != "call" or parent.child_by_field_name("function") != node:
        return None
    return parent


def _inline(
    build: ChangeBuilder,
    home: PythonFile,
    function: _Function,
    file: PythonFile,
    call: Node,
    place: str,
    *,
    is_method: bool,
) -> None:
    assert function.value is not None
    if not function.returns and (call.parent is None or call.parent.type != "expression_statement"):
        raise RefusedError(f"its result, None, is used in {place}")
    given = _arguments(file, function, call, place, is_method)
    uses = list(home.within(Span(*function.value.byte_range)))
    counts = {name: sum(u.name == name for u in uses) for name, _ in function.parameters}
    for name, node in given.items():
        if isinstance(node, str):
            continue
        if has_effects(node) and counts[name] != 1:
            times = "never" if not counts[name] else f"{counts[name]} times"
            raise RefusedError(
                f"the argument `{name}` calls something in {place} and is used {times}"
            )
    _require_same_names(home, function, file, call, place)
    text = _substituted(home, function, file, given)
    if file.path != home.path:
        _require_same_imports(home, function, file, place)
    value = function.value
    needs = needs_parentheses(value, call) or (
        "\n" in text and not text.startswith(("(", "[", "{"))
    )
    build.file(file.path).replace(Span(*call.byte_range), f"({text})" if needs else text)


def _arguments(
    file: PythonFile, function: _Function, call: Node, place: str, is_method: bool
) -> dict[str, Node | str]:
    """Parameter -> the argument's node, or the text of its default."""
    listed = call.child_by_field_name("arguments")
    given: dict[str, Node | str] = {}
    names = [name for name, _ in function.parameters]
    position = 0
    called = call.child_by_field_name("function")
    if is_method:
        receiver = called.child_by_field_name("object") if called is not None else None
        if receiver is None or not names:
            raise RefusedError(f"the receiver in {place} is not plain")
        if has_effects(receiver):
            raise RefusedError(f"the receiver in {place} calls something")
        given[names[0]] = receiver
        position = 1
    if listed is not None and listed.type == "generator_expression":
        raise RefusedError(f"{place} passes a generator")
    for argument in listed.named_children if listed is not None else ():
        if argument.type == "comment":
            raise RefusedError(f"{place} has a comment among its arguments")
        if argument.type in ("list_splat", "dictionary_splat"):
            raise RefusedError(f"{place} passes * or ** arguments")
        if argument.type == "keyword_argument":
            named, value = (
                argument.child_by_field_name("name"),
                argument.child_by_field_name("value"),
            )
            assert named is not None
            assert value is not None
            given[file.text_of(named)] = value
        else:
            if position >= len(names):
                raise RefusedError(f"{place} passes too many arguments")
            given[names[position]] = argument
            position += 1
    unknown = given.keys() - set(names)
    if unknown:
        raise RefusedError(f"{place} passes `{sorted(unknown)[0]}`, which it does not take")
    for name, default in function.parameters:
        if name not in given:
            if not default:
                raise RefusedError(f"{place} does not pass `{name}`")
            given[name] = default
    return given


def _require_same_names(
    home: PythonFile, function: _Function, file: PythonFile, call: Node, place: str
) -> None:
    """What the body calls by a free name must be the same thing at the call."""
    assert function.value is not None
    parameters = {name for name, _ in function.parameters}
    inner = Span(*function.value.byte_range)
    for use in home.within(inner):
        scope = home.facts.scopes[use.home] if use.home >= 0 else None
        if use.name in parameters or (scope is not None and inner.start <= scope.start < inner.end):
            continue
        if use.home > 0:
            raise RefusedError(f"its body uses `{use.name}` of a function around it")
        there = file.home_of(use.name, call.start_byte)
        if there > 0 or ((use.home == -1) != (there == -1) and file.path == home.path):
            raise RefusedError(f"`{use.name}` means something else in {place}")


def _require_same_imports(
    home: PythonFile, function: _Function, file: PythonFile, place: str
) -> None:
    assert function.value is not None
    parameters = {name for name, _ in function.parameters}
    for use in home.within(Span(*function.value.byte_range)):
        if use.home == 0 and use.name not in parameters:
            raise RefusedError(
                f"its body uses `{use.name}`, which {place.rpartition(':')[0]} would have to import"
            )


def _substituted(
    home: PythonFile, function: _Function, file: PythonFile, given: Mapping[str, Node | str]
) -> str:
    """The body's expression with its parameters replaced, as text."""
    assert function.value is not None
    data, (start, end) = home.text.data, function.value.byte_range
    parts: list[str] = []
    position = start
    for use in home.within(Span(start, end)):
        if use.name not in given:
            continue
        scope = home.facts.scopes[use.home] if use.home >= 0 else None
        if scope is not None and start <= scope.start < end:
            raise RefusedError(f"`{use.name}` is hidden inside its body")
        place = home.root.descendant_for_byte_range(use.start, use.end)
        assert place is not None
        argument = given[use.name]
        if isinstance(argument, str):
            shown = argument if argument.isidentifier() or argument.isdigit() else f"({argument})"
            if place.parent is not None and place.parent.type in (
                "argument_list",
                "return_statement",
            ):
                shown = argument
        else:
            shown = file.text_of(argument).replace("\r\n", "\n")
            at_top = place == function.value
            if not at_top and not is_atom(argument) and needs_parentheses(argument, place):
                shown = f"({shown})"
        parts.append(data[position : use.start].decode("utf-8", "replace") + shown)
        position = use.end
    parts.append(data[position:end].decode("utf-8", "replace"))
    return "".join(parts).replace("\r\n", "\n")


def _remove(
    build: ChangeBuilder,
    home: PythonFile,
    function: _Function,
    files: Mapping[str, PythonFile],
    uses: list[Use],
) -> None:
    block = function.whole.parent
    if block is not None and block.type == "block" and block.named_child_count == 1:
        raise RefusedError("it is all that its class or block holds; use `keep`")
    data = home.text.data
    span = home.whole_lines(*function.whole.byte_range)
    end = span.end
    while end < len(data) and data[end : end + 1] in (b"\n", b"\r"):
        end += 1
    if end >= len(data):  # the last one: take the blank lines before it instead
        start = span.start
        while start > 0 and data[:start].endswith((b"\n\n", b"\r\n\r\n")):
            start -= 2 if data[:start].endswith(b"\r\n\r\n") else 1
        build.file(home.path).delete(Span(start, span.end))
    else:
        build.file(home.path).delete(Span(span.start, end))
    for use in uses:
        if use.role is Role.IMPORT:
            _remove_import(build, files[use.path], use)


def _remove_import(build: ChangeBuilder, file: PythonFile, use: Use) -> None:
    """Take the function's name out of `from m import a, f`."""
    node = file.root.descendant_for_byte_range(use.span.start, use.span.end)
    while node is not None and node.type not in ("import_from_statement", "import_statement"):
        child = node
        node = node.parent
        if node is not None and node.type == "import_from_statement":
            names = node.children_by_field_name("name")
            if len(names) == 1:
                build.file(file.path).delete(file.whole_lines(*node.byte_range))
                return
            index = next(
                i for i, n in enumerate(names) if n.start_byte <= child.start_byte < n.end_byte
            )
            if index + 1 < len(names):
                span = Span(names[index].start_byte, names[index + 1].start_byte)
            else:
                span = Span(names[index - 1].end_byte, names[index].end_byte)
            build.file(file.path).delete(span)
            return
    raise RefusedError("an import of it cannot be taken apart")


INLINE_FUNCTION = Operation(
    name="inline_function",
    title="Inline function",
    arguments=InlineFunction,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.inline",
)
