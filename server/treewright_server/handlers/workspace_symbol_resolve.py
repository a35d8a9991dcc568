"""workspaceSymbol/resolve: the range of a symbol that came without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper, to_path
from treewright_server.plain import field

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken) -> Any:
    start, uri = field(params, "data", "start"), field(params, "location", "uri")
    if not isinstance(start, int) or not isinstance(uri, str):
        return params
    mapper = Mapper(snapshot.text(to_path(uri)), ls.session.client.encoding)
    end = start + len(str(params.get("name")).encode("utf-8", "replace"))
    location = {"uri": uri, "range": mapper.range((start, end))}
    return {**params, "location": location}
