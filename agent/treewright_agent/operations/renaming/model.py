"""The nouns of renaming: Names, Root, Place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from treewright_agent.changes import Note
from treewright_agent.operations.renaming.receivers import Receivers
from treewright_agent.operations.scoping import home_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.occurrences import receiver_before
from treewright_indexer.graph.resolve import Resolver, Value
from treewright_indexer.model import FileFacts, Reference, Role
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span


class Scoped(NamedTuple):
    """A name in one scope of one file. STAR is the scope of a name that only a star import
    brings into a file."""

    path: str
    scope: int


STAR = -1


class ClassKey(NamedTuple):
    """A class: its file and the index of its Symbol."""

    path: str
    symbol: int


@dataclass(frozen=True, slots=True)
class Root:
    """What is to be renamed. Exactly one of the three is not empty.

    `scoped` are scopes that bind the name: one, or a module and its stub. `classes` are
    classes whose member it is, `functions` (file, symbol) whose parameter it is; for a
    parameter `scoped` names the scopes of the functions too.
    """

    name: str
    kind: str
    scoped: tuple[Scoped, ...] = ()
    classes: tuple[ClassKey, ...] = ()
    functions: tuple[ClassKey, ...] = ()
    module: str = ""
    """The file of a module, when that is what is meant."""


class Place(NamedTuple):
    """A token to change. `new` is what it becomes when that is not just the new name."""

    path: str
    span: Span
    doubt: str = ""
    new: str = ""


@dataclass
class Found:
    """What a search came up with: places by file and offset, and what was left alone."""

    places: dict[tuple[str, int], Place] = field(default_factory=dict[tuple[str, int], Place])
    notes: list[Note] = field(default_factory=list[Note])

    def add(self, place: Place) -> None:
        """A place that is certain wins over the same one in doubt."""
        key = (place.path, place.span.start)
        known = self.places.get(key)
        if known is None or (known.doubt and not place.doubt):
            self.places[key] = place


class Names:
    """What the index says of the old name, and of the new one, in every Python file."""

    def __init__(
        self, snapshot: Snapshot, token: CancelToken, old: str, new: str, only: str = ""
    ) -> None:
        """With `only` just that file is looked at: for what no other file can see."""
        self.snapshot = snapshot
        self.token = token
        self.old = old
        self.new = new
        self.length = len(old.encode())
        self.resolver = Resolver(snapshot, token)
        self.receivers = Receivers(self.resolver)
        self.uses = self._uses(old, only)
        self._new_uses: dict[str, list[Reference]] | None = None
        self._only = only
        self._homes: dict[tuple[str, int], int] = {}

    def _uses(self, name: str, only: str) -> dict[str, list[Reference]]:
        if only:
            return {only: self.snapshot.references_in(only, name)}
        return {
            path: references
            for path, references in self.snapshot.uses(name)
            if self.is_python(path)
        }

    @property
    def is_one_file(self) -> bool:
        """True when only the file under the cursor is looked at."""
        return bool(self._only)

    def is_python(self, path: str) -> bool:
        if path.endswith((".py", ".pyi", ".pyw")):
            return True
        language = self.snapshot.language(path)
        return language is not None and language.id == "python"

    @property
    def new_uses(self) -> dict[str, list[Reference]]:
        if self._new_uses is None:
            self._new_uses = self._uses(self.new, self._only)
        return self._new_uses

    def facts(self, path: str) -> FileFacts | None:
        return self.resolver.facts(path)

    def files(self) -> Iterator[tuple[str, FileFacts, list[Reference]]]:
        for path, references in self.uses.items():
            self.token.check()
            facts = self.resolver.facts(path)
            if facts is not None:
                yield path, facts, references

    def span(self, start: int) -> Span:
        return Span(start, start + self.length)

    def data(self, path: str) -> bytes:
        """The file's bytes; b'' when it cannot be read."""
        try:
            return self.snapshot.text(path).data
        except TreewrightError:
            return b""

    def values_before(self, path: str, start: int) -> list[Value]:
        """What stands before the dot of the name at `start`, as far as names tell.

        In a package a submodule that was imported there is known by its name.
        """
        parts = receiver_before(self.data(path), start)
        if not parts or parts[-1].called:
            return []
        values = self.resolver.evaluate(path, parts, start)
        if values or not path.endswith(("__init__.py", "__init__.pyi")):
            return values
        submodule = self.resolver.modules.submodule(path, parts[0].name)
        facts = self.facts(path)
        if submodule is None or facts is None or home_of(facts, start, parts[0].name) >= 0:
            return []
        values = [Value(self.resolver.module(submodule))]
        for part in parts[1:]:
            members = [t for value in values for t in self.resolver.member(value, part.name)]
            values = [v for t in members for v in self.resolver.value_of(t, part.called)]
        return values

    def bare(self, path: str) -> Iterator[Reference]:
        """Uses of the old name that are no attribute, keyword or import of another file."""
        for reference in self.uses.get(path, ()):
            if not reference.attribute and reference.role not in (Role.KEYWORD, Role.IMPORT):
                yield reference

    def line(self, path: str, offset: int) -> int:
        """From 1, as people count."""
        return self.snapshot.text(path).line_of(offset) + 1

    def shown(self, path: str, offset: int) -> str:
        return f"{self.snapshot.display_path(path)}:{self.line(path, offset)}"


def class_of_scope(facts: FileFacts, scope: int) -> int:
    """The symbol of the class that a class scope belongs to, else -1."""
    here = facts.scopes[scope]
    return here.symbol if here.kind == "class" else -1
