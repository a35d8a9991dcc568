"""treewright/edit: a request about a selection -> Offered. Nothing is applied.

What is done meanwhile comes as `step` parts on the client's own token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_server.answering import beside, decoded, step_of
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import snapshot_of_request
from treewright_server.reviews import guide_markdown, offered, refused

if TYPE_CHECKING:
    from treewright_agent.trajectory import Event
    from treewright_server.app import TreewrightServer

METHOD = "treewright/edit"


class Document(msgspec.Struct, frozen=True):
    uri: str


class Params(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Document
    range: Any
    instruction: str
    partial_result_token: str | int | None = None


async def handle(ls: TreewrightServer, params: Any) -> dict[str, Any]:
    given = decoded(params, Params, METHOD)
    ls.session.require_trust("edits")
    snapshot = await snapshot_of_request(ls)

    def tell(event: Event) -> None:
        part = step_of(event)
        if part is not None and given.partial_result_token is not None:
            ls.notify("$/progress", {"token": given.partial_result_token, "value": part})

    def work(token: CancelToken) -> dict[str, Any]:
        from treewright_agent.context import Environment, Place
        from treewright_agent.routines.request import TaskRequest
        from treewright_agent.routines.task import run_task

        path = to_path(given.text_document.uri)
        span = Mapper(snapshot.text(path), ls.session.client.encoding).span(given.range)
        environment = Environment(place=Place(path, span), open_files=(path,))
        request = TaskRequest(given.instruction.strip(), "task", environment=environment)
        folder = snapshot.folder_of(path)
        root = folder.root if folder is not None else "/"
        services = ls.session.services.get(root, tell, None)
        result = run_task(request, snapshot, services, token, root)
        token.check()
        if result.proposal is not None:
            return offered(ls, result.proposal, snapshot)
        guide = guide_markdown(result.guide.to_json()) if result.guide is not None else ""
        reason = result.reason or result.message or result.status
        if result.choices:
            reason += f" ({'; '.join(result.choices)})"
        return refused(reason, None, guide)

    return await beside(work)
