"""treewright.memory: what is remembered of a workspace; the user may add, change and forget it.

`{}` lists; `{"add": text}` adds a rule; `{"edit": id, "text"}`; `{"forget": id}`;
`{"forgetAll": true}`. `uri` says which folder, the first one without it. -> the entries left:
`[{"id", "kind", "text", "source", "created"}]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_server.commands.arguments import decoded
from treewright_server.convert import to_path
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    uri: str | None = None
    add: str | None = None
    edit: int | None = None
    text: str | None = None
    forget: int | None = None
    forget_all: bool = False


async def run(ls: TreewrightServer, arguments: list[Any]) -> list[dict[str, Any]]:
    given = decoded(arguments, "treewright.memory", Arguments)

    def work(snapshot: Snapshot, token: CancelToken) -> list[dict[str, Any]]:
        folder = snapshot.folder_of(to_path(given.uri)) if given.uri else None
        if folder is None and snapshot.folders:
            folder = snapshot.folders[0]
        if folder is None:
            raise RefusedError("there is no workspace folder")
        memory = ls.session.services.get(folder.root, lambda event: None, None).memory
        if memory is None:
            raise RefusedError("memory is off; see the setting treewright.agent.memory")
        if given.add is not None:
            memory.add("rule", given.add, "user")
        if given.edit is not None:
            if given.text is None:
                raise ArgumentsError("treewright.memory: edit needs text")
            if not memory.edit(given.edit, given.text):
                raise ArgumentsError(f"treewright.memory: no entry {given.edit}")
        if given.forget is not None and not memory.forget(given.forget):
            raise ArgumentsError(f"treewright.memory: no entry {given.forget}")
        if given.forget_all:
            memory.forget()
        return [entry._asdict() for entry in memory.entries()]

    return await answer(ls, work)
