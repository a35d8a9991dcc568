"""Members that are spelled as strings: keys of a TypedDict, members of an enum by name.

    class Movie(TypedDict):
        name: str

    movie: Movie = {"name": "Ran"}
    print(movie["name"], movie.get("name"))

A string is renamed when the object that it is a key of, or the type that a dictionary is
written for, is proven to be one of the classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from treewright_agent.changes import Note
from treewright_agent.operations.renaming.model import ClassKey, Found, Names, Place
from treewright_agent.operations.renaming.receivers import Types, Unknown
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.resolve import Value

if TYPE_CHECKING:
    from tree_sitter import Node

_LOOKUPS = frozenset({"get", "pop", "setdefault", "__getitem__"})


def find_keys(names: Names, classes: set[ClassKey], found: Found) -> None:
    """Adds the strings that mean the member `names.old` of the classes."""
    kind = _kind(names, classes)
    if not kind:
        return
    quoted = re.compile(rb"([\"'])" + re.escape(names.old.encode()) + rb"\1")
    for path in sorted(_paths(names, classes)):
        names.token.check()
        data = names.data(path)
        starts = [match.start() for match in quoted.finditer(data)]
        if not starts:
            continue
        try:
            root = names.snapshot.tree(path).root_node
        except TreewrightError:
            continue
        for start in starts:
            node = root.descendant_for_byte_range(start, start + 1)
            while node is not None and node.type != "string":
                node = node.parent
            if node is None:
                continue
            if _means(names, path, node, classes, kind):
                found.add(Place(path, names.span(start + 1)))
            elif kind == "keys" and _is_key_of_unknown(names, path, node):
                text = f"'{names.old}' of an unknown object, as a key: not renamed"
                found.notes.append(Note(path, names.span(start + 1), text))


def _kind(names: Names, classes: set[ClassKey]) -> str:
    """`keys` for a TypedDict, `members` for an enum, else ''."""
    for key in classes:
        target = names.resolver.target_of(key.path, key.symbol)
        for above in names.resolver.lineage(target):
            facts = names.facts(above.path)
            for base in facts.symbols[above.symbol].bases if facts is not None else ():
                tail = base.partition("[")[0].rpartition(".")[2]
                if tail == "TypedDict":
                    return "keys"
                if tail.endswith(("Enum", "Flag")):
                    return "members"
    return ""


def _paths(names: Names, classes: set[ClassKey]) -> set[str]:
    """Files that name the member or one of the classes: no other can mean it."""
    paths = set(names.uses) | {key.path for key in classes}
    for key in classes:
        facts = names.facts(key.path)
        if facts is not None:
            name = facts.symbols[key.symbol].name
            paths |= {p for p, _ in names.snapshot.uses(name) if names.is_python(p)}
    return paths


def _means(names: Names, path: str, node: Node, classes: set[ClassKey], kind: str) -> bool:
    parent = node.parent
    if parent is None:
        return False
    receivers = names.receivers
    if parent.type == "subscript":
        value = parent.child_by_field_name("value")
        if value is None or value == node:
            return False
        return _ours(names, receivers.evaluate(path, value), classes, kind)
    if kind == "members":
        return False
    if parent.type == "pair" and parent.child_by_field_name("key") == node:
        dictionary = parent.parent
        if dictionary is None or dictionary.type != "dictionary":
            return False
        return _ours(names, receivers.expected(path, dictionary), classes, kind)
    if parent.type == "argument_list" and parent.named_children[0] == node:
        call = parent.parent
        called = call.child_by_field_name("function") if call is not None else None
        if called is None or called.type != "attribute":
            return False
        method, owner = (
            called.child_by_field_name("attribute"),
            called.child_by_field_name("object"),
        )
        if method is None or owner is None or (method.text or b"").decode() not in _LOOKUPS:
            return False
        return _ours(names, receivers.evaluate(path, owner), classes, kind)
    if parent.type == "comparison_operator" and parent.named_child_count == 2:
        if parent.children[1].type not in ("in", "not in", "not"):
            return False
        return _ours(names, receivers.evaluate(path, parent.named_children[1]), classes, kind)
    return False


def _is_key_of_unknown(names: Names, path: str, node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.type != "subscript":
        return False
    value = parent.child_by_field_name("value")
    kinds = names.receivers.evaluate(path, value) if value is not None and value != node else ()
    return any(isinstance(kind, Unknown) for kind in kinds)


def _ours(names: Names, types: Types, classes: set[ClassKey], kind: str) -> bool:
    return any(_members(names, value, classes) for value in _values(types, kind))


def _values(types: Types, kind: str) -> Iterator[Value]:
    for each in types:
        if isinstance(each, Value) and each.instance == (kind == "keys"):
            yield each


def _members(names: Names, value: Value, classes: set[ClassKey]) -> bool:
    for target in names.resolver.member(value, names.old):
        facts = names.facts(target.path)
        if facts is not None and target.symbol >= 0:
            parent = facts.symbols[target.symbol].parent
            if ClassKey(target.path, parent) in classes:
                return True
    return False
