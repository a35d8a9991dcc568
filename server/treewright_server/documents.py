"""Text sync: what the editor sends becomes overlays of the Workspace, the only text there is.

**Invariant.** Nothing here parses: a keystroke splices bytes on the event loop, and the tree is
made when somebody asks. Notifications that arrive before the Workspace is loaded wait in order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText, Span
from treewright_server.convert import Mapper, to_path, to_uri
from treewright_server.feedback_watch import Splice

if TYPE_CHECKING:
    from treewright_server.session import Session

logger = logging.getLogger("treewright")

Listener = Callable[[str, SourceText, list[Splice]], None]


class Documents:
    """The open documents as the client names them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._uris: dict[str, str] = {}
        self._waiting: list[Callable[[], None]] | None = []
        self.on_text: list[Listener] = []
        """Called with (path, text, splices) after a document was opened or changed."""
        self.on_close: list[Callable[[str], None]] = []
        self.on_save: list[Callable[[str], None]] = []

    def uri(self, path: str) -> str:
        """The client's own spelling for an open document."""
        return self._uris.get(path) or to_uri(path)

    def open_paths(self) -> list[str]:
        return list(self._uris)

    def release(self) -> None:
        """The Workspace is there: take what has waited, in order."""
        waiting, self._waiting = self._waiting or [], None
        for action in waiting:
            try:
                action()
            except TreewrightError as error:
                logger.warning("%s", error)

    def _when_ready(self, action: Callable[[], None]) -> None:
        if self._waiting is None:
            action()
        else:
            self._waiting.append(action)

    def opened(self, params: lsp.DidOpenTextDocumentParams) -> None:
        self._when_ready(lambda: self._opened(params))

    def _opened(self, params: lsp.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        path = to_path(document.uri)
        text = SourceText.of(document.text)
        self._uris[path] = document.uri
        self._session.workspace.open_document(path, document.language_id, text, document.version)
        for listener in self.on_text:
            listener(path, text, [])

    def changed(self, params: lsp.DidChangeTextDocumentParams) -> None:
        self._when_ready(lambda: self._changed(params))

    def _changed(self, params: lsp.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        path = to_path(document.uri)
        workspace = self._session.workspace
        overlay = workspace.snapshot().overlays.get(path)
        if overlay is None:
            logger.warning("ignored a change of %s, which is not open", document.uri)
            return
        if document.version < overlay.version:
            logger.warning(
                "%s: version %d came after %d", document.uri, document.version, overlay.version
            )
        edits, splices = converted(
            overlay.text, params.content_changes, self._session.client.encoding
        )
        workspace.change_document(path, document.version, edits)
        text = workspace.snapshot().overlays[path].text
        for listener in self.on_text:
            listener(path, text, splices)

    def closed(self, params: lsp.DidCloseTextDocumentParams) -> None:
        self._when_ready(lambda: self._closed(to_path(params.text_document.uri)))

    def _closed(self, path: str) -> None:
        if self._uris.pop(path, None) is None:
            return
        self._session.workspace.close_document(path)
        for listener in self.on_close:
            listener(path)

    def saved(self, params: lsp.DidSaveTextDocumentParams) -> None:
        self._when_ready(lambda: self._saved(to_path(params.text_document.uri)))

    def _saved(self, path: str) -> None:
        self._session.workspace.saved(path)
        for listener in self.on_save:
            listener(path)


Change = lsp.TextDocumentContentChangePartial | lsp.TextDocumentContentChangeWholeDocument


def converted(
    text: SourceText, changes: list[Change] | tuple[Change, ...], encoding: str
) -> tuple[list[tuple[Span | None, str]], list[Splice]]:
    """LSP's content changes in bytes. Each one refers to the text that the one before left."""
    edits: list[tuple[Span | None, str]] = []
    splices: list[Splice] = []
    last = len(changes) - 1
    for index, change in enumerate(changes):
        data = change.text.encode("utf-8", "replace")
        if isinstance(change, lsp.TextDocumentContentChangeWholeDocument):
            span, known = Span(0, len(text.data)), None
        else:
            span = known = Mapper(text, encoding).span(change.range, clamp_line=True)
        edits.append((known, change.text))
        splices.append(Splice(span.start, span.end, len(data)))
        if index < last:
            text = SourceText(data) if known is None else text.splice(span, data)
    return edits, splices
