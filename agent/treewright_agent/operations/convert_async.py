"""Convert async: a function to `async def` with its callers, or back.

Made async, every call is awaited and the functions around the calls become async as well, up to
code that cannot wait: the module itself, a property, a special method, a lambda, a generator. Those
are listed and refuse it, and so does a use that is no call. Made sync, `await` goes from its
calls; the callers stay as they are.

        //- a.py
        def load$0(x):
            return x
        //- b.py
        from a import load

        def run():
            return load(1).name
    -> {}
        //- a.py
        async def load(x):
            return x
        //- b.py
        from a import load

        async def run():
            return (await load(1)).name
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_language
from treewright_agent.operations.shapes import field, holds
from treewright_agent.operations.targets import find_occurrence
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Confidence, Target, Use, references, resolve
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_FUNCTIONS = 200
_TIED = frozenset({"attribute", "subscript", "call"})
_WAITS = frozenset({"await"})


class ConvertAsync(Arguments, frozen=True):
    path: Annotated[str, msgspec.Meta(description="The Python file.")] = ""
    offset: Annotated[int | None, msgspec.Meta(description="A byte of the function's name.")] = None
    symbol: Annotated[str, msgspec.Meta(description="`function` or `Class.method`.")] = ""


def _plan(snapshot: Snapshot, arguments: ConvertAsync, token: CancelToken) -> SourceChange:
    path, offset = arguments.path, arguments.offset
    if offset is not None and not arguments.symbol:
        offset = _name_at(snapshot, path, offset)
    occurrence = find_occurrence(snapshot, path, offset, arguments.symbol, token)
    found = resolve(snapshot, occurrence, token)
    if (
        not found
        or found[0].symbol < 0
        or found[0].kind not in ("function", "method", "constructor")
    ):
        raise RefusedError(f"`{occurrence.name}` is no function of the workspace")
    require_language(snapshot, found[0].path, "python", "convert_async")
    return _Conversion(snapshot, token).of(found[0])


def _name_at(snapshot: Snapshot, path: str, offset: int) -> int:
    """On `def` or `async` the name that follows is meant."""
    path = snapshot.require_inside(path)
    node = snapshot.tree(path).root_node.descendant_for_byte_range(offset, offset)
    if node is not None and node.type == "function_definition":
        return field(node, "name").start_byte
    parent = node.parent if node is not None else None
    if node is not None and node.type in ("def", "async") and parent is not None:
        name = parent.child_by_field_name("name")
        return name.start_byte if name is not None else offset
    return offset


class _Conversion:
    def __init__(self, snapshot: Snapshot, token: CancelToken) -> None:
        self.snapshot, self.token = snapshot, token
        self.build = ChangeBuilder(snapshot)
        self.files: dict[str, PythonFile] = {}
        self.resolver = Resolver(snapshot, token)

    def file(self, path: str) -> PythonFile:
        if path not in self.files:
            self.files[path] = PythonFile(self.snapshot, path)
        return self.files[path]

    def of(self, target: Target) -> SourceChange:
        node = self._function(target)
        if _is_async(node):
            self._to_sync(target, node)
            return self.build.build()
        done: set[tuple[str, int]] = set()
        pending = [(target, node)]
        while pending:
            self.token.check()
            each, node = pending.pop()
            if each.key in done or _is_async(node):
                continue
            done.add(each.key)
            if len(done) > _MAX_FUNCTIONS:
                raise RefusedError(f"more than {_MAX_FUNCTIONS} functions would become async")
            self._require_convertible(each, node)
            self.build.file(each.path).insert(node.start_byte, "async ")
            pending += self._await_uses(each)
        return self.build.build()

    def _function(self, target: Target) -> Node:
        file = self.file(target.path)
        node = file.root.descendant_for_byte_range(*target.name_span)
        while node is not None and node.type != "function_definition":
            node = node.parent
        if node is None or node.has_error:
            raise RefusedError(f"`{target.name}` is no function that can be read")
        return node

    def _where(self, path: str, offset: int) -> str:
        line = self.snapshot.text(path).line_of(offset) + 1
        return f"{self.snapshot.display_path(path)}:{line}"

    def _require_convertible(self, target: Target, node: Node) -> None:
        where = self._where(target.path, target.name_span.start)
        name = target.name
        if holds(field(node, "body"), ("yield",)):
            raise RefusedError(f"`{name}` ({where}) is a generator: loops over it would change")
        if name.startswith("__") and name.endswith("__"):
            raise RefusedError(f"Python calls `{name}` ({where}) without waiting for it")
        facts = self.file(target.path).facts
        symbol = facts.symbols[target.symbol]
        for decorator in symbol.decorators:
            bare = decorator.removeprefix("@").partition("(")[0].rpartition(".")[2]
            if bare not in ("staticmethod", "classmethod", "override", "final", "abstractmethod"):
                raise RefusedError(f"`{name}` ({where}) is decorated with `{decorator}`")
        if symbol.parent >= 0 and facts.symbols[symbol.parent].kind == "class":
            self._require_alone(target, where)

    def _require_alone(self, target: Target, where: str) -> None:
        """No other class of the workspace may have the method in its place."""
        owner = self.file(target.path).facts.symbols[
            self.file(target.path).facts.symbols[target.symbol].parent
        ]
        for hit in self.snapshot.symbols_named(target.name):
            if hit.kind not in ("method", "function", "property") or not hit.container:
                continue
            if hit.path == target.path and hit.container.rpartition(".")[2] == owner.name:
                continue
            if self._related(owner.name, hit.container.rpartition(".")[2], hit.path, target.path):
                raise RefusedError(
                    f"`{hit.container}.{target.name}` and `{owner.name}.{target.name}` ({where})"
                    " stand for each other"
                )

    def _related(self, one: str, other: str, other_path: str, path: str) -> bool:
        """Whether one of two classes may inherit from the other, by the names of their bases."""
        return self._inherits(path, one, other, set()) or self._inherits(
            other_path, other, one, set()
        )

    def _inherits(self, path: str, name: str, base: str, seen: set[str]) -> bool:
        if name in seen:
            return False
        seen.add(name)
        for hit in self.snapshot.symbols_named(name):
            if hit.kind != "class":
                continue
            for symbol in self.snapshot.facts(hit.path).symbols:
                if symbol.name != name or symbol.kind != "class":
                    continue
                for each in symbol.bases:
                    bare = each.partition("[")[0].rpartition(".")[2]
                    if bare == base or self._inherits(hit.path, bare, base, seen):
                        return True
        return False

    # ---------------------------------------------------------------- uses

    def _uses(self, target: Target) -> list[tuple[Use, Node]]:
        """The calls of the function. Raises RefusedError for what is no call, or not certain."""
        found: list[tuple[Use, Node]] = []
        uses = references(
            self.snapshot, target, self.token, include_declaration=False, by_name=True,
            resolver=self.resolver,
        )  # fmt: skip
        for use in uses:
            if use.role == Role.IMPORT or (
                use.path == target.path and use.span == target.name_span
            ):
                continue
            where = self._where(use.path, use.span.start)
            if use.confidence == Confidence.NAME:
                raise RefusedError(f"`{target.name}` in {where} may be this function, or another")
            file = self.file(use.path)
            node = file.root.descendant_for_byte_range(*use.span)
            if node is not None and node.parent is not None and use.attribute:
                node = node.parent
            call = node.parent if node is not None else None
            if (
                call is None
                or node is None
                or call.type != "call"
                or field(call, "function") != node
            ):
                raise RefusedError(f"`{target.name}` is used in {where} without being called")
            found.append((use, call))
        return found

    def _await_uses(self, target: Target) -> list[tuple[Target, Node]]:
        callers: list[tuple[Target, Node]] = []
        for use, call in self._uses(target):
            where = self._where(use.path, use.span.start)
            parent = call.parent
            if parent is not None and parent.type in _WAITS:
                continue
            caller = self._caller(call, target.name, where)
            tied = parent is not None and parent.type in _TIED and (
                parent.named_children[0] == call
            )  # fmt: skip
            editor = self.build.file(use.path)
            editor.insert(call.start_byte, "(await " if tied else "await ")
            if tied:
                editor.insert(call.end_byte, ")")
            if not _is_async(caller):
                name = field(caller, "name")
                facts = self.file(use.path).facts
                index = next(
                    (i for i, s in enumerate(facts.symbols) if s.name_start == name.start_byte), -1
                )
                if index < 0:
                    raise RefusedError(f"the function around {where} is not known")
                callers.append((self.resolver.target_of(use.path, index), caller))
        return callers

    def _caller(self, call: Node, name: str, where: str) -> Node:
        here = call.parent
        child = call
        while here is not None:
            if here.type == "function_definition":
                if here.child_by_field_name("body") == child:
                    return here
                raise RefusedError(f"`{name}` is called in {where}, in a head that cannot wait")
            if here.type in ("lambda", "generator_expression"):
                raise RefusedError(
                    f"`{name}` is called in {where}, in a {here.type.replace('_', ' ')}"
                )
            if here.type in ("class_definition", "decorator"):
                break
            child, here = here, here.parent
        raise RefusedError(f"`{name}` is called in {where}, where nothing can wait for it")

    # ---------------------------------------------------------------- back

    def _to_sync(self, target: Target, node: Node) -> None:
        where = self._where(target.path, target.name_span.start)
        body = field(node, "body")
        if holds(body, ("await", "async")):
            raise RefusedError(f"`{target.name}` ({where}) waits for others")
        facts = self.file(target.path).facts
        symbol = facts.symbols[target.symbol]
        if symbol.parent >= 0 and facts.symbols[symbol.parent].kind == "class":
            self._require_alone(target, where)
        if holds(body, ("yield",)):
            raise RefusedError(
                f"`{target.name}` ({where}) is a generator: loops over it would change"
            )
        word = node.children[0]
        keyword = node.children[1]
        self.build.file(target.path).delete(Span(word.start_byte, keyword.start_byte))
        for use, call in self._uses(target):
            editor = self.build.file(use.path)
            outer = call.parent
            if outer is not None and outer.type == "await":
                wrapped = outer.parent
                if wrapped is not None and wrapped.type == "parenthesized_expression":
                    editor.delete(Span(wrapped.start_byte, call.start_byte))
                    editor.delete(Span(call.end_byte, wrapped.end_byte))
                else:
                    editor.delete(Span(outer.start_byte, call.start_byte))
                continue
            runner = outer.parent if outer is not None and outer.type == "argument_list" else None
            file = self.file(use.path)
            lone = outer is not None and len(outer.named_children) == 1
            called = file.text_of(field(runner, "function")) if runner is not None else ""
            if runner is not None and lone and called == "asyncio.run":
                editor.delete(Span(runner.start_byte, call.start_byte))
                editor.delete(Span(call.end_byte, runner.end_byte))
                continue
            place = self._where(use.path, use.span.start)
            raise RefusedError(f"`{target.name}` is called in {place} without being awaited")


def _is_async(function: Node) -> bool:
    return function.children[0].type == "async"


CONVERT_ASYNC = Operation(
    name="convert_async",
    title="Convert between sync and async, with its callers",
    arguments=ConvertAsync,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
