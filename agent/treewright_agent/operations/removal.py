"""Operations that take code out: dead code, decorators, symbols that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, FileEditor, SourceChange
from treewright_agent.draft import after
from treewright_agent.operations.blocks import BLOCKS, PythonFile, walk
from treewright_agent.operations.import_removal import (
    OneImport,
    Removal,
    lines_of_statements,
    uses_of_import,
)
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.remove_variable import is_pure
from treewright_agent.operations.shapes import (
    bare,
    code_of,
    field,
    holds,
    terminates,
)
from treewright_agent.operations.targets import find_occurrence, find_target
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_indexer.graph import Target, references, resolve
from treewright_indexer.graph.model import Occurrence
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_SHOWN = 8


def take_out(
    file: PythonFile, editor: FileEditor, nodes: list[Node], groups: tuple[str, ...] = ()
) -> None:
    """Deletes neighbouring statements with their lines; `pass` stays in a block left empty."""
    block = nodes[0].parent
    gone = {node.id for node in nodes}
    if block is not None and block.type == "block":
        left = [node for node in code_of(block) if node.id not in gone]
        if not left:
            editor.replace(Span(nodes[0].start_byte, nodes[-1].end_byte), "pass", groups=groups)
            return
    editor.delete(lines_of_statements(file.text, nodes), groups=groups)


# -------------------------------------------------------------------- dead code

DEAD_DOCUMENT = """Remove dead code: what is never reached, and private names nothing uses.

Statements behind `return`, `raise`, `break` or `continue`, branches of `if False` and `while False`,
and functions, classes and constants of the module whose name begins with one underscore and
stands nowhere else in the workspace. With `offset` only what stands there. An unreachable `yield`
or assignment stays when the function would mean something else without it.

    def f():
        return 1
        print$0("never")
    -> {}
    def f():
        return 1
