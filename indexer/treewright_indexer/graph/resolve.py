"""What a name means: scopes first, then imports, then the class or module before the dot.

Resolution follows Python's rules (LEGB without the builtins, class scopes invisible to the
functions in them, star imports last) and those of other languages as far as their facts say.
What it cannot decide it says: the Confidence of a Target tells how it was found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.graph.model import Confidence, Occurrence, Target
from treewright_indexer.graph.occurrences import (
    Part,
    keyword_callee,
    occurrence_at,
    receiver_before,
)
from treewright_indexer.model import FileFacts, Import, Role, Symbol
from treewright_indexer.snapshot import Snapshot, SymbolHit
from treewright_indexer.text import Span

_MAX_DEPTH = 16
"""Longest chain of re-exports or base classes that is followed."""
_MAX_BY_NAME = 12
"""More definitions of one name than this say nothing."""
CLASS_KINDS = frozenset({"class", "struct", "interface", "trait", "enum", "type"})
_CALLABLE_KINDS = frozenset({"function", "method", "constructor"})
_IDENTIFIER = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_METACLASS = re.compile(r"metaclass\s*=\s*([\w.]+)\Z")
_ANNOTATION = re.compile(rb"[ \t]*:[ \t]*([^=\n#]+)")
_ASSIGNED = re.compile(rb"[ \t]*(?::[^=\n]+)?=[ \t]*(?:await[ \t]+)?([\w.]+)[ \t]*(\(?)")
_RECEIVERS = frozenset({"self", "cls", "this", "Self"})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression is: a class, an instance of one, a module or a function."""

    target: Target
    instance: bool = False


class Oracle(Protocol):
    """Decides what an attribute means where names cannot: a provider of semantics.

    (path, first byte of the name) of each definition, also of those outside the workspace; [] when
    it knows of none, None when it cannot say.
    """

    def definitions(self, path: str, offset: int) -> list[tuple[str, int]] | None: ...


