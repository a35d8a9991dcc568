"""textDocument/hover: signature, documentation and place of the thing at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_HOVER
OPTIONS = None


async def handle(ls: TreewrightServer, params: lsp.HoverParams) -> lsp.Hover | None:
    client = ls.session.client

    def work(snapshot: Snapshot, token: CancelToken) -> lsp.Hover | None:
        from treewright_indexer import graph

        path = to_path(params.text_document.uri)
        mapper = Mapper(snapshot.text(path), client.encoding)
        offset = mapper.offset(params.position)
        occurrence = graph.occurrence_at(snapshot, path, offset)
        if occurrence is None:
            return None
        targets = graph.definitions(snapshot, path, offset, token)
        if not targets:
            return None
        info = graph.hover_of(snapshot, targets[0])
        more = f"and {len(targets) - 1} more definitions" if len(targets) > 1 else ""
        if client.hover_markdown:
            fence = "`" * max(3, _longest_run(info.signature) + 1)
            parts = [
                f"{fence}{info.language}\n{info.signature}\n{fence}",
                info.doc,
                f"*{_kind(info.kind)}*, `{info.where}`{', ' if more else ''}{more}",
            ]
            kind = lsp.MarkupKind.Markdown
        else:
            parts = [info.signature, info.doc, f"{_kind(info.kind)}, {info.where}", more]
            kind = lsp.MarkupKind.PlainText
        value = "\n\n".join(part for part in parts if part)
        return lsp.Hover(lsp.MarkupContent(kind, value), mapper.range(occurrence.span))

    return await answer(ls, work)


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def _longest_run(text: str) -> int:
    """Length of the longest run of backquotes, which a fence must be longer than."""
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
