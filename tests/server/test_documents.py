"""Content changes in bytes: after any edits our text is the client's, in every encoding."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import SourceText
from treewright_server.documents import converted

ENCODINGS = ["utf-8", "utf-16", "utf-32"]
pieces = st.text(st.sampled_from("ab 字é😋\n\r\t\f\u2028"), max_size=12)


def units(text: str, encoding: str) -> int:
    if encoding == "utf-8":
        return len(text.encode())
    return len(text.encode("utf-16-le")) // 2 if encoding == "utf-16" else len(text)


def position(text: str, characters: int, encoding: str) -> dict[str, int]:
    lines = re.split("\r\n|\n|\r", text[:characters])
    return {"line": len(lines) - 1, "character": units(lines[-1], encoding)}


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str] | str]]:
    """A text and changes of it, each in code points of the text that the one before left."""
    text = draw(pieces)
    changes: list[tuple[int, int, str] | str] = []
    now = text
    for _ in range(draw(st.integers(1, 5))):
        new = draw(pieces)
        if draw(st.integers(0, 5)) == 0:
            changes.append(new)
            now = new
            continue
        cut = [n for n in range(len(now) + 1) if now[max(0, n - 1) : n + 1] != "\r\n"]
        start, end = sorted((draw(st.sampled_from(cut)), draw(st.sampled_from(cut))))
        changes.append((start, end, new))
        now = now[:start] + new + now[end:]
    return text, changes


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(case=edits())
def test_our_text_is_the_clients(
    encoding: str, case: tuple[str, list[tuple[int, int, str] | str]]
) -> None:
    text, changes = case
    expected, sent = text, list[dict[str, Any]]()
    for change in changes:
        if isinstance(change, str):
            sent.append({"text": change})
            expected = change
            continue
        start, end, new = change
        range_ = {
            "start": position(expected, start, encoding),
            "end": position(expected, end, encoding),
        }
        sent.append({"range": range_, "text": new})
        expected = expected[:start] + new + expected[end:]
    source = SourceText.of(text)
    source.line_starts  # noqa: B018  built, so that splicing has to keep it right
    for (span, new), splice in zip(*converted(source, sent, encoding), strict=True):
        data = new.encode()
        before = source
        source = SourceText(data) if span is None else source.splice(span, data)
        start, end, length = splice
        assert before.data[:start] + data + before.data[end:] == source.data
        assert length == len(data)
    assert source.string == expected
    assert source.line_starts == SourceText.of(expected).line_starts


@pytest.mark.parametrize(
    "change",
    [{}, {"text": None}, {"text": 3, "range": None}, {"text": "", "range": {"start": {}}}],
)
def test_changes_that_are_none(change: dict[str, Any]) -> None:
    with pytest.raises(ArgumentsError):
        converted(SourceText.of("text"), [change], "utf-16")
