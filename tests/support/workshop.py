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
import traceback
import types
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


class ExecWorkshop(CopyWorkshop):
    """Runs test functions of flat modules in this process: for cases whose code is known to be
    harmless and that must be quick."""

    def test(
        self, change: SourceChange, selection: Sequence[str], timeout_s: float, token: CancelToken
    ) -> TestRun:
        self.runs.append(tuple(selection))
        texts = {os.path.relpath(path, self._root): self._snapshot.text(path).string
                 for path in self._snapshot.files() if path.endswith(".py")}  # fmt: skip
        for path, text in change.apply(self._snapshot.text).items():
            texts[os.path.relpath(path, self._root)] = "" if text is None else text.string
        names = {path.removesuffix(".py"): path for path in texts}
        before = {name: sys.modules.get(name) for name in names}
        failures: list[Failure] = []
        n_run = 0
        try:
            for name in sorted(names, key=lambda name: name.startswith("test_")):
                module = sys.modules[name] = types.ModuleType(name)
                exec(compile(texts[names[name]], names[name], "exec"), module.__dict__)
                for case in [c for c in list(vars(module)) if c.startswith("test_")]:
                    if not callable(vars(module)[case]) or (
                        selection and names[name] not in selection
                    ):
                        continue
                    n_run += 1
                    try:
                        vars(module)[case]()
                    except Exception as error:
                        failures.append(
                            Failure(f"{names[name]}::{case}", names[name], _line(error, names[name]),
                                    type(error).__name__, str(error) or _values(error))
                        )  # fmt: skip
        finally:
            for name, module in before.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module
        kind = "failed" if failures else "passed" if n_run else "no_tests"
        return TestRun(
            bool(n_run) and not failures, 1 if failures else 0 if n_run else 5, "", "", {}, kind,
            tuple(failures), n_run, ("python", "-m", "pytest", "-q", *selection), 0.0,
        )  # fmt: skip


def _line(error: BaseException, path: str) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == path), 0)


def _values(error: BaseException) -> str:
    """What a bare assertion compared, enough to tell two failures apart."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return ""
    values: list[str] = []
    for name, value in frame.tb_frame.f_globals.items():
        if (
            callable(value)
            and getattr(value, "__module__", "") != "builtins"
            and not name.startswith(("_", "test_"))
        ):
            try:
                values.append(f"{name}(2, 3) = {value(2, 3)}")
            except Exception:
                continue
    return "; ".join(values)
