"""Where in the text a diagnostic points: tools give a token, a statement or a whole line."""

from __future__ import annotations

import re

from treewright_agent.diagnostics import Diagnostic
from treewright_indexer.errors import InvalidPositionError
from treewright_indexer.text import SourceText, Span

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


def identifier_at(text: SourceText, diagnostic: Diagnostic, name: str) -> Span | None:
    """The token `name` that `diagnostic` means; its whole span when `name` is ''.

    None when the text has changed since: the token is not on the diagnostic's lines.
    """
    start, end = diagnostic.span
    if not 0 <= start <= end <= len(text.data):
        return None
    if not name:
        return Span(start, end) if _IDENTIFIER.match(text.slice(Span(start, end))) else None
    token = re.compile(rb"(?<![\w\x80-\xff])" + re.escape(name.encode()) + rb"(?![\w\x80-\xff])")
    lines = lines_of(text, diagnostic.span)
    for begin in (start, lines.start):  # some tools point at the statement, some at its line
        if found := token.search(text.data, begin, lines.end):
            return Span(found.start(), found.end())
    return None


def lines_of(text: SourceText, span: Span) -> Span:
    """From the first byte of the first line of `span` to the last of its last line."""
    try:
        first = text.line_span(text.line_of(span.start))
        last = text.line_span(text.line_of(max(span.start, span.end - 1)))
    except InvalidPositionError:
        return Span(0, 0)
    return Span(first.start, last.end)
