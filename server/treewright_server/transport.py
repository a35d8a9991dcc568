"""Bytes in, bytes out: frames over stdio, TCP and WebSocket, and what keeps stdout clean.

**Invariant.** stdout is the protocol: file descriptor 1 is moved away before anything else
runs and the old number leads to stderr, so no print of any library, C code or child process
can break a frame. A frame that cannot be read becomes a `BadFrame`, and reading goes on at the
next header.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import queue
import re
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from treewright_server.app import TreewrightServer

MAX_BODY: Final = 256 * 1024 * 1024
MAX_HEADER: Final = 16 * 1024
PARENT_POLL_S: Final = 2.0

_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,20})[ \t]*\r\n", re.IGNORECASE)
_HEADER_NAME = b"content-length:"


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Bytes that are no message; `code` is the JSON-RPC error to answer with."""

    code: int
    reason: str


PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600

Incoming = dict[str, Any] | BadFrame
MakeServer = Callable[[], "TreewrightServer"]


class FrameReader:
    """Takes bytes as they come and gives message bodies; finds its way back after rubbish.

    A raw line break cannot stand inside a JSON string, so `Content-Length: n` with its line
    break is a header wherever it occurs: that is where reading resumes.
    """

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self._buffer = bytearray()
        self._max_body = max_body
        self._lost = False

    def feed(self, data: bytes) -> Iterator[bytes | BadFrame]:
        self._buffer += data
        while (item := self._next()) is not None:
            if isinstance(item, BadFrame):
                yield item
            elif item:
                yield item

    def _next(self) -> bytes | BadFrame | None:
        """One body, one problem, b"" when only the buffer was moved on, None to wait."""
        buffer = self._buffer
        match = _LENGTH.search(buffer)
        end = buffer.find(b"\r\n\r\n")
        if match is None:
            if end >= 0:
                del buffer[: end + 4]
                return self._report("a header without a valid Content-Length")
            if len(buffer) > MAX_HEADER:
                del buffer[:-64]  # the next header may have begun in the last bytes
                return self._report("no header in the last 16 kB")
            return None
        if 0 <= end < match.start():
            del buffer[: end + 4]
            return self._report("a header without a valid Content-Length")
        line_start = buffer.rfind(b"\n", 0, match.start()) + 1
        if line_start != match.start():
            del buffer[: match.start()]
            return self._report("bytes before a header")
        end = buffer.find(b"\r\n\r\n", match.start())
        if end < 0:
            if len(buffer) > MAX_HEADER:
                del buffer[: match.end()]
                return self._report("a header that does not end")
            return None
        length = int(match.group(1))
        if length > self._max_body:
            del buffer[: end + 4]
            self._lost = True  # what follows is dropped, unreported, up to the next header
            return BadFrame(
                INVALID_REQUEST, f"Content-Length {length} is over the limit of {self._max_body}"
            )
        body_start, body_end = end + 4, end + 4 + length
        inner = _LENGTH.search(buffer, body_start, min(body_end, len(buffer)))
        if inner is not None:  # the length was wrong: the next header stands inside the body
            del buffer[: inner.start()]
            self._lost = False
            return BadFrame(PARSE_ERROR, "a body shorter than its Content-Length")
        if len(buffer) < body_end:
            return None
        body = bytes(buffer[body_start:body_end])
        del buffer[:body_end]
        self._lost = False
        return body

    def _report(self, reason: str) -> BadFrame | bytes:
        if self._lost:
            return b""
        self._lost = True
        return BadFrame(PARSE_ERROR, reason)


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def decode(body: bytes | str) -> Incoming:
    """A message as plain data, or why it is none."""
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        import json

        try:  # lone surrogates, which some editors send for broken text, are fine here
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            return BadFrame(PARSE_ERROR, f"not JSON: {error}")
    except RecursionError:
        return BadFrame(PARSE_ERROR, "not JSON: nested too deeply")
    if not isinstance(message, dict):
        return BadFrame(INVALID_REQUEST, "a message must be an object")
    return message  # pyright: ignore[reportUnknownVariableType]


def claim_stdio() -> tuple[int, int]:
    """Descriptors of the real stdin and stdout, kept from everyone else from now on.

    Descriptor 0 becomes empty input and 1 becomes stderr, for this process and its children.
    """
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(stdin, os.O_BINARY)
        msvcrt.setmode(stdout, os.O_BINARY)
    sys.stdout = sys.stderr
    return stdin, stdout


class StdioWriter:
    """Writes frames from a thread of its own: a client that does not read stalls no one else."""

    def __init__(self, descriptor: int, on_broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_broken = on_broken
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="treewright-out", daemon=True)
        self._thread.start()

    def send(self, body: bytes) -> None:
        self._queue.put(frame(body))

    def close(self) -> None:
        """Write what is queued; gives up after two seconds on a client that does not read."""
        self._queue.put(None)
        self._thread.join(2.0)

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:
                self._on_broken()
                return


def read_stdio(descriptor: int, deliver: Callable[[Incoming | None], None]) -> None:
    """Read frames until the end of input; `None` is delivered last. Runs in a thread."""
    reader = FrameReader()
    while True:
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:
            data = b""
        if not data:
            deliver(None)
            return
        for item in reader.feed(data):
            deliver(item if isinstance(item, BadFrame) else decode(item))


