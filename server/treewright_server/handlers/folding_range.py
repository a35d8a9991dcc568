"""textDocument/foldingRange: what can be folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnsupportedLanguageError
from treewright_server.convert import Mapper
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.ide.folding import folds

    path = path_of(params)
    try:
        found = folds(snapshot, path, token)
    except UnsupportedLanguageError:
        return []
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    whole_lines = ls.session.client.line_folding_only
    items: list[dict[str, Any]] = []
    for fold in found:
        item: dict[str, Any] = {"startLine": fold.first, "endLine": fold.last}
        if not whole_lines:
            item["startCharacter"] = mapper.place(fold.start)[1]
            item["endCharacter"] = mapper.place(fold.end)[1]
        if fold.kind:
            item["kind"] = fold.kind
        items.append(item)
    return items
