"""Proof that after a renaming every name means what it meant: no collision, no capture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from treewright_agent.operations.names import BUILTINS
from treewright_agent.operations.renaming import external
from treewright_agent.operations.renaming.members import Members
from treewright_agent.operations.renaming.model import (
    STAR,
    ClassKey,
    Found,
    Names,
    Scoped,
)
from treewright_agent.operations.scoping import home_of
from treewright_indexer.errors import RefusedError
from treewright_indexer.model import FileFacts, Role

_KINDS = {"import": "an import", "parameter": "a parameter", "function": "a function",
          "class": "a class", "type": "a type", "variable": "a variable",
          "global": "a global name", "nonlocal": "a name of an outer function"}  # fmt: skip


def require_free(names: Names, scopes: Iterable[Scoped], found: Found) -> None:
    """Raises RefusedError when the new name is taken in one of the scopes, would be hidden at
    one of the places, or would hide what it means now."""
    by_path: dict[str, list[int]] = defaultdict(list)
    for path, start in found.places:
        by_path[path].append(start)
    for path, scope in sorted(scopes):
        names.token.check()
        facts = names.facts(path)
        if facts is None:
            continue
        if scope == STAR:
            _require_free_star(names, path, facts)
            continue
        _require_unbound(names, path, facts, scope)
        _require_visible(names, path, facts, scope, by_path[path])
        _require_unread(names, path, facts, scope)
        _require_no_builtin_first(names, path, facts, scope)
    _require_no_submodule(names, scopes)


def _require_no_builtin_first(names: Names, path: str, facts: FileFacts, scope: int) -> None:
    """`range = range` at the top of a module reads the builtin before it binds the name."""
    if scope != 0 or names.old not in BUILTINS or names.old not in facts.scopes[0].bindings:
        return
    first = facts.scopes[0].bindings[names.old][0]
    line = names.line(path, first)
    for reference in names.bare(path):
        early = facts.scope_at(reference.start) == 0 and reference.role == Role.READ
        if early and names.line(path, reference.start) <= line:
            raise RefusedError(
                f"`{names.old}` at {names.shown(path, reference.start)} is still the builtin of"
                " that name"
            )


def _require_unbound(names: Names, path: str, facts: FileFacts, scope: int) -> None:
    binding = facts.scopes[scope].bindings.get(names.new)
    if binding is not None:
        start, kind = binding
        what = _KINDS.get(kind, f"a {kind}")
        raise RefusedError(f"`{names.new}` is {what} there already ({names.shown(path, start)})")


def _require_visible(
    names: Names, path: str, facts: FileFacts, scope: int, starts: Iterable[int]
) -> None:
    """At no place a scope in between binds the new name."""
    for start in starts:
        if home_of(facts, start, names.old) != scope:
            continue
        inner = innermost = facts.scope_at(start)
        while inner >= 0 and inner != scope:
            here = facts.scopes[inner]
            hidden = here.kind == "class" and inner != innermost
            binding = None if hidden else here.bindings.get(names.new)
            if binding is not None and binding[1] not in ("global", "nonlocal"):
                raise RefusedError(
                    f"`{names.new}` would mean another name at {names.shown(path, start)}"
                    f" (bound at {names.shown(path, binding[0])})"
                )
            inner = here.parent


def _require_unread(names: Names, path: str, facts: FileFacts, scope: int) -> None:
    """No use of the new name now looks through the scope to something further out."""
    for reference in names.new_uses.get(path, ()):
        if reference.attribute or reference.role in (Role.KEYWORD, Role.IMPORT):
            continue
        home = home_of(facts, reference.start, names.new)
        if home == scope:
            raise RefusedError(
                f"`{names.new}` is a global name there already ({names.shown(path, reference.start)})"
            )
        inner = innermost = facts.scope_at(reference.start)
        while inner >= 0 and inner != home:
            here = facts.scopes[inner]
            if inner == scope and (here.kind != "class" or inner == innermost):
                raise RefusedError(
                    f"`{names.new}` at {names.shown(path, reference.start)} would come to mean"
                    " what is renamed"
                )
            inner = here.parent


def _require_free_star(names: Names, path: str, facts: FileFacts) -> None:
    binding = facts.scopes[0].bindings.get(names.new)
    if binding is not None:
        raise RefusedError(
            f"`{names.new}` is bound in a file that star-imports it"
            f" ({names.shown(path, binding[0])})"
        )
    for reference in names.new_uses.get(path, ()):
        if reference.attribute or reference.role in (Role.KEYWORD, Role.IMPORT):
            continue
        if home_of(facts, reference.start, names.new) < 0:
            raise RefusedError(
                f"`{names.new}` at {names.shown(path, reference.start)} would come to mean what is"
                " renamed"
            )


def _require_no_submodule(names: Names, scopes: Iterable[Scoped]) -> None:
    for path, scope in scopes:
        if scope == 0:
            submodule = names.resolver.modules.submodule(path, names.new)
            if submodule is not None:
                shown = names.snapshot.display_path(submodule)
                raise RefusedError(f"`{names.new}` is a module of the package already ({shown})")


# -------------------------------------------------------------------- members


def require_free_member(names: Names, members: Members, found: Found) -> None:
    """Raises RefusedError when a class of the hierarchy has the new name already, or a scope
    of one of its bodies would come to mean something else."""
    resolver = names.resolver
    for key in sorted(members.classes):
        for target in members.lineage(key):
            taken = resolver.member_indexes(target.path, target.symbol).get(names.new)
            if taken:
                facts = names.facts(target.path)
                assert facts is not None
                place = names.shown(target.path, facts.symbols[taken[0]].name_start)
                raise RefusedError(f"`{target.name}` has a member `{names.new}` already ({place})")
            facts = names.facts(target.path)
            own = {base.key for base in resolver.bases(target)}
            for base in facts.symbols[target.symbol].bases if facts is not None else ():
                if members.is_own(target, base, own):
                    continue
                if external.defines(names.snapshot, target.path, base, names.new):
                    raise RefusedError(
                        f"`{base}`, the base of `{target.name}`, has a member `{names.new}`"
                    )
    _require_free_below(names, members)
    scopes = _class_scopes(names, members.classes)
    for path, scope in scopes:
        facts = names.facts(path)
        if facts is not None:
            starts = [start for other, start in found.places if other == path]
            _require_visible(names, path, facts, scope, starts)
            _require_unread(names, path, facts, scope)


def _require_free_below(names: Names, members: Members) -> None:
    """No class below the hierarchy defines the new name."""
    resolver = names.resolver
    for hit in resolver.symbols_named(names.new):
        facts = names.facts(hit.path)
        index = resolver.symbol_starting(hit.path, hit.name_start)
        if facts is None or index < 0 or facts.symbols[index].parent < 0:
            continue
        parent = facts.symbols[index].parent
        if facts.symbols[parent].kind not in ("class", "enum"):
            continue
        lineage = members.lineage(ClassKey(hit.path, parent))
        above = next((t for t in lineage if ClassKey(t.path, t.symbol) in members.classes), None)
        if above is not None:
            raise RefusedError(
                f"`{facts.symbols[parent].name}`, which inherits from `{above.name}`, has a member"
                f" `{names.new}` already ({names.shown(hit.path, hit.name_start)})"
            )


def _class_scopes(names: Names, classes: Iterable[ClassKey]) -> list[Scoped]:
    found: list[Scoped] = []
    for key in classes:
        facts = names.facts(key.path)
        for index, scope in enumerate(facts.scopes if facts is not None else ()):
            if scope.kind == "class" and scope.symbol == key.symbol:
                found.append(Scoped(key.path, index))
    return found
