"""jedi for an editor that waits: asked when the graph knows nothing, given up when it is late.

The child is started by the first question and keeps its caches: a late answer is dropped, and only
a child that is stuck is replaced. It ends with its standard input, hence with this process.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import subprocess
import sys
import threading
import time
from typing import Any, Final, Literal

from treewright_indexer import modules
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.semantics.answers import (
    Help,
    Place,
    PlacesOf,
    Question,
    Signature,
    Suggestion,
)
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

_log = logging.getLogger("treewright.semantics")

Ask = Literal["complete", "places", "types", "help", "signatures"]

STUCK_S: Final = 20.0
MAX_QUESTIONS: Final = 1000
"""After so many the child is replaced: jedi's caches only grow."""


class Interactive:
    """Safe to share between threads; the child answers one question after the other."""

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._condition = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._ids = itertools.count(1)
        self._answers: dict[int, Any] = {}
        self._waiting: set[int] = set()
        self._asked: dict[int, float] = {}
        self._count = 0
        self._closed = False

    def ask(
        self,
        what: Ask,
        snapshot: Snapshot,
        path: str,
        offset: int,
        token: CancelToken,
        deadline_s: float,
    ) -> Any:
        """The child's answer; None when there is none in time. Raises CancelledError."""
        text = snapshot.text(path)
        line = text.line_of(offset)
        start = text.line_starts[line]
        folder = snapshot.folder_of(path)
        question: dict[str, Any] = {
            "ask": what,
            "path": path,
            "code": text.string,
            "line": line + 1,
            "column": len(text.data[start:offset].decode("utf-8", "replace")),
            "project": folder.root if folder is not None else None,
        }
        end = time.monotonic() + deadline_s
        with self._condition:
            id_ = self._send(question)
            if id_ is None:
                return None
            self._waiting.add(id_)
            try:
                while id_ not in self._answers:
                    token.check()
                    left = end - time.monotonic()
                    if left <= 0 or id_ not in self._asked:  # late, or the child has gone
                        return None
                    self._condition.wait(min(left, 0.1))
                return self._answers[id_]
            finally:
                self._waiting.discard(id_)
                self._answers.pop(id_, None)

    # ------------------------------------------------------------------ answers.Provider

    name = "jedi"

    def places(self, what: PlacesOf, question: Question) -> list[Place] | None:
        """References are not asked of it: it would read the whole workspace."""
        if what == "references":
            return None
        asked: Ask = "types" if what == "type" else "places"
        rows = self._rows(asked, question)
        if rows is None:
            return None
        found: list[Place] = []
        for row in rows:
            try:
                text = question.snapshot.text(row["path"])
                span = text.line_span(row["line"] - 1)
            except TreewrightError:
                continue  # what cannot be read is left out
            start = span.start + len(text.slice(span)[: row["column"]].encode("utf-8", "replace"))
            found.append(Place(row["path"], Span(start, start + len(row["name"].encode()))))
        return found

    def help(self, question: Question) -> list[Help] | None:
        rows = self._rows("help", question)
        return rows and [
            Help(row["name"], row["kind"], tuple(row["signatures"]), row["doc"]) for row in rows
        ]

    def signatures(self, question: Question) -> list[Signature] | None:
        rows = self._rows("signatures", question)
        return rows and [_signature(row) for row in rows]

    def complete(self, question: Question) -> list[Suggestion] | None:
        rows = self._rows("complete", question)
        return rows and [Suggestion(name, kind, "") for name, kind in rows]

    def changed(self, paths: list[str]) -> None:
        """It reads files anew whenever it is asked."""

    def _rows(self, what: Ask, question: Question) -> list[Any] | None:
        snapshot, path, offset, token, deadline_s = question
        return self.ask(what, snapshot, path, offset, token, deadline_s)

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._stop()

    def _send(self, question: dict[str, Any]) -> int | None:
        if self._closed:
            return None
        now = time.monotonic()
        stuck = any(now - asked > STUCK_S for asked in self._asked.values())
        if self._process is not None and (stuck or self._count >= MAX_QUESTIONS):
            self._stop()
        try:
            if self._process is None or self._process.poll() is not None:
                self._start()
            process = self._process
            assert process is not None
            assert process.stdin is not None
            id_ = next(self._ids)
            process.stdin.write(json.dumps({**question, "id": id_}).encode() + b"\n")
            process.stdin.flush()
        except (OSError, ValueError) as error:
            _log.warning("jedi could not be asked: %s", error)
            self._stop()
            return None
        self._asked[id_] = now
        self._count += 1
        return id_

    def _start(self) -> None:
        self._count = 0
        self._asked.clear()
        self._process = subprocess.Popen(
            modules.command("treewright_indexer.semantics.jedi_child", self._python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        threading.Thread(
            target=self._read, args=(self._process,), name="treewright-jedi", daemon=True
        ).start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                message = json.loads(line)
                with self._condition:
                    id_ = message["id"]
                    self._asked.pop(id_, None)
                    if id_ in self._waiting:
                        self._answers[id_] = message["answer"]
                        self._condition.notify_all()
        except ValueError:  # closed while reading
            pass
        with self._condition:
            if self._process is process:
                self._asked.clear()
            self._condition.notify_all()

    def _stop(self) -> None:
        process, self._process = self._process, None
        self._asked.clear()
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # the child went first
                    pipe.close()


def _signature(row: dict[str, Any]) -> Signature:
    label = str(row["label"])
    ranges: list[tuple[int, int]] = []
    at = 0
    for parameter in row["parameters"]:
        start = label.find(parameter, at)
        if start >= 0:
            at = start + len(parameter)
            ranges.append((start, at))
    active = row["active"] if row["active"] < len(ranges) else -1
    return Signature(label, str(row["doc"]), tuple(ranges), active)
