"""workspace/willCreateFiles: the `__init__.py` that a new file of a package needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import is_file, to_path
from treewright_server.edits import to_workspace_edit
from treewright_server.given import objects, string

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any] | None:
    from treewright_agent.changes import Create, SourceChange
    from treewright_indexer.ide.files import missing_packages

    client = ls.session.client
    if not (client.document_changes and client.create_files):
        return None  # it only ever asks for more files
    created = [to_path(string(file, "uri")) for file in objects(params, "files")]
    found = missing_packages(snapshot, [path for path in created if is_file(path)])
    if not found:
        return None
    change = SourceChange(
        creates=tuple(Create(path, "") for path in found), revision=snapshot.revision
    )
    return to_workspace_edit(
        change, snapshot, client, ls.session.documents.uri, label="Make the folder a package"
    )
