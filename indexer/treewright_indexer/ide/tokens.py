"""What each identifier of a file is: the meaning that a grammar of colours cannot know.

Decided from the file alone, by its scopes; one pass over its references, in order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from treewright_indexer.cancel import CancelToken
from treewright_indexer.model import FileFacts, Flag, Role, Scope, unpack_postings
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

TYPES: Final[tuple[str, ...]] = (
    "namespace", "type", "class", "enum", "interface", "struct", "parameter", "variable",
    "property", "enumMember", "function", "method", "macro", "decorator",
)  # fmt: skip
MODIFIERS: Final[tuple[str, ...]] = (
    "declaration", "definition", "readonly", "static", "abstract", "async", "modification",
)  # fmt: skip

_BIT: Final = {name: 1 << index for index, name in enumerate(MODIFIERS)}
_OF_KIND: Final = {
    "module": "namespace", "namespace": "namespace", "package": "namespace", "class": "class",
    "struct": "struct", "interface": "interface", "trait": "interface", "enum": "enum",
    "enum_member": "enumMember", "type": "type", "function": "function", "method": "method",
    "constructor": "method", "property": "property", "field": "property",
    "variable": "variable", "constant": "variable", "macro": "macro",
}  # fmt: skip
_OF_BINDING: Final = {
    "parameter": "parameter", "variable": "variable", "function": "function", "class": "class",
    "type": "type",
}  # fmt: skip


class Token(NamedTuple):
    span: Span
    type: str
    modifiers: int
    """Bits in the order of MODIFIERS."""


def tokens(snapshot: Snapshot, path: str, within: Span | None, token: CancelToken) -> list[Token]:
    """In order, without overlaps. Raises UnsupportedLanguageError, UnknownFileError."""
    facts = snapshot.file_facts(path)
    reader = _Reader(facts)
    uses: list[tuple[int, str, Role, bool]] = []
    for name, blob in facts.postings.items():
        for use in unpack_postings(blob):
            if within is None or within.start <= use.start < within.end:
                uses.append((use.start, name, use.role, use.attribute))
    token.check()
    uses.sort()
    found: list[Token] = []
    last = -1
    for start, name, role, attribute in uses:
        if start < last:
            continue
        decided = reader.decide(start, name, role, attribute)
        if decided is None:
            continue
        last = start + len(name.encode())
        found.append(Token(Span(start, last), *decided))
    return found


class _Reader:
    def __init__(self, facts: FileFacts) -> None:
        self._symbols = {symbol.name_start: symbol for symbol in facts.symbols}
        self._scopes = facts.scopes
        self._stack: list[int] = []
        self._next = 0
        self._imported = {
            item.alias: _imported_type(item.name, item.alias) for item in facts.imports
        }
        kinds = {symbol.name: symbol.kind for symbol in facts.symbols if symbol.parent < 0}
        self._top = {name: kind for name, kind in kinds.items() if kind in _OF_KIND}

    def decide(self, start: int, name: str, role: Role, attribute: bool) -> tuple[str, int] | None:
        symbol = self._symbols.get(start)
        if symbol is not None:
            bits = _BIT["declaration"] | (_BIT["definition"] if symbol.end > symbol.name_end else 0)
            for flag, modifier in (
                (Flag.STATIC, "static"), (Flag.ABSTRACT, "abstract"), (Flag.ASYNC, "async"),
            ):  # fmt: skip
                bits |= _BIT[modifier] if symbol.flags & flag else 0
            bits |= _BIT["readonly"] if symbol.kind == "constant" else 0
            kind = "property" if symbol.flags & Flag.PROPERTY else symbol.kind
            type_ = _OF_KIND.get(kind)
            return (type_, bits) if type_ is not None else None
        if role == Role.PARAMETER:
            return "parameter", _BIT["declaration"]
        if role == Role.KEYWORD:
            return "parameter", 0
        if attribute:
            if role in (Role.CALL, Role.DECORATE):
                return "method", 0
            written = _BIT["modification"] if role in (Role.WRITE, Role.DELETE) else 0
            return "property", written
        type_ = self._name(start, name)
        if type_ is None:
            type_ = _by_use(name, role)
        written = _BIT["modification"] if role in (Role.WRITE, Role.DELETE) else 0
        readonly = _BIT["readonly"] if type_ == "variable" and _is_constant(name) else 0
        return type_, written | readonly

    def _name(self, start: int, name: str) -> str | None:
        scopes = self._scopes
        while self._next < len(scopes) and scopes[self._next].start <= start:
            self._stack.append(self._next)
            self._next += 1
        while len(self._stack) > 1 and scopes[self._stack[-1]].end <= start:
            self._stack.pop()
        index = self._stack[-1] if self._stack else 0
        innermost = True
        while index >= 0:
            scope: Scope = scopes[index]
            binding = scope.bindings.get(name)
            if binding is not None and (scope.kind != "class" or innermost):
                kind = binding[1]
                if kind == "import":
                    return self._imported.get(name, "variable")
                if kind in _OF_BINDING:
                    known = self._top.get(name) if index == 0 else None
                    return _OF_KIND[known] if known is not None else _OF_BINDING[kind]
            innermost = False
            index = scope.parent
        return None


def _imported_type(name: str, alias: str) -> str:
    if not name:
        return "namespace"
    return _by_use(name if name != "*" else alias, Role.READ)


def _by_use(name: str, role: Role) -> str:
    """Of a name that is defined elsewhere: how it is used, then how it is written."""
    if role == Role.DECORATE:
        return "decorator"
    if role in (Role.TYPE, Role.INHERIT):
        return "class"
    if _is_constant(name):
        return "variable"
    if name[:1].isupper():
        return "class"
    return "function" if role == Role.CALL else "variable"


def _is_constant(name: str) -> bool:
    return len(name) > 1 and name.isupper()
