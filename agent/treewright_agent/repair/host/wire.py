"""JSON lines over a file descriptor: requests in, answers out, children's reports between."""

from __future__ import annotations

import json
import os
from collections import deque
from typing import Any


def send(fd: int, message: dict[str, Any]) -> None:
    data = (json.dumps(message, separators=(",", ":")) + "\n").encode()
    while data:
        data = data[os.write(fd, data) :]


class LineReader:
    """The messages that arrive on a descriptor. A line that is no JSON object is left out:
    the tested code can reach a child's descriptor too."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._rest = b""
        self._messages: deque[dict[str, Any]] = deque()
        self.open = True

    def feed(self) -> list[dict[str, Any]]:
        """What one read brings; sets `open` to False at the end of the stream."""
        chunk = os.read(self.fd, 1 << 16)
        if not chunk:
            self.open = False
            return []
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        messages: list[dict[str, Any]] = []
        for line in lines:
            try:
                message: Any = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                messages.append(message)  # pyright: ignore[reportUnknownArgumentType]
        return messages

    def next(self) -> dict[str, Any] | None:
        """The next message, waiting for it; None at the end of the stream."""
        while not self._messages:
            if not self.open:
                return None
            self._messages.extend(self.feed())
        return self._messages.popleft()
