"""From a folder with failing tests to ranked repairs: load, localise, search, rank."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from treewright_agent.repair.clues import clues_of
from treewright_agent.repair.model import Combination, Failed, Observed, TestCase, Unit
from treewright_agent.repair.mutate import Clues
from treewright_agent.repair.ranking import Behaviour, Ranked, rank
from treewright_agent.repair.search import Budget, Found, Progress, Search
from treewright_agent.repair.session import HostSession, Plan, Start
from treewright_agent.repair.space import Space, is_test_file
from treewright_agent.repair.surroundings import why_elsewhere
from treewright_agent.repair.suspicion import suspicion
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText

_TRACE_CPU_S = 1.5
_ATTRIBUTE = re.compile(r"\.([A-Za-z_]\w*)")
_N_INPUTS = 60


@dataclass(slots=True)
class Outcome:
    """What a search found. `ranked` is empty when it found nothing."""

    observed: Observed
    targets: list[TestCase]
    ranked: list[Ranked] = field(default_factory=list[Ranked])
    partial: list[Combination] = field(default_factory=list[Combination])
    behaviour: Behaviour = field(default_factory=Behaviour)
    n_tried: int = 0
    n_generated: int = 0
    cpu_s: float = 0.0
    sandbox_cpu_s: float = 0.0
    """The part of it that was used in the sandbox."""
    wall_s: float = 0.0
    plugins: bool = True
    """The tests were run with pytest's installed plugins."""
    left_out: frozenset[str] = frozenset()
    """Files of tests that cannot be loaded for what their surroundings lack."""
    note: str = ""
    """Why there is no repair, or what is unsure about it."""


def repair_folder(
    start: Start,
    plan: Plan,
    files: Mapping[str, SourceText],
    wanted: Callable[[TestCase], bool],
    budget: Budget,
    token: CancelToken,
    progress: Progress = lambda stage, done, found: None,
) -> Outcome:
    """Search repairs for the failing tests that are `wanted`.

    `files`: relative path -> text of the Python files that may be changed or read. Raises
    HostFailedError when the tests cannot be loaded, and CancelledError.
    """
    started, cpu_before = time.monotonic(), time.process_time()
    deadline = started + budget.wall_s
    session = HostSession(start, plan, budget.n_jobs)
    try:
        observed = session.load(token, deadline)
        outcome = _repair(session, observed, files, wanted, budget, deadline, token, progress)
        outcome.sandbox_cpu_s = session.cpu_s
        outcome.cpu_s = session.cpu_s + time.process_time() - cpu_before
        outcome.plugins = plan.plugins
        outcome.wall_s = time.monotonic() - started
        return outcome
    finally:
        session.close()


