"""The usual faults of a set-up, each with its fix: checks of `treewright doctor`.

A check returns what it found, or raises RuntimeError with what is wrong and what to do about it.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

from treewright_server.homes import home_folder

MIN_FREE_MB = 500
MIN_WATCHES = 16_384
_CONNECT_S = 2.0


def disk() -> str:
    folder = home_folder("cache")
    while not folder.exists() and folder.parent != folder:
        folder = folder.parent
    free = shutil.disk_usage(folder).free >> 20
    if free < MIN_FREE_MB:
        raise RuntimeError(
            f"{free} MB are free where the index lives ({folder}): make room, or move it with TREEWRIGHT_HOME"
        )
    return f"{free} MB free"


def watching(limit_file: Path = Path("/proc/sys/fs/inotify/max_user_watches")) -> str:
    try:
        limit = int(limit_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return "by the system's own means"
    if limit < MIN_WATCHES:
        raise RuntimeError(
            f"inotify watches at most {limit} folders: in a large workspace changes are seen late;"
            " raise it with `sysctl fs.inotify.max_user_watches=524288`"
        )
    return f"inotify, up to {limit} folders"


def model() -> str:
    """Whether the address that the user named answers; no other address is spoken to."""
    from treewright_server.cli.support import load_settings

    layer = load_settings().agent
    address = layer.openai_base_url
    if not address:
        if layer.openai_api_key:
            return "a key without an address: set OPENAI_BASE_URL to use it; rules work without"
        return "none is set up; what rules can prove works without"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RuntimeError(
            f"OPENAI_BASE_URL is no address: {address!r}; it looks like http://127.0.0.1:8080/v1"
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), _CONNECT_S).close()
    except OSError as error:
        raise RuntimeError(
            f"{parts.hostname}:{port} does not answer ({error}): start the server, or correct OPENAI_BASE_URL"
        ) from error
    return f"{layer.finetuned_model or layer.model or 'default'} at {parts.hostname}:{port}"


def trust() -> str:
    from treewright_server import dotenv
    from treewright_server.cli.support import load_settings

    if not load_settings().agent.trusted:
        return "TREEWRIGHT_TRUSTED says no: nothing is run or written"
    _, refused = dotenv.read(os.getcwd())
    if refused:
        raise RuntimeError(refused)
    return "folders are trusted unless the editor or TREEWRIGHT_TRUSTED says otherwise"


def audit() -> str:
    """Whether the record of what tasks did is as it was written."""
    from treewright_agent.episodes import Episodes

    path = home_folder("data") / "agent" / "episodes.db"
    if not path.is_file():
        return "no task has been recorded"
    episodes = Episodes("", path)
    try:
        broken = episodes.verify_audit()
    finally:
        episodes.close()
    if broken:
        raise RuntimeError(
            f"the record of past tasks was altered: {broken}; delete {path} to begin a new one"
        )
    return "the record of past tasks is unbroken"


def crashes() -> str:
    from treewright_server.crashes import reports

    folder = home_folder("log")
    faults = folder / "faults.log"
    found = reports(folder / "crashes")
    if faults.is_file() and faults.stat().st_size:
        raise RuntimeError(
            f"a fault has killed treewright before: {faults} says where; please report it, then delete the file"
        )
    if found:
        return f"{len(found)} kinds of errors, the last on {found[0].get('time')}: {folder / 'crashes'}"
    return "none"
