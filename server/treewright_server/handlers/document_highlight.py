"""textDocument/documentHighlight: the uses, in this file, of the thing at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.model import Role
from treewright_server.convert import Mapper
from treewright_server.foreign import Asking
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

READ, WRITE = 2, 3
"""LSP's DocumentHighlightKind."""

_WRITES = frozenset({Role.WRITE, Role.DEFINITION, Role.PARAMETER, Role.IMPORT, Role.DELETE})


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.graph.references import highlights

    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    offset = mapper.offset(params.get("position"))
    oracle = Asking(ls, snapshot, path, token).oracle()
    return [
        {"range": mapper.range(use.span), "kind": WRITE if use.role in _WRITES else READ}
        for use in highlights(snapshot, path, offset, token, oracle)
    ]
