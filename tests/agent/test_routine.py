"""The loop: what ends it, what it tells, and that it replays without a brain."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent import trajectory
from treewright_agent.brains import Finding, Step, View
from treewright_agent.brains.scripted import ScriptedBrain, call, calls, finish, from_events
from treewright_agent.draft import Draft
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.routines.routine import NO_TOOL, Routine, RoutineState, Verdict
from treewright_agent.tools import all_tools
from treewright_agent.tools.bench import Bench
from treewright_agent.tools.model import Effect, Tool, ToolCall
from treewright_agent.trajectory import TaskIdError, Trajectory, check_stages, replay
from treewright_indexer.cancel import CancelToken

WORKSPACE = """
//- a.py
def f(x):
    return x + 1
//- b.py
from a import f

print(f(2))
"""
EDIT = call("edit_file", file_path="a.py", search="x + 1", replace="x + 2")


@pytest.fixture
def fx(tmp_path: Path) -> Iterator[Fixture]:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        yield fixture


def routine_of(
    fx: Fixture, brain: Any, *extra: Tool, limits: Limits | None = None, **how: Any
) -> Routine:
    bench = Bench(Draft(fx.snapshot), CancelToken(), Budget(limits or Limits(rounds=7)), fx.root)
    registry = all_tools()
    for tool in extra:
        registry.add(tool)
    return Routine("make f add two", "task", brain, bench, registry, Trajectory("t1"), **how)


def named(routine: Routine) -> list[str]:
    return [event.name for event in routine.trajectory.events if event.name != "stage"]


def test_edits_reach_the_draft_and_no_file(fx: Fixture) -> None:
    routine = routine_of(fx, ScriptedBrain([EDIT, finish("two now")]))
    ending = routine.run()
    assert (ending.status, ending.summary) == ("done", "two now")
    assert "x + 2" in routine.bench.snapshot.text(fx.absolute("a.py")).string
    assert Path(fx.absolute("a.py")).read_text() == "def f(x):\n    return x + 1\n"
    assert routine.state is RoutineState.COMPLETED


def test_a_brain_that_never_finishes_ends_at_the_limit(fx: Fixture) -> None:
    n = 0

    def another(view: View) -> Step:
        nonlocal n
        n += 1
        return call("search_text", pattern=f"x{n}")

    brain = ScriptedBrain([another] * 50)
    routine = routine_of(fx, brain, limits=Limits(rounds=5))
    ending = routine.run()
    assert (ending.status, ending.reason) == ("exhausted", "max_iterations")
    assert ending.summary == "Max iterations reached. Unable to complete task."
    assert len(routine.rounds) == 5
    assert routine.bench.draft.is_empty
    assert brain.endings == [("exhausted", "max_iterations")]


def test_the_same_call_with_the_same_result_three_times_is_no_progress(fx: Fixture) -> None:
    routine = routine_of(
        fx, ScriptedBrain([call("read_file", file_path="a.py")] * 9), limits=Limits(rounds=9)
    )
    assert routine.run().status == "no_progress"
    assert len(routine.rounds) == 3


def test_an_unknown_tool_is_an_observation_and_the_loop_goes_on(fx: Fixture) -> None:
    routine = routine_of(fx, ScriptedBrain([call("teleport"), EDIT, finish()]))
    assert routine.run().status == "done"
    output = routine.rounds[0].outputs[0]
    assert not output.ok
    assert "Tool teleport not found" in output.message
    assert "edit_file" in output.message


def test_two_rounds_without_a_valid_tool_end_it(fx: Fixture) -> None:
    routine = routine_of(fx, ScriptedBrain([Step("hm", problem="no tool was called")] * 5))
    assert routine.run().status == "no_tool"
    assert len(routine.rounds) == 2
    assert NO_TOOL in routine.rounds[0].note


def test_prose_before_any_edit_is_not_the_end(fx: Fixture) -> None:
    prose = Step("I will edit it.", answer="I will edit it.", implicit=True)
    routine = routine_of(fx, ScriptedBrain([prose, EDIT, prose]))
    assert routine.run().status == "done"
    assert "x + 2" in routine.bench.snapshot.text(fx.absolute("a.py")).string


def test_giving_up_is_not_success(fx: Fixture) -> None:
    ending = routine_of(fx, ScriptedBrain([EDIT, finish("cannot be done", success=False)])).run()
    assert (ending.status, ending.summary) == ("given_up", "cannot be done")


def test_a_tool_that_raises_is_a_failure_result(fx: Fixture) -> None:
    def explode(bench: Bench) -> None:
        raise ZeroDivisionError("boom")

    def odd(bench: Bench) -> object:
        return object()

    tools = [
        Tool(name, run, Effect.READS, "", {"type": "object", "properties": {}})
        for name, run in (("explode", explode), ("odd", odd))
    ]
    routine = routine_of(fx, ScriptedBrain([calls(call("explode"), call("odd")), finish()]), *tools)
    assert routine.run().status == "done"
    outputs = routine.rounds[0].outputs
    assert outputs[0].message == "Error executing tool explode: ZeroDivisionError: boom"
    json.dumps(outputs[1].to_json())


def test_a_megabyte_of_output_is_cut_and_says_so(fx: Fixture) -> None:
    def flood(bench: Bench) -> dict[str, Any]:
        return {"content": "x" * 1_000_000, "rows": ["y" * 1_000] * 2_000}

    tool = Tool("flood", flood, Effect.READS, "", {"type": "object", "properties": {}})
    routine = routine_of(fx, ScriptedBrain([call("flood"), finish()]), tool)
    routine.run()
    output = routine.rounds[0].outputs[0]
    assert output.truncated
    assert len(json.dumps(output.to_json())) < 100_000


@pytest.mark.parametrize("where", ["brain", "tool"])
def test_cancelling_takes_less_than_a_second(fx: Fixture, where: str) -> None:
    def wait(bench: Bench) -> None:
        while True:
            bench.token.check()
            time.sleep(0.01)

    def think(view: View) -> Step:
        wait(view.bench)
        raise AssertionError

    tool = Tool("wait", wait, Effect.READS, "", {"type": "object", "properties": {}})
    routine = routine_of(
        fx, ScriptedBrain([EDIT, think if where == "brain" else call("wait")]), tool
    )
    threading.Timer(0.2, routine.bench.token.cancel).start()
    started = time.monotonic()
    assert routine.run().status == "cancelled"
    assert time.monotonic() - started < 1.2
    assert routine.state is RoutineState.CANCELLED


def test_the_hundred_and_first_call_is_refused(fx: Fixture) -> None:
    many = [calls(*[call("search_text", pattern=f"a{i}{j}") for j in range(26)]) for i in range(5)]
    routine = routine_of(fx, ScriptedBrain(many), limits=Limits(rounds=20, tool_calls=100))
    assert routine.run().reason == "max_tool_calls"
    outputs = [output for each in routine.rounds for output in each.outputs]
    assert sum(output.ok for output in outputs) == 100
    assert "used up" in outputs[100].message


class Strict:
    """A critic that objects to the first `n` attempts."""

    def __init__(self, n: int, severity: Any = "HIGH") -> None:
        self.left, self.severity = n, severity

    def quick(self, routine: Routine) -> tuple[Finding, ...]:
        return ()

    def final(self, routine: Routine, summary: str) -> Verdict:
        if self.left == 0:
            return Verdict(terminated=True)
        self.left -= 1
        return Verdict(
            (Finding(self.severity, f"objection {self.left}: call process.terminate()"),)
        )


def test_a_high_finding_leads_to_another_round_and_low_ones_do_not(fx: Fixture) -> None:
    brain = ScriptedBrain([EDIT, finish(), finish(), finish()])
    routine = routine_of(fx, brain, critic=Strict(1))
    assert routine.run().status == "done"
    assert len(routine.rounds) == 3
    assert [f.comment for f in brain.seen[2].findings] == ["objection 0: call process.terminate()"]
    lenient = routine_of(fx, ScriptedBrain([EDIT, finish()]), critic=Strict(9, "LOW"))
    assert lenient.run().status == "done"
    assert len(lenient.rounds) == 2


def test_only_open_findings_are_kept(fx: Fixture) -> None:
    brain = ScriptedBrain([EDIT, *[finish()] * 7])
    routine_of(fx, brain, critic=Strict(5), limits=Limits(rounds=20)).run()
    assert all(len(view.findings) <= 1 for view in brain.seen)


def test_stepping_gives_the_same_trace_as_running(fx: Fixture) -> None:
    def script() -> ScriptedBrain:
        return ScriptedBrain([call("read_file", file_path="a.py"), EDIT, finish()])

    whole = routine_of(fx, script())
    whole.run()
    stepped = routine_of(fx, script())
    while stepped.ending is None:
        stepped.step()
    paused = routine_of(fx, script(), resume=threading.Event())
    thread = threading.Thread(target=paused.run)
    thread.start()
    while thread.is_alive():
        assert paused.resume is not None
        paused.resume.set()
        thread.join(0.02)
    assert named(whole) == named(stepped) == named(paused)


def test_every_event_has_its_name_and_the_stages_their_order(fx: Fixture) -> None:
    odd = Step("hm", problem="prose")
    routine = routine_of(fx, ScriptedBrain([odd, EDIT, finish()]), critic=Strict(0))
    routine.run()
    for name in (
        "thought_prompt", "llm_thought_response", "final_output", "action_executed", "observation",
        "no_tool_called", "critique", "terminated_by_critic",
    ):  # fmt: skip
        assert name in named(routine), name
    assert check_stages(routine.trajectory.events) == ""


def test_a_trajectory_replays_to_the_same_state_without_a_brain(
    fx: Fixture, tmp_path: Path
) -> None:
    recorded = Trajectory("t2", tmp_path / "traces")
    bench = Bench(Draft(fx.snapshot), CancelToken(), Budget(Limits()), fx.root)
    script = [EDIT, call("edit_file", file_path="new/c.py", new_content="y = '好'\n"), finish()]
    Routine("g", "task", ScriptedBrain(script), bench, all_tools(), recorded).run()
    recorded.add("final_state", state=trajectory.state_of(bench.draft, fx.root))
    recorded.close()
    events = trajectory.read(tmp_path / "traces" / "t2.jsonl")
    replayed = replay(events, fx.snapshot, fx.root, CancelToken())
    assert replayed.differs == ""
    assert replayed.draft.diff(fx.root) == bench.draft.diff(fx.root)
    again = routine_of(fx, from_events(events))
    assert again.run().status == "done"
    assert again.bench.draft.diff(fx.root) == bench.draft.diff(fx.root)


def test_a_replay_on_other_text_says_that_it_differs(fx: Fixture) -> None:
    routine = routine_of(fx, ScriptedBrain([EDIT, finish()]))
    routine.run()
    events = [*routine.trajectory.events]
    state = trajectory.state_of(routine.bench.draft, fx.root)
    events.append(trajectory.Event(99, 0.0, "", "final_state", {"state": state}))
    fx.open("a.py", "def f(x):\n    # new\n    return x + 1\n")
    assert "not the recorded ones" in replay(events, fx.snapshot, fx.root, CancelToken()).differs


def test_a_cut_trajectory_loses_its_last_line_only(tmp_path: Path) -> None:
    with Trajectory("t3", tmp_path) as written:
        for number in range(5):
            written.add("note", text=f"行 {number}")
    path = tmp_path / "t3.jsonl"
    raw = path.read_bytes()
    assert "行 0" in raw.decode()
    path.write_bytes(raw[:-15])
    assert [event.data["text"] for event in trajectory.read(path)] == [f"行 {n}" for n in range(4)]


def test_a_used_task_id_is_refused(tmp_path: Path) -> None:
    Trajectory("same", tmp_path).close()
    with pytest.raises(TaskIdError):
        Trajectory("same", tmp_path)
    for bad in ("../up", "", ".hidden", "a/b", "x" * 200):
        with pytest.raises(TaskIdError):
            Trajectory(bad, tmp_path)


def test_secrets_do_not_reach_the_trajectory(tmp_path: Path) -> None:
    with Trajectory("t4", tmp_path) as written:
        written.add("note", text="key = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'")
    assert "ghp_abc" not in (tmp_path / "t4.jsonl").read_text()


def test_rounds_become_training_records(fx: Fixture) -> None:
    routine = routine_of(fx, ScriptedBrain([EDIT] * 3), limits=Limits(rounds=2))
    routine.run()
    records = list(trajectory.iteration_records(routine.trajectory.events))
    assert [record["iteration"] for record in records] == [1, 2, 3]
    assert records[-1]["mcp_reply"] == {"event": "agent_abort", "reason": "max_iterations"}


def test_old_trajectories_go_first(tmp_path: Path) -> None:
    import os

    for number in range(6):
        Trajectory(f"t{number}", tmp_path).close()
        os.utime(tmp_path / f"t{number}.jsonl", (number, number))
    assert trajectory.prune(tmp_path, max_files=2) == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t4.jsonl", "t5.jsonl"]


def test_tool_calls_read_every_spelling() -> None:
    for row in (
        {"name": "a", "arguments": {"x": 1}},
        {"tool_name": "a", "arguments": {"x": 1}},
        {"tool": "a", "arguments": {"x": 1}},
    ):
        assert ToolCall.from_json(row) == ToolCall("a", {"x": 1})
