"""Trajectory: what one task did, step by step, written as it goes; replays without any model.

One JSON object a line: `{"seq", "t", "task", "routine", "event", …}`. A line is whole on disk before
the next step begins, so that a crash loses at most the step in which it happened. Secrets are
taken out before anything is written.

**Invariant.** The `edit` events alone decide the final state: planning their calls again, in
order, on the same workspace gives the same texts, whoever decided them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.redact import redact_json
from treewright_indexer.errors import ArgumentsError, TreewrightError

if TYPE_CHECKING:
    from treewright_agent.draft import Draft
    from treewright_indexer.cancel import CancelToken
    from treewright_indexer.snapshot import Snapshot

FORMAT = 1

# What the seeds call the steps of a round.
THOUGHT_PROMPT = "thought_prompt"
THOUGHT_RESPONSE = "llm_thought_response"
FINAL_OUTPUT = "final_output"
ACTION_EXECUTED = "action_executed"
OBSERVATION = "observation"
NO_TOOL_CALLED = "no_tool_called"
CRITIQUE = "critique"
TERMINATED_BY_CRITIC = "terminated_by_critic"

STAGES = (
    "fork", "context", "route", "tools", "call", "execute", "operations", "apply", "commit", "continue",
)  # fmt: skip
"""The fixed order of one round; see `check_stages`."""
_NEXT: Mapping[str, frozenset[str]] = {
    "": frozenset({"fork"}),
    "fork": frozenset({"context", "commit"}),
    "context": frozenset({"route", "commit"}),
    "route": frozenset({"tools", "commit"}),
    "tools": frozenset({"call", "commit"}),
    "call": frozenset({"execute", "continue", "commit"}),
    "execute": frozenset({"operations", "continue", "commit"}),
    "operations": frozenset({"apply"}),
    "apply": frozenset({"continue", "commit"}),
    "continue": frozenset({"context", "commit"}),
    "commit": frozenset(),
}
"""What may follow each stage. A cancellation or a failed brain ends a round anywhere."""
_ID = re.compile(r"[\w.-]{1,100}")


class TaskIdError(ArgumentsError):
    """A task id that is taken, or none that can name a file."""


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    at: float
    routine: str
    name: str
    data: Mapping[str, Any]

    def to_json(self, task_id: str) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "t": round(self.at, 3),
            "task": task_id,
            "routine": self.routine,
            "event": self.name,
            **self.data,
        }


class Trajectory:
    """The events of one task. Safe to write from its routines' threads."""

    def __init__(
        self,
        task_id: str,
        folder: Path | None = None,
        listener: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """`folder` None keeps it in memory. Raises TaskIdError when the id was used before."""
        if not _ID.fullmatch(task_id) or task_id.startswith("."):
            raise TaskIdError(f"task_id: {task_id[:100]!r} is none")
        self.task_id = task_id
        self.path = folder / f"{task_id}.jsonl" if folder is not None else None
        self._listener = listener
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._started = time.monotonic()
        self._file: IO[str] | None = None
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            except FileExistsError as error:
                raise TaskIdError(f"task_id: {task_id} was used before") from error
            self._file = os.fdopen(handle, "w", encoding="utf-8", newline="\n")
            from treewright_agent.interrupted import hold

            hold(self._file)

    def add(self, name: str, routine: str = "", /, **data: Any) -> Event:
        clean = cast("dict[str, Any]", redact_json(data))
        with self._lock:
            event = Event(len(self._events), time.monotonic() - self._started, routine, name, clean)
            self._events.append(event)
            if self._file is not None:
                line = json.dumps(event.to_json(self.task_id), ensure_ascii=False, default=str)
                self._file.write(line.encode("utf-8", "replace").decode() + "\n")
                self._file.flush()
        self._listener(event)
        return event

    def stage(self, name: str, routine: str = "", /, **data: Any) -> None:
        self.add("stage", routine, stage=name, **data)

    @property
    def events(self) -> Sequence[Event]:
        with self._lock:
            return tuple(self._events)

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def __enter__(self) -> Trajectory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: Path) -> list[Event]:
    """The events of a file; a last line that a crash cut short is left out."""
    found: list[Event] = []
    lines = path.read_text("utf-8").split("\n")
    for number, line in enumerate(lines):
        if not line:
            continue
        try:
            row: dict[str, Any] = json.loads(line)
        except ValueError:
            if number >= len(lines) - 2:
                break
            raise TreewrightError(f"{path.name}:{number + 1}: not a line of a trajectory") from None
        seq, at, routine, name = (row.pop(key) for key in ("seq", "t", "routine", "event"))
        row.pop("task", None)
        found.append(Event(seq, at, routine, name, row))
    return found


