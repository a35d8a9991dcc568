"""What a provider of semantics answers, whoever it is; positions are byte offsets."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

PlacesOf = Literal["definition", "declaration", "type", "references"]


class Place(NamedTuple):
    """The name of a thing in a file, of the workspace or of what is installed."""

    path: str
    span: Span


class Help(NamedTuple):
    """`signatures` are lines of code; `name` and `kind` are empty where nothing says them."""

    name: str
    kind: str
    signatures: tuple[str, ...]
    doc: str


class Suggestion(NamedTuple):
    label: str
    kind: str
    """function class module property instance keyword … ; '' when unknown."""
    detail: str


class Signature(NamedTuple):
    """`parameters` are ranges of characters in `label`; `active` an index of them, or -1."""

    label: str
    doc: str
    parameters: tuple[tuple[int, int], ...]
    active: int


class Question(NamedTuple):
    """A place in a text, and how long its answer is of use."""

    snapshot: Snapshot
    path: str
    offset: int
    token: CancelToken
    deadline_s: float


class Provider(Protocol):
    """Decides what syntax and graph cannot. None: it cannot say (absent, late, broken); an empty
    list: it knows that there is nothing. Safe to share between threads; raises CancelledError."""

    name: str

    def places(self, what: PlacesOf, question: Question) -> list[Place] | None: ...

    def help(self, question: Question) -> list[Help] | None: ...

    def signatures(self, question: Question) -> list[Signature] | None: ...

    def complete(self, question: Question) -> list[Suggestion] | None: ...

    def changed(self, paths: list[str]) -> None:
        """Files that changed on disk."""
        ...

    def close(self) -> None: ...
