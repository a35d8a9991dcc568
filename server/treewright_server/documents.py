"""Text sync: what the editor sends becomes overlays of the Workspace, the only text there is.

**Invariant.** Nothing here parses: a keystroke splices bytes on the intake thread, and the tree
is made when somebody asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import SourceText, Span
from treewright_server.convert import Mapper, to_path, to_uri
from treewright_server.feedback_watch import Splice
from treewright_server.given import member, number, objects, path_of, string

if TYPE_CHECKING:
    from treewright_server.session import Session

logger = logging.getLogger("treewright")

Listener = Callable[[str, SourceText, list[Splice]], None]


class Documents:
    """The open documents as the client names them. The intake thread alone changes them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._uris: dict[str, str] = {}
        self.on_text: list[Listener] = []
        """Called with (path, text, splices) after a document was opened or changed."""
        self.on_close: list[Callable[[str], None]] = []
        self.on_save: list[Callable[[str], None]] = []

    def uri(self, path: str) -> str:
        """The client's own spelling for an open document."""
        return self._uris.get(path) or to_uri(path)

    def open_paths(self) -> list[str]:
        return list(self._uris)

    def opened(self, params: Any) -> None:
        uri = string(params, "textDocument", "uri")
        language = string(params, "textDocument", "languageId")
        version = _version(params)
        text = SourceText.of(string(params, "textDocument", "text"))
        path = to_path(uri)
        self._uris[path] = uri
        self._session.workspace.open_document(path, language, text, version)
        for listener in self.on_text:
            listener(path, text, [])

    def changed(self, params: Any) -> None:
        uri = string(params, "textDocument", "uri")
        version = _version(params)
        changes = objects(params, "contentChanges")
        path = to_path(uri)
        workspace = self._session.workspace
        overlay = workspace.snapshot().overlays.get(path)
        if overlay is None:
            logger.warning("ignored a change of %s, which is not open", uri)
            return
        if version < overlay.version:
            logger.warning("%s: version %d came after %d", uri, version, overlay.version)
        edits, splices = converted(overlay.text, changes, self._session.client.encoding)
        workspace.change_document(path, version, edits)
        text = workspace.snapshot().overlays[path].text
        for listener in self.on_text:
            listener(path, text, splices)

    def closed(self, params: Any) -> None:
        path = path_of(params)
        if self._uris.pop(path, None) is None:
            return
        self._session.workspace.close_document(path)
        for listener in self.on_close:
            listener(path)

    def saved(self, params: Any) -> None:
        path = path_of(params)
        self._session.workspace.saved(path)
        for listener in self.on_save:
            listener(path)


def _version(params: Any) -> int:
    """A client that counts no versions (null is allowed by some) gets 0."""
    document = member(params, "textDocument")
    version = document.get("version")
    return 0 if version is None else number(version, "textDocument.version")


def converted(
    text: SourceText, changes: Sequence[dict[str, Any]], encoding: str
) -> tuple[list[tuple[Span | None, str]], list[Splice]]:
    """LSP's content changes in bytes. Each one refers to the text that the one before left."""
    edits: list[tuple[Span | None, str]] = []
    splices: list[Splice] = []
    last = len(changes) - 1
    for index, change in enumerate(changes):
        new = change.get("text")
        if not isinstance(new, str):
            raise ArgumentsError(f"contentChanges[{index}].text: expected a string")
        data = new.encode("utf-8", "replace")
        range_ = change.get("range")
        if range_ is None:
            span, known = Span(0, len(text.data)), None
        else:
            name = f"contentChanges[{index}].range"
            span = known = Mapper(text, encoding).span(range_, name, clamp_line=True)
        edits.append((known, new))
        splices.append(Splice(span.start, span.end, len(data)))
        if index < last:
            text = SourceText(data) if known is None else text.splice(span, data)
    return edits, splices
