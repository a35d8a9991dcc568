"""Training files from feedback: one JSON object a line, UTF-8, characters as themselves.

`messages` rows are conversations: the system's part, the user's request with the code as it
was, and the assistant's answer as tool calls. Only what the user kept is exported. Where
the user edited the proposal, the answer is what the user made of it, read from the buffer.
The order is that of the record, and the same store always gives the same bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.outcomes import Outcome
from treewright_agent.feedback.store import FeedbackStore, ProposalRow
from treewright_indexer.errors import ArgumentsError

FORMATS = ("messages",)

SYSTEM = (
    "You change source code by calling operations. Call the operations that do what is asked "
    "and nothing more. Every call names the file and is checked before it is shown to the user."
)


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows were written, and why the other proposals gave none."""

    n_rows: int
    left_out: dict[str, int] = field(default_factory=dict)


def export(
    store: FeedbackStore,
    out: IO[str],
    *,
    format: str = "messages",
    workspace: str | None = None,
    provenance: bool = False,
) -> Exported:
    """Write the rows of `store` to `out`. Raises ArgumentsError for an unknown format.

    `provenance` adds a column with ids, origin and time. Open `out` with UTF-8 and
    `newline="\\n"`.
    """
    if format not in FORMATS:
        raise ArgumentsError(f"format: {format!r} is none of {', '.join(FORMATS)}")
    left_out: Counter[str] = Counter()
    n_rows = 0
    for row in message_rows(store, workspace=workspace, provenance=provenance, left_out=left_out):
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        n_rows += 1
    return Exported(n_rows, dict(sorted(left_out.items())))


def message_rows(
    store: FeedbackStore,
    *,
    workspace: str | None = None,
    provenance: bool = False,
    left_out: Counter[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """`{"messages": […], "tools": JSON text}` of each kept proposal, without repetitions."""
    left_out = Counter() if left_out is None else left_out
    tools = tools_json()
    seen: set[str] = set()
    for row in store.proposals(workspace):
        calls, reason = _answer(row)
        if reason:
            left_out[reason] += 1
            continue
        messages = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": _request(row)},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"type": "function", "function": {"name": name, "arguments": arguments}}
                    for name, arguments in calls
                ],
            },
        ]
        key = canonical_json(messages)
        if key in seen:
            left_out["repetition"] += 1
            continue
        seen.add(key)
        exported: dict[str, Any] = {"messages": messages, "tools": tools}
        if provenance:
            exported["provenance"] = {
                "proposal": row.id,
                "fingerprint": row.fingerprint,
                "origin": "agent" if row.outcome is Outcome.ACCEPTED else "human",
                "outcome": row.outcome.value,
                "rung": row.rung,
                "time": row.time,
            }
        yield exported


def tools_json() -> str:
    """The schemas of every operation as a JSON text, which every reader of rows can load."""
    from treewright_agent.operations import OPERATIONS, schema

    tools = [
        {
            "type": "function",
            "function": {
                "name": operation.name,
                "description": operation.description,
                "parameters": schema(operation),
            },
        }
        for operation in OPERATIONS
    ]
    return canonical_json(tools)


def _answer(row: ProposalRow) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """(operation calls that lead to what the user kept, '') or ([], why there are none)."""
    if row.consent != "local":
        return [], "recorded without code"
    if row.outcome is Outcome.ACCEPTED:
        if not row.calls:
            return [], "no calls"
        return [(call["operation"], call["arguments"]) for call in row.calls], ""
    if row.outcome in (Outcome.EDITED, Outcome.ACCEPTED_IN_PART):
        if not row.final_diff:
            return [], "final text unknown"
        return [
            ("replace_text", {"path": path, "patch": patch})
            for path, patch in split_diff(row.final_diff)
        ], ""
    return [], row.outcome.value


def _request(row: ProposalRow) -> str:
    parts = [row.title]
    if row.reason and row.reason != row.title:
        parts.append(row.reason)
    for piece in row.context:
        fence = "`" * max(3, _longest_run(piece["code"], "`") + 1)
        parts.append(f"{piece['path']}:\n{fence}{piece['language']}\n{piece['code']}\n{fence}")
    return "\n\n".join(parts)


def _longest_run(text: str, character: str) -> int:
    longest = run = 0
    for each in text:
        run = run + 1 if each == character else 0
        longest = max(longest, run)
    return longest


def split_diff(diff: str) -> Iterator[tuple[str, str]]:
    """(path, its part) of each file in a unified diff."""
    part: list[str] = []
    for line in diff.splitlines(keepends=True):
        if line.startswith("diff --git ") and part:
            yield _path_of(part), "".join(part)
            part = []
        elif line.startswith("--- ") and any(p.startswith("@@") for p in part) and _ends_hunk(part):
            yield _path_of(part), "".join(part)
            part = []
        part.append(line)
    if part:
        yield _path_of(part), "".join(part)
