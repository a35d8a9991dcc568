"""treewright.conversations: what was said under an id of the client's, also before a restart.

Without an argument -> `{"conversations": [{"id", "started", "changed", "turns", "title", "interrupted",
"root"}]}`, the last that was spoken in first. `{"id": …}` -> the same row with `said`: [{"role", "text"}].
`{"forget": id}` -> `{"forgotten": true | false}`. `interrupted`: the last word is the user's, since the
server ended before the answer did; say it again to go on. A day after its last word one is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str | None = None
    forget: str | None = None


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    given = decoded(arguments, "treewright.conversations", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> dict[str, Any]:
        from treewright_server.tasking import workspace_key

        store = ls.session.chats.store
        roots = {folder.root: workspace_key(folder.root) for folder in snapshot.folders}
        if given.forget is not None:
            gone = [store.forget(key, given.forget) for key in roots.values()] if store else []
            return {"forgotten": any(gone)}
        if given.id is not None:
            for root, key in roots.items():
                found = store.get(key, given.id) if store is not None else None
                if found is not None:
                    said = [{"role": role, "text": text} for role, text in found.turns]
                    return {**found.to_json(), "root": root, "said": said}
            raise ArgumentsError(f"no conversation {given.id!r}")
        found = [
            (each, root)
            for root, key in roots.items()
            for each in (store.all(key) if store is not None else ())
        ]
        found.sort(key=lambda row: row[0].changed, reverse=True)
        return {"conversations": [{**each.to_json(), "root": root} for each, root in found]}

    return await answer(ls, work)