"""


class RemoveDeadCode(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")]
    offset: Annotated[int, msgspec.Meta(description="A byte of the dead code; -1: the file.")] = -1
    start: Annotated[int, msgspec.Meta(description="First byte of a selection, instead.")] = -1
    end: Annotated[int, msgspec.Meta(description="The byte behind the selection.")] = -1


def _dead(snapshot: Snapshot, arguments: RemoveDeadCode, token: CancelToken) -> SourceChange:
    path = snapshot.require_inside(arguments.path)
    require_language(snapshot, path, "python", "remove_dead_code")
    file = PythonFile(snapshot, path)
    build = ChangeBuilder(snapshot)
    editor = build.file(path)
    offset = arguments.offset if arguments.offset >= 0 else arguments.start
    n_found = 0
    for nodes in _unreachable(file, token, offset):
        if offset < 0 or nodes[0].start_byte <= offset <= nodes[-1].end_byte:
            n_found += 1
            take_out(file, editor, nodes, (f"line {file.text.line_of(nodes[0].start_byte) + 1}",))
    for nodes in _unused_private(file, token, offset) if not n_found or offset < 0 else ():
        if offset < 0 or nodes[0].start_byte <= offset <= nodes[-1].end_byte:
            n_found += 1
            take_out(file, editor, nodes, (f"line {file.text.line_of(nodes[0].start_byte) + 1}",))
    if not n_found:
        raise RefusedError("there is no dead code here" if offset >= 0 else "no code is dead")
    return build.build()


def _unreachable(file: PythonFile, token: CancelToken, offset: int) -> Iterator[list[Node]]:
    """Runs of statements that are never reached; none inside another. With an offset only what
    lies on the way to it is looked at."""
    pending = [file.root]
    while pending:
        token.check()
        here = pending.pop()
        if offset >= 0 and not here.start_byte <= offset <= here.end_byte:
            continue
        if here.has_error and here.type not in BLOCKS:
            continue
        if here.type in BLOCKS:
            code = code_of(here)
            for index, statement in enumerate(code):
                if terminates(statement) and index + 1 < len(code):
                    dead = code[index + 1 :]
                    if _may_go(file, dead):
                        yield dead
                        code = code[: index + 1]
                    break
            for statement in code:
                if _never_runs(file, statement) and _may_go(file, [statement]):
                    yield [statement]
                else:
                    pending.append(statement)
            continue
        pending += [child for child in here.named_children if child.type != "comment"]


def _never_runs(file: PythonFile, node: Node) -> bool:
    if node.type not in ("if_statement", "while_statement"):
        return False
    if node.children_by_field_name("alternative"):
        return False
    condition = bare(field(node, "condition"))
    return condition.type == "false" or file.text_of(condition) == "0"


def _may_go(file: PythonFile, nodes: list[Node]) -> bool:
    """Whether the code around means the same without them: no `yield`, no `global`, and no
    assignment that alone makes a name of the function local."""
    for node in nodes:
        if node.type in ("global_statement", "nonlocal_statement") or node.has_error:
            return False
        if holds(node, ("yield", "global_statement", "nonlocal_statement", "await")):
            return False
    span = Span(nodes[0].start_byte, nodes[-1].end_byte)
    bound = [use for node in nodes for use in _writes(file, node)]
    for name, home in bound:
        if home < 0:
            continue
        outside = [
            reference
            for reference in file.facts.references(name)
            if not span.start <= reference.start < span.end
            and not reference.attribute
            and file.home_of(name, reference.start) == home
        ]
        if outside and not any(
            r.role in (Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.IMPORT) for r in outside
        ):
            return False
    return True


def _writes(file: PythonFile, node: Node) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for each in walk(node):
        if each.type != "identifier":
            continue
        name = file.text_of(each)
        home = file.home_of(name, each.start_byte)
        if home >= 0 and file.facts.scopes[home].bindings[name][0] >= node.start_byte:
            found.add((name, home))
    return found


def _unused_private(file: PythonFile, token: CancelToken, offset: int) -> Iterator[list[Node]]:
    facts = file.facts
    exported = set(facts.exports or ())
    for symbol in facts.symbols:
        token.check()
        name = symbol.name
        if offset >= 0 and not symbol.start <= offset <= symbol.end:
            continue
        if symbol.parent >= 0 or not name.startswith("_") or name.startswith("__") or name == "_":
            continue
        if (
            name in exported
            or symbol.decorators
            or symbol.kind not in ("function", "class", "variable", "constant")
        ):
            continue
        node = file.root.descendant_for_byte_range(symbol.start, max(symbol.start, symbol.end - 1))
        while node is not None and node.parent is not None and node.parent.type != "module":
            node = node.parent
        if node is None or node.parent is None:
            continue
        if symbol.kind in ("variable", "constant") and not _is_plain_constant(file, node):
            continue
        inside = Span(*node.byte_range)
        if any(not inside.start <= r.start < inside.end for r in facts.references(name)):
            continue
        if any(path != file.path for path in file.snapshot.files_naming(name)):
            continue
        if file.text.data.count(name.encode()) > file.text.data[inside.start : inside.end].count(
            name.encode()
        ):
            continue  # a string or a comment names it
        yield [node]


def _is_plain_constant(file: PythonFile, node: Node) -> bool:
    inner = node.named_children[0] if node.type == "expression_statement" else None
    if inner is None or inner.type != "assignment" or field(inner, "left").type != "identifier":
        return False
    right = inner.child_by_field_name("right")
    return right is None or is_pure(right, file.text.data)


REMOVE_DEAD_CODE = Operation(
    name="remove_dead_code",
    title="Remove dead code",
    arguments=RemoveDeadCode,
    plan=_dead,
    document=DEAD_DOCUMENT,
    kind="refactor.rewrite",
)

# -------------------------------------------------------------------- decorators

DECORATOR_DOCUMENT = """Remove decorator: from one function or class, or everywhere.

Without a place and a symbol every use of the decorator in the workspace goes, each file a part that
can be accepted alone. An import that only the decorator needed goes with it.

        //- a.py
        from functools import cache, wraps

        @cache
        def f$0(x):
            return wraps(x)
    -> {"decorator": "cache"}
        //- a.py
        from functools import wraps

        def f(x):
            return wraps(x)
