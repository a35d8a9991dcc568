"""The searches of late, so that what a user does with a result can be told by two numbers.

Nothing is recorded before something is done with a result: a search that led nowhere by itself
says nothing. A result that stood above one that was opened was passed over.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal

from treewright_indexer.errors import ArgumentsError

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.feedback import Feedback

MAX_KEPT = 64
MAX_RECORDED = 50
"""Results of one search."""
_PASSED_OVER = 10

Action = Literal["opened", "used", "ignored"]
Row = dict[str, Any]


class Searches:
    """Any thread may ask."""

    def __init__(self, feedback: Feedback) -> None:
        self._feedback = feedback
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[str, list[Row], str]] = OrderedDict()
        self._recorded: set[str] = set()

    def ranked(self, query: str, rows: list[Row]) -> list[Row]:
        """In the order of the user's own reranker, when one is in force; rows of the protocol."""
        learned = self._feedback.learned
        if learned is None or learned.reranker is None or len(rows) < 2:
            return rows
        order = learned.reranker.order(query, [_plain(row) for row in rows])
        return [rows[index] for index in order]

    def told(self, query: str, rows: list[Row], snapshot: Snapshot) -> list[Row]:
        """The rows, each with `search` and `result`: what names it in `treewright.feedback.search`."""
        if not self._feedback.on:
            return rows
        from treewright_server.feedback import workspace_of

        name = os.urandom(16).hex()
        workspace = workspace_of(snapshot)
        with self._lock:
            # not the snapshot, which would hold every open text as it was
            self._known[name] = (query, [_plain(row) for row in rows[:MAX_RECORDED]], workspace)
            while len(self._known) > MAX_KEPT:
                old, _ = self._known.popitem(last=False)
                self._recorded.discard(old)
        return [{**row, "search": name, "result": index} for index, row in enumerate(rows)]

    def used(self, search: str, result: int | None, action: Action) -> bool:
        """Record it; False for a search that is forgotten. Raises ArgumentsError for a result
        that it did not have. Without a `result` the whole search was ignored."""
        with self._lock:
            known = self._known.get(search)
            if known is None:
                return False
            query, rows, workspace = known
            if result is not None and not 0 <= result < len(rows):
                raise ArgumentsError(f"result: {result} is none of the {len(rows)} that are kept")
            if result is None and action != "ignored":
                raise ArgumentsError("result: which one was opened or used?")
            first = search not in self._recorded
            self._recorded.add(search)
        if first:
            self._feedback.searched(search, workspace, query, rows)
        if result is None:
            passed_over = range(min(len(rows), _PASSED_OVER))
        else:
            self._feedback.search_used(search, result, action)
            passed_over = range(max(0, result - _PASSED_OVER), result)
        for index in passed_over:
            self._feedback.search_used(search, index, "ignored")
        return True


def _plain(row: Row) -> Row:
    place = row.get("place")
    path = place.get("path", "") if isinstance(place, dict) else row.get("path", "")  # pyright: ignore
    return {
        "path": path,
        **{key: row.get(key) or "" for key in ("symbol", "kind", "snippet")},
        "sources": row.get("sources") or [],
    }
