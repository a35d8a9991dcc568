"""What stands under the cursor: the thing itself, wherever it is defined."""

from __future__ import annotations

import os

from treewright_agent.operations.names import BUILTINS
from treewright_agent.operations.renaming.jedi import Jedi
from treewright_agent.operations.renaming.model import (
    ClassKey,
    Names,
    Root,
    Scoped,
)
from treewright_agent.operations.renaming.receivers import Box, Foreign
from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import RefusedError
from treewright_indexer.graph import Occurrence, Target
from treewright_indexer.graph.model import Confidence
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.graph.resolve import Value
from treewright_indexer.model import FileFacts, Import, Role

_MAX_CHAIN = 24
_BINDS = (Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.DELETE)
CLASS_KINDS = frozenset({"class", "enum", "interface", "struct"})
FUNCTION_KINDS = frozenset({"function", "method", "constructor", "property"})


def root_of(names: Names, occurrence: Occurrence, jedi: Jedi) -> Root:
    """Raises RefusedError when it is outside the workspace, or cannot be told."""
    facts = names.facts(occurrence.path)
    if facts is None:
        raise RefusedError(f"{names.snapshot.display_path(occurrence.path)} cannot be read")
    start = occurrence.span.start
    if occurrence.role == Role.IMPORT:
        return _of_import_token(names, facts, occurrence)
    if occurrence.role == Role.KEYWORD:
        return _of_keyword(names, occurrence, jedi)
    if occurrence.attribute or _follows_dot(names, occurrence.path, start):
        return _of_attribute(names, occurrence, jedi)
    home = home_of(facts, start, occurrence.name)
    if home < 0:
        return _of_unbound(names, facts, occurrence)
    return of_scope(names, occurrence.path, facts, home)


def _follows_dot(names: Names, path: str, start: int) -> bool:
    """`RED` in `case Color.RED:`, which the grammar takes for a dotted name."""
    before = names.data(path)[:start][-64:].rstrip()
    return before.endswith(b".") and not before.endswith(b"..")


# -------------------------------------------------------------------- bare names


def of_scope(names: Names, path: str, facts: FileFacts, home: int) -> Root:
    """The name that scope `home` of the file binds."""
    name = names.old
    scope = facts.scopes[home]
    kind = scope.bindings.get(name, (0, "variable"))[1]
    if scope.kind == "class":
        return Root(name, "member", classes=(ClassKey(path, scope.symbol),))
    if kind == "parameter":
        return Root(
            name, "parameter", (Scoped(path, home),), functions=(ClassKey(path, scope.symbol),)
        )
    if kind == "import" and not _defined_here(facts, names, path, home):
        for item in facts.imports:
            if item.alias == name and facts.scope_at(item.start) == home:
                return _of_import(names, path, facts, item, home)
    return scoped_root(names, path, home, kind)


def scoped_root(names: Names, path: str, scope: int, kind: str) -> Root:
    """A module's name, with its stub's or its implementation's; or a local one."""
    scoped = [Scoped(path, scope)]
    if scope == 0:
        twin = twin_of(names, path)
        if twin:
            scoped.append(Scoped(twin, 0))
    return Root(names.old, kind, tuple(scoped))


def twin_of(names: Names, path: str) -> str:
    """The stub of a module, or the module of a stub, when its top level binds the name too."""
    stem, suffix = os.path.splitext(path)
    twin = stem + (".pyi" if suffix == ".py" else ".py")
    facts = names.facts(twin) if names.snapshot.exists(twin) else None
    return twin if facts is not None and names.old in facts.scopes[0].bindings else ""


def _defined_here(facts: FileFacts, names: Names, path: str, home: int) -> bool:
    """True when the scope binds the name by more than imports: `except ImportError: f = None`."""
    return any(
        reference.role in _BINDS and home_of(facts, reference.start, names.old) == home
        for reference in names.bare(path)
    )


