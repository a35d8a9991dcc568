"""textDocument/codeAction: what recipes offer for any server's diagnostics at the cursor.

A client that resolves gets what can be planned, at once: refactorings are planned by their recipes,
quick fixes here. Verification asks a linter, which takes longer than a menu may: it runs behind the
answer, and again when the action is picked unless it is done by then. What it refuses is not shown
again for the same text. A client that cannot resolve gets only what was verified, with its edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError, TreewrightError
from treewright_server import finding
from treewright_server.convert import Mapper
from treewright_server.fixing import fix_actions
from treewright_server.given import ends, member, objects, path_of
from treewright_server.lanes import Lane, answer
from treewright_server.plain import is_list, is_object, strings
from treewright_server.proposing import edit_of, key_of, logger, plan

if TYPE_CHECKING:
    from treewright_agent.proposals import Proposal
    from treewright_agent.recipes import Diagnostic, Offer, RecipeContext
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

MAX_OFFERS = 24
MAX_DIAGNOSTICS = 64
"""Of one request: a client may send those of a whole file."""
WARNING = 2
"""LSP's DiagnosticSeverity, for a server that does not say."""

Action = dict[str, Any]


async def handle(ls: TreewrightServer, params: Any) -> list[Action]:
    if not ls.session.settings.agent.trusted:
        return finding.actions(ls, params)
    snapshot_of: list[Snapshot] = []

    def work(snapshot: Snapshot, token: CancelToken) -> list[tuple[Action, Proposal | None]]:
        snapshot_of.append(snapshot)
        return _actions(ls, params, snapshot, token)

    actions = await answer(ls, work)
    if not ls.session.client.resolves_edit and ls.session.client.code_action_literals:
        for action, proposal in actions:
            if proposal is not None:
                made = {"recipe": action["data"]["recipe"]}
                ls.session.feedback.shown(proposal, snapshot_of[0], made)
    return [*(action for action, _ in actions), *finding.actions(ls, params)]


def _actions(
    ls: TreewrightServer, params: Any, snapshot: Snapshot, token: CancelToken
) -> list[tuple[Action, Proposal | None]]:
    from treewright_agent.recipes import RecipeContext

    path = path_of(params)
    text = snapshot.text(path)
    ls.session.shelf.keep(path, text)
    mapper = Mapper(text, ls.session.client.encoding)
    span = mapper.span(params.get("range"))
    context = member(params, "context")
    given: dict[Diagnostic, dict[str, Any] | None] = {}
    for reported in objects(params, "context", "diagnostics")[:MAX_DIAGNOSTICS]:
        given.setdefault(_diagnostic(path, mapper, reported), reported)
    for own in ls.session.linting.found(path, text.hash):
        same = any(d.span == own.span and d.code == own.code for d in given)
        if not same and own.span.start <= span.end and span.start <= own.span.end:
            given[own] = None
    only = context.get("only")
    asked = tuple(strings(only)) if is_list(only) else None
    ctx = RecipeContext(snapshot, path, span, tuple(given), token, asked)
    actions: list[tuple[Action, Proposal | None]] = []
    unverified: list[Offer] = []
    for recipe_id, offer in _offers(ls, ctx)[:MAX_OFFERS]:
        token.check()
        if not _wanted(offer.kind, context.get("only")):
            continue
        if offer.lazy and not ls.session.client.resolves_edit:
            continue
        reported = given.get(offer.diagnostic) if offer.diagnostic else None
        later = offer.lazy or offer.kind.startswith(("refactor", "source"))
        if ls.session.client.resolves_edit:
            known, proposal = ls.session.shelf.planned(key_of(text.hash, offer.title, offer.calls))
            if known and proposal is None:
                continue
            if not known and not later:
                if not _plans(offer, snapshot, token):
                    continue
                unverified.append(offer)
            if proposal is None:
                actions.append((_unverified(ls, recipe_id, offer, path, text.hash, reported), None))
                continue
        else:
            proposal = _verified(ls, offer, text.hash, snapshot, token)
        if proposal is not None:
            action = _action(ls, recipe_id, offer, proposal, reported, snapshot)
            actions.append((action, proposal))
    if unverified:
        _verify_behind(ls, unverified, text.hash, snapshot)
    client = ls.session.client
    if client.code_action_literals:
        folder = snapshot.folder_of(path)
        tasks = fix_actions(
            params, snapshot, path, span.start,
            has_model=bool(ls.session.services.model), folder=folder.root if folder else "/",
        )  # fmt: skip
        only = context.get("only")
        actions += [(action, None) for action in tasks if _wanted(action["kind"], only)]
    return actions