def _repair(
    session: HostSession,
    observed: Observed,
    files: Mapping[str, SourceText],
    wanted: Callable[[TestCase], bool],
    budget: Budget,
    deadline: float,
    token: CancelToken,
    progress: Progress,
) -> Outcome:
    targets, all_of_them = [test for test in observed.failing if wanted(test)], observed
    if not targets and not observed.errors:
        return Outcome(observed, targets, note="no failing test")
    targets, observed, elsewhere = _of_the_project(targets, observed, files)
    if not targets and not observed.errors:
        return Outcome(all_of_them, targets, note=elsewhere)
    left_out = {n for n, _ in all_of_them.errors} - {n for n, _ in observed.errors}
    progress("finding the fault", 0, 0)
    keep = observed.passing
    _trace(session, observed, targets, keep, token, deadline)

    def read(file: str) -> SourceText:
        text = files.get(file)
        if text is None:
            raise TreewrightError(f"no such file: {file}")
        return text

    clues = clues_of(observed, targets, read)
    test_files = {test.file for test in observed.tests}
    is_source = {f for f in files if not is_test_file(f) and f not in test_files}
    if not is_source & {file for test in targets for file in test.lines}:
        is_source |= {f for f in test_files if f in files and not is_test_file(f)}
    scores = suspicion(targets, keep, clues, is_source)
    if clues.kinds & {"TypeError", "AttributeError"} or not scores:
        named = clues.called | _named_where_it_raised(clues, files)
        _add_called(scores, files, is_source, named)
    errors: dict[str, set[int]] = {}
    for _, failed in observed.errors:
        for file, line, _ in failed.frames:
            if file in is_source:
                errors.setdefault(file, set()).add(line)
    space = Space(files, scores, observed, clues, token, import_errors=errors)
    if not space.candidates:
        return Outcome(observed, targets, note="the failing tests run no code of the project")
    covering = _covering(keep, set(space.modules))
    search = Search(session, observed, targets, covering, budget, deadline, token, progress)
    found = search.run(space.candidates, space.late)
    progress("comparing repairs", found.n_tried, len(found.plausible))
    left: list[TestCase] = []
    if not found.plausible:
        found.plausible, left = _of_their_own(found, targets, files)
        targets = [test for test in targets if test not in left]
    behaviour = _behaviour(session, space, found, targets, keep, clues.called, token, deadline)
    ranked = rank(found.plausible, space.modules, clues, behaviour)
    return Outcome(
        all_of_them,
        targets,
        ranked,
        [verdict.combination for verdict in found.partial],
        behaviour,
        found.n_tried,
        found.n_generated,
        left_out=frozenset(left_out),
        note="; ".join(filter(None, (_note(found), _still_failing(left), elsewhere))),
    )


def _of_the_project(
    targets: Sequence[TestCase], observed: Observed, files: Mapping[str, SourceText]
) -> tuple[list[TestCase], Observed, str]:
    """The targets and the files that could not be collected without those that fail for their
    surroundings, and a sentence about these."""
    tests = {test.file for test in observed.tests} | {f for f in files if is_test_file(f)}
    reasons: dict[str, int] = {}
    kept: list[TestCase] = []
    for test in targets:
        why = why_elsewhere(test.failed, files, tests)
        if why:
            reasons[why] = reasons.get(why, 0) + 1
        else:
            kept.append(test)
    errors: list[tuple[str, Failed]] = []
    for name, failed in observed.errors:
        why = why_elsewhere(failed, files, {*tests, name})
        if not why and kept and failed.kind != "ImportError":
            inside = any(frame[0] in files and frame[0] not in tests for frame in failed.frames)
            why = "" if inside else f"{name} cannot be loaded: {failed.kind}"
        if why:
            reasons[why] = reasons.get(why, 0) + 1
        else:
            errors.append((name, failed))
    if not reasons:
        return kept, observed, ""
    most = max(reasons, key=lambda why: reasons[why])
    n = sum(reasons.values())
    said = f"{n} tests or files of tests fail for their surroundings ({most})"
    return kept, Observed(observed.tests, errors, observed.types), said


def _of_their_own(
    found: Found, targets: Sequence[TestCase], files: Mapping[str, SourceText]
) -> tuple[list[Combination], list[TestCase]]:
    """Repairs after which every failing test passes that runs the changed functions, and the
    tests that fail for something else. The most tests first; none without such a repair."""
    best: list[Combination] = []
    passed: frozenset[int] = frozenset()
    for verdict in found.partial:
        if best and verdict.passed != passed:
            continue
        rest = [test for test in targets if test.index not in verdict.passed]
        if any(_runs(test, verdict.combination, files) for test in rest):
            continue
        best.append(verdict.combination)
        passed = verdict.passed
    return best, [test for test in targets if test.index not in passed] if best else []


def _runs(test: TestCase, combination: Combination, files: Mapping[str, SourceText]) -> bool:
    """Does the test get into a changed function? Yes, when nobody traced it."""
    if not test.lines:
        return True
    for part in combination.parts:
        unit = part.unit
        if unit is None:
            return True
        last = files[unit.file].line_of(max(unit.start, unit.end - 1)) + 1
        if any(unit.def_line < line <= last for line in test.lines.get(unit.file, ())):
            return True
    return False


