"""Changes that only give identifiers other names: proven without parsing or linting.

One identifier for another leaves the syntax tree as it is, so the text parses as it did. What
can go wrong is that a name is bound under one name and read under another; that is looked up
in the facts of the text before.
"""

from __future__ import annotations

import keyword
from collections import defaultdict

from treewright_agent.changes import FileChange
from treewright_agent.operations.scoping import home_of
from treewright_indexer.model import FileFacts, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_BINDS = frozenset({Role.WRITE, Role.DEFINITION, Role.PARAMETER})


def renames_only(text: SourceText, file: FileChange) -> bool:
    """True when each edit of the Python file puts one identifier in another's place."""
    data = text.data
    for edit in file.edits:
        start, end = edit.span
        new = edit.new_text
        if (
            start == end
            or not new.isidentifier()
            or keyword.iskeyword(new)
            or new in keyword.softkwlist
        ):
            return False
        if not text.slice(edit.span).isidentifier():
            return False
        if _is_word(data[start - 1 : start]) or _is_word(data[end : end + 1]):
            return False
    return True


def _is_word(byte: bytes) -> bool:
    return byte != b"" and (byte.isalnum() or byte == b"_" or byte >= b"\x80")


def unbound_after(snapshot: Snapshot, file: FileChange) -> list[tuple[int, str]]:
    """(offset, name) of each bare name that would be bound no longer, where it was before."""
    text = snapshot.text(file.path)
    renamed = {edit.span[0]: edit.new_text for edit in file.edits}
    olds = {text.slice(edit.span) for edit in file.edits}
    facts = snapshot.facts(file.path)
    found: list[tuple[int, str]] = []
    for old in sorted(olds):
        found += _unbound(snapshot, file.path, facts, old, renamed)
    return sorted(found)


def _unbound(
    snapshot: Snapshot, path: str, facts: FileFacts, old: str, renamed: dict[int, str]
) -> list[tuple[int, str]]:
    bound: defaultdict[int, set[str]] = defaultdict(set)
    """scope -> the names under which it binds what was `old`"""
    reads: list[tuple[int, int]] = []
    imported = {i.alias_start for i in facts.imports if i.alias == old}
    for reference in snapshot.references_in(path, old):
        start = reference.start
        if reference.attribute or reference.role == Role.KEYWORD:
            continue
        if reference.role == Role.IMPORT and start not in imported:
            continue
        home = home_of(facts, start, old)
        if reference.role in _BINDS or start in imported:
            bound[home].add(renamed.get(start, old))
        else:
            reads.append((start, home))
    missing: list[tuple[int, str]] = []
    for start, home in reads:
        if home < 0 or home not in bound:
            continue  # a builtin, a star import, or another module's global
        name = renamed.get(start, old)
        if name not in bound[home] and name not in facts.scopes[home].bindings.keys() - {old}:
            missing.append((start, name))
    return missing


def lost_at_top(snapshot: Snapshot, file: FileChange) -> set[str]:
    """Names that the module offers no longer when only identifiers change."""
    text = snapshot.text(file.path)
    facts = snapshot.facts(file.path)
    renamed = {edit.span[0] for edit in file.edits}
    lost: set[str] = set()
    for old in {text.slice(edit.span) for edit in file.edits}:
        if old not in facts.scopes[0].bindings:
            continue
        imported = {i.alias_start for i in facts.imports if i.alias == old}
        binding = [
            reference.start
            for reference in snapshot.references_in(file.path, old)
            if not reference.attribute
            and (reference.role in _BINDS or reference.start in imported)
            and home_of(facts, reference.start, old) == 0
        ]
        if binding and all(start in renamed for start in binding):
            lost.add(old)
    return lost
