"""treewright/status: folders, index, model and open proposals. `{"notify"?: bool}` -> Status.

With `notify` the client gets the notification of the same name whenever something changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.plain import field
from treewright_server.status import current

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any]:
    if field(params, "notify") is True:
        return ls.session.status.subscribe()
    # The newest one: a folder may have opened since the request came in, and nobody would tell.
    return current(ls)
