"""A Workshop for tests: a plain copy in a temporary folder, pytest in a child process.

It isolates nothing; the sandbox has tests of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from treewright_agent.changes import SourceChange
from treewright_agent.tools.bench import CommandRun, Failure, TestRun
from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot


class CopyWorkshop:
    def __init__(self, snapshot: Snapshot, root: str) -> None:
        self._snapshot, self._root = snapshot, root
        self.runs: list[tuple[str, ...]] = []

    def test(
        self, change: SourceChange, selection: Sequence[str], timeout_s: float, token: CancelToken
    ) -> TestRun:
        self.runs.append(tuple(selection))
        with tempfile.TemporaryDirectory() as folder:
            work = self._copy(change, folder)
            report = os.path.join(folder, "report.xml")
            argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selection]
            run = _run([*argv, f"--junitxml={report}"], work, timeout_s, token)
            failures, n_run = _parsed(report)
            kinds = {0: "passed", 1: "failed", 2: "collection", 5: "no_tests", 4: "collection"}
            kind = "timeout" if run.limit else kinds.get(run.returncode, "crash")
            return TestRun(
                run.returncode == 0 and n_run > 0, run.returncode, run.stdout, run.stderr, {}, kind,
                failures, n_run, ("python", *argv[1:]), run.seconds,
            )  # fmt: skip

    def command(
        self, change: SourceChange, argv: Sequence[str], workdir: str, timeout_s: float,
        max_output: int, token: CancelToken,
    ) -> CommandRun:  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            work = self._copy(change, folder)
            return _run(list(argv), os.path.join(work, workdir), timeout_s, token)

    def build(self, change: SourceChange, timeout_s: float, token: CancelToken) -> TestRun:
        with tempfile.TemporaryDirectory() as folder:
            work = self._copy(change, folder)
            argv = [sys.executable, "-m", "compileall", "-q", "."]
            run = _run(argv, work, timeout_s, token)
            return TestRun(run.returncode == 0, run.returncode, run.stdout, run.stderr, n_run=1)

    def close(self) -> None: ...

    def _copy(self, change: SourceChange, folder: str) -> str:
        work = os.path.join(folder, "work")
        ignored = shutil.ignore_patterns(".git", "__pycache__")
        shutil.copytree(self._root, work, ignore=ignored, symlinks=True)
        for path, text in change.apply(self._snapshot.text).items():
            target = Path(work, os.path.relpath(path, self._root))
            if text is None:
                target.unlink(missing_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.to_disk())
        return work


def _run(argv: list[str], folder: str, timeout_s: float, token: CancelToken) -> CommandRun:
    started = time.monotonic()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": folder}
    child = subprocess.Popen(
        argv, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    limit = ""
    while True:
        try:
            out, err = child.communicate(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            if token.cancelled or time.monotonic() - started > timeout_s:
                limit = "timeout"
                child.kill()
    token.check()
    return CommandRun(child.returncode, out, err, time.monotonic() - started, limit, level="none")


def _parsed(report: str) -> tuple[tuple[Failure, ...], int]:
    if not os.path.exists(report):
        return (), 0
    failures: list[Failure] = []
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    for case in cases:
        for kind in ("failure", "error"):
            for found in case.iter(kind):
                path = case.get("classname", "").replace(".", "/") + ".py"
                text = found.text or ""
                lines = re.findall(rf"^{re.escape(path)}:(\d+)", text, re.MULTILINE)
                message = found.get("message", "")
                error = message.partition(":")[0] if ":" in message else "AssertionError"
                failures.append(
                    Failure(
                        f"{path}::{case.get('name')}",
                        path,
                        int(lines[-1]) if lines else 0,
                        error,
                        message[:300],
                    )
                )
    return tuple(failures), len(cases)
