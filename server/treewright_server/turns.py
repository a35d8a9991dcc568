"""The checkpoints of a session: each change of the agent's that the editor took, as one turn.

What a proposal was shown on is remembered, so that the texts before and after are known whichever way
the editor takes it: as one edit, or hunk by hunk. Writing happens in the journal lane.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from treewright_server.homes import home_folder
from treewright_server.lanes import Lane

if TYPE_CHECKING:
    from treewright_agent.changes import SourceChange
    from treewright_agent.checkpoints import Checkpoints
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_indexer.text import SourceText
    from treewright_server.session import Session

logger = logging.getLogger("treewright")

MAX_SHOWN: Final = 100
Said = tuple[tuple[str, str], ...]


class _Shown(NamedTuple):
    root: str
    change: SourceChange
    before: dict[str, SourceText | None]
    title: str
    task: str
    said: Said


class Turns:
    """Any thread may call it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._shown: OrderedDict[str, _Shown] = OrderedDict()
        self._open: dict[str, Checkpoints] = {}
        self._failed = False

    def shown(
        self, proposal: Proposal, snapshot: Snapshot, task: str = "", said: Said = ()
    ) -> None:
        """The user can see `proposal`, made on `snapshot`. The first time counts."""
        change = proposal.change
        paths = change.paths()
        folder = snapshot.folder_of(next(iter(sorted(paths)), ""))
        root = folder.root if folder is not None else proposal.root
        before = {path: snapshot.text(path) if snapshot.exists(path) else None for path in paths}
        with self._lock:
            self._shown.setdefault(
                proposal.id, _Shown(root, change, before, proposal.title, task, said)
            )
            while len(self._shown) > MAX_SHOWN:
                self._shown.popitem(last=False)

    def applied(self, proposal_id: str, hunks: Collection[Any] | None = None) -> None:
        """The editor took it, or only these hunks (`changes.HunkId`)."""
        with self._lock:
            shown = self._shown.pop(proposal_id, None)
        if shown is not None:
            self._session.lanes.post(lambda: self._save(shown, hunks), Lane.JOURNAL)

    def _save(self, shown: _Shown, hunks: Collection[Any] | None) -> None:
        from treewright_indexer.errors import TreewrightError, UnknownFileError

        def text_of(path: str) -> SourceText:
            text = shown.before.get(path)
            if text is None:
                raise UnknownFileError(path)
            return text

        try:
            change = shown.change if hunks is None else shown.change.select(hunks)
            after = change.apply(text_of)
            texts = {path: (shown.before.get(path), text) for path, text in after.items()}
            store = self.of(shown.root)
            if store is not None:
                store.save(shown.root, texts, task=shown.task, title=shown.title, said=shown.said)
        except TreewrightError as error:
            logger.warning("%s", error)

    def of(self, root: str) -> Checkpoints | None:
        """The checkpoints of a folder; None when they cannot be kept, which is said once."""
        from treewright_agent.checkpoints import Checkpoints
        from treewright_indexer.errors import StoreError
        from treewright_server.tasking import workspace_key

        with self._lock:
            if root not in self._open and not self._failed:
                path = home_folder("data") / "agent" / "checkpoints.db"
                try:
                    self._open[root] = Checkpoints(workspace_key(root), path)
                except StoreError as error:
                    self._failed = True
                    logger.warning("%s", error)
            return self._open.get(root)

    def close(self) -> None:
        with self._lock:
            stores, self._open, self._failed = list(self._open.values()), {}, True
        for store in stores:
            store.close()
