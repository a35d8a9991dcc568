"""Change signature: add, remove, reorder, rename and retype the parameters of a function.

`parameters` is the new list in order. A row names the parameter it was with `old`; without it
the parameter is new, and `value` is what the calls pass. Every call, override and overridden
method that can be proven follows. Where one cannot (a `*` argument, the function as a value) and
would come to mean something else, it is refused, or listed with `confirm`. A parameter that the
body uses is not removed, and what arguments do keeps its order.

    def greet$0(name, loud):
        return name.upper() if loud else name

    greet("a", True)
    -> {"parameters": [{"name": "name"}, {"name": "punct", "value": "'!'"}, {"name": "loud", "default": "False"}]}
    def greet(name, punct, loud=False):
        return name.upper() if loud else name

    greet("a", '!', True)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile, require_name
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.signature_calls import Definition, Old, Row, new_arguments
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from treewright_indexer.graph import Target, Use


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One parameter of the new list. `*` and `/` as names are the separators."""

    name: Annotated[str, msgspec.Meta(description="its name afterwards; `*` and `/` separate")]
    old: Annotated[
        str | None, msgspec.Meta(description="its name before; null: the same, if there is one")
    ] = None
    default: Annotated[
        str | None, msgspec.Meta(description="its default; null keeps it, '' takes it away")
    ] = None
    annotation: Annotated[
        str | None, msgspec.Meta(description="its type; null keeps it, '' takes it away")
    ] = None
    value: Annotated[str, msgspec.Meta(description="what existing calls pass for a new one")] = ""


class ChangeSignature(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="the file")]
    offset: Annotated[int, msgspec.Meta(description="a byte of the function's name")]
    parameters: Annotated[
        list[Parameter], msgspec.Meta(description="the new parameters in order, without self")
    ]
    returns: Annotated[
        str | None, msgspec.Meta(description="the return type; null keeps it, '' takes it away")
    ] = None
    confirm: Annotated[
        bool,
        msgspec.Meta(
            description="list the uses that cannot be followed and leave them, instead of refusing"
        ),
    ] = False


def _plan(snapshot: Snapshot, arguments: ChangeSignature, token: CancelToken) -> SourceChange:
    from treewright_indexer import graph

    targets = graph.definitions(snapshot, arguments.path, arguments.offset, token)
    if not targets:
        raise RefusedError("there is no function of the workspace at the cursor")
    target = targets[0]
    if target.kind == "class":
        target = _constructor(snapshot, target, token)
    if target.kind not in ("function", "method", "constructor"):
        raise RefusedError(f"`{target.name}` is a {target.kind}, not a function")
    definitions = [_definition(snapshot, t) for t in _family(snapshot, target, token)]
    first = definitions[0]
    rows = _checked(arguments.parameters, first)
    for other in definitions[1:]:
        if [o.name for o in other.olds] != [o.name for o in first.olds]:
            place = snapshot.display_path(other.file.path)
            raise RefusedError(f"`{other.target.container}` in {place} takes other parameters")
    build = ChangeBuilder(snapshot)
    for definition in definitions:  # each with its own types and defaults
        own = _checked(arguments.parameters, definition)
        _rewrite_definition(build, definition, own, arguments.returns)
    compatible = _is_compatible(first, rows)
    _rewrite_calls(snapshot, build, definitions, rows, token, follows_all=not compatible)
    change = build.build()
    left = [note for note in change.notes if note.path.endswith((".py", ".pyi"))]
    if left and not arguments.confirm:
        note = left[0]
        line = snapshot.text(note.path).line_of(note.span.start) + 1
        raise RefusedError(
            f"{snapshot.display_path(note.path)}:{line}: {note.text}"
            + (f" ({len(left) - 1} more)" if len(left) > 1 else "")
            + "; with `confirm` such uses are listed and left"
        )
    return change


def _is_compatible(definition: Definition, rows: list[Row]) -> bool:
    """Whether every call as it was still means the same."""
    olds = [o for o in definition.olds if o.kind != "separator" and not o.keyword_only]
    kept = [row for row in rows if row.old is not None and not row.old.keyword_only]
    plain = [row.old for row in kept if not row.keyword_only]
    if [old.name for old in olds] != [old.name for old in plain if old is not None]:
        return False
    if any(row.old.name != row.name for row in rows if row.old is not None):
        return False
    named = {o.name for o in definition.olds if o.keyword_only and o.kind == "plain"}
    if not named <= {row.name for row in rows}:
        return False
    seen_new = False
    for row in rows:
        if row.name in ("*", "/"):
            if row.name == "/" and all(old.name != "/" for old in definition.olds):
                return False
            continue
        if row.old is None and "=" not in row.text:
            return False
        if row.old is not None and row.old.default and "=" not in row.text:
            return False
        if row.old is not None and not row.keyword_only and seen_new:
            return False
        seen_new = seen_new or row.old is None
    return True


