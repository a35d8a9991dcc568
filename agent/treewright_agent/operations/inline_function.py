"""Inline function: put the body of a function in the places that call it, and remove it.

One expression stands in the place of the call. Several statements go in front of the statement
that calls; arguments that are more than a name get a line of their own where they could otherwise
be computed twice or at another time. What the body needs is imported. Every use must be a call
that can be proven. Refused with the place that stands in the way otherwise.

    def double$0(x):
        return x * 2

    def area(r):
        return double(r + 1)
    -> {}
    def area(r):
        return (r + 1) * 2
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile, needs_parentheses, text_with, walk
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import Removal, unused_without
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.inline_arguments import (
    Argument,
    Parameter,
    given_by,
    parameters_of,
    why_not_in_place,
)
from treewright_agent.operations.inline_body import Body, Inlining, body_of
from treewright_agent.operations.inline_names import imports_for
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.graph import Target, Use


_WORD = re.compile(r"[^\W\d]\w*")


class InlineFunction(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    offset: Annotated[int, msgspec.Meta(description="a byte of the function's name")]
    keep: Annotated[bool, msgspec.Meta(description="leave the function where it is")] = False


class _Function(NamedTuple):
    node: Node
    whole: Node
    """With its decorators."""
    parameters: tuple[Parameter, ...]
    body: Body
    value: Node | None
    """The returned expression, or the one expression that is the body; None for several
    statements."""
    returns: bool
    receiver_of: str
    """The class when it is called with a receiver."""
    private: str


@dataclass
class _Texts:
    """What the calls of one file become."""

    file: PythonFile
    calls: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    lines: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """Start of a statement -> the lines in front of it."""
    whole: dict[int, Node] = field(default_factory=dict[int, "Node"])
    """Statements that their lines stand for."""
    hoisted: dict[int, list[Node]] = field(default_factory=dict[int, "list[Node]"])
    taken: dict[int, set[str]] = field(default_factory=dict[int, set[str]])
    wanted: list[Wanted] = field(default_factory=list[Wanted])


class _Call(NamedTuple):
    use: Use
    node: Node
    place: str


def _plan(snapshot: Snapshot, arguments: InlineFunction, token: CancelToken) -> SourceChange:
    from treewright_indexer import graph
    from treewright_indexer.graph.hierarchy import overridden, overrides

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
    if target.kind == "method":
        others = overrides(snapshot, target, token)
        if others:
            raise RefusedError(f"`{others[0].container}` overrides it")
        if not arguments.keep and overridden(snapshot, target, token):
            raise RefusedError("it overrides a method of a base; use `keep`")
    uses = graph.references(snapshot, target, token, include_declaration=False, by_name=True)
    files: dict[str, _Texts] = {target.path: _Texts(home)}
    calls = _calls(snapshot, files, function, uses)
    if not calls:
        raise RefusedError("nothing calls it")
    build = ChangeBuilder(snapshot)
    for call in calls:
        token.check()
        _inline(home, function, files[call.use.path], call, calls)
    for texts in files.values():
        _write(build, texts)
    imports = [use for use in uses if use.role is Role.IMPORT]
    for path, texts in files.items():
        own = [use for use in imports if use.path == path]
        rest = texts.wanted
        if own and not arguments.keep:
            rest = _replace_import(build, texts.file, own, texts.wanted)
        if rest:
            ImportBlock(snapshot, path).add(build.file(path), rest)
    if not arguments.keep:
        _remove(build, home, function)
        unused = unused_without(snapshot, home.path, [Span(*function.whole.byte_range)])
        still = {name for texts in files.values() for name in _imported_by(texts, home)}
        unused = [one for one in unused if one.binds not in still]
        Removal(snapshot, home.path).remove(build.file(home.path), unused)
    return build.build()


def _imported_by(texts: _Texts, home: PythonFile) -> set[str]:
    """Names of the module that the inlined texts use in the module itself."""
    if texts.file.path != home.path:
        return set()
    text = "\n".join(
        [*texts.calls.values(), *(line for each in texts.lines.values() for line in each)]
    )
    return set(_WORD.findall(text))


def _calls(
    snapshot: Snapshot, files: dict[str, _Texts], function: _Function, uses: list[Use]
) -> list[_Call]:
    """In the order in which they end, inner ones first."""
    calls: list[_Call] = []
    for use in uses:
        file = files.setdefault(use.path, _Texts(PythonFile(snapshot, use.path))).file
        if use.role is Role.IMPORT:
            continue
        call = _call_of(file, use)
        place = f"{snapshot.display_path(use.path)}:{file.text.line_of(use.span.start) + 1}"
        if call is None:
            raise RefusedError(f"it is used without being called in {place}")
        if str(use.confidence) in ("name", "unique"):
            raise RefusedError(f"whether {place} calls it cannot be proven")
        inside = function.node.start_byte <= call.start_byte < function.node.end_byte
        if inside and use.path == function.body.path:
            raise RefusedError("it calls itself")
        calls.append(_Call(use, call, place))
    return sorted(calls, key=lambda each: (each.use.path, each.node.end_byte))


def _function(home: PythonFile, target: Target) -> _Function:
    node = home.root.descendant_for_byte_range(target.name_span.start, target.name_span.end)
    while node is not None and node.type != "function_definition":
        node = node.parent
    if node is None:
        raise RefusedError("the function cannot be read")
    whole, is_static = node, False
    if node.parent is not None and node.parent.type == "decorated_definition":
        whole = node.parent
        decorators = [home.text_of(c) for c in whole.named_children if c.type == "decorator"]
        is_static = decorators == ["@staticmethod"] and target.kind == "method"
        if not is_static:
            raise RefusedError(f"it is decorated with {decorators[0]}")
    body = body_of(home, node, target.name)._replace(path=home.path)
    code = [c for c in body.statements if c.type != "comment"]
    value, returns = body.value, True
    if code or body.branches:
        value, returns = None, False
        if len(code) == 1 and not body.branches and body.value is None:
            value = _expression(code[0])
    receiver_of = "" if is_static or target.kind != "method" else target.container
    return _Function(
        node, whole, parameters_of(home, node), body, value, returns,
        receiver_of.rpartition(".")[2], _private(home, target, body),
    )  # fmt: skip


def _expression(statement: Node) -> Node | None:
    """The expression that the statement is."""
    inner = statement.named_children[0] if statement.named_children else None
    if statement.type != "expression_statement" or inner is None:
        return None
    return None if inner.type in ("assignment", "augmented_assignment") else inner


def _private(home: PythonFile, target: Target, body: Body) -> str:
    """A name that only the class of the method can say; '' when the body uses none."""
    if target.kind == "method":
        for node in walk(body.node):
            text = home.text_of(node) if node.type == "identifier" else ""
            if text.startswith("__") and not text.endswith("__"):
                return text
    return ""


def _is_in_class(file: PythonFile, node: Node, cls: str) -> bool:
    here = node.parent
    while here is not None:
        if here.type == "class_definition":
            name = here.child_by_field_name("name")
            return name is not None and file.text_of(name) == cls
        here = here.parent
    return False


def _call_of(file: PythonFile, use: Use) -> Node | None:
    """The call whose function the use is."""
    node = file.root.descendant_for_byte_range(use.span.start, use.span.end)
    if node is not None and node.parent is not None and node.parent.type == "attribute":
        node = node.parent
    parent = node.parent if node is not None else None
    if parent is None or parent.type != "call" or parent.child_by_field_name("function") != node:
        return None
    return parent


# -------------------------------------------------------------------- one call


def _inline(
    home: PythonFile, function: _Function, texts: _Texts, call: _Call, calls: list[_Call]
) -> None:
    file, node, place = texts.file, call.node, call.place
    given = given_by(home, function.parameters, file, node, place, function.receiver_of)
    if function.private and not (
        file.path == home.path and _is_in_class(file, node, function.receiver_of)
    ):
        raise RefusedError(f"its body uses `{function.private}`, which is private to its class")
    used = [*function.body.statements, *([function.body.value] if function.body.value else [])]
    used += [argument.node for argument in given.values() if argument.file is home]
    if file.path != home.path or any(a.file is home for a in given.values()):
        used = [n for n in used if file.path != home.path or not _is_at(n, node)]
    texts.wanted += imports_for(home, used, function.node, file, node, place)
    parent = node.parent
    alone = parent is not None and parent.type == "expression_statement"
    if function.value is not None and (function.returns or alone):
        reason = why_not_in_place(home, function.value, given, place)
        if not reason:
            texts.calls[node.byte_range] = _substituted(home, function.value, texts, given, node)
            return
    else:
        reason = ""
    try:
        _hoist(home, function, texts, call, given, calls)
    except RefusedError as refused:
        raise RefusedError(f"{reason}; {refused}" if reason else str(refused)) from None


def _is_at(node: Node, call: Node) -> bool:
    return call.start_byte <= node.start_byte < call.end_byte


def _hoist(
    home: PythonFile,
    function: _Function,
    texts: _Texts,
    call: _Call,
    given: dict[str, Argument],
    calls: list[_Call],
) -> None:
    file = texts.file
    start = file.statement_of(call.node).start_byte
    own = [c for c in calls if c.use.path == file.path]
    shares = sum(file.statement_of(c.node).start_byte == start for c in own) > 1
    inlining = Inlining(
        home,
        function.body,
        file,
        call.node,
        given,
        call.place,
        texts=texts.calls,
        hoisted=texts.hoisted.get(start, ()),
        taken=frozenset(texts.taken.get(start, ())),
        shares=shares,
    )
    placed = inlining.placed()
    texts.lines.setdefault(start, []).extend(placed.lines)
    texts.taken.setdefault(start, set()).update(placed.names)
    texts.hoisted.setdefault(start, []).append(call.node)
    if placed.value is None:
        texts.whole[start] = inlining.site.statement
    else:
        texts.calls[call.node.byte_range] = placed.value


def _substituted(
    home: PythonFile, value: Node, texts: _Texts, given: Mapping[str, Argument], call: Node
) -> str:
    """The expression with its parameters replaced, as text that can stand for the call."""
    data, (start, end) = home.text.data, value.byte_range
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
        shown = argument.text
        if argument.file is texts.file:
            shown = text_with(texts.file, argument.node, texts.calls)
        was_call = argument.node.byte_range in texts.calls and argument.file is texts.file
        wraps = was_call and not shown.replace(".", "").isidentifier()
        if place != value and (wraps or needs_parentheses(argument.node, place)):
            shown = f"({shown})"
        parts.append(data[position : use.start].decode("utf-8", "replace") + shown)
        position = use.end
    parts.append(data[position:end].decode("utf-8", "replace"))
    text = "".join(parts).replace("\r\n", "\n")
    outer = given[home.text_of(value)].node if home.text_of(value) in given else value
    needs = needs_parentheses(outer, call) or (
        "\n" in text and not text.startswith(("(", "[", "{"))
    )
    return f"({text})" if needs else text


# -------------------------------------------------------------------- writing


def _write(build: ChangeBuilder, texts: _Texts) -> None:
    file = texts.file
    whole = [Span(*node.byte_range) for node in texts.whole.values()]
    for (start, end), text in texts.calls.items():
        within = any(s <= start and end <= e and (s, e) != (start, end) for s, e in texts.calls)
        if not within and not any(span.start <= start < span.end for span in whole):
            build.file(file.path).replace(Span(start, end), text)
    for start, lines in texts.lines.items():
        line = file.text.data[file.line_start(start) : start].decode("ascii", "replace")
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        text = f"\n{indent}".join(lines)
        if start in texts.whole:
            build.file(file.path).replace(Span(*texts.whole[start].byte_range), text)
        elif lines:
            build.file(file.path).insert(start, f"{text}\n{indent}")


def _remove(build: ChangeBuilder, home: PythonFile, function: _Function) -> None:
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


def _replace_import(
    build: ChangeBuilder, file: PythonFile, uses: list[Use], wanted: list[Wanted]
) -> list[Wanted]:
    """Take the function out of the imports; what is now wanted from its module comes in its place.

    Gives what is still to be imported.
    """
    for use in uses:
        node = file.root.descendant_for_byte_range(use.span.start, use.span.end)
        while node is not None and node.type not in ("dotted_name", "aliased_import"):
            node = node.parent
        statement = node.parent if node is not None else None
        if node is not None and statement is not None and statement.type == "aliased_import":
            node, statement = statement, statement.parent
        module = statement.child_by_field_name("module_name") if statement is not None else None
        if node is None or statement is None or module is None:
            _remove_import(build, file, use)
            continue
        spelled = file.text_of(module)
        here = [each for each in wanted if each.name and _is_same(each.module, spelled)]
        if not here or file.facts.scope_at(statement.start_byte) != 0:
            _remove_import(build, file, use)
            continue
        text = ", ".join(
            dict.fromkeys(
                f"{each.name} as {each.alias}" if each.alias else each.name for each in here
            )
        )
        build.file(file.path).replace(Span(*node.byte_range), text)
        wanted = [each for each in wanted if each not in here]
    return wanted


def _is_same(module: str, spelled: str) -> bool:
    bare = spelled.lstrip(".")
    return module == spelled or (bare != spelled and f".{module}".endswith(f".{bare}"))


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
