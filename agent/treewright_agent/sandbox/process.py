"""Start a held command, watch it, read what it says, and end it with all it started."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from treewright_agent.sandbox import levels
from treewright_agent.sandbox.policy import Level, Limits, Policy
from treewright_agent.sandbox.watch import broken_limit, free_bytes, usage_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError

_WATCH_EVERY_S = 0.1
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended. `limit` names the bound that ended it: time, cpu, memory, processes,
    disk, output; '' when it ended by itself. 128 + n is signal n."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    limit: str
    truncated: bool
    """The middle of its output was left out."""
    level: Level


class Running:
    """A started command with its pipes. End it with `kill`, or use it in `with`.

    **Invariant.** On Linux it ends with the thread that started it, so that thread must live
    as long as the command.
    """

    def __init__(self, prepared: levels.Prepared, limits: Limits) -> None:
        self.level = prepared.level
        self.limits = limits
        self.started = time.monotonic()
        self._private = prepared.private
        self._disk = prepared.private[0] if prepared.private else ""
        self._free = free_bytes(self._disk)
        self._closed = False
        try:
            self._process = subprocess.Popen(
                prepared.argv,
                cwd=prepared.cwd,
                env=prepared.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=prepared.pass_fds,
                start_new_session=True,
            )
        except BaseException:
            prepared.close()
            raise
        prepared.close_fds()
        self.stdin_fd, self.stdout_fd, self.stderr_fd = (
            pipe.fileno() if pipe is not None else -1
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def tail(self, limit: int = 4000) -> str:
        """What stands in stderr and was not read yet, its end."""
        os.set_blocking(self.stderr_fd, False)
        found = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(self.stderr_fd, _CHUNK):
                found = (found + chunk)[-limit:]
        return found.decode("utf-8", "replace")

    def broken_limit(self) -> str:
        if self._free - free_bytes(self._disk) > self.limits.disk_bytes:
            return "disk"
        return broken_limit(usage_of(self.pid), self.limits)

    def poll(self) -> int | None:
        code = self._process.poll()
        return None if code is None else _exit_code(code)

    def wait(self, seconds: float) -> None:
        """Until it ends, at most `seconds`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def close_stdin(self) -> None:
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            with contextlib.suppress(OSError):
                stdin.close()

    def kill(self) -> None:
        """End it with everything it started, and remove its private folders. Twice is once."""
        if self._closed:
            return
        self._closed = True
        end_tree(self._process)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        for folder in self._private:
            shutil.rmtree(folder, ignore_errors=True)


def _exit_code(code: int) -> int:
    return code if code >= 0 else 128 - code


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill the command. Its launcher takes what it started along; the process group is for
    sandboxes without one."""
    if process.poll() is None and hasattr(os, "killpg"):
        with contextlib.suppress(OSError):  # lets a launcher without namespaces kill its tree
            os.kill(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()


def start(argv: Sequence[str], cwd: str, policy: Policy) -> Running:
    """Start `argv` in the folder `cwd`. Raises RefusedError when the protection that the
    policy asks for is not to be had, with what to do about it."""
    return Running(levels.prepare(argv, cwd, policy), policy.limits)


def run(
    argv: Sequence[str], cwd: str, policy: Policy, token: CancelToken, stdin: bytes = b""
) -> Result:
    """Run `argv` to its end or to the first limit. Raises RefusedError as `start`, and
    CancelledError after the command and all it started are gone."""
    with start(argv, cwd, policy) as running:
        reader = _Reader(running, stdin, policy.limits)
        limit = reader.until_end(token)
        code = running.poll()
        if code is None:
            running.kill()
            code = running.poll()
        seconds = time.monotonic() - running.started
        if not limit and code in (128 + signal.SIGXCPU, 128 + signal.SIGKILL):
            limit = "cpu" if code == 128 + signal.SIGXCPU else limit
        return Result(
            code if code is not None else -1,
            reader.text(running.stdout_fd),
            reader.text(running.stderr_fd),
            seconds,
            limit,
            reader.truncated,
            running.level,
        )


def _ending_of(pid: int) -> int:
    """A descriptor that is readable once the process has ended; -1 where there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


