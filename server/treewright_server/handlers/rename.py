"""textDocument/rename: every use in the workspace in one edit, or a refusal that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer
from treewright_server.proposing import edit_of, plan

if TYPE_CHECKING:
    from lsprotocol import types as lsp

    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


async def handle(ls: TreewrightServer, params: lsp.RenameParams) -> dict[str, Any]:
    ls.session.require_trust("changes")

    def work(snapshot: Snapshot, token: CancelToken) -> tuple[Proposal, Snapshot, dict[str, Any]]:
        from treewright_agent.calls import Call

        path = to_path(params.text_document.uri)
        mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
        offset = mapper.offset_at(params.position.line, params.position.character)
        arguments = {"path": path, "offset": offset, "new_name": params.new_name}
        title = f"Rename to {params.new_name}"
        calls = [Call("rename_symbol", arguments)]
        proposal = plan(snapshot, title, calls, "operation", token)
        return proposal, snapshot, edit_of(ls, proposal, snapshot)

    proposal, snapshot, edit = await answer(ls, work)
    ls.session.shelf.put(proposal)
    ls.session.feedback.shown(proposal, snapshot)
    return edit
