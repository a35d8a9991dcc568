"""The forms that trainers read: one function a format, from samples to rows.

Column names are those of TRL, Axolotl and LLaMA-Factory as of 2026. `tools` and
tool-call arguments are JSON texts, which every version of the readers can load. Which trainer reads
which format is tried with the trainers themselves (`tests/agent/test_feedback_trainers.py`): some
load a form and train on an empty answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from treewright_agent.calls import canonical_json
from treewright_agent.feedback.samples import (
    SYSTEM,
    Sample,
    ToolCall,
    code_before,
    instruction,
)
from treewright_agent.feedback.toolbox import Toolbox

Row = dict[str, Any]
Labelled = Iterator[tuple[Row, Sample]]

NEXT_EDIT_WINDOW_S = 600.0
"""Kept edits of one workspace that follow each other within this belong together."""
NEXT_EDIT_HISTORY = 5


class Format(NamedTuple):
    """`columns` in order; `rows` gives each row with the sample it came from."""

    name: str
    columns: tuple[str, ...]
    read_by: str
    rows: Callable[[Sequence[Sample], Toolbox], Labelled]


def _system() -> Row:
    return {"role": "system", "content": SYSTEM}


def _prompt(sample: Sample) -> list[Row]:
    return [_system(), {"role": "user", "content": sample.request}]


def _assistant(calls: Iterable[ToolCall]) -> Row:
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"type": "function", "function": {"name": c.name, "arguments": _arguments(c)}}
            for c in calls
        ],
    }


def _arguments(call: ToolCall) -> str:
    """As a JSON text, like OpenAI's own files: objects of other shapes in other rows are filled
    with nulls by `datasets`, or do not load at all (5.2, splits of unlike rows)."""
    return canonical_json(dict(call.arguments))


def _said(calls: Iterable[ToolCall]) -> str:
    """The calls as the text protocol writes them, for formats without tool calls."""
    return "\n".join(
        canonical_json({"tool_name": c.name, "arguments": dict(c.arguments)}) for c in calls
    )


def _messages(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    for sample in samples:
        if sample.kept is not None:
            messages = [*_prompt(sample), _assistant(sample.kept)]
            yield {"messages": messages, "tools": _offered(tools, sample, sample.kept)}, sample


def _prompt_completion(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    for sample in samples:
        if sample.kept is not None:
            row = {"prompt": _prompt(sample), "completion": [_assistant(sample.kept)]}
            yield {**row, "tools": _offered(tools, sample, sample.kept)}, sample


def _alpaca(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    """The code before, the instruction, and the change the user kept as a diff."""
    for sample in samples:
        if sample.kept_diff:
            yield (
                {
                    "instruction": instruction(sample.row),
                    "input": code_before(sample.row),
                    "output": sample.kept_diff,
                },
                sample,
            )


def _sharegpt(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    for sample in samples:
        if sample.kept is not None:
            call = [{"name": c.name, "arguments": dict(c.arguments)} for c in sample.kept]
            value = canonical_json(call[0] if len(call) == 1 else call)
            yield (
                {
                    "conversations": [
                        {"from": "human", "value": sample.request},
                        {"from": "function_call", "value": value},
                    ],
                    "system": SYSTEM,
                    "tools": _offered(tools, sample, sample.kept),
                },
                sample,
            )


def _dpo(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    for sample, chosen, rejected in _pairs(samples):
        yield (
            {
                "prompt": _prompt(sample),
                "chosen": [_assistant(chosen)],
                "rejected": [_assistant(rejected)],
                "tools": _offered(tools, sample, [*chosen, *rejected]),
            },
            sample,
        )


def _dpo_messages(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    """As Axolotl and LLaMA-Factory read them: answers are texts."""
    for sample, chosen, rejected in _pairs(samples):
        answers = {"chosen": chosen, "rejected": rejected}
        said = {n: {"role": "assistant", "content": _said(c)} for n, c in answers.items()}
        yield {"messages": _prompt(sample), **said}, sample


def _pairs(
    samples: Sequence[Sample],
) -> Iterator[tuple[Sample, tuple[ToolCall, ...], tuple[ToolCall, ...]]]:
    """(sample, chosen, rejected): what the user made of a proposal over the proposal; and, of two
    answers to one request, the kept one over the refused one."""
    by_request: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.was_changed and sample.kept is not None:
            yield sample, sample.kept, sample.proposed
        by_request[sample.request].append(sample)
    for group in by_request.values():
        kept = [s for s in group if s.kept is not None and not s.was_changed]
        for good in kept[:1]:
            for bad in group:
                if bad.refused and bad.proposed != good.kept and good.kept is not None:
                    yield good, good.kept, bad.proposed


def _offered(tools: Toolbox, sample: Sample, calls: Iterable[ToolCall]) -> str:
    """Those that were proposed stand beside those that were kept: the name says nothing."""
    return tools.offered(sample.request, {c.name for c in (*sample.proposed, *calls)})


def _judged(sample: Sample) -> Iterator[tuple[Iterable[ToolCall], bool]]:
    if sample.kept is not None:
        yield sample.kept, True
    if sample.refused or sample.was_changed:
        yield sample.proposed, False


def _kto(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    for sample in samples:
        for calls, label in _judged(sample):
            yield (
                {
                    "prompt": _prompt(sample),
                    "completion": [_assistant(calls)],
                    "label": label,
                    "tools": _offered(tools, sample, calls),
                },
                sample,
            )


def _kto_messages(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    """As LLaMA-Factory reads it: text turns and `kto_tag`."""
    for sample in samples:
        for calls, label in _judged(sample):
            yield (
                {
                    "messages": [*_prompt(sample), {"role": "assistant", "content": _said(calls)}],
                    "kto_tag": label,
                },
                sample,
            )


def _kto_text(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    """As Axolotl reads it: every part is a text, and the configuration says what stands around."""
    for sample in samples:
        for calls, label in _judged(sample):
            row = {"system": SYSTEM, "prompt": sample.request, "completion": _said(calls)}
            yield {**row, "label": label}, sample


def _none(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    """Made of searches, not of proposals: see `triples`."""
    return iter(())


def _next_edit(samples: Sequence[Sample], tools: Toolbox) -> Labelled:
    """What the user did shortly before, the code now, and the edit that followed."""
    recent: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if not sample.kept_diff:
            continue
        history = [
            earlier
            for earlier in recent[sample.project]
            if sample.row.time - earlier.row.time <= NEXT_EDIT_WINDOW_S
        ][-NEXT_EDIT_HISTORY:]
        if history:
            yield (
                {
                    "events": [earlier.kept_diff for earlier in history],
                    "input": code_before(sample.row),
                    "output": sample.kept_diff,
                },
                sample,
            )
        recent[sample.project] = [*history, sample]


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("messages", ("messages", "tools"), "TRL SFT, Axolotl", _messages),
        Format(
            "prompt_completion", ("prompt", "completion", "tools"), "TRL SFT", _prompt_completion
        ),
        Format("alpaca", ("instruction", "input", "output"), "LLaMA-Factory, Axolotl", _alpaca),
        Format("sharegpt", ("conversations", "system", "tools"), "LLaMA-Factory", _sharegpt),
        Format("dpo", ("prompt", "chosen", "rejected", "tools"), "TRL DPO and Reward", _dpo),
        Format("dpo_messages", ("messages", "chosen", "rejected"), "DPO of LLaMA-Factory and Axolotl",
               _dpo_messages),
        Format("kto", ("prompt", "completion", "label", "tools"), "TRL KTO", _kto),
        Format("kto_messages", ("messages", "kto_tag"), "LLaMA-Factory KTO", _kto_messages),
        Format("kto_text", ("system", "prompt", "completion", "label"), "Axolotl KTO", _kto_text),
        Format("reranker", ("query", "positive", "negative"), "sentence-transformers", _none),
        Format("next_edit", ("events", "input", "output"), "next-edit models", _next_edit),
    )
}  # fmt: skip
