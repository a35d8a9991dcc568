"""treewright's own diagnostics of open Python documents: pushed after a short pause in typing.

Off the intake thread, one run per document at a time; a result for a version that has gone is
dropped. A client that pulls diagnostics gets none pushed: see `handlers/diagnostic.py`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_server.convert import Mapper, is_file
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_agent.recipes import Diagnostic
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.text import SourceText
    from treewright_server.clock import Timer
    from treewright_server.session import Session

logger = logging.getLogger("treewright")

SOURCE = "treewright"
UNUSED = frozenset({"F401", "F841", "RUF059", "unused-symbol"})
UNNECESSARY = 1
"""LSP's DiagnosticTag."""


class Linting:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._timers: dict[str, Timer] = {}
        self._runs: dict[str, CancelToken] = {}
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
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            for token in self._runs.values():
                token.cancel()
            self._timers.clear()
            self._runs.clear()

    def wanted(self, path: str) -> bool:
        """Whether the linter reads this document."""
        session = self._session
        if not session.settings.lint.enable or not is_file(path):
            return False
        language = session.workspace.snapshot().language(path)
        if language is None or language.id != "python":
            return False
        return session.features.serves("diagnostics", language.id)

    def _schedule(self, path: str) -> None:
        if not self.wanted(path):
            return
        delay_s = self._session.settings.lint.delay_ms / 1000
        with self._lock:
            self._stop(path)
            self._timers[path] = self._session.clock.later(delay_s, lambda: self._begin(path))

    def _stop(self, path: str) -> None:
        timer, token = self._timers.pop(path, None), self._runs.pop(path, None)
        if timer is not None:
            timer.cancel()
        if token is not None:
            token.cancel()

    def _begin(self, path: str) -> None:
        with self._lock:
            self._timers.pop(path, None)
            token = self._runs[path] = CancelToken()
        work = self._session.lanes.post_cancellable
        work(lambda token: self._lint(path, token), Lane.BACKGROUND, token)

    def _lint(self, path: str, token: CancelToken) -> None:
        snapshot = self._session.workspace.snapshot()
        overlay = snapshot.overlays.get(path)
        if overlay is None:
            return
        try:
            found = self.run(snapshot, path, token)
        except CancelledError:
            return
        except TreewrightError as error:
            self.complain(error)
            return
        diagnostics = self.converted(overlay.text, found)
        with self._lock:
            now = self._session.workspace.snapshot().overlays.get(path)
            if now is None or now.version != overlay.version or token.cancelled:
                return
            self._found[path] = (overlay.text.hash, found)
            self._runs.pop(path, None)
            if not self._session.client.pulls_diagnostics:
                self._publish(path, diagnostics, overlay.version)

    def run(self, snapshot: Snapshot, path: str, token: CancelToken) -> tuple[Diagnostic, ...]:
        """What the linter finds, and what treewright itself does. Raises CancelledError."""
        from treewright_agent.recipes import Diagnostic
        from treewright_agent.verify.ruff import lint
        from treewright_indexer.ide.problems import problems

        token.check()
        text = snapshot.text(path)
        folder = snapshot.folder_of(path)
        found: list[Diagnostic] = []
        try:
            if self._session.settings.agent.trusted:  # it is a program, configured by the folder
                found += lint(path, text, folder.root if folder else os.path.dirname(path))
        except CancelledError:
            raise
        except TreewrightError as error:
            self.complain(error)
        token.check()
        own = problems(snapshot, path, token, self._session.settings.lint.checks())
        found += [Diagnostic(path, p.span, p.code, SOURCE, p.message, p.severity) for p in own]
        return tuple(found)

    def take(self, snapshot: Snapshot, path: str, token: CancelToken) -> tuple[Diagnostic, ...]:
        """The same, for an editor that asks; code actions find it by the text it was made of."""
        text_hash = snapshot.text(path).hash
        found = self.run(snapshot, path, token)
        with self._lock:
            if snapshot.is_open(path):
                self._found[path] = (text_hash, found)
        return found

    def complain(self, error: TreewrightError) -> None:
        """A linter that does not run is said once."""
        if not self._failed:
            logger.warning("the linter does not run: %s", error)
        self._failed = True

    def result_id(self, text: SourceText, items: list[dict[str, Any]]) -> str:
        """The same for the same text and the same problems."""
        digest = hashlib.blake2b(repr(items).encode("utf-8", "replace"), digest_size=8)
        return f"{text.hash[:16]}-{digest.hexdigest()}"

    def converted(self, text: SourceText, found: tuple[Diagnostic, ...]) -> list[dict[str, Any]]:
        """LSP's Diagnostics."""
        mapper = Mapper(text, self._session.client.encoding)
        tags = self._session.client.diagnostic_tags
        items: list[dict[str, Any]] = []
        for diagnostic in found:
            item: dict[str, Any] = {
                "range": mapper.range(diagnostic.span),
                "message": diagnostic.message,
                "severity": int(diagnostic.severity),
                "source": SOURCE,
            }
            if diagnostic.code:
                item["code"] = diagnostic.code
            if tags and diagnostic.code in UNUSED:
                item["tags"] = [UNNECESSARY]
            items.append(item)
        return items

    def _publish(self, path: str, diagnostics: list[dict[str, Any]], version: int | None) -> None:
        params: dict[str, Any] = {
            "uri": self._session.documents.uri(path),
            "diagnostics": diagnostics,
        }
        if version is not None and self._session.client.versioned_diagnostics:
            params["version"] = version
        self._session.ls.notify("textDocument/publishDiagnostics", params)

    def _closed(self, path: str) -> None:
        with self._lock:
            self._stop(path)
            known = self._found.pop(path, None)
            if known is not None and not self._session.client.pulls_diagnostics:
                self._publish(path, [], None)
