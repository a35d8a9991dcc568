"""Move symbol: move a function, class or variable of a module to another module.

The definition goes with its decorators and the comments on it; what it needs is imported where
it goes, who used it imports it from there, `__all__` and re-exports follow. Refused when the
two modules would import each other, when a name is taken, and for a variable that other code
writes.

        //- a.py
        import os


        def f$0():
            return os.name
        //- b.py
        x = 1
        //- c.py
        from a import f

        f()
    -> {"new_path": "b.py"}
        //- a.py
        //- b.py
        import os

        x = 1


        def f():
            return os.name
        //- c.py
        from b import f

        f()
"""

from __future__ import annotations

import os
import re
from collections import deque
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_block import ImportBlock
from treewright_agent.operations.import_removal import (
    OneImport,
    Removal,
    lines_of_statements,
)
from treewright_agent.operations.imports import Wanted
from treewright_agent.operations.model import Arguments, Operation
from treewright_agent.operations.move_file import absolute
from treewright_agent.operations.names import require_language
from treewright_agent.operations.renaming.bindings import Bindings
from treewright_agent.operations.renaming.jedi import Jedi
from treewright_agent.operations.renaming.model import Found, Names, Root
from treewright_agent.operations.renaming.roots import root_of
from treewright_agent.operations.scoping import home_of
from treewright_agent.operations.targets import find_occurrence
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.graph.imports import ModuleFinder, module_name
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_MODULES = 2000
_BINDS = frozenset({Role.WRITE, Role.DEFINITION})


class MoveSymbol(Arguments, frozen=True):
    new_path: Annotated[
        str,
        msgspec.Meta(description="The Python file it goes to; made if there is none."),
    ]
    path: Annotated[str, msgspec.Meta(description="The file it is in.")] = ""
    offset: Annotated[int | None, msgspec.Meta(description="A byte of its name.")] = None
    symbol: Annotated[str, msgspec.Meta(description="Its name, instead of offset.")] = ""


class _Needs(NamedTuple):
    """What the definition takes from around it."""

    imports: tuple[OneImport, ...]
    globals: tuple[str, ...]


def _plan(snapshot: Snapshot, arguments: MoveSymbol, token: CancelToken) -> SourceChange:
    occurrence = find_occurrence(
        snapshot, arguments.path, arguments.offset, arguments.symbol, token
    )
    require_language(snapshot, occurrence.path, "python", "move_symbol")
    names = Names(snapshot, token, occurrence.name, occurrence.name)
    root = root_of(names, occurrence, Jedi(snapshot, token))
    homes = [scoped for scoped in root.scoped if scoped.scope == 0]
    if len(homes) != 1 or root.classes or root.functions or root.module:
        raise RefusedError(f"`{occurrence.name}` is no function, class or variable of a module")
    source = homes[0].path
    target = snapshot.require_inside(absolute(snapshot, source, arguments.new_path))
    if target == source:
        raise RefusedError(f"`{names.old}` is in {snapshot.display_path(source)} already")
    if not target.endswith((".py", ".pyi")):
        raise RefusedError(f"{snapshot.display_path(target)} is no Python file")
    return _Move(snapshot, names, root, source, target, token).plan()


