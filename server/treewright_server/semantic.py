"""Semantic tokens on the wire: five numbers each, relative to the one before, and their changes."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnsupportedLanguageError
from treewright_server.convert import Mapper

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.text import Span
    from treewright_server.app import TreewrightServer

TYPES: Final = (
    "namespace", "type", "class", "enum", "interface", "struct", "parameter", "variable",
    "property", "enumMember", "function", "method", "macro", "decorator",
)  # fmt: skip
MODIFIERS: Final = (
    "declaration", "definition", "readonly", "static", "abstract", "async", "modification",
)  # fmt: skip
"""The legend. The indexer has the same names; a test holds them equal."""

LEGEND: Final[dict[str, Any]] = {"tokenTypes": list(TYPES), "tokenModifiers": list(MODIFIERS)}
_NUMBER: Final = {name: index for index, name in enumerate(TYPES)}


def encoded(
    ls: TreewrightServer, snapshot: Snapshot, path: str, within: Span | None, token: CancelToken
) -> list[int]:
    """The tokens of a document, or of the part `within` it."""
    from treewright_indexer.ide.tokens import tokens

    try:
        found = tokens(snapshot, path, within, token)
    except UnsupportedLanguageError:
        return []
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    places = iter(mapper.places([offset for token in found for offset in token.span]))
    data: list[int] = []
    line = column = 0
    for token_, (row, start), (_, end) in zip(found, places, places, strict=False):
        first = start - column if row == line else start
        data += (row - line, first, end - start, _NUMBER[token_.type], token_.modifiers)
        line, column = row, start
    return data


def difference(before: list[int], after: list[int]) -> list[dict[str, Any]]:
    """One edit that makes `after` of `before`; none when they are equal."""
    if before == after:
        return []
    shortest = min(len(before), len(after))
    head = next((i for i in range(shortest) if before[i] != after[i]), shortest)
    tail = 0
    while tail < shortest - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle = after[head : len(after) - tail]
    return [{"start": head, "deleteCount": len(before) - tail - head, "data": middle}]


class TokenMemory:
    """The last answer of each open document, so that the next one can be a difference."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = itertools.count(1)
        self._last: dict[str, tuple[str, list[int]]] = {}

    def remember(self, path: str, data: list[int]) -> str:
        with self._lock:
            result_id = str(next(self._count))
            self._last[path] = result_id, data
            while len(self._last) > 64:
                del self._last[next(iter(self._last))]
            return result_id

    def recall(self, path: str, result_id: str) -> list[int] | None:
        known = self._last.get(path)
        return known[1] if known is not None and known[0] == result_id else None

    def forget(self, path: str) -> None:
        with self._lock:
            self._last.pop(path, None)
