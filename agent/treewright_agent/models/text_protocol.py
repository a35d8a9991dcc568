"""The text protocol: what an answer in free text asks for.

    Thought: …
    { "tool_name": "read_file", "arguments": { "file_path": "a.py" } }

or `FINAL_ANSWER: …` / `FINAL_CODE: …` at the start of a line. The first action in the text counts;
what stands behind it was made up before anything happened and is not looked at. A marker or an
object inside a block of code is code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class CallText:
    """A tool call. `n_ignored` more stood behind it."""

    name: str
    arguments: Mapping[str, Any]
    thought: str = ""
    n_ignored: int = 0


@dataclass(frozen=True, slots=True)
class FinalText:
    """The answer. `is_code` with FINAL_CODE; `text` is then what its fence holds, if it has one."""

    text: str
    is_code: bool
    thought: str = ""


@dataclass(frozen=True, slots=True)
class ThoughtText:
    """Neither a call nor an answer."""

    thought: str


@dataclass(frozen=True, slots=True)
class BrokenText:
    """It began like an action and is none; `reason` goes back to the model."""

    reason: str
    thought: str = ""


MAX_TEXT = 400_000
"""Characters that are looked at; no action is that long."""
MAX_FAILED = 500
"""Braces that open no JSON before the search for a call ends."""

Parsed = CallText | FinalText | ThoughtText | BrokenText

_MARKER = re.compile(
    r"^[ \t*_#>`]*(FINAL_ANSWER|FINAL_CODE)[*_`]*[ \t]*[:\uff1a][*_]*[ \t]?", re.MULTILINE
)
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+.-]*)[^\n]*$", re.MULTILINE)
_ACTION_FENCES = frozenset({"", "json", "jsonc", "tool", "tool_call", "tool_code", "action"})
_NAMES = ("tool_name", "name", "tool", "function")
_ARGUMENTS = ("arguments", "args", "parameters", "input")
_OPENING = re.compile(r"\{")
_LOOKS_LIKE_CALL = re.compile(
    r'\{\s*"(?:tool_name|tool|function|arguments|event)"|\{\s*"name"\s*:\s*"[\w.]+"\s*,\s*"(?:arguments|args|parameters)"'
)
_DECODER = json.JSONDecoder(strict=False)


def parse(text: str) -> Parsed:
    """The action that `text` asks for, or why it is none."""
    text = text[:MAX_TEXT]
    hidden = _code_blocks(text)

    def visible(position: int) -> bool:
        return not any(start <= position < end for start, end in hidden)

    marker = next((m for m in _MARKER.finditer(text) if visible(m.start())), None)
    limit = marker.start() if marker else len(text)
    found: CallText | None = None
    broken: BrokenText | None = None
    position, n_failed = 0, 0
    while n_failed < MAX_FAILED and (match := _OPENING.search(text, position)):
        start = match.start()
        position = start + 1
        if not visible(start) or (found is None and start >= limit):
            if start >= limit:
                break
            continue
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            n_failed += 1
            if found is None and broken is None and _LOOKS_LIKE_CALL.match(text, start):
                broken = BrokenText(_why(text, start, error), _thought(text[:start]))
            continue
        position = end
        call = _call(value, _thought(text[:start]))
        if call is None:
            continue
        if isinstance(call, BrokenText):
            if found is None and broken is None:
                broken = call
            continue
        if found is None:
            if broken is not None:  # the broken one came first and is what was meant
                return broken
            found, limit = call, len(text)
        else:
            found = CallText(found.name, found.arguments, found.thought, found.n_ignored + 1)
    if found is not None:
        return found
    if broken is not None:
        return broken
    if marker is not None:
        return _final(text, marker)
    stripped = text.strip()
    return ThoughtText(_thought(stripped)) if stripped else BrokenText("the answer is empty")


def _code_blocks(text: str) -> list[tuple[int, int]]:
    """The insides of fenced blocks whose language is not one that calls are written in.

    A block without a language that holds a marker line is code as well.
    """
    blocks: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1][0] * len(opened[1])) and not fence[2]:
            blocks += _if_code(text, opened, fence.start())
            opened = None
    if opened is not None:
        blocks += _if_code(text, opened, len(text))
    return blocks


def _if_code(text: str, opened: re.Match[str], end: int) -> list[tuple[int, int]]:
    start = opened.end()
    if opened[2].lower() not in _ACTION_FENCES:
        return [(start, end)]
    inside = text[start:end].strip()
    if inside.startswith(("{", "[", "Action:", "<tool_call>")):
        return []
    return [(start, end)]


def _call(value: Any, thought: str) -> CallText | BrokenText | None:
    """A decoded object as a call; None when it is some other object."""
    if not isinstance(value, dict):
        return None
    row = cast("dict[str, Any]", value)
    if isinstance(row.get("function"), dict):  # {"type": "function", "function": {…}}
        row = cast("dict[str, Any]", row["function"])
    name_key = next((key for key in _NAMES if isinstance(row.get(key), str)), None)
    if name_key is None:
        return None
    arguments_key = next((key for key in _ARGUMENTS if key in row), None)
    if arguments_key is None:
        if name_key in ("tool_name", "tool"):
            if set(row) <= {"tool_name", "tool", "thought", "id", "type"}:
                return CallText(row[name_key], {}, thought)
            return BrokenText('the call has no "arguments" object', thought)
        return None
    arguments: Any = row[arguments_key]
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}", strict=False)
        except ValueError:
            return BrokenText('"arguments" must be an object, not text', thought)
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return BrokenText('"arguments" must be an object', thought)
    said = row.get("thought")
    return CallText(
        row[name_key],
        cast("dict[str, Any]", arguments),
        said if isinstance(said, str) and said else thought,
    )


def _why(text: str, start: int, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the tool call is nested too deeply"
    place = getattr(error, "pos", start) - start
    if _is_open_ended(text[start:]):
        return f"the JSON of the tool call is cut off after {len(text) - start} characters"
    return f"the tool call is not valid JSON: {getattr(error, 'msg', error)} at character {place}"


def _is_open_ended(text: str) -> bool:
    """Whether the object that `text` begins with is never closed."""
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return False
    return True


def _final(text: str, marker: re.Match[str]) -> FinalText:
    answer = text[marker.end() :].strip()
    is_code = marker[1] == "FINAL_CODE"
    if is_code:
        fences = list(_FENCE.finditer(answer))
        if fences and not answer[: fences[0].start()].strip():
            end = next((f.start() for f in fences[1:] if not f[2]), len(answer))
            answer = answer[fences[0].end() + 1 : end]
    return FinalText(answer, is_code, _thought(text[: marker.start()]))


def _thought(text: str) -> str:
    text = text.strip()
    for tail in ("Action:", "```json", "```", "<tool_call>"):
        text = text.removesuffix(tail).rstrip()
    return text.removeprefix("Thought:").strip()
