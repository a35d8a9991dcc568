"""The small programs of `benchmarks/refactor_cases`: changed, they print what they printed before."""

from __future__ import annotations

import pytest

from benchmarks.refactorings import RefactoringCase, cases, own, passes

SHORT = {
    "from_dataclass: with defaults and a factory",
    "to_f_string: a single value that may be a tuple",
    "move_file: what is imported by a string",
    "remove_unused_imports: of a module of the workspace with one for its effect",
}
"""What falls short; see docs/changes.md."""

OWN = [case for case in cases() if f"{case.operation}: {case.title}" not in SHORT]


def test_what_falls_short_is_a_case() -> None:
    assert {f"{case.operation}: {case.title}" for case in cases()} >= SHORT


@pytest.mark.parametrize("case", OWN, ids=[f"{case.operation}: {case.title}" for case in OWN])
def test_the_program_does_the_same(case: RefactoringCase) -> None:
    after, reason = own(case, verified=False)
    good, why = passes(case, after, reason)
    assert good, why