def _constructor(snapshot: Snapshot, target: Target, token: CancelToken) -> Target:
    from treewright_indexer.graph.resolve import Resolver, Value

    found = Resolver(snapshot, token).member(Value(target), "__init__")
    if not found:
        raise RefusedError(f"`{target.name}` has no __init__ in the workspace")
    return found[0]


def _family(snapshot: Snapshot, target: Target, token: CancelToken) -> list[Target]:
    """The function, and for a method those it overrides and those that override them."""
    from treewright_indexer.graph.hierarchy import overridden, overrides

    if target.kind != "method":
        return [target]
    found = {target.key: target}
    for base in overridden(snapshot, target, token):
        found.setdefault(base.key, base)
    for each in list(found.values()):
        for other in overrides(snapshot, each, token):
            found.setdefault(other.key, other)
    return list(found.values())


# -------------------------------------------------------------------- the definition


def _definition(snapshot: Snapshot, target: Target) -> Definition:
    file = PythonFile(snapshot, target.path)
    node = file.root.descendant_for_byte_range(target.name_span.start, target.name_span.end)
    while node is not None and node.type != "function_definition":
        node = node.parent
    if node is None:
        raise RefusedError(f"`{target.name}` cannot be read as a function")
    listed = node.child_by_field_name("parameters")
    assert listed is not None
    olds = list(_olds(file, listed))
    receiver = ""
    is_static = False
    parent = node.parent
    if parent is not None and parent.type == "decorated_definition":
        names = [file.text_of(c)[1:] for c in parent.named_children if c.type == "decorator"]
        is_static = "staticmethod" in names
        if any(name.endswith((".setter", "property", "overload")) for name in names):
            raise RefusedError(f"`{target.name}` is decorated with @{names[0]}")
    if target.kind in ("method", "constructor") and not is_static and olds:
        receiver = olds.pop(0).text
    return Definition(file, node, target, receiver, tuple(olds))


def _olds(file: PythonFile, listed: Node) -> Iterator[Old]:
    keyword_only = False
    separators = [c for c in listed.named_children if c.type == "positional_separator"]
    for child in listed.named_children:
        text = file.text_of(child)
        if child.type == "comment":
            raise RefusedError("its parameters hold a comment, which would be lost")
        if child.type == "keyword_separator":
            keyword_only = True
            yield Old("*", "separator", "*", "", "", False, False)
            continue
        if child.type == "positional_separator":
            yield Old("/", "separator", "/", "", "", False, False)
            continue
        name, annotation, default = child, "", ""
        if child.type in ("default_parameter", "typed_default_parameter"):
            named, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            typed = child.child_by_field_name("type")
            assert named is not None
            assert value is not None
            name, default = named, file.text_of(value)
            annotation = file.text_of(typed) if typed is not None else ""
        elif child.type == "typed_parameter":
            typed = child.child_by_field_name("type")
            name = child.named_children[0]
            annotation = file.text_of(typed) if typed is not None else ""
        kind = {"list_splat_pattern": "star", "dictionary_splat_pattern": "double_star"}.get(
            name.type, "plain"
        )
        shown = file.text_of(name).lstrip("*")
        positional = any(child.end_byte <= s.start_byte for s in separators)
        yield Old(shown, kind, text, annotation, default, keyword_only, positional)
        if kind == "star":
            keyword_only = True


def _checked(given: list[Parameter], definition: Definition) -> list[Row]:
    """The rows. Raises ArgumentsError and RefusedError for lists that cannot be."""
    known = {old.name: old for old in definition.olds}
    rows: list[Row] = []
    used: set[str] = set()
    keyword_only = False
    for parameter in given:
        bare = parameter.name.lstrip("*")
        if parameter.name in ("*", "/"):
            rows.append(Row(parameter.name, None, parameter.name, "", False))
            keyword_only = keyword_only or parameter.name == "*"
            continue
        require_name(bare)
        old = known.get(parameter.old.lstrip("*") if parameter.old else bare)
        if parameter.old and old is None:
            raise ArgumentsError(f"parameters: there is no parameter `{parameter.old}`")
        if old is not None and old.name in used:
            raise ArgumentsError(f"parameters: `{old.name}` is named twice")
        if old is not None:
            used.add(old.name)
        text = _text(bare, old, parameter)
        rows.append(Row(bare, old, text, parameter.value, keyword_only))
        if old is not None and old.kind == "star":
            keyword_only = True
    names = [row.name for row in rows if row.name not in ("*", "/")]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ArgumentsError(f"parameters: `{twice}` stands there twice")
    defaulted = False
    for row in rows:
        has_default = "=" in row.text
        plain = row.name not in ("*", "/") and (row.old is None or row.old.kind == "plain")
        if plain and not row.keyword_only and defaulted and not has_default:
            raise RefusedError(f"`{row.name}` without a default cannot stand behind one with")
        defaulted = defaulted or (plain and has_default and not row.keyword_only)
    return rows


