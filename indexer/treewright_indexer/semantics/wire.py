"""JSON-RPC with a language server that runs as a child: frames, answers, its own questions.

The other edge of the protocol: here we are the client. Plain data, no library.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

REFUSED: Final = object()
"""The answer to a request that the server answered with an error: it cannot say."""


class Wire:
    """One process. Everything but `send` is safe from any thread; `send` needs its lock held by
    nobody else, which `lock` is for: notifications and the request behind them stay together."""

    def __init__(
        self, command: list[str], cwd: str | None, settings: Mapping[str, Any],
        on_end: Callable[[Wire], None],
    ) -> None:  # fmt: skip
        """Raises OSError when the program cannot be started."""
        self.lock = threading.RLock()
        self._settings = settings
        self._on_end = on_end
        self._ids = itertools.count(1)
        self._condition = threading.Condition()
        self._answers: dict[int, Any] = {}
        self._waiting: set[int] = set()
        self.alive = True
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # some are a script around the program that does the work
        )
        threading.Thread(target=self._read, name="treewright-wire", daemon=True).start()

    def notify(self, method: str, params: Any) -> None:
        """Raises OSError, ValueError when the child has gone."""
        self._write({"method": method, "params": params})

    def request(self, method: str, params: Any) -> int:
        """Raises OSError, ValueError when the child has gone."""
        id_ = next(self._ids)
        with self._condition:
            self._waiting.add(id_)
        self._write({"id": id_, "method": method, "params": params})
        return id_

    def wait(self, id_: int, timeout_s: float) -> tuple[bool, Any]:
        """(whether the answer has come, the answer). An error is the answer REFUSED."""
        with self._condition:
            if id_ not in self._answers and self.alive:
                self._condition.wait_for(
                    lambda: id_ in self._answers or not self.alive, max(0.0, timeout_s)
                )
            if id_ in self._answers:
                return True, self._answers.pop(id_)
            return not self.alive, None

    def forget(self, id_: int) -> None:
        """Cancel a request whose answer nobody wants any more."""
        with self._condition:
            self._answers.pop(id_, None)
            if id_ not in self._waiting:
                return
            self._waiting.discard(id_)
        with contextlib.suppress(OSError, ValueError):
            self.notify("$/cancelRequest", {"id": id_})

    def kill(self) -> None:
        self.alive = False
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        with self._condition:
            self._condition.notify_all()

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()
        with self.lock:
            stdin = self.process.stdin
            assert stdin is not None
            stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            stdin.flush()

    def _read(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        try:
            while (body := _frame(stdout)) is not None:
                self._take(json.loads(body))
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            RecursionError,
        ):  # it went, or it does not speak JSON
            pass
        self.alive = False
        with self._condition:
            self._condition.notify_all()
        self._on_end(self)

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            raise ValueError("not a message")
        given: dict[str, Any] = message  # pyright: ignore[reportUnknownVariableType]
        if "method" not in given:
            with self._condition:
                if given.get("id") in self._waiting:
                    self._waiting.discard(given["id"])
                    failed = "error" in given and given.get("result") is None
                    self._answers[given["id"]] = REFUSED if failed else given.get("result")
                    self._condition.notify_all()
        elif "id" in given:
            with contextlib.suppress(OSError, ValueError):
                answer = self._own(str(given["method"]), given.get("params"))
                self._write({"id": given["id"], "result": answer})

    def _own(self, method: str, params: Any) -> Any:
        """What the server asks of its client."""
        if method == "workspace/configuration":
            items: list[Any] = params["items"]
            return [self._settings.get(item.get("section") or "") for item in items]
        if method == "workspace/applyEdit":
            return {"applied": False}
        return None


def _frame(stream: IO[bytes]) -> bytes | None:
    """The body of the next message; None at the end. Raises ValueError for rubbish."""
    length = -1
    while True:
        line = stream.readline(4096)
        if not line:
            return None
        if line in (b"\r\n", b"\n"):
            if length < 0:
                raise ValueError("a message without Content-Length")
            return stream.read(length)
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
