"""treewright's own linter run on open Python documents, after a short pause in typing.

Off the loop, one run per document at a time; a result for a version that has gone is dropped.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_server.convert import Mapper, is_file
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_agent.recipes import Diagnostic
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.text import SourceText
    from treewright_server.session import Session

logger = logging.getLogger("treewright")

SOURCE = "treewright"
UNUSED = frozenset({"F401", "F841", "RUF059"})


class Linting:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._runs: dict[str, asyncio.Task[Any]] = {}
        self._found: dict[str, tuple[str, tuple[Diagnostic, ...]]] = {}
        self._failed = False
        session.documents.on_text.append(lambda path, text, splices: self._schedule(path))
        session.documents.on_save.append(self._schedule)
        session.documents.on_close.append(self._closed)

    def found(self, path: str, text_hash: str) -> tuple[Diagnostic, ...]:
        """What the last run found, if it ran on exactly this text."""
        known = self._found.get(path)
        return known[1] if known is not None and known[0] == text_hash else ()

    def reset(self) -> None:
        """The settings changed: run again, or take everything back."""
        for path in self._session.documents.open_paths():
            if self._session.settings.lint.enable:
                self._schedule(path)
            else:
                self._closed(path)

    def close(self) -> None:
        for task in self._runs.values():
            task.cancel()
        self._runs.clear()

    def _schedule(self, path: str) -> None:
        if not self._session.settings.lint.enable or not is_file(path):
            return
        overlay = self._session.workspace.snapshot().overlays.get(path)
        if overlay is None or overlay.language is None or overlay.language.id != "python":
            return
        running = self._runs.pop(path, None)
        if running is not None:
            running.cancel()
        self._runs[path] = self._session.later(self._lint(path))

    async def _lint(self, path: str) -> None:
        await asyncio.sleep(self._session.settings.lint.delay_ms / 1000)
        snapshot = self._session.workspace.snapshot()
        overlay = snapshot.overlays.get(path)
        if overlay is None:
            return
        try:
            found, diagnostics = await self._session.lanes.run(
                lambda token: self._run(snapshot, path, token), Lane.BACKGROUND
            )
        except TreewrightError as error:
            if not self._failed:
                logger.warning("the linter does not run: %s", error)
            self._failed = True
            return
        now = self._session.workspace.snapshot().overlays.get(path)
        if now is None or now.version != overlay.version:
            return
        self._found[path] = (overlay.text.hash, found)
        self._publish(path, diagnostics, overlay.version)

    def _run(
        self, snapshot: Snapshot, path: str, token: CancelToken
    ) -> tuple[tuple[Diagnostic, ...], list[lsp.Diagnostic]]:
        from treewright_agent.verify.ruff import lint

        token.check()
        text = snapshot.text(path)
        folder = snapshot.folder_of(path)
        found = tuple(lint(path, text, folder.root if folder else os.path.dirname(path)))
        return found, self._converted(text, found)

    def _converted(self, text: SourceText, found: tuple[Diagnostic, ...]) -> list[lsp.Diagnostic]:
        mapper = Mapper(text, self._session.client.encoding)
        tags = self._session.client.diagnostic_tags
        return [
            lsp.Diagnostic(
                range=mapper.range(diagnostic.span),
                message=diagnostic.message,
                severity=lsp.DiagnosticSeverity(int(diagnostic.severity)),
                code=diagnostic.code or None,
                source=SOURCE,
                tags=[lsp.DiagnosticTag.Unnecessary]
                if tags and diagnostic.code in UNUSED
                else None,
            )
            for diagnostic in found
        ]

    def _publish(self, path: str, diagnostics: list[lsp.Diagnostic], version: int | None) -> None:
        self._session.ls.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(
                uri=self._session.documents.uri(path),
                diagnostics=diagnostics,
                version=version if self._session.client.versioned_diagnostics else None,
            )
        )

    def _closed(self, path: str) -> None:
        running = self._runs.pop(path, None)
        if running is not None:
            running.cancel()
        if self._found.pop(path, None) is not None:
            self._publish(path, [], None)
