"""treewright.tasks: the tasks of this session as a tree of routines; `{"cancel": id}` stops one.

-> `[{"task_id", "instruction", "kind", "state", "source", "started", "seconds", "proposal",
"routines": [{"id", "parent_id", "goal", "state", "rounds"}]}]`, newest last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_server.commands.arguments import decoded

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cancel: str | None = None


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.tasks", Arguments)
    if given.cancel is not None:
        ls.session.tasks.cancel(given.cancel)
    return ls.session.tasks.rows()
