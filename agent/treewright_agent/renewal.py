"""A proposal whose files have changed since, made for the text as it is now; or why it cannot be.

Three ways, the surest first. Nothing of its files changed: it is what it was. Its calls are
planned again, at the places where the text that they point at stands now: so a use that came
meanwhile is in it too. Its edits are carried over, when nobody touched their places
(`changes.rebase`). Each of the last two is verified like any other proposal. When neither does,
it is held with the cause of every part: nothing is half done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from treewright_agent.changes import SourceChange
from treewright_agent.changes.rebase import Rebased, rebase
from treewright_agent.proposals import (
    Proposal,
    ProposalRefused,
    consider,
    consider_change,
)
from treewright_agent.validity import calls_now, missing, outline_with
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, StaleSnapshotError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText


class Item(NamedTuple):
    """What keeps one part of a proposal from being applied; `reason` is '' for a part that could
    be. `path` as people see it, `line` from 1, 0 for the file itself."""

    path: str
    line: int
    reason: str


class HeldError(StaleSnapshotError):
    """The proposal does not fit the text any more; `items` report on each of its parts."""

    def __init__(self, reason: str, items: tuple[Item, ...] = ()) -> None:
        super().__init__(reason)
        self.items = items


def is_current(proposal: Proposal, snapshot: Snapshot) -> bool:
    """True when every file of the proposal is as it was when the proposal was made."""
    change = proposal.change
    try:
        same = all(snapshot.hash(path) == text.hash for path, text in proposal.before.items())
    except TreewrightError:
        return False
    return same and not any(snapshot.exists(create.path) for create in change.creates)


def renewed(proposal: Proposal, snapshot: Snapshot, token: CancelToken) -> Proposal:
    """The proposal on the text of the snapshot; itself when nothing changed.

    Raises HeldError with the real causes, CancelledError.
    """
    return proposal if is_current(proposal, snapshot) else renew(proposal, snapshot, token)


def renew(proposal: Proposal, snapshot: Snapshot, token: CancelToken) -> Proposal:
    """As `renewed`, planned again in any case."""
    carried = rebase(
        proposal.change, proposal.before.__getitem__, snapshot.text, outline_with(snapshot)
    )
    items = _items(proposal.before, carried, snapshot)
    gone = missing(proposal, snapshot)
    if gone:
        raise HeldError("; ".join(gone), items)
    planned = _planned(proposal, snapshot, token)
    if isinstance(planned, Proposal):
        return planned
    if not carried.is_whole:
        causes = dict.fromkeys(item.reason for item in items if item.reason)
        raise HeldError("; ".join([*causes, *([planned] if not causes else [])]), items)
    moved = _considered(proposal, carried.change, snapshot, token)
    if isinstance(moved, Proposal):
        return moved
    raise HeldError(moved, items)


def _planned(proposal: Proposal, snapshot: Snapshot, token: CancelToken) -> Proposal | str:
    if not proposal.calls:
        return "it has no calls to plan again"
    try:
        made = consider(
            snapshot,
            proposal.title,
            calls_now(proposal, snapshot),
            proposal.source,
            token,
            reason=proposal.reason,
            rung=proposal.rung,
        )
    except CancelledError:
        raise
    except TreewrightError as error:
        return str(error)
    return made.reason if isinstance(made, ProposalRefused) else made


def _considered(
    proposal: Proposal, change: SourceChange, snapshot: Snapshot, token: CancelToken
) -> Proposal | str:
    try:
        made = consider_change(
            snapshot,
            proposal.title,
            proposal.calls,
            change,
            proposal.source,
            token,
            reason=proposal.reason,
            rung=proposal.rung,
        )
    except CancelledError:
        raise
    except TreewrightError as error:
        return str(error)
    return made.reason if isinstance(made, ProposalRefused) else made


def _items(
    before: Mapping[str, SourceText], carried: Rebased, snapshot: Snapshot
) -> tuple[Item, ...]:
    lines = _lines(before, carried)
    return tuple(
        Item(snapshot.display_path(item.hunk.path), lines.get(item.hunk, 0), item.reason)
        for item in carried.items
    )


def _lines(before: Mapping[str, SourceText], carried: Rebased) -> dict[object, int]:
    """The line of each hunk in the text that the proposal was made for."""
    return {
        item.hunk: before[item.hunk.path].line_of(item.start) + 1
        for item in carried.items
        if item.start >= 0 and item.hunk.path in before
    }
