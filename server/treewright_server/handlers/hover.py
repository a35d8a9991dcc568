"""textDocument/hover: signature, documentation and place of the thing at the cursor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.foreign import Asking
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.graph.hover import HoverInfo
    from treewright_indexer.semantics.answers import Help
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

MAX_VALUE: Final = 80
"""Characters of a value that is shown beside its type."""
_SAYS_ITSELF: Final = re.compile(r"\(\w+\) |def |class ")
_VARIANCE: Final = re.compile(r" \((?:in|co|contra|bi)variant\)\Z")
_UNKNOWN: Final = re.compile(r"\(?Unknown(?: & ~?[\w.]+(?:\[[^\]]*\])?)+\)?")
_TYPED: Final = frozenset({"local", "parameter", "variable", "constant", "field", "property"})
"""What may have a type that its text does not say."""


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
    asking = Asking(ls, snapshot, path, token)
    targets = graph.definitions(snapshot, path, offset, token, asking.oracle())
    if not targets:
        return _foreign(ls, asking, offset, mapper.range(occurrence.span))
    info = graph.hover_of(snapshot, targets[0])
    if targets[0].kind in _TYPED:
        info = _with_type(info, occurrence.name, asking.help(offset))
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


def _with_type(info: HoverInfo, name: str, known: list[Help]) -> HoverInfo:
    """A variable with the type that a type checker gives it, and its words where we have none."""
    type_ = _known_type(known[0].signatures[0]) if known and known[0].signatures else ""
    if not type_ or (name in ("self", "cls") and info.signature != name):
        return info
    if _SAYS_ITSELF.match(type_) or type_.startswith(f"{name}:"):
        declared = type_
    else:
        # `name = value` and `name=default` become `name: type = value`.
        given = re.match(
            rf"(\*{{0,2}}{re.escape(name)})\s*=(?!=)\s*(.*)", info.signature, re.DOTALL
        )
        declared = f"{name}: {type_}"
        if given is not None and len(given.group(2)) < MAX_VALUE:
            declared = f"{given.group(1)}: {type_} = {given.group(2)}"
    return info._replace(signature=declared, doc=info.doc or known[0].doc)


def _known_type(type_: str) -> str:
    """A type without what ty says of types that it does not know; '' where nothing is left."""
    plain = _UNKNOWN.sub("Unknown", _VARIANCE.sub("", type_.strip()))
    parts = [part for part in plain.split(" | ") if part != "Unknown"]
    return " | ".join(parts) if len(parts) > 0 and plain != "Unknown" else ""


def _foreign(
    ls: TreewrightServer, asking: Asking, offset: int, range_: dict[str, Any]
) -> dict[str, Any] | None:
    """The same of what stands outside the workspace."""
    for known in asking.help(offset):
        signature = "\n".join(known.signatures) or f"{known.kind} {known.name}".strip()
        markdown = ls.session.client.hover_markdown
        parts = [fenced(signature, "python") if markdown else signature, known.doc]
        if known.name:
            parts.append(f"*{known.kind}*, `{known.name}`" if markdown else known.name)
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