def serve_stdio(descriptors: tuple[int, int], make_server: MakeServer) -> int:
    """Serve one client on the claimed descriptors. Returns the exit code."""
    return asyncio.run(_stdio(descriptors, make_server))


async def _stdio(descriptors: tuple[int, int], make_server: MakeServer) -> int:
    loop = asyncio.get_running_loop()
    incoming: asyncio.Queue[Incoming | None] = asyncio.Queue()

    def deliver(item: Incoming | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(incoming.put_nowait, item)

    reader = threading.Thread(
        target=read_stdio, args=(descriptors[0], deliver), name="treewright-in", daemon=True
    )
    reader.start()
    writer = StdioWriter(descriptors[1], lambda: deliver(None))
    try:
        return await converse(make_server(), incoming, writer.send)
    finally:
        writer.close()


async def converse(
    server: TreewrightServer,
    incoming: asyncio.Queue[Incoming | None],
    send: Callable[[bytes], None],
) -> int:
    """One client from its first message to its last. Returns the exit code LSP asks for."""
    server.attach(send)
    intake = asyncio.create_task(_intake(server, incoming))
    parent = asyncio.create_task(_parent_gone(server))
    stopped = asyncio.ensure_future(server.stopped)
    try:
        await asyncio.wait({intake, parent, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if intake.done():
            intake.result()
    finally:
        for task in (intake, parent):
            task.cancel()
        await asyncio.gather(intake, parent, return_exceptions=True)
        await server.close()
    return server.exit_code


async def _intake(server: TreewrightServer, incoming: asyncio.Queue[Incoming | None]) -> None:
    """Hand over one message per turn of the loop.

    A request's handler runs up to its first wait, and so takes its Snapshot, before the next
    message is looked at: a later `didChange` cannot slip under it.
    """
    while (item := await incoming.get()) is not None:
        server.receive(item)
        await asyncio.sleep(0)


async def _parent_gone(server: TreewrightServer) -> None:
    """Return when the process that the client named in `initialize` is no more."""
    while True:
        await asyncio.sleep(PARENT_POLL_S)
        process_id = server.process_id
        if process_id is not None and not process_exists(process_id):
            return


def process_exists(process_id: int) -> bool:
    if sys.platform == "win32":
        import ctypes

        synchronize, timed_out = 0x00100000, 0x102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, process_id)
        if not handle:
            return False
        try:
            return ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == timed_out
        finally:
            ctypes.windll.kernel32.CloseHandle(handle)
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# Sockets


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve_tcp(host: str, port: int, make_server: MakeServer, ready: Callable[[str], None]) -> int:
    """Serve any number of clients, each with a server of its own, until interrupted."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming: asyncio.Queue[Incoming | None] = asyncio.Queue()

        async def read() -> None:
            frames = FrameReader()
            first = True
            with contextlib.suppress(OSError):
                while data := await reader.read(1 << 16):
                    for item in frames.feed(data):
                        if first and isinstance(item, BadFrame):
                            # A web page can make a browser send HTTP here: no way in.
                            incoming.put_nowait(None)
                            return
                        first = False
                        incoming.put_nowait(item if isinstance(item, BadFrame) else decode(item))
            incoming.put_nowait(None)

        def send(body: bytes) -> None:
            if not writer.is_closing():
                writer.write(frame(body))

        pump = asyncio.create_task(read())
        try:
            await converse(make_server(), incoming, send)
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(writer.drain(), 2.0)
        finally:
            pump.cancel()
            writer.close()

    async def main() -> None:
        listener = await asyncio.start_server(client, host, port)
        address = listener.sockets[0].getsockname()
        ready(f"{address[0]}:{address[1]}")
        async with listener:
            await listener.serve_forever()

    return _until_interrupted(main)


def serve_ws(
    host: str,
    port: int,
    make_server: MakeServer,
    ready: Callable[[str], None],
    origins: Sequence[str] = (),
) -> int:
    """The same over WebSocket, one message per WebSocket message.

    A browser tells which page opens the connection; only pages of `origins` may, so that no web
    site the user visits can reach the code. Other clients tell none and are let in.
    Raises ModuleNotFoundError when the `websockets` distribution is not installed.
    """
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed
    from websockets.typing import Origin

    async def client(socket: ServerConnection) -> None:
        incoming: asyncio.Queue[Incoming | None] = asyncio.Queue()
        outgoing: asyncio.Queue[bytes | None] = asyncio.Queue()

        async def read() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for data in socket:
                    incoming.put_nowait(decode(data))
            incoming.put_nowait(None)

        async def write() -> None:
            with contextlib.suppress(ConnectionClosed):
                while (body := await outgoing.get()) is not None:
                    await socket.send(body.decode("utf-8"))

        pumps = asyncio.create_task(read()), asyncio.create_task(write())
        try:
            await converse(make_server(), incoming, outgoing.put_nowait)
            outgoing.put_nowait(None)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(pumps[1], 2.0)
        finally:
            for pump in pumps:
                pump.cancel()

    async def main() -> None:
        async with serve(
            client, host, port, max_size=MAX_BODY, origins=[None, *map(Origin, origins)]
        ) as listener:
            address = next(iter(listener.sockets)).getsockname()
            ready(f"{address[0]}:{address[1]}")
            await listener.serve_forever()

    return _until_interrupted(main)


def _until_interrupted(main: Callable[[], Awaitable[None]]) -> int:
    async def run() -> None:
        await main()

    try:
        asyncio.run(run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass
    return 0
