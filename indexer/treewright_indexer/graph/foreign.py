"""Names from outside the workspace: builtins, and what imports of other packages bind.

Their definitions are elsewhere, but that two of them are the same thing is proved by scopes and
imports alone: `overload` behind `from typing import overload` is `typing.overload`, and so is
`t.overload` behind `import typing as t`.
"""

from __future__ import annotations

import builtins

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.model import Confidence, Occurrence, Use
from treewright_indexer.graph.names import visible_scopes
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.model import FileFacts, Import, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_BUILTINS = frozenset(dir(builtins))


def foreign_name(resolver: Resolver, occurrence: Occurrence) -> str | None:
    """The dotted name, `builtins.len` or `os.path.join`, of a thing outside the workspace.

    None where that is not certain. Python only.
    """
    path, name, span, role, attribute = occurrence
    language = resolver.snapshot.language(path)
    facts = resolver.facts(path)
    if facts is None or language is None or language.id != "python" or role == Role.KEYWORD:
        return None
    if role == Role.IMPORT:
        return _of_import(resolver, facts, occurrence)
    if not attribute:
        return _of_name(resolver, path, facts, name, span.start)
    try:
        parts = receiver_before(resolver.snapshot.text(path).data, span.start)
    except TreewrightError:
        return None
    if not parts or any(part.called for part in parts):
        return None
    first = _of_name(resolver, path, facts, parts[0].name, parts[0].start)
    if first is None or first.startswith("builtins."):
        return None
    return ".".join([first, *(part.name for part in parts[1:]), name])


def _of_name(resolver: Resolver, path: str, facts: FileFacts, name: str, offset: int) -> str | None:
    for scope in visible_scopes(facts, facts.scope_at(offset), python=True):
        binding = facts.scopes[scope].bindings.get(name)
        if binding is not None:
            if binding[1] != "import":
                return None
            found = {
                dotted
                for item in facts.imports
                if item.alias == name and facts.scope_at(item.start) == scope
                if (dotted := _dotted(resolver, path, item)) is not None
            }
            return found.pop() if len(found) == 1 else None
    if name not in _BUILTINS or any(item.name == "*" for item in facts.imports):
        return None
    return f"builtins.{name}"


def _dotted(resolver: Resolver, path: str, item: Import) -> str | None:
    """What an import binds, when it leads out of the workspace."""
    if item.level or item.name == "*" or resolver.modules.find(path, item.module, 0) is not None:
        return None
    if item.name:
        return f"{item.module}.{item.name}"
    bound = item.alias_start == item.name_start  # `import a.b` binds a
    return item.module.partition(".")[0] if bound else item.module


def _of_import(resolver: Resolver, facts: FileFacts, occurrence: Occurrence) -> str | None:
    path, start = occurrence.path, occurrence.span.start
    for item in facts.imports:
        if not item.start <= start < item.end or item.level:
            continue
        if item.name and start in (item.name_start, item.alias_start):
            return _dotted(resolver, path, item)
        if not item.name and start == item.alias_start != item.name_start:
            return _dotted(resolver, path, item)
    for item in facts.imports:
        parts = item.module.split(".")
        if item.start <= start < item.end and not item.level and occurrence.name in parts:
            if resolver.modules.find(path, item.module, 0) is not None:
                return None
            return ".".join(parts[: parts.index(occurrence.name) + 1])
    return None


def foreign_references(
    snapshot: Snapshot, occurrence: Occurrence, token: CancelToken | None = None
) -> list[Use]:
    """Every use in the workspace of the foreign thing at `occurrence`; [] when it is not certain
    which one it is. Uses below another name (`import f as g`) are left out."""
    wanted = foreign_name(Resolver(snapshot, token), occurrence)
    return uses_of(snapshot, wanted, occurrence.name, token) if wanted is not None else []


def uses_of(
    snapshot: Snapshot, wanted: str, name: str, token: CancelToken | None = None
) -> list[Use]:
    """Every use, as `name`, of the foreign thing with the dotted name `wanted`."""
    resolver = Resolver(snapshot, token)
    length = len(name.encode())
    uses: list[Use] = []
    for path, found in snapshot.uses(name):
        resolver.token.check()
        facts = resolver.facts(path)
        if facts is None:
            continue
        for reference in found:
            span = Span(reference.start, reference.start + length)
            other = Occurrence(path, name, span, reference.role, reference.attribute)
            if foreign_name(resolver, other) != wanted:
                continue
            around = facts.qualified_name(reference.symbol) if reference.symbol >= 0 else ""
            uses.append(
                Use(path, span, reference.role, reference.attribute, Confidence.IMPORT, around)
            )
    return sorted(uses, key=lambda use: (use.path, use.span.start))
