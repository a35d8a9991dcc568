"""Forked children that work through candidates, a few at a time."""

from __future__ import annotations

import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from treewright_agent.repair.host.limits import TIMED_OUT
from treewright_agent.repair.host.wire import LineReader

Candidate = dict[str, Any]
Work = Callable[[Sequence[Candidate], int], None]
"""Runs in the child: judges the candidates and sends one line for each to the descriptor,
and at the end `{"done": true, "disturbed": [candidates]}`."""


class _Child(NamedTuple):
    pid: int
    reader: LineReader
    left: deque[Candidate]
    heard: list[float]
    """When the last answer came (one element, monotonic seconds)."""


def in_child(work: Callable[[int], None]) -> tuple[int, int]:
    """Fork; the child runs `work` on the writing end of a pipe and is gone afterwards.

    Returns (its id, the reading end)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        os.close(reading)
        os.setpgid(0, 0)
        work(writing)
        code = 0
    finally:
        os._exit(code)


def end(pid: int) -> int:
    """Kill the child and what it started, and return its exit status."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            continue
    _, status = os.waitpid(pid, 0)
    return status


def run(
    candidates: Sequence[Candidate],
    work: Work,
    report: Callable[[dict[str, Any]], bool],
    *,
    n_jobs: int,
    batch: int,
    patience: float,
) -> list[Candidate]:
    """Judge all candidates; `report` gets each verdict and returns False to stop early.

    A child that says nothing for `patience` seconds is killed and its current candidate
    counts as timed out. Returns the candidates of batches that disturbed the program, to be
    judged again one by one.
    """
    waiting = deque(candidates)
    children: dict[int, _Child] = {}
    disturbed: list[Candidate] = []
    stopped = False

    def start(chosen: Sequence[Candidate]) -> None:
        pid, fd = in_child(lambda out: work(chosen, out))
        children[fd] = _Child(pid, LineReader(fd), deque(chosen), [time.monotonic()])

    def finish(fd: int, verdict: str | None) -> None:
        child = children.pop(fd)
        os.close(fd)
        status = end(child.pid)
        if not child.left or stopped:
            return
        if verdict is None:
            hung = os.WIFEXITED(status) and os.WEXITSTATUS(status) == TIMED_OUT
            verdict = "timeout" if hung else "died"
        current = child.left.popleft()
        report({"id": current["id"], "result": verdict})
        if child.left:
            start(list(child.left))

    try:
        while (waiting and not stopped) or children:
            while waiting and not stopped and len(children) < n_jobs:
                start([waiting.popleft() for _ in range(min(batch, len(waiting)))])
            ready, _, _ = select.select(list(children), [], [], patience / 4)
            now = time.monotonic()
            for fd in ready:
                child = children[fd]
                done = False
                for message in child.reader.feed():
                    child.heard[0] = now
                    if message.get("done"):
                        done = True
                        disturbed += message["disturbed"]
                        continue
                    if child.left and message.get("id") == child.left[0]["id"]:
                        child.left.popleft()
                        if not report(message):
                            stopped = True
                if done or not child.reader.open:
                    finish(fd, None)
            for fd, child in list(children.items()):
                if stopped:
                    finish(fd, None)
                elif now - child.heard[0] > patience:
                    finish(fd, "timeout")
    finally:
        for fd, child in children.items():
            os.close(fd)
            end(child.pid)
    return disturbed
