"""One message of a conversation, from the client's words to the parts of the answer.

Who answers: a model where one is set up, else search and the code graph; a request for a change
climbs the ladder of `run_task`. Everything is said in parts as it happens, and whole at the end.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import msgspec

from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, TreewrightError
from treewright_indexer.text import Span
from treewright_server.convert import Mapper, to_path
from treewright_server.plain import is_object
from treewright_server.reviews import guide_markdown, summary

if TYPE_CHECKING:
    from treewright_agent.answers import Subject
    from treewright_agent.context import Environment
    from treewright_agent.routines.request import TaskRequest, TaskResult
    from treewright_agent.trajectory import Event
    from treewright_indexer.snapshot import Snapshot
    from treewright_server.app import TreewrightServer

T = TypeVar("T")
Tell = Callable[[Mapping[str, Any]], None]

MAX_MESSAGE: Final = 100_000
MAX_CONTEXT: Final = 50
_PLACE = re.compile(r"(?<![\w/])((?:[\w.-]+/)*[\w-]+\.[A-Za-z]{1,5}):(\d+)")


class ContextItem(msgspec.Struct, frozen=True):
    kind: Literal["file", "selection", "symbol", "diagnostics"]
    uri: str
    range: Any = None
    name: str = ""
    messages: list[dict[str, Any]] = []


class Turn(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant"]
    text: str


class ChatParams(msgspec.Struct, frozen=True, rename="camel"):
    message: str
    mode: Literal["ask", "task"] = "ask"
    context: list[ContextItem] = []
    history: list[Turn] = []
    conversation: str | None = None
    """An id of the client's, under which the server keeps what is said; see treewright.conversations."""
    partial_result_token: str | int | None = None


def decoded(params: Any, kind: type[T], method: str) -> T:
    """Raises ArgumentsError that names the field."""
    try:
        return msgspec.convert(params or {}, kind)
    except msgspec.ValidationError as error:
        raise ArgumentsError(f"{method}: {error}") from error


