"""What a model is told in one round: messages made anew from the View, within a token limit.

The beginning stays the same from round to round (servers cache it); what changes stands at the
end. What was read before an edit is marked as outdated and taken out, so that the model never
sees replaced lines as if they were there. When it grows too long, the oldest rounds become one
line each: what was done and how it went.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from treewright_agent.brains import Round, View
from treewright_agent.guard.text import fenced
from treewright_agent.models.messages import Message, RawCall
from treewright_agent.prompts import load
from treewright_agent.tools.model import ToolCall, ToolOutput
from treewright_indexer.errors import TreewrightError

KEPT_ROUNDS = 4
"""The newest rounds that are never compressed."""
_STATE_LINES = 60
_SYSTEM = {"explain": "explain", "chat": "explain", "review": "review"}


def fence(view: View, text: str, source: str) -> str:
    """`text` marked as data. The mark cannot be guessed by who wrote the text, so that nothing
    in it can close the fence."""
    return fenced(text, source, view.task_id)


def messages_for(
    view: View, limit: int, count: Callable[[str], int], prompt_folder: str = ""
) -> list[Message]:
    """At most about `limit` tokens where that is possible; the caller counts again."""
    head = _head(view, prompt_folder)
    tail = Message("user", _state(view, prompt_folder))
    left = limit - sum(count(message.content) for message in (*head, tail))
    blocks = [_round(view, index) for index in range(len(view.rounds))]
    costs = [
        sum(count(m.content + "".join(c.arguments for c in m.calls)) for m in b) for b in blocks
    ]
    first = 0
    while sum(costs[first:]) > left and first < len(blocks) - 1:
        if len(blocks) - first <= KEPT_ROUNDS and sum(costs[first:]) <= left * 1.5:
            break
        first += 1
    middle: list[Message] = []
    if first:
        lines = "\n".join(_line(number, r) for number, r in enumerate(view.rounds[:first], 1))
        middle.append(Message("user", f"Steps so far, in short:\n{lines}"))
    for block in blocks[first:]:
        middle += block
    return joined([*head, *middle, tail])


def joined(messages: list[Message]) -> list[Message]:
    """Neighbouring texts of one speaker as one message; some templates want them to alternate."""
    found: list[Message] = []
    for message in messages:
        last = found[-1] if found else None
        if last is not None and last.role == message.role == "user":
            found[-1] = Message("user", f"{last.content}\n\n{message.content}")
        else:
            found.append(message)
    return found


def _head(view: View, folder: str) -> list[Message]:
    system = load(_SYSTEM.get(view.kind, "agent"), folder).text
    attached = "\n".join(fence(view, text, source) for source, text in view.attachments)
    environment = view.environment + (f"\nPlan:\n{view.plan}\n" if view.plan else "")
    task = load("task", folder).render(
        goal=view.goal + (f"\n\n{attached}" if attached else ""),
        environment=environment,
        code_context=fence(view, view.context, "workspace") if view.context else "(nothing found)",
        memory=f"\nWhat is known of this project:\n{fence(view, view.memory, 'memory')}"
        if view.memory
        else "",
    )
    return [Message("system", system), Message("user", task.strip())]


def _round(view: View, index: int) -> list[Message]:
    this = view.rounds[index]
    if not this.calls:
        note = this.note or "No valid tool was called."
        return [Message("assistant", this.thought or "(nothing)"), Message("user", note)]
    later = frozenset[str]().union(*(r.edited for r in view.rounds[index + 1 :]), frozenset())
    raw = tuple(
        RawCall(
            call.id or f"call_{index}_{n}",
            call.name,
            json.dumps(dict(call.arguments), ensure_ascii=False),
        )
        for n, call in enumerate(this.calls)
    )
    messages = [Message("assistant", this.thought, raw)]
    for call, raw_call, output in zip(this.calls, raw, this.outputs, strict=True):
        text = observation(view, call, output, later)
        messages.append(Message("tool", text, call_id=raw_call.id, name=call.name))
    if this.note:
        messages.append(Message("user", this.note))
    return messages


def observation(
    view: View, call: ToolCall, output: ToolOutput, edited: frozenset[str] = frozenset()
) -> str:
    """An output as the model reads it: without what later edits have replaced, its texts fenced."""
    row = output.to_json()
    row.pop("duration_ms", None)
    if not row.get("truncated"):
        row.pop("truncated", None)
    if not row.get("message"):
        row.pop("message", None)
    row.pop("diff", None)  # the new text is shown with the state; a diff repeats the old one
    if edited:
        path = call.arguments.get("file_path")
        shown = _shown(view, path)
        if shown in edited and row.keys() & {"content", "symbols", "diagnostics"}:
            return json.dumps(
                {"status": row["status"], "message": f"(outdated: {shown} was edited since)"},
                ensure_ascii=False,
            )
        row = _without_outdated(row, edited)
    return fence(view, json.dumps(row, ensure_ascii=False), f"tool {call.name}")


def _shown(view: View, path: Any) -> str:
    if not isinstance(path, str):
        return ""
    try:
        return view.bench.shown(view.bench.path(path))
    except TreewrightError:
        return ""


def _without_outdated(value: Any, edited: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without_outdated(item, edited) for item in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    row = cast("dict[str, Any]", value)
    if row.get("file") in edited and row.keys() & {"text", "snippet", "code", "content"}:
        return {"file": row["file"], "outdated": "edited since"}
    return {key: _without_outdated(item, edited) for key, item in row.items()}


def _line(number: int, this: Round) -> str:
    if not this.calls:
        return f"{number}. {this.note or 'thought'}"
    parts: list[str] = []
    for call, output in zip(this.calls, this.outputs, strict=True):
        about = next(
            (str(call.arguments[k]) for k in ("file_path", "symbol", "query", "command", "new_name")
             if k in call.arguments), "",
        )  # fmt: skip
        went = "ok" if output.ok else f"failed: {output.message[:120]}"
        parts.append(f"{call.name} {about} → {went}".replace("  ", " "))
    decision = this.thought.split("\n")[0][:160]
    return f"{number}. {'; '.join(parts)}" + (f" ({decision})" if decision else "")


# -------------------------------------------------------------------- the state now


def _state(view: View, folder: str) -> str:
    findings = ""
    if view.findings:
        listed = "\n".join(f"- [{f.severity}] {f.comment}" for f in view.findings)
        findings = f"What is still wrong:\n{fence(view, listed, 'checks')}\n\n"
    hurry = ""
    if view.hurry:
        hurry = f"This is {view.hurry}: finish with what you have. Call finish now.\n\n"
    return (
        load("state", folder)
        .render(changes=changes_text(view), findings=findings, hurry=hurry)
        .strip()
    )


def changes_text(view: View) -> str:
    """The files that the draft changes, as they read now around the edits."""
    draft = view.bench.draft
    if draft.is_empty:
        return ""
    parts: list[str] = []
    for path in draft.touched()[:12]:
        shown = view.bench.shown(path)
        first, last, text = _window(view, path)
        parts.append(fence(view, text, f"{shown} lines {first}-{last}, as edited"))
    gone = sorted(view.bench.shown(d.path) for d in draft.change.deletes)
    if gone:
        parts.append(f"Deleted: {', '.join(gone)}")
    more = len(draft.touched()) - 12
    if more > 0:
        parts.append(f"… and {more} more files")
    return "Files you have changed so far:\n" + "\n".join(parts) + "\n\n"


def _window(view: View, path: str) -> tuple[int, int, str]:
    """(first line, last line, text) around the draft's edits of a file, from 1."""
    draft = view.bench.draft
    text = draft.snapshot.text(path)
    names = {rename.new: rename.old for rename in draft.change.renames}
    change = next((f for f in draft.change.files if f.path == names.get(path, path)), None)
    first, last = 0, text.n_lines - 1
    if change is not None and change.edits:
        shift, lines = 0, list[int]()
        for edit in change.edits:
            start = edit.span[0] + shift
            size = len(edit.new_text.encode("utf-8", "replace"))
            lines += [text.line_of(start), text.line_of(min(start + size, len(text.data)))]
            shift += size - (edit.span[1] - edit.span[0])
        first, last = max(0, min(lines) - 8), min(last, max(lines) + 8)
    if last - first > _STATE_LINES * 2:
        last = first + _STATE_LINES * 2
    start = text.line_span(first).start
    end = text.line_span(last).end
    return first + 1, last + 1, text.data[start:end].decode("utf-8", "replace")
