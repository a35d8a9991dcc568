"""A parameter: its function, the overrides and overloads of it, and the calls that name it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from treewright_agent.changes import Note
from treewright_agent.operations.renaming.jedi import Jedi
from treewright_agent.operations.renaming.members import Members
from treewright_agent.operations.renaming.model import (
    ClassKey,
    Found,
    Names,
    Place,
    Root,
    Scoped,
)
from treewright_agent.operations.renaming.receivers import Unknown
from treewright_agent.operations.renaming.roots import CLASS_KINDS, FUNCTION_KINDS
from treewright_agent.operations.scoping import home_of
from treewright_indexer.graph import Target, occurrence_at
from treewright_indexer.graph.resolve import Resolver, Value
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_TAIL = re.compile(rb"[\w\x80-\xff]+\Z")


# -------------------------------------------------------------------- calls


def _keyword_node(snapshot: Snapshot, path: str, offset: int) -> Node | None:
    node = snapshot.tree(path).root_node.descendant_for_byte_range(offset, offset)
    while node is not None and node.type not in ("keyword_argument", "keyword_pattern"):
        node = node.parent
    return node


def is_class_pattern(snapshot: Snapshot, path: str, offset: int) -> bool:
    node = _keyword_node(snapshot, path, offset)
    return node is not None and node.type == "keyword_pattern"


def callee_span(snapshot: Snapshot, path: str, offset: int) -> Span | None:
    """What is called with the keyword argument, or matched with the keyword pattern, at
    `offset`; for `partial(f, name=…)` it is `f`."""
    node = _keyword_node(snapshot, path, offset)
    if node is None:
        return None
    if node.type == "keyword_pattern":
        outer = node.parent
        while outer is not None and outer.type != "class_pattern":
            outer = outer.parent
        called = outer.named_children[0] if outer is not None else None
        return Span(*called.byte_range) if called is not None else None
    arguments = node.parent
    call = arguments.parent if arguments is not None else None
    if call is None or call.type != "call" or arguments is None:
        return None
    called = call.child_by_field_name("function")
    if called is None:
        return None
    data = snapshot.text(path).data
    name = _TAIL.search(data, called.start_byte, called.end_byte)
    if name is not None and name.group() in (b"partial", b"partialmethod", b"Thread", b"Process"):
        first = next((a for a in arguments.named_children if a.type != "comment"), None)
        if first is not None and first.type in ("identifier", "attribute"):
            return Span(*first.byte_range)
    return Span(*called.byte_range)


def callees(names: Names, path: str, offset: int, jedi: Jedi, *, ask: bool = True) -> list[Target]:
    """The functions and classes that the call with the keyword at `offset` may mean."""
    span = callee_span(names.snapshot, path, offset)
    if span is None:
        return []
    data = names.data(path)
    text = data[span.start : span.end]
    if text in (b"cls", b"self.__class__", b"type(self)"):
        enclosing = names.resolver.enclosing_class(path, offset)
        return [enclosing] if enclosing is not None else []
    tail = _TAIL.search(text)
    if tail is None:
        return []
    start = span.start + tail.start()
    called = occurrence_at(names.snapshot, path, start)
    if called is None:
        return []
    if called.attribute:
        from treewright_indexer.graph.occurrences import receiver_before

        parts = receiver_before(data, start)
        values = names.resolver.evaluate(path, parts, start) if parts else []
        found = [t for v in values for t in names.resolver.member(v, called.name)]
        if not found:
            kinds = names.receivers.before_dot(path, start)
            members = [k for k in kinds if isinstance(k, Value)]
            found = [t for v in members for t in names.resolver.member(v, called.name)]
    else:
        found = names.resolver.resolve_name(path, called.name, start)
    found = [t for target in found for t in _callable(names.resolver, target)]
    if found or not ask:
        return found
    for other, line in jedi.definitions(path, start):
        target = _function_at(names, other, line)
        if target is not None:
            found.append(target)
    return found


def _callable(resolver: Resolver, target: Target) -> list[Target]:
    """The function or class behind a name: `alias = f` is followed."""
    if target.kind in CLASS_KINDS or target.kind in FUNCTION_KINDS:
        return [target]
    found: list[Target] = []
    for value in resolver.value_of(target, False):
        if value.target.kind in CLASS_KINDS and value.instance:
            found += resolver.member(value, "__call__")
        elif value.target.kind in CLASS_KINDS or value.target.kind in FUNCTION_KINDS:
            found.append(value.target)
    return found


def _function_at(names: Names, path: str, line: int) -> Target | None:
    if not path or names.snapshot.folder_of(path) is None:
        return None
    facts = names.facts(path)
    text = names.snapshot.text(path)
    if facts is None or not 1 <= line <= text.n_lines:
        return None
    first, last = text.line_span(line - 1)
    for index, symbol in enumerate(facts.symbols):
        if first <= symbol.name_start <= last and symbol.kind in FUNCTION_KINDS | CLASS_KINDS:
            return names.resolver.target_of(path, index)
    return None


def parameter_of(resolver: Resolver, target: Target, name: str) -> Target | None:
    """The parameter of a function, or of a class's constructor; or the field of a class that
    has no constructor of its own. What `**kwargs` takes is looked for in what it overrides."""
    if target.kind in CLASS_KINDS:
        for constructor in ("__init__", "__new__"):
            for function in resolver.member(Value(target), constructor):
                found = parameter_of(resolver, function, name)
                if found is not None:
                    return found
        if resolver.member(Value(target), "__init__"):
            return None
        members = resolver.member(Value(target), name)
        return members[0] if members else None
    found, passes_on = _own_parameter(resolver, target, name)
    if found is not None or not passes_on:
        return found
    return _inherited_parameter(resolver, target, name)


def _own_parameter(resolver: Resolver, target: Target, name: str) -> tuple[Target | None, bool]:
    """(the function's parameter, whether it takes any keyword by `**`)."""
    facts = resolver.facts(target.path)
    passes_on = False
    for index, scope in enumerate(facts.scopes if facts is not None else ()):
        if scope.symbol != target.symbol or scope.kind != "function":
            continue
        data = resolver.snapshot.text(target.path).data
        for bound, (start, kind) in scope.bindings.items():
            if kind != "parameter":
                continue
            before = data[max(0, start - 16) : start].rstrip()
            if bound == name and not before.endswith(b"*"):
                span = Span(start, start + len(name.encode()))
                return Target(
                    target.path, name, span, span, "parameter", -1, index, target.name,
                    target.confidence,
                ), False  # fmt: skip
            passes_on = passes_on or before.endswith(b"**")
    return None, passes_on


def _inherited_parameter(resolver: Resolver, target: Target, name: str) -> Target | None:
    facts = resolver.facts(target.path)
    parent = facts.symbols[target.symbol].parent if facts is not None and target.symbol >= 0 else -1
    if facts is None or parent < 0 or facts.symbols[parent].kind not in CLASS_KINDS:
        return None
    for base in list(resolver.lineage(resolver.target_of(target.path, parent)))[1:]:
        for index in resolver.member_indexes(base.path, base.symbol).get(target.name, ()):
            found, passes_on = _own_parameter(resolver, resolver.target_of(base.path, index), name)
            if found is not None or not passes_on:
                return found
    return None


# -------------------------------------------------------------------- the family


class Parameters:
    """The functions that share a parameter, its scopes, and the calls that name it."""

    def __init__(self, names: Names, root: Root, jedi: Jedi) -> None:
        self.names = names
        self.jedi = jedi
        self.function_names: set[str] = set()
        self.functions = self._family(root)
        self.scopes = self._scopes(root)
        self._lines = self._definition_lines()
        self._escapes: bool | None = None

    def _family(self, root: Root) -> set[ClassKey]:
        names = self.names
        found: set[ClassKey] = set()
        for key in root.functions:
            if key.symbol < 0 or names.is_one_file:
                continue  # a lambda, `self`: no call names it
            facts = names.facts(key.path)
            assert facts is not None
            symbol = facts.symbols[key.symbol]
            self.function_names.add(symbol.name)
            alike = names.resolver.member_indexes(key.path, symbol.parent).get(symbol.name, [])
            kin = {key}
            if any("overload" in d for i in alike for d in facts.symbols[i].decorators):
                kin |= {ClassKey(key.path, index) for index in alike}
            parent = symbol.parent
            if parent >= 0 and facts.symbols[parent].kind in CLASS_KINDS:
                if symbol.name not in ("__init__", "__new__", "__post_init__"):
                    kin |= self._overrides(key.path, parent, symbol.name)
                else:
                    self.function_names |= {facts.symbols[parent].name}
            found |= {k for k in kin if self._takes(k)}
        return found

    def _overrides(self, path: str, parent: int, method: str) -> set[ClassKey]:
        names = self.names
        inner = Names(names.snapshot, names.token, method, method)
        inner.resolver = names.resolver
        root = Root(method, "member", classes=(ClassKey(path, parent),))
        family = Members(inner, root, self.jedi, overrides=True).classes
        return {
            ClassKey(key.path, index)
            for key in family
            for index in names.resolver.member_indexes(key.path, key.symbol).get(method, ())
        }

    def _takes(self, key: ClassKey) -> bool:
        target = self.names.resolver.target_of(key.path, key.symbol)
        found = parameter_of(self.names.resolver, target, self.names.old)
        return found is not None and found.kind == "parameter"

    def _scopes(self, root: Root) -> set[Scoped]:
        names = self.names
        scopes = set(root.scoped)
        for key in self.functions:
            facts = names.facts(key.path)
            for index, scope in enumerate(facts.scopes if facts is not None else ()):
                if scope.symbol == key.symbol and scope.kind == "function":
                    scopes.add(Scoped(key.path, index))
        return scopes

    def _definition_lines(self) -> set[tuple[str, int]]:
        lines: set[tuple[str, int]] = set()
        for key in self.functions:
            facts = self.names.facts(key.path)
            assert facts is not None
            lines.add((key.path, self.names.line(key.path, facts.symbols[key.symbol].name_start)))
        return lines

    # ---------------------------------------------------------------- the places

    def find(self, found: Found) -> None:
        names = self.names
        for path, scope in self.scopes:
            facts = names.facts(path)
            if facts is None:
                continue
            for reference in names.bare(path):
                if home_of(facts, reference.start, names.old) == scope:
                    found.add(Place(path, names.span(reference.start)))
        if not self.functions:
            return
        for path, _, references in names.files():
            for reference in references:
                if reference.role == Role.KEYWORD:
                    self._keyword(found, path, reference.start)

    def _keyword(self, found: Found, path: str, start: int) -> None:
        names = self.names
        if is_class_pattern(names.snapshot, path, start):
            return
        span = callee_span(names.snapshot, path, start)
        if span is None:
            return
        data = names.data(path)
        tail = _TAIL.search(data[span.start : span.end])
        spelled = tail.group().decode("utf-8", "replace") if tail else ""
        targets = callees(names, path, start, self.jedi, ask=spelled in self.function_names)
        if targets:
            if any(self._takes_it(target) for target in targets):
                found.add(Place(path, names.span(start)))
            return
        known = spelled in self.function_names and not self._foreign(path, span.start)
        if known or (spelled not in self.function_names and self._may_be_another_name(path, span)):
            text = f"`{names.old}=` for a `{spelled}` that is not known here: not renamed"
            found.notes.append(Note(path, names.span(start), text))

    def _may_be_another_name(self, path: str, called: Span) -> bool:
        """Whether what is called is unknown here, while the function is passed on as a value."""
        if self._escapes is None:
            self._escapes = self._is_passed_on()
        if not self._escapes:
            return False
        root = self.names.snapshot.tree(path).root_node
        node = root.descendant_for_byte_range(called.start, called.end)
        kinds = self.names.receivers.evaluate(path, node) if node is not None else ()
        return any(isinstance(kind, Unknown) for kind in kinds)

    def _is_passed_on(self) -> bool:
        """Whether a function of the family is named without being called or imported."""
        names = self.names
        for name in self.function_names:
            for path, uses in names.snapshot.uses(name):
                for use in uses if names.is_python(path) else ():
                    if use.role != Role.READ:
                        continue
                    before = names.data(path)[use.start - 1 : use.start]
                    if before in (b'"', b"'"):  # `__all__`
                        continue
                    occurrence = occurrence_at(names.snapshot, path, use.start)
                    targets = names.resolver.resolve(occurrence) if occurrence is not None else []
                    if any(ClassKey(t.path, t.symbol) in self.functions for t in targets):
                        return True
        return False

    def _takes_it(self, target: Target) -> bool:
        found = parameter_of(self.names.resolver, target, self.names.old)
        return found is not None and Scoped(found.path, found.scope) in self.scopes

    def _foreign(self, path: str, offset: int) -> bool:
        """True when jedi found the callee outside the workspace."""
        span = offset
        places = self.jedi.definitions(path, span)
        return bool(places) and all(
            not place[0] or self.names.snapshot.folder_of(place[0]) is None for place in places
        )
