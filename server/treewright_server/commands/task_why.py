"""treewright.why: why an edit is as it is: who decided, what they saw, what was checked.

`{"taskId": id}` -> `{"task_id", "instruction", "source", "rule_id" | "models", "prompts",
"context", "steps", "edits", "checks", "tests", "attempts", "status", "history"}`, read from the
task's trajectory. `{"taskId", "prompt": n}` adds the exact messages of the n-th request, from 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    task_id: Annotated[str, msgspec.Meta(pattern=r"^[\w-][\w.-]{0,99}$")]
    prompt: Annotated[int, msgspec.Meta(ge=1)] | None = None


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    given = decoded(arguments, "treewright.why", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> dict[str, Any]:
        from treewright_agent.explanation import explained
        from treewright_server.tasking import trajectory_folder

        for folder in snapshot.folders:
            path = trajectory_folder(folder.root) / f"{given.task_id}.jsonl"
            if path.is_file():
                services = ls.session.services.get(folder.root, lambda event: None, None)
                return explained(path, services.episodes, given.prompt)
        raise UnknownFileError(f"no task {given.task_id!r} is on record")

    return await answer(ls, work)
