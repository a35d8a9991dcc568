"""workspace/didChangeWatchedFiles: files that changed outside the editor are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_server.convert import is_file, to_path
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

METHOD = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
OPTIONS = None


async def handle(ls: TreewrightServer, params: lsp.DidChangeWatchedFilesParams) -> None:
    session = ls.session
    paths = {path for change in params.changes if is_file(path := to_path(change.uri))}
    await session.ready(True)
    await session.lanes.run(lambda _: session.workspace.files_changed(paths), Lane.BACKGROUND)
