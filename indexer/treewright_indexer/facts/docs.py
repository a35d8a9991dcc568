"""Documentation: docstrings and the comments right before a definition, as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from treewright_indexer.facts.rules import Rules

MAX_DOC: Final = 4000
"""Bytes of documentation that are kept."""

_QUOTE: Final = re.compile(rb"""[A-Za-z]*('''|\"\"\"|'|\")""")
_WORDS: Final = re.compile(rb"[\w\s]*")
"""What may stand between the start of a line and a definition: `export`, `type`."""
_STARS: Final = re.compile(r"^[ \t]*\*+ ?", re.MULTILINE)


def doc_of_string(data: bytes, start: int, end: int) -> str:
    """The docstring whose literal is data[start:end], dedented as Python does."""
    match = _QUOTE.match(data, start, end)
    if match is None:
        return ""
    quote = match.group(1)
    raw = data[match.end() : min(end, match.end() + MAX_DOC)]
    return _dedented(raw.removesuffix(quote).decode("utf-8", "ignore"))


def _dedented(text: str) -> str:
    """`inspect.cleandoc`, which takes as long as everything else of a short docstring."""
    text = text.strip()
    if "\n" not in text:
        return text
    first, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first.rstrip(), *[line[margin:].rstrip() for line in rest]])


def leading_comment(rules: Rules, data: bytes, start: int) -> str:
    """The comment whose last line ends right above the line of `start`; '' without one."""
    first = comment_start(rules, data, start)
    if first == start:
        return ""
    text = data[first : data.rfind(b"\n", 0, start)].strip()
    for begin, end in rules.block_comments:
        if (
            text.startswith(begin)
            and text.endswith(end)
            and not text.startswith(rules.line_comments)
        ):
            body = text[len(begin) : -len(end)][:MAX_DOC].decode("utf-8", "ignore")
            return _dedented(_STARS.sub("", body).strip("*! \t\r\n"))
    lines = [_without_mark(line.strip(), rules.line_comments) for line in text.split(b"\n")]
    return b"\n".join(lines)[:MAX_DOC].decode("utf-8", "ignore").strip()


def _without_mark(text: bytes, marks: tuple[bytes, ...]) -> bytes:
    for mark in marks:
        if text.startswith(mark):
            return text[len(mark) :].removeprefix(b" ")
    return text


def line_start(data: bytes, start: int) -> int:
    """Start of the line if nothing but words stands before `start`; else `start`."""
    line = data.rfind(b"\n", 0, start) + 1
    return line if line == start or _WORDS.fullmatch(data, line, start) else start


def comment_start(rules: Rules, data: bytes, start: int) -> int:
    """Start of the first line of the comment right above `start`; `start` without one."""
    line = data.rfind(b"\n", 0, start) + 1
    if (
        line < 2
        or data[line - 2] == 10
        or (line != start and not _WORDS.fullmatch(data, line, start))
    ):
        return start  # the first line, below an empty one, or behind something else
    first = start
    while line > 0:
        above = data.rfind(b"\n", 0, line - 1) + 1
        text = data[above : line - 1].strip()
        if text.startswith(rules.line_comments) and not text.startswith(b"#!"):
            first = line = above
            continue
        if first == start:
            for begin, end in rules.block_comments:
                if text.endswith(end):
                    opening = data.rfind(begin, 0, line - 1)
                    at = data.rfind(b"\n", 0, opening) + 1
                    if opening >= 0 and (at == opening or data[at:opening].isspace()):
                        return at
        break
    return first
