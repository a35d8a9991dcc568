"""The names that may stand before `=` in a call that is being written: parameters not given yet.

The function is known to the graph, or a provider of semantics has said its signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from treewright_indexer.graph.model import Occurrence
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.ide.signatures import (
    CallSite,
    call_around,
    parameter_name,
    signatures_of,
    split_arguments,
)
from treewright_indexer.model import Role
from treewright_indexer.text import Span

_GIVEN: Final = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
_BEGUN: Final = re.compile(r"\s*(?:[^\W\d]\w*)?\Z")


class Shown(Protocol):
    """A signature, of the graph or of a provider; ranges of characters in the label."""

    @property
    def label(self) -> str: ...
    @property
    def parameters(self) -> Iterable[tuple[int, int]]: ...


class Parameter(NamedTuple):
    name: str
    text: str
    """As the signature writes it: `times: int = 1`."""


def call_at(data: bytes, offset: int) -> CallSite | None:
    """The call in which an argument begins at `offset`, letters of its first word before it."""
    site = call_around(data, offset)
    if site is None:
        return None
    return site if _BEGUN.match(split_arguments(site.arguments)[-1]) else None


def parameters_of(resolver: Resolver, path: str, site: CallSite, at: int) -> list[Parameter]:
    """What the graph knows of the call; scopes are looked up at byte `at` at the latest."""
    data = resolver.snapshot.text(path).data
    if site.callee.end > at:
        return []
    name = data[site.callee.start : site.callee.end].decode("utf-8", "replace")
    occurrence = Occurrence(path, name, Span(*site.callee), Role.CALL, site.attribute)
    return not_given(signatures_of(resolver, occurrence, site), site)


def not_given(shown: Iterable[Shown], site: CallSite) -> list[Parameter]:
    """The parameters that a keyword may still give, in the order of their signatures."""
    arguments = split_arguments(site.arguments)[:-1]
    given = {match.group(1) for text in arguments if (match := _GIVEN.match(text))}
    by_place = sum(
        not _GIVEN.match(text) and not text.lstrip().startswith("*") for text in arguments
    )
    found: dict[str, Parameter] = {}
    for each in shown:
        texts = [each.label[start:end] for start, end in each.parameters]
        behind = texts.index("/") + 1 if "/" in texts else 0
        left = by_place + (1 if 0 < behind <= by_place else 0)
        for index, text in enumerate(texts):
            if text.startswith("*"):
                left = 0
                continue
            name = parameter_name(text)
            if index < max(behind, left) or not name.isidentifier() or name in given:
                continue
            found.setdefault(name, Parameter(name, text))
    return list(found.values())