def _text(name: str, old: Old | None, parameter: Parameter) -> str:
    kind = old.kind if old is not None else "plain"
    annotation = old.annotation if old is not None else ""
    default = old.default if old is not None else ""
    annotation = annotation if parameter.annotation is None else parameter.annotation
    default = default if parameter.default is None else parameter.default
    if old is not None and (name, annotation, default) == (old.name, old.annotation, old.default):
        return old.text
    shown = {"star": "*", "double_star": "**"}.get(kind, "") + name
    if annotation:
        shown += f": {annotation}"
    if default:
        shown += f" = {default}" if annotation else f"={default}"
    return shown


def _rewrite_definition(
    build: ChangeBuilder, definition: Definition, rows: list[Row], returns: str | None
) -> None:
    file, node = definition.file, definition.node
    listed, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
    assert listed is not None
    assert body is not None
    kept = {row.old.name for row in rows if row.old is not None}
    scope = next(
        (
            i
            for i, s in enumerate(file.facts.scopes)
            if s.symbol == definition.target.symbol and s.kind == "function"
        ),
        -1,
    )
    editor = build.file(file.path)
    renamed = {
        row.old.name: row.name for row in rows if row.old is not None and row.old.name != row.name
    }
    for use in file.within(Span(*body.byte_range)):
        if use.home != scope:
            continue
        if use.name not in kept and any(old.name == use.name for old in definition.olds):
            line = file.text.line_of(use.start) + 1
            raise RefusedError(f"`{use.name}` is used in line {line}")
        if use.name in renamed:
            editor.replace(Span(use.start, use.end), renamed[use.name])
    taken = {u.name for u in file.within(Span(*body.byte_range))}
    for row in rows:
        is_new = row.old is None or row.old.name != row.name
        if is_new and row.name in taken and row.name not in ("*", "/"):
            raise RefusedError(f"`{row.name}` already means something in the body")
    texts = (
        [definition.receiver, *(row.text for row in rows)]
        if definition.receiver
        else [r.text for r in rows]
    )
    editor.rewrite(Span(*listed.byte_range), _listed(file, listed, texts))
    if returns is not None:
        typed = node.child_by_field_name("return_type")
        if typed is not None and returns:
            editor.replace(Span(*typed.byte_range), returns)
        elif typed is not None:
            editor.delete(Span(listed.end_byte, typed.end_byte))
        elif returns:
            editor.insert(listed.end_byte, f" -> {returns}")


def _listed(file: PythonFile, listed: Node, texts: list[str]) -> str:
    """The parameter list as it was laid out: in one line, or one parameter a line."""
    before = file.text_of(listed)
    if "\n" not in before or not texts:
        return f"({', '.join(texts)})"
    first = listed.named_children[0] if listed.named_children else None
    if first is None or not file.starts_its_line(first):
        return f"({', '.join(texts)})"
    indent = file.indentation(first)
    closing = before.rpartition("\n")[2][:-1]
    return "(\n" + "".join(f"{indent}{text},\n" for text in texts) + f"{closing})"


# -------------------------------------------------------------------- the calls


