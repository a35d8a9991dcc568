# pyright: basic
# Works on values of the tested program, whose types nobody knows.
"""The command loop: load the tests once, then answer what the driver asks.

    {"do": "load", "root", "runner": "pytest" | "unittest" | "script", "arguments", "limit"}
    {"do": "trace", "tests": [[index, limit]], "total"}
    {"do": "try", "candidates", "targets", "keep", "limit", "keep_limits", ...}
    {"do": "fresh", "candidates", "targets", "keep", "limit", ...}   import anew for each
    {"do": "behave", "patches", "unit", ...}                           see `behave`

Each answer is lines that end with `{"end": <command>, "cpu": seconds of all so far}`.
"""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from treewright_agent.repair.host import collect, pool
from treewright_agent.repair.host.behave import behave
from treewright_agent.repair.host.collect import Collected, Test
from treewright_agent.repair.host.judge import (
    Judge,
    baseline,
    described,
    quiet,
    run_once,
    signature,
    traced,
)
from treewright_agent.repair.host.limits import Timer, limit_memory
from treewright_agent.repair.host.swap import Swapper, edited, overriding, read_utf8
from treewright_agent.repair.host.wire import LineReader, send

_MEMORY = 1 << 30
_BATCH = 32


def main() -> None:
    requests, answers = LineReader(os.dup(0)), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    load = requests.next()
    if load is None:
        return
    root = os.path.realpath(load["root"])
    os.chdir(root)
    sys.argv = [load["runner"]]
    for folder in reversed(load.get("path", [])):
        sys.path.insert(0, folder)
    if load["runner"] == "pytest":
        import pytest  # noqa: F401 - what follows forks, and the children need it
    helper = _start_helper(load, root, (requests.fd, answers))

    def serve(collected: Collected) -> None:
        Server(load, root, collected, requests, answers, helper).serve()
        os._exit(0)  # only children ran tests: there is nothing to tear down

    try:
        code = _collect(load, serve)
        send(answers, {"end": "session", "code": code, "cpu": _cpu()})
    except BaseException as error:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        send(answers, {"end": "session", "code": -1, "error": text[-4000:], "cpu": _cpu()})
    os._exit(0)


def _collect(load: Mapping[str, Any], serve: collect.Serve) -> int:
    runner, arguments = load["runner"], list(load["arguments"])
    if runner == "pytest":
        if not load.get("plugins", True):
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return collect.with_pytest(arguments, serve)
    if runner == "unittest":
        return collect.with_unittest(load["root"], arguments, serve)
    return collect.with_scripts(arguments, serve)


