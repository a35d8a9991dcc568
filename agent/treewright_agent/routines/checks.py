"""Checks: the critic that asks facts first (parse, lint, tests) and a reviewing model last.

Quick checks follow each edit; the tests run when the brain wants to end. A failure that was there
before the change does not block it, unless mending it is the task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from treewright_agent.brains import Finding
from treewright_agent.changes import SourceChange
from treewright_agent.models.errors import ProviderError
from treewright_agent.models.resilience import DeadlineError
from treewright_agent.models.router import NoEndpointError
from treewright_agent.routines.ahead import Ahead
from treewright_agent.routines.critique import findings_of, review
from treewright_agent.routines.planner import Plan, replan
from treewright_agent.routines.reflector import (
    Reflection,
    facts_of,
    reflect,
    root_class,
    signature_of,
)
from treewright_agent.routines.routine import Routine, Verdict
from treewright_agent.routines.testing import affected_tests, is_test_file, weakened_tests
from treewright_agent.tools.bench import Question, TestRun
from treewright_agent.tools.model import ToolCall, ToolError
from treewright_agent.verify import Report, verify
from treewright_indexer.errors import CancelledError, TreewrightError

if TYPE_CHECKING:
    from treewright_agent.brains.model_brain import Talk

TEST_S = 120.0
_YES = "Follow it"
_PASSING = re.compile(r"0x[0-9a-fA-F]+|(?:/[\w.+-]+){2,}|\b\d+\.\d+s?\b")


def _plain(message: str) -> str:
    """Without what differs from run to run: addresses, folders, times."""
    return _PASSING.sub("…", message)


@dataclass
class Checks:
    """State of one routine's checks."""

    talk: Talk | None = None
    plan: Plan | None = None
    repair_rounds: int = 5
    reflects: bool = True
    """Ask a model for the cause of a red run (Appendix A4); else the facts alone go back."""
    report: Report | None = None
    run: TestRun | None = None
    before: TestRun | None = None
    notes: list[str] = field(default_factory=list[str])
    reflections: list[Reflection] = field(default_factory=list[Reflection])
    _red: int = 0
    _signature: str = ""
    _replanned: bool = False

    def quick(self, routine: Routine) -> tuple[Finding, ...]:
        """Parse and lint what the draft changes."""
        draft = routine.bench.draft
        if draft.is_empty:
            self.report = None
            return ()
        try:
            report = verify(draft.base, draft.change, routine.bench.token)
        except CancelledError:
            raise
        except TreewrightError as error:
            return (Finding("HIGH", str(error), "check"),)
        self.report = report
        routine.tell("check", **report.to_json())
        if report.ok:
            self._ahead(routine)
            return ()
        problems = list(report.new_problems[:8]) or [report.reason]
        return tuple(Finding("HIGH", problem, "check") for problem in problems)

    def final(self, routine: Routine, summary: str) -> Verdict:
        if routine.bench.draft.is_empty:
            return Verdict()
        if blocking := self.quick(routine):
            return Verdict(blocking)
        if (verdict := self._tests(routine)) is not None:
            return verdict
        return self._reviewed(routine)

    # ------------------------------------------------------------------ tests

    def _ahead(self, routine: Routine) -> None:
        """Start the tests that will be asked for when the brain is done."""
        bench = routine.bench
        if not isinstance(bench.workshop, Ahead) or routine.parent_id:
            return
        try:
            selection = affected_tests(bench)
        except CancelledError:
            raise
        except TreewrightError:
            return
        if selection:
            bench.workshop.begin(
                bench.draft.change, selection, TEST_S, self._there(routine, selection)
            )

    @staticmethod
    def _there(routine: Routine, selection: list[str]) -> list[str]:
        """Those of the selection that stood there before the change."""
        bench = routine.bench
        return [s for s in selection if bench.draft.base.exists(bench.path(s.split("::")[0]))]

    def _tests(self, routine: Routine) -> Verdict | None:
        """None when the tests do not stand in the way."""
        bench = routine.bench
        if bench.workshop is None:
            self.notes.append("tests were not run: there is no sandbox here")
            return None
        selection = affected_tests(bench)
        if not selection and not any(is_test_file(bench.shown(p)) for p in bench.snapshot.files()):
            self.notes.append("there are no tests")
            return None
        run = self._run(routine, selection)
        if run.passed:
            return None
        if run.kind == "no_tests":
            self.notes.append("no test covers the change")
            return None
        if run.kind == "environment":
            self.notes.append(f"tests could not run: {(run.stderr or run.stdout).strip()[-300:]}")
            return None
        blocking = self._caused_here(routine, run, selection)
        if not blocking:
            self.notes.append("tests that failed before the change still fail")
            return None
        return self._reflect(routine, run)

    def _run(self, routine: Routine, selection: list[str]) -> TestRun:
        bench = routine.bench
        assert bench.workshop is not None
        timeout = min(TEST_S, bench.budget.deadline.remaining_s)
        run = bench.workshop.test(bench.draft.change, selection, timeout, bench.token)
        bench.last_test = self.run = run
        failed = len(run.failures)
        routine.tell(
            "test", selection=selection, passed=run.n_run - failed, failed=failed, **run.to_json()
        )
        return run

    def _caused_here(self, routine: Routine, run: TestRun, selection: list[str]) -> bool:
        """Whether a failure is new, or is what the task has to mend."""
        if routine.kind == "fix" or run.kind in ("collection", "timeout", "crash"):
            return True
        bench = routine.bench
        assert bench.workshop is not None
        if self.before is None:
            there = self._there(routine, selection)
            if selection and not there:
                return True
            timeout = min(TEST_S, bench.budget.deadline.remaining_s)
            self.before = bench.workshop.test(SourceChange(), there, timeout, bench.token)
        # A test that fails as it did before is not this change's doing; one that fails in another
        # way is.
        old = {(failure.node_id, _plain(failure.message)) for failure in self.before.failures}
        new = [(failure.node_id, _plain(failure.message)) for failure in run.failures]
        return any(row not in old for row in new) or not new

    def _reflect(self, routine: Routine, run: TestRun) -> Verdict:
        self._red += 1
        signature = signature_of(run)
        same = signature == self._signature
        self._signature = signature
        facts = facts_of(run)
        kind = root_class(run)
        routine.tell("diagnosis", facts=facts, root_class=kind, round=self._red)
        found = (Finding("HIGH", f"tests fail ({kind}):\n{facts}", "test"),)
        if same and self._red > 1:
            self.notes.append("the same tests fail in the same way after another try")
            return Verdict(found, give_up=True)
        if self._red > self.repair_rounds:
            self.notes.append(f"tests still fail after {self.repair_rounds} repair rounds")
            return Verdict(found, give_up=True)
        if self.talk is None or not self.reflects or routine.bench.budget.nearly():
            return Verdict(found)
        try:
            mended = self._mend(routine, run)
        except CancelledError:
            raise
        except (ProviderError, NoEndpointError, DeadlineError) as error:
            routine.tell("reflection_failed", reason=str(error))
            return Verdict(found)
        if mended is None:
            return Verdict(found)
        return mended

    def _mend(self, routine: Routine, run: TestRun) -> Verdict | None:
        """Apply a reflection's changes and check again. None: go on with the facts alone."""
        assert self.talk is not None
        bench = routine.bench
        step = self.plan.text() if self.plan is not None else routine.goal
        answer = reflect(self.talk, step, bench.draft.diff(bench.root), run, bench)
        if answer.value is None:
            routine.tell("reflection_failed", reason=answer.problem)
            return None
        reflection = answer.value
        self.reflections.append(reflection)
        routine.tell(
            "reflection",
            diagnosis=reflection.diagnosis,
            root_cause=reflection.root_cause,
            severity=reflection.severity,
            fix_strategy=reflection.fix_strategy,
            files=[change.file_path for change in reflection.code_changes],
            plan_adjustment_needed=reflection.plan_adjustment_needed,
            plan_adjustment_suggestion=reflection.plan_adjustment_suggestion,
        )
        if reflection.plan_adjustment_needed and self.plan is not None and not self._replanned:
            self._replan(routine, reflection.plan_adjustment_suggestion)
        said = Finding("HIGH", f"{reflection.diagnosis} Cause: {reflection.root_cause}", "test")
        if not reflection.code_changes:
            return Verdict((said, Finding("HIGH", f"tests fail:\n{facts_of(run)}", "test")))
        refused = self._apply(routine, reflection)
        if refused:
            return Verdict((said, Finding("HIGH", refused, "check")))
        blocking = self.quick(routine)
        if blocking:
            return Verdict(blocking)
        return self._tests(routine) or self._reviewed(routine)

    def _apply(self, routine: Routine, reflection: Reflection) -> str:
        """Put the changes into the draft through the same tool as any edit; all or none."""
        bench = routine.bench
        before = bench.draft
        for change in reflection.code_changes:
            call = ToolCall(
                "edit_file", {"file_path": change.file_path, "new_content": change.new_content}
            )
            output = routine.registry.execute(bench, call)
            routine.tell("action_executed", **call.to_json())
            if not output.ok:
                bench.draft = before
                routine.tell("edits_undone", keep=len(before.log), reason=output.message)
                return f"the fix was not applied: {output.message}"
        return ""

    def _replan(self, routine: Routine, suggestion: str) -> None:
        assert self.talk is not None
        assert self.plan is not None
        self._replanned = True
        planned = replan(self.talk, routine.goal, routine.bench, self.plan, suggestion)
        if planned.plan is None:
            return
        bench = routine.bench
        if bench.scope is not None:
            try:
                steps = planned.plan.scope_steps(bench.path)
            except ToolError:
                return
            if bench.scope.accepted and not bench.scope.covers(steps):
                question = Question(
                    f"The plan changed and now reaches further. Follow it?\n{planned.plan.text()}",
                    (_YES, "No"),
                )
                if bench.ask is None or bench.ask(question) != _YES:
                    self.notes.append("a changed plan that reaches further was not accepted")
                    routine.tell("replan_refused", plan=planned.plan.to_json())
                    return
            bench.scope = bench.scope.widened(steps)
        routine.tell("replan", before=self.plan.to_json(), after=planned.plan.to_json())
        self.plan = planned.plan
        routine.plan = planned.plan.text()

    # ------------------------------------------------------------------ review

    def _reviewed(self, routine: Routine) -> Verdict:
        weakened = weakened_tests(routine.bench.draft, routine.bench.shown)
        soft = tuple(
            Finding("MEDIUM", f"{name}: an existing assertion was changed or removed", "check")
            for name in weakened
        )
        if self.talk is None or not self.talk.router.has("critique"):
            return Verdict(soft, terminated=False)
        bench = routine.bench
        checks = self.report.reason or "parse and lint passed" if self.report else ""
        tests = "passed" if self.run is not None and self.run.passed else "; ".join(self.notes)
        try:
            found, problem = review(
                self.talk, routine.goal, bench.draft.diff(bench.root), checks, tests, bench
            )
        except CancelledError:
            raise
        except (ProviderError, NoEndpointError, DeadlineError) as error:
            self.notes.append(f"the review did not happen: {error}")
            return Verdict(soft)
        if found is None:
            self.notes.append(f"the review was not usable: {problem}")
            return Verdict(soft)
        return Verdict(
            (*findings_of(found), *soft),
            give_up=found.verdict == "give_up",
            terminated=found.verdict == "done",
        )
