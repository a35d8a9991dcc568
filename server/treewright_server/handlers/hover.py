"""textDocument/hover: signature, documentation and place of the thing at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.foreign import asked
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
        return _foreign(ls, snapshot, path, offset, token, mapper.range(occurrence.span))
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


def _foreign(
    ls: TreewrightServer,
    snapshot: Snapshot,
    path: str,
    offset: int,
    token: CancelToken,
    range_: dict[str, Any],
) -> dict[str, Any] | None:
    """The same of what stands outside the workspace."""
    for name in asked(ls, "help", snapshot, path, offset, token):
        signature = "\n".join(name["signatures"]) or f"{name['kind']} {name['name']}"
        markdown = ls.session.client.hover_markdown
        parts = [fenced(signature, "python") if markdown else signature, name["doc"]]
        parts.append(f"*{name['kind']}*, `{name['name']}`" if markdown else name["name"])
        value = "\n\n".join(part for part in parts if part)
        kind = "markdown" if markdown else "plaintext"
        return {"contents": {"kind": kind, "value": value}, "range": range_}
    return None


def fenced(code: str, language: str) -> str:
    """A code block whose fence no run of backquotes in `code` can end."""
    longest = run = 0
    for character in code:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"
