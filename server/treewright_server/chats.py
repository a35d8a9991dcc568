"""Conversations of a session, by an id that the client chooses: they go on after a restart.

Clients that keep their conversations themselves send them along and need none of this.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from treewright_server.homes import home_folder

if TYPE_CHECKING:
    from treewright_agent.conversations import Conversations

logger = logging.getLogger("treewright")


class Chats:
    """Opened by its first use, which is in a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: Conversations | None = None
        self._failed = False

    @property
    def store(self) -> Conversations | None:
        """None when nothing can be kept, which is said once."""
        with self._lock:
            if self._store is None and not self._failed:
                from treewright_agent.conversations import Conversations
                from treewright_indexer.errors import StoreError

                try:
                    self._store = Conversations(home_folder("data") / "agent" / "conversations.db")
                except StoreError as error:
                    self._failed = True
                    logger.warning("%s", error)
            return self._store

    def begun(self, root: str, id: str | None, words: str) -> tuple[tuple[str, str], ...]:
        """The user speaks: what was said before, as (role, text). '' or None is no conversation."""
        if not id or (store := self.store) is None:
            return ()
        from treewright_server.tasking import workspace_key

        key = workspace_key(root)
        before = store.get(key, id)
        self._say(key, id, "user", words)
        return before.turns if before is not None else ()

    def answered(self, root: str, id: str | None, words: str) -> None:
        if id and self.store is not None:
            from treewright_server.tasking import workspace_key

            self._say(workspace_key(root), id, "assistant", words)

    def _say(self, key: str, id: str, role: str, words: str) -> None:
        from treewright_indexer.errors import StoreError

        assert self._store is not None
        try:
            self._store.say(key, id, role, words)
        except StoreError as error:
            logger.warning("%s", error)

    def prune(self) -> None:
        if (store := self.store) is not None:
            store.prune()

    def close(self) -> None:
        with self._lock:
            store, self._store, self._failed = self._store, None, True
        if store is not None:
            store.close()
