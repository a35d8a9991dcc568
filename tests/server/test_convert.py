"""Positions in all three encodings against a slow reference; URIs both ways."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from treewright_indexer.errors import ArgumentsError, InvalidPositionError
from treewright_indexer.text import SourceText, Span
from treewright_server.convert import Mapper, is_file, to_path, to_uri

ENCODINGS = ["utf-8", "utf-16", "utf-32"]

texts = st.text(
    st.sampled_from("ab 字é😋𝒳\n\r\t\f\x0b\u2028'\0"), max_size=60
)  # form feed, line tabulation and U+2028 end no line


def units(text: str, encoding: str) -> int:
    if encoding == "utf-8":
        return len(text.encode())
    return len(text.encode("utf-16-le")) // 2 if encoding == "utf-16" else len(text)


def place(text: str, characters: int, encoding: str) -> tuple[int, int]:
    """Line and column behind the first `characters` code points, by the words of LSP."""
    before = text[:characters]
    lines = re.split("\r\n|\n|\r", before)
    if before.endswith("\r") and text[characters : characters + 1] == "\n":
        # Inside a line break, which no column reaches: the end of the line before it.
        lines.pop()
    return len(lines) - 1, units(lines[-1], encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts)
@example(text="c = '😋' + d")
@example(text="a\r\nb\rc\n")
def test_every_character_has_its_position(encoding: str, text: str) -> None:
    mapper = Mapper(SourceText.of(text), encoding)
    for characters in range(len(text) + 1):
        offset = len(text[:characters].encode())
        line, column = place(text, characters, encoding)
        assert mapper.position(offset) == {"line": line, "character": column}
        if text[max(0, characters - 1) : characters + 1] != "\r\n":
            assert mapper.offset_at(line, column) == offset


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts)
def test_many_places_are_those_of_each(encoding: str, text: str) -> None:
    mapper = Mapper(SourceText.of(text), encoding)
    offsets = [len(text[:n].encode()) for n in range(len(text) + 1)]
    assert mapper.places(offsets) == [mapper.place(offset) for offset in offsets]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, line=st.integers(0, 6), column=st.integers(0, 80))
def test_a_position_never_cuts_a_character(
    encoding: str, text: str, line: int, column: int
) -> None:
    source = SourceText.of(text)
    if line >= source.n_lines:
        with pytest.raises(InvalidPositionError, match="outside"):
            Mapper(source, encoding).offset_at(line, column)
        return
    offset = Mapper(source, encoding).offset_at(line, column)
    source.data[:offset].decode()
    start, end = source.line_span(line)
    assert start <= offset <= end


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_long_lines_are_not_counted_from_their_start_each_time(encoding: str) -> None:
    text = ("ab😋é字" * 400 + "\n") * 3 + "end"
    source = SourceText.of(text)
    mapper = Mapper(source, encoding)
    for characters in [*range(0, len(text), 37), len(text)]:
        offset = len(text[:characters].encode())
        assert mapper.place(offset) == place(text, characters, encoding)


@pytest.mark.parametrize(
    ("position", "error"),
    [
        (None, ArgumentsError),
        ({}, ArgumentsError),
        ({"line": 0}, ArgumentsError),
        ({"line": "0", "character": 0}, ArgumentsError),
        ({"line": True, "character": 0}, ArgumentsError),
        ({"line": 0.5, "character": 0}, ArgumentsError),
        ({"line": -1, "character": 0}, InvalidPositionError),
        ({"line": 0, "character": -1}, InvalidPositionError),
        ({"line": 2, "character": 0}, InvalidPositionError),
        ({"line": 10**12, "character": 0}, InvalidPositionError),
    ],
)
def test_positions_that_are_none(position: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        Mapper(SourceText.of("one\ntwo"), "utf-16").offset(position)


def test_whole_numbers_may_be_written_as_floats() -> None:
    mapper = Mapper(SourceText.of("one\ntwo"), "utf-16")
    assert mapper.offset({"line": 1.0, "character": 2.0}) == 6


def test_a_range_that_ends_before_it_starts() -> None:
    mapper = Mapper(SourceText.of("one\ntwo"), "utf-16")
    swapped = {"start": {"line": 1, "character": 0}, "end": {"line": 0, "character": 1}}
    with pytest.raises(InvalidPositionError, match="ends before"):
        mapper.span(swapped)
    assert mapper.span(swapped, clamp_line=True) == Span(1, 4)


@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("file://localhost/a/b.py", "/a/b.py"),
        ("file:/a/b.py", "/a/b.py"),
        ("file:///a/../b%20c.py", "/b c.py"),
        ("file:///a/%E5%AD%97.py", "/a/字.py"),
        ("file:///a/字.py", "/a/字.py"),
        ("file:///a/b?c#d.py", "/a/b?c#d.py"),
        ("file:///a/100%.py", "/a/100%.py"),
        ("file:///a/%FF.py", "/a/\udcff.py"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
        ("git:/a/b.py?x", "git:/a/b.py?x"),
    ],
)
def test_uri_to_path(uri: str, path: str) -> None:
    assert to_path(uri) == path
    assert is_file(path) == uri.startswith("file:")


@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1)))
def test_paths_come_back(parts: list[str]) -> None:
    path = "/" + "/".join(part for part in parts if part not in (".", ".."))
    uri = to_uri(path)
    assert uri.isascii()
    assert to_path(uri) == path


@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
def test_file_names_that_are_not_utf8_come_back() -> None:
    path = os.fsdecode(b"/a/\xff\xfe.py")
    assert to_uri(path) == "file:///a/%FF%FE.py"
    assert to_path(to_uri(path)) == path
