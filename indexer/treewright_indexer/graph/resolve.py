"""What an occurrence means: a bare name by `names`, an attribute by what stands before its dot.

What a receiver is comes from annotations, constructors and the hierarchy of classes, as the text
says them. What that does not decide is said: the Confidence of a Target tells how it was found.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Protocol

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.model import Confidence, Occurrence, Target
from treewright_indexer.graph.names import MAX_DEPTH, Names, visible_scopes
from treewright_indexer.graph.occurrences import (
    Part,
    chain_from,
    keyword_callee,
    occurrence_at,
    receiver_before,
)
from treewright_indexer.graph.packages import is_package_file
from treewright_indexer.model import Role, Symbol
from treewright_indexer.snapshot import Snapshot

CLASS_KINDS = frozenset({"class", "struct", "interface", "trait", "enum", "type"})
_CALLABLE_KINDS = frozenset({"function", "method", "constructor"})
_IDENTIFIER = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_METACLASS = re.compile(r"metaclass\s*=\s*([\w.]+)\Z")
_ANNOTATION = re.compile(rb"[ \t]*:[ \t]*([^=\n#]+)")
_ASSIGNED = re.compile(
    rb"(?:[ \t]*(?::[^=\n]+)?=|[ \t]*:=|(?:[ \t]*,[ \t]*\w+)+[ \t]*:=)[ \t]*(?:(?:await|new)[ \t]+|&)?(?=\w)"
)
_BOUND = re.compile(rb"[ \t]+extends[ \t]+([\w.]+)")
_LITERAL = re.compile(
    rb"[ \t]*(?::[^=\n]+)?:?=[ \t]*(?:[\[\"'`\d]|\{\}|\[\]|map\[|new[ \t]+(?:Map|Set|Array|Date|WeakMap|Promise)\b)"
)
_DATA_KINDS = frozenset({"field", "variable", "constant", "local"})
_EACH = re.compile(rb"[ \t]+of[ \t]+(?=\w)|[ \t]*:=[ \t]*range[ \t]+(?=\w)")
_REQUIRED = re.compile(rb"[ \t]*=[ \t]*require\([ \t]*[\"']([^\"'\n]+)[\"']")
_GO_TYPE = re.compile(rb"[ \t]+(?:\.\.\.|\[\]|\*)*([^\W\d][\w.]*)")
_SCRIPT_RESULT = re.compile(r"\)[ \t]*:[ \t]*([^=]+?)(?:[ \t]*=>.*)?\Z")
_GO_RESULT = re.compile(r"\)[ \t]*\(?[ \t]*(?:\w+[ \t]+)?(?:\[\]|\*)*([^\W\d][\w.]*)[^()]*\)?\Z")
_MAX_LINEAGE = 64
_RECEIVERS = frozenset({"self", "cls", "this", "Self"})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression is: a class, an instance of one, a module or a function."""

    target: Target
    instance: bool = False
    above: bool = False
    """True for `super()`: the members start behind the class itself."""


class Oracle(Protocol):
    """Decides what an attribute means where names cannot: a provider of semantics.

    (path, first byte of the name) of each definition, also of those outside the workspace; [] when
    it knows of none, None when it cannot say.
    """

    def definitions(self, path: str, offset: int) -> list[tuple[str, int]] | None: ...


