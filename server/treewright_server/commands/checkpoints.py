"""treewright.checkpoints, treewright.restore: what the agent changed turn by turn, and taking it back.

`treewright.checkpoints` -> `{"checkpoints": [{"id", "at", "task", "title", "files", "restored", "root"}]}`,
newest last. `treewright.restore` takes `{"checkpoint": id, "what": "code" | "conversation" | "both",
"only": false}`: it takes back that turn and all of the agent's after it (`only`: that turn alone) in one
edit that the editor can undo, and answers `{"applied", "reason", "turns", "left", "conversation"}`.
`left` names what stays because you changed it; your own edits and git are never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_server.commands.arguments import decoded
from treewright_server.lanes import answer

if TYPE_CHECKING:
    from treewright_agent.checkpoints import Restoration
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer


class Arguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    checkpoint: int
    what: Literal["code", "conversation", "both"] = "both"
    only: bool = False


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    def work(snapshot: Snapshot, token: CancelToken) -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        for folder in snapshot.folders:
            store = ls.session.turns.of(folder.root)
            turns = store.turns() if store is not None else []
            rows += [{**turn.to_json(), "root": folder.root} for turn in turns]
        return {"checkpoints": sorted(rows, key=lambda row: row["id"])}

    return await answer(ls, work)


async def restore(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    given = decoded(arguments, "treewright.restore", Arguments)
    ls.session.require_trust("changes")

    def work(snapshot: Snapshot, token: CancelToken) -> tuple[Snapshot, str, Restoration]:
        for folder in snapshot.folders:
            store = ls.session.turns.of(folder.root)
            if store is not None and any(turn.id == given.checkpoint for turn in store.turns()):
                planned = store.plan(given.checkpoint, snapshot, folder.root, only=given.only)
                return snapshot, folder.root, planned
        raise ArgumentsError(f"no checkpoint {given.checkpoint}")

    snapshot, root, planned = await answer(ls, work)
    applied, reason = False, None
    if given.what != "conversation":
        if planned.change.is_empty:
            applied = not planned.left
            reason = None if applied else "you have changed all of it since"
        else:
            applied, reason = await _apply(ls, snapshot, planned)
        store = ls.session.turns.of(root)
        if applied and store is not None:
            store.restored(planned.turns)
    said = [{"role": role, "text": text} for role, text in planned.said]
    return {
        "applied": applied,
        "reason": reason,
        "turns": list(planned.turns),
        "left": [each.to_json() for each in planned.left],
        "conversation": said if given.what != "code" else None,
    }


async def _apply(
    ls: TreewrightServer, snapshot: Snapshot, planned: Restoration
) -> tuple[bool, str | None]:
    from treewright_server.edits import to_workspace_edit
    from treewright_server.errors import RpcError
    from treewright_server.plain import field

    session = ls.session
    if not session.client.apply_edit:
        raise RefusedError("the editor does not apply edits for a server")
    label = "Take back what the agent changed"
    edit = to_workspace_edit(
        planned.change, snapshot, session.client, session.documents.uri, label=label, confirm=False, notes={}
    )  # fmt: skip
    try:
        taken = await ls.request_async("workspace/applyEdit", {"edit": edit, "label": label})
    except RpcError as error:
        return False, error.message
    return bool(field(taken, "applied")), field(taken, "failureReason")
