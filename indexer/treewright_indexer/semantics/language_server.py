"""A language server that is installed, asked what the graph cannot decide.

**Invariant.** It sees the text of the question: every open document, and the file that is asked
about, are brought to the question's snapshot before the request, under one lock.

Started by the first question; ended after a while without one, when it grows too large, and with
its standard input, hence with this process. One that dies is started again, later each time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from pathlib import Path
from typing import Any, Final

from treewright_indexer.cancel import CancelToken
from treewright_indexer.semantics.answers import (
    Help,
    Place,
    PlacesOf,
    Question,
    Signature,
    Suggestion,
)
from treewright_indexer.semantics.reading import Positions, Reader, path_uri
from treewright_indexer.semantics.servers import ServerSpec
from treewright_indexer.semantics.wire import REFUSED, Wire
from treewright_indexer.snapshot import Overlay, Snapshot
from treewright_indexer.text import SourceText, Span

_log = logging.getLogger("treewright.semantics")

IDLE_S: Final = 900.0
STUCK_S: Final = 20.0
MAX_MB: Final = 1500
MAX_FAILURES: Final = 6
"""Deaths in a row after which a server is left alone for `GIVEN_UP_S`."""
GIVEN_UP_S: Final = 600.0
_MAX_OPEN: Final = 64
"""Closed files that stay open in the child because they were asked about."""

_KEYWORD: Final = re.compile(rb"[^\W\d]\w*[ \t]*=(?!=)")
_WORD: Final = re.compile(rb"[\w\x80-\xff]+")
_METHODS: Final[dict[PlacesOf, str]] = {
    "definition": "textDocument/definition",
    "declaration": "textDocument/declaration",
    "type": "textDocument/typeDefinition",
    "references": "textDocument/references",
}
_CAPABILITIES: Final[dict[str, Any]] = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {
        "synchronization": {},
        "definition": {"linkSupport": True},
        "declaration": {"linkSupport": True},
        "typeDefinition": {"linkSupport": True},
        "references": {},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "signatureHelp": {
            "signatureInformation": {
                "documentationFormat": ["plaintext"],
                "parameterInformation": {"labelOffsetSupport": True},
                "activeParameterSupport": True,
            }
        },
        "completion": {"completionItem": {"snippetSupport": False}},
        "diagnostic": {},  # then none is pushed, nor made
    },
}


class LanguageServer:
    """See `answers.Provider`."""

    def __init__(
        self, spec: ServerSpec, command: list[str], *, idle_s: float = IDLE_S, max_mb: int = MAX_MB
    ) -> None:
        self.name = spec.name
        self._spec = spec
        self._command = command
        self._idle_s, self._max_mb = idle_s, max_mb
        self._lock = threading.RLock()
        self._wire: Wire | None = None
        self._ready = False
        self._initialize = 0
        self._encoding = "utf-16"
        self._roots: tuple[str, ...] = ()
        self._open: dict[str, SourceText] = {}
        self._version = 0
        self._failures = 0
        self._not_before = 0.0
        self._last = 0.0
        self._pending = 0
        self._count = 0
        self._late_since = 0.0
        self._timer: threading.Timer | None = None
        self._closed = False

    # ------------------------------------------------------------------ questions

    def places(self, what: PlacesOf, question: Question) -> list[Place] | None:
        extra = {"context": {"includeDeclaration": True}} if what == "references" else {}
        answer, reader = self._ask(_METHODS[what], question, extra)
        return reader.places(answer) if reader is not None else None

    def help(self, question: Question) -> list[Help] | None:
        answer, reader = self._ask("textDocument/hover", question)
        return reader.help(answer) if reader is not None else None

    def signatures(self, question: Question) -> list[Signature] | None:
        answer, reader = self._ask("textDocument/signatureHelp", _without_rest(question))
        return reader.signatures(answer) if reader is not None else None

    def complete(self, question: Question) -> list[Suggestion] | None:
        extra = {"context": {"triggerKind": 1}}
        answer, reader = self._ask("textDocument/completion", _at_end_of_word(question), extra)
        return reader.suggestions(answer) if reader is not None else None

    def changed(self, paths: list[str]) -> None:
        with self._lock:
            wire = self._wire
            if wire is None or not self._ready:
                return
            changes = [
                {"uri": path_uri(path), "type": 2 if os.path.exists(path) else 3} for path in paths
            ]
            with contextlib.suppress(OSError, ValueError):
                wire.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._stop()

    @property
    def running(self) -> bool:
        return self._wire is not None

    # ------------------------------------------------------------------ one request

    def _ask(
        self, method: str, question: Question, extra: dict[str, Any] | None = None
    ) -> tuple[Any, Reader | None]:
        """(the answer, what reads it); the reader is None when nothing can be said."""
        with self._lock:
            self._pending += 1
        try:
            return self._answer(method, question, extra)
        finally:
            with self._lock:
                self._pending -= 1
                self._last = time.monotonic()

    def _answer(
        self, method: str, question: Question, extra: dict[str, Any] | None
    ) -> tuple[Any, Reader | None]:
        end = time.monotonic() + question.deadline_s
        question.token.check()
        wire = self._started(question.snapshot, question.token, end)
        if wire is None:
            return None, None
        text = question.snapshot.text(question.path)
        try:
            with wire.lock:
                self._bring_up_to_date(wire, question)
                position = Positions(text, self._encoding).of(question.offset)
                document = {"uri": path_uri(question.path)}
                id_ = wire.request(
                    method, {"textDocument": document, "position": position, **(extra or {})}
                )
        except (OSError, ValueError):
            self._failed(wire)
            return None, None
        came, answer = self._wait(wire, id_, question.token, end)
        if not came or not wire.alive or answer is REFUSED:
            return None, None
        self._failures = 0
        return answer, Reader(question.snapshot, self._encoding)

    def _wait(self, wire: Wire, id_: int, token: CancelToken, end: float) -> tuple[bool, Any]:
        while True:
            came, answer = wire.wait(id_, min(0.05, end - time.monotonic()))
            if came:
                self._late_since = 0.0
                return True, answer
            now = time.monotonic()
            if token.cancelled or now >= end:
                wire.forget(id_)
                self._late(wire, now)
                token.check()
                return False, None

    def _late(self, wire: Wire, now: float) -> None:
        """A late answer is dropped; a child that has answered nothing for long is ended."""
        with self._lock:
            if not self._late_since:
                self._late_since = now
            elif now - self._late_since > STUCK_S and self._wire is wire:
                _log.warning("%s does not answer; it is started again", self.name)
                self._stop()

    # ------------------------------------------------------------------ documents

    def _bring_up_to_date(self, wire: Wire, question: Question) -> None:
        snapshot = question.snapshot
        wanted: dict[str, SourceText] = {}
        for path, overlay in snapshot.overlays.items():
            if overlay.language is not None and overlay.language.id in self._spec.languages:
                wanted[path] = overlay.text
        if question.path not in wanted:
            wanted[question.path] = snapshot.text(question.path)
        for path, text in wanted.items():
            known = self._open.get(path)
            if known is text:
                continue
            if known is None:
                self._did_open(wire, snapshot, path, text)
            elif known.data != text.data:
                self._version += 1
                document = {"uri": path_uri(path), "version": self._version}
                change: dict[str, Any] = {"text": text.string}
                wire.notify(
                    "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
                )
            self._open[path] = text
        # What nobody has open any more is what the disk says again.
        spare = [path for path in self._open if path not in wanted]
        for path in spare[: max(0, len(self._open) - _MAX_OPEN)]:
            self._did_close(wire, path)
        for path in spare:
            if path in self._open and not _is_on_disk(path, self._open[path]):
                self._did_close(wire, path)

    def _did_open(self, wire: Wire, snapshot: Snapshot, path: str, text: SourceText) -> None:
        language = snapshot.language(path)
        id_ = self._spec.languages.get(language.id if language else "", "plaintext")
        self._version += 1
        document = {
            "uri": path_uri(path), "languageId": id_, "version": self._version, "text": text.string,
        }  # fmt: skip
        wire.notify("textDocument/didOpen", {"textDocument": document})

    def _did_close(self, wire: Wire, path: str) -> None:
        del self._open[path]
        wire.notify("textDocument/didClose", {"textDocument": {"uri": path_uri(path)}})

    # ------------------------------------------------------------------ the process

    def _started(self, snapshot: Snapshot, token: CancelToken, end: float) -> Wire | None:
        """The running child, initialized; None when it is not there in time."""
        with self._lock:
            now = time.monotonic()
            if self._closed or now < self._not_before:
                return None
            roots = tuple(folder.root for folder in snapshot.folders)
            self._count += 1
            if self._wire is not None:
                if roots != self._roots or not self._wire.alive:
                    self._stop()
                elif self._count % 64 == 0 and _resident_mb(self._wire.process.pid) > self._max_mb:
                    _log.warning("%s uses more than %d MB; it is ended", self.name, self._max_mb)
                    self._stop()
            if self._wire is None:
                self._launch(roots)
            wire, ready = self._wire, self._ready
        if wire is None or ready:
            return wire
        # Whoever asks meanwhile waits for the same answer.
        while not self._ready:
            token.check()
            if time.monotonic() >= end or not wire.alive or self._wire is not wire:
                return None
            self._finish_start(wire, min(0.02, end - time.monotonic()))
        return wire

    def _launch(self, roots: tuple[str, ...]) -> None:
        self._roots, self._ready, self._open = roots, False, {}
        self._late_since = 0.0
        folders = [{"uri": path_uri(root), "name": os.path.basename(root)} for root in roots]
        try:
            self._wire = Wire(
                self._command, roots[0] if roots else None, self._spec.settings, self._ended
            )
            self._initialize = self._wire.request(
                "initialize",
                {
                    "processId": os.getpid(),
                    "clientInfo": {"name": "treewright"},
                    "rootUri": path_uri(roots[0]) if roots else None,
                    "workspaceFolders": folders,
                    "capabilities": _CAPABILITIES,
                    "initializationOptions": dict(self._spec.options),
                },
            )
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be started: %s", self.name, error)
            self._failed(self._wire)
            return
        self._watch_idle()

    def _finish_start(self, wire: Wire, timeout_s: float) -> None:
        with self._lock:
            if self._ready or self._wire is not wire:
                return
            came, answer = wire.wait(self._initialize, timeout_s)
            if not came or not wire.alive:
                return
            if answer is REFUSED:  # it lacks something; asked again later, ever more rarely
                _log.warning("%s refuses to start", self.name)
                self._failed(wire)
                return
            self._encoding = _position_encoding(answer)
            try:
                wire.notify("initialized", {})
            except (OSError, ValueError):
                self._failed(wire)
                return
            self._ready = True

    def _ended(self, wire: Wire) -> None:
        """Called by the wire's thread when the child closes its output."""
        with self._lock:
            if self._wire is wire and not self._closed:
                self._failed(wire)

    def _failed(self, wire: Wire | None) -> None:
        with self._lock:
            if wire is not None and self._wire is not wire:
                return
            self._stop()
            self._failures += 1
            wait_s = min(60.0, 0.5 * 2 ** (self._failures - 1))
            if self._failures >= MAX_FAILURES:
                wait_s = GIVEN_UP_S
                _log.warning("%s ended %d times in a row", self.name, self._failures)
            self._not_before = time.monotonic() + wait_s

    def _stop(self) -> None:
        wire, self._wire = self._wire, None
        self._ready, self._open = False, {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wire is not None:
            wire.kill()

    def _watch_idle(self) -> None:
        self._timer = threading.Timer(self._idle_s, self._end_when_idle)
        self._timer.daemon = True
        self._timer.start()

    def _end_when_idle(self) -> None:
        with self._lock:
            if self._wire is None:
                return
            if not self._pending and time.monotonic() - self._last >= self._idle_s:
                self._stop()
            else:
                self._watch_idle()


def _at_end_of_word(question: Question) -> Question:
    """The question as if nothing of the word stood behind the cursor: ty offers nothing inside."""
    snapshot, path, offset = question[:3]
    text = snapshot.text(path)
    word = _WORD.match(text.data, offset)
    if word is None:
        return question
    return _spliced(question, Span(*word.span()))


def _without_rest(question: Question) -> Question:
    """The question as if the argument that begins at the cursor were not there yet: what is asked
    is the call around the cursor, not one that starts behind it. Keywords stay."""
    snapshot, path, offset = question[:3]
    data = snapshot.text(path).data
    if (offset and data[offset - 1] not in b"(, ") or _KEYWORD.match(data, offset):
        return question
    depth, end = 0, offset
    while end < len(data) and data[end] not in b"\r\n":
        if data[end] in b"([{":
            depth += 1
        elif data[end] in b")]}":
            depth -= 1
        if depth < 0 or (data[end] == 0x2C and depth == 0):
            break
        end += 1
    if end == offset:
        return question
    # Others may follow: then something must stand in its place.
    return _spliced(question, Span(offset, end), b"" if depth < 0 else b"_")


def _spliced(question: Question, span: Span, filler: bytes = b"") -> Question:
    snapshot, path = question.snapshot, question.path
    text = snapshot.text(path).splice(span, filler)
    overlays = {**snapshot.overlays, path: Overlay(path, snapshot.language(path), text, -1)}
    return question._replace(snapshot=Snapshot(snapshot.revision, snapshot.folders, overlays))


def _position_encoding(answer: Any) -> str:
    """What `initialize` agreed on; UTF-16 unless it says another one."""
    try:
        return str(answer["capabilities"]["positionEncoding"])
    except (KeyError, TypeError):
        return "utf-16"


def _is_on_disk(path: str, text: SourceText) -> bool:
    try:
        return os.path.getsize(path) == len(text.data) and Path(path).read_bytes() == text.data
    except OSError:
        return False


def _resident_mb(pid: int) -> float:
    """Memory of a process; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
