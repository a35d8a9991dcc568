"""Replace import: use `c.d` wherever the workspace imports `a.b`, with the places that use it.

`a.b` is a module or a name of one. `import a.b`, `from a import b`, `from a.b import x`, relative
imports and aliases are all followed; what is written `a.b.x` in the code becomes `c.d.x`. Strings
that name it are listed. Each file is a part that can be accepted alone.

        //- m.py
        import old.api
        from old.api import get as fetch

        old.api.post(fetch())
    -> {"old": "old.api", "new": "new.client"}
        //- m.py
        import new.client
        from new.client import get as fetch

        new.client.post(fetch())
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import OneImport, Removal, unused_without
from treewright_agent.operations.imports import Statement, Wanted
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.names import require_identifier
from treewright_agent.operations.scoping import home_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph.imports import ModuleFinder, module_name
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


class ReplaceImport(Arguments, frozen=True):
    old: Annotated[str, msgspec.Meta(description="Dotted module, or dotted name of a module.")]
    new: Annotated[str, msgspec.Meta(description="What is imported instead, dotted.")]
    path: Annotated[str, msgspec.Meta(description="Only in this file; empty: everywhere.")] = ""


def _plan(snapshot: Snapshot, arguments: ReplaceImport, token: CancelToken) -> SourceChange:
    old, new = arguments.old.strip(), arguments.new.strip()
    for what, dotted in (("old", old), ("new", new)):
        for part in dotted.split("."):
            require_identifier(part, what)
    if old == new:
        raise RefusedError(f"`{old}` is what is imported already")
    only = snapshot.require_inside(arguments.path) if arguments.path else ""
    build = ChangeBuilder(snapshot)
    n_found = 0
    for path in sorted(snapshot.files_naming(old.rpartition(".")[2])):
        token.check()
        language = snapshot.language(path)
        if language is None or language.id != "python" or (only and path != only):
            continue
        try:
            n_found += _File(snapshot, path, old, new, build).replace()
        except RefusedError as error:
            raise RefusedError(f"{snapshot.display_path(path)}: {error}") from error
    if not n_found:
        raise RefusedError(f"nothing imports `{old}`")
    return build.build()


class _File:
    def __init__(
        self, snapshot: Snapshot, path: str, old: str, new: str, build: ChangeBuilder
    ) -> None:
        self.snapshot, self.path, self.old, self.new = snapshot, path, old, new
        self.removal = Removal(snapshot, path)
        self.facts = self.removal.facts
        self.text = snapshot.text(path)
        self.data = self.text.data
        self.build = build
        self.groups = (path,)
        self.wanted: list[Wanted] = []
        self.dropped: list[OneImport] = []
        package = module_name(snapshot, path) or ""
        is_package = path.rpartition("/")[2].startswith("__init__.")
        self.package = package if is_package else package.rpartition(".")[0]

    def replace(self) -> int:
        """How many imports of this file mean the old one."""
        n_found = 0
        for statement in self.removal.statements:
            n_found += self._statement(statement)
        if not n_found:
            return 0
        if self.dropped:
            self.removal.remove(self.build.file(self.path), self.dropped, groups=self.groups)
        if self.wanted:
            ImportBlock(self.snapshot, self.path).add(
                self.build.file(self.path), self.wanted, groups=self.groups
            )
        self._strings()
        return n_found

    def _statement(self, statement: Statement) -> int:
        scope = self.facts.scope_at(statement.start)
        if not statement.is_from:
            return sum(
                self._plain(statement, item_index, scope)
                for item_index in range(len(statement.items))
            )
        module = self._absolute(statement.module)
        if module is None:
            return 0
        replaced = self._moved(module)
        if replaced is not None:  # `from a.b import x`, `from a.b.c import *`
            span = self._module_span(statement)
            self.build.file(self.path).replace(span, replaced, groups=self.groups)
            return 1
        hits = [item for item in statement.items if f"{module}.{item.name}" == self.old]
        if not hits:
            return 0
        (item,) = hits[:1]
        home, _, last = self.new.rpartition(".")
        binds = item.alias or item.name
        if not home:  # `from a import b` -> `import c`
            wanted = Wanted(last, "", binds if binds != last and item.alias else "")
        else:
            wanted = Wanted(home, last, item.alias if item.alias != last else "")
        self._require_free(wanted.binds, binds, scope)
        one = OneImport(statement, item, scope)
        if len(statement.items) == 1:
            self.build.file(self.path).replace(
                Span(statement.start, statement.end), wanted.statement(), groups=self.groups
            )
        else:
            self.dropped.append(one)
            if scope:
                raise RefusedError(
                    f"line {self.text.line_of(statement.start) + 1} imports it together with others"
                )
            self.wanted.append(wanted)
        if wanted.binds != binds:
            self._rename(binds, wanted.binds, scope)
        return 1

    def _plain(self, statement: Statement, index: int, scope: int) -> int:
        item = statement.items[index]
        replaced = self._moved(item.name)
        editor = self.build.file(self.path)
        if replaced is None:
            # `import a` and then `a.b.x`: the submodule was imported by somebody else.
            if item.alias or not self.old.startswith(item.name + "."):
                return 0
            if "." in item.name:
                return 0
            chains = self._chains(self.old, scope)
            if not chains or self._imports_old():
                return 0
            self._require_free(self.new.partition(".")[0], item.name, scope)
            for start, end in chains:
                editor.replace(Span(start, end), self.new, groups=self.groups)
            gone = [Span(*chain) for chain in chains]
            self.dropped += [
                one
                for one in unused_without(self.snapshot, self.path, gone)
                if one.statement.start == statement.start and one.item == item
            ]
            home, _, last = self.new.rpartition(".")
            if home and self._is_a_name():
                self.wanted.append(Wanted(home))
            else:
                self.wanted.append(Wanted(self.new) if home or not last else Wanted(last))
            return 1
        if item.alias:
            end = item.start + len(item.name.encode())
            if self.data[item.start : end].decode("utf-8", "replace") != item.name:
                raise RefusedError("an import is written with white space in its name")
            editor.replace(Span(item.start, end), replaced, groups=self.groups)
            return 1
        self._require_free(replaced.partition(".")[0], item.name.partition(".")[0], scope)
        editor.replace(Span(item.start, item.end), replaced, groups=self.groups)
        for start, end in self._chains(item.name, scope):
            editor.replace(Span(start, end), replaced, groups=self.groups)
        return 1

    def _is_a_name(self) -> bool:
        """Whether what is imported is known as something in a module, not as a module."""
        finder = ModuleFinder(self.snapshot)
        for dotted in (self.new, self.old):
            if finder.find(self.path, dotted, 0) is not None:
                return False
            if finder.find(self.path, dotted.rpartition(".")[0], 0) is not None:
                return True
        return False

    def _imports_old(self) -> bool:
        return any(
            self._moved(item.name) is not None and not item.alias
            for statement in self.removal.statements
            if not statement.is_from
            for item in statement.items
        )

    # ---------------------------------------------------------------- names

    def _absolute(self, module: str) -> str | None:
        bare = module.lstrip(".")
        level = len(module) - len(bare)
        if not level:
            return bare
        parts = self.package.split(".") if self.package else []
        if level - 1 > len(parts):
            return None
        parts = parts[: len(parts) - (level - 1)]
        return ".".join([*parts, *([bare] if bare else [])])

    def _moved(self, dotted: str) -> str | None:
        if dotted == self.old:
            return self.new
        if dotted.startswith(self.old + "."):
            return self.new + dotted[len(self.old) :]
        return None

    def _module_span(self, statement: Statement) -> Span:
        node = statement.node.child_by_field_name("module_name")
        assert node is not None
        return Span(*node.byte_range)

    def _chains(self, dotted: str, scope: int) -> list[tuple[int, int]]:
        """Where the dotted name is written in the code, as what the import binds."""
        first = dotted.partition(".")[0]
        pattern = re.compile(
            rb"\s*\.\s*".join(re.escape(part.encode()) for part in dotted.split("."))
            + rb"(?![\w\x80-\xff])"
        )
        found: list[tuple[int, int]] = []
        for reference in self.facts.references(first):
            if reference.attribute or reference.role in (Role.IMPORT, Role.KEYWORD):
                continue
            match = pattern.match(self.data, reference.start)
            if match is not None and home_of(self.facts, reference.start, first) == scope:
                found.append((match.start(), match.end()))
        return found

    def _require_free(self, new: str, old: str, scope: int) -> None:
        """Raises RefusedError when `new` already means something else in the file."""
        if new == old:
            return
        for index, each in enumerate(self.facts.scopes):
            binding = each.bindings.get(new)
            if binding is None:
                continue
            if binding[1] == "import" and self._is_ours(new, index):
                continue
            if index == scope or any(
                home_of(self.facts, r.start, old) == scope and each.start <= r.start < each.end
                for r in self.facts.references(old)
                if not r.attribute
            ):
                line = self.text.line_of(binding[0]) + 1
                raise RefusedError(f"`{new}` already means something else (line {line})")

    def _is_ours(self, name: str, scope: int) -> bool:
        """Whether the import that binds `name` is of the new module's package or of its name."""
        top = self.new.partition(".")[0]
        for item in self.facts.imports:
            if item.alias == name and self.facts.scope_at(item.start) == scope:
                whole = f"{item.module}.{item.name}" if item.name else item.module
                return whole == self.new or (name == top and not item.name)
        return False

    def _rename(self, old: str, new: str, scope: int) -> None:
        for reference in self.facts.references(old):
            if reference.attribute or reference.role in (Role.IMPORT, Role.KEYWORD):
                continue
            if home_of(self.facts, reference.start, old) == scope:
                span = Span(reference.start, reference.start + len(old.encode()))
                self.build.file(self.path).replace(span, new, groups=self.groups)
        if self.facts.exports is not None and old in self.facts.exports:
            raise RefusedError(f"`__all__` exports `{old}`")

    def _strings(self) -> None:
        pattern = re.compile(rb"['\"]" + re.escape(self.old.encode()) + rb"(?=[.'\"])")
        for match in pattern.finditer(self.data):
            self.build.note(
                self.path, Span(match.start(), match.end()), f"a string names `{self.old}`"
            )


REPLACE_IMPORT = Operation(
    name="replace_import",
    title="Replace import",
    arguments=ReplaceImport,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
