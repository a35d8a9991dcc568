"""The client of the jedi process: started on first use, restarted after a fault or a hang.

jedi is pure Python, holds the interpreter lock, is not thread-safe and grows; so it lives in
a child that is asked one question at a time, each with a deadline. The child ends with its
standard input, hence with this process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from treewright_indexer import modules
from treewright_indexer.cancel import CancelToken
from treewright_indexer.graph.model import Target
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_log = logging.getLogger("treewright.semantics")
_MAX_REQUESTS = 2000
"""After so many the child is replaced: jedi's caches only grow."""


class Semantics:
    """Asks jedi where a name leads. Safe to share between threads; questions queue up."""

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._asked = 0

    def confirm(
        self,
        snapshot: Snapshot,
        path: str,
        offset: int,
        target: Target,
        *,
        token: CancelToken | None = None,
        deadline_s: float = 5.0,
    ) -> bool | None:
        """True: the name at `offset` is the target. False: it is not. None: jedi cannot tell."""
        places = self.goto(snapshot, path, offset, token=token, deadline_s=deadline_s)
        if not places:
            return None
        line = snapshot.text(target.path).line_of(target.name_span.start) + 1
        if any(place == (target.path, line) for place in places):
            return True
        # A definition elsewhere of the same name in the hierarchy is another target.
        return False if all(place[0] for place in places) else None

    def goto(
        self,
        snapshot: Snapshot,
        path: str,
        offset: int,
        *,
        token: CancelToken | None = None,
        deadline_s: float = 5.0,
    ) -> list[tuple[str, int]]:
        """(path, line from 1) of each definition jedi finds; [] when it finds none in time."""
        found = self.goto_all(snapshot, path, [offset], token=token, deadline_s=deadline_s)
        return found[0] if found else []

    def goto_all(
        self,
        snapshot: Snapshot,
        path: str,
        offsets: Sequence[int],
        *,
        token: CancelToken | None = None,
        deadline_s: float = 5.0,
    ) -> list[list[tuple[str, int]]]:
        """As `goto` for several places of one file, which is parsed once; [] when all of it
        took too long."""
        text = snapshot.text(path)
        folder = snapshot.folder_of(path)
        answer = self._ask(
            {
                "path": path,
                "code": text.string,
                "places": [_place(text, offset) for offset in offsets],
                "project": folder.root if folder is not None else None,
            },
            token or CancelToken(),
            deadline_s,
        )
        return [
            [(place["path"], place["line"]) for place in places]
            for places in (answer or {}).get("places", [])
        ]

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._stop()

    def _ask(
        self, question: dict[str, Any], token: CancelToken, deadline_s: float
    ) -> dict[str, Any] | None:
        with self._lock:
            token.check()
            try:
                process = self._running()
                assert process.stdin is not None
                process.stdin.write(json.dumps(question).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                _log.warning("jedi could not be asked: %s", error)
                self._stop()
                return None
            end = time.monotonic() + deadline_s
            while True:
                try:
                    line = self._answers.get(timeout=0.02)
                except queue.Empty:
                    if token.cancelled or time.monotonic() > end or process.poll() is not None:
                        self._stop()  # an answer that comes late must not meet the next question
                        token.check()
                        return None
                    continue
                if not line:
                    self._stop()
                    return None
                return json.loads(line)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._asked >= _MAX_REQUESTS:
            self._stop()
        if self._process is None or self._process.poll() is not None:
            self._answers = queue.SimpleQueue()
            self._asked = 0
            self._process = subprocess.Popen(
                modules.command("treewright_indexer.semantics.child", self._python),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            threading.Thread(
                target=_read_lines, args=(self._process, self._answers), daemon=True
            ).start()
        self._asked += 1
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # the child went first
                    pipe.close()


def _place(text: SourceText, offset: int) -> tuple[int, int]:
    """jedi's line (from 1) and column (in code points)."""
    line = text.line_of(offset)
    start = text.line_starts[line]
    return line + 1, len(text.data[start:offset].decode("utf-8", "replace"))


def _read_lines(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            answers.put(line)
    except ValueError:  # closed while reading
        pass
    answers.put(b"")
