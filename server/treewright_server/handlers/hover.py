"""textDocument/hover: signature, documentation and place of the thing at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any] | None:
    from treewright_indexer import graph

    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    offset = mapper.offset(params.get("position"))
    occurrence = graph.occurrence_at(snapshot, path, offset)
    if occurrence is None:
        return None
    targets = graph.definitions(snapshot, path, offset, token)
    if not targets:
        return None
    info = graph.hover_of(snapshot, targets[0])
    more = f"and {len(targets) - 1} more definitions" if len(targets) > 1 else ""
    kind = info.kind.replace("_", " ")
    if ls.session.client.hover_markdown:
        parts = [
            fenced(info.signature, info.language),
            info.doc,
            f"*{kind}*, `{info.where}`{', ' if more else ''}{more}",
        ]
    else:
        parts = [info.signature, info.doc, f"{kind}, {info.where}", more]
    value = "\n\n".join(part for part in parts if part)
    markup = "markdown" if ls.session.client.hover_markdown else "plaintext"
    return {"contents": {"kind": markup, "value": value}, "range": mapper.range(occurrence.span)}


def fenced(code: str, language: str) -> str:
    """A code block whose fence no run of backquotes in `code` can end."""
    longest = run = 0
    for character in code:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"