async def beside(work: Callable[[CancelToken], T]) -> T:
    """Run `work` in a thread of its own: minutes of it keep no lane from answering."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    token = CancelToken()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def run() -> None:
        result: Any = None
        failed: BaseException | None = None
        try:
            result = work(token)
        except BaseException as error:
            failed = error
        try:
            loop.call_soon_threadsafe(settle, result, failed)
        except RuntimeError:  # the loop has closed
            return

    threading.Thread(target=run, name="treewright-task", daemon=True).start()
    try:
        return await future
    except asyncio.CancelledError:
        token.cancel()
        raise


class Answering:
    """One answer. Runs in its own thread."""

    def __init__(
        self, ls: TreewrightServer, params: ChatParams, snapshot: Snapshot, token: CancelToken
    ) -> None:
        if len(params.message) > MAX_MESSAGE:
            raise ArgumentsError(f"message: longer than {MAX_MESSAGE} characters")
        self._ls = ls
        self._params = params
        self._snapshot = snapshot
        self._token = token
        self._started = time.monotonic()
        self._id = os.urandom(16).hex()
        self._text: list[str] = []
        self._citations: list[dict[str, Any]] = []
        self._rung = ""
        self._proposals: list[str] = []
        self._spent: Mapping[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """The whole answer. Raises CancelledError."""
        services = self._ls.session.services
        params, root = self._params, self._root()
        before = self._ls.session.chats.begun(root, params.conversation, params.message)
        if before and not params.history:
            turns = [Turn(role, text) for role, text in before]  # type: ignore[arg-type]
            self._params = msgspec.structs.replace(params, history=turns)
        if params.mode == "task":
            self._ls.session.require_trust("tasks")
            self._task("task")
        elif services.model:
            self._task("chat")
        else:
            self._from_search("no language model is set up")
        self._ls.session.chats.answered(root, params.conversation, "".join(self._text))
        cost = self._cost()
        self._tell({"kind": "cost", "cost": cost})
        return {
            "id": self._id,
            "text": "".join(self._text),
            "rung": self._rung,
            "citations": self._citations,
            "proposals": self._proposals,
            "cost": cost,
        }

    # ------------------------------------------------------------------ parts

    def _tell(self, part: Mapping[str, Any]) -> None:
        progress = self._params.partial_result_token
        if progress is not None and not self._token.cancelled:
            self._ls.notify("$/progress", {"token": progress, "value": part})

    def _say(self, text: str) -> None:
        if text:
            self._text.append(text)
            self._tell({"kind": "text", "text": text})

    def _decided(self, rung: str, why: str) -> None:
        self._rung = rung
        self._tell({"kind": "rung", "rung": rung, "why": why})

    def _cite(self, number: int, path: str, span: Span, title: str) -> None:
        try:
            place = {
                "uri": self._ls.session.documents.uri(path),
                "range": Mapper(self._snapshot.text(path), self._ls.session.client.encoding).range(
                    span
                ),
                "path": self._snapshot.display_path(path),
            }
        except TreewrightError:
            return
        citation = {"number": number, "place": place, "title": title}
        self._citations.append(citation)
        self._tell({"kind": "citation", "citation": citation})

    def _cost(self) -> dict[str, Any]:
        spent = self._spent
        cost = spent.get("cost")
        return {
            "input": int(spent.get("prompt_tokens") or 0),
            "output": int(spent.get("completion_tokens") or 0),
            "price": float(cost) if isinstance(cost, (int, float)) and cost else None,
            "seconds": round(time.monotonic() - self._started, 4),
        }

    # ------------------------------------------------------------------ without a model

    def _from_search(self, why: str) -> None:
        from treewright_agent.answers import answer

        self._decided("guide", why)
        for piece in answer(self._snapshot, self._params.message, self._subjects(), self._token):
            self._token.check()
            if piece.source is not None:
                known = any(c["number"] == piece.source.number for c in self._citations)
                if not known:
                    self._cite(*piece.source)
            self._say(piece.text)

    def _subjects(self) -> list[Subject]:
        from treewright_agent.answers import Subject

        found: list[Subject] = []
        for item in self._params.context[:MAX_CONTEXT]:
            path = to_path(item.uri)
            try:
                text = self._snapshot.text(path)
                span = None
                if item.range is not None:
                    span = Mapper(text, self._ls.session.client.encoding).span(item.range)
            except TreewrightError:
                continue  # it is gone, or has changed
            found.append(Subject(path, span))
        return found

    # ------------------------------------------------------------------ with the ladder

    def _task(self, kind: Literal["task", "chat"]) -> None:
        from treewright_agent.routines.task import run_task

        session = self._ls.session
        services = session.services
        streamed: list[str] = []

        def on_text(text: str) -> None:
            if kind == "chat":
                if not streamed:
                    self._decided("model", services.model)
                streamed.append(text)
                self._tell({"kind": "text", "text": text})

        root = self._root()
        given = services.get(root, self._event, on_text)
        result = run_task(self._request(kind), self._snapshot, given, self._token, root)
        self._token.check()
        self._spent = result.spent
        if kind == "chat":
            answer = result.answer or "".join(streamed)
            if result.success and answer:
                services.problem = ""
                if not streamed:
                    self._decided(result.source, services.model)
                    self._tell({"kind": "text", "text": answer})
                self._text.append(answer)
                self._cite_places(answer)
                return
            services.problem = (result.reason or result.message)[:200]
            self._ls.session.status.changed()
            self._tell({"kind": "notice", "text": f"The model did not answer: {services.problem}"})
            self._from_search("the model did not answer")
            return
        self._tell_result(result)

    def _root(self) -> str:
        """The folder that the message is about."""
        for subject in self._subjects():
            folder = self._snapshot.folder_of(subject.path)
            if folder is not None:
                return folder.root
        return self._snapshot.folders[0].root if self._snapshot.folders else "/"

    def _tell_result(self, result: TaskResult) -> None:
        session = self._ls.session
        if result.proposal is not None:
            self._decided(result.source, result.rule_id or result.reason)
            review = session.reviews.put(result.proposal)
            said = tuple((turn.role, turn.text) for turn in self._params.history)
            said += (("user", self._params.message), ("assistant", result.message))
            session.turns.shown(result.proposal, self._snapshot, result.task_id, said)
            session.shelf.put(result.proposal)
            made = made_of(result, self._started)
            session.feedback.shown(result.proposal, self._snapshot, made)
            session.status.changed()
            self._proposals.append(result.proposal.id)
            self._tell({"kind": "proposal", "proposal": summary(review, self._snapshot)})
            self._say(result.message or result.proposal.title)
            for note in result.notes:
                self._tell({"kind": "notice", "text": note})
            return
        self._decided(result.source, result.reason)
        said_again = result.guide is not None and result.message == result.guide.summary
        self._say(result.message + "\n" if result.message and not said_again else "")
        if result.choices:
            self._say("\n" + "".join(f"- {choice}\n" for choice in result.choices))
        if result.guide is not None:
            text = guide_markdown(result.guide.to_json())
            self._say("\n" + text)
            self._cite_places(text)

    def _request(self, kind: Literal["task", "chat"]) -> TaskRequest:
        from treewright_agent.context import Turn as AgentTurn
        from treewright_agent.routines.request import TaskRequest

        turns = tuple(AgentTurn(turn.role, turn.text) for turn in self._params.history)
        attachments: list[tuple[str, str]] = []
        for item in self._params.context[:MAX_CONTEXT]:
            if item.messages:
                rows = [str(each.get("message", "")) for each in item.messages]
                attachments.append(("diagnostics", "\n".join(rows)))
        return TaskRequest(
            self._params.message.strip(),
            kind,
            environment=self._environment(),
            attachments=tuple(attachments),
            conversation=turns,
        )

    def _environment(self) -> Environment:
        from treewright_agent.context import Environment, Place

        subjects = self._subjects()
        pointed = next((s for s in subjects if s.span is not None), None)
        place = Place(pointed.path, pointed.span) if pointed and pointed.span else None
        return Environment(
            place=place, open_files=tuple(dict.fromkeys(subject.path for subject in subjects))
        )

    def _event(self, event: Event) -> None:
        """What a task does, as steps."""
        part = step_of(event)
        if part is not None:
            self._tell(part)

    def _cite_places(self, text: str) -> None:
        """`path:line` in an answer, where there is such a file."""
        seen: set[tuple[str, int]] = set()
        for match in _PLACE.finditer(text):
            shown, line = match.group(1), int(match.group(2))
            if (shown, line) in seen or len(seen) >= 30:
                continue
            seen.add((shown, line))
            for folder in self._snapshot.folders:
                path = folder.absolute(shown)
                if not self._snapshot.exists(path):
                    continue
                source = self._snapshot.text(path)
                if 1 <= line <= source.n_lines:
                    span = Span(*source.line_span(line - 1))
                    self._cite(len(self._citations) + 1, path, span, f"{shown}:{line}")
                break


def made_of(result: TaskResult, began: float) -> dict[str, Any]:
    """How a task's proposal came about, for its record."""
    spent = result.spent
    cost, tokens = spent.get("cost"), spent.get("prompt_tokens")
    return {
        "recipe": result.rule_id,
        "model": result.endpoint if result.source == "model" else "",
        "task": result.task_id,
        "seconds": time.monotonic() - began,
        "cost": float(cost) if isinstance(cost, (int, float)) else None,
        "tokens": int(tokens) + int(spent.get("completion_tokens") or 0) if tokens else None,
    }


