"""From operation calls to a Proposal, and from a Proposal to the editor.

Planning runs in a thread on a Snapshot; sending waits on the asyncio loop for what the client
answers, and records it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import (
    ArgumentsError,
    RefusedError,
    StaleSnapshotError,
    TreewrightError,
)
from treewright_server.convert import Mapper, to_path
from treewright_server.edits import to_workspace_edit
from treewright_server.errors import RpcError
from treewright_server.plain import field

if TYPE_CHECKING:
    from treewright_agent.calls import Call
    from treewright_agent.proposals import Proposal
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

logger = logging.getLogger("treewright")


def plan(
    snapshot: Snapshot,
    title: str,
    calls: Sequence[Call],
    source: str,
    token: CancelToken,
) -> Proposal:
    """Raises what the operations raise, and RefusedError when the result would be worse."""
    from treewright_agent.proposals import propose

    proposal = propose(snapshot, title, calls, source, token)
    if proposal is None:
        raise RefusedError(f"{title}: not offered, the changed files would have new problems")
    return proposal


def edit_of(
    ls: TreewrightServer, proposal: Proposal, snapshot: Snapshot, *, confirm: bool | None = None
) -> dict[str, Any]:
    """The proposal as the client understands it. Raises StaleSnapshotError, RefusedError."""
    session = ls.session
    wanted = session.settings.edits.confirm
    notes: Mapping[str, str] = {}
    if wanted == "uncertain":
        notes = uncertain_files(proposal)
    return to_workspace_edit(
        proposal.change,
        snapshot,
        session.client,
        session.documents.uri,
        label=proposal.title,
        confirm=wanted == "always" if confirm is None else confirm,
        notes=notes,
    )


def uncertain_files(proposal: Proposal) -> dict[str, str]:
    """path -> why the user should look at the edits there, from the proposal's annotations."""
    notes: dict[str, str] = {}
    for annotation in proposal.annotations:
        if annotation.needs_confirmation:
            notes[annotation.path] = annotation.reason
    return notes


async def send(
    ls: TreewrightServer, proposal: Proposal, snapshot: Snapshot, *, confirm: bool | None = None
) -> dict[str, Any]:
    """Ask the client to apply `proposal`; the answer says what became of it.

    `{"proposal": id, "applied": bool, "reason": str | None}`
    """
    session = ls.session
    if not session.client.apply_edit:
        raise RefusedError("the editor does not apply edits for a server")
    edit = edit_of(ls, proposal, snapshot, confirm=confirm)
    session.shelf.put(proposal)
    session.feedback.shown(proposal, snapshot)
    session.turns.shown(proposal, snapshot)
    try:
        params = {"edit": edit, "label": proposal.title}
        answer: Any = await ls.request_async("workspace/applyEdit", params)
    except RpcError as error:  # eglot answers a version it does not like with an error
        logger.warning("workspace/applyEdit: %s", error)
        session.feedback.answered(proposal.id, False)
        return {"proposal": proposal.id, "applied": False, "reason": error.message}
    applied = bool(field(answer, "applied"))
    session.feedback.answered(proposal.id, applied)
    if applied:
        session.turns.applied(proposal.id)
    return {
        "proposal": proposal.id,
        "applied": applied,
        "reason": field(answer, "failureReason"),
    }


def preview(proposal: Proposal, snapshot: Snapshot, root: str) -> dict[str, Any]:
    """What a user sees before deciding: `{"proposal", "title", "diff", "checks"}`."""
    return {
        "proposal": proposal.id,
        "title": proposal.title,
        "source": proposal.source,
        "diff": proposal.change.diff(snapshot.text, root),
        "checks": [
            {"name": check.name, "ok": check.ok, "detail": check.detail}
            for check in proposal.report.checks
        ],
    }


def operation_arguments(
    given: Mapping[str, Any], snapshot: Snapshot, encoding: str
) -> dict[str, Any]:
    """Arguments of an operation as an editor gives them: `uri`, `position` and `range` too.

    `uri` becomes `path`, `position` `offset`, `range` `start` and `end`; the rest is passed on.
    Raises ArgumentsError naming what does not fit.
    """
    arguments = dict(given)
    uri = arguments.pop("uri", None)
    if uri is not None:
        if not isinstance(uri, str):
            raise ArgumentsError("uri: expected a string")
        arguments["path"] = to_path(uri)
    position, range_ = arguments.pop("position", None), arguments.pop("range", None)
    if position is None and range_ is None:
        return arguments
    path = arguments.get("path")
    if not isinstance(path, str):
        raise ArgumentsError("position and range need uri or path")
    mapper = Mapper(snapshot.text(path), encoding)
    if position is not None:
        arguments["offset"] = mapper.offset(position)
    if range_ is not None:
        arguments["start"], arguments["end"] = mapper.span(range_)
    return arguments


def key_of(text_hash: str, title: str, calls: Sequence[Call]) -> tuple[str, str, str]:
    """What one offer on one text is remembered by, see `Shelf.planned`."""
    from treewright_agent.calls import calls_to_json, canonical_json

    return text_hash, title, canonical_json(calls_to_json(calls))


def from_data(
    ls: TreewrightServer, data: Mapping[str, Any], snapshot: Snapshot, token: CancelToken
) -> Proposal:
    """The proposal that a code action's `data` stands for.

    Taken from the shelf, or planned again from its calls. When the text has changed since it
    was offered, it is made for the text of now. Raises StaleSnapshotError with the causes when
    that cannot be, ArgumentsError for data of another make.
    """
    known = ls.session.shelf.get(str(data.get("proposal", "")))
    if known is not None:
        from treewright_agent.renewal import renewed

        proposal = renewed(known, snapshot, token)
        if proposal is not known:
            ls.session.feedback.decided(known.id, "expired", "made again on newer text")
            ls.session.shelf.put(proposal)
        return proposal
    try:
        from treewright_agent.calls import calls_from_json

        calls = calls_from_json(data["calls"])
        title, bases = str(data["title"]), dict(data["bases"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArgumentsError("unknown proposal") from error
    if len(bases) == 1:
        (base,) = bases.values()
        _, verified = ls.session.shelf.planned(key_of(str(base), title, calls))
        if verified is not None and _untouched(verified, snapshot):
            return verified
    for path, base in bases.items():
        if base is not None and snapshot.hash(path) != base:
            from treewright_agent.validity import calls_on

            before = ls.session.shelf.text(path, base)
            if before is None:
                raise StaleSnapshotError(f"{snapshot.display_path(path)} has changed meanwhile")
            calls = calls_on(calls, {path: before}, snapshot)
    proposal = plan(snapshot, title, calls, "recipe", token)
    ls.session.shelf.put(proposal)
    return proposal


def _untouched(proposal: Proposal, snapshot: Snapshot) -> bool:
    """Whether every file it changes is as it was."""
    try:
        return all(snapshot.hash(file.path) == file.base_hash for file in proposal.change.files)
    except TreewrightError:
        return False
