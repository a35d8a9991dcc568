"""textDocument/selectionRange: what each selection grows to, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.given import objects, path_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.ide.selection import growing

    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    answers: list[dict[str, Any]] = []
    for position in objects(params, "positions"):
        token.check()
        item: dict[str, Any] = {}
        for span in reversed(growing(snapshot, path, mapper.offset(position, "positions"))):
            item = (
                {"range": mapper.range(span), "parent": item}
                if item
                else {"range": mapper.range(span)}
            )
        answers.append(item)
    return answers
