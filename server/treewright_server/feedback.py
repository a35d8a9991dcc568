"""Feedback: what was shown and what became of it goes to the user's own feedback store.

Whoever sees a change tells the ledger (`feedback_watch`), under one lock; the journal lane
writes, one thread, in order. With `treewright.feedback.level` off nothing is watched and no file
is opened; a workspace of its own level is recorded at that one.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText, decode
from treewright_server.feedback_watch import Event, Hunk, Ledger, Outcome, Splice
from treewright_server.lanes import Lane
from treewright_server.searches import Searches

if TYPE_CHECKING:
    from treewright_agent.calls import Call
    from treewright_agent.feedback import FeedbackStore, Made
    from treewright_agent.feedback.learning import Learned
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.feedback_later import Later
    from treewright_server.session import Session
    from treewright_server.settings import FeedbackLayer

logger = logging.getLogger("treewright")

TICK_S = 5.0
_MAX_KNOWN = 1024
"""Proposals whose workspace is remembered, to record their outcomes at its level."""
_LEARN_EVERY = 20
"""So many outcomes are recorded before what they teach is put in force."""

_LOOK_EVERY_S = 3.0
"""How soon a promotion or a roll back on the command line is noticed."""

Taste = Callable[[Sequence["Call"]], tuple[float, float]]


class Feedback:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._level: str = "local"
        self._levels: Mapping[str, str] = {}
        self._ledger = Ledger(600.0)
        self._stamps: dict[str, int] = {}
        """Files on disk that were looked at, and when they had changed then."""
        self._workspaces: OrderedDict[str, str] = OrderedDict()
        self._layer: FeedbackLayer | None = None
        self._store: FeedbackStore | None = None
        self._broken = False
        self._lock = threading.RLock()
        self._ticking = False
        self._learned: Learned | None = None
        self._look_again_at = 0.0
        """When it is worth looking whether something was promoted, on the monotonic clock."""
        self._n_unlearned = 0
        self._noted: dict[str, str] = {}
        self._later: Later | None = None
        self.searches = Searches(self)
        session.documents.on_text.append(self._text)
        session.documents.on_save.append(self._saved)

    def configure(self, layer: FeedbackLayer) -> None:
        self._level = layer.level
        self._levels = {
            os.path.abspath(os.path.expanduser(root)): level
            for root, level in layer.workspaces.items()
        }
        self._layer = layer
        self._ledger.expire_s = layer.expire_minutes * 60
        if self._store is not None:
            self._session.lanes.post(self._adapt, Lane.JOURNAL)

    @property
    def on(self) -> bool:
        return self._level != "off" and not self._broken

    def level_of(self, workspace: str) -> str:
        """The narrower of the session's level and that of the workspace or a folder above it."""
        order = ("off", "outcomes", "local")
        found = [self._level]
        for root, level in self._levels.items():
            if workspace == root or workspace.startswith(root.rstrip(os.sep) + os.sep):
                found.append(level)
        return min(found, key=order.index)

    # ------------------------------------------------------------------ proposals

    def shown(
        self, proposal: Proposal, snapshot: Snapshot, made: Mapping[str, Any] | None = None
    ) -> None:
        """The user can see `proposal`, made on `snapshot`. `made`: fields of `feedback.Made`."""
        if not self.on:
            return
        paths = [change.path for change in proposal.change.files]
        workspace = workspace_of(snapshot, paths or sorted(proposal.change.paths()))
        level = self.level_of(workspace)
        if level == "off":
            return
        files = {
            change.path: (
                snapshot.text(change.path).data,
                [Hunk(e.span.start, e.span.end, e.new_text.encode()) for e in change.edits],
            )
            for change in proposal.change.files
        }
        with self._lock:
            self._workspaces[proposal.id] = workspace
            while len(self._workspaces) > _MAX_KNOWN:
                self._workspaces.popitem(last=False)
            given = dict(made or {})

            def write(store: FeedbackStore) -> None:
                self._note(store, workspace, level)
                store.record_proposal(proposal, workspace, level, made=_made(given))

            self._write(write)
            self._record(self._ledger.shown(proposal.id, files, time.monotonic()))
            self._tick_later()

    def previewed(self, proposal_id: str) -> None:
        """The user looks at the change itself."""
        if self.on:
            self._write_outcome(proposal_id, "previewed")

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

    def on_disk(self, paths: Iterable[str]) -> None:
        """Files that are not open say by their text on disk what became of a proposal: an editor
        may write those without opening them. Reads files."""
        open_paths = set(self._session.documents.open_paths())
        for path in paths:
            if path in open_paths or not self._ledger.watches(path):
                continue
            try:
                stamp = os.stat(path).st_mtime_ns
                if self._stamps.get(path) == stamp:
                    continue
                self._stamps[path] = stamp
                data = decode(Path(path).read_bytes()).data
            except (OSError, TreewrightError):
                continue
            with self._lock:
                self._record(self._ledger.text(path, data, (), time.monotonic()))

    def _look_at_disk(self) -> None:
        with self._lock:
            paths = self._ledger.paths
            for gone in self._stamps.keys() - set(paths):
                del self._stamps[gone]
        self.on_disk(paths)

    def _saved(self, path: str) -> None:
        if self._ledger.watches(path):
            with self._lock:
                self._record(self._ledger.saved(path))
        if self._later is not None:
            self._later.saved()

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
        self._session.lanes.post(self._look_at_disk, Lane.BACKGROUND)

    def _record(self, events: Sequence[Event], comment: str = "") -> None:
        for event in events:
            logger.info("proposal %s: %s", event.proposal_id, event.outcome)
            self._write_outcome(
                event.proposal_id,
                event.outcome,
                hunks=event.hunks,
                final_text=dict(event.final) or None,
                comment=comment,
            )

    def _write_outcome(self, proposal_id: str, outcome: str, **more: Any) -> None:
        workspace = self._workspaces.get(proposal_id)
        level = self._level if workspace is None else self.level_of(workspace)

        def write(store: FeedbackStore) -> None:
            store.record_outcome(proposal_id, outcome, consent=level, **more)
            self._n_unlearned += 1
            if self._n_unlearned >= _LEARN_EVERY:
                self._learn()
            if self._later is not None:
                self._later.look()

        self._write(write)

    # ------------------------------------------------------------------ searches and ratings

    def searched(
        self, search: str, workspace: str, query: str, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Something was done with a search's results: record what it found in which workspace."""
        level = self.level_of(workspace)
        if self.on and level != "off":
            self._write(lambda store: store.record_search(search, workspace, query, rows, level))

    def search_used(
        self, search: str, result: int, action: Literal["opened", "used", "ignored"]
    ) -> None:
        if self.on:
            self._write(lambda store: store.record_search_use(search, result, action))

    def rated(self, subject: str, snapshot: Snapshot, rating: int, comment: str) -> bool:
        workspace = workspace_of(snapshot)
        level = self.level_of(workspace)
        if not self.on or level == "off":
            return False
        self._write(lambda store: store.record_rating(subject, workspace, rating, comment, level))
        return True

    # ------------------------------------------------------------------ what was learned

    @property
    def learned(self) -> Learned | None:
        """What past outcomes taught, None until it is loaded: asking starts that, and waits for
        nothing."""
        if self.on and (now := time.monotonic()) >= self._look_again_at:
            self._look_again_at = now + _LOOK_EVERY_S
            self._session.lanes.post(self._learn_what_is_new, Lane.JOURNAL)
        return self._learned

    def _learn_what_is_new(self) -> None:
        """At first, and when the command line has put something else in force meanwhile. No store
        is made only to read it."""
        from treewright_agent.feedback.database import FILE_NAME, data_folder
        from treewright_agent.feedback.versions import newest

        def learn(store: FeedbackStore) -> None:
            if self._learned is None or self._learned.promotion != newest(store):
                self._learn()

        if self._store is not None or (data_folder() / FILE_NAME).exists():
            self._write(learn)

    def _learn(self) -> None:
        if self._store is not None:
            from treewright_agent.feedback.learning import learned

            self._n_unlearned = 0
            self._learned = learned(self._store, time.time())

    # ------------------------------------------------------------------ writing

    def _note(self, store: FeedbackStore, workspace: str, level: str) -> None:
        if self._noted.get(workspace) != level:
            store.record_consent(workspace, level)
            self._noted[workspace] = level

    def _adapt(self) -> None:
        """Put the settings in force for what is recorded from now on."""
        store, layer = self._store, self._layer
        if store is None or layer is None:
            return
        from treewright_agent.feedback import Redactor
        from treewright_server.feedback_later import Later

        store.redactor = Redactor(layer.redact_paths, layer.redact_names)
        roots = {folder.root for folder in self._session.workspace.snapshot().folders}
        for workspace in {*self._noted, *roots}:
            if self._level != "off" or workspace in self._noted:
                self._note(store, workspace, self.level_of(workspace))
        if self._later is None:
            self._later = Later(self._session, store)
        self._later.configure(layer)
        self._later.look()

    def _write(self, action: Callable[[FeedbackStore], object]) -> None:
        def run() -> None:
            if self._broken:
                return
            try:
                if self._store is None:
                    from treewright_agent.feedback import FeedbackStore

                    self._store = FeedbackStore.open()
                    self._adapt()
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


def _made(given: Mapping[str, Any]) -> Made:
    from treewright_agent.feedback import Made

    return Made(**given)


def workspace_of(snapshot: Snapshot, paths: Sequence[str] = ()) -> str:
    """The folder of the first of `paths` that lies in one; without any the first folder; else ''."""
    folder = next((f for path in paths if (f := snapshot.folder_of(path)) is not None), None)
    if folder is None and not paths and snapshot.folders:
        folder = snapshot.folders[0]
    return folder.root if folder is not None else ""
