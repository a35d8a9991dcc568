"""Tasks of a session: what runs, what ran, the routines of each, and how to stop one.

Bounded: the oldest ended task is forgotten first. Its trajectory on disk says the rest.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError

if TYPE_CHECKING:
    from treewright_agent.trajectory import Event

MAX_TASKS = 100

_STATES = {"done": "completed", "cancelled": "cancelled"}


class Watch:
    """One task as its events tell it. Any thread may call it."""

    def __init__(self, task_id: str, instruction: str, kind: str, token: CancelToken) -> None:
        self.token = token
        self._lock = threading.Lock()
        self._row: dict[str, Any] = {
            "task_id": task_id,
            "instruction": instruction,
            "kind": kind,
            "state": "running",
            "source": "",
            "started": time.time(),
            "seconds": 0.0,
            "proposal": None,
        }
        self._routines: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __call__(self, event: Event) -> None:
        data = event.data
        with self._lock:
            self._row["seconds"] = round(event.at, 3)
            if event.name == "stage" and data.get("stage") == "fork":
                self._routines[event.routine] = {
                    "id": event.routine,
                    "parent_id": data.get("parent") or None,
                    "goal": data.get("goal", ""),
                    "state": "running",
                    "rounds": 0,
                }
            elif event.name == "llm_thought_response" and event.routine in self._routines:
                self._routines[event.routine]["rounds"] += 1
            elif event.name == "ended" and event.routine in self._routines:
                status = str(data.get("status"))
                self._routines[event.routine]["state"] = _STATES.get(status, "failed")
            elif event.name == "result":
                done = "completed" if data.get("success") else "failed"
                self._row["state"] = _STATES.get(str(data.get("status")), done)
                self._row["source"] = data.get("source", "")
                self._row["proposal"] = data.get("proposal")

    def row(self) -> dict[str, Any]:
        with self._lock:
            return {**self._row, "routines": [dict(each) for each in self._routines.values()]}

    @property
    def runs(self) -> bool:
        return self._row["state"] == "running"


class Tasks:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: OrderedDict[str, Watch] = OrderedDict()

    def begin(self, task_id: str, instruction: str, kind: str, token: CancelToken) -> Watch:
        watch = Watch(task_id, instruction, kind, token)
        with self._lock:
            self._watches[task_id] = watch
            for id in [id for id, each in self._watches.items() if not each.runs]:
                if len(self._watches) <= MAX_TASKS:
                    break
                del self._watches[id]
        return watch

    def rows(self) -> list[dict[str, Any]]:
        """Newest last."""
        with self._lock:
            watches = list(self._watches.values())
        return [watch.row() for watch in watches]

    def cancel(self, task_id: str) -> None:
        """Raises UnknownFileError when there is no such task."""
        with self._lock:
            watch = self._watches.get(task_id)
        if watch is None:
            raise UnknownFileError(f"no task {task_id!r}")
        watch.token.cancel()

    def close(self) -> None:
        with self._lock:
            for watch in self._watches.values():
                watch.token.cancel()
