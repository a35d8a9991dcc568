"""Run tests in this (forked, disposable) process and say what came of them."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
import types
from collections.abc import Mapping, Sequence
from typing import Any

from treewright_agent.repair.host.collect import Failure, Test
from treewright_agent.repair.host.limits import Timer
from treewright_agent.repair.host.spectrum import Spectrum
from treewright_agent.repair.host.state import State
from treewright_agent.repair.host.swap import Swapper, Unit, Unswappable

_ENOUGH_FAILED = 6
"""A candidate after which so many failing tests still fail, and none passes, is given up."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_MAX_FRAMES = 40


def signature(failure: Failure) -> str:
    """The same for two failures that a reader would call the same."""
    text = _ADDRESS.sub("0x", f"{failure.kind}:{failure.message()}")
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def described(failure: Failure, root: str) -> dict[str, Any]:
    """For the driver: exception, message, and the project's frames, innermost last."""
    frames: list[list[Any]] = []
    traceback = failure.traceback
    prefix = os.path.realpath(root) + os.sep
    while traceback is not None:
        code = traceback.tb_frame.f_code
        path = os.path.realpath(code.co_filename)
        if path.startswith(prefix):
            name = path[len(prefix) :].replace(os.sep, "/")
            frames.append([name, traceback.tb_lineno, code.co_name])
        traceback = traceback.tb_next
    row: dict[str, Any] = {
        "kind": failure.kind,
        "bases": [base.__name__ for base in type(failure.error).__mro__[:-2]]
        if failure.error is not None
        else [],
        "message": failure.message(),
        "frames": frames[-_MAX_FRAMES:],
        "phase": failure.phase,
        "signature": signature(failure),
    }
    error: Any = failure.error
    if isinstance(error, SyntaxError):
        row["frames"] = [*row["frames"], [_below(prefix, error.filename), error.lineno or 1, ""]]
    for attribute in ("name", "obj"):  # NameError, AttributeError, ImportError
        value = getattr(error, attribute, None)
        if value is not None:
            row[attribute] = value if isinstance(value, str) else type(value).__name__
    return row


def _below(prefix: str, filename: str | None) -> str:
    path = os.path.realpath(filename or "")
    return path[len(prefix) :].replace(os.sep, "/") if path.startswith(prefix) else ""


def run_once(test: Test, timer: Timer, limit: float) -> tuple[Failure | None, float]:
    """(why it failed or None, CPU seconds). A test that ran out of time failed of that."""
    started = time.process_time()
    timer.start(limit)
    try:
        failure = test.run()
    except BaseException as error:
        failure = Failure(type(error).__name__, error, error.__traceback__)
    finally:
        timer.stop()
    if timer.expired:
        failure = Failure("OutOfTime", None, failure.traceback if failure else None)
    return failure, time.process_time() - started


def baseline(tests: Sequence[Test], timer: Timer, root: str) -> Any:
    """One row per test. What does not end quickly is given more time, unless the first of
    them hangs then too: tests that hang must not use up the budget."""
    slow: list[int] = []
    longest = 0.0
    for index, test in enumerate(tests):
        if test.skipped:
            yield {"test": index, "outcome": "skipped", "seconds": 0.0}
            continue
        failure, seconds = run_once(test, timer, _QUICK if not slow else _QUICK / 3)
        if failure is not None and failure.kind == "OutOfTime":
            slow.append(index)
            continue
        longest = max(longest, seconds)
        yield _row_of(index, failure, seconds, root)
    # a test a hundred times as slow as every other one hangs
    hangs = 0 < longest * 100 < _QUICK
    for index in slow:
        if hangs:
            yield {"test": index, "outcome": "timeout", "seconds": _QUICK, "failure": _HUNG}
            continue
        failure, seconds = run_once(tests[index], timer, _PATIENT if index != slow[0] else _SLOW)
        hangs = failure is not None and failure.kind == "OutOfTime"
        yield _row_of(index, failure, seconds, root)


_QUICK, _SLOW, _PATIENT = 0.3, 1.5, 10.0
_HUNG = {
    "kind": "OutOfTime",
    "bases": ["OutOfTime"],
    "message": "",
    "frames": [],
    "signature": "hung",
}


