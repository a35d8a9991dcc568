"""HostSession: the process that has the project's tests loaded, and the talk with it."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from treewright_agent.repair.model import Combination, Failed, Observed, TestCase, Unit
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError

HOST = Path(__file__).parent / "host"
"""The folder that the sandbox must let the interpreter read."""


class HostFailedError(TreewrightError):
    """The tests could not be loaded, or the process that held them ended."""


class OutOfTimeError(HostFailedError):
    """The deadline passed while the tests ran."""


class Process(Protocol):
    """What a session needs of a started process; see `sandbox.Running`."""

    stdin_fd: int
    stdout_fd: int

    def close_stdin(self) -> None: ...
    def wait(self, seconds: float) -> None: ...
    def kill(self) -> None: ...
    def tail(self) -> str:
        """The last of what it wrote to stderr."""
        ...


Start = Callable[[Sequence[str], str], Process]
"""(argv, working folder) -> the running process, inside the sandbox."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the tests of a folder are run."""

    root: str
    """The shadow copy, absolute."""
    interpreter: str
    runner: str
    """pytest, unittest, script"""
    arguments: tuple[str, ...]
    path: tuple[str, ...]
    """Put in front of sys.path."""
    plugins: bool = True
    """False: pytest loads no installed plugins, which is faster."""


class HostSession:
    def __init__(self, start: Start, plan: Plan, n_jobs: int) -> None:
        argv = [plan.interpreter, "-X", "utf8", str(HOST / "__main__.py")]
        self._process = start(argv, plan.root)
        self._rest = b""
        self._lines: list[bytes] = []
        self.cpu_s = 0.0
        self._request = {
            "do": "load",
            "root": plan.root,
            "runner": plan.runner,
            "arguments": list(plan.arguments),
            "path": list(plan.path),
            "plugins": plan.plugins,
            "jobs": n_jobs,
        }

    def close(self) -> None:
        """End the process; a moment is left to it, so that the time it used is accounted for."""
        self._process.close_stdin()
        self._process.wait(0.3)
        self._process.kill()

    # ---------------------------------------------------------------- commands

    def load(self, token: CancelToken, deadline: float) -> Observed:
        """Collect and run every test once. Raises HostFailedError."""
        tests: list[TestCase] = []
        errors: list[tuple[str, Failed]] = []
        for row in self._ask(self._request, token, deadline):
            if "error" in row:
                errors.append((str(row["error"]), Failed.of(row["failure"])))
            elif "outcome" in row:
                test = tests[int(row["test"])]
                test.outcome = str(row["outcome"])
                test.seconds = float(row["seconds"])
                if "failure" in row:
                    test.failed = Failed.of(row["failure"])
            elif "id" in row:
                tests.append(
                    TestCase(len(tests), str(row["id"]), str(row["file"]), int(row["line"]))
                )
        return Observed(tests, errors)

    def trace(
        self, observed: Observed, tests: Sequence[int], limit_s: float, total_s: float,
        token: CancelToken, deadline: float,
    ) -> None:  # fmt: skip
        """Fill in the lines that tests run and the types that names hold."""
        request = {"do": "trace", "tests": list(tests), "limit": limit_s, "total": total_s}
        for row in self._ask(request, token, deadline):
            if "lines" not in row:
                continue
            observed.tests[int(row["test"])].lines = row["lines"]
            for place, names in row["types"].items():
                known = observed.types.setdefault(place, {})
                for name, kinds in names.items():
                    merged = known.setdefault(name, [])
                    merged += [kind for kind in kinds if kind not in merged]

    def attempt(
        self, combinations: Sequence[tuple[int, Combination]], request: Mapping[str, Any],
        token: CancelToken, deadline: float, *, fresh: bool,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """One verdict per candidate, as they come; a candidate may be judged twice."""
        rows = [
            {"id": number, **(_files(combination) if fresh else _units(combination))}
            for number, combination in combinations
        ]
        message = {**request, "do": "fresh" if fresh else "try", "candidates": rows}
        yield from self._ask(message, token, deadline)

    def behave(
        self, unit: Unit, patches: Sequence[tuple[int, Combination]], request: Mapping[str, Any],
        token: CancelToken, deadline: float,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        rows = [{"id": number, **_units(combination)} for number, combination in patches]
        message = {**request, "do": "behave", "unit": unit.to_json([]), "patches": rows}
        yield from self._ask(message, token, deadline)

    # ---------------------------------------------------------------- the wire

    def _ask(
        self, request: Mapping[str, Any], token: CancelToken, deadline: float
    ) -> Iterator[dict[str, Any]]:
        """The rows of an answer. Raises HostFailedError when the process is gone, and when
        nothing has come at `deadline` (monotonic seconds)."""
        self._write((json.dumps(request) + "\n").encode())
        while True:
            for line in self._take_lines():
                row = _row(line)
                if row is None:
                    continue
                if "end" in row:
                    self.cpu_s = max(self.cpu_s, float(row.get("cpu", 0.0)))
                    if row["end"] == "session":
                        raise HostFailedError(self._why(row))
                    return
                yield row
            self._wait(token, deadline)

    def _why(self, row: Mapping[str, Any]) -> str:
        text = str(row.get("error", "")).strip() or self._process.tail().strip()
        last = text.splitlines()[-1] if text else f"the test runner ended with {row.get('code')}"
        return f"the tests could not be loaded: {last}"

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._process.stdin_fd, data) :]
        except OSError as error:
            raise HostFailedError(
                f"the test process ended: {self._process.tail()[-500:]}"
            ) from error

    def _take_lines(self) -> Iterator[bytes]:
        while self._lines:
            yield self._lines.pop(0)

    def _wait(self, token: CancelToken, deadline: float) -> None:
        while True:
            token.check()
            if time.monotonic() > deadline:
                raise OutOfTimeError("the time for the repair is used up")
            ready, _, _ = select.select([self._process.stdout_fd], [], [], 0.1)
            if ready:
                break
        chunk = os.read(self._process.stdout_fd, 1 << 18)
        if not chunk:
            tail = self._process.tail().strip()
            raise HostFailedError(f"the test process ended: {tail[-500:]}")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines += lines


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row: Any = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _units(combination: Combination) -> dict[str, Any]:
    """The candidate by function: what the host swaps."""
    units: dict[str, tuple[Unit, list[Any]]] = {}
    for part in combination.parts:
        assert part.unit is not None
        units.setdefault(part.unit.key, (part.unit, []))[1].extend(part.edits)
    return {"units": [unit.to_json(edits) for unit, edits in units.values()]}


def _files(combination: Combination) -> dict[str, Any]:
    return {
        "files": {
            file: [edit.to_json() for edit in edits]
            for file, edits in combination.by_file().items()
        }
    }
