"""What a status bar shows: folders, index, model, proposals. `treewright/status`.

A client that asked with `{"notify": true}` is told again whenever it changes, a few times a second
at most; no other client hears of it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

logger = logging.getLogger("treewright")

METHOD: Final = "treewright/status"
INTERVAL_S: Final = 0.25
FIRST_LOOK_S: Final = 0.5
LAST_LOOK_S: Final = 8.0
FEW: Final = 20
"""So many files that the index lacks are read on the spot, whatever the question."""


class StatusFeed:
    """Any thread may call any method."""

    def __init__(
        self, ls: TreewrightServer, read: Callable[[TreewrightServer], dict[str, Any]] | None = None
    ) -> None:
        self._ls = ls
        self._read = read or current
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._wanted = False
        self._planned: tuple[threading.Timer, float] | None = None
        self._last = 0.0
        self._sent: dict[str, Any] | None = None
        self._patience = FIRST_LOOK_S
        self._told = False

    def lacking(self, snapshot: Snapshot, what: str, *, reads_all: bool = False) -> int | None:
        """How many files the answer to `what` may lack; None: nobody looked yet.

        With `reads_all` the answer reads every file that the index lacks: only one that nobody
        knows of may be missing. The log of the editor is told once for as long as that lasts.
        """
        n_unread = snapshot.unread()
        if n_unread is not None and reads_all:
            return 0
        if n_unread is not None and n_unread <= FEW:
            self._told = False
            return n_unread
        with self._lock:
            told, self._told = self._told, True
        if not told:
            missing = "files that are new" if n_unread is None else f"some of {n_unread} files"
            message = f"the index is not complete yet: {what} may lack what stands in {missing}"
            self._ls.notify("window/logMessage", {"type": 3, "message": message})
        return n_unread

    def subscribe(self) -> dict[str, Any]:
        """The status as it is; whoever asked is told from now on when it is another one."""
        with self._lock:
            self._wanted = True
        with self._sending:
            self._sent = answer = self._read(self._ls)
        if not answer["ready"]:
            # The answer may be overtaken by what is told meanwhile: say it again after it.
            self.changed()
        return answer

    def changed(self) -> None:
        """Something that the status shows is different now."""
        with self._lock:
            self._patience = FIRST_LOOK_S
            wait = max(0.0, self._last + INTERVAL_S - time.monotonic())
            self._plan(wait)

    def _plan(self, wait: float) -> None:
        if not self._wanted:
            return
        due = time.monotonic() + wait
        if self._planned is not None:
            timer, earlier = self._planned
            if earlier <= due:
                return
            timer.cancel()
        timer = threading.Timer(wait, self._send)
        timer.daemon = True
        self._planned = timer, due
        timer.start()

    def _send(self) -> None:
        with self._lock:
            self._planned = None
            self._last = time.monotonic()
        is_ready = False
        try:
            if self._ls.stopped:
                return
            with self._sending:  # an older status must not be told after a newer one
                now = self._read(self._ls)
                if now != self._sent:
                    self._ls.notify(METHOD, now)
                self._sent = now
            is_ready = now["ready"]
        except Exception as error:  # the session opens or closes
            logger.debug("no status: %r", error)
        if not is_ready:
            # A change that was noticed meanwhile keeps an index from being complete, and nobody
            # tells when it is taken in: it is looked at again, ever more rarely.
            with self._lock:
                wait, self._patience = self._patience, min(2 * self._patience, LAST_LOOK_S)
                self._plan(wait)


def current(ls: TreewrightServer) -> dict[str, Any]:
    return status(ls, ls.session.workspace.snapshot())


def status(ls: TreewrightServer, snapshot: Snapshot) -> dict[str, Any]:
    from treewright_server import __version__
    from treewright_server.convert import to_uri

    folders: list[dict[str, Any]] = []
    for folder in snapshot.folders:
        counts = folder.store.counts()
        folders.append(
            {
                "uri": to_uri(folder.root),
                "name": os.path.basename(folder.root) or folder.root,
                "ready": folder.ready,
                "pending": len(folder.pending),
                "listed": folder.n_unread is not None,
                "files": counts.get("files", 0),
                "symbols": counts.get("symbols", 0),
                "references": counts.get("references", 0),
                "skipped": len(folder.store.skipped()),
            }
        )
    session = ls.session
    opened = session.is_ready(True) and len(folders) >= len(session.roots)
    return {
        "version": __version__,
        "ready": opened and all(folder["ready"] for folder in folders),
        "trusted": session.settings.agent.trusted,
        "folders": folders,
        "model": _model(ls),
        "proposals": len(session.reviews.open()),
        "tasks": sum(row["state"] == "running" for row in session.tasks.rows()),
        "breakers": session.services.breakers(),
    }


def _model(ls: TreewrightServer) -> dict[str, str]:
    services = ls.session.services
    if not services.model:
        return {"state": "none", "name": "", "reason": "no model is set up"}
    state = "failing" if services.problem else "ready"
    return {"state": state, "name": services.model, "reason": services.problem}
