"""The uses of a name that a scope binds: in its file, and wherever imports carry it.

A module's name spreads through `from m import name` (the importing file then binds it too, and
may hand it on), through `from m import *`, and through `m.name`. An alias ends the spreading.
"""

from __future__ import annotations

from collections import defaultdict, deque

from treewright_agent.operations.renaming.model import (
    STAR,
    Found,
    Names,
    Place,
    Root,
    Scoped,
)
from treewright_agent.operations.renaming.roots import twin_of
from treewright_agent.operations.renaming.strings import is_data
from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.model import FileFacts, Import, Role


class Bindings:
    """The scopes that share one name, and the import tokens through which they do."""

    def __init__(self, names: Names, root: Root) -> None:
        self.names = names
        self.scopes: set[Scoped] = set()
        self.tokens: set[tuple[str, int]] = set()
        """(file, offset) of the names in `from m import name`."""
        self.providers: set[str] = set()
        """Modules of which the name is an attribute."""
        self._spread(root)

    def _spread(self, root: Root) -> None:
        names = self.names
        queue = deque(root.scoped)
        importing: dict[str, list[tuple[str, FileFacts, Import]]] = defaultdict(list)
        if any(scoped.scope == 0 for scoped in root.scoped):
            importing = self._importing()
        while queue:
            scoped = queue.popleft()
            if scoped in self.scopes:
                continue
            self.scopes.add(scoped)
            if scoped.scope > 0:
                continue
            self.providers.add(scoped.path)
            twin = twin_of(names, scoped.path)
            if twin and scoped.scope == 0:
                queue.append(Scoped(twin, 0))
            for path, facts, item in importing.get(scoped.path, ()):
                if path == scoped.path:
                    continue
                if item.name == "*":
                    queue.extend(self._star(path, facts, scoped.path))
                    continue
                self.tokens.add((path, item.name_start))
                if item.alias == names.old:
                    queue.append(Scoped(path, facts.scope_at(item.start)))

    def _importing(self) -> dict[str, list[tuple[str, FileFacts, Import]]]:
        """module file -> the imports that may take the name from it."""
        names = self.names
        find = names.resolver.modules.find
        found: dict[str, list[tuple[str, FileFacts, Import]]] = defaultdict(list)
        for path, facts, _ in names.files():
            for item in facts.imports:
                if item.name == names.old:
                    file = find(path, item.module, item.level)
                    if file is not None:
                        found[file].append((path, facts, item))
        for path, _ in names.snapshot.uses("*"):  # who takes everything need not name it
            facts = names.facts(path) if names.is_python(path) else None
            for item in facts.imports if facts is not None else ():
                if item.name == "*":
                    file = find(path, item.module, item.level)
                    if file is not None and facts is not None:
                        found[file].append((path, facts, item))
        return found

    def _star(self, path: str, facts: FileFacts, module: str) -> list[Scoped]:
        name = self.names.old
        exported = self.names.facts(module)
        listed = exported.exports if exported is not None else None
        if (listed is None and name.startswith("_")) or (listed is not None and name not in listed):
            return []
        if name in facts.scopes[0].bindings:
            return []  # the file binds it itself
        return [Scoped(path, STAR)]

    # ---------------------------------------------------------------- the places

    def find(self, found: Found) -> None:
        """Every place of the shared name. Raises RefusedError for one that cannot follow."""
        names = self.names
        for path, start in self.tokens:
            found.add(Place(path, names.span(start)))
        by_path: dict[str, set[int]] = defaultdict(set)
        for path, scope in self.scopes:
            by_path[path].add(scope)
        for path, scopes in by_path.items():
            facts = names.facts(path)
            if facts is None:
                continue
            names.token.check()
            for reference in names.bare(path):
                if home_of(facts, reference.start, names.old) in scopes and not is_data(
                    names, path, reference.start
                ):
                    found.add(Place(path, names.span(reference.start)))
            for item in facts.imports:
                if item.alias == names.old and facts.scope_at(item.start) in scopes:
                    found.add(self._import_place(path, item))
        if self.providers:
            self._attributes(found)

    def _import_place(self, path: str, item: Import) -> Place:
        """The token of an import that binds the name in one of the scopes."""
        names = self.names
        if item.alias_start != item.name_start:  # `import x as name`, `from m import name as name`
            return Place(path, names.span(item.alias_start))
        if (path, item.name_start) in self.tokens:
            return Place(path, names.span(item.name_start))
        if not item.name and "." in item.module:
            raise RefusedError(
                f"`import {item.module}` at {names.shown(path, item.start)} binds the same name"
            )
        # The same name from elsewhere, as in `try: … except ImportError:`.
        return Place(path, names.span(item.name_start), "", f"{names.old} as {names.new}")

    def _attributes(self, found: Found) -> None:
        """`m.name` with a module that offers the name."""
        names = self.names
        for path, facts, references in names.files():
            behind_dot = [r.start for r in references if r.attribute]
            behind_dot += [
                r.start
                for r in references
                if not r.attribute
                and r.role == Role.READ
                and self._in_pattern(path, facts, r.start)
            ]
            if not behind_dot:
                continue
            data = names.data(path)
            for start in behind_dot:
                parts = receiver_before(data, start)
                if not parts or parts[-1].called:
                    continue
                if len(parts) == 1 and not self._may_be_module(path, facts, parts[0].name):
                    continue
                values = names.values_before(path, start)
                if any(
                    v.target.kind == "module" and v.target.path in self.providers for v in values
                ):
                    found.add(Place(path, names.span(start)))

    def _may_be_module(self, path: str, facts: FileFacts, name: str) -> bool:
        """Modules come into a file by imports; anything else in front of a dot is no module."""
        package = path.endswith(("__init__.py", "__init__.pyi"))
        return package or any(item.alias == name or item.name == "*" for item in facts.imports)

    def _in_pattern(self, path: str, facts: FileFacts, start: int) -> bool:
        """`m.NAME` in a `case`, which is no attribute to the grammar."""
        if home_of(facts, start, self.names.old) >= 0:
            return False
        before = self.names.data(path)[max(0, start - 32) : start].rstrip()
        return before.endswith(b".") and not before.endswith(b"..")
