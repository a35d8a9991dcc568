"""Seeded tasks over small projects, with a scripted model: all of them end in the right diff."""

from __future__ import annotations

import pytest

from benchmarks.agent import attempt
from benchmarks.agent_cases import Project, Task, load
from treewright_agent.sandbox import Level, active

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(active().level < Level.LANDLOCK, reason="nothing may be run here"),
]

CASES = [(project, task) for project in load() for task in project.tasks]


@pytest.mark.parametrize(
    ("project", "task"), CASES, ids=[f"{project.name}-{task.name}" for project, task in CASES]
)
def test_is_solved(project: Project, task: Task) -> None:
    row = attempt(project, task, 0.0)
    assert row["solved"], (row["status"], row["reason"], row["diff"])
    assert row["untouched"]


def test_who_gives_up_solves_nothing() -> None:
    rows = [attempt(project, task, 0.0, noop=True) for project, task in CASES[::5]]
    assert not any(row["solved"] for row in rows)
    assert all(row["untouched"] for row in rows)


def test_the_demo_ends_in_a_green_run(capsys: pytest.CaptureFixture[str]) -> None:
    from editors.demo.task import main

    assert main() == 0
    shown = capsys.readouterr().out
    stages = [
        "plan  ",
        "edit  ",
        "test        red",
        "diagnosis",
        "reflection",
        "test        green",
        "finish",
    ]
    at = [shown.index(stage) for stage in stages]
    assert at == sorted(at)
    assert "return text[::-1]" in shown
