"""treewright.tasks: the tasks of this session as a tree of routines; `{"cancel": id}` stops one.

-> `[{"task_id", "instruction", "kind", "state", "source", "started", "seconds", "proposal",
"routines": [{"id", "parent_id", "goal", "state", "rounds"}]}]`, newest last. Tasks of the servers before
this one come first: those that ended, up to 50 of the last week, then those that were cut off when their
server ended, with the state "interrupted"; `treewright.resume` goes on with one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cancel: str | None = None


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.tasks", Arguments)
    if given.cancel is not None:
        ls.session.tasks.cancel(given.cancel)

    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        from treewright_agent.interrupted import ended, find
        from treewright_server.tasking import trajectory_folder

        own = ls.session.tasks.rows()
        known = {row["task_id"] for row in own}
        earlier: list[dict[str, Any]] = []
        cut_off: list[dict[str, Any]] = []
        for folder in snapshot.folders:
            place = trajectory_folder(folder.root)
            earlier += [row for row in ended(place) if row["task_id"] not in known]
            cut_off += [each.to_json() for each in find(place)]
        earlier.sort(key=lambda row: row["started"])
        return [*earlier, *cut_off, *own]

    return await answer(ls, work)
