"""Repairer: the search on a workspace folder, in the sandbox, confirmed by the real runner."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from treewright_agent.changes import SourceChange
from treewright_agent.executor import ExecutorSettings, Shadow, ShadowWorkshop
from treewright_agent.executor.plugins import wanted as wanted_plugins
from treewright_agent.executor.suites import Suite
from treewright_agent.repair.fix import Outcome, repair_folder
from treewright_agent.repair.model import Observed, TestCase
from treewright_agent.repair.offer import Patch, ambiguity, patches_of
from treewright_agent.repair.search import Budget, Progress
from treewright_agent.repair.session import HOST, Plan
from treewright_agent.routines.request import Repaired
from treewright_agent.sandbox import Limits, Running, start
from treewright_agent.tools.bench import Failure, TestRun
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText

_MAX_CONFIRMED = 6
_MAX_OFFERED = 8
_MAX_FILE = 400_000
_MAX_NAMED_FILES = 400


def repairer(
    settings: ExecutorSettings | None = None,
    progress: Progress = lambda stage, done, found: None,
    cpu_s: float = 60.0,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> Callable[[Snapshot, str, Sequence[str], float, CancelToken], Repaired]:
    """What `routines.request.Services.repair` wants: mends the failing tests of a folder."""

    def repair(
        snapshot: Snapshot, root: str, tests: Sequence[str], seconds: float, token: CancelToken
    ) -> Repaired:
        with ShadowWorkshop(snapshot, root, settings) as workshop:
            return mend(workshop, tests, seconds, token, progress, cpu_s, on_outcome)

    return repair


def mend(
    workshop: ShadowWorkshop,
    tests: Sequence[str],
    seconds: float,
    token: CancelToken,
    progress: Progress = lambda stage, done, found: None,
    cpu_s: float = 60.0,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> Repaired:
    """Search, rank and confirm. Raises RefusedError where nothing may be run or the tests
    cannot be, HostFailedError, CancelledError."""
    started = time.monotonic()
    suite = workshop.suite([test.split("::", 1)[0] for test in tests if ".py" in test])
    if suite is None:
        raise RefusedError("no tests were found that could fail")
    if suite.runner not in ("pytest", "unittest", "script"):
        raise RefusedError(f"repair by search knows Python's test runners, not {suite.runner}")
    if not hasattr(os, "fork"):
        raise RefusedError("repair by search needs a system that can fork")
    if suite.runner == "pytest" and not workshop.python().has_pytest:
        run = workshop.test(SourceChange(), (), seconds, token)
        return Repaired((), (), run, None, run.stderr)
    copy = workshop.refreshed(SourceChange(), token)
    files = _python_files(workshop.snapshot, workshop.root)
    budget = Budget(cpu_s=cpu_s, wall_s=max(5.0, seconds * 0.85))
    outcome = _searched(workshop, copy, suite, tests, files, budget, token, progress)
    on_outcome(outcome)
    before = _as_run(outcome.observed, suite)
    if not outcome.targets and not outcome.observed.errors:
        return Repaired((), (), before, None, outcome.note or "no failing test")
    patches = patches_of(outcome, files, workshop.root, workshop.snapshot.revision)
    left = seconds - (time.monotonic() - started)
    confirmed, after = _confirmed(workshop, outcome, patches, max(5.0, left), token)
    if not confirmed:
        note = outcome.note or "what the search found does not pass in a clean run"
        return Repaired((), (), before, None, note)
    note = "; ".join(filter(None, (ambiguity(outcome, confirmed), outcome.note)))
    if confirmed[0].doubts:
        note = "; ".join(filter(None, (note, *confirmed[0].doubts)))
    return Repaired(
        tuple(p.change for p in confirmed[:_MAX_OFFERED]),
        tuple(p.title for p in confirmed[:_MAX_OFFERED]),
        before,
        after,
        note,
    )


def _python_files(snapshot: Snapshot, root: str) -> dict[str, SourceText]:
    files: dict[str, SourceText] = {}
    prefix = root.rstrip(os.sep) + os.sep
    for path in snapshot.files():
        if not path.endswith(".py") or not path.startswith(prefix):
            continue
        try:
            text = snapshot.text(path)
        except TreewrightError:
            continue
        if len(text.data) <= _MAX_FILE:
            files[path[len(prefix) :].replace(os.sep, "/")] = text
    return files


def _searched(
    workshop: ShadowWorkshop, copy: Shadow, suite: Suite, tests: Sequence[str],
    files: Mapping[str, SourceText], budget: Budget, token: CancelToken, progress: Progress,
) -> Outcome:  # fmt: skip
    limits = Limits(
        wall_s=budget.wall_s + 30, cpu_s=budget.cpu_s * 4 + 60, n_open_files=4096, n_processes=256
    )
    policy = workshop.policy(copy, limits)
    policy = replace(policy, readable=(*policy.readable, str(HOST)))

    def begin(argv: Sequence[str], cwd: str) -> Running:
        return start(argv, copy.path, policy)

    root = copy.seen_path
    named = _named_files(suite, tests)
    path = [
        root,
        *(
            os.path.join(root, n)
            for n in ("src", "lib")
            if os.path.isdir(os.path.join(copy.path, n))
        ),
    ]
    arguments = [os.path.join(root, name) for name in named]
    plan = Plan(
        root, workshop.python().path, suite.runner, tuple(arguments), tuple(path), plugins=False
    )
    if suite.runner == "pytest" and not wanted_plugins(
        workshop.snapshot, workshop.root, suite.files
    ):
        outcome = repair_folder(begin, plan, files, _wanted(tests), budget, token, progress)
        if not _lacks_plugins(outcome.observed):
            return outcome
    with_plugins = replace(plan, plugins=True)
    return repair_folder(begin, with_plugins, files, _wanted(tests), budget, token, progress)


def _named_files(suite: Suite, tests: Sequence[str]) -> list[str]:
    """Files to collect: those that the wanted tests name, else all of the suite."""
    named = [t.split("::", 1)[0] for t in tests if ".py" in t]
    chosen = [f for f in suite.files if f in named] if named and len(named) == len(tests) else []
    files = chosen or list(suite.files)
    return files if len(files) <= _MAX_NAMED_FILES or suite.runner == "script" else []


def _wanted(tests: Sequence[str]) -> Callable[[TestCase], bool]:
    """By node id, file, or a name that a person would write."""

    def wanted(test: TestCase) -> bool:
        if not tests:
            return True
        names = _dotted(test.id)
        for given in tests:
            asked = _dotted(given.removesuffix("()"))
            if test.id.startswith(given) or test.file == given:
                return True
            if names == asked or names.endswith("." + asked):
                return True
        return False

    return wanted


def _dotted(id: str) -> str:
    """`tests/test_a.py::B::test_c[1]` as unittest writes it, `tests.test_a.B.test_c`."""
    plain = id.split("[", 1)[0].replace("::", ".").replace(".py.", ".")
    return plain.replace("/", ".") if not plain.endswith(".py") else plain


def _lacks_plugins(observed: Observed) -> bool:
    """Did tests fail only because a plugin was not loaded?"""
    for test in observed.failing:
        failed = test.failed
        if failed is None:
            continue
        if (
            failed.phase == "setup"
            and "fixture" in failed.message
            and "not found" in failed.message
        ):
            return True
        if "async def functions are not natively supported" in failed.message:
            return True
    return not observed.tests and not observed.errors


def _as_run(observed: Observed, suite: Suite) -> TestRun:
    """The run before, as the tests were found."""
    failures = [
        Failure(
            test.id,
            _place(test)[0],
            _place(test)[1],
            "Timeout"
            if test.outcome == "timeout"
            else (test.failed.kind if test.failed else "Failed"),
            test.failed.message if test.failed else "",
        )
        for test in observed.failing
    ]
    for name, failed in observed.errors:
        file, line = (failed.frames[-1][0], failed.frames[-1][1]) if failed.frames else (name, 0)
        failures.append(Failure(name, file, line, failed.kind, failed.message))
    n_run = len(observed.passing) + len(observed.failing)
    passed = not failures and n_run > 0
    kind = (
        "passed"
        if passed
        else "collection"
        if observed.errors
        else "failed"
        if failures
        else "no_tests"
    )
    report = {"summary": {"passed": len(observed.passing), "failed": len(failures), "total": n_run}}
    return TestRun(
        passed, 0 if passed else 1, "", "", report, kind, tuple(failures), n_run, (suite.runner,)
    )


def _place(test: TestCase) -> tuple[str, int]:
    frames = test.failed.frames if test.failed is not None else ()
    return (frames[-1][0], frames[-1][1]) if frames else (test.file, test.line)


def _confirmed(
    workshop: ShadowWorkshop, outcome: Outcome, patches: Sequence[Patch], seconds: float,
    token: CancelToken,
) -> tuple[list[Patch], TestRun | None]:  # fmt: skip
    """The patches from the first one on that passes a clean run of the real runner.

    The targets of the search must, and nothing else may fail that passed before.
    """
    deadline = time.monotonic() + seconds
    allowed = {t.id for t in outcome.observed.failing} - {t.id for t in outcome.targets}
    # a file that cannot be loaded keeps the runner from running the others: those are named then
    known = {name for name, _ in outcome.observed.errors} - outcome.left_out
    collected = list(dict.fromkeys([*(t.file for t in outcome.observed.tests), *sorted(known)]))
    chosen: Sequence[str] = collected if outcome.left_out else ()
    targets = {t.id for t in outcome.targets}
    seen = {test.id for test in outcome.observed.tests}
    compared = False
    for number, patch in enumerate(patches[:_MAX_CONFIRMED]):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        run = workshop.test(patch.change, chosen, left, token, plugins=outcome.plugins)
        if run.kind == "collection" and not {f.path for f in run.failures} & {*collected}:
            chosen = collected
            run = workshop.test(patch.change, chosen, left, token, plugins=outcome.plugins)
        failed = {failure.node_id for failure in run.failures}
        if run.kind == "failed" and failed - allowed - seen and not compared:
            # tests that the search did not load fail: did they before?
            compared = True
            base = workshop.test(SourceChange(), chosen, left, token, plugins=outcome.plugins)
            allowed |= {failure.node_id for failure in base.failures} - targets
        if run.passed or (allowed and run.kind == "failed" and failed <= allowed):
            return list(patches[number:]), run
    return [], None
