"""Checkpoints: what the agent changed, turn by turn, so that it can be taken back.

A turn is one request whose change was put into the workspace, with the texts before and after and
what was said. Commands run on a copy (see `sandbox`), so what they changed reaches the workspace only
through such a change, and is covered by its checkpoint.

**Invariants.** Restoring takes back the agent's own edits and nothing else: text that the user wrote
since stays, and an edit of the agent's that the user changed is left and named. git is neither asked
nor changed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from treewright_agent.changes import Create, Delete, FileChange, SourceChange, TextEdit
from treewright_agent.changes.algebra import apply_edits, moved_span
from treewright_agent.changes.rebase import text_edits
from treewright_agent.keeping import opened
from treewright_agent.linediff import line_edits
from treewright_indexer.errors import ArgumentsError, StoreError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

MAX_TURNS = 200
MAX_BYTES = 64 << 20
"""Of one workspace, compressed; the oldest turns go first."""

Texts = Mapping[str, tuple["SourceText | None", "SourceText | None"]]
"""Absolute path -> text before, text after; None where there was or is no file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
  id INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, at REAL NOT NULL, task TEXT NOT NULL,
  title TEXT NOT NULL, said TEXT NOT NULL, restored REAL);
CREATE TABLE IF NOT EXISTS files (
  turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE, path TEXT NOT NULL, old BLOB, new BLOB,
  encoding TEXT NOT NULL, bom BLOB NOT NULL, PRIMARY KEY (turn, path));
"""


class Turn(NamedTuple):
    """`said`: the conversation up to and with this turn, as (role, text)."""

    id: int
    at: float
    task: str
    title: str
    files: tuple[str, ...]
    """Relative to the workspace."""
    said: tuple[tuple[str, str], ...]
    restored: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "at": self.at, "task": self.task, "title": self.title,
            "files": list(self.files), "restored": self.restored,
        }  # fmt: skip


class Left(NamedTuple):
    """An edit of the agent's that is not taken back, and why. `line` counts from 1; 0: the file."""

    path: str
    line: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"file": self.path, "line": self.line, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Restoration:
    """`change` leads from the snapshot to the state before the first of `turns`."""

    change: SourceChange
    turns: tuple[int, ...]
    left: tuple[Left, ...] = ()
    said: tuple[tuple[str, str], ...] = field(default=())
    """The conversation as it was before the first of them."""


