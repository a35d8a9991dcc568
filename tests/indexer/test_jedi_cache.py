"""A cache that a killed process left half written costs one answer's time, nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUESTION = {
    "id": 1, "ask": "types", "code": "import os\nd = os.getcwd()\n", "path": "/w/a.py", "line": 2,
    "column": 0, "project": None,
}  # fmt: skip


def ask(home: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "treewright_indexer.semantics.jedi_child"],
        input=json.dumps(QUESTION) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TREEWRIGHT_HOME": str(home), "PYTHONPATH": str(ROOT / "indexer")},
    )
    return json.loads(done.stdout)["answer"]


def test_a_broken_cache_is_mended(tmp_path: Path) -> None:
    first = ask(tmp_path)
    assert first
    pickles = list((tmp_path / "cache" / "jedi").rglob("*.pkl"))
    assert pickles, "the cache is kept apart, below treewright's own folder"
    for path in pickles:
        path.write_bytes(b"")
    assert ask(tmp_path) == first