class Resolver:
    """Resolves names on one snapshot; caches for the length of one answer."""

    def __init__(
        self, snapshot: Snapshot, token: CancelToken | None = None, oracle: Oracle | None = None
    ) -> None:
        self.snapshot = snapshot
        self.token = token or CancelToken()
        self.oracle = oracle
        self.modules = ModuleFinder(snapshot)
        self._facts: dict[str, FileFacts | None] = {}
        self._by_start: dict[str, dict[int, int]] = {}
        self._names: dict[tuple[str, int, str], list[Target]] = {}
        self._exports: dict[tuple[str, str], list[Target]] = {}
        self._members: dict[tuple[str, int], dict[str, list[int]]] = {}
        self._symbols_named: dict[str, list[SymbolHit]] = {}

    # ---------------------------------------------------------------- facts

    def facts(self, path: str) -> FileFacts | None:
        """The file's facts, or None when it cannot be read."""
        if path not in self._facts:
            self.token.check()
            try:
                self._facts[path] = self.snapshot.facts(path)
            except TreewrightError:
                self._facts[path] = None
        return self._facts[path]

    def symbols_named(self, name: str) -> list[SymbolHit]:
        if name not in self._symbols_named:
            self._symbols_named[name] = self.snapshot.symbols_named(name)
        return self._symbols_named[name]

    def symbol_starting(self, path: str, name_start: int) -> int:
        """Index of the symbol whose name starts at `name_start`, or -1."""
        starts = self._by_start.get(path)
        if starts is None:
            facts = self.facts(path)
            symbols = facts.symbols if facts is not None else []
            starts = {symbol.name_start: index for index, symbol in enumerate(symbols)}
            self._by_start[path] = starts
        return starts.get(name_start, -1)

    def target_of(self, path: str, index: int, confidence: Confidence = Confidence.EXACT) -> Target:
        """The Target of symbol `index` of the file."""
        facts = self.facts(path)
        assert facts is not None
        symbol = facts.symbols[index]
        container = facts.qualified_name(symbol.parent) if symbol.parent >= 0 else ""
        return Target(
            path, symbol.name, symbol.name_span, symbol.span, symbol.kind, index, -1, container,
            confidence,
        )  # fmt: skip

    def module(self, path: str, confidence: Confidence = Confidence.IMPORT) -> Target:
        stem = os.path.splitext(os.path.basename(path))[0]
        name = os.path.basename(os.path.dirname(path)) if stem == "__init__" else stem
        return Target(path, name, Span(0, 0), Span(0, 0), "module", -1, -1, "", confidence)

    # ---------------------------------------------------------------- occurrences

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

    def resolve_name(self, path: str, name: str, offset: int) -> list[Target]:
        """A bare name at `offset`, through the scopes around it."""
        facts = self.facts(path)
        if facts is None:
            return []
        scope = facts.scope_at(offset)
        key = (path, scope, name)
        if key not in self._names:
            self._names[key] = []  # a cycle of imports ends here
            self._names[key] = self._resolve_name(path, facts, scope, name)
        return self._names[key]

    def _resolve_name(self, path: str, facts: FileFacts, scope: int, name: str) -> list[Target]:
        language = self.snapshot.language(path)
        python = language is not None and language.modules == "python"
        innermost = scope
        while scope >= 0:
            here = facts.scopes[scope]
            hidden = python and here.kind == "class" and scope != innermost
            binding = None if hidden else here.bindings.get(name)
            if binding is not None:
                start, kind = binding
                if kind == "global":
                    scope = 0
                    if name in facts.scopes[0].bindings:
                        continue
                    return [self._local(path, facts, innermost, name, start)]
                if kind != "nonlocal":
                    return self._bound(path, facts, scope, name)
            scope = here.parent
        if python:
            return self._from_stars(path, facts, name, 0)
        return self._by_name(path, name, members=False)

    def _bound(self, path: str, facts: FileFacts, scope: int, name: str) -> list[Target]:
        """What `name` is in the scope that binds it: a symbol, an import or a local."""
        start, kind = facts.scopes[scope].bindings[name]
        if kind == "import":
            found = [
                target
                for item in facts.imports
                if item.alias == name and facts.scope_at(item.start) == scope
                for target in self.imported(path, item)
            ]
            # `try: import a` / `except: a = None`: the definitions count as well.
            found += self._scope_symbols(path, facts, scope, name)
            return list({target.key: target for target in found}.values())
        symbols = self._scope_symbols(path, facts, scope, name)
        if symbols:
            return symbols
        index = self.symbol_starting(path, start)
        if index >= 0:
            return [self.target_of(path, index)]
        return [self._local(path, facts, scope, name, start)]

    def _scope_symbols(self, path: str, facts: FileFacts, scope: int, name: str) -> list[Target]:
        owner = facts.scopes[scope].symbol
        if facts.scopes[scope].kind not in ("module", "class"):
            start = facts.scopes[scope].bindings[name][0]
            index = self.symbol_starting(path, start)
            return [self.target_of(path, index)] if index >= 0 else []
        return [self.target_of(path, i) for i in self.member_indexes(path, owner).get(name, ())]

    def member_indexes(self, path: str, owner: int) -> dict[str, list[int]]:
        """name -> indexes of the symbols whose parent is `owner` (-1: the top level)."""
        key = (path, owner)
        if key not in self._members:
            members: dict[str, list[int]] = {}
            facts = self.facts(path)
            for index, symbol in enumerate(facts.symbols if facts is not None else ()):
                if symbol.parent == owner:
                    members.setdefault(symbol.name, []).append(index)
            self._members[key] = members
        return self._members[key]

    def _local(self, path: str, facts: FileFacts, scope: int, name: str, start: int) -> Target:
        here = facts.scopes[scope]
        kind = here.bindings.get(name, (start, "local"))[1]
        span = Span(start, start + len(name.encode()))
        owner = scope
        while owner > 0 and facts.scopes[owner].symbol < 0:
            owner = facts.scopes[owner].parent
        symbol = facts.scopes[owner].symbol
        container = facts.qualified_name(symbol) if symbol >= 0 else ""
        kind = "parameter" if kind == "parameter" else "local"
        return Target(path, name, span, span, kind, -1, scope, container, Confidence.EXACT)

    # ---------------------------------------------------------------- imports

    def imported(self, path: str, item: Import, depth: int = 0) -> list[Target]:
        """What the imported name is; [] for a module outside the workspace."""
        if depth > _MAX_DEPTH:
            return []
        if not item.name:
            module = item.module
            if item.alias_start == item.name_start and "." in module:
                module = module.partition(".")[0]  # `import a.b` binds a
            file = self.modules.find(path, module, item.level)
            return [self.module(file)] if file is not None else []
        file = self.modules.find(path, item.module, item.level)
        if file is not None:
            found = self.exported(file, item.name, depth + 1)
            if not found and item.name == "default":
                found = self.exported(file, item.alias, depth + 1)
            if found:
                return [target._replace(confidence=Confidence.IMPORT) for target in found]
            submodule = self.modules.submodule(file, item.name)
            return [self.module(submodule)] if submodule is not None else []
        inner = f"{item.module}.{item.name}" if item.module else item.name
        file = self.modules.find(path, inner, item.level)
        if file is not None:
            return [self.module(file)]
        return self._imported_by_path(path, item)

    def _imported_by_path(self, path: str, item: Import) -> list[Target]:
        """Languages whose imports name a symbol's package: `import a.b.C`, `use a::b::c`."""
        language = self.snapshot.language(path)
        if language is None or language.modules in ("python", "path", "include", ""):
            return []
        parts = [part for part in re.split(r"[./:]+", item.module) if part]
        hits = [h for h in self.symbols_named(item.name) if not h.container]
        scored = [(self._shared(h.path, parts), h) for h in hits if self._same_family(path, h.path)]
        best = max((score for score, _ in scored), default=0)
        chosen = [h for score, h in scored if score == best]
        return self._targets(chosen, Confidence.IMPORT) if best and len(chosen) == 1 else []

    def _shared(self, path: str, parts: list[str]) -> int:
        folders = os.path.splitext(path)[0].split(os.sep)
        return sum(1 for part in parts if part in folders)

    def exported(self, path: str, name: str, depth: int = 0) -> list[Target]:
        """What another file gets for `name` out of `path`: its top level, then re-exports."""
        key = (path, name)
        if key in self._exports:
            return self._exports[key]
        self._exports[key] = []  # a cycle of star imports ends here
        facts = self.facts(path)
        if facts is None or depth > _MAX_DEPTH:
            return []
        found = [self.target_of(path, i) for i in self.member_indexes(path, -1).get(name, ())]
        if not found:
            for item in facts.imports:
                if (item.alias or item.name) == name and item.name != "*":
                    found += self.imported(path, item, depth + 1)
        if not found and name in (facts.scopes[0].bindings if facts.scopes else {}):
            start, kind = facts.scopes[0].bindings[name]
            if kind != "import":
                found = [self._local(path, facts, 0, name, start)]
        if not found:
            found = self._from_stars(path, facts, name, depth + 1)
        found = list({target.key: target for target in found}.values())
        self._exports[key] = found
        return found

    def _from_stars(self, path: str, facts: FileFacts, name: str, depth: int) -> list[Target]:
        if depth > _MAX_DEPTH:
            return []
        for item in facts.imports:
            if item.name == "*":
                file = self.modules.find(path, item.module, item.level)
                found = self.exported(file, name, depth + 1) if file is not None else []
                if found:
                    return [target._replace(confidence=Confidence.IMPORT) for target in found]
        return []

    def _resolve_import_token(self, occurrence: Occurrence) -> list[Target]:
        path, name, span = occurrence.path, occurrence.name, occurrence.span
        facts = self.facts(path)
        for item in facts.imports if facts is not None else ():
            if not item.start <= span.start < item.end:
                continue
            if span.start in (item.name_start, item.alias_start) and item.name:
                return self.imported(path, item)
            if span.start == item.alias_start != item.name_start:
                return self.imported(path, item)
        for item in facts.imports if facts is not None else ():
            if item.start <= span.start < item.end and name in item.module.split("."):
                prefix = item.module.split(".")
                prefix = prefix[: self._module_part(path, item, span.start) + 1]
                file = self.modules.find(path, ".".join(prefix), item.level)
                return [self.module(file)] if file is not None else []
        return []

    def _module_part(self, path: str, item: Import, offset: int) -> int:
        """Which part of the dotted module name stands at `offset`."""
        statement = self.snapshot.text(path).data[item.start : offset]
        tail = re.search(rb"([\w.]*)\Z", statement)
        return tail.group(1).lstrip(b".").count(b".") if tail else 0

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
        elif parts and self._is_foreign(path, parts[0], start):
            return []
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
        if value.target.kind not in CLASS_KINDS or depth > _MAX_DEPTH:
            return False
        facts = self.facts(value.target.path)
        bases = facts.symbols[value.target.symbol].bases if facts is not None else ()
        if any("=" not in base and base != "object" for base in bases):
            resolved = [v for base in self.bases(value.target) for v in [Value(base)]]
            return len(resolved) >= len(bases) and all(self._closed(v, depth + 1) for v in resolved)
        return True

    def _is_foreign(self, path: str, part: Part, offset: int) -> bool:
        """True when the chain starts at an import of a module outside the workspace."""
        facts = self.facts(path)
        if facts is None:
            return False
        scope = facts.scope_at(offset)
        while scope >= 0:
            binding = facts.scopes[scope].bindings.get(part.name)
            if binding is not None:
                return binding[1] == "import" and not self.resolve_name(path, part.name, offset)
            scope = facts.scopes[scope].parent
        return False

    def evaluate(self, path: str, parts: list[Part], offset: int, depth: int = 0) -> list[Value]:
        """What the receiver chain `parts` is at `offset`; [] when unknown."""
        if depth > 4:
            return []
        first = parts[0]
        if first.name == "super":
            enclosing = self.enclosing_class(path, offset)
            bases = self.bases(enclosing) if enclosing is not None else []
            values = [Value(base, instance=True) for base in bases]
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
        first = re.search(r"\(\s*(?:/\s*,\s*)?(\w+)", facts.symbols[index].signature)
        return first is not None and first.group(1) == name

    def enclosing_class(self, path: str, offset: int) -> Target | None:
        facts = self.facts(path)
        index = facts.symbol_at(offset) if facts is not None else -1
        while facts is not None and index >= 0:
            if facts.symbols[index].kind in CLASS_KINDS:
                return self.target_of(path, index)
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
                returned = symbol.signature.rpartition("->")[2] if "->" in symbol.signature else ""
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
        if target.kind == "parameter":
            match = re.compile(rb"[ \t]*:[ \t]*([^=,)\n]+)").match(data, end)
            return self._annotated(target.path, _decoded(match), end, depth) if match else []
        match = _ANNOTATION.match(data, end)
        if match and (values := self._annotated(target.path, _decoded(match), end, depth)):
            return values
        match = _ASSIGNED.match(data, end)
        if match is None:
            return []
        names = match.group(1).decode("utf-8", "replace").split(".")
        parts = [Part(name, False, match.start(1)) for name in names if name]
        if not parts or parts[0].name == target.name:
            return []
        parts[-1] = parts[-1]._replace(called=bool(match.group(2)))
        return self.evaluate(target.path, parts, match.start(1), depth + 1)

    def _annotated(self, path: str, annotation: str, offset: int, depth: int) -> list[Value]:
        """Instances of the classes an annotation names: `X | None`, `Optional["X"]`."""
        values: list[Value] = []
        for dotted in _IDENTIFIER.findall(annotation)[:6]:
            parts = [Part(name, False, offset) for name in dotted.split(".")]
            if parts[0].name in ("Self",):
                enclosing = self.enclosing_class(path, offset)
                values += [Value(enclosing, instance=True)] if enclosing is not None else []
                continue
            for value in self.evaluate(path, parts, offset, depth + 1):
                if value.target.kind in CLASS_KINDS:
                    values.append(Value(value.target, instance=True))
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
            return []
        for ancestor in self.lineage(target):
            indexes = self.member_indexes(ancestor.path, ancestor.symbol).get(name)
            if indexes:
                return [self.target_of(ancestor.path, index) for index in indexes]
        if not value.instance:
            for meta in self.metaclasses(target):
                found = self.member(Value(meta, instance=True), name)
                if found:
                    return found
        return []

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

    def lineage(self, target: Target) -> Iterable[Target]:
        """The class and its bases in the workspace, nearest first, each once."""
        seen: set[tuple[str, int]] = set()
        queue = [target]
        while queue and len(seen) < 64:
            current = queue.pop(0)
            if current.key in seen:
                continue
            seen.add(current.key)
            yield current
            queue += self.bases(current)

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

    def _by_name(self, path: str, name: str, *, members: bool) -> list[Target]:
        """Definitions that merely have the name: UNIQUE when there is one, else NAME."""
        hits = [
            hit
            for hit in self.symbols_named(name)
            if bool(hit.container) == members and self._same_family(path, hit.path)
        ]
        if not members:
            near = [hit for hit in hits if os.path.dirname(hit.path) == os.path.dirname(path)]
            hits = near or hits
        if not hits or len(hits) > _MAX_BY_NAME:
            return []
        confidence = Confidence.UNIQUE if len(hits) == 1 else Confidence.NAME
        return self._targets(hits, confidence)

    def _same_family(self, path: str, other: str) -> bool:
        """Languages that see each other's names: those that name modules the same way."""
        ours, theirs = self.snapshot.language(path), self.snapshot.language(other)
        if ours is None or theirs is None:
            return False
        return ours.id == theirs.id or (bool(ours.modules) and ours.modules == theirs.modules)

    def _targets(self, hits: Iterable[SymbolHit], confidence: Confidence) -> list[Target]:
        targets: list[Target] = []
        for hit in hits:
            index = self.symbol_starting(hit.path, hit.name_start)
            if index >= 0:
                targets.append(self.target_of(hit.path, index, confidence))
        return targets


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