def _row_of(index: int, failure: Failure | None, seconds: float, root: str) -> dict[str, Any]:
    if failure is None:
        return {"test": index, "seconds": seconds, "outcome": "passed"}
    outcome = "timeout" if failure.kind == "OutOfTime" else "failed"
    return {
        "test": index, "seconds": seconds, "outcome": outcome, "failure": described(failure, root)
    }  # fmt: skip


def traced(
    tests: Sequence[tuple[int, Test]], timer: Timer, limit: float, total: float, root: str
) -> Any:
    """One row per test with the lines it runs, until `total` CPU seconds are used."""
    started = time.process_time()
    for index, test in tests:
        if time.process_time() - started > total:
            return
        spectrum = Spectrum(root)
        with spectrum:
            failure, _ = run_once(test, timer, limit)
        if failure is not None:
            spectrum.ended_at(failure.traceback)
        yield {
            "test": index,
            "lines": {file: sorted(lines) for file, lines in spectrum.lines.items()},
            "types": spectrum.types,
        }


class Judge:
    """Judges candidates one after the other in this process."""

    def __init__(
        self, root: str, tests: Sequence[Test], swapper: Swapper, request: Mapping[str, Any]
    ) -> None:
        self._tests = tests
        self._swapper = swapper
        self._targets: list[int] = list(request["targets"])
        self._keep: list[int] = list(request["keep"])
        self._limit = float(request["limit"])
        self._keep_limits: dict[int, float] = {
            int(index): float(seconds) for index, seconds in request["keep_limits"].items()
        }
        self._expected: dict[int, str] = {
            int(index): value for index, value in request.get("signatures", {}).items()
        }
        self._every_target = bool(request.get("every_target", True))
        self._state = State(root, swapper.functions())
        self._timer = Timer()

    def judge(self, candidate: Mapping[str, Any]) -> dict[str, Any]:
        self._state.restore()
        try:
            for row in candidate["units"]:
                self._swapper.put(Unit.of(row), row["edits"])
        except (SyntaxError, ValueError, RecursionError):
            self._swapper.restore()
            return {"id": candidate["id"], "result": "invalid"}
        except Unswappable:
            self._swapper.restore()
            return {"id": candidate["id"], "result": "fresh"}
        try:
            return {"id": candidate["id"], **self._verdict()}
        finally:
            self._swapper.restore()

    def _verdict(self) -> dict[str, Any]:
        passed: list[int] = []
        failed: dict[str, str] = {}
        timed_out = False
        for position, index in enumerate(list(self._targets)):
            failure, _ = run_once(self._tests[index], self._timer, self._limit)
            if failure is None:
                passed.append(index)
                continue
            failed[str(index)] = signature(failure)
            timed_out = timed_out or failure.kind == "OutOfTime"
            hopeless = len(failed) >= _ENOUGH_FAILED and not passed
            if not self._every_target or timed_out or hopeless:
                # the next candidate most likely fails here too
                self._targets.insert(0, self._targets.pop(position))
                break
        row: dict[str, Any] = {"passed": passed, "failed": failed}
        if failed:
            row["result"] = "timeout" if timed_out else "fail"
            if not passed:
                return row
        broken = self._first_broken()
        if broken is not None:
            index, kind = broken
            row["broke"] = index
            row["result"] = "timeout" if kind == "OutOfTime" else "fail"
        elif not failed:
            row["result"] = "pass"
        return row

    def _first_broken(self) -> tuple[int, str] | None:
        for position, index in enumerate(self._keep):
            limit = self._keep_limits.get(index, self._limit)
            failure, _ = run_once(self._tests[index], self._timer, limit)
            if failure is not None:
                self._keep.insert(0, self._keep.pop(position))
                return index, failure.kind
        return None

    def undisturbed(self) -> bool:
        """Does the original program still behave as at first? Else a candidate left traces."""
        self._state.restore()
        for index, expected in list(self._expected.items())[:2]:
            failure, _ = run_once(self._tests[index], self._timer, self._limit)
            if (signature(failure) if failure else "") != expected:
                return False
        for index in self._keep[:2]:
            limit = self._keep_limits.get(index, self._limit)
            if run_once(self._tests[index], self._timer, limit)[0] is not None:
                return False
        return True


def quiet() -> None:
    """Send what the tested code prints nowhere, and give it nothing to read."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if isinstance(reconfigure, types.MethodType):
            reconfigure(errors="replace")
