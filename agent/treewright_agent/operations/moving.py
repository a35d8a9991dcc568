"""Files that move: what every import of them, and in them, must say afterwards.

`plan_moves` gives the edits alone, in terms of the paths before, so that an editor which moves
the files itself (`workspace/willRenameFiles`) can ask for them; `move_file` adds the moves.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.import_removal import OneImport, Removal
from treewright_agent.operations.imports import Statement
from treewright_agent.operations.moving_scripts import follow_scripts
from treewright_agent.operations.scoping import home_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.graph.imports import ModuleFinder, module_name, package_root
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import Role
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.text import Span

_CONFIGURATION = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "pytest.ini", "mypy.ini")


class _Name(NamedTuple):
    """A module's dotted name before and after."""

    old: str
    new: str


def plan_moves(
    snapshot: Snapshot,
    moves: Mapping[str, str],
    token: CancelToken,
    *,
    strings: bool = False,
) -> ChangeBuilder:
    """The edits that follow from files moving (`moves`: path -> new path), without the moves.

    Raises RefusedError when a module that others import would have no name to be imported by.
    """
    build = ChangeBuilder(snapshot)
    _Python(snapshot, moves, token, build, strings=strings).plan()
    follow_scripts(snapshot, moves, token, build)
    return build


# -------------------------------------------------------------------- Python


class _Python:
    def __init__(
        self,
        snapshot: Snapshot,
        moves: Mapping[str, str],
        token: CancelToken,
        build: ChangeBuilder,
        *,
        strings: bool,
    ) -> None:
        self.snapshot = snapshot
        self.moves = {p: n for p, n in moves.items() if p.endswith((".py", ".pyi"))}
        self.token = token
        self.build = build
        self.strings = strings
        self.resolver = Resolver(snapshot, token)
        self.finder = ModuleFinder(snapshot)
        self.after = self._after()
        self.names = dict(self._names())

    def _after(self) -> Snapshot:
        """The workspace with the files in their new places, as they read now."""
        overlays = dict(self.snapshot.overlays)
        removed = set(self.snapshot.removed)
        for old, new in self.moves.items():
            overlays.pop(old, None)
            removed.add(old)
            text = self.snapshot.text(old)
            overlays[new] = Overlay(new, self.snapshot.language(old), text, 0)
            removed.discard(new)
        return Snapshot(self.snapshot.revision, self.snapshot.folders, overlays, frozenset(removed))

    def _names(self) -> Iterator[tuple[str, _Name]]:
        for old, new in self.moves.items():
            before = module_name(self.snapshot, old)
            if before is not None:
                yield old, _Name(before, self._new_name(old, before, new) or "")

    def _new_name(self, old: str, before: str, new: str) -> str | None:
        """Below a folder that is new, names start where those of the old place start."""
        root = package_root(self.after.exists, new)
        if not os.path.isdir(root):
            parts = before.split(".")
            start = os.path.dirname(old)
            for _ in range(len(parts) - (not os.path.basename(old).startswith("__init__."))):
                start = os.path.dirname(start)
            stem = os.path.splitext(os.path.relpath(new, start))[0].split(os.sep)
            dotted = stem[:-1] if stem[-1] == "__init__" else stem
            if all(part.isidentifier() for part in dotted):
                return ".".join(dotted)
        return module_name(self.after, new)

    def plan(self) -> None:
        if not self.moves:
            return
        for path in self._candidates():
            self.token.check()
            try:
                _File(self, path).plan()
            except TreewrightError as error:
                if isinstance(error, RefusedError):
                    raise
        if self.strings:
            self._strings()

    def _candidates(self) -> list[str]:
        """Files that name a moved module, and the moved ones: their relative imports change."""
        found: dict[str, None] = dict.fromkeys(self.moves)
        for stem in {name.old.rpartition(".")[2] for name in self.names.values()}:
            for path, _ in self.snapshot.uses(stem):
                if path.endswith((".py", ".pyi", ".pyw")):
                    found[path] = None
        return sorted(found)

    def new_name(self, path: str) -> str:
        """The dotted name of a moved file afterwards. Raises RefusedError when it has none."""
        name = self.names.get(path)
        if name is None or not name.new:
            shown = self.snapshot.display_path(self.moves[path])
            raise RefusedError(f"{shown} could not be imported under any name")
        return name.new

    def name_after(self, path: str) -> str | None:
        """The dotted name of any file afterwards."""
        if path in self.moves:
            name = self.names.get(path)
            return name.new if name is not None else None
        return module_name(self.after, path)

    def _strings(self) -> None:
        """Dotted names in strings, and in the project's configuration, each in doubt."""
        names = sorted(self.names.values(), key=lambda name: -len(name.old))
        dotted = [name for name in names if "." in name.old and name.new]
        if not dotted:
            return
        changed = {name.old: name.new for name in dotted}
        pattern = re.compile(
            rb"(?<![\w.])(" + b"|".join(re.escape(n.old.encode()) for n in dotted) + rb")(?![\w])"
        )
        for path in self._text_files():
            self.token.check()
            try:
                data = self.snapshot.text(path).data
                if pattern.search(data) is None:
                    continue
                python = path.endswith((".py", ".pyi"))
                root = self.snapshot.tree(path).root_node if python else None
            except TreewrightError:
                continue
            for match in pattern.finditer(data):
                if root is not None:
                    node = root.descendant_for_byte_range(*match.span())
                    if node is None or "string" not in node.type:
                        continue
                new = changed[match.group(1).decode()]
                self.build.file(path).replace(Span(*match.span(1)), new, doubt="in a string")

    def _text_files(self) -> Iterator[str]:
        for path in self.snapshot.files():
            if path.endswith((".py", ".pyi")):
                yield path
        for folder in self.snapshot.folders:
            for name in _CONFIGURATION:
                path = os.path.join(folder.root, name)
                if not name.endswith(".py") and self.snapshot.exists(path):
                    yield path