class _Reader:
    """Feeds stdin and keeps the beginning and the end of both outputs."""

    def __init__(self, running: Running, stdin: bytes, limits: Limits) -> None:
        self._running = running
        self._stdin = stdin
        self._limits = limits
        self._heads: dict[int, bytearray] = {}
        self._tails: dict[int, bytearray] = {}
        self._n_bytes = 0
        self._dropped: dict[int, int] = {}

    @property
    def truncated(self) -> bool:
        return any(self._dropped.values())

    def text(self, fd: int) -> str:
        head, tail = self._heads.get(fd, bytearray()), self._tails.get(fd, bytearray())
        text = bytes(head).decode("utf-8", "replace")
        if self._dropped.get(fd):
            text += f"\n… {self._dropped[fd]} bytes left out …\n"
        return text + bytes(tail).decode("utf-8", "replace")

    def until_end(self, token: CancelToken) -> str:
        """The limit that ended the command, or ''."""
        running, limits = self._running, self._limits
        with contextlib.ExitStack() as closing:
            selector = closing.enter_context(selectors.DefaultSelector())
            for fd in (running.stdout_fd, running.stderr_fd):
                os.set_blocking(fd, False)
                selector.register(fd, selectors.EVENT_READ)
            if self._stdin:
                os.set_blocking(running.stdin_fd, False)
                selector.register(running.stdin_fd, selectors.EVENT_WRITE)
            else:
                running.close_stdin()
            watched = running.started
            ends = _ending_of(running.pid)  # wakes the selector the moment that it ends
            if ends >= 0:
                closing.callback(os.close, ends)
                selector.register(ends, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                if token.cancelled:
                    running.kill()
                    raise CancelledError("cancelled; the command was ended")
                if now - running.started > limits.wall_s:
                    return "time"
                if self._n_bytes > limits.flood_bytes:
                    return "output"
                if now - watched > _WATCH_EVERY_S:
                    watched = now
                    if broken := running.broken_limit():
                        return broken
                if not selector.get_map():  # both outputs are closed: it is about to end
                    running.wait(0.05)
                ended = running.poll() is not None
                for key, _ in selector.select(0 if ended else 0.05):
                    if key.fd != ends:
                        self._serve(selector, key.fd)
                if ended:
                    # what a left-over process still holds open is not waited for
                    for fd in (running.stdout_fd, running.stderr_fd):
                        self._drain(fd)
                    return ""

    def _serve(self, selector: selectors.BaseSelector, fd: int) -> None:
        if fd == self._running.stdin_fd:
            try:
                self._stdin = self._stdin[os.write(fd, self._stdin[:_CHUNK]) :]
            except BlockingIOError:
                return
            except OSError:
                self._stdin = b""
            if not self._stdin:
                selector.unregister(fd)
                self._running.close_stdin()
        elif self._read(fd) is None:
            selector.unregister(fd)

    def _drain(self, fd: int) -> None:
        with contextlib.suppress(OSError):
            while self._read(fd) and self._n_bytes <= self._limits.flood_bytes:
                pass

    def _read(self, fd: int) -> bool | None:
        """False when there is nothing at the moment, None at the end."""
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            return None
        self._n_bytes += len(chunk)
        half = self._limits.output_bytes // 2
        head = self._heads.setdefault(fd, bytearray())
        tail = self._tails.setdefault(fd, bytearray())
        room = half - len(head)
        head += chunk[: max(0, room)]
        tail += chunk[max(0, room) :]
        if len(tail) > half:
            self._dropped[fd] = self._dropped.get(fd, 0) + len(tail) - half
            del tail[: len(tail) - half]
        return True