class _Move:
    def __init__(
        self,
        snapshot: Snapshot,
        names: Names,
        root: Root,
        source: str,
        target: str,
        token: CancelToken,
    ) -> None:
        self.snapshot = snapshot
        self.names = names
        self.name = names.old
        self.source = source
        self.target = target
        self.token = token
        self.finder = ModuleFinder(snapshot)
        self.build = ChangeBuilder(snapshot)
        self.exists = snapshot.exists(target)
        self.text = snapshot.text(source)
        self.facts = snapshot.file_facts(source)
        self.bindings = Bindings(names, root)
        self.target_name = self._module(target)
        self.source_name = self._module(source)
        self._imports: dict[str, list[OneImport]] = {}
        self.statements = self._definition()

    def _module(self, path: str) -> str:
        name = module_name(self.snapshot, path)
        if name is None:
            raise RefusedError(f"{self.snapshot.display_path(path)} cannot be imported")
        return name

    def plan(self) -> SourceChange:
        self._require_free()
        self._require_unwritten()
        self._require_at_home_anywhere()
        needs = self._needs()
        self._require_real(needs)
        stays = self._used_at_home()
        self._require_no_cycle(needs, bool(stays))
        self._take_out(needs, bool(stays))
        self._put_in(needs)
        for path in sorted(self._users()):
            self.token.check()
            self._follow(path)
        return self.build.build()

    # ---------------------------------------------------------------- what moves

    def _definition(self) -> list[Node]:
        """The statements at the top of the module that bind the name."""
        root = self.snapshot.tree(self.source).root_node
        found: list[Node] = []
        for reference in self.facts.references(self.name):
            if reference.attribute or reference.role not in _BINDS:
                continue
            if home_of(self.facts, reference.start, self.name) != 0:
                continue
            node = root.descendant_for_byte_range(reference.start, reference.start + 1)
            while node is not None and node.parent is not None and node.parent.type != "module":
                node = node.parent
            if node is None:
                continue
            if node.type not in ("function_definition", "class_definition", "decorated_definition"):
                self._require_simple(node)
            if all(node.id != other.id for other in found):
                found.append(node)
        if not found:
            raise RefusedError(f"`{self.name}` is not defined at the top of its module")
        kinds = {node.type for node in found}
        if len(found) > 1 and kinds & {"expression_statement"}:
            raise RefusedError(f"`{self.name}` is bound {len(found)} times in its module")
        return sorted(found, key=lambda node: node.start_byte)

    def _require_simple(self, node: Node) -> None:
        """`name = …` alone moves; part of an unpacking, a loop or an `if` does not."""
        inner = node.children[0] if node.type == "expression_statement" and node.children else None
        left = inner.child_by_field_name("left") if inner is not None else None
        if inner is None or inner.type != "assignment" or left is None or left.type != "identifier":
            kind = node.type.replace("_", " ")
            line = self.text.line_of(node.start_byte) + 1
            raise RefusedError(f"`{self.name}` is bound inside a larger {kind} (line {line})")

    def _spans(self) -> list[Span]:
        """Each statement with the comment lines right above it."""
        spans: list[Span] = []
        for node in self.statements:
            line = self.text.line_of(node.start_byte)
            while line and self._is_comment(line - 1):
                line -= 1
            spans.append(Span(self.text.line_starts[line], node.end_byte))
        return spans

    def _is_comment(self, line: int) -> bool:
        return self.text.slice(self.text.line_span(line)).startswith("#")

    def _inside(self, offset: int) -> bool:
        return any(node.start_byte <= offset < node.end_byte for node in self.statements)

    # ---------------------------------------------------------------- what it needs

    def _needs(self) -> _Needs:
        """Imports and globals of the module that the definition reads."""
        needed: set[str] = set()
        for name in self.facts.postings:
            if name == self.name:
                continue
            for reference in self.facts.references(name):
                if reference.attribute or reference.role in (Role.KEYWORD, Role.IMPORT):
                    continue
                if (
                    self._inside(reference.start)
                    and home_of(self.facts, reference.start, name) == 0
                ):
                    needed.add(name)
        imports: list[OneImport] = []
        for one in Removal(self.snapshot, self.source).imports():
            if one.scope == 0 and one.binds in needed:
                imports.append(one)
        imported = {one.binds for one in imports}
        return _Needs(tuple(imports), tuple(sorted(needed - imported)))

    def _used_at_home(self) -> list[int]:
        """Uses of the name in its old module outside of its own definition."""
        listed = self._listed(self.source)
        return [
            reference.start
            for reference in self.facts.references(self.name)
            if not reference.attribute
            and reference.role not in (Role.KEYWORD, Role.IMPORT)
            and not self._inside(reference.start)
            and reference.start not in listed
            and home_of(self.facts, reference.start, self.name) == 0
        ]

    def _listed(self, path: str) -> list[int]:
        """Offsets of the name in the module's `__all__`."""
        data = self.snapshot.text(path).data
        facts = self.snapshot.file_facts(path)
        return [
            reference.start
            for reference in facts.references(self.name)
            if data[reference.start - 1 : reference.start] in (b'"', b"'")
            and self.name in (facts.exports or ())
            and facts.scope_at(reference.start) == 0
        ]

    # ---------------------------------------------------------------- what stands in the way

    def _require_free(self) -> None:
        if not self.exists:
            return
        facts = self.snapshot.facts(self.target)
        binding = facts.scopes[0].bindings.get(self.name)
        if binding is None:
            return
        for one in Removal(self.snapshot, self.target).imports():
            if one.binds == self.name and one.scope == 0 and self._is_ours(self.target, one):
                return
        line = self.snapshot.text(self.target).line_of(binding[0]) + 1
        shown = self.snapshot.display_path(self.target)
        raise RefusedError(f"`{self.name}` is a {binding[1]} in {shown} already (line {line})")

    def _require_at_home_anywhere(self) -> None:
        """What asks for its own module gives another answer elsewhere; what is there for type
        checkers alone cannot be imported; a module that refuses to be loaded serves nobody."""
        for name in ("__name__", "__file__", "__package__", "__spec__", "globals"):
            for reference in self.facts.references(name):
                quoted = self.text.data[reference.start - 1 : reference.start] in (b'"', b"'")
                if self._inside(reference.start) and not reference.attribute and not quoted:
                    raise RefusedError(f"`{self.name}` asks for its own module with `{name}`")
        if self.exists:
            for node in self.snapshot.tree(self.target).root_node.named_children:
                if node.type in ("assert_statement", "raise_statement"):
                    shown = self.snapshot.display_path(self.target)
                    raise RefusedError(f"{shown} can only be loaded under a condition")

    def _require_real(self, needs: _Needs) -> None:
        root = self.snapshot.tree(self.source).root_node
        for name in needs.globals:
            binding = self.facts.scopes[0].bindings.get(name)
            if binding is None:
                continue  # a function makes it global
            start = binding[0]
            node = root.descendant_for_byte_range(start, start)
            while node is not None:
                condition = (
                    node.child_by_field_name("condition") if node.type == "if_statement" else None
                )
                if condition is not None and b"TYPE_CHECKING" in (condition.text or b""):
                    raise RefusedError(
                        f"`{self.name}` needs `{name}`, which is there for type checkers alone"
                    )
                node = node.parent

    def _require_unwritten(self) -> None:
        if self.statements[0].type != "expression_statement":
            return
        for reference in self.facts.references(self.name):
            writes = reference.role in (Role.WRITE, Role.DELETE) and not reference.attribute
            if not writes or self._inside(reference.start):
                continue
            if home_of(self.facts, reference.start, self.name) == 0:
                line = self.text.line_of(reference.start) + 1
                raise RefusedError(f"`{self.name}` is written elsewhere too (line {line})")
        for path, references in self.names.uses.items():
            for reference in references:
                writes = reference.attribute and reference.role == Role.WRITE
                if writes and self._is_module_attribute(path, reference.start):
                    raise RefusedError(
                        f"`{self.name}` is written through its module at"
                        f" {self.names.shown(path, reference.start)}"
                    )

    def _require_no_cycle(self, needs: _Needs, stays: bool) -> None:
        """No module that comes to import the new one may be imported by it, straight or not."""
        if needs.globals and stays:
            raise RefusedError(
                f"{self.snapshot.display_path(self.source)} still uses `{self.name}`, which needs"
                f" {', '.join(f'`{name}`' for name in needs.globals)} of it: they would import each"
                " other"
            )
        importers = {path for path in self._users() if self._imports_early(path)}
        if stays:
            importers.add(self.source)
        first = [self.source] if needs.globals else []
        for one in needs.imports:
            if not _for_types(one):
                first += self._modules_of(self.source, one)
        reached = self._reached([*first, self.target])
        for path in sorted(importers & reached.keys()):
            way = self.snapshot.display_path(reached[path])
            raise RefusedError(
                f"{self.snapshot.display_path(path)} would import"
                f" {self.snapshot.display_path(self.target)} for `{self.name}`, which imports it"
                f" (by {way}): they would import each other"
            )
        reached = self._reached(first)
        if self.target in reached:
            what = ", ".join(f"`{name}`" for name in needs.globals) or "an import"
            raise RefusedError(
                f"`{self.name}` needs {what}, and"
                f" {self.snapshot.display_path(reached[self.target])} imports"
                f" {self.snapshot.display_path(self.target)}: they would import each other"
            )

    def _imports_early(self, path: str) -> bool:
        """Whether a user of the name comes to import the new module when it is loaded itself."""
        taken = [one for one in self._imports_of(path) if self._is_ours(path, one)]
        if taken and all(one.scope != 0 or _for_types(one) for one in taken):
            return False
        return not any(
            self.target in self._modules_of(path, one)
            for one in self._imports_of(path)
            if one.scope == 0 and not _for_types(one)
        )

    def _imports_of(self, path: str) -> list[OneImport]:
        if path not in self._imports:
            try:
                self._imports[path] = Removal(self.snapshot, path).imports()
            except TreewrightError:
                self._imports[path] = []
        return self._imports[path]

    def _reached(self, first: list[str]) -> dict[str, str]:
        """Modules that loading the new module loads -> the one that imports them; but for
        imports of the moved name itself."""
        reached = {path: self.target for path in first if path != self.target}
        queue = deque(first)
        seen = set(queue)
        while queue and len(seen) < _MAX_MODULES:
            path = queue.popleft()
            self.token.check()
            for one in self._imports_of(path):
                if one.scope != 0 or self._is_ours(path, one) or _for_types(one):
                    continue
                for found in self._modules_of(path, one):
                    if found == path:
                        continue
                    reached.setdefault(found, path)
                    if found not in seen:
                        seen.add(found)
                        queue.append(found)
        return reached

    def _modules_of(self, path: str, one: OneImport) -> list[str]:
        bare = one.module.lstrip(".")
        level = len(one.module) - len(bare)
        inner = f"{bare}.{one.name}".strip(".") if one.name else bare
        found = [self.finder.find(path, bare, level), self.finder.find(path, inner, level)]
        own = os.path.dirname(path)
        for module in [each for each in found if each is not None]:  # packages load first
            folder = os.path.dirname(module)
            while not (own + os.sep).startswith(folder + os.sep):
                package = os.path.join(folder, "__init__.py")
                if not self.snapshot.exists(package):
                    break
                found.append(package)
                folder = os.path.dirname(folder)
        return [each for each in found if each is not None]

    # ---------------------------------------------------------------- out of the old module

    def _take_out(self, needs: _Needs, stays: bool) -> None:
        editor = self.build.file(self.source)
        for node, span in zip(self.statements, self._spans(), strict=True):
            editor.delete(lines_of_statements(self.text, [node], comment=span.start))
        for start in self._listed(self.source):
            self._take_out_of_list(start)
        gone = [one for one in needs.imports if not self._needed_at_home(one)]
        Removal(self.snapshot, self.source).remove(editor, gone)
        if stays:
            self._import_at(self.source, self.name)

    def _take_out_of_list(self, start: int) -> None:
        """The name's string goes out of `__all__`; one that stays alone in a tuple keeps a comma."""
        editor = self.build.file(self.source)
        node = self.snapshot.tree(self.source).root_node.descendant_for_byte_range(start, start)
        while node is not None and node.type not in ("tuple", "list", "module"):
            node = node.parent
        items = node.named_children if node is not None and node.type == "tuple" else []
        if node is not None and len(items) == 2:
            kept = items[1] if items[0].start_byte <= start < items[0].end_byte else items[0]
            shown = self.text.slice(Span(*kept.byte_range))
            editor.replace(Span(node.start_byte + 1, node.end_byte - 1), f"{shown},")
            return
        span = _list_item(self.text.data, start - 1, start + len(self.name.encode()) + 1)
        editor.delete(span)

    def _needed_at_home(self, one: OneImport) -> bool:
        for reference in self.facts.references(one.binds):
            if reference.attribute or reference.role in (Role.KEYWORD, Role.IMPORT):
                continue
            elsewhere = not self._inside(reference.start)
            if elsewhere and home_of(self.facts, reference.start, one.binds) == 0:
                return True
        package = os.path.basename(self.source).startswith("__init__.")
        return package or self._is_taken_from_home(one.binds)

    def _is_taken_from_home(self, name: str) -> bool:
        """Another file imports the name from the old module."""
        for path, _ in self.snapshot.uses(name):
            if path == self.source or not path.endswith((".py", ".pyi")):
                continue
            for item in self.snapshot.facts(path).imports:
                find = self.finder.find
                if item.name == name and find(path, item.module, item.level) == self.source:
                    return True
        return self._is_patched(name)

    def _is_patched(self, name: str) -> bool:
        """A test may replace the name in the old module: `setattr(module, "name", …)`."""
        module = self.source_name.rpartition(".")[2]
        patched = re.compile(
            rf"(?:attr|patch|\.object|\.multiple)\((?:[^()]|\([^()]*\))*?"
            rf"(?:[\"']{re.escape(name)}[\"']|\b{re.escape(name)}\s*=)"
            rf"|[\"'][\w.]*\b{re.escape(module)}\.{re.escape(name)}[\"'.]".encode()
        )
        for path in self.snapshot.files_naming(module):
            data = self.names.data(path) if path.endswith(".py") else b""
            if path != self.source and patched.search(data):
                return True
        return False

    # ---------------------------------------------------------------- into the new module

    def _put_in(self, needs: _Needs) -> None:
        body = "\n\n\n".join(self.text.slice(span) for span in self._spans())
        wanted, for_types = self._wanted(needs)
        if not self.exists:
            self.build.create(self.target, f"{self._head(wanted, for_types)}{body}\n")
            return
        text = self.snapshot.text(self.target)
        editor = self.build.file(self.target)
        block = ImportBlock(self.snapshot, self.target)
        self._require_same(wanted + for_types)
        block.add(editor, wanted)
        if for_types:
            block.add_for_types(editor, for_types)
        mine = [
            one
            for one in Removal(self.snapshot, self.target).imports()
            if one.scope == 0 and self._is_ours(self.target, one)
        ]
        Removal(self.snapshot, self.target).remove(editor, mine)
        first = self._first_use_there(mine)
        if first is not None:
            editor.insert(first, body + "\n\n\n")
            return
        end = len(text.data)
        ends_open = bool(text.data) and not text.data.endswith((b"\n", b"\r"))
        simple = self.statements[0].type == "expression_statement"
        alone = not text.data.strip() and not wanted and not for_types
        gap = "" if alone else "\n" if simple else "\n\n"
        editor.insert(end, ("\n" if ends_open else "") + gap + body + "\n")

    def _first_use_there(self, mine: list[OneImport]) -> int | None:
        """Where the new module uses what it imported when it is loaded; None when it does not."""
        facts = self.snapshot.file_facts(self.target)
        uses = [
            reference.start
            for one in mine
            for reference in facts.references(one.binds)
            if reference.role not in (Role.IMPORT, Role.KEYWORD)
            and not reference.attribute
            and all(
                facts.scopes[index].kind in ("module", "class")
                for index in self._scopes_around(facts, reference.start)
            )
        ]
        if not uses:
            return None
        node = self.snapshot.tree(self.target).root_node
        statement = next(child for child in node.children if child.end_byte > min(uses))
        text = self.snapshot.text(self.target)
        line = text.line_of(statement.start_byte)
        while line and text.slice(text.line_span(line - 1)).startswith("#"):
            line -= 1
        at = text.line_starts[line]
        for name, (start, kind, *_) in facts.scopes[0].bindings.items():
            needed = self._reads(name) and kind != "import"
            if needed and start >= at and name != self.name:
                raise RefusedError(
                    f"`{self.name}` needs `{name}`, which its new module binds below its first use"
                )
        return at

    def _reads(self, name: str) -> bool:
        return any(
            self._inside(reference.start) and not reference.attribute
            for reference in self.facts.references(name)
        )

    def _scopes_around(self, facts: FileFacts, offset: int) -> list[int]:
        found: list[int] = []
        index = facts.scope_at(offset)
        while index >= 0:
            found.append(index)
            index = facts.scopes[index].parent
        return found

    def _head(self, wanted: list[Wanted], for_types: list[Wanted]) -> str:
        """What a new file begins with: annotations stay unread where they were unread before."""
        blocks: list[str] = []
        future = any(
            item.module == "__future__" and item.name == "annotations"
            for item in self.facts.imports
        )
        if future:
            blocks.append("from __future__ import annotations")
        lines = sorted(each.statement() for each in wanted)
        if for_types:
            lines = sorted({*lines, "from typing import TYPE_CHECKING"})
        if lines:
            blocks.append("\n".join(lines))
        if for_types:
            below = "\n".join(
                f"    {line}" for line in sorted(each.statement() for each in for_types)
            )
            blocks.append(f"if TYPE_CHECKING:\n{below}")
        return "\n\n".join(blocks) + "\n\n\n" if blocks else ""

    def _wanted(self, needs: _Needs) -> tuple[list[Wanted], list[Wanted]]:
        wanted: list[Wanted] = []
        for_types: list[Wanted] = []
        for one in needs.imports:
            bare = one.module.lstrip(".")
            level = len(one.module) - len(bare)
            if one.name and self.finder.find(self.source, bare, level) == self.target:
                if one.alias and one.alias != one.name:
                    raise RefusedError(
                        f"`{self.name}` knows `{one.name}` of the new module as `{one.alias}`"
                    )
                continue  # it comes home
            module = self._module_for_target(one)
            (for_types if _for_types(one) else wanted).append(Wanted(module, one.name, one.alias))
        for name in needs.globals:
            wanted.append(Wanted(self.source_name, name))
        target = self.target_name
        return [w for w in wanted if not (w.name and f"{w.module}.{w.name}" == target)], for_types

    def _module_for_target(self, one: OneImport) -> str:
        """The module as the new file imports it: relative ones by their whole name."""
        bare = one.module.lstrip(".")
        level = len(one.module) - len(bare)
        if not level or os.path.dirname(self.source) == os.path.dirname(self.target):
            return one.module
        package = self.source_name.split(".")
        if not os.path.basename(self.source).startswith("__init__."):
            package = package[:-1]
        package = package[: len(package) - (level - 1)]
        return ".".join([*package, *([bare] if bare else [])])

    def _require_same(self, wanted: list[Wanted]) -> None:
        """What the definition needs means the same in the new module, or nothing yet."""
        facts = self.snapshot.facts(self.target)
        block = ImportBlock(self.snapshot, self.target)
        for each in wanted:
            binding = facts.scopes[0].bindings.get(each.binds)
            if binding is None or block.existing(each) is not None:
                continue
            if binding[1] == "import" and not each.name and not each.alias:
                continue  # `import a.b` beside `import a.c`
            line = self.snapshot.text(self.target).line_of(binding[0]) + 1
            raise RefusedError(
                f"`{self.name}` needs `{each.binds}`, which is another {binding[1]} in"
                f" {self.snapshot.display_path(self.target)} (line {line})"
            )

    # ---------------------------------------------------------------- everybody else

    def _users(self) -> set[str]:
        found = {path for path, _ in self.bindings.tokens}
        found |= {scoped.path for scoped in self.bindings.scopes}
        found |= {
            path
            for path, references in self.names.uses.items()
            if any(r.attribute and self._is_module_attribute(path, r.start) for r in references)
        }
        return found - {self.source, self.target}

    def _is_ours(self, path: str, one: OneImport) -> bool:
        """True for `from source import name`, straight from the old module."""
        bare = one.module.lstrip(".")
        level = len(one.module) - len(bare)
        return one.name == self.name and self.finder.find(path, bare, level) == self.source

    def _is_module_attribute(self, path: str, start: int) -> bool:
        values = self.names.values_before(path, start)
        return any(v.target.kind == "module" and v.target.path == self.source for v in values)

    def _follow(self, path: str) -> None:
        """Imports of the name come from the new module, and so do `module.name`."""
        editor = self.build.file(path)
        removal = Removal(self.snapshot, path)
        ours = [one for one in removal.imports() if self._is_ours(path, one)]
        relative = any(one.module.startswith(".") for one in ours)
        module = self._spelled(path, relative)
        for one in ours:
            node = one.statement.node.child_by_field_name("module_name")
            if len(one.statement.items) == 1 and node is not None:
                editor.replace(Span(node.start_byte, node.end_byte), module)
            elif one.scope == 0 and not _for_types(one) and not _is_package(path):
                removal.remove(editor, [one])
                wanted = Wanted(module, one.name, one.alias)
                ImportBlock(self.snapshot, path).add(editor, [wanted])
            else:
                removal.remove(editor, [one])
                # In a package the order of imports is what makes them work.
                start = removal.text.line_starts[removal.text.line_of(one.statement.start)]
                indent = removal.text.slice(Span(start, one.statement.start))
                editor.insert(start, f"{indent}{Wanted(module, one.name, one.alias).statement()}\n")
        self._follow_attributes(path)
        self._follow_star(path)

    def _follow_attributes(self, path: str) -> None:
        """`module.name` becomes `name`, imported; it must be free in the file."""
        dotted = [
            reference.start
            for reference in self.names.uses.get(path, ())
            if reference.attribute and self._is_module_attribute(path, reference.start)
        ]
        if not dotted:
            return
        data = self.names.data(path)
        facts = self.snapshot.file_facts(path)
        binding = facts.scopes[0].bindings.get(self.name)
        imported = any(
            one.binds == self.name and self._is_ours(path, one)
            for one in Removal(self.snapshot, path).imports()
        )
        hidden = any(
            self.name in scope.bindings and scope.kind != "class" for scope in facts.scopes[1:]
        )
        if (binding is not None and not imported) or hidden:
            raise RefusedError(
                f"`{self.name}` means something else in {self.snapshot.display_path(path)}, which"
                f" uses it as an attribute of its module"
            )
        gone: list[Span] = []
        for start in dotted:
            parts = receiver_before(data, start)
            assert parts is not None
            gone.append(Span(parts[0].start, start))
            self.build.file(path).delete(gone[-1])
        unused = self._unused_without(path, gone)
        first = unused[0].statement if unused else None
        if not imported and first is not None and len(first.items) == 1:
            wanted = Wanted(self._spelled(path, self._is_relative(path)), self.name)
            span = Span(first.node.start_byte, first.node.end_byte)
            self.build.file(path).replace(span, wanted.statement())
            unused = unused[1:]
        elif not imported:
            self._import_at(path, self.name)
        if unused:
            Removal(self.snapshot, path).remove(self.build.file(path), unused)

    def _unused_without(self, path: str, gone: list[Span]) -> list[OneImport]:
        """Imports that only the receivers which went have used."""
        facts = self.snapshot.file_facts(path)
        removal = Removal(self.snapshot, path)
        unused: list[OneImport] = []
        for one in removal.imports():
            if one.scope != 0 or _is_package(path) or self._is_ours(path, one):
                continue
            uses = [r for r in facts.references(one.binds) if r.role != Role.IMPORT]
            if uses and all(any(s.start <= r.start < s.end for s in gone) for r in uses):
                unused.append(one)
        return unused

    def _follow_star(self, path: str) -> None:
        """A file that had the name from `from source import *` imports it by name."""
        if any(scoped.path == path and scoped.scope < 0 for scoped in self.bindings.scopes):
            used = Found()
            self.bindings.find(used)
            if any(place.path == path for place in used.places.values()):
                self._import_at(path, self.name)
            elif _is_package(path):  # others have it from here
                self._import_beside_star(path)

    def _import_beside_star(self, path: str) -> None:
        for item in self.snapshot.facts(path).imports:
            module = self.finder.find(path, item.module, item.level)
            if item.name == "*" and module == self.source:
                text = self.snapshot.text(path)
                at = text.line_span(text.line_of(item.end - 1), with_break=True).end
                spelled = self._spelled(path, relative=item.level > 0)
                statement = Wanted(spelled, self.name).statement()
                self.build.file(path).insert(at, f"{statement}\n")
                return
        self._import_at(path, self.name)

    def _import_at(self, path: str, name: str) -> None:
        module = self._spelled(path, relative=self._is_relative(path))
        ImportBlock(self.snapshot, path).add(self.build.file(path), [Wanted(module, name)])

    def _is_relative(self, path: str) -> bool:
        imports = self.snapshot.facts(path).imports
        return (
            sum(item.level > 0 for item in imports) > sum(item.level == 0 for item in imports) / 2
        )

    def _spelled(self, path: str, relative: bool) -> str:
        own = module_name(self.snapshot, path)
        if not relative or not own:
            return self.target_name
        package = own.split(".")
        if not os.path.basename(path).startswith("__init__."):
            package = package[:-1]
        parts = self.target_name.split(".")
        common = 0
        while common < min(len(parts), len(package)) and parts[common] == package[common]:
            common += 1
        if not common:
            spelled = self._spelled_by_folders(path)
            n_dots = len(spelled) - len(spelled.lstrip("."))
            has_package = self.snapshot.exists(os.path.join(os.path.dirname(path), "__init__.py"))
            # A relative import cannot leave the package at the top.
            return self.target_name if has_package and n_dots > len(package) else spelled
        return "." * (len(package) - common + 1) + ".".join(parts[common:])

    def _spelled_by_folders(self, path: str) -> str:
        """For a folder without `__init__` inside a package, whose files import relatively."""
        way = os.path.relpath(os.path.splitext(self.target)[0], os.path.dirname(path))
        parts = way.split(os.sep)
        up = parts.count(os.pardir)
        if any(part != os.pardir and not part.isidentifier() for part in parts):
            return self.target_name
        return "." * (up + 1) + ".".join(parts[up:])


