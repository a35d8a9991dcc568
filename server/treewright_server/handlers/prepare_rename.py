"""textDocument/prepareRename: the identifier at the cursor, when it can be renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from lsprotocol import types as lsp

    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


async def handle(ls: TreewrightServer, params: lsp.PrepareRenameParams) -> dict[str, Any] | None:
    def work(snapshot: Snapshot, token: CancelToken) -> dict[str, Any] | None:
        from treewright_indexer import graph

        path = to_path(params.text_document.uri)
        mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
        offset = mapper.offset_at(params.position.line, params.position.character)
        occurrence = graph.occurrence_at(snapshot, path, offset)
        if occurrence is None:
            return None
        language = snapshot.language(path)
        targets = graph.definitions(snapshot, path, offset, token)
        module = bool(targets) and all(target.kind == "module" for target in targets)
        if module and not ls.session.client.rename_files:
            raise RefusedError(
                f"`{occurrence.name}` is a module, and the editor renames no files for a server"
            )
        if language is not None and language.id == "python":
            from treewright_agent.operations.rename_symbol import require_renameable

            require_renameable(snapshot, occurrence, token)
        elif not targets:
            raise RefusedError(f"`{occurrence.name}` is not defined in this workspace")
        return {"range": mapper.range(occurrence.span), "placeholder": occurrence.name}

    return await answer(ls, work)