def _still_failing(left: Sequence[TestCase]) -> str:
    if not left:
        return ""
    names = ", ".join(test.id for test in left[:3])
    return f"{len(left)} other tests fail for something else: {names}"


def _named_where_it_raised(clues: Clues, files: Mapping[str, SourceText]) -> frozenset[str]:
    """Attributes on the lines that raised: a method that was meant to be a property."""
    found: set[str] = set()
    for file, line in clues.raised_at:
        text = files.get(file)
        if text is not None and line <= len(text.line_starts):
            found |= set(_ATTRIBUTE.findall(text.slice(text.line_span(line - 1))))
    return frozenset(found)


def _add_called(
    scores: dict[str, dict[int, float]],
    files: Mapping[str, SourceText],
    is_source: set[str],
    called: frozenset[str],
) -> None:
    """Functions that the tests name but do not get into: a call that does not fit."""
    import ast

    for file in is_source:
        try:
            tree = ast.parse(files[file].string)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in called:
                lines = scores.setdefault(file, {})
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    lines.setdefault(line, 0.6)


def _note(found: Found) -> str:
    if found.plausible:
        return ""
    why = {"cpu": "its processor time was used up", "time": "its time was used up"}
    return f"nothing was found: {why.get(found.stopped, 'every candidate was tried')}"


def _trace(
    session: HostSession,
    observed: Observed,
    targets: Sequence[TestCase],
    keep: Sequence[TestCase],
    token: CancelToken,
    deadline: float,
) -> None:
    """Trace the failing tests, then passing ones, those of the same files first."""
    near = {test.file for test in targets}
    order = [test.index for test in targets[:60]]
    order += [t.index for t in sorted(keep, key=lambda t: (t.file not in near, t.seconds))[:200]]
    session.trace(observed, order, 0.1, _TRACE_CPU_S, token, deadline)


def _covering(keep: Sequence[TestCase], files: set[str]) -> list[TestCase]:
    """Passing tests that run one of the files, and those that nobody traced."""
    return [test for test in keep if not test.lines or files & set(test.lines)]


def _behaviour(
    session: HostSession,
    space: Space,
    found: Found,
    targets: Sequence[TestCase],
    keep: Sequence[TestCase],
    called: frozenset[str],
    token: CancelToken,
    deadline: float,
) -> Behaviour:
    behaviour = Behaviour()
    numbered = [
        (number, combination)
        for number, combination in enumerate(found.plausible)
        if all(part.unit is not None for part in combination.parts)
    ]
    if len(numbered) < 2:
        return behaviour
    entry = _entry(space, numbered[0][1], called)
    if entry is None:
        return behaviour
    tests = [test.index for test in targets[:30]] + [test.index for test in keep[:30]]
    request = {"tests": tests, "limit": 0.05, "n_inputs": _N_INPUTS, "seed": 1}
    for row in session.behave(entry, numbered, request, token, deadline):
        if "inputs" in row:
            behaviour.inputs = [str(text) for text in row["inputs"]]
        elif "answers" in row:
            answers = [(str(a[0]), str(a[1])) for a in row["answers"]]
            if row["patch"] == -1:
                behaviour.original = answers
            else:
                behaviour.answers[int(row["patch"])] = answers
    return behaviour


def _entry(space: Space, first: Combination, called: frozenset[str]) -> Unit | None:
    """The function whose behaviour is compared: the changed one when tests call it, else one
    that they call and that stands in a file of the repair, else the changed one."""
    changed = [part.unit for part in first.parts if part.unit is not None]
    for unit in changed:
        if unit.name in called:
            return unit
    for file in {unit.file for unit in changed}:
        for unit in space.modules[file].units.values():
            if unit.name in called:
                return unit
    return changed[0] if changed else None
