"""Proposals that were put before the user, by id, and verified menus, by what they were made of.

Bounded: the oldest entry goes first. A proposal that has gone is planned again from its calls.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_indexer.text import SourceText

MAX_PROPOSALS = 512
MAX_TEXTS = 16


class Shelf:
    """Safe to use from any thread."""

    def __init__(self, limit: int = MAX_PROPOSALS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Proposal] = OrderedDict()
        self._texts: OrderedDict[tuple[str, str], SourceText] = OrderedDict()
        self._by_key: OrderedDict[Hashable, Proposal | None] = OrderedDict()

    def put(self, proposal: Proposal) -> None:
        with self._lock:
            self._by_id[proposal.id] = proposal
            self._by_id.move_to_end(proposal.id)
            while len(self._by_id) > self._limit:
                self._by_id.popitem(last=False)

    def get(self, proposal_id: str) -> Proposal | None:
        with self._lock:
            return self._by_id.get(proposal_id)

    def keep(self, path: str, text: SourceText) -> None:
        """Remember the text that a menu was offered for: its actions may be picked after more
        was typed."""
        with self._lock:
            self._texts[path, text.hash] = text
            self._texts.move_to_end((path, text.hash))
            while len(self._texts) > MAX_TEXTS:
                self._texts.popitem(last=False)

    def text(self, path: str, hash: str) -> SourceText | None:
        with self._lock:
            return self._texts.get((path, hash))

    def planned(self, key: Hashable) -> tuple[bool, Proposal | None]:
        """Whether calls were planned on exactly this text before, and what came of it."""
        with self._lock:
            return key in self._by_key, self._by_key.get(key)

    def remember(self, key: Hashable, proposal: Proposal | None) -> None:
        with self._lock:
            self._by_key[key] = proposal
            self._by_key.move_to_end(key)
            while len(self._by_key) > self._limit:
                self._by_key.popitem(last=False)
        if proposal is not None:
            self.put(proposal)
