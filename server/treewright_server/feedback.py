"""Feedback: what was shown and what became of it goes to the user's own feedback store.

Whoever sees a change tells the ledger (`feedback_watch`), under one lock; the journal lane
writes, one thread, in order. With `treewright.feedback.level` off nothing is watched and no file
is opened.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from treewright_indexer.text import SourceText
from treewright_server.feedback_watch import Event, Hunk, Ledger, Outcome, Splice
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_agent.feedback import FeedbackStore
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.session import Session
    from treewright_server.settings import FeedbackLayer

logger = logging.getLogger("treewright")

TICK_S = 5.0


class Feedback:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._level: str = "local"
        self._ledger = Ledger(600.0)
        self._store: FeedbackStore | None = None
        self._broken = False
        self._lock = threading.RLock()
        self._ticking = False
        session.documents.on_text.append(self._text)
        session.documents.on_save.append(self._saved)

    def configure(self, layer: FeedbackLayer) -> None:
        self._level = layer.level
        self._ledger.expire_s = layer.expire_minutes * 60

    @property
    def on(self) -> bool:
        return self._level != "off" and not self._broken

    def shown(self, proposal: Proposal, snapshot: Snapshot) -> None:
        """The user can see `proposal`, made on `snapshot`."""
        if not self.on:
            return
        files = {
            change.path: (
                snapshot.text(change.path).data,
                [Hunk(e.span.start, e.span.end, e.new_text.encode()) for e in change.edits],
            )
            for change in proposal.change.files
        }
        folder = next((snapshot.folder_of(path) for path in files), None)
        workspace = folder.root if folder is not None else ""
        level = self._level
        with self._lock:
            self._write(lambda store: store.record_proposal(proposal, workspace, level))
            self._record(self._ledger.shown(proposal.id, files, time.monotonic()))
            self._tick_later()

    def answered(self, proposal_id: str, applied: bool) -> None:
        """The client's answer to an edit that was sent to it."""
        if self.on:
            with self._lock:
                self._record(self._ledger.answered(proposal_id, applied, time.monotonic()))

    def chose(self, proposal_id: str, hunks: Mapping[str, set[int]]) -> None:
        """The client has put these hunks, by path, into its buffers: all it took so far."""
        if self.on:
            with self._lock:
                self._record(self._ledger.chose(proposal_id, hunks, time.monotonic()))

    def decided(self, proposal_id: str, outcome: Outcome, comment: str = "") -> None:
        """The user's own word."""
        if self.on:
            with self._lock:
                self._record(self._ledger.decided(proposal_id, outcome), comment)

    def _text(self, path: str, text: SourceText, splices: Sequence[Splice]) -> None:
        if self._ledger.watches(path):
            with self._lock:
                self._record(self._ledger.text(path, text.data, splices, time.monotonic()))

    def _saved(self, path: str) -> None:
        if self._ledger.watches(path):
            with self._lock:
                self._record(self._ledger.saved(path))

    def _tick_later(self) -> None:
        """Look at the clock again in a while, as long as the fate of anything is open."""
        if not self._ticking and self._ledger.open:
            self._ticking = True
            self._session.clock.later(TICK_S, self._tick)

    def _tick(self) -> None:
        with self._lock:
            self._ticking = False
            self._record(self._ledger.tick(time.monotonic()))
            self._tick_later()

    def _record(self, events: Sequence[Event], comment: str = "") -> None:
        for event in events:
            logger.info("proposal %s: %s", event.proposal_id, event.outcome)

            def write(store: FeedbackStore, event: Event = event) -> None:
                store.record_outcome(
                    event.proposal_id,
                    event.outcome,
                    hunks=event.hunks,
                    final_text=dict(event.final) or None,
                    comment=comment,
                )

            self._write(write)

    def _write(self, action: Callable[[FeedbackStore], object]) -> None:
        def run() -> None:
            if self._broken:
                return
            try:
                if self._store is None:
                    from treewright_agent.feedback import FeedbackStore

                    self._store = FeedbackStore.open()
                action(self._store)
            except Exception as error:
                # The edit matters more than its record: say so once the store is unusable, go on.
                self._broken = self._store is None
                logger.exception("feedback was not written: %s", error)

        self._session.lanes.post(run, Lane.JOURNAL)

    def close(self) -> None:
        if self.on:
            with self._lock:
                self._record(self._ledger.close())
