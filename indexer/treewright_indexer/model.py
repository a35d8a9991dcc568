"""FileFacts: what one file's text says about itself, a pure function of (language, text).

Plain tuples, dictionaries and bytes only, so that facts cross processes and live in the
store as one `marshal` blob. Positions are byte offsets.
"""

from __future__ import annotations

import marshal
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from treewright_indexer.text import Span

FACTS_FORMAT = 4
"""Bumped whenever the shape of stored facts changes; an index with another one is rebuilt."""


class Role(IntEnum):
    """How a reference uses its name; four bits of a posting."""

    READ = 0
    WRITE = 1
    CALL = 2
    IMPORT = 3
    TYPE = 4
    INHERIT = 5
    DECORATE = 6
    DEFINITION = 7
    PARAMETER = 8
    KEYWORD = 9
    """The name of a keyword argument at a call: `f(name=…)`."""
    DELETE = 10


class Flag(IntEnum):
    """Bits of `Symbol.flags`."""

    ASYNC = 1
    STATIC = 2
    CLASSMETHOD = 4
    PRIVATE = 8
    EXPORTED = 16
    TEST = 32
    ABSTRACT = 64
    PROPERTY = 128


class Symbol(NamedTuple):
    """A definition. `parent` is the index of the enclosing Symbol, or -1.

    `kind` is one of: module namespace package class struct interface trait enum enum_member
    type function method constructor property field variable constant macro heading key.
    """

    name: str
    kind: str
    start: int
    """First byte of the whole definition, decorators included."""
    end: int
    name_start: int
    name_end: int
    parent: int
    signature: str
    """One line, whitespace folded: `def f(a: int = 1) -> str`, `class A(B)`, `NAME: int`."""
    doc: str
    """Docstring or leading comment, dedented, without quotes and comment marks."""
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    flags: int
    owner: str = ""
    """The type that this is a member of where no enclosing Symbol is it: `impl A`, `A::f`."""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def name_span(self) -> Span:
        return Span(self.name_start, self.name_end)


def container_name(symbols: Sequence[Symbol], symbol: Symbol) -> str:
    """Name of the Symbol around `symbol`, or of the type it is a member of; else ''."""
    return symbols[symbol.parent].name if symbol.parent >= 0 else symbol.owner


class Binding(NamedTuple):
    """What a name is in one scope: its first binding there."""

    start: int
    kind: str
    """parameter variable import function class type global nonlocal"""


class Scope(NamedTuple):
    """A region with names of its own. `scopes[0]` is the file itself; parents come first."""

    kind: str
    """module class function block (comprehension, braces where the language scopes them) outer

    A scope of kind `outer` binds nothing: it is a region that sees the names of `parent`
    instead of those of the scopes around it, like the first iterable of a comprehension.
    """
    start: int
    end: int
    parent: int
    symbol: int
    """Index of the Symbol this is the body of, or -1."""
    bindings: dict[str, tuple[int, str]]
    """name -> Binding, as a plain tuple."""
    inner: int
    """First byte that sees these names. Before it, in a header, only the tokens that bind
    parameters belong here; defaults, annotations and bases see the names of `parent`."""


class Import(NamedTuple):
    """One imported name.

    `import a.b`        module='a.b' name=''  alias='a'   (binds the first part)
    `import a.b as c`   module='a.b' name=''  alias='c'
    `from ..a import b` module='a'   name='b' alias='b' level=2
    `from a import *`   module='a'   name='*' alias=''
    `import x from "m"` module='m'   name='default' alias='x'   (`* as ns`: name='')
    """

    start: int
    """The whole statement."""
    end: int
    module: str
    level: int
    name: str
    alias: str
    name_start: int
    """First byte of the imported name's token (of the module's, when `name` is empty)."""
    alias_start: int
    """First byte of the token that binds `alias`; equal to `name_start` without an alias."""
    reexport: bool


class Chunk(NamedTuple):
    """A piece of text for search: a definition, or what stands between definitions."""

    start: int
    end: int
    symbol: int


class Reference(NamedTuple):
    """One use of a name."""

    start: int
    role: Role
    attribute: bool
    """True behind a dot: `x.name`."""
    symbol: int
    """Index of the innermost enclosing Symbol (functions, classes, methods), or -1."""


_POSTING = struct.Struct("<II")


def pack_posting(start: int, role: int, attribute: bool, symbol: int) -> bytes:
    """Eight bytes: start << 5 | attribute << 4 | role, then symbol + 1."""
    return _POSTING.pack(start << 5 | attribute << 4 | role, symbol + 1)


def unpack_postings(blob: bytes) -> Iterator[Reference]:
    for packed, symbol in _POSTING.iter_unpack(blob):
        yield Reference(packed >> 5, Role(packed & 15), bool(packed & 16), symbol - 1)


def _start_of(scope: Scope) -> int:
    return scope.start


@dataclass(frozen=True, slots=True)
class FileFacts:
    """See the module. `postings` maps each identifier to its packed references in order."""

    language: str
    symbols: list[Symbol]
    scopes: list[Scope]
    imports: list[Import]
    postings: dict[str, bytes]
    chunks: list[Chunk]
    n_errors: int
    """ERROR and MISSING nodes of the syntax tree."""
    exports: tuple[str, ...] | None = None
    """The names that the file lists as what it exports (`__all__`); None without such a list."""

    def references(self, name: str) -> Iterator[Reference]:
        return unpack_postings(self.postings.get(name, b""))

    def qualified_name(self, index: int) -> str:
        """`Outer.inner` of the symbol at `index`."""
        parts: list[str] = []
        while index >= 0:
            symbol = self.symbols[index]
            parts.append(symbol.name)
            index = symbol.parent
            if index < 0 and symbol.owner:
                parts.append(symbol.owner)
        return ".".join(reversed(parts))

    def scope_at(self, offset: int) -> int:
        """Index of the innermost scope whose names the byte at `offset` sees."""
        scopes = self.scopes
        best = bisect_right(scopes, offset, key=_start_of) - 1
        while best > 0 and offset >= scopes[best].end:  # what starts last and holds it is innermost
            best -= 1
        while best:
            scope = scopes[best]
            if scope.kind != "outer" and (
                offset >= scope.inner
                or any(
                    start == offset and kind == "parameter"
                    for start, kind in scope.bindings.values()
                )
            ):
                break
            best = scope.parent
        return best

    def symbol_at(self, offset: int) -> int:
        """Index of the innermost symbol whose span holds `offset`, or -1."""
        best, size = -1, 0
        for index, symbol in enumerate(self.symbols):
            if symbol.start <= offset < symbol.end and (
                best < 0 or symbol.end - symbol.start <= size
            ):
                best, size = index, symbol.end - symbol.start
        return best

    def to_bytes(self) -> bytes:
        """Everything but the postings, which the store keeps per name."""
        return marshal.dumps(
            (
                self.language,
                [tuple(s) for s in self.symbols],
                [tuple(s) for s in self.scopes],
                [tuple(i) for i in self.imports],
                [tuple(c) for c in self.chunks],
                self.n_errors,
                self.exports,
            )
        )

    @classmethod
    def from_bytes(cls, blob: bytes, postings: dict[str, bytes] | None = None) -> FileFacts:
        language, symbols, scopes, imports, chunks, n_errors, exports = marshal.loads(blob)
        return cls(
            language,
            [Symbol._make(s) for s in symbols],
            [Scope._make(s) for s in scopes],
            [Import._make(i) for i in imports],
            postings if postings is not None else {},
            [Chunk._make(c) for c in chunks],
            n_errors,
            exports,
        )