def _is_package(path: str) -> bool:
    return os.path.basename(path).startswith("__init__.")


def _for_types(one: OneImport) -> bool:
    """True below `if TYPE_CHECKING:`."""
    node = one.statement.node.parent
    while node is not None:
        if node.type == "if_statement":
            condition = node.child_by_field_name("condition")
            if condition is not None and condition.text is not None:
                return b"TYPE_CHECKING" in condition.text
        node = node.parent
    return False


def _list_item(data: bytes, start: int, end: int) -> Span:
    """A string of a list with the comma and the blanks that go with it."""
    after = end
    while after < len(data) and data[after : after + 1] in b" \t":
        after += 1
    if data[after : after + 1] == b",":
        after += 1
        line_start = data.rfind(b"\n", 0, start) + 1
        rest = after
        while rest < len(data) and data[rest : rest + 1] in b" \t":
            rest += 1
        if not data[line_start:start].strip() and data[rest : rest + 1] in b"\r\n":
            newline = data.find(b"\n", rest)
            return Span(line_start, newline + 1 if newline >= 0 else len(data))
        return Span(start, rest)
    before = data[:start].rstrip()
    if before.endswith(b","):
        return Span(len(before) - 1, end)
    return Span(start, end)


MOVE_SYMBOL = Operation(
    name="move_symbol",
    title="Move symbol",
    arguments=MoveSymbol,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.move",
)