def _of_unbound(names: Names, facts: FileFacts, occurrence: Occurrence) -> Root:
    name = occurrence.name
    for item in facts.imports:
        if item.name != "*":
            continue
        file = names.resolver.modules.find(occurrence.path, item.module, item.level)
        if file is not None:
            root = origin(names, file, name)
            if root is not None:
                return root
    if name in BUILTINS:
        raise RefusedError(f"`{name}` is a builtin of Python")
    raise RefusedError(f"`{name}` is not defined in this workspace")


# -------------------------------------------------------------------- imports


def _of_import_token(names: Names, facts: FileFacts, occurrence: Occurrence) -> Root:
    start = occurrence.span.start
    for item in facts.imports:
        if start in (item.name_start, item.alias_start) and item.start <= start < item.end:
            if start == item.alias_start or item.alias == item.name:
                home = facts.scope_at(item.start)
                if item.alias == names.old and _defined_here(facts, names, occurrence.path, home):
                    return scoped_root(names, occurrence.path, home, "import")
            if start == item.alias_start != item.name_start and item.alias != item.name:
                home = facts.scope_at(item.start)
                return scoped_root(names, occurrence.path, home, "import")
            if item.name:
                return _of_import(names, occurrence.path, facts, item, -1)
    targets = names.resolver.resolve(occurrence)
    for target in targets:
        if target.kind == "module":
            return Root(names.old, "module", module=target.path)
    raise RefusedError(f"`{occurrence.name}` is a module outside this workspace")


def _of_import(names: Names, path: str, facts: FileFacts, item: Import, home: int) -> Root:
    """What an import without an alias brings in; an alias is a name of its own file."""
    if home >= 0 and item.alias != item.name and item.alias_start != item.name_start:
        return scoped_root(names, path, home, "import")
    finder = names.resolver.modules
    if not item.name:
        module = (
            item.module.partition(".")[0] if item.alias_start == item.name_start else item.module
        )
        file = finder.find(path, module, item.level)
        if file is not None:
            return Root(names.old, "module", module=file)
        raise RefusedError(f"`{item.module}` is outside this workspace")
    file = finder.find(path, item.module, item.level)
    if file is not None:
        root = origin(names, file, item.name)
        if root is not None:
            return root
    inner = f"{item.module}.{item.name}" if item.module else item.name
    submodule = finder.find(path, inner, item.level)
    if submodule is not None:
        return Root(names.old, "module", module=submodule)
    where = "." * item.level + item.module
    raise RefusedError(f"`{item.name}` comes from `{where}`, which is outside this workspace")


def origin(names: Names, path: str, name: str, depth: int = 0) -> Root | None:
    """Where the name that module `path` offers is bound first, through re-exports."""
    facts = names.facts(path)
    if facts is None or depth > _MAX_CHAIN:
        return None
    binding = facts.scopes[0].bindings.get(name)
    if binding is not None:
        if binding[1] != "import" or _binds_itself(names, path, facts, name):
            return scoped_root(names, path, 0, binding[1])
        for item in facts.imports:
            if item.alias != name or facts.scope_at(item.start) != 0:
                continue
            if item.alias_start != item.name_start and item.alias != item.name:
                return scoped_root(names, path, 0, "import")
            if not item.name:
                break
            file = names.resolver.modules.find(path, item.module, item.level)
            if file is not None:
                return origin(names, file, item.name, depth + 1) or scoped_root(
                    names, path, 0, "import"
                )
        return None
    for item in facts.imports:
        if item.name == "*":
            file = names.resolver.modules.find(path, item.module, item.level)
            found = origin(names, file, name, depth + 1) if file is not None else None
            if found is not None:
                return found
    submodule = names.resolver.modules.submodule(path, name)
    return Root(name, "module", module=submodule) if submodule is not None else None


def _binds_itself(names: Names, path: str, facts: FileFacts, name: str) -> bool:
    return any(
        reference.role in _BINDS
        and not reference.attribute
        and home_of(facts, reference.start, name) == 0
        for reference in names.uses.get(path, ())
    )


# -------------------------------------------------------------------- attributes


