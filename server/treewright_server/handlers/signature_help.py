"""textDocument/signatureHelp: the signature of the call that is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_server.convert import Mapper
from treewright_server.foreign import Asking
from treewright_server.given import path_of

if TYPE_CHECKING:
    from treewright_indexer.ide.signatures import Signature
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> dict[str, Any] | None:
    from treewright_indexer.ide.signatures import known_signature, signatures

    path = path_of(params)
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    offset = mapper.offset(params.get("position"))
    asking = Asking(ls, snapshot, path, token)
    found = signatures(snapshot, path, offset, token, asking.oracle())
    # A call of something that the graph does not know, or a class that says no constructor.
    if found is not None and all(not signature.parameters for signature in found):
        known = asking.signatures(offset)
        found = [known_signature(mapper.text.data, offset, *s[:3]) for s in known] or found
    if not found:
        return None
    # The signature that has a parameter for what is written comes first.
    best = next((i for i, signature in enumerate(found) if signature.active >= 0), 0)
    answer: dict[str, Any] = {
        "signatures": [_signature(ls, signature) for signature in found],
        "activeSignature": best,
    }
    if found[best].active >= 0:
        answer["activeParameter"] = found[best].active
    return answer


def _signature(ls: TreewrightServer, signature: Signature) -> dict[str, Any]:
    client = ls.session.client
    label = signature.label
    parameters: list[dict[str, Any]] = []
    for start, end in signature.parameters:
        if client.label_offsets:
            parameters.append({"label": [_utf16(label[:start]), _utf16(label[:end])]})
        else:
            parameters.append({"label": label[start:end]})
    item: dict[str, Any] = {"label": label, "parameters": parameters}
    if signature.doc:
        kind = "markdown" if client.signature_markdown else "plaintext"
        item["documentation"] = {"kind": kind, "value": signature.doc}
    if client.active_parameter and signature.active >= 0:
        item["activeParameter"] = signature.active
    return item


def _utf16(text: str) -> int:
    """LSP counts the offsets in a label in UTF-16, whatever encoding positions have."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