class Resolver(Names):
    """Resolves occurrences on one snapshot; caches for the length of one answer."""

    def __init__(
        self, snapshot: Snapshot, token: CancelToken | None = None, oracle: Oracle | None = None
    ) -> None:
        super().__init__(snapshot, token)
        self.oracle = oracle
        self._lineages: dict[tuple[str, int], list[Target]] = {}
        self._named: dict[tuple[str, str, str], list[Target]] = {}

    def resolve(self, occurrence: Occurrence) -> list[Target]:
        """What the occurrence means; [] when nothing in the workspace is known to be it."""
        path, name, span, role, attribute = occurrence
        index = self.symbol_starting(path, span.start)
        if index >= 0 and role in (Role.DEFINITION, Role.WRITE):
            return [self.target_of(path, index)]
        if role == Role.IMPORT:
            return self._resolve_import_token(occurrence)
        if role == Role.KEYWORD:
            return self._resolve_keyword(occurrence)
        if attribute:
            return self.resolve_attribute(path, name, span.start)
        return self.resolve_name(path, name, span.start)

    def _by_name(self, path: str, name: str, *, members: bool) -> list[Target]:
        """Remembered: the uses of one name all ask the same."""
        language = self.snapshot.language(path)
        place = "" if members else os.path.dirname(path)
        key = name, language.id if language is not None else "", f"{members} {place}"
        if key not in self._named:
            self._named[key] = super()._by_name(path, name, members=members)
        return self._named[key]

    # ---------------------------------------------------------------- attributes

    def resolve_attribute(self, path: str, name: str, start: int) -> list[Target]:
        """`name` behind a dot at byte `start`: a member of what stands before it."""
        try:
            data = self.snapshot.text(path).data
        except TreewrightError:
            return []
        parts = receiver_before(data, start)
        values = self.evaluate(path, parts, start) if parts else None
        if values:
            found = [target for value in values for target in self.member(value, name)]
            if found:
                return list(
                    {t.key: t._replace(confidence=Confidence.IMPORT) for t in found}.values()
                )
            if all(self._closed(value) for value in values):
                return []
        elif parts and self._is_literal(path, parts, start):
            return []
        elif parts and self._is_foreign(path, parts[0], start):
            # What a foreign function returns may be ours; what a foreign module holds is not.
            called = any(part.called for part in parts)
            return (self._decided(path, start) or []) if called else []
        decided = self._decided(path, start)
        return decided if decided is not None else self._by_name(path, name, members=True)

    def _decided(self, path: str, start: int) -> list[Target] | None:
        """What the oracle says; None when it says nothing."""
        oracle = self.oracle
        places = oracle.definitions(path, start) if oracle is not None else None
        if not places:
            return None
        found: dict[tuple[str, int], Target] = {}
        self.oracle = None  # what it names is read by names alone
        try:
            for other, offset in places:
                if self.snapshot.folder_of(other) is None:
                    continue
                index = self.symbol_starting(other, offset)
                if index >= 0:
                    targets = [self.target_of(other, index)]
                else:  # one of several assignments of an attribute
                    occurrence = occurrence_at(self.snapshot, other, offset)
                    targets = self.resolve(occurrence) if occurrence is not None else []
                for target in targets:
                    found[target.key] = target._replace(confidence=Confidence.EXACT)
        except TreewrightError:
            return None
        finally:
            self.oracle = oracle
        return list(found.values())

    def may_be_member(self, occurrence: Occurrence) -> bool:
        """True unless what stands before the dot is known not to be ours."""
        try:
            data = self.snapshot.text(occurrence.path).data
        except TreewrightError:
            return False
        parts = receiver_before(data, occurrence.span.start)
        if not parts:
            return True
        values = self.evaluate(occurrence.path, parts, occurrence.span.start)
        if values:
            return not all(self._closed(value) for value in values)
        return not self._is_foreign(occurrence.path, parts[0], occurrence.span.start)

    def _closed(self, value: Value, depth: int = 0) -> bool:
        """True when every base of the value is known, so an unknown member is none of ours."""
        if value.target.kind == "module":
            return True
        if value.target.kind not in CLASS_KINDS or depth > MAX_DEPTH:
            return False
        facts = self.facts(value.target.path)
        bases = facts.symbols[value.target.symbol].bases if facts is not None else ()
        if any("=" not in base and base != "object" for base in bases):
            resolved = [v for base in self.bases(value.target) for v in [Value(base)]]
            return len(resolved) >= len(bases) and all(self._closed(v, depth + 1) for v in resolved)
        return True

    def _is_literal(self, path: str, parts: list[Part], offset: int) -> bool:
        """True when the receiver is a name that a list, an object, a text or a number is given to
        where it is defined: its members are those of the language."""
        language = self.snapshot.language(path)
        if language is None or language.modules == "python" or parts[-1].called:
            return False
        if len(parts) == 1:
            targets = self.resolve_name(path, parts[0].name, parts[0].start)
        else:
            owners = self.evaluate(path, parts[:-1], offset)
            targets = [t for owner in owners for t in self.member(owner, parts[-1].name)]
        return bool(targets) and all(
            target.kind in _DATA_KINDS
            and _LITERAL.match(self.snapshot.text(target.path).data, target.name_span.end)
            for target in targets
        )

    def _is_foreign(self, path: str, part: Part, offset: int) -> bool:
        """True when the chain starts at an import of a module outside the workspace."""
        facts = self.facts(path)
        if facts is None:
            return False
        for scope in visible_scopes(facts, facts.scope_at(offset), python=True):
            binding = facts.scopes[scope].bindings.get(part.name)
            if binding is not None:
                return binding[1] == "import" and not self.resolve_name(path, part.name, offset)
        return False

    def evaluate(self, path: str, parts: list[Part], offset: int, depth: int = 0) -> list[Value]:
        """What the receiver chain `parts` is at `offset`; [] when unknown."""
        if depth > 4:
            return []
        first = parts[0]
        if first.name == "super":
            enclosing = self.enclosing_class(path, offset)
            values = [Value(enclosing, True, above=True)] if enclosing is not None else []
        elif self._is_self(path, first.name, offset):
            enclosing = self.enclosing_class(path, offset)
            values = [Value(enclosing, instance=True)] if enclosing is not None else []
        else:
            targets = self.resolve_name(path, first.name, first.start)
            values = [v for t in targets for v in self.value_of(t, first.called, depth)]
        for part in parts[1:]:
            targets = [t for value in values for t in self.member(value, part.name)]
            values = [v for t in targets for v in self.value_of(t, part.called, depth)]
        return values

    def _is_self(self, path: str, name: str, offset: int) -> bool:
        if name in _RECEIVERS:
            return True
        facts = self.facts(path)
        if facts is None:
            return False
        index = facts.symbol_at(offset)
        if index < 0 or facts.symbols[index].kind not in ("method", "constructor"):
            return False
        language = self.snapshot.language(path)
        if language is None or language.id not in ("python", "go"):
            return False
        first = re.search(r"\(\s*(?:/\s*,\s*)?(\w+)", facts.symbols[index].signature)
        return first is not None and first.group(1) == name

    def enclosing_class(self, path: str, offset: int) -> Target | None:
        facts = self.facts(path)
        index = facts.symbol_at(offset) if facts is not None else -1
        while facts is not None and index >= 0:
            symbol = facts.symbols[index]
            if symbol.kind in CLASS_KINDS:
                return self.target_of(path, index)
            if symbol.owner and symbol.parent < 0:  # a method that stands beside its type
                named = self.resolve_name(path, symbol.owner.rpartition(".")[2], symbol.start)
                return next((each for each in named if each.kind in CLASS_KINDS), None)
            index = facts.symbols[index].parent
        return None

    def value_of(self, target: Target, called: bool, depth: int = 0) -> list[Value]:
        """The value a name bound to `target` has, or that calling it returns."""
        if target.kind in CLASS_KINDS:
            return [Value(target, instance=called)]
        if target.kind == "module":
            return [] if called else [Value(target)]
        facts = self.facts(target.path)
        if facts is None or depth > 4:
            return []
        if target.kind in _CALLABLE_KINDS or target.kind == "property":
            symbol = facts.symbols[target.symbol]
            if called or target.kind == "property" or "property" in symbol.decorators:
                returned = _returned(symbol.signature, target.path)
                return self._annotated(target.path, returned, target.name_span.start, depth)
            return [Value(target)]
        if called:
            return []
        return self._variable_value(target, depth)

    def _variable_value(self, target: Target, depth: int) -> list[Value]:
        """A variable's value by its annotation, or by the class its first assignment calls."""
        try:
            data = self.snapshot.text(target.path).data
        except TreewrightError:
            return []
        end = target.name_span.end
        if is_package_file(target.path):
            match = _GO_TYPE.match(data, end)
            if match and (values := self._annotated(target.path, _decoded(match), end, depth)):
                return values
        if target.kind == "parameter":
            match = re.compile(rb"[ \t]*:[ \t]*([^=,)\n]+)").match(data, end)
            return self._annotated(target.path, _decoded(match), end, depth) if match else []
        match = _ANNOTATION.match(data, end)
        if match and (values := self._annotated(target.path, _decoded(match), end, depth)):
            return values
        match = _REQUIRED.match(data, end)
        if match is not None:
            file = self.modules.find(target.path, _decoded(match), 0)
            return [Value(self.module(file))] if file is not None else []
        if self.inner(target):
            return [Value(target)]
        match = _BOUND.match(data, end)
        if match is not None and target.kind == "local":
            return self._annotated(target.path, _decoded(match), end, depth)
        match = _ASSIGNED.match(data, end)
        match = _EACH.match(data, end) or match
        if match is None:
            return []
        parts = chain_from(data, match.end())
        if not parts or parts[0].name == target.name:
            return []
        return self.evaluate(target.path, parts, match.end(), depth + 1)

    def inner(self, target: Target) -> dict[str, list[int]]:
        """What an object that is written out holds: name -> symbols."""
        facts = self.facts(target.path)
        if facts is None or target.symbol < 0:
            return {}
        start, end = target.span
        held: dict[str, list[int]] = {}
        for index, symbol in enumerate(facts.symbols):
            if symbol.kind == "method" and start < symbol.start and symbol.end <= end:
                held.setdefault(symbol.name, []).append(index)
        return held

    def _annotated(self, path: str, annotation: str, offset: int, depth: int) -> list[Value]:
        """Instances of the classes an annotation names: `X | None`, `Optional["X"]`."""
        values: list[Value] = []
        inside = 0
        for match in list(_IDENTIFIER.finditer(annotation))[:6]:
            if match.start() < inside:  # an argument of a class that is ours
                continue
            dotted = match.group()
            parts = [Part(name, False, offset) for name in dotted.split(".")]
            if parts[0].name in ("Self",):
                enclosing = self.enclosing_class(path, offset)
                values += [Value(enclosing, instance=True)] if enclosing is not None else []
                continue
            for value in self.evaluate(path, parts, offset, depth + 1):
                if value.target.kind in CLASS_KINDS:
                    values.append(Value(value.target, instance=True))
                    inside = max(inside, _end_of_arguments(annotation, match.end()))
        return values

    def member(self, value: Value, name: str) -> list[Target]:
        """The member `name` of a module, or of a class and its bases in order."""
        target = value.target
        if target.kind == "module":
            found = self.exported(target.path, name)
            if not found:
                submodule = self.modules.submodule(target.path, name)
                found = [self.module(submodule)] if submodule is not None else []
            return found
        if target.kind not in CLASS_KINDS:
            return [self.target_of(target.path, i) for i in self.inner(target).get(name, ())]
        for ancestor in self.ancestors(value):
            indexes = self.member_indexes(ancestor.path, ancestor.symbol).get(name)
            if indexes:
                return [self.target_of(ancestor.path, index) for index in indexes]
            if is_package_file(ancestor.path):
                found = self._methods(ancestor, name)
                if found:
                    return found
        if not value.instance:
            for meta in self.metaclasses(target):
                found = self.member(Value(meta, instance=True), name)
                if found:
                    return found
        return []

    def _methods(self, target: Target, name: str) -> list[Target]:
        """Methods that stand beside their type, in any file of the package."""
        folder = os.path.dirname(target.path)
        hits = [
            hit
            for hit in self.symbols_named(name)
            if hit.container == target.name and os.path.dirname(hit.path) == folder
        ]
        return self._targets(hits, Confidence.IMPORT)

    def metaclasses(self, target: Target) -> list[Target]:
        """The class that `metaclass=` names for the target or the nearest of its bases."""
        for ancestor in self.lineage(target):
            facts = self.facts(ancestor.path)
            for base in facts.symbols[ancestor.symbol].bases if facts is not None else ():
                match = _METACLASS.match(base)
                if match is not None:
                    start = facts.symbols[ancestor.symbol].start if facts is not None else 0
                    parts = [Part(name, False, start) for name in match.group(1).split(".")]
                    values = self.evaluate(ancestor.path, parts, start, 1)
                    return [v.target for v in values if v.target.kind in CLASS_KINDS]
        return []

    def ancestors(self, value: Value) -> list[Target]:
        """The classes that a member of the value is looked for in, in order."""
        lineage = self.lineage(value.target)
        return lineage[1:] if value.above else lineage

    def lineage(self, target: Target) -> list[Target]:
        """The class and its bases in the workspace, in the order in which members are looked up.

        That is C3, Python's method resolution order; of bases that no order satisfies, as they stand.
        """
        if target.key not in self._lineages:
            self._lineages[target.key] = [target]  # a class that inherits from itself ends here
            self._lineages[target.key] = self._linearised(target)
        return self._lineages[target.key]

    def _linearised(self, target: Target) -> list[Target]:
        bases = self.bases(target)
        rows = [*(list(self.lineage(base)) for base in bases), list(bases)]
        found = [target]
        while rows := [row for row in rows if row]:
            if len(found) >= _MAX_LINEAGE:
                return found
            behind = {each.key for row in rows for each in row[1:]}
            first = next((row[0] for row in rows if row[0].key not in behind), None)
            if first is None:  # no order satisfies all of them; Python would refuse the class
                first = rows[0][0]
            if first.key != target.key:
                found.append(first)
            rows = [[each for each in row if each.key != first.key] for row in rows]
        return found

    def bases(self, target: Target) -> list[Target]:
        facts = self.facts(target.path)
        if facts is None or target.symbol < 0:
            return []
        symbol: Symbol = facts.symbols[target.symbol]
        bases: list[Target] = []
        for base in symbol.bases:
            match = _IDENTIFIER.match(base)
            if match is None or "=" in base:
                continue
            parts = [Part(name, False, symbol.start) for name in match.group().split(".")]
            outer = facts.symbols[symbol.parent].start if symbol.parent >= 0 else symbol.start
            for value in self.evaluate(target.path, parts, outer, 1):
                if value.target.kind in CLASS_KINDS and value.target.key != target.key:
                    bases.append(value.target)
        return bases

    # ---------------------------------------------------------------- the rest

    def _resolve_keyword(self, occurrence: Occurrence) -> list[Target]:
        """`f(name=…)`: the parameter of the function that is called."""
        callee = keyword_callee(self.snapshot, occurrence.path, occurrence.span.start)
        if callee is None:
            return []
        data = self.snapshot.text(occurrence.path).data
        end = callee.end
        tail = re.search(rb"\w+\Z", data[callee.start : end])
        if tail is None:
            return []
        called = occurrence_at(self.snapshot, occurrence.path, callee.start + tail.start())
        found: list[Target] = []
        for target in self.resolve(called) if called is not None else []:
            found += self.parameters(target, occurrence.name)
        return found

    def parameters(self, target: Target, name: str) -> list[Target]:
        """The parameter `name` of a function, or of a class's `__init__`; or a dataclass field."""
        if target.kind in CLASS_KINDS:
            constructors = self.member(Value(target), "__init__")
            if constructors:
                return [p for c in constructors for p in self.parameters(c, name)]
            return self.member(Value(target), name)
        facts = self.facts(target.path)
        for index, scope in enumerate(facts.scopes if facts is not None else ()):
            if scope.symbol == target.symbol and target.symbol >= 0 and scope.kind == "function":
                binding = scope.bindings.get(name)
                if binding is not None and binding[1] == "parameter":
                    assert facts is not None
                    return [self._local(target.path, facts, index, name, binding[0])]
        return []


