"""The linter is found whoever asks first, and however many ask at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# In a fresh process: `sysconfig` must not have been used before.
AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
from treewright_agent.verify.ruff import find_ruff
barrier, found = threading.Barrier(12), []
def ask():
    barrier.wait()
    found.append(find_ruff())
threads = [threading.Thread(target=ask) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 12 and len(set(found)) == 1 and found[0], found
"""


@pytest.mark.parametrize("attempt", range(3))
def test_many_ask_at_once(attempt: int) -> None:
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_half_of_sysconfigs_variables_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    from treewright_agent.verify import ruff as module

    def half() -> str:
        raise TypeError('can only concatenate str (not "NoneType") to str')

    monkeypatch.setattr("ruff.find_ruff_bin", half)
    module._find_ruff.cache_clear()
    try:
        assert module.find_ruff()
    finally:
        module._find_ruff.cache_clear()
