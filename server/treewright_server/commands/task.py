"""treewright.task, .fix, .refactor, .writeTests, .explain, .review, .chat: tasks as commands.

One object as argument:

    instruction   what to do; .fix, .writeTests, .explain and .review have one of their own
    uri, range    what the user points at (`position` for a cursor)
    diagnostics   LSP diagnostics there; .fix looks at them
    operations    .refactor only: [{"operation", "arguments"}] instead of an instruction
    history       .chat only: [{"role", "text"}]
    conversation  .chat only: an id instead of a history: the server keeps what is said
    taskId        an id of the client's; made up without
    apply         true: the change is sent to the editor as one workspace edit

The answer is the task's result, as `treewright task --json` prints it; `proposal` is an id for
treewright.applyProposal, treewright.preview and the review requests. Progress is shown with the
stages analyzing, retrieving_docs, generating_code, testing_code, completed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError
from treewright_server import logs
from treewright_server.answering import Turn, beside
from treewright_server.commands.arguments import decoded
from treewright_server.convert import Mapper, to_path
from treewright_server.lanes import snapshot_of_request
from treewright_server.progress import Progress
from treewright_server.proposing import send

if TYPE_CHECKING:
    from treewright_agent.context import Environment
    from treewright_agent.proposals import Proposal
    from treewright_agent.routines.request import Kind, TaskRequest
    from treewright_agent.trajectory import Event
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

STAGES: dict[str, tuple[str, int]] = {
    "task": ("analyzing", 5),
    "context_blocks": ("retrieving_docs", 20),
    "plan": ("analyzing", 30),
    "thought_prompt": ("generating_code", 40),
    "edit": ("generating_code", 60),
    "test": ("testing_code", 80),
    "result": ("completed", 99),
}
"""Event of a task -> the stage that a progress bar names, and how far that is of 100."""


class Arguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    instruction: str = ""
    uri: str | None = None
    range: Any = None
    position: Any = None
    diagnostics: list[dict[str, Any]] = []
    operations: list[dict[str, Any]] = []
    history: list[Turn] = []
    conversation: str | None = None
    task_id: str | None = None
    apply: bool = False


async def run(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await _command(ls, arguments, "treewright.task", "task", "")


async def fix(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await _command(ls, arguments, "treewright.fix", "fix", "Fix the problem reported here")


async def refactor(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await _command(ls, arguments, "treewright.refactor", "refactor", "")


async def write_tests(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    default = "Write tests for the code at the cursor: normal, empty, negative and boundary cases"
    return await _command(ls, arguments, "treewright.writeTests", "write_tests", default)


async def explain(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await _command(ls, arguments, "treewright.explain", "explain", "Explain this code")


async def review(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await _command(ls, arguments, "treewright.review", "review", "Review this code")


async def chat(ls: TreewrightServer, arguments: list[Any]) -> dict[str, Any]:
    return await _command(ls, arguments, "treewright.chat", "chat", "")


async def start(
    ls: TreewrightServer, arguments: list[Any], name: str, kind: Kind
) -> dict[str, Any]:
    """A task of any kind, for the command `name`."""
    return await _command(ls, arguments, name, kind, "")


async def _command(
    ls: TreewrightServer, arguments: list[Any], name: str, kind: Kind, default: str
) -> dict[str, Any]:
    given = decoded(arguments, name, Arguments)
    read_only = kind in ("explain", "review", "chat")
    if not read_only:
        ls.session.require_trust("tasks")
    instruction = given.instruction.strip() or default
    if not instruction and not given.operations:
        raise ArgumentsError(f"{name}: instruction is missing")
    snapshot = await snapshot_of_request(ls)
    made = await beside(
        lambda token: ls.session.queue.run(
            lambda: _Run(ls, given, kind, instruction, snapshot, token)(), token=token
        )
    )
    if made.proposal is not None and given.apply:
        made.row["applied"] = await send(ls, made.proposal, snapshot)
        _mark(ls, made, bool(made.row["applied"]["applied"]))
    return made.row


class _Made(msgspec.Struct):
    row: dict[str, Any]
    proposal: Any
    root: str


class _Run:
    """One task in its own thread, with a progress bar that cancels it."""

    def __init__(
        self,
        ls: TreewrightServer,
        given: Arguments,
        kind: Kind,
        instruction: str,
        snapshot: Snapshot,
        token: CancelToken,
    ) -> None:
        self._ls = ls
        self._given = given
        self._kind: Kind = kind
        self._instruction = instruction
        self._snapshot = snapshot
        self._token = token
        title = (instruction or "Refactor").split("\n")[0][:60]
        self._progress = Progress(ls, title, token.cancel)
        self._so_far = 0
        self._began = time.monotonic()

    def __call__(self) -> _Made:
        self._progress.begin()
        try:
            return self._made()
        finally:
            self._progress.finish()

    def _made(self) -> _Made:
        from treewright_agent.routines.task import run_task

        ls, session = self._ls, self._ls.session
        environment = self._environment()
        root = self._root(environment)
        if self._given.operations:
            return self._operations(root)
        if self._kind == "fix" and (proposal := self._by_recipe(environment)) is not None:
            return self._offered(proposal, root)
        before = session.chats.begun(root, self._given.conversation, self._instruction)
        if before and not self._given.history:
            turns = [Turn(role, text) for role, text in before]  # type: ignore[arg-type]
            self._given = msgspec.structs.replace(self._given, history=turns)
        if self._kind in ("explain", "review", "chat") and not session.services.model:
            row = self._from_search(environment)
            session.chats.answered(root, self._given.conversation, str(row["answer"]))
            return _Made(row, None, root)
        request = self._request(environment)
        logs.task_id.set(request.task_id)  # of this thread, which is the task's own
        watch = session.tasks.begin(request.task_id, self._instruction, self._kind, self._token)

        def on_event(event: Event) -> None:
            watch(event)
            self._event(event)

        services = session.services.get(root, on_event, None, request.task_id)
        result = run_task(request, self._snapshot, services, self._token, root)
        self._token.check()
        row = result.to_json(root)
        session.chats.answered(root, self._given.conversation, result.answer or result.message)
        if result.proposal is not None:
            from treewright_server.answering import made_of

            said = tuple((turn.role, turn.text) for turn in self._given.history)
            said += (("user", self._instruction), ("assistant", result.message))
            session.turns.shown(result.proposal, self._snapshot, request.task_id, said)
            self._show(result.proposal, made_of(result, self._began))
        ls.session.status.changed()
        return _Made(row, result.proposal, root)

    # ------------------------------------------------------------------ rungs of the editor's own

    def _operations(self, root: str) -> _Made:
        """Operations that the client named: planned together, checked, offered."""
        from treewright_agent.calls import Call, calls_from_json
        from treewright_agent.proposals import ProposalRefused, consider
        from treewright_agent.tools.operating import absolute
        from treewright_server.proposing import operation_arguments

        try:
            calls = calls_from_json(self._given.operations)
        except (KeyError, TypeError, ValueError) as error:
            raise ArgumentsError(
                'operations: each is {"operation": …, "arguments": {…}}'
            ) from error
        encoding = self._ls.session.client.encoding
        planned = [
            Call(
                c.operation,
                operation_arguments(absolute(c.arguments, root), self._snapshot, encoding),
            )
            for c in calls
        ]
        title = self._instruction or ", ".join(dict.fromkeys(call.operation for call in calls))
        made = consider(self._snapshot, title, planned, "operation", self._token)
        if isinstance(made, ProposalRefused):
            raise RefusedError(f"{title}: {made.reason}")
        return self._offered(made, root)

    def _by_recipe(self, environment: Environment) -> Proposal | None:
        """The fix that a rule is sure of, for the diagnostics at the place."""
        from treewright_agent.proposals import ProposalRefused, consider
        from treewright_agent.recipes import RecipeContext, offers

        place = environment.place
        if place is None or not environment.diagnostics:
            return None
        context = RecipeContext(
            self._snapshot, place.path, place.span, environment.diagnostics, self._token
        )
        sure = [offer for _, offer in offers(context) if offer.preferred]
        if len(sure) != 1:
            return None
        made = consider(self._snapshot, sure[0].title, sure[0].calls, "recipe", self._token)
        return None if isinstance(made, ProposalRefused) else made

    def _offered(self, proposal: Proposal, root: str) -> _Made:
        self._show(proposal)
        row: dict[str, Any] = {
            "task_id": self._given.task_id or proposal.id,
            "success": True,
            "status": "done",
            "source": proposal.source,
            "deterministic": True,
            "confidence": 1.0,
            "message": proposal.title,
            "diff": proposal.diff,
            "proposal": proposal.id,
            "checks": proposal.report.to_json()["checks"],
        }
        return _Made(row, proposal, root)

    def _from_search(self, environment: Environment) -> dict[str, Any]:
        """What search and the code graph say, without a model."""
        from treewright_agent.answers import Subject, answer

        place = environment.place
        subjects = [Subject(place.path, place.span)] if place is not None else []
        text: list[str] = []
        places: list[str] = []
        for piece in answer(self._snapshot, self._instruction, subjects, self._token):
            text.append(piece.text)
            if piece.source is not None:
                source = self._snapshot.text(piece.source.path)
                line = source.line_of(piece.source.span[0]) + 1
                places.append(f"{self._snapshot.display_path(piece.source.path)}:{line}")
        return {
            "task_id": self._given.task_id or "",
            "success": True,
            "status": "done",
            "source": "guide",
            "deterministic": True,
            "confidence": 0.5,
            "message": "answered from search and the code graph; no language model is set up",
            "answer": "".join(text),
            "locations": list(dict.fromkeys(places)),
            "diff": "",
            "proposal": None,
        }

    def _show(self, proposal: Proposal, made: Mapping[str, Any] | None = None) -> None:
        session = self._ls.session
        session.turns.shown(proposal, self._snapshot)
        session.shelf.put(proposal)
        session.reviews.put(proposal)
        session.feedback.shown(proposal, self._snapshot, made)

    # ------------------------------------------------------------------ from the client's words

    def _request(self, environment: Environment) -> TaskRequest:
        from treewright_agent.context import Turn as AgentTurn
        from treewright_agent.routines.request import TaskRequest

        turns = tuple(AgentTurn(turn.role, turn.text) for turn in self._given.history)
        more: dict[str, Any] = {"task_id": self._given.task_id} if self._given.task_id else {}
        return TaskRequest(
            self._instruction, self._kind, environment=environment, conversation=turns, **more
        )

    def _environment(self) -> Environment:
        from treewright_agent.context import Environment, Place
        from treewright_agent.recipes import Diagnostic
        from treewright_indexer.text import Span

        given = self._given
        if given.uri is None:
            return Environment(open_files=tuple(self._snapshot.overlays)[:20])
        path = to_path(given.uri)
        mapper = Mapper(self._snapshot.text(path), self._ls.session.client.encoding)
        span = Span(0, 0)
        if given.range is not None:
            span = mapper.span(given.range)
        elif given.position is not None:
            offset = mapper.offset(given.position)
            span = Span(offset, offset)
        diagnostics = tuple(
            Diagnostic(
                path,
                mapper.span(row["range"]),
                str(row.get("code", "")),
                str(row.get("source", "")),
                str(row.get("message", "")),
                int(row.get("severity") or 2),
            )
            for row in given.diagnostics[:64]
            if "range" in row
        )
        return Environment(Place(path, span), diagnostics, tuple(self._snapshot.overlays)[:20])

    def _root(self, environment: Environment) -> str:
        snapshot = self._snapshot
        folder = snapshot.folder_of(environment.place.path) if environment.place else None
        if folder is None and snapshot.folders:
            folder = snapshot.folders[0]
        return folder.root if folder is not None else "/"

    def _event(self, event: Event) -> None:
        stage = STAGES.get(event.name)
        if stage is not None:
            name, percent = stage
            self._so_far = max(self._so_far, percent)
            self._progress.report(self._so_far, 100, name)


def _mark(ls: TreewrightServer, made: _Made, applied: bool) -> None:
    """Only the user's own decision makes an episode accepted."""
    services = ls.session.services.get(made.root, lambda event: None, None)
    if services.episodes is not None and made.row.get("task_id"):
        status = "accepted" if applied else "rejected"
        services.episodes.mark(str(made.row["task_id"]), status, "workspace/applyEdit")
