"""What stands beside an export: a data card for people, an entry for LLaMA-Factory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from treewright_agent.feedback.formats import Format
from treewright_agent.feedback.samples import Source


def card(
    kind: Format, rows: Sequence[Source], counts: Mapping[str, int], left_out: Mapping[str, int]
) -> str:
    """Markdown with a front matter that data hubs read. The same rows give the same text."""
    days = sorted(time.strftime("%Y-%m-%d", time.gmtime(row.time)) for row in rows)
    lines = [
        "---",
        "language: [code]",
        "task_categories: [text-generation]",
        "---",
        "",
        f"# treewright feedback, format `{kind.name}`",
        "",
        f"Columns: {', '.join(f'`{name}`' for name in kind.columns)}. Read by: {kind.read_by}.",
        "",
        *_about(kind),
        "Secrets were taken out when the row was recorded and again when it was exported. Splits",
        "are by project: no project is in two of them.",
        "",
        f"From {days[0]} to {days[-1]}." if days else "No rows.",
        "",
        *_table("Split", counts),
        *_table("Outcome", Counter(row.outcome for row in rows)),
        *_table("Origin", Counter(row.origin for row in rows)),
        *_table("Rung", Counter(row.rung for row in rows)),
        *_table("Language", Counter(row.language or "mixed" for row in rows)),
        *_table("Operation", Counter(name for row in rows for name in row.operations)),
        *_table("Project", Counter(row.project for row in rows)),
        *_table("Left out because", left_out),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _about(kind: Format) -> list[str]:
    if kind.name == "reranker":
        return [
            "Each row is a search that a user made, with a result that they opened or used and one",
            "that stood in the same list and was passed over.",
        ]
    return [
        "Each row is a change that was proposed in an editor, with what the user did with it. The",
        "final text comes from the user's buffer, never from the proposal.",
    ]


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"| {title} | rows |", "| --- | --- |", *(f"| {n} | {c} |" for n, c in ordered), ""]


_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


def dataset_info(kind: Format, counts: Mapping[str, int], ending: str) -> dict[str, Any]:
    """`dataset_info.json` of LLaMA-Factory: one entry a split; {} for formats it cannot read.

    `messages` is one of those: its `sharegpt` reader leaves tool calls out and its `openai` reader
    writes their arguments as a text in a text (0.9.5), so that `sharegpt` is what it gets.
    """
    shape: dict[str, Any]
    if kind.name == "alpaca":
        shape = {"columns": {"prompt": "instruction", "query": "input", "response": "output"}}
    elif kind.name == "sharegpt":
        columns = {"messages": "conversations", "system": "system", "tools": "tools"}
        shape = {"formatting": "sharegpt", "columns": columns}
    elif kind.name == "dpo_messages":
        columns = {name: name for name in kind.columns}
        shape = {"formatting": "sharegpt", "ranking": True, "columns": columns, "tags": _TAGS}
    elif kind.name == "kto_messages":
        columns = {"messages": "messages", "kto_tag": "kto_tag"}
        shape = {"formatting": "sharegpt", "columns": columns, "tags": _TAGS}
    else:
        return {}
    return {
        f"treewright_{name}": {"file_name": f"{name}.{ending}", **shape}
        for name, count in counts.items()
        if count
    }