def _of_attribute(names: Names, occurrence: Occurrence, jedi: Jedi) -> Root:
    resolver = names.resolver
    path, start = occurrence.path, occurrence.span.start
    own = resolver.symbol_starting(path, start)
    if own >= 0:  # `self.x = …`, where the attribute is defined
        facts = names.facts(path)
        assert facts is not None
        return Root(names.old, "member", classes=(ClassKey(path, facts.symbols[own].parent),))
    parts = receiver_before(names.data(path), start)
    values = resolver.evaluate(path, parts, start) if parts else []
    for value in values:
        if value.target.kind == "module":
            root = origin(names, value.target.path, occurrence.name)
            if root is not None:
                return root
    for value in values:
        for target in resolver.member(value, occurrence.name):
            return of_target(names, target)
    inferred = names.receivers.before_dot(path, start)
    for kind in inferred:
        for target in resolver.member(kind, occurrence.name) if isinstance(kind, Value) else ():
            return of_target(names, target)
    if inferred and all(isinstance(kind, Foreign | Box) for kind in inferred):
        raise RefusedError(f"`{occurrence.name}` is defined outside this workspace")
    found = jedi.definitions(path, start)
    for other, line in found:
        root = _defined_at(names, other, line, occurrence.name)
        if root is not None:
            return root
    if found and all(not _is_inside(names, other) for other, _ in found):
        raise RefusedError(f"`{occurrence.name}` is defined outside this workspace")
    if not found and not values:
        targets = resolver.resolve(occurrence)
        if len(targets) == 1 and targets[0].confidence == Confidence.UNIQUE:
            return of_target(names, targets[0])
    raise RefusedError(
        f"cannot tell what `{occurrence.name}` belongs to here: rename it where it is defined"
    )


def _is_inside(names: Names, path: str) -> bool:
    return bool(path) and names.snapshot.folder_of(path) is not None


def _defined_at(names: Names, path: str, line: int, name: str) -> Root | None:
    """The thing `name` that is defined on a line (from 1) of a file of the workspace."""
    if not _is_inside(names, path):
        return None
    facts = names.facts(path)
    if facts is None:
        return None
    text = names.snapshot.text(path)
    if line < 1 or line > text.n_lines:
        return None
    first, last = text.line_span(line - 1)
    for index, symbol in enumerate(facts.symbols):
        if symbol.name == name and first <= symbol.name_start <= last:
            return of_target(names, names.resolver.target_of(path, index))
    for reference in names.uses.get(path, ()):
        if first <= reference.start <= last and reference.role in _BINDS:
            if reference.attribute:
                continue
            home = home_of(facts, reference.start, name)
            if home >= 0:
                return of_scope(names, path, facts, home)
    return None


def of_target(names: Names, target: Target) -> Root:
    """The Root of a resolved Target."""
    if target.kind == "module":
        return Root(names.old, "module", module=target.path)
    facts = names.facts(target.path)
    assert facts is not None
    if target.symbol >= 0:
        symbol = facts.symbols[target.symbol]
        parent = symbol.parent
        if parent >= 0 and facts.symbols[parent].kind in CLASS_KINDS:
            return Root(names.old, "member", classes=(ClassKey(target.path, parent),))
        if parent >= 0 and symbol.kind in ("field", "enum_member"):
            return Root(names.old, "member", classes=(ClassKey(target.path, parent),))
    if target.scope >= 0:
        return of_scope(names, target.path, facts, target.scope)
    home = home_of(facts, target.name_span.start, target.name)
    return of_scope(names, target.path, facts, max(home, 0))


def _of_keyword(names: Names, occurrence: Occurrence, jedi: Jedi) -> Root:
    from treewright_agent.operations.renaming.parameters import callees, parameter_of

    for target in callees(names, occurrence.path, occurrence.span.start, jedi):
        found = parameter_of(names.resolver, target, occurrence.name)
        if found is not None:
            return of_target(names, found)
    raise RefusedError(
        f"cannot tell whose argument `{occurrence.name}` is: its function is outside this"
        " workspace or not known here"
    )