"""


class RemoveDecorator(Arguments, frozen=True):
    decorator: Annotated[
        str, msgspec.Meta(description="`name` or `module.name`; empty: the one at the offset.")
    ] = ""
    path: Annotated[str, msgspec.Meta(description="The Python file.")] = ""
    offset: Annotated[
        int | None, msgspec.Meta(description="A byte of the decorator or of the decorated name.")
    ] = None
    symbol: Annotated[str, msgspec.Meta(description="`function` or `Class.method`.")] = ""
    start: Annotated[int, msgspec.Meta(description="Ignored; where an editor stood.")] = -1
    end: Annotated[int, msgspec.Meta(description="Ignored; where an editor stood.")] = -1


def _remove_decorator(
    snapshot: Snapshot, arguments: RemoveDecorator, token: CancelToken
) -> SourceChange:
    wanted = arguments.decorator.strip().removeprefix("@").partition("(")[0].strip()
    build = ChangeBuilder(snapshot)
    if arguments.offset is None and not arguments.symbol:
        if not wanted:
            raise ArgumentsError("give decorator, or the place of one")
        paths = snapshot.files_naming(wanted.rpartition(".")[2])
        only = snapshot.require_inside(arguments.path) if arguments.path else ""
        n_found = 0
        for path in sorted(paths):
            token.check()
            language = snapshot.language(path)
            if language is None or language.id != "python" or (only and path != only):
                continue
            n_found += _out_of_file(snapshot, build, path, wanted, None, token)
        if not n_found:
            raise RefusedError(f"nothing is decorated with `@{wanted}`")
        return _without_imports(snapshot, build.build(), wanted, token)
    if arguments.offset is not None:
        path, offset = snapshot.require_inside(arguments.path), arguments.offset
    else:
        target = find_target(snapshot, arguments.path, arguments.symbol, token)
        path, offset = target.path, target.name_span.start
    require_language(snapshot, path, "python", "remove_decorator")
    if not _out_of_file(snapshot, build, path, wanted, offset, token):
        what = f"`@{wanted}`" if wanted else "a decorator"
        raise RefusedError(f"{what} does not decorate what stands there")
    return _without_imports(snapshot, build.build(), wanted, token)


def _out_of_file(
    snapshot: Snapshot,
    build: ChangeBuilder,
    path: str,
    wanted: str,
    offset: int | None,
    token: CancelToken,
) -> int:
    file = PythonFile(snapshot, path)
    meant: list[Node] = []
    for decorated in _decorated(file, offset):
        for decorator in [child for child in decorated.children if child.type == "decorator"]:
            said = _said(file, decorator)
            on_it = offset is not None and decorator.start_byte <= offset <= decorator.end_byte
            if (
                (said == wanted if wanted and "." in wanted else said.rpartition(".")[2] == wanted)
                or (wanted and wanted.endswith("." + said) and _comes_from(file, decorator, wanted))
                or (not wanted and on_it)
            ):
                meant.append(decorator)
    for decorator in meant:
        text = file.text
        line = text.line_span(text.line_of(decorator.end_byte - 1), with_break=True)
        start = file.line_start(decorator.start_byte)
        rest = text.data[decorator.end_byte : line.end].strip()
        if text.data[start : decorator.start_byte].strip() or rest:
            comment = rest.startswith(b"#") and not text.data[start : decorator.start_byte].strip()
            if not comment:
                raise RefusedError("the decorator shares its line with other code")
        build.file(path).delete(Span(start, line.end), groups=(path,))
    return len(meant)


def _decorated(file: PythonFile, offset: int | None) -> Iterator[Node]:
    if offset is None:
        for node in walk(file.root):
            if node.type == "decorated_definition":
                yield node
        return
    node = file.root.descendant_for_byte_range(offset, offset)
    while node is not None:
        if node.type == "decorated_definition":
            yield node
            return
        node = node.parent


def _said(file: PythonFile, decorator: Node) -> str:
    node = decorator.named_children[0]
    if node.type == "call":
        node = field(node, "function")
    return "".join(file.text_of(node).split())


def _comes_from(file: PythonFile, decorator: Node, wanted: str) -> bool:
    """Whether the file's import of the decorator's name is of the dotted one that is wanted."""
    said = _said(file, decorator)
    return any(
        item.alias == said.partition(".")[0] and f"{item.module}.{item.name}".endswith(wanted)
        for item in file.facts.imports
    )


def _without_imports(
    snapshot: Snapshot, change: SourceChange, wanted: str, token: CancelToken
) -> SourceChange:
    """Also without the imports that nothing uses any more, and did before."""
    paths = [file.path for file in change.files]
    between = after(snapshot, change)
    build = ChangeBuilder(between)
    for path in paths:
        token.check()
        drop_new_unused(snapshot, between, build, path, token)
    more = build.build()
    return change if more.is_empty else change.then(more, snapshot.text)


def drop_new_unused(
    before: Snapshot, between: Snapshot, build: ChangeBuilder, path: str, token: CancelToken
) -> None:
    """Takes out the imports of `path` that `between` leaves unused and `before` used."""
    removal = Removal(between, path)
    facts = before.file_facts(path)
    lost: list[OneImport] = []
    for one in removal.imports():
        n_before = sum(1 for r in facts.references(one.binds) if r.role != Role.IMPORT)
        n_after = sum(1 for r in removal.facts.references(one.binds) if r.role != Role.IMPORT)
        if n_after < n_before and not uses_of_import(between, path, one, token):
            lost.append(one)
    if lost:
        removal.remove(build.file(path), lost, groups=(path,))


REMOVE_DECORATOR = Operation(
    name="remove_decorator",
    title="Remove decorator",
    arguments=RemoveDecorator,
    plan=_remove_decorator,
    document=DECORATOR_DOCUMENT,
    kind="refactor.rewrite",
    behaviour="changed",
)

# -------------------------------------------------------------------- symbols

DELETE_DOCUMENT = """Delete symbol: a function, class, method or constant that nothing uses.