def _offers(ls: TreewrightServer, ctx: RecipeContext) -> list[tuple[str, Offer]]:
    """What recipes offer, rules that the user approved among them, in the order of their taste."""
    from treewright_agent.recipes import RECIPES, offers

    learned = ls.session.feedback.learned
    if learned is None:
        return offers(ctx)
    from treewright_agent.recipes.arrange import arranged

    recipes = RECIPES
    if learned.rules:
        from treewright_agent.recipes.learned import learned_recipe

        recipes = (*RECIPES, learned_recipe(learned.rules))
    return arranged(offers(ctx, recipes), learned.ranking.taste)


def _plans(offer: Offer, snapshot: Snapshot, token: CancelToken) -> bool:
    """Whether the offer's calls do something here; nothing that takes a process is asked."""
    from treewright_agent.proposals import plan as planned

    try:
        return not planned(snapshot, offer.calls, token).is_empty
    except CancelledError:
        raise
    except TreewrightError as error:
        logger.info("not offered: %s: %s", offer.title, error)
        return False


def _verify_behind(
    ls: TreewrightServer, offers: list[Offer], text_hash: str, snapshot: Snapshot
) -> None:
    """Check the offers behind the answer, so that picking one does not wait either."""

    def work(token: CancelToken) -> None:
        for offer in offers:
            try:
                _verified(ls, offer, text_hash, snapshot, token)
            except CancelledError:
                return

    ls.session.lanes.post_cancellable(work, Lane.BACKGROUND)


def _verified(
    ls: TreewrightServer, offer: Offer, text_hash: str, snapshot: Snapshot, token: CancelToken
) -> Proposal | None:
    """The offer planned and checked; the same offer on the same text is checked once."""
    shelf = ls.session.shelf
    key = key_of(text_hash, offer.title, offer.calls)
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
    reported: dict[str, Any] | None,
    snapshot: Snapshot,
) -> Action:
    client = ls.session.client
    data = data_of(recipe_id, offer, proposal)
    if not client.code_action_literals:
        command = "treewright.applyProposal"
        return {"title": offer.title, "command": command, "arguments": [data]}
    action: Action = {"title": offer.title, "kind": offer.kind, "data": data}
    if reported is not None:
        action["diagnostics"] = [reported]
    if offer.preferred and client.preferred_actions:
        action["isPreferred"] = True
    if not client.resolves_edit:
        action["edit"] = edit_of(ls, proposal, snapshot)
    return action


def _unverified(
    ls: TreewrightServer,
    recipe_id: str,
    offer: Offer,
    path: str,
    text_hash: str,
    reported: dict[str, Any] | None,
) -> Action:
    """An action that is verified when it is resolved."""
    from treewright_agent.calls import calls_to_json

    data = {
        "treewright": 1,
        "recipe": recipe_id,
        "title": offer.title,
        "calls": calls_to_json(offer.calls),
        "bases": {path: text_hash},
    }
    action: Action = {"title": offer.title, "kind": offer.kind, "data": data}
    if reported is not None:
        action["diagnostics"] = [reported]
    if offer.preferred and ls.session.client.preferred_actions:
        action["isPreferred"] = True
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


def _diagnostic(path: str, mapper: Mapper, reported: dict[str, Any]) -> Diagnostic:
    """Any server's diagnostic; the range of one that is older than the text is kept inside it."""
    from treewright_agent.recipes import Diagnostic
    from treewright_indexer.text import Span

    first, last = ends(reported.get("range"), "diagnostic.range")
    start = mapper.offset_at(*first, clamp_line=True)
    end = mapper.offset_at(*last, clamp_line=True)
    code, message, severity = (reported.get(key) for key in ("code", "message", "severity"))
    if is_object(code):  # an old client's `{"value", "target"}`
        code = code.get("value")
    if is_object(message):  # MarkupContent
        message = message.get("value")
    return Diagnostic(
        path=path,
        span=Span(start, max(start, end)),
        code="" if code is None else str(code),
        source=str(reported.get("source") or ""),
        message=str(message or ""),
        severity=severity if isinstance(severity, int) else WARNING,
    )


def _wanted(kind: str, only: Any) -> bool:
    """`only` names kinds or their parents: `source` asks for `source.fixAll` too."""
    if not is_list(only):
        return True
    return any(not n or kind == n or kind.startswith(n + ".") for n in strings(only))