def _rewrite_calls(
    snapshot: Snapshot,
    build: ChangeBuilder,
    definitions: list[Definition],
    rows: list[Row],
    token: CancelToken,
    *,
    follows_all: bool,
) -> None:
    """Without `follows_all` the uses that are no plain calls keep their meaning anyway."""
    files = {definition.file.path: definition.file for definition in definitions}
    seen: set[tuple[str, int]] = set()
    calls: list[_Call] = []
    for definition in definitions:
        for use in _uses(snapshot, definition.target, token):
            token.check()
            if (use.path, use.span.start) in seen or use.role in (Role.IMPORT, Role.DEFINITION):
                continue
            seen.add((use.path, use.span.start))
            file = files.setdefault(use.path, PythonFile(snapshot, use.path))
            if not use.path.endswith((".py", ".pyi")) and not follows_all:
                continue
            found = _rewrite_use(build if follows_all else None, file, use, definition)
            if found is not None:
                calls.append(found)
    calls.sort(key=lambda call: (call.file.path, call.listed.end_byte))  # inner ones first
    texts: dict[str, dict[tuple[int, int], str]] = {}
    for call in calls:
        known = texts.setdefault(call.file.path, {})
        text = new_arguments(call.file, call.listed, call.definition, rows, call.skip, known)
        if text is not None:
            known[call.listed.byte_range] = text
        elif follows_all:
            build.note(call.file.path, call.use.span, "passes * or ** arguments: check it by hand")
    for call in calls:
        known = texts[call.file.path]
        text = known.get(call.listed.byte_range)
        span = Span(*call.listed.byte_range)
        if text is None or any(s < span.start and span.end < e for s, e in known):
            continue  # an outer call has it in its text
        if str(call.use.confidence) in ("name", "unique"):
            doubt = "it may be another function of that name"
            build.file(call.file.path).replace(span, text, doubt=doubt)
        else:
            build.file(call.file.path).rewrite(span, text)


def _uses(snapshot: Snapshot, target: Target, token: CancelToken) -> list[Use]:
    from treewright_indexer import graph
    from treewright_indexer.graph.hierarchy import owner
    from treewright_indexer.graph.resolve import Resolver

    found = graph.references(snapshot, target, token, include_declaration=False, by_name=True)
    if target.kind == "constructor":
        resolver = Resolver(snapshot, token)
        cls = owner(resolver, target)
        if cls is not None:
            for each in [cls, *_inheriting(snapshot, cls, token)]:
                calls = graph.references(snapshot, each, token, include_declaration=False)
                found += [use for use in calls if use.role is Role.CALL]
    return found


def _inheriting(snapshot: Snapshot, cls: Target, token: CancelToken) -> list[Target]:
    """Subclasses without an `__init__` of their own: their calls are calls of this one."""
    from treewright_indexer import graph
    from treewright_indexer.graph.resolve import Resolver, Value

    resolver = Resolver(snapshot, token)
    found: list[Target] = []
    for sub in graph.subclasses(snapshot, cls, token):
        members = resolver.member(Value(sub), "__init__")
        qualified = f"{cls.container}.{cls.name}" if cls.container else cls.name
        if members and (members[0].path, members[0].container) == (cls.path, qualified):
            found.append(sub)
    return found


class _Call(NamedTuple):
    file: PythonFile
    use: Use
    listed: Node
    definition: Definition
    skip: int
    """Leading arguments that are none of the function's: `self`, the function of `partial`."""


def _rewrite_use(
    build: ChangeBuilder | None, file: PythonFile, use: Use, definition: Definition
) -> _Call | None:
    """The call that the use is; what is none is noted where there is a builder."""
    node = file.root.descendant_for_byte_range(use.span.start, use.span.end)
    if node is not None and node.parent is not None and node.parent.type == "attribute":
        node = node.parent
    call = node.parent if node is not None else None
    if use.role is Role.KEYWORD or (call is not None and call.type == "decorator"):
        return None  # Python calls what decorates
    shifted = False
    if call is not None and call.type == "argument_list" and call.parent is not None:
        outer = call.parent.child_by_field_name("function")
        is_partial = outer is not None and file.text_of(outer).rpartition(".")[2] == "partial"
        if is_partial and call.named_children and call.named_children[0] == node:
            call, shifted = call.parent, True
    if (
        call is None
        or call.type != "call"
        or (not shifted and call.child_by_field_name("function") != node)
    ):
        if build is not None:
            build.note(file.path, use.span, "used without being called: check it by hand")
        return None
    listed = call.child_by_field_name("arguments")
    if listed is None or listed.type == "generator_expression":
        if build is not None:
            build.note(file.path, use.span, "called with a generator: check it by hand")
        return None
    skip = 1 if shifted or _is_unbound(file, node, definition) else 0
    return _Call(file, use, listed, definition, skip)


def _is_unbound(file: PythonFile, node: Node | None, definition: Definition) -> bool:
    """`Base.method(self, …)`: the receiver is the first argument."""
    if not definition.receiver or node is None or node.type != "attribute":
        return False
    value = node.child_by_field_name("object")
    cls = definition.target.container.rpartition(".")[2]
    return value is not None and file.text_of(value).rpartition(".")[2] == cls


CHANGE_SIGNATURE = Operation(
    name="change_signature",
    title="Change signature",
    arguments=ChangeSignature,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
