"""Names: what a bare name or an import means, through scopes and modules.

Python's rules (LEGB without the builtins, class scopes invisible to the functions in them, star
imports last) and those of other languages as far as their facts say.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import ModuleFinder
from treewright_indexer.graph.model import Confidence, Occurrence, Target
from treewright_indexer.graph.packages import is_package_file
from treewright_indexer.model import FileFacts, Import
from treewright_indexer.snapshot import Snapshot, SymbolHit
from treewright_indexer.text import Span

MAX_DEPTH = 16
"""Longest chain of re-exports or base classes that is followed."""
_DEFAULT = re.compile(
    rb"^[ \t]*export[ \t]+default[ \t]+(?:(?:async|abstract)[ \t]+)?(?:class[ \t]+|function[ \t]*\*?[ \t]+)?"
    rb"(?!(?:class|function|async|new)\b)([^\W\d][\w$]*)[ \t]*(?=[;{(<\n\r]|extends|implements|\Z)",
    re.MULTILINE,
)
_SHORT_DECLARATION = re.compile(rb"[\w, ]*:=[^;{\n]*")
_MAX_BY_NAME = 12
"""More definitions of one name than this say nothing."""


def visible_scopes(facts: FileFacts, scope: int, *, python: bool) -> Iterator[int]:
    """The scopes whose names are seen from `scope`, innermost first.

    In Python a class hides its names from what is inside it, except from its own statements and
    from the scopes of type parameters in them: `def f[T](self, a: Inner)`.
    """
    direct = True
    while scope >= 0:
        here = facts.scopes[scope]
        if direct or not (python and here.kind == "class"):
            yield scope
        parameters = here.kind == "block" and here.bindings.values()
        direct = direct and any(kind == "type" for _, kind in parameters or ())
        scope = here.parent


class Names:
    """Names on one snapshot; remembers what it read for the length of one answer."""

    def __init__(self, snapshot: Snapshot, token: CancelToken | None = None) -> None:
        self.snapshot = snapshot
        self.token = token or CancelToken()
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

    # ---------------------------------------------------------------- bare names

    def resolve_name(self, path: str, name: str, offset: int) -> list[Target]:
        """A bare name at `offset`, through the scopes around it."""
        facts = self.facts(path)
        if facts is None:
            return []
        scope = facts.scope_at(offset)
        binding = facts.scopes[scope].bindings.get(name) if scope > 0 else None
        if binding is not None and self._is_made_of(path, binding[0], offset):
            scope = facts.scopes[scope].parent
        key = (path, scope, name)
        if key not in self._names:
            self._names[key] = []  # a cycle of imports ends here
            self._names[key] = self._resolve_name(path, facts, scope, name)
        return self._names[key]

    def _is_made_of(self, path: str, start: int, offset: int) -> bool:
        """`value := value + 1` in Go: the second one is not the one that begins here."""
        if not start < offset or not is_package_file(path):
            return False
        between = self.snapshot.text(path).data[start : min(offset, start + 400)]
        return _SHORT_DECLARATION.fullmatch(between) is not None

    def _resolve_name(self, path: str, facts: FileFacts, scope: int, name: str) -> list[Target]:
        language = self.snapshot.language(path)
        python = language is not None and language.modules == "python"
        for visible in visible_scopes(facts, scope, python=python):
            binding = facts.scopes[visible].bindings.get(name)
            if binding is None:
                continue
            start, kind = binding
            if kind == "global":
                if name in facts.scopes[0].bindings:
                    return self._bound(path, facts, 0, name)
                return [self._local(path, facts, scope, name, start)]
            if kind != "nonlocal":
                return self._bound(path, facts, visible, name)
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
        if depth > MAX_DEPTH:
            return []
        if not item.name:
            module = item.module
            language = self.snapshot.language(path)
            python = language is not None and language.modules == "python"
            if python and item.alias_start == item.name_start and "." in module:
                module = module.partition(".")[0]  # `import a.b` binds a
            file = self.modules.find(path, module, item.level)
            return [self.module(file)] if file is not None else []
        file = self.modules.find(path, item.module, item.level)
        if file is not None:
            found = self.exported(file, item.name, depth + 1)
            if not found and item.name == "default":
                named = _DEFAULT.search(self.snapshot.text(file).data)
                if named is not None:
                    found = self.exported(file, named.group(1).decode(), depth + 1)
            if not found and item.name == "default":
                found = self.exported(file, item.alias, depth + 1)
            if found:
                return [target._replace(confidence=Confidence.IMPORT) for target in found]
            submodule = self.modules.submodule(file, item.name)
            if submodule is not None:
                return [self.module(submodule)]
            if not self._names_packages(path):
                return []
        inner = f"{item.module}.{item.name}" if item.module else item.name
        file = self.modules.find(path, inner, item.level)
        if file is not None:
            return [self.module(file)]
        return self._imported_by_path(path, item) if self._names_packages(path) else []

    def _names_packages(self, path: str) -> bool:
        """Whether imports of the file's language name what symbols are part of, not files."""
        language = self.snapshot.language(path)
        return language is not None and language.modules not in ("python", "path", "include", "")

    def _imported_by_path(self, path: str, item: Import) -> list[Target]:
        """Languages whose imports name a symbol's package: `import a.b.C`, `use a::b::c`."""
        parts = _parts(item.module)
        hits = [h for h in self.symbols_named(item.name) if self._same_family(path, h.path)]
        packages = [self._package_of(hit.path) for hit in hits]
        if any(packages):
            declared = [
                hit
                for hit, package in zip(hits, packages, strict=True)
                if package and parts == [*package, *_below(package, hit.container)]
            ]
            return self._targets(declared, Confidence.IMPORT)
        scored = [(self._shared(h.path, parts), h) for h in hits if not h.container]
        best = max((score for score, _ in scored), default=0)
        chosen = [h for score, h in scored if score == best]
        return self._targets(chosen, Confidence.IMPORT) if best and len(chosen) == 1 else []

    def _package_of(self, path: str) -> list[str]:
        """The parts of the package that a file says it belongs to; [] when it says nothing."""
        facts = self.facts(path)
        for symbol in facts.symbols if facts is not None else ():
            if symbol.kind == "package":
                return _parts(symbol.name)
            if symbol.parent >= 0:
                break
        return []

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
        if facts is None or depth > MAX_DEPTH:
            return []
        found = [self.target_of(path, i) for i in self.member_indexes(path, -1).get(name, ())]
        if is_package_file(path):
            return self._of_package(path, name, key)
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

    def _of_package(self, path: str, name: str, key: tuple[str, str]) -> list[Target]:
        """In Go every file of a folder adds to what the package holds."""
        folder = os.path.dirname(path)
        hits = [
            hit
            for hit in self.symbols_named(name)
            if not hit.container and os.path.dirname(hit.path) == folder
        ]
        self._exports[key] = self._targets(hits, Confidence.IMPORT)
        return self._exports[key]

    def _from_stars(self, path: str, facts: FileFacts, name: str, depth: int) -> list[Target]:
        if depth > MAX_DEPTH:
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

    # ---------------------------------------------------------------- by name alone

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


def _parts(name: str) -> list[str]:
    """Of a package's name, however its language separates them."""
    return [part for part in re.split(r"[./:\\\\]+", name) if part]


def _below(package: list[str], container: str) -> list[str]:
    """What stands between a package and a name in `container`, which may be the package itself."""
    return [container] if container and _parts(container) != package else []
