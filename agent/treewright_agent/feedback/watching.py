"""What became of accepted changes later: after ten minutes, after a commit, after a day.

Measured on the text: that of the editor or the disk, and for a commit the committed one. What
could not be measured in time is left out, never guessed. Who watches gives the texts; nothing
here reads a file or runs git.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from treewright_agent.feedback.standing import (
    COMMIT_S,
    MOMENTS,
    Tracked,
    from_json,
    share_standing,
)
from treewright_agent.feedback.store import FeedbackStore

TextOf = Callable[[str], str | None]
"""path -> its text now, None when there is no such file."""
CommittedOf = Callable[[str, float], str | None]
"""(path, time) -> its text in the newest commit that changed it since; None without one."""


class Watch(NamedTuple):
    proposal_id: str
    workspace: str
    accepted_at: float
    """Seconds since 1970."""
    files: tuple[Tracked, ...]
    measured: frozenset[str]


def watches(store: FeedbackStore) -> list[Watch]:
    """Every accepted change that is still looked at, oldest first."""
    if store.database is None:
        return []
    rows = store.database.rows(
        "SELECT w.proposal_id, p.workspace, w.accepted_at, w.files,"
        " (SELECT json_group_array(k.moment) FROM kept k WHERE k.proposal_id = w.proposal_id)"
        " FROM watches w JOIN proposals p ON p.id = w.proposal_id ORDER BY w.accepted_at"
    )
    return [
        Watch(id, workspace, at, tuple(from_json(json.loads(files))), frozenset(json.loads(done)))
        for id, workspace, at, files, done in rows
    ]


def due_in(watch: Watch, now: float) -> float | None:
    """Seconds until the next moment can be measured, 0 when one can; None when none is left.

    Waiting for a commit alone sets no time.
    """
    waits = [
        max(0.0, watch.accepted_at + after - now)
        for moment, (after, late) in MOMENTS.items()
        if moment not in watch.measured and now <= watch.accepted_at + after + late
    ]
    return min(waits, default=None)


def measure(
    store: FeedbackStore, now: float, text_of: TextOf, committed_of: CommittedOf
) -> tuple[int, float | None]:
    """Record what can be measured now -> (how many records, seconds until the next one or None).

    A watch for which nothing more will come is dropped.
    """
    n_recorded = 0
    soonest: float | None = None
    for watch in watches(store):
        done = set(watch.measured)
        for moment, (after, late) in MOMENTS.items():
            if moment not in done and 0 <= now - watch.accepted_at - after <= late:
                share = share_standing(watch.files, text_of)
                store.record_kept(watch.proposal_id, moment, share, now=now)  # pyright: ignore[reportArgumentType]
                done.add(moment)
                n_recorded += 1
        age = now - watch.accepted_at
        if "commit" not in done and age <= COMMIT_S:
            share = _committed(watch, committed_of)
            if share is not None:
                store.record_kept(watch.proposal_id, "commit", share, now=now)
                done.add("commit")
                n_recorded += 1
        waits = due_in(watch._replace(measured=frozenset(done)), now)
        if waits is None and ("commit" in done or age > COMMIT_S):
            with store.transaction() as connection:
                connection.execute(
                    "DELETE FROM watches WHERE proposal_id = ?", (watch.proposal_id,)
                )
        elif waits is not None and (soonest is None or waits < soonest):
            soonest = waits
    return n_recorded, soonest


def _committed(watch: Watch, committed_of: CommittedOf) -> float | None:
    """None until every file of the change was committed since it was accepted."""
    texts: dict[str, str | None] = {}
    for file in watch.files:
        text = committed_of(file.path, watch.accepted_at)
        if text is None:
            return None
        texts[file.path] = text
    return share_standing(watch.files, texts.get)