def step_of(event: Event) -> dict[str, Any] | None:
    """An event of a trajectory as a part of the answer; None for what users need not see."""
    data = event.data
    if event.name == "plan":
        rows: Any = data.get("plan") or []
        steps = [
            {
                "id": f"plan-{row.get('step', n)}",
                "title": str(row.get("description", "")),
                "state": "waiting",
                "detail": ", ".join(map(str, row.get("files_to_operate") or ())),
            }
            for n, row in enumerate(rows, 1)
        ]
        return {"kind": "plan", "steps": steps}
    if event.name == "intent":
        return _step(
            event, f"Understood as: {data.get('action', '')}", "done", _short(data.get("slots"))
        )
    if event.name == "action_executed":
        title = f"{data.get('name', 'tool')}"
        return _step(event, title.replace("_", " "), "done", _short(data.get("arguments")))
    if event.name == "test":
        passed = data.get("passed")
        failed = data.get("failed") or 0
        state = "failed" if failed else "done"
        return _step(event, "Ran the tests", state, f"{passed or 0} passed, {failed} failed")
    if event.name == "check":
        return _step(event, "Checked the change", "done" if data.get("ok") else "failed", "")
    if event.name == "critique":
        found = list(map(str, data.get("findings") or ()))
        # Without any, nobody may have looked: an answer has no change to look at.
        return (
            _step(event, "Reviewed the change", "done", f"{len(found)} remarks") if found else None
        )
    return None


def _step(event: Event, title: str, state: str, detail: str) -> dict[str, Any]:
    step = {"id": f"{event.routine}-{event.seq}", "title": title, "state": state, "detail": detail}
    return {"kind": "step", "step": step}


def _short(value: Any) -> str:
    if not is_object(value):
        return ""
    rows = [f"{key}: {' '.join(str(item).split())[:60]}" for key, item in value.items()]
    return ", ".join(rows)[:200]
