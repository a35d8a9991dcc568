"""Whether a folder's tests need the plugins that are installed beside pytest.

Loading all of them takes longer than most test runs, and most tests use none. Where neither the
tests nor their settings speak of one, they are left out; when the run then looks as if one was
missing, it is repeated with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from treewright_agent.tools.bench import TestRun
from treewright_indexer.errors import TreewrightError
from treewright_indexer.snapshot import Snapshot

_WORDS = (
    b"pytest_plugins", b"asyncio", b"anyio", b"mocker", b"hypothesis", b"django_db", b"benchmark",
    b"freezer", b"httpx_mock", b"requests_mock", b"snapshot", b"faker", b"trio", b"async def test",
)  # fmt: skip
_SETTINGS = ("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", ".pytest.ini")
_SETTING_WORDS = (
    b"addopts", b"required_plugins", b"asyncio_mode", b"DJANGO_SETTINGS", b"timeout",
)  # fmt: skip


def wanted(snapshot: Snapshot, root: str, tests: Iterable[str]) -> bool:
    """Do the tests, their conftest files or their settings speak of plugins?"""
    prefix = root.rstrip(os.sep) + os.sep
    paths = [os.path.join(root, test) for test in tests]
    paths += [
        path
        for path in snapshot.files()
        if path.endswith("conftest.py") and path.startswith(prefix)
    ]
    if any(_says(snapshot, path, _WORDS) for path in paths):
        return True
    return any(_says(snapshot, os.path.join(root, name), _SETTING_WORDS) for name in _SETTINGS)


def _says(snapshot: Snapshot, path: str, words: tuple[bytes, ...]) -> bool:
    if not snapshot.exists(path):
        return False
    try:
        data = snapshot.text(path).data
    except TreewrightError:
        return True  # nobody knows what stands there
    return any(word in data for word in words)


def missed(run: TestRun) -> bool:
    """Did the run fail only because a plugin was not loaded?"""
    if run.passed:
        return False
    if run.kind in ("environment", "collection", "crash"):
        return True
    texts = [failure.message for failure in run.failures]
    return any(
        ("fixture" in text and "not found" in text)
        or "async def functions are not natively supported" in text
        for text in texts
    )