class _File:
    """The imports of one file, moved or not."""

    def __init__(self, plan: _Python, path: str) -> None:
        self.plan_of = plan
        self.path = path
        self.new_path = plan.moves.get(path, path)
        self.removal = Removal(plan.snapshot, path)
        self.text = self.removal.text
        self.facts = self.removal.facts
        self.edit = plan.build.file(path)
        self.chains: list[tuple[int, _Name]] = []
        """(scope, name) of each `import a.b` whose dotted uses must follow."""

    def plan(self) -> None:
        grouped: dict[int, list[OneImport]] = defaultdict(list)
        for one in self.removal.imports():
            grouped[one.statement.start].append(one)
        stars = [s for s in self.removal.statements if s.is_star]
        for ones in grouped.values():
            statement = ones[0].statement
            if statement.is_from:
                self._from(statement, ones)
            else:
                for one in ones:
                    self._plain(one)
        for statement in stars:
            self._from(statement, [])
        self._follow_chains()
        self._exported_modules()

    # ---------------------------------------------------------------- import a.b

    def _plain(self, one: OneImport) -> None:
        plan = self.plan_of
        file = plan.finder.find(self.path, one.item.name, 0)
        if file is None or file not in plan.moves:
            return
        name = _Name(one.item.name, plan.new_name(file))
        if name.old == name.new:
            return
        end = one.item.start + len(one.item.name.encode())
        if one.alias:
            self.edit.replace(Span(one.item.start, end), name.new)
            return
        if "." not in name.old:  # `import a`: a plain name, which may be hidden or taken
            if "." in name.new or not self._can_bind(name.new, one.scope, name.old):
                self.edit.replace(Span(one.item.start, end), f"{name.new} as {name.old}")
                return
            self.edit.replace(Span(one.item.start, end), name.new)
            if any(not i.name and i.module.startswith(name.old + ".") for i in self.facts.imports):
                self.chains.append((one.scope, name))  # beside `import a.b`: the longest wins
            else:
                self._rename_uses(name.old, name.new, one.scope)
            return
        self.edit.replace(Span(one.item.start, end), name.new)
        self.chains.append((one.scope, name))
        self._chain_parents(one.scope, name)

    def _chain_parents(self, scope: int, name: _Name) -> None:
        """`import a.b` loads and binds `a` as well: `a.f` beside it follows a package that moves."""
        plan, parent = self.plan_of, name.old.rpartition(".")[0]
        if any(not i.name and i.module == i.alias for i in self.facts.imports):
            return  # `import a` beside it has its own uses followed
        while parent:
            file = plan.finder.find(self.path, parent, 0)
            new = plan.new_name(file) if file is not None and file in plan.moves else ""
            if new and name.new.startswith(new + "."):
                self.chains.append((scope, _Name(parent, new)))
            parent = parent.rpartition(".")[0]

    def _follow_chains(self) -> None:
        """`a.b.f` after `import a.b` became `import c.d`."""
        first_names = {name.old.partition(".")[0] for _, name in self.chains}
        data = self.text.data
        for first in first_names:
            mine = [
                (scope, name) for scope, name in self.chains if name.old.partition(".")[0] == first
            ]
            mine.sort(key=lambda each: -len(each[1].old))
            others = any(
                not item.name
                and not item.level
                and item.alias == first
                and item.module not in {name.old for _, name in mine}
                for item in self.facts.imports
            )
            left: list[int] = []
            for reference in self.facts.references(first):
                if reference.attribute or reference.role in (Role.IMPORT, Role.KEYWORD):
                    continue
                home = home_of(self.facts, reference.start, first)
                for scope, name in mine:
                    match = _chain(name.old).match(data, reference.start) if scope == home else None
                    if match is not None:
                        self.edit.replace(Span(*match.span()), name.new)
                        break
                else:
                    if home in {scope for scope, _ in mine}:
                        left.append(reference.start)
            stays = any(name.new.partition(".")[0] == first for _, name in mine)
            if left and not others and not stays:
                line = self.text.line_of(left[0]) + 1
                shown = self.plan_of.snapshot.display_path(self.path)
                raise RefusedError(f"`{first}` at {shown}:{line} would be imported no longer")

    # ---------------------------------------------------------------- from a import b

    def _from(self, statement: Statement, ones: Sequence[OneImport]) -> None:
        plan = self.plan_of
        bare = statement.module.lstrip(".")
        level = len(statement.module) - len(bare)
        base = plan.finder.find(self.path, bare, level)
        leaving: list[tuple[OneImport, str]] = []
        for one in ones:
            inner = f"{bare}.{one.item.name}" if bare else one.item.name
            submodule = self._submodule(base, inner, level, one.item.name)
            if submodule is not None and submodule in plan.moves:
                leaving.append((one, plan.new_name(submodule)))
        if base is not None and base in plan.moves:
            new_base = plan.new_name(base)
        else:
            new_base = self._dotted_base(bare, level, base)
        parents = {new.rpartition(".")[0] for _, new in leaving}
        if ones and len(leaving) == len(ones) and len(parents) == 1:
            new_base = next(iter(parents))  # the whole statement follows its modules
        if new_base is not None:
            self._respell(statement, new_base, bool(level))
        for one, new in leaving:
            parent, _, last = new.rpartition(".")
            if parent == new_base or (new_base is None and parent == bare):
                self._rename_item(one, last)
            else:
                self._split_off(statement, ones, one, parent, last, bool(level))

    def _submodule(self, base: str | None, inner: str, level: int, name: str) -> str | None:
        """The module that `from package import name` means, unless the package binds the name."""
        plan = self.plan_of
        found = plan.finder.find(self.path, inner, level)
        if found is None or base is None:
            return found
        facts = plan.resolver.facts(base)
        bound = facts.scopes[0].bindings.get(name) if facts is not None else None
        return found if bound is None or bound[1] == "import" else None

    def _dotted_base(self, bare: str, level: int, base: str | None) -> str | None:
        """Where a relative import of a moved file leads, as a dotted name; None: no change."""
        plan = self.plan_of
        if not level or self.path == self.new_path:
            return None
        if base is not None:
            return plan.name_after(base)
        folder = os.path.dirname(self.path)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        package = module_name(plan.snapshot, os.path.join(folder, "__init__.py"))
        parts = [part for part in (package, bare) if part]
        return ".".join(parts) or None

    def _respell(self, statement: Statement, dotted: str, relative: bool) -> None:
        spelled = self._spelled(dotted, relative)
        node = statement.node.child_by_field_name("module_name")
        if node is not None and spelled != statement.module:
            self.edit.replace(Span(node.start_byte, node.end_byte), spelled)

    def _spelled(self, dotted: str, relative: bool) -> str:
        """The module as this file's imports write it: with dots if it was so and still can."""
        own = self.plan_of.name_after(self.path)
        if not relative or not own:
            return dotted
        package = own.split(".")
        if not os.path.basename(self.new_path).startswith("__init__."):
            package = package[:-1]
        parts = dotted.split(".")
        common = 0
        while common < min(len(parts), len(package)) and parts[common] == package[common]:
            common += 1
        if not common:
            return dotted
        return "." * (len(package) - common + 1) + ".".join(parts[common:])

    def _rename_item(self, one: OneImport, last: str) -> None:
        if last == one.item.name:
            return
        end = one.item.start + len(one.item.name.encode())
        if one.alias:
            self.edit.replace(Span(one.item.start, end), last)
        elif self._can_bind(last, one.scope, one.item.name):
            self.edit.replace(Span(one.item.start, end), last)
            self._rename_uses(one.item.name, last, one.scope)
        else:
            self.edit.replace(Span(one.item.start, end), f"{last} as {one.item.name}")

    def _split_off(
        self,
        statement: Statement,
        ones: Sequence[OneImport],
        one: OneImport,
        parent: str,
        last: str,
        relative: bool,
    ) -> None:
        """The name goes into a statement of its own, in front of the one it stood in."""
        item = one.item
        bound = one.alias or item.name
        name = last
        if one.alias or last != item.name:
            if not one.alias and self._can_bind(last, one.scope, item.name):
                self._rename_uses(item.name, last, one.scope)
            else:
                name = f"{last} as {bound}"
        module = self._spelled(parent, relative) if parent else ""
        new = f"from {module} import {name}" if module else f"import {name}"
        if len(ones) == 1:
            self.edit.replace(Span(statement.start, statement.end), new)
            return
        self.removal.remove(self.edit, [one])
        line = self.text.line_of(statement.start)
        start = self.text.line_span(line).start
        indent = self.text.slice(Span(start, statement.start))
        self.edit.insert(start, f"{indent}{new}\n")

    # ---------------------------------------------------------------- names

    def _can_bind(self, new: str, scope: int, old: str) -> bool:
        """Whether the uses of `old` in the scope can be called `new`."""
        if "." in new or new in self.facts.scopes[scope].bindings:
            return False
        for reference in self.facts.references(new):
            if not reference.attribute and reference.role not in (Role.KEYWORD, Role.IMPORT):
                return False
        for start in self._uses(old, scope):
            inner = self.facts.scope_at(start)
            while inner >= 0 and inner != scope:
                if new in self.facts.scopes[inner].bindings:
                    return False
                inner = self.facts.scopes[inner].parent
        return True

    def _uses(self, name: str, scope: int) -> list[int]:
        return [
            reference.start
            for reference in self.facts.references(name)
            if not reference.attribute
            and reference.role not in (Role.KEYWORD, Role.IMPORT)
            and home_of(self.facts, reference.start, name) == scope
        ]

    def _rename_uses(self, old: str, new: str, scope: int) -> None:
        length = len(old.encode())
        for start in self._uses(old, scope):
            self.edit.replace(Span(start, start + length), new)

    def _exported_modules(self) -> None:
        """A submodule in the `__all__` of its package."""
        plan = self.plan_of
        for file, name in plan.names.items():
            old, new = name.old.rpartition(".")[2], name.new.rpartition(".")[2]
            package = os.path.join(os.path.dirname(file), "__init__.py")
            if self.path != package or old not in (self.facts.exports or ()):
                continue
            same_package = os.path.dirname(plan.moves[file]) == os.path.dirname(file)
            for reference in self.facts.references(old):
                if reference.attribute or home_of(self.facts, reference.start, old) >= 0:
                    continue
                if same_package and new and old != new:
                    self.edit.replace(
                        Span(reference.start, reference.start + len(old.encode())), new
                    )


