"""textDocument/inlayHint: the parameter that a literal is for, where the call has one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnsupportedLanguageError
from treewright_server.convert import Mapper
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

PARAMETER = 2
"""LSP's InlayHintKind."""


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[dict[str, Any]]:
    from treewright_indexer.ide.hints import parameter_hints

    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    within = mapper.span(params.get("range"), clamp_line=True)
    try:
        found = parameter_hints(snapshot, path, within, token)
    except UnsupportedLanguageError:
        return []
    return [
        {"position": mapper.position(hint.offset), "label": hint.label, "kind": PARAMETER}
        for hint in found
    ]
