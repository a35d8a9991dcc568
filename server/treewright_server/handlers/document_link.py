"""textDocument/documentLink: import statements lead to their files."""

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
    from treewright_indexer.ide.links import links

    path = path_of(params)
    try:
        found = links(snapshot, path, token)
    except UnsupportedLanguageError:
        return []
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    return [
        {
            "range": mapper.range(link.span),
            "target": ls.session.documents.uri(link.target),
            "tooltip": snapshot.display_path(link.target),
        }
        for link in found
    ]
