"""Bytes in, bytes out: frames over stdio, TCP and WebSocket, and what keeps stdout clean.

**Invariant.** stdout is the protocol: file descriptor 1 is moved away before anything else
runs and the old number leads to stderr, so no print of any library, C code or child process
can break a frame. A frame that cannot be read becomes a `BadFrame`, and reading goes on at the
next header.

Each client has one intake thread, which reads, and hands over message by message; for stdio it
is the main thread.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from treewright_server.errors import INVALID_REQUEST, PARSE_ERROR

if TYPE_CHECKING:
    import socket

    from treewright_server.app import TreewrightServer

MAX_BODY: Final = 256 * 1024 * 1024
MAX_HEADER: Final = 16 * 1024
READ_BYTES: Final = 1 << 18

_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,20})[ \t]*\r\n", re.IGNORECASE)


class BadFrame(NamedTuple):
    """Bytes that are no message; `code` is the JSON-RPC error to answer with."""

    code: int
    reason: str


Incoming = dict[str, Any] | BadFrame
Send = Callable[[bytes], None]
MakeServer = Callable[[Send], "TreewrightServer"]


class FrameReader:
    """Takes bytes as they come and gives message bodies; finds its way back after rubbish.

    A raw line break cannot stand inside a JSON string, so `Content-Length: n` with its line
    break is a header wherever it occurs: that is where reading resumes.
    """

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self._buffer = bytearray()
        self._max_body = max_body
        self._lost = False
        # The message whose body is still coming: where it starts, where it ends, and up to
        # where it was searched for a header, so that no byte is looked at twice.
        self._body: tuple[int, int] | None = None
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[bytes | BadFrame]:
        self._buffer += data
        while (item := self._next()) is not None:
            if item:
                yield item

    def _next(self) -> bytes | BadFrame | None:
        """One body, one problem, b"" when only the buffer was moved on, None to wait."""
        if self._body is None:
            problem = self._header()
            if self._body is None:
                return problem
        start, end = self._body
        buffer = self._buffer
        inner = self._inner_header(start, min(end, len(buffer)))
        if inner is not None:  # the length was wrong: the next header stands inside the body
            self._body = None
            del buffer[:inner]
            self._lost = False
            return BadFrame(PARSE_ERROR, "a body shorter than its Content-Length")
        if len(buffer) < end:
            return None
        self._body = None
        self._lost = False
        body = bytes(buffer[start:end])
        del buffer[:end]
        return body

    def _header(self) -> bytes | BadFrame | None:
        """Set `_body` when a whole header stands at the front of the buffer."""
        buffer = self._buffer
        match = _LENGTH.search(buffer, 0, MAX_HEADER + 64)
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
        self._body = end + 4, end + 4 + length
        self._searched = end + 4
        return None

    def _inner_header(self, start: int, end: int) -> int | None:
        """Where a header stands between `start` and `end`, of which the rest was searched."""
        buffer = self._buffer
        position = max(start, self._searched - 64)  # one may lie across the last read's end
        while (position := buffer.find(b"\r\n", position, end)) >= 0:
            line = max(start, buffer.rfind(b"\n", start, position) + 1, position - 64)
            match = _LENGTH.search(buffer, line, position + 2)
            if match is not None:
                return match.start()
            position += 2
        self._searched = end
        return None

    def _report(self, reason: str) -> BadFrame | bytes:
        if self._lost:
            return b""
        self._lost = True
        return BadFrame(PARSE_ERROR, reason)


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def decode(body: bytes | str) -> Incoming:
    """A message as plain data, or why it is none."""
    # The first messages are read before msgspec is there: importing it takes longer.
    msgspec = sys.modules.get("msgspec.json")
    message: Any
    try:
        if msgspec is None:
            raise ValueError
        message = msgspec.decode(body)
    except (ValueError, UnicodeDecodeError):
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


def encode(message: dict[str, Any]) -> bytes:
    """A message as JSON. Raises TypeError for what JSON cannot say."""
    msgspec = sys.modules.get("msgspec.json")
    if msgspec is not None:
        try:
            return msgspec.encode(message)
        except UnicodeEncodeError:  # a lone surrogate that came in from the client
            pass
    import json

    return json.dumps(message, separators=(",", ":")).encode("ascii")


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


class Writer:
    """Writes from a thread of its own: a client that does not read stalls no one else."""

    def __init__(self, write: Callable[[bytes], None], on_broken: Callable[[], None]) -> None:
        self._write = write
        self._on_broken = on_broken
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="treewright-out", daemon=True)
        self._thread.start()

    def send(self, body: bytes) -> None:
        self._queue.put(body)

    def close(self) -> None:
        """Write what is queued; gives up after two seconds on a client that does not read."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(2.0)

    def _run(self) -> None:
        while (body := self._queue.get()) is not None:
            try:
                self._write(body)
            except Exception:
                self._on_broken()
                return


