"""Documentation: docstrings and the comments right before a definition, as plain text."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from treewright_indexer.facts.rules import Rules

MAX_DOC: Final = 4000
"""Bytes of a docstring that are kept."""

_STRING: Final = re.compile(rb"""[A-Za-z]*('''|\"\"\"|'|\")""")
_STARS: Final = re.compile(r"(?m)^[ \t]*\*+ ?")


def doc_of_string(data: bytes, start: int, end: int) -> str:
    """The docstring whose literal is data[start:end], dedented."""
    raw = data[start:end]
    match = _STRING.match(raw)
    if match is None:
        return ""
    raw = raw[match.end() :].removesuffix(match.group(1))
    return inspect.cleandoc(raw[:MAX_DOC].decode("utf-8", "ignore")) if raw else ""


def leading_comment(rules: Rules, data: bytes, start: int) -> str:
    """The comment whose last line ends right above the line of `start`; '' without one."""
    line = data.rfind(b"\n", 0, start) + 1
    if data[line:start].strip():
        return ""
    lines: list[str] = []
    while line > 0:
        above = data.rfind(b"\n", 0, line - 1) + 1
        text = data[above : line - 1].strip()
        if not text:
            break
        if text.startswith(rules.line_comments) and not text.startswith(b"#!"):
            lines.append(_without_mark(text, rules.line_comments))
            line = above
            continue
        for begin, end in rules.block_comments:
            if not lines and text.endswith(end):
                opening = data.rfind(begin, 0, line - 1)
                if opening >= 0:
                    body = data[opening + len(begin) : line - 1].strip().removesuffix(end)
                    cleaned = _STARS.sub("", body[:MAX_DOC].decode("utf-8", "ignore"))
                    return inspect.cleandoc(cleaned).strip("*! \n")
        break
    return "\n".join(reversed(lines)).strip()


def _without_mark(text: bytes, marks: tuple[bytes, ...]) -> str:
    for mark in marks:
        if text.startswith(mark):
            text = text[len(mark) :]
            break
    return text.removeprefix(b" ").decode("utf-8", "replace")


def comment_start(rules: Rules, data: bytes, start: int) -> int:
    """Start of the first of the comment lines right above `start`; `start` without one."""
    line = data.rfind(b"\n", 0, start) + 1
    if data[line:start].strip():
        return start
    first = start
    while line > 0:
        above = data.rfind(b"\n", 0, line - 1) + 1
        text = data[above : line - 1].strip()
        if not text:
            break
        if text.startswith(rules.line_comments):
            first = line = above
            continue
        for begin, end in rules.block_comments:
            if text.endswith(end) and first == start:
                opening = data.rfind(begin, 0, line - 1)
                if opening >= 0:
                    return data.rfind(b"\n", 0, opening) + 1
        break
    return first
