"""Ends the server when the process that started it is gone, without waking up to look.

Linux tells through a descriptor of the process; elsewhere it is asked for every few seconds.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

POLL_S = 3.0


def watch(process_id: int, closed: Callable[[], bool], gone: Callable[[], None]) -> None:
    """Call `gone` from a thread once the process is no more, unless we `closed` before.

    A process that is not there to begin with is not watched: the client runs elsewhere (outside
    the container, say), and its number means nothing here.
    """
    if not process_exists(process_id):
        return

    def run() -> None:
        wait_for_end(process_id, closed)
        if not closed():
            gone()

    threading.Thread(target=run, name="treewright-parent", daemon=True).start()


def wait_for_end(process_id: int, closed: Callable[[], bool]) -> None:
    descriptor = _process_descriptor(process_id)
    if descriptor is not None:
        import select

        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
        os.close(descriptor)
        return
    while process_exists(process_id) and not closed():
        time.sleep(POLL_S)


def _process_descriptor(process_id: int) -> int | None:
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(process_id)
    except OSError:  # an old kernel, a sandbox, or a process in another namespace
        return None


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
