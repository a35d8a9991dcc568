"""textDocument/rename: every use in the workspace in one edit, or a refusal that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer
from treewright_server.proposing import edit_of, plan

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_RENAME
OPTIONS = None


async def handle(ls: TreewrightServer, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    client = ls.session.client

    def work(
        snapshot: Snapshot, token: CancelToken
    ) -> tuple[Proposal, Snapshot, lsp.WorkspaceEdit]:
        from treewright_agent.calls import Call

        path = to_path(params.text_document.uri)
        offset = Mapper(snapshot.text(path), client.encoding).offset(params.position)
        arguments = {"path": path, "offset": offset, "new_name": params.new_name}
        title = f"Rename to {params.new_name}"
        calls = [Call("rename_symbol", arguments)]
        proposal = plan(snapshot, title, calls, "operation", token)
        return proposal, snapshot, edit_of(ls, proposal, snapshot)

    proposal, snapshot, edit = await answer(ls, work)
    ls.session.shelf.put(proposal)
    ls.session.feedback.shown(proposal, snapshot)
    return edit
