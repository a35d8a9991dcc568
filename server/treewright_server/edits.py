"""SourceChange -> WorkspaceEdit, as much of it as the client understands.

**Invariant.** Each edit belongs to the text it was computed from: the content hash is checked
here, and the client gets the document's version to check again. One change is one WorkspaceEdit,
so that one undo takes it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from treewright_indexer.errors import RefusedError, StaleSnapshotError
from treewright_indexer.text import SourceText, Span
from treewright_server.client import ClientFeatures
from treewright_server.convert import Mapper

if TYPE_CHECKING:
    from treewright_agent.changes import SourceChange
    from treewright_agent.changes import TextEdit as DomainEdit
    from treewright_indexer.snapshot import Snapshot

ANNOTATION = "treewright"

Json = dict[str, Any]


def to_workspace_edit(
    change: SourceChange,
    snapshot: Snapshot,
    client: ClientFeatures,
    uri: Callable[[str], str],
    *,
    label: str = "treewright",
    confirm: bool = False,
    notes: Mapping[str, str] | None = None,
) -> Json:
    """LSP's WorkspaceEdit. Raises StaleSnapshotError for text that has moved on, RefusedError for a poor client.

    With `confirm` every edit asks the user first; `notes` names the files (by path) whose edits
    ask, with the reason. Clients without change annotations get plain edits.
    """
    edits: dict[str, list[Json]] = {}
    for file in change.files:
        text = snapshot.text(file.path)
        if file.base_hash is not None and text.hash != file.base_hash:
            raise StaleSnapshotError(f"{snapshot.display_path(file.path)} has changed meanwhile")
        mapper = Mapper(text, client.encoding)
        edits[file.path] = [_text_edit(text, mapper, edit) for edit in file.edits]
    files = bool(change.creates or change.renames or change.deletes)
    if not client.document_changes:
        if files:
            raise RefusedError("the editor cannot create, rename or delete files for a server")
        return {"changes": {uri(path): file_edits for path, file_edits in edits.items()}}
    _require(client.create_files or not change.creates, "create")
    _require(client.rename_files or not change.renames, "rename")
    _require(client.delete_files or not change.deletes, "delete")

    reasons = dict(notes or {}) if client.annotations else {}
    annotations: dict[str, Json] = {}
    changes: list[Json] = []
    for created in change.creates:
        target = uri(created.path)
        zero = {"line": 0, "character": 0}
        text_edit = {"range": {"start": zero, "end": zero}, "newText": created.text}
        document = {"uri": target, "version": None}
        changes.append({"kind": "create", "uri": target})
        changes.append({"textDocument": document, "edits": [text_edit]})
    for path, file_edits in edits.items():
        reason = reasons.get(path) or (label if confirm and client.annotations else None)
        if reason is not None:
            key = f"{ANNOTATION}.{len(annotations)}"
            annotation: Json = {"label": label, "needsConfirmation": True}
            if reason != label:
                annotation["description"] = reason
            annotations[key] = annotation
            file_edits = [{**edit, "annotationId": key} for edit in file_edits]
        document = {"uri": uri(path), "version": snapshot.version(path)}
        changes.append({"textDocument": document, "edits": file_edits})
    changes += [
        {"kind": "rename", "oldUri": uri(r.old), "newUri": uri(r.new)} for r in change.renames
    ]
    changes += [{"kind": "delete", "uri": uri(d.path)} for d in change.deletes]
    whole: Json = {"documentChanges": changes}
    if annotations:
        whole["changeAnnotations"] = annotations
    return whole


def _text_edit(text: SourceText, mapper: Mapper, edit: DomainEdit) -> Json:
    span, new_text = _off_the_last_line(text, edit.span, edit.new_text)
    return {"range": mapper.range(span), "newText": new_text}


def _off_the_last_line(text: SourceText, span: Span, new_text: str) -> tuple[Span, str]:
    """The same edit, not inserting on the empty line behind the last line break.

    Neovim 0.11 leaves a stray empty line there: append to the last line instead.
    """
    data, newline = text.data, text.newline
    end = len(data)
    inserts = span.start == span.end == end
    if not (inserts and end and data.endswith(newline.encode()) and new_text.endswith(newline)):
        return span, new_text
    before = end - len(newline)
    return Span(before, before), newline + new_text[: -len(newline)]


def _require(able: bool, what: str) -> None:
    if not able:
        raise RefusedError(f"the editor cannot {what} files for a server")