class Checkpoints:
    """Of one workspace. Thread safe; several processes may hold the file. Raises StoreError."""

    def __init__(
        self, workspace: str, path: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()
        self._db = opened(path, _SCHEMA, "checkpoints")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def save(
        self,
        root: str,
        texts: Texts,
        *,
        task: str = "",
        title: str = "",
        said: Sequence[tuple[str, str]] = (),
    ) -> int | None:
        """Keep one turn; None when nothing differs. On disk when it returns. Raises StoreError."""
        rows = [
            (os.path.relpath(path, root), _packed(before), _packed(after), *_kind(before or after))
            for path, (before, after) in texts.items()
            if before != after
        ]
        if not rows:
            return None
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                with self._db:
                    turn = self._db.execute(
                        "INSERT INTO turns (workspace, at, task, title, said) VALUES (?, ?, ?, ?, ?)",
                        (self._workspace, self._clock(), task, title[:200], json.dumps(list(said))),
                    ).lastrowid
                    self._db.executemany(
                        "INSERT INTO files (turn, path, old, new, encoding, bom) VALUES (?, ?, ?, ?, ?, ?)",
                        [(turn, *row) for row in rows],
                    )
                    self._forget_old()
            return turn
        except sqlite3.Error as error:
            raise StoreError(f"the checkpoint was not kept: {error}") from error

    def _forget_old(self) -> None:
        sizes = self._db.execute(
            "SELECT turns.id, coalesce(sum(coalesce(length(old), 0) + coalesce(length(new), 0)), 0)"
            " FROM turns LEFT JOIN files ON turn = turns.id WHERE workspace = ? GROUP BY turns.id"
            " ORDER BY turns.id DESC",
            (self._workspace,),
        ).fetchall()
        total = 0
        for position, (turn, size) in enumerate(sizes):
            total += size
            if position and (position >= MAX_TURNS or total > MAX_BYTES):
                self._db.execute("DELETE FROM files WHERE turn = ?", (turn,))
                self._db.execute("DELETE FROM turns WHERE id = ?", (turn,))

    def turns(self) -> list[Turn]:
        """Oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, at, task, title, said, restored FROM turns WHERE workspace = ? ORDER BY id",
                (self._workspace,),
            ).fetchall()
            files: dict[int, list[str]] = {}
            for turn, path in self._db.execute("SELECT turn, path FROM files ORDER BY path"):
                files.setdefault(turn, []).append(path)
        return [
            Turn(id, at, task, title, tuple(files.get(id, ())), _said(said), bool(restored))
            for id, at, task, title, said, restored in rows
        ]  # fmt: skip

    def plan(self, turn: int, snapshot: Snapshot, root: str, *, only: bool = False) -> Restoration:
        """Take back `turn` and everything the agent did after it, or `only` that turn.

        Raises ArgumentsError for a turn that is not known.
        """
        turns = self.turns()
        index = next((i for i, each in enumerate(turns) if each.id == turn), None)
        if index is None:
            raise ArgumentsError(f"no checkpoint {turn}")
        chosen = [turns[index]] if only else turns[index:]
        wanted = [each for each in chosen if not each.restored]
        texts: dict[str, SourceText | None] = {}
        left: list[Left] = []
        for each in reversed(wanted):
            for shown, before, after in self._files(each.id):
                path = os.path.normpath(os.path.join(root, shown))
                if not path.startswith(root.rstrip(os.sep) + os.sep):
                    continue
                now = texts[path] if path in texts else _now(snapshot, path)
                texts[path], stays = undone(before, after, now)
                left += [Left(shown, line, reason) for line, reason in stays]
        said = turns[index - 1].said if index else ()
        return Restoration(
            _change(snapshot, texts), tuple(each.id for each in wanted), tuple(left), said
        )

    def restored(self, turns: Iterable[int]) -> None:
        """The user's editor took the restoration."""
        with self._lock:
            self._db.executemany(
                "UPDATE turns SET restored = ? WHERE id = ?", [(self._clock(), id) for id in turns]
            )

    def _files(self, turn: int) -> list[tuple[str, SourceText | None, SourceText | None]]:
        with self._lock:
            rows = self._db.execute(
                "SELECT path, old, new, encoding, bom FROM files WHERE turn = ?", (turn,)
            ).fetchall()
        return [
            (path, _unpacked(old, encoding, bom), _unpacked(new, encoding, bom))
            for path, old, new, encoding, bom in rows
        ]


def undone(
    before: SourceText | None, after: SourceText | None, now: SourceText | None
) -> tuple[SourceText | None, list[tuple[int, str]]]:
    """`now` without what led from `before` to `after`, and what of it stays: (line from 1, why)."""
    if now == after:
        return before, []
    if before is None:
        if now is None:
            return None, []
        return now, [(0, "the agent made this file and you have changed it since")]
    if after is None:
        return now, [(0, "the agent deleted this file and you have made it again")]
    if now is None:
        return None, [(0, "you have deleted this file since")]
    users = list(text_edits(after, now))
    carried: list[TextEdit] = []
    stays: list[tuple[int, str]] = []
    for run in line_edits(after, before):
        span = moved_span(run.span, users)
        if (
            span is None
            or now.data[span.start : span.end] != after.data[run.span.start : run.span.end]
        ):
            stays.append((after.line_of(run.span.start) + 1, "you have changed this part since"))
        else:
            carried.append(TextEdit(span, run.text))
    data = apply_edits(now.data, sorted(carried, key=lambda edit: edit.span))
    return SourceText(data, now.encoding, now.bom), stays


def _now(snapshot: Snapshot, path: str) -> SourceText | None:
    try:
        return snapshot.text(path) if snapshot.exists(path) else None
    except TreewrightError:
        return None


def _change(snapshot: Snapshot, texts: Mapping[str, SourceText | None]) -> SourceChange:
    files: list[FileChange] = []
    creates: list[Create] = []
    deletes: list[Delete] = []
    for path, text in sorted(texts.items()):
        now = _now(snapshot, path)
        if text == now:
            continue
        if text is None:
            assert now is not None
            deletes.append(Delete(path, now.hash))
        elif now is None:
            creates.append(Create(path, text.string, (), text.encoding, text.bom))
        else:
            edits = tuple(TextEdit(run.span, run.text) for run in line_edits(now, text))
            files.append(FileChange(path, now.hash, edits))
    return SourceChange(
        tuple(files), tuple(creates), deletes=tuple(deletes), revision=snapshot.revision
    )


def _packed(text: SourceText | None) -> bytes | None:
    return None if text is None else zlib.compress(text.data, 6)


def _unpacked(data: bytes | None, encoding: str, bom: bytes) -> SourceText | None:
    return None if data is None else SourceText(zlib.decompress(data), encoding, bom)


def _kind(text: SourceText | None) -> tuple[str, bytes]:
    return (text.encoding, text.bom) if text is not None else ("utf-8", b"")


def _said(text: str) -> tuple[tuple[str, str], ...]:
    rows: list[list[str]] = json.loads(text)
    return tuple((str(role), str(words)) for role, words in rows)
