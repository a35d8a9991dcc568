"""textDocument/definition: where the thing at the cursor is defined; links where understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.answering_places import answer_places

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    links = ls.session.client.definition_links
    return answer_places(ls, params, snapshot, token, "definition", links=links)
