"""Later: accepted changes are looked at again, and what was recorded is sent where the user says.

Both sleep on the session's clock: an idle server with nothing to measure wakes up for nothing.
"""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from treewright_indexer.errors import TreewrightError
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_agent.feedback import FeedbackStore
    from treewright_server.clock import Timer
    from treewright_server.session import Session
    from treewright_server.settings import FeedbackLayer

logger = logging.getLogger("treewright")

COMMITS_S = 300.0
"""How often a commit is looked for while one is awaited."""
AFTER_SAVE_S = 20.0
FIRST_LOOK_S = 2.0
_GIT = (
    "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false",
)  # fmt: skip
_GIT_S = 5.0


class Later:
    """Of one session's store. Timers post to lanes; `measure` runs in the background lane."""

    def __init__(self, session: Session, store: FeedbackStore) -> None:
        self._session = session
        self._store = store
        self._timer: Timer | None = None
        self._due = 0.0
        self._waiting = False
        self._forward_timer: Timer | None = None
        self._layer: FeedbackLayer | None = None

    def configure(self, layer: FeedbackLayer) -> None:
        before, self._layer = self._layer, layer
        if before is not None and before.forward_to == layer.forward_to:
            return
        if self._forward_timer is not None:
            self._forward_timer.cancel()
        if layer.forward_to:
            self._forward_in(10.0)

    # ------------------------------------------------------------------ what still stands

    def look(self) -> None:
        """Something was accepted, or the server has started: look in a moment."""
        self._in(FIRST_LOOK_S)

    def saved(self) -> None:
        """A commit often follows a save."""
        if self._waiting:
            self._in(AFTER_SAVE_S)

    def _in(self, delay_s: float) -> None:
        due = time.monotonic() + delay_s
        if self._timer is not None and not self._timer.cancelled:
            if self._due <= due and self._due > time.monotonic():
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._post_in(delay_s, self._measure)

    def _post_in(self, delay_s: float, work: Callable[[], None]) -> Timer:
        def post() -> None:
            self._session.lanes.post(work, Lane.BACKGROUND)

        return self._session.clock.later(delay_s, post)

    def _measure(self) -> None:
        from treewright_agent.feedback.watching import measure, watches

        try:
            n, soonest = measure(self._store, time.time(), self._text, self._committed)
            self._waiting = bool(watches(self._store))
        except TreewrightError as error:
            logger.warning("accepted changes were not looked at again: %s", error)
            return
        if n:
            logger.info("%d accepted changes looked at again", n)
        if self._waiting:
            self._in(min(COMMITS_S, COMMITS_S if soonest is None else max(1.0, soonest)))

    def _text(self, path: str) -> str | None:
        try:
            return self._session.workspace.snapshot().text(path).string
        except TreewrightError:
            return None

    def _committed(self, path: str, since: float) -> str | None:
        """The text of `path` in the newest commit that changed it since; None without one.

        No program is run in a workspace that is not trusted.
        """
        if not self._session.settings.agent.trusted:
            return None
        folder, name = os.path.split(path)
        found = _git(folder, "log", "-1", "--format=%H", f"--since=@{int(since)}", "--", name)
        commit = found.strip() if found else ""
        return _git(folder, "cat-file", "blob", f"{commit}:./{name}") if commit else None

    # ------------------------------------------------------------------ forwarding

    def _forward_in(self, delay_s: float) -> None:
        self._forward_timer = self._post_in(delay_s, self._forward)

    def _forward(self) -> None:
        from treewright_agent.feedback.outbox import Outbox
        from treewright_agent.feedback.sinks import sink_of

        layer = self._layer
        if layer is None or not layer.forward_to or layer.level == "off":
            return
        if not self._session.settings.agent.trusted:  # the workspace itself may name the address
            return
        try:
            outbox = Outbox(self._store, layer.forward_to, with_code=layer.forward_code)
            sink = sink_of(layer.forward_to, os.environ)
            outbox.seal()
            done = outbox.drain(sink, seconds=20.0)
            if done.error:
                logger.info("feedback waits to be forwarded: %s", done.error)
        except TreewrightError as error:
            logger.warning("feedback was not forwarded: %s", error)
        self._forward_in(max(60.0, layer.forward_minutes * 60))


def _git(folder: str, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            [*_GIT, *arguments], cwd=folder, capture_output=True, timeout=_GIT_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
