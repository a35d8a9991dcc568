"""Tasks that were running when their process ended: found by their trajectories, and gone on with.

A trajectory is locked while its task runs; one without a result that nobody holds was cut off. What it
had changed is planned again on the workspace as it is now, and given to the new run as what it is: the
work of an earlier run, to be looked at.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from treewright_agent.trajectory import Event, read, replay
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_indexer.snapshot import Snapshot

MAX_FILES = 200
MAX_AGE_S = 7 * 24 * 3600.0
_UNLOCKED_AGE_S = 3600.0
"""Where files cannot be locked, a trajectory that nothing was added to for this long is cut off."""
_ENDINGS = ("result", "resumed")


@dataclass(frozen=True, slots=True)
class Interrupted:
    task_id: str
    instruction: str
    kind: str
    at: float
    """When it was last heard of, in seconds since 1970."""
    n_edits: int
    path: Path

    def to_json(self) -> dict[str, Any]:
        return {
            "task_id": self.task_id, "instruction": self.instruction, "kind": self.kind,
            "state": "interrupted", "source": "", "started": self.at, "seconds": 0.0, "proposal": None,
            "routines": [], "edits": self.n_edits,
        }  # fmt: skip


def hold(file: IO[str]) -> None:
    """Mark a trajectory as that of a running task, as long as `file` is open."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a file system without locks
        return


def is_held(path: Path, now: float | None = None) -> bool:
    """Whether a task still writes the trajectory."""
    try:
        import fcntl

        with path.open("rb") as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False
    except (ImportError, OSError):
        pass
    try:
        return (now or time.time()) - path.stat().st_mtime < _UNLOCKED_AGE_S
    except OSError:
        return False


def find(folder: Path, now: float | None = None) -> list[Interrupted]:
    """Those of a workspace's trajectory folder, newest last. What cannot be read is left out."""
    moment = now or time.time()
    found: list[Interrupted] = []
    entries = sorted(_recent(folder, moment), reverse=True)[:MAX_FILES]
    for changed, path in entries:
        if _has_ended(path) or is_held(path, moment):
            continue
        try:
            events = read(path)
        except (OSError, TreewrightError, ValueError, KeyError):
            continue
        begun = next((event for event in events if event.name == "task"), None)
        if begun is None or any(event.name in _ENDINGS for event in events):
            continue
        n_edits = sum(event.name == "edit" for event in events)
        instruction, kind = (
            str(begun.data.get("instruction", "")),
            str(begun.data.get("kind", "task")),
        )
        found.append(Interrupted(path.stem, instruction, kind, changed, n_edits, path))
    return found[::-1]


def ended(folder: Path, limit: int = 50, now: float | None = None) -> list[dict[str, Any]]:
    """Tasks of a workspace that ran to an end, as rows of `treewright.tasks`, newest last."""
    found: list[dict[str, Any]] = []
    for changed, path in sorted(_recent(folder, now or time.time()), reverse=True):
        if len(found) >= limit:
            break
        result = _last_line(path)
        if result.get("event") != "result":
            continue
        begun = _first_line(path)
        status = str(result.get("status", ""))
        done = "completed" if result.get("success") else "failed"
        seconds = float(result.get("t") or 0.0)
        found.append({
            "task_id": path.stem, "instruction": str(begun.get("instruction", "")),
            "kind": str(begun.get("kind", "task")),
            "state": "cancelled" if status == "cancelled" else done,
            "source": str(result.get("source", "")), "started": changed - seconds, "seconds": seconds,
            "proposal": None, "routines": [],
        })  # fmt: skip
    return found[::-1]


def _recent(folder: Path, now: float) -> list[tuple[float, Path]]:
    found: list[tuple[float, Path]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                changed = entry.stat().st_mtime
                if entry.name.endswith(".jsonl") and now - changed < MAX_AGE_S:
                    found.append((changed, Path(entry.path)))
    except OSError:
        pass
    return found


def _has_ended(path: Path) -> bool:
    """Its last line says so; most do, and need not be read whole."""
    return _last_line(path).get("event") in _ENDINGS


def _last_line(path: Path) -> dict[str, Any]:
    """{} for one that cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 65_536))
            return _row(file.read().strip().split(b"\n")[-1])
    except (OSError, IndexError):
        return {}


def _first_line(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return _row(file.readline(1 << 20))
    except OSError:
        return {}


def _row(line: bytes) -> dict[str, Any]:
    try:
        row: Any = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def done_so_far(task: Interrupted, snapshot: Snapshot, root: str, token: CancelToken) -> str:
    """The diff of what the run had changed; '' when it does not fit the workspace any more."""
    try:
        return replay(read(task.path), snapshot, root, token).draft.diff(root)
    except CancelledError:
        raise
    except (TreewrightError, OSError, KeyError, ValueError):
        return ""


def mark_resumed(task: Interrupted, by: str) -> None:
    """Nobody is asked about it again."""
    try:
        events = read(task.path)
        event = Event(len(events), events[-1].at if events else 0.0, "", "resumed", {"by": by})
        with task.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write("\n" + json.dumps(event.to_json(task.task_id)) + "\n")
    except (OSError, TreewrightError):
        return
