"""textDocument/codeAction: what recipes offer for any server's diagnostics at the cursor.

What is offered was planned and verified: an offer that would make a file worse is not shown.
The edit itself is sent on resolve, unless the client cannot resolve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as lsp

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import answer
from treewright_server.proposing import edit_of, logger, plan

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_agent.recipes import Diagnostic, Offer
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

METHOD = lsp.TEXT_DOCUMENT_CODE_ACTION
OPTIONS = lsp.CodeActionOptions(
    code_action_kinds=[
        lsp.CodeActionKind.QuickFix,
        lsp.CodeActionKind.RefactorRewrite,
        lsp.CodeActionKind.SourceOrganizeImports,
    ],
    resolve_provider=True,
)

MAX_OFFERS = 24
MAX_DIAGNOSTICS = 64
"""Of one request: a client may send those of a whole file."""

Action = lsp.CodeAction | lsp.Command


async def handle(ls: TreewrightServer, params: lsp.CodeActionParams) -> list[Action]:
    def work(snapshot: Snapshot, token: CancelToken) -> list[tuple[Action, Proposal]]:
        return _actions(ls, params, snapshot, token)

    snapshot_of: list[Snapshot] = []

    def keep(snapshot: Snapshot, token: CancelToken) -> list[tuple[Action, Proposal]]:
        snapshot_of.append(snapshot)
        return work(snapshot, token)

    actions = await answer(ls, keep)
    if not ls.session.client.resolves_edit and ls.session.client.code_action_literals:
        for _, proposal in actions:
            ls.session.feedback.shown(proposal, snapshot_of[0])
    return [action for action, _ in actions]


def _actions(
    ls: TreewrightServer, params: lsp.CodeActionParams, snapshot: Snapshot, token: CancelToken
) -> list[tuple[Action, Proposal]]:
    from treewright_agent.recipes import RecipeContext, offers

    path = to_path(params.text_document.uri)
    text = snapshot.text(path)
    mapper = Mapper(text, ls.session.client.encoding)
    span = mapper.span(params.range)
    given: dict[Diagnostic, lsp.Diagnostic | None] = {}
    for reported in params.context.diagnostics[:MAX_DIAGNOSTICS]:
        given.setdefault(_diagnostic(path, mapper, reported), reported)
    for own in ls.session.linting.found(path, text.hash):
        same = any(d.span == own.span and d.code == own.code for d in given)
        if not same and own.span.start <= span.end and span.start <= own.span.end:
            given[own] = None
    ctx = RecipeContext(snapshot, path, span, tuple(given), token)
    actions: list[tuple[Action, Proposal]] = []
    for recipe_id, offer in offers(ctx)[:MAX_OFFERS]:
        token.check()
        if not _wanted(offer.kind, params.context.only):
            continue
        proposal = _verified(ls, offer, text.hash, snapshot, token)
        if proposal is not None:
            reported = given.get(offer.diagnostic) if offer.diagnostic else None
            action = _action(ls, recipe_id, offer, proposal, reported, snapshot)
            actions.append((action, proposal))
    return actions


def _verified(
    ls: TreewrightServer, offer: Offer, text_hash: str, snapshot: Snapshot, token: CancelToken
) -> Proposal | None:
    """The offer planned and checked; the same offer on the same text is checked once."""
    from treewright_agent.calls import calls_to_json, canonical_json

    shelf = ls.session.shelf
    key = (text_hash, offer.title, canonical_json(calls_to_json(offer.calls)))
    known, proposal = shelf.planned(key)
    if known:
        return proposal
    try:
        proposal = plan(snapshot, offer.title, offer.calls, "recipe", token)
    except CancelledError:
        raise
    except TreewrightError as error:
        logger.info("not offered: %s: %s", offer.title, error)
        proposal = None
    shelf.remember(key, proposal)
    return proposal


def _action(
    ls: TreewrightServer,
    recipe_id: str,
    offer: Offer,
    proposal: Proposal,
    reported: lsp.Diagnostic | None,
    snapshot: Snapshot,
) -> Action:
    client = ls.session.client
    data = data_of(recipe_id, offer, proposal)
    if not client.code_action_literals:
        return lsp.Command(offer.title, "treewright.applyProposal", [cast(Any, data)])
    action = lsp.CodeAction(
        title=offer.title,
        kind=offer.kind,
        diagnostics=[reported] if reported is not None else None,
        is_preferred=True if offer.preferred and client.preferred_actions else None,
        data=cast(Any, data),
    )
    if not client.resolves_edit:
        action.edit = edit_of(ls, proposal, snapshot)
    return action


def data_of(recipe_id: str, offer: Offer, proposal: Proposal) -> dict[str, Any]:
    """What finds the proposal again, or makes it again after the server forgot it."""
    from treewright_agent.calls import calls_to_json

    return {
        "treewright": 1,
        "proposal": proposal.id,
        "recipe": recipe_id,
        "title": offer.title,
        "calls": calls_to_json(offer.calls),
        "bases": {file.path: file.base_hash for file in proposal.change.files},
    }


def _diagnostic(path: str, mapper: Mapper, reported: lsp.Diagnostic) -> Diagnostic:
    from treewright_agent.recipes import Diagnostic
    from treewright_indexer.text import Span

    start = mapper.offset(reported.range.start, clamp_line=True)
    end = mapper.offset(reported.range.end, clamp_line=True)
    return Diagnostic(
        path=path,
        span=Span(start, max(start, end)),
        code="" if reported.code is None else str(reported.code),
        source=reported.source or "",
        message=reported.message if isinstance(reported.message, str) else reported.message.value,
        severity=int(reported.severity or lsp.DiagnosticSeverity.Warning),
    )


def _wanted(kind: str, only: Any) -> bool:
    """`only` names kinds or their parents: `source` asks for `source.fixAll` too."""
    if only is None:
        return True
    for wanted in only:
        name = str(getattr(wanted, "value", wanted))
        if not name or kind == name or kind.startswith(name + "."):
            return True
    return False
