"""Bytes in, lines and spans out."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treewright_indexer.errors import InvalidPositionError, UnreadableFileError
from treewright_indexer.text import SourceText, Span, decode


@pytest.mark.parametrize(
    ("data", "starts"),
    [
        pytest.param(b"", [0], id="an empty text has one line"),
        pytest.param(b"a\nb", [0, 2], id="lf"),
        pytest.param(b"a\r\nb\r", [0, 3, 5], id="crlf and cr"),
        pytest.param("a\u2028b\x0cc\n".encode(), [0, 8], id="no other break counts"),
    ],
)
def test_lines(data: bytes, starts: list[int]) -> None:
    assert SourceText(data).line_starts == starts


_TEXT = st.text(alphabet="ab\r\n\u2028é好😋", max_size=30)


@given(_TEXT, _TEXT, st.data())
def test_a_splice_keeps_the_line_table(before: str, new: str, data: st.DataObject) -> None:
    text = SourceText.of(before)
    assert text.line_starts  # built, so that the splice updates it
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, len(before)))
    span = Span(len(before[:start].encode()), len(before[:end].encode()))
    spliced = text.splice(span, new.encode())
    assert spliced.string == before[:start] + new + before[end:]
    assert spliced.line_starts == SourceText(spliced.data).line_starts


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("é".encode(), ("é", "utf-8"), id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + b"a", ("a", "utf-8"), id="utf-8 with a mark"),
        pytest.param(
            codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), ("é", "utf-16-le"), id="utf-16"
        ),
        pytest.param(
            b"# coding: latin-1\n\xe9", ("# coding: latin-1\né", "iso8859-1"), id="PEP 263"
        ),
    ],
)
def test_decode_and_back(raw: bytes, expected: tuple[str, str]) -> None:
    text = decode(raw)
    assert (text.string, text.encoding) == expected
    assert text.to_disk() == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"\x7fELF\0\0", "binary", id="binary"),
        pytest.param(b"a\xff", "not valid UTF-8 at byte 1", id="undecodable"),
    ],
)
def test_unreadable(raw: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFileError, match=reason):
        decode(raw)


def test_positions_outside_are_refused() -> None:
    text = SourceText(b"abc")
    with pytest.raises(InvalidPositionError):
        text.splice(Span(2, 9), b"")
    with pytest.raises(InvalidPositionError):
        text.line_span(1)


def test_what_the_encoding_lacks_is_refused() -> None:
    text = decode(b"# coding: latin-1\n").splice(Span(0, 0), "好".encode())
    with pytest.raises(UnreadableFileError, match="iso8859-1 has no"):
        text.to_disk()
