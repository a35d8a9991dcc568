"""A watch over a command and everything it started: memory, processor time, process count.

Works without resource limits of the system, which have gaps (the process limit does nothing
for root, the memory limit counts address space): on Linux from /proc, elsewhere with psutil
where that is installed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from treewright_agent.sandbox.policy import Limits


class Usage(NamedTuple):
    """Of a whole tree of processes."""

    n_processes: int
    memory_bytes: int
    cpu_s: float


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def usage_of(pid: int) -> Usage:
    """What `pid` and its descendants use now; processes that ended are counted by those that
    waited for them."""
    if sys.platform == "linux":
        return _from_proc(pid)
    return _from_psutil(pid)


def _from_proc(root: int) -> Usage:
    rows: dict[int, tuple[int, int, float]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123 - thousands per minute
                fields = stat.read().rsplit(b")", 1)[1].split()
        except OSError:
            continue
        ticks = sum(map(int, fields[11:15]))  # own and waited-for, user and system
        rows[int(name)] = int(fields[1]), int(fields[21]) * _PAGE, ticks / _TICKS
    children: dict[int, list[int]] = {}
    for pid, (parent, _, _) in rows.items():
        children.setdefault(parent, []).append(pid)
    pending, n, memory, cpu = [root], 0, 0, 0.0
    while pending:
        pid = pending.pop()
        row = rows.get(pid)
        if row is not None:
            n, memory, cpu = n + 1, memory + row[1], cpu + row[2]
        pending += children.get(pid, [])
    return Usage(n, memory, cpu)


def _from_psutil(root: int) -> Usage:
    try:
        import psutil

        first = psutil.Process(root)
        everything = [first, *first.children(recursive=True)]
    except Exception:  # not installed, or gone already: nothing to say
        return Usage(0, 0, 0.0)
    n, memory, cpu = 0, 0, 0.0
    for process in everything:
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory += process.memory_info().rss
                cpu += times.user + times.system
                n += 1
        except psutil.Error:
            continue
    return Usage(n, memory, cpu)


def broken_limit(usage: Usage, limits: Limits) -> str:
    """The limit that is passed: "memory", "cpu", "processes", or ''."""
    if usage.memory_bytes > limits.memory_bytes:
        return "memory"
    if usage.cpu_s > limits.cpu_s:
        return "cpu"
    return "processes" if usage.n_processes > limits.n_processes else ""


def free_bytes(folder: str) -> int:
    """What is free where `folder` lies; 0 when nobody can say."""
    try:
        found = os.statvfs(folder)
    except (OSError, AttributeError):
        return 0
    return found.f_bavail * found.f_frsize


Measure = Callable[[int], Usage]
Environment = Mapping[str, str]
