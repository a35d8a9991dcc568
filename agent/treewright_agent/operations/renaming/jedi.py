"""jedi's word on what names alone cannot decide, within a budget for one operation."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot

if TYPE_CHECKING:
    from treewright_indexer.semantics import Semantics

BUDGET_S = 5.0
"""For all questions of one operation, the start of the process among them; what is asked later
stays undecided."""
WARM_BUDGET_S = 1.5
"""The same once the process has answered something, and for very many questions: on a large
project it answers few more in a longer time."""
_MANY = 60
_QUESTION_S = 2.5


@lru_cache(maxsize=1)
def shared_semantics() -> Semantics:
    """The one jedi process of this program; it starts with the first question."""
    from treewright_indexer.semantics import Semantics

    return Semantics()


class Jedi:
    """Asks where names lead. Nothing is started before the first question."""

    warm = False
    """Whether the process has answered anything yet."""

    def __init__(self, snapshot: Snapshot, token: CancelToken) -> None:
        self._snapshot = snapshot
        self._token = token
        self._left_s = WARM_BUDGET_S if Jedi.warm else BUDGET_S
        self._known: dict[tuple[str, int], list[tuple[str, int]]] = {}

    def expect(self, n_places: int) -> None:
        """So many places will be asked about: what nobody would wait for is not begun."""
        if n_places > _MANY:
            self._left_s = min(self._left_s, WARM_BUDGET_S)

    def definitions(self, path: str, offset: int) -> list[tuple[str, int]]:
        """(path, line from 1) of each definition; [] when jedi does not know."""
        if (path, offset) not in self._known:
            self.ask(path, (offset,))
        return self._known.get((path, offset), [])

    def ask(self, path: str, offsets: Iterable[int]) -> None:
        """Ask about several places of one file at once; `definitions` then has the answers."""
        wanted = [offset for offset in offsets if (path, offset) not in self._known]
        if not wanted or self._left_s <= 0:
            return
        for offset in wanted:  # asked once, whatever comes of it
            self._known[path, offset] = []
        started = time.monotonic()
        answers = shared_semantics().goto_all(
            self._snapshot,
            path,
            wanted,
            token=self._token,
            deadline_s=min(self._left_s, _QUESTION_S + 0.25 * len(wanted)),
        )
        self._left_s -= time.monotonic() - started
        for offset, places in zip(wanted, answers, strict=False):
            self._known[path, offset] = places
            Jedi.warm = Jedi.warm or bool(places)

    def leads_to(self, path: str, offset: int, lines: set[tuple[str, int]]) -> bool | None:
        """True: to one of `lines`. False: elsewhere. None: jedi cannot tell."""
        found = self.definitions(path, offset)
        if not found:
            return None
        if any(place in lines for place in found):
            return True
        return False if all(place[0] for place in found) else None
