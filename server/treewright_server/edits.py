"""SourceChange -> WorkspaceEdit, as much of it as the client understands.

**Invariant.** Each edit belongs to the text it was computed from: the content hash is checked
here, and the client gets the document's version to check again. One change is one WorkspaceEdit,
so that one undo takes it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.errors import RefusedError, StaleSnapshotError
from treewright_indexer.text import SourceText, Span
from treewright_server.client import ClientFeatures
from treewright_server.convert import Mapper

if TYPE_CHECKING:
    from treewright_agent.changes import SourceChange
    from treewright_agent.changes import TextEdit as DomainEdit
    from treewright_indexer.snapshot import Snapshot

ANNOTATION = "treewright"

TextEdits = list[lsp.TextEdit | lsp.AnnotatedTextEdit | lsp.SnippetTextEdit]


def to_workspace_edit(
    change: SourceChange,
    snapshot: Snapshot,
    client: ClientFeatures,
    uri: Callable[[str], str],
    *,
    label: str = "treewright",
    confirm: bool = False,
    notes: Mapping[str, str] | None = None,
) -> lsp.WorkspaceEdit:
    """Raises StaleSnapshotError for text that has moved on, RefusedError for a poor client.

    With `confirm` every edit asks the user first; `notes` names the files (by path) whose edits
    ask, with the reason. Clients without change annotations get plain edits.
    """
    edits: dict[str, list[lsp.TextEdit]] = {}
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
        return lsp.WorkspaceEdit(
            changes={uri(path): list(file_edits) for path, file_edits in edits.items()}
        )
    _require(client.create_files or not change.creates, "create")
    _require(client.rename_files or not change.renames, "rename")
    _require(client.delete_files or not change.deletes, "delete")

    reasons = dict(notes or {}) if client.annotations else {}
    annotations: dict[str, lsp.ChangeAnnotation] = {}
    changes: list[lsp.TextDocumentEdit | lsp.CreateFile | lsp.RenameFile | lsp.DeleteFile] = []
    for created in change.creates:
        target = uri(created.path)
        changes.append(lsp.CreateFile(uri=target))
        zero = lsp.Position(0, 0)
        changes.append(
            lsp.TextDocumentEdit(
                lsp.OptionalVersionedTextDocumentIdentifier(uri=target, version=None),
                [lsp.TextEdit(lsp.Range(zero, zero), created.text)],
            )
        )
    for path, file_edits in edits.items():
        reason = reasons.get(path) or (label if confirm and client.annotations else None)
        document = lsp.OptionalVersionedTextDocumentIdentifier(
            uri=uri(path), version=snapshot.version(path)
        )
        if reason is None:
            changes.append(lsp.TextDocumentEdit(document, list(file_edits)))
            continue
        key = f"{ANNOTATION}.{len(annotations)}"
        annotations[key] = lsp.ChangeAnnotation(
            label=label, needs_confirmation=True, description=reason if reason != label else None
        )
        annotated = [lsp.AnnotatedTextEdit(key, edit.range, edit.new_text) for edit in file_edits]
        changes.append(lsp.TextDocumentEdit(document, list(annotated)))
    changes += [lsp.RenameFile(old_uri=uri(r.old), new_uri=uri(r.new)) for r in change.renames]
    changes += [lsp.DeleteFile(uri=uri(d.path)) for d in change.deletes]
    return lsp.WorkspaceEdit(document_changes=changes, change_annotations=annotations or None)


def _text_edit(text: SourceText, mapper: Mapper, edit: DomainEdit) -> lsp.TextEdit:
    span, new_text = _off_the_last_line(text, edit.span, edit.new_text)
    return lsp.TextEdit(mapper.range(span), new_text)


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
