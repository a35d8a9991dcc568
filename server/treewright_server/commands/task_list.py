"""treewright.tasks: the tasks of this session as a tree of routines; `{"cancel": id}` stops one.

-> `[{"task_id", "instruction", "kind", "state", "source", "started", "seconds", "proposal",
"routines": [{"id", "parent_id", "goal", "state", "rounds"}]}]`, newest last. Tasks that were cut off
when a server ended come first, with the state "interrupted"; `treewright.resume` goes on with one.
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
        from treewright_agent.interrupted import find
        from treewright_server.tasking import trajectory_folder

        cut_off: list[dict[str, Any]] = []
        for folder in snapshot.folders:
            cut_off += [each.to_json() for each in find(trajectory_folder(folder.root))]
        return [*cut_off, *ls.session.tasks.rows()]

    return await answer(ls, work)