def _chain(dotted: str) -> re.Pattern[bytes]:
    parts = rb"\s*\.\s*".join(re.escape(part.encode()) for part in dotted.split("."))
    return re.compile(parts + rb"(?![\w\x80-\xff])")


# -------------------------------------------------------------------- the moves themselves


def moves_of(snapshot: Snapshot, path: str, new_path: str) -> dict[str, str]:
    """Every file that moves when `path`, a file or a folder, becomes `new_path`.

    Raises RefusedError for a place that is taken, and for folders that hold what is no text.
    """
    if snapshot.exists(new_path) or os.path.isdir(new_path):
        raise RefusedError(f"{snapshot.display_path(new_path)} exists already")
    if not os.path.isdir(path):
        if not snapshot.exists(path):
            raise RefusedError(f"{snapshot.display_path(path)} does not exist")
        return {path: new_path}
    if (new_path + os.sep).startswith(path + os.sep):
        raise RefusedError("a folder cannot move into itself")
    moves: dict[str, str] = {}
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in files:
            old = os.path.join(folder, name)
            if name.endswith((".pyc", ".pyo")):
                continue
            try:
                snapshot.text(old)
            except TreewrightError as error:
                raise RefusedError(
                    f"{snapshot.display_path(old)} cannot move as text: {error}"
                ) from error
            moves[old] = os.path.join(new_path, os.path.relpath(old, path))
    return moves


def moved_change(
    snapshot: Snapshot, moves: Mapping[str, str], token: CancelToken, *, strings: bool = False
) -> SourceChange:
    """The moves with every edit that follows from them."""
    build = plan_moves(snapshot, moves, token, strings=strings)
    for old, new in moves.items():
        build.rename(old, new)
    return build.build()
