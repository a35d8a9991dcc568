"""completionItem/resolve: documentation of one name, and the import that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_server.convert import Mapper
from treewright_server.handlers.hover import fenced
from treewright_server.plain import field, is_object

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


def handle(ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken) -> Any:
    from treewright_indexer.ide.completion import documentation

    data = field(params, "data")
    if not is_object(data):
        return params
    path, offset = data.get("path"), data.get("offset")
    if not isinstance(path, str) or not isinstance(offset, int):
        return params
    answer: dict[str, Any] = dict(params)
    try:
        signature, doc = documentation(snapshot, path, offset)
    except TreewrightError:  # the file has gone: the name stays
        signature, doc = "", ""
    if signature and not answer.get("detail"):
        answer["detail"] = signature
    if signature or doc:
        if ls.session.client.completion_markdown:
            language = snapshot.language(path)
            code = fenced(signature, language.id if language is not None else "")
            value = "\n\n".join(part for part in (code if signature else "", doc) if part)
            answer["documentation"] = {"kind": "markdown", "value": value}
        else:
            answer["documentation"] = {"kind": "plaintext", "value": doc or signature}
    module, home = data.get("module"), data.get("home")
    if isinstance(module, str) and module and isinstance(home, str):
        edits = _import_edits(ls, snapshot, home, module, str(params.get("label")), token)
        if edits:
            answer["additionalTextEdits"] = edits
    return answer


def _import_edits(
    ls: TreewrightServer,
    snapshot: Snapshot,
    path: str,
    module: str,
    name: str,
    token: CancelToken,
) -> list[dict[str, Any]]:
    """The edits of the document that import `name`; none where that cannot be done."""
    from treewright_agent.operations import run

    try:
        arguments = {"path": path, "module": module, "name": name}
        change = run("add_import", arguments, snapshot, token)
    except CancelledError:
        raise
    except TreewrightError:
        return []
    mapper = Mapper(snapshot.text(path), ls.session.client.encoding)
    return [
        {"range": mapper.range(edit.span), "newText": edit.new_text}
        for file in change.files
        if file.path == path
        for edit in file.edits
    ]
