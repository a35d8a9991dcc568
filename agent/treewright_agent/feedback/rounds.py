"""Rounds of tasks as training files: `<task>.jsonl`, and conversations made of them.

A file has one line a round, `{"iteration", "agent_input", "mcp_reply"}`. `conversations` reads a
folder of such files, whoever wrote them, and keeps a task only when it ended with an answer that
nobody refused; every other one is counted with the reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.dedup import Deduplicator
from treewright_agent.feedback.levels import Level
from treewright_agent.feedback.outcomes import KEPT
from treewright_agent.feedback.reading import consents, proposals
from treewright_agent.feedback.samples import split_of
from treewright_agent.feedback.store import FeedbackStore
from treewright_agent.guard.secrets import find as find_secrets

_ENDS_BADLY = frozenset({"agent_abort", "failed", "error"})


def export_rounds(store: FeedbackStore, folders: Mapping[str, Path], out: Path) -> int:
    """Write the rounds of every recorded task below `folders` (workspace -> its trajectories).

    Nothing of a workspace whose level is not `local` now. A task whose change was refused has
    that as its last record. Returns how many files were written.
    """
    from treewright_agent.trajectory import iteration_records, read

    levels = consents(store.database)
    fates = {row.task: row.outcome for row in proposals(store.database) if row.task}
    n_written = 0
    for workspace, folder in sorted(folders.items()):
        if levels.get(workspace, Level.LOCAL) is not Level.LOCAL or not folder.is_dir():
            continue
        for path in sorted(folder.glob("*.jsonl")):
            records = list(iteration_records(read(path)))
            if not records:
                continue
            fate = fates.get(path.stem)
            if fate is not None:
                state = "kept" if fate in KEPT else fate.value
                reply = {"event": "outcome", "outcome": fate.value, "state": state}
                records.append(
                    {"iteration": len(records) + 1, "agent_input": {}, "mcp_reply": reply}
                )
            out.mkdir(parents=True, exist_ok=True)
            with (out / path.name).open("w", encoding="utf-8", newline="\n") as lines:
                for record in records:
                    clean = store.redactor.json(record)
                    lines.write(json.dumps(clean, ensure_ascii=False) + "\n")
            n_written += 1
    return n_written


def conversations(
    folder: Path, left_out: Counter[str], *, near: float = 1.0
) -> Iterator[tuple[dict[str, Any], str]]:
    """`{"messages": […]}` with its repository ('' when unknown), a task each, in order of name."""
    seen = Deduplicator(near)
    for path in sorted(folder.glob("*.jsonl")):
        records, whole = _records(path)
        if not whole:
            left_out["a line is no JSON"] += 1
            continue
        reason = _why_not(records)
        if reason:
            left_out[reason] += 1
            continue
        messages, repository = _messages(records)
        text = canonical_json(messages)
        if find_secrets(text):
            left_out["holds a secret"] += 1
            continue
        repeats = seen.repeats(text)
        if repeats:
            left_out[repeats] += 1
            continue
        yield {"messages": messages}, repository


def split(repository: str, share: float) -> str:
    """train or validation, by repository."""
    return "validation" if split_of(repository, (share, 0.0)) == "validation" else "train"


def _records(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The records, and whether every line was one; the last may be half written."""
    lines = path.read_text("utf-8", "replace").split("\n")
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            if number == len(lines) - 1:
                break  # the process was killed while it wrote
            return found, False
        if not isinstance(record, dict) or "mcp_reply" not in record:
            return found, False
        found.append(record)  # pyright: ignore[reportUnknownArgumentType]
    return found, True


def _reply(record: Mapping[str, Any]) -> dict[str, Any]:
    reply = record.get("mcp_reply")
    return reply if isinstance(reply, dict) else {"text": reply}  # pyright: ignore


def _answer(reply: Mapping[str, Any]) -> Any:
    return reply.get("final_answer") or reply.get("answer")


def _why_not(records: list[dict[str, Any]]) -> str:
    replies = [_reply(record) for record in records]
    fates = [reply for reply in replies if reply.get("event") == "outcome"]
    rounds = [reply for reply in replies if reply.get("event") != "outcome"]
    if not rounds:
        return "no rounds"
    if rounds[-1].get("event") in _ENDS_BADLY:
        return "aborted"
    if not _answer(rounds[-1]):
        return "no final answer"
    if rounds[-1].get("success") is False:
        return "failed"
    if fates and fates[-1].get("state") != "kept":
        return str(fates[-1].get("outcome") or "not kept")
    return ""


def _messages(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """System and user of the first round, then what each round said and saw."""
    messages: list[dict[str, Any]] = []
    repository = ""
    for record in records:
        given, reply = record.get("agent_input"), _reply(record)
        if reply.get("event") == "outcome":
            continue
        if isinstance(given, dict):
            values = cast("dict[str, Any]", given)
            repository = str(values.get("repository") or values.get("workspace") or repository)
        messages += [m for m in _given(given) if m not in messages]
        messages.append({"role": "assistant", "content": _said(reply)})
    return messages, repository


def _given(given: Any) -> list[dict[str, Any]]:
    """What the round was told, as turns: its prompt's messages, or its parts as one user turn."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, dict):
        return []
    values = cast("dict[str, Any]", given)
    prompt = values.get("prompt")
    listed = values.get("messages")
    if listed is None and isinstance(prompt, dict):
        listed = cast("dict[str, Any]", prompt).get("messages")
    if isinstance(listed, list):
        turns = cast("list[dict[str, Any]]", listed)
        return [
            {"role": str(turn["role"]), "content": str(turn["content"])}
            for turn in turns
            if _is_told(turn)
        ]
    system: Any = values.get("system") or values.get("system_prompt")
    rest = {k: v for k, v in values.items() if k not in ("system", "system_prompt")}
    found = [{"role": "system", "content": str(system)}] if system else []
    return [*found, {"role": "user", "content": canonical_json(rest)}] if rest else found


def _is_told(turn: object) -> bool:
    if not isinstance(turn, Mapping):
        return False
    turn = cast("Mapping[str, Any]", turn)
    return turn.get("role") in ("system", "user", "tool") and bool(turn.get("content"))


def _said(reply: Mapping[str, Any]) -> str:
    parts: list[str] = []
    if reply.get("thought"):
        parts.append(f"Thought: {reply['thought']}")
    calls: Any = reply.get("calls") or ([reply["tool_call"]] if reply.get("tool_call") else [])
    parts += [f"Action: {canonical_json(call)}" for call in calls]
    answer = _answer(reply)
    if answer:
        parts.append(
            f"Final Answer: {answer if isinstance(answer, str) else canonical_json(answer)}"
        )
    return "\n".join(parts) or canonical_json(dict(reply))
