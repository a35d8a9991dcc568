"""Places in files as LSP's Locations and LocationLinks; each file's text is mapped once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from treewright_indexer.errors import UnknownFileError, UnreadableFileError
from treewright_server.convert import Mapper

if TYPE_CHECKING:
    from treewright_indexer.graph import Occurrence, Target
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Places:
    """For the length of one answer."""

    def __init__(self, ls: TreewrightServer, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._encoding = ls.session.client.encoding
        self.uri = ls.session.documents.uri
        self._mappers: dict[str, Mapper] = {}

    def mapper(self, path: str) -> Mapper:
        """Raises UnknownFileError, UnreadableFileError."""
        mapper = self._mappers.get(path)
        if mapper is None:
            mapper = self._mappers[path] = Mapper(self._snapshot.text(path), self._encoding)
        return mapper

    def location(self, path: str, span: tuple[int, int]) -> dict[str, Any]:
        return {"uri": self.uri(path), "range": self.mapper(path).range(span)}

    def locations(self, targets: Iterable[Target]) -> list[dict[str, Any]]:
        """Where the targets' names stand; a file that vanished meanwhile is left out."""
        found: list[dict[str, Any]] = []
        for target in targets:
            try:
                found.append(self.location(target.path, target.name_span))
            except (UnknownFileError, UnreadableFileError):
                continue
        return found

    def links(self, targets: Iterable[Target], origin: Occurrence | None) -> list[dict[str, Any]]:
        """The same with the whole definition, and what was clicked on."""
        found: list[dict[str, Any]] = []
        for target in targets:
            try:
                there = self.mapper(target.path)
            except (UnknownFileError, UnreadableFileError):
                continue
            link: dict[str, Any] = {
                "targetUri": self.uri(target.path),
                "targetRange": there.range(target.span),
                "targetSelectionRange": there.range(target.name_span),
            }
            if origin is not None:
                link["originSelectionRange"] = self.mapper(origin.path).range(origin.span)
            found.append(link)
        return found