def _write_to(descriptor: int) -> Callable[[bytes], None]:
    def write(body: bytes) -> None:
        view = memoryview(frame(body))
        while view:
            view = view[os.write(descriptor, view) :]

    return write


def serve_stdio(descriptors: tuple[int, int], make_server: MakeServer) -> int:
    """Serve one client on the claimed descriptors. Returns the exit code."""
    stdin, stdout = descriptors
    ended = threading.Event()

    def broken() -> None:
        if not ended.is_set():
            leave(1)

    writer = Writer(_write_to(stdout), broken)
    server = make_server(writer.send)

    def parent_gone() -> None:
        server.close()
        leave(1)

    server.on_parent_gone = parent_gone
    try:
        _take_all(server, lambda: os.read(stdin, READ_BYTES))
    finally:
        server.close()
        ended.set()
        writer.close()
    return server.exit_code


def _take_all(server: TreewrightServer, read: Callable[[], bytes]) -> None:
    """Hand over every message until the client says `exit` or goes away."""
    frames = FrameReader()
    while not server.stopped:
        try:
            data = read()
        except OSError:
            return
        if not data:
            return
        for item in frames.feed(data):
            server.receive(item if isinstance(item, BadFrame) else decode(item))
            if server.stopped:
                return


def leave(code: int) -> None:
    """End the process now.

    Threads may still hold a library's lock; nothing of theirs is worth waiting for.
    """
    logging = sys.modules.get("logging")
    with contextlib.suppress(Exception):
        if logging is not None:
            logging.shutdown()
        sys.stderr.flush()
    os._exit(code)


# Sockets


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve_tcp(host: str, port: int, make_server: MakeServer, ready: Callable[[str], None]) -> int:
    """Serve any number of clients, each with a server of its own, until interrupted."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        address = listener.getsockname()
        ready(f"{address[0]}:{address[1]}")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                connection, _ = listener.accept()
                threading.Thread(
                    target=_tcp_client, args=(connection, make_server), daemon=True,
                    name="treewright-client",
                ).start()  # fmt: skip
    return 0


def _tcp_client(connection: socket.socket, make_server: MakeServer) -> None:
    import socket

    def hang_up() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        start = _first_bytes(connection)
        if start is None:
            _turn_away(connection)
            return
        writer = Writer(lambda body: connection.sendall(frame(body)), hang_up)
        server = make_server(writer.send)
        server.on_parent_gone = hang_up
        waiting = [start]
        try:
            _take_all(server, lambda: waiting.pop() if waiting else connection.recv(READ_BYTES))
        finally:
            server.close()
            writer.close()
            hang_up()


def _turn_away(connection: socket.socket) -> None:
    """End a connection so that its other side sees an end. What it has sent is read first: closing
    with something unread makes the kernel answer with a reset."""
    import socket

    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(0.5)
        left = 1 << 16
        while left > 0 and (data := connection.recv(min(left, READ_BYTES))):
            left -= len(data)


def _first_bytes(connection: socket.socket) -> bytes | None:
    """What the client sends first; None when it does not speak our protocol.

    A web page can make a browser send HTTP to a local port: there is no way in for it.
    """
    wanted = b"content-"
    data = b""
    while len(data) < len(wanted):
        try:
            more = connection.recv(READ_BYTES)
        except OSError:
            return None
        if not more:
            return None
        data += more
        if not wanted.startswith(data[: len(wanted)].lower()):
            return None
    return data


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
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import ServerConnection, serve
    from websockets.typing import Origin

    def client(connection: ServerConnection) -> None:
        def hang_up() -> None:
            with contextlib.suppress(Exception):
                connection.close()

        writer = Writer(lambda body: connection.send(body.decode("utf-8")), hang_up)
        server = make_server(writer.send)
        server.on_parent_gone = hang_up
        try:
            with contextlib.suppress(ConnectionClosed):
                while not server.stopped:
                    server.receive(decode(connection.recv()))
        finally:
            server.close()
            writer.close()

    with serve(
        client, host, port, max_size=MAX_BODY, origins=[None, *map(Origin, origins)]
    ) as listener:
        address = listener.socket.getsockname()
        ready(f"{address[0]}:{address[1]}")
        with contextlib.suppress(KeyboardInterrupt):
            listener.serve_forever()
    return 0