Every place that uses it, or may use it by its name, is listed instead when there is one. Its
decorators and the comment right above it go with it, and imports that only it needed.

        //- a.py
        import os

        def old$0():
            return os.name

        def new():
            return 1
    -> {}
        //- a.py
        def new():
            return 1
"""


class DeleteSymbol(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The file.")] = ""
    offset: Annotated[int | None, msgspec.Meta(description="A byte of its name.")] = None
    symbol: Annotated[str, msgspec.Meta(description="`name` or `Class.method`, instead.")] = ""
    start: Annotated[int, msgspec.Meta(description="Ignored; where an editor stood.")] = -1
    end: Annotated[int, msgspec.Meta(description="Ignored; where an editor stood.")] = -1


_KEPT_ALIVE = frozenset(
    {"property", "staticmethod", "classmethod", "cached_property", "cache", "lru_cache", "dataclass",
     "overload", "override", "final", "wraps", "contextmanager", "asynccontextmanager", "total_ordering"}
)  # fmt: skip


def _delete(snapshot: Snapshot, arguments: DeleteSymbol, token: CancelToken) -> SourceChange:
    occurrence = find_occurrence(
        snapshot, arguments.path, arguments.offset, arguments.symbol, token
    )
    found = resolve(snapshot, occurrence, token)
    if not found:
        raise RefusedError(f"it is not known what `{occurrence.name}` means here")
    target = found[0]
    if target.symbol < 0:
        raise RefusedError(
            f"`{target.name}` is a {target.kind}; see remove_variable, change_signature"
        )
    require_language(snapshot, target.path, "python", "delete_symbol")
    file = PythonFile(snapshot, target.path)
    own = [
        symbol
        for symbol in file.facts.symbols
        if symbol.name == target.name and symbol.parent == file.facts.symbols[target.symbol].parent
    ]
    _require_not_called_by_others(file, target)
    _require_unused(snapshot, target, [symbol.span for symbol in own], token)
    nodes: list[Node] = []
    for symbol in own:
        node = file.root.descendant_for_byte_range(symbol.start, max(symbol.start, symbol.end - 1))
        while node is not None and node.parent is not None and node.parent.type not in BLOCKS:
            node = node.parent
        if node is None or node.has_error:
            raise RefusedError("its definition has a syntax error")
        if node.type == "expression_statement" and not _is_plain_constant(file, node):
            raise RefusedError("computing its value may do something; remove it by hand")
        nodes.append(node)
    build = ChangeBuilder(snapshot)
    editor = build.file(file.path)
    _take_out_each(file, editor, nodes)
    return _without_imports(snapshot, build.build(), "", token)


def _take_out_each(file: PythonFile, editor: FileEditor, nodes: list[Node]) -> None:
    block = nodes[0].parent
    assert block is not None
    gone = {node.id for node in nodes}
    if block.type == "block" and not [n for n in code_of(block) if n.id not in gone]:
        editor.replace(Span(*nodes[0].byte_range), "pass")
        nodes = nodes[1:]
    for node in nodes:
        comment = None
        previous = node.prev_sibling
        line = file.text.line_of(node.start_byte)
        while (
            previous is not None
            and previous.type == "comment"
            and file.starts_its_line(previous)
            and file.text.line_of(previous.start_byte) == line - 1
        ):
            comment, line = previous.start_byte, line - 1
            previous = previous.prev_sibling
        editor.delete(lines_of_statements(file.text, [node], comment=comment))


def _require_not_called_by_others(file: PythonFile, target: Target) -> None:
    """Raises RefusedError for what Python or a framework calls by its name or its decorator."""
    symbol = file.facts.symbols[target.symbol]
    name = symbol.name
    if name.startswith("__") and name.endswith("__"):
        raise RefusedError(f"Python itself uses `{name}`")
    for decorator in symbol.decorators:
        bare_name = decorator.removeprefix("@").partition("(")[0].rpartition(".")[2]
        if bare_name not in _KEPT_ALIVE and bare_name not in ("setter", "getter", "deleter"):
            raise RefusedError(f"its decorator `{decorator}` may hand it to others")
    if name.startswith(("test_", "Test")) and "test" in file.path.rpartition("/")[2]:
        raise RefusedError(f"a test runner finds `{name}` by its name")
    if file.facts.exports is not None and name in file.facts.exports and symbol.parent < 0:
        raise RefusedError(f"`__all__` exports `{name}`")
    if symbol.parent >= 0 and file.facts.symbols[symbol.parent].bases:
        base = ", ".join(file.facts.symbols[symbol.parent].bases)
        if symbol.kind in ("method", "property") and base not in ("object", ""):
            _require_no_override(file, target)


def _require_no_override(file: PythonFile, target: Target) -> None:
    from treewright_indexer.graph.resolve import Resolver

    resolver = Resolver(file.snapshot, None)
    owner = file.facts.symbols[file.facts.symbols[target.symbol].parent]
    known = {"object", "ABC", "Protocol", "Generic", "Exception"}
    for base in owner.bases:
        bare_name = base.partition("[")[0].rpartition(".")[2]
        if bare_name in known:
            continue
        spots = [r for r in file.facts.references(bare_name) if owner.start <= r.start < owner.end]
        found = [
            t
            for spot in spots[:1]
            for t in resolver.resolve(
                Occurrence(
                    file.path,
                    bare_name,
                    Span(spot.start, spot.start + len(bare_name)),
                    spot.role,
                    spot.attribute,
                )
            )
        ]
        if not found:
            raise RefusedError(
                f"it may override a method of `{base}`, which is not in the workspace"
            )
        for each in found:
            facts = file.snapshot.facts(each.path)
            if any(s.parent == each.symbol and s.name == target.name for s in facts.symbols):
                raise RefusedError(
                    f"it overrides `{base}.{target.name}`, through which it may be called"
                )


def _require_unused(
    snapshot: Snapshot, target: Target, own: list[Span], token: CancelToken
) -> None:
    uses = references(snapshot, target, token, include_declaration=False, by_name=True)
    places: list[str] = []
    for use in uses:
        inside = use.path == target.path and any(
            span.start <= use.span.start < span.end for span in own
        )
        if not inside:
            line = snapshot.text(use.path).line_of(use.span.start) + 1
            places.append(f"{snapshot.display_path(use.path)}:{line}")
    if places:
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        raise RefusedError(f"`{target.name}` is used: {', '.join(places[:_SHOWN])}{more}")


DELETE_SYMBOL = Operation(
    name="delete_symbol",
    title="Delete, nothing uses it",
    arguments=DeleteSymbol,
    plan=_delete,
    document=DELETE_DOCUMENT,
    kind="refactor.rewrite",
    behaviour="changed",
)
