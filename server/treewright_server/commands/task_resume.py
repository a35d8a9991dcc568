"""treewright.resume: go on with a task that was cut off when its server ended.

`{"taskId": id, "apply": false}` -> as `treewright.task`, with `resumed`: the id of the earlier run. The
new run is told what the earlier one had changed, and decides anew: nothing of it is taken over unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_agent.interrupted import Interrupted
    from treewright_agent.routines.request import Kind
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    task_id: str
    apply: bool = False


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    given = decoded(arguments, "treewright.resume", Arguments)
    ls.session.require_trust("tasks")

    def work(snapshot: Snapshot, token: CancelToken) -> tuple[Interrupted, str]:
        from treewright_agent.interrupted import done_so_far, find
        from treewright_server.tasking import trajectory_folder

        for folder in snapshot.folders:
            for each in find(trajectory_folder(folder.root)):
                if each.task_id == given.task_id:
                    return each, done_so_far(each, snapshot, folder.root, token)
        raise UnknownFileError(f"no interrupted task {given.task_id!r}")

    task, diff = await answer(ls, work)
    from treewright_agent.interrupted import mark_resumed
    from treewright_server.commands.task import start

    told = f"An earlier run of this task was cut off. It had changed:\n{diff}" if diff else ""
    again: dict[str, Any] = {
        "instruction": task.instruction,
        "apply": given.apply,
        "history": [{"role": "assistant", "text": told}] if told else [],
    }
    row = await start(ls, [again], "treewright.resume", cast("Kind", task.kind))
    mark_resumed(task, str(row.get("task_id", "")))
    return {**row, "resumed": task.task_id}