def _returned(signature: str, path: str) -> str:
    """The type that a signature says a call returns; '' when it says none."""
    if "->" in signature:
        return signature.rpartition("->")[2]
    if is_package_file(path):
        result = _GO_RESULT.search(signature)
        return result.group(1) if result else ""
    result = _SCRIPT_RESULT.search(signature)
    return result.group(1) if result else ""


def _end_of_arguments(annotation: str, start: int) -> int:
    """Behind the brackets that open at `start`; `start` itself when none does."""
    depth = 0
    for position in range(start, len(annotation)):
        if annotation[position] in "<[":
            depth += 1
        elif annotation[position] in ">]":
            depth -= 1
        if depth <= 0:
            return position + (annotation[position] in ">]")
    return len(annotation)


def _decoded(match: re.Match[bytes] | None) -> str:
    return match.group(1).decode("utf-8", "replace") if match else ""


def resolve(
    snapshot: Snapshot,
    occurrence: Occurrence,
    token: CancelToken | None = None,
    oracle: Oracle | None = None,
) -> list[Target]:
    return Resolver(snapshot, token, oracle).resolve(occurrence)


def definitions(
    snapshot: Snapshot,
    path: str,
    offset: int,
    token: CancelToken | None = None,
    oracle: Oracle | None = None,
) -> list[Target]:
    """The definitions of what stands at `offset`, best first; [] when unknown."""
    occurrence = occurrence_at(snapshot, path, offset)
    return resolve(snapshot, occurrence, token, oracle) if occurrence is not None else []