# -------------------------------------------------------------------- replay


@dataclass(frozen=True, slots=True)
class Replayed:
    draft: Draft
    differs: str
    """Why it is not the recorded final state, or ''."""


def replay(events: Iterable[Event], snapshot: Snapshot, root: str, token: CancelToken) -> Replayed:
    """Do the recorded edits again on `snapshot`. Raises what planning them raises."""
    from treewright_agent.calls import Call
    from treewright_agent.draft import Draft
    from treewright_agent.tools.operating import plan

    draft = Draft(snapshot)
    drafts = [draft]
    wanted: str | None = None
    for event in events:
        if event.data.get("child"):
            continue
        if event.name == "edit":
            call = Call(event.data["operation"], event.data["arguments"])
            draft = draft.done(call, plan(call, draft.snapshot, root, token))
            drafts.append(draft)
        elif event.name == "edits_undone":
            del drafts[event.data["keep"] + 1 :]
            draft = drafts[-1]
        elif event.name == "final_state":
            wanted = event.data["state"]
    differs = ""
    if wanted is not None and state_of(draft, root) != wanted:
        differs = "the texts after the recorded edits are not the recorded ones"
    return Replayed(draft, differs)


def state_of(draft: Draft, root: str) -> str:
    """One hash of every text that the draft changes, the same in every clone."""
    from treewright_agent.draft import texts_after

    texts = {
        os.path.relpath(path, root).replace(os.sep, "/"): None if text is None else text.hash
        for path, text in texts_after(draft).items()
    }
    return hashlib.sha256(canonical_json(texts).encode()).hexdigest()


# -------------------------------------------------------------------- other forms


def check_stages(events: Iterable[Event]) -> str:
    """What breaks the order of stages, per routine; '' when nothing does."""
    last: dict[str, str] = {}
    for event in events:
        if event.name != "stage":
            continue
        stage = str(event.data["stage"])
        before = last.get(event.routine, "")
        if stage not in _NEXT[before]:
            return f"routine {event.routine}: {stage!r} after {before or 'nothing'!r}"
        last[event.routine] = stage
    return ""


def iteration_records(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """`{"iteration", "agent_input", "mcp_reply"}` per round, as training files have it; what
    ended the task without an answer is a record too."""
    number, given = 0, None
    for event in events:
        if event.name == THOUGHT_PROMPT:
            given = dict(event.data)
        elif event.name == THOUGHT_RESPONSE:
            number += 1
            yield {"iteration": number, "agent_input": given or {}, "mcp_reply": dict(event.data)}
            given = None
        elif event.name == "ended" and event.data.get("status") != "done":
            number += 1
            reply = {"event": "agent_abort", "reason": event.data.get("reason", "")}
            yield {"iteration": number, "agent_input": given or {}, "mcp_reply": reply}


def prune(folder: Path, max_bytes: int = 200_000_000, max_files: int = 1_000) -> int:
    """Delete the oldest trajectories until the rest fits; returns how many went."""
    try:
        rows = [(entry.stat().st_mtime_ns, entry.stat().st_size, entry.path)
                for entry in os.scandir(folder) if entry.name.endswith(".jsonl")]  # fmt: skip
    except OSError:
        return 0
    rows.sort()
    total, gone = sum(size for _, size, _ in rows), 0
    while rows and (total > max_bytes or len(rows) > max_files):
        _, size, path = rows.pop(0)
        total -= size
        gone += 1
        Path(path).unlink(missing_ok=True)
    return gone