def _cpu() -> float:
    """CPU seconds of this process and of every child that ended."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


class Server:
    def __init__(
        self,
        load: Mapping[str, Any],
        root: str,
        collected: Collected,
        requests: LineReader,
        answers: int,
        helper: socket.socket,
    ) -> None:
        self._root = root
        self._tests = collected.tests
        self._errors = collected.errors
        self._requests = requests
        self._answers = answers
        self._helper = helper
        self._jobs = int(load.get("jobs", 1))
        self._swapper = Swapper(root)
        self._helper_cpu = 0.0
        self._private = (requests.fd, answers, helper.fileno())

    def serve(self) -> None:
        gc.collect()
        gc.freeze()
        self._loaded()
        while (request := self._requests.next()) is not None:
            command = request["do"]
            if command == "trace":
                self._trace(request)
            elif command == "try":
                self._try(request)
            elif command == "fresh":
                self._fresh(request)
            elif command == "behave":
                self._behave(request)
            self._end(command)

    def _end(self, command: str) -> None:
        send(self._answers, {"end": command, "cpu": _cpu() + self._helper_cpu})

    # ---------------------------------------------------------------- the tests as they are

    def _loaded(self) -> None:
        for test in self._tests:
            send(
                self._answers,
                {
                    "id": test.id,
                    "file": os.path.relpath(test.file, self._root).replace(os.sep, "/"),
                    "line": test.line,
                    "direct": test.direct,
                },
            )
        for name, failure in self._errors:
            send(self._answers, {"error": name, "failure": described(failure, self._root)})

        def work(out: int) -> None:
            _prepare(self._private)
            for row in baseline(self._tests, Timer(), self._root):
                send(out, row)

        self._child_rows(work, 60.0)
        self._end("load")

    def _trace(self, request: Mapping[str, Any]) -> None:
        def work(out: int) -> None:
            _prepare(self._private)
            chosen = [(index, self._tests[index]) for index in request["tests"]]
            rows = traced(chosen, Timer(), request["limit"], request["total"], self._root)
            for row in rows:
                send(out, row)

        self._child_rows(work, float(request["limit"]) * 4 + 10)

    def _behave(self, request: Mapping[str, Any]) -> None:
        def work(out: int) -> None:
            _prepare(self._private)
            behave(self._root, self._tests, self._swapper, request, out)

        self._child_rows(work, 30.0)

    def _child_rows(self, work: Any, patience: float) -> None:
        """Pass on what a child says until it ends or says nothing for `patience` seconds."""
        import select

        pid, fd = pool.in_child(work)
        reader = LineReader(fd)
        while reader.open:
            ready, _, _ = select.select([fd], [], [], patience)
            if not ready:
                break
            for message in reader.feed():
                send(self._answers, message)
        os.close(fd)
        pool.end(pid)

    # ---------------------------------------------------------------- candidates

    def _try(self, request: dict[str, Any]) -> None:
        candidates: list[dict[str, Any]] = request["candidates"]
        stop_after = int(request.get("stop_after", 0))
        n_passed = 0

        def report(message: dict[str, Any]) -> bool:
            nonlocal n_passed
            send(self._answers, message)
            n_passed += message.get("result") == "pass"
            return not stop_after or n_passed < stop_after

        def work(chosen: Sequence[dict[str, Any]], out: int) -> None:
            _prepare(self._private)
            judge = Judge(self._root, self._tests, self._swapper, request)
            verdicts: list[dict[str, Any]] = []
            for candidate in chosen:
                verdict = judge.judge(candidate)
                verdicts.append(verdict)
                send(out, verdict)
            disturbed = len(chosen) > 1 and not judge.undisturbed()
            doubtful = [
                candidate
                for candidate, verdict in zip(chosen, verdicts, strict=True)
                if verdict["result"] in ("fail", "timeout")
            ]
            send(out, {"done": True, "disturbed": doubtful if disturbed else []})

        patience = max(2.0, float(request["limit"]) * 20)
        batch = int(request.get("batch", _BATCH))
        again = pool.run(
            candidates, work, report, n_jobs=self._jobs, batch=batch, patience=patience
        )
        if again:
            send(self._answers, {"disturbed": len(again)})
            pool.run(again, work, report, n_jobs=self._jobs, batch=1, patience=patience)

    def _fresh(self, request: dict[str, Any]) -> None:
        request["ids"] = {
            str(index): self._tests[index].id for index in [*request["targets"], *request["keep"]]
        }
        send(self._helper.fileno(), request)
        reader = LineReader(self._helper.fileno())
        while (message := reader.next()) is not None:
            if message.get("helper done"):
                self._helper_cpu = float(message["cpu"])
                return
            send(self._answers, message)


def _prepare(private: Sequence[int] = ()) -> None:
    """A child that runs tested code: silent, without the way to the driver, and with an end
    to its memory."""
    for fd in private:
        os.close(fd)
    quiet()
    limit_memory(_MEMORY)


# -------------------------------------------------------------------- a fresh import


def _start_helper(load: Mapping[str, Any], root: str, private: tuple[int, int]) -> socket.socket:
    """A sibling that has imported nothing of the project, to fork fresh imports from."""
    ours, theirs = socket.socketpair()
    if os.fork():
        theirs.close()
        return ours
    try:
        ours.close()
        for fd in private:
            os.close(fd)
        _help(load, root, theirs.fileno())
    finally:
        os._exit(0)


def _help(load: Mapping[str, Any], root: str, fd: int) -> None:
    requests = LineReader(fd)
    while (request := requests.next()) is not None:
        limit = float(request["limit"])

        def work(chosen: Sequence[dict[str, Any]], out: int, request: Any = request) -> None:
            _prepare()
            _judge_fresh(load, root, request, chosen[0], out)
            send(out, {"done": True, "disturbed": []})

        def report(message: dict[str, Any]) -> bool:
            send(fd, message)
            return True

        pool.run(
            request["candidates"], work, report,
            n_jobs=int(load.get("jobs", 1)), batch=1, patience=max(5.0, limit * 20),
        )  # fmt: skip
        send(fd, {"helper done": True, "cpu": _cpu()})


def _judge_fresh(
    load: Mapping[str, Any], root: str, request: Mapping[str, Any], candidate: Any, out: int
) -> None:
    texts: dict[str, bytes] = {}
    for file, edits in candidate["files"].items():
        texts[file] = edited(read_utf8(os.path.join(root, file)), edits)
        try:
            compile(texts[file].decode("utf-8"), file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            send(out, {"id": candidate["id"], "result": "invalid"})
            return
    overriding(root, texts)
    ids: dict[str, str] = request["ids"]
    verdict: dict[str, Any] = {"id": candidate["id"], "result": "fail", "passed": [], "failed": {}}

    def serve(collected: Collected) -> None:
        _run_fresh(collected, request, ids, verdict)

    _collect(load, serve)
    send(out, verdict)


def _run_fresh(
    collected: Collected, request: Mapping[str, Any], ids: Mapping[str, str], verdict: Any
) -> None:
    by_id: dict[str, Test] = {test.id: test for test in collected.tests}
    timer = Timer()
    broken_files = {name for name, _ in collected.errors}
    limits: Mapping[str, float] = request["keep_limits"]
    for name in request.get("collect", []):
        # files that could not be collected: they must be now, and all their tests pass
        own = [test for test in collected.tests if test.id.split("::", 1)[0] == name or not name]
        if name in broken_files or not own:
            failures = [failure for file, failure in collected.errors if file == name]
            verdict["failed"][name] = signature(failures[0]) if failures else "empty"
            continue
        for test in own:
            failure = run_once(test, timer, request["limit"])[0]
            if failure is not None:
                verdict["failed"][name] = signature(failure)
                verdict["result"] = "timeout" if failure.kind == "OutOfTime" else "fail"
                break
        else:
            verdict["passed"].append(name)
    for index in request["targets"]:
        test = by_id.get(ids[str(index)])
        failure = run_once(test, timer, request["limit"])[0] if test else None
        if test is not None and failure is None:
            verdict["passed"].append(index)
        else:
            verdict["failed"][str(index)] = signature(failure) if failure else "gone"
    if verdict["failed"] and not verdict["passed"]:
        return
    for index in request["keep"]:
        test = by_id.get(ids[str(index)])
        limit = limits.get(str(index), request["limit"])
        if test is None or run_once(test, timer, limit)[0] is not None:
            verdict["broke"] = index
            return
    if not verdict["failed"]:
        verdict["result"] = "pass"
