"""`GET /metrics` on a loopback address: for a Prometheus server of the user's, only when asked for."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from typing import TYPE_CHECKING

from treewright_server.metrics import merged

if TYPE_CHECKING:
    from treewright_server.metrics import Metrics

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WAIT_S = 5.0


class Exporter:
    """One socket, one thread, one request at a time. Raises OSError when it cannot listen."""

    def __init__(self, host: str, port: int) -> None:
        self._watched: weakref.WeakSet[Metrics] = weakref.WeakSet()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
            self._socket.listen(8)
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        thread = threading.Thread(target=self._serve, name="treewright-metrics", daemon=True)
        thread.start()

    def watch(self, metrics: Metrics) -> None:
        self._watched.add(metrics)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(_WAIT_S)
                self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < 8192:
            chunk = client.recv(4096)
            if not chunk:
                return
            head += chunk
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split()
        hosts = [
            line.partition(":")[2].strip() for line in lines if line.lower().startswith("host:")
        ]
        # a web page that rebinds its own name to this address may not read it
        local = not hosts or hosts[0].rsplit(":", 1)[0].strip("[]") in (
            "localhost",
            "127.0.0.1",
            "::1",
        )
        status, body = "404 Not Found", b"see /metrics\n"
        if not local:
            status, body = "403 Forbidden", b"not for other hosts\n"
        elif (
            len(words) >= 2 and words[0] in ("GET", "HEAD") and words[1].split("?")[0] == "/metrics"
        ):
            status, body = "200 OK", merged(list(self._watched)).text().encode()
        answer = f"HTTP/1.1 {status}\r\nContent-Type: {_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        client.sendall(answer.encode() + (b"" if words[:1] == ["HEAD"] else body))
