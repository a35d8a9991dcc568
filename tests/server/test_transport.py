"""Frames: whatever way the bytes come, the same messages; and a way back after rubbish."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treewright_server.transport import MAX_HEADER, BadFrame, FrameReader, decode, encode, frame

MESSAGE = frame(b'{"jsonrpc":"2.0"}')


def read(data: bytes, sizes: list[int] | None = None, **options: int) -> list[bytes | BadFrame]:
    reader = FrameReader(**options)
    items: list[bytes | BadFrame] = []
    position = 0
    for size in [*(sizes or []), len(data)]:
        items += reader.feed(data[position : position + size])
        position += size
    return items


bodies = st.lists(st.binary(max_size=200).map(lambda b: b'"' + b.hex().encode() + b'"'), max_size=6)


@given(bodies, st.lists(st.integers(0, 40), max_size=40))
@settings(deadline=None)
def test_frames_do_not_depend_on_how_the_bytes_come(parts: list[bytes], sizes: list[int]) -> None:
    assert read(b"".join(map(frame, parts)), sizes) == parts


@given(st.binary(max_size=300), st.lists(st.integers(0, 60), max_size=20))
@settings(deadline=None)
def test_the_message_after_rubbish_is_read(rubbish: bytes, sizes: list[int]) -> None:
    items = read(rubbish + b"\r\n" + MESSAGE, sizes)
    assert items[-1] == b'{"jsonrpc":"2.0"}'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Content-Length: x\r\n\r\n", id="no number"),
        pytest.param(b"Content-Length: -5\r\n\r\n", id="negative"),
        pytest.param(b"Hello: there\r\n\r\n", id="no length"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
        pytest.param(b'{"jsonrpc":"2.0","id":1}', id="no header"),
        pytest.param(b"\0\xff" * 40, id="binary"),
    ],
)
def test_a_bad_header_is_one_problem(data: bytes) -> None:
    items = read(data + b"\r\n\r\n" + MESSAGE)
    assert items[-1] == b'{"jsonrpc":"2.0"}'
    assert [item.code for item in items if isinstance(item, BadFrame)] == [-32700]


def test_other_headers_may_stand_before_and_after() -> None:
    typed = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n"
    assert read(typed + b"content-length: 2\r\n\r\n{}") == [b"{}"]
    assert read(b"CONTENT-LENGTH:2\r\n" + typed + b"\r\n{}") == [b"{}"]


def test_a_length_that_is_too_long_does_not_swallow_the_next_message() -> None:
    items = read(b"Content-Length: 500\r\n\r\n{}" + MESSAGE, [30, 5, 7])
    assert isinstance(items[0], BadFrame)
    assert items[1:] == [b'{"jsonrpc":"2.0"}']


def test_a_length_that_is_too_short_does_not_lose_the_next_message() -> None:
    items = read(b"Content-Length: 3\r\n\r\n{}xxxxx" + MESSAGE)
    assert items[0] == b"{}x"
    assert items[-1] == b'{"jsonrpc":"2.0"}'


def test_a_huge_length_is_refused_without_waiting_for_it() -> None:
    items = read(b"Content-Length: 99999\r\n\r\nxxxx" + MESSAGE, max_body=1000)
    assert isinstance(items[0], BadFrame)
    assert items[0].code == -32600
    assert items[1:] == [b'{"jsonrpc":"2.0"}']


def test_rubbish_without_end_takes_no_memory() -> None:
    reader = FrameReader()
    problems = [item for _ in range(200) for item in reader.feed(b"x" * 4096)]
    assert len(problems) == 1
    assert len(reader._buffer) < 2 * MAX_HEADER + 4096  # pyright: ignore[reportPrivateUsage]


def test_a_large_message_is_searched_once() -> None:
    """20 MB in small reads, with line breaks in the JSON: linear, so well under a second each."""
    body = b'{"x":"' + b"y" * 100 + b'"}\r\n'
    data = frame(body * 180_000)

    def seconds(part: bytes) -> float:
        started = time.process_time()
        reader, step = FrameReader(), 1 << 16
        found = [i for p in range(0, len(part), step) for i in reader.feed(part[p : p + step])]
        assert len(found) == 1
        return time.process_time() - started

    small, large = seconds(frame(body * 18_000)), seconds(data)
    assert large < 40 * small + 0.5  # ten times the bytes; quadratic would be a hundred times


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"3", -32600),
    ],
)
def test_what_is_no_message(body: bytes, code: int) -> None:
    item = decode(body)
    assert isinstance(item, BadFrame)
    assert item.code == code


def test_lone_surrogates_survive() -> None:
    message = {"jsonrpc": "2.0", "id": 1, "result": "\udc00x"}
    assert decode(encode(message)) == message
