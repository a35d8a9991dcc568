"""`treewright feedback`, and the files of rounds: arguments in, what is printed and written out."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore, Made
from treewright_server.cli import main

SECRET = "ghp_" + "a1B2c3D4e5" * 4


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FeedbackStore]:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    with FeedbackStore.open() as opened:
        yield opened


def fill(store: FeedbackStore) -> None:
    for n, value in enumerate(("a", "b(1)", "c.d")):
        store.record_proposal(
            proposal_of(f"p{n}", f"{value} == None\n", f"{value} is None\n", source="model"), "/w",
            made=Made(task=f"t{n}"),
        )  # fmt: skip
        store.record_outcome(f"p{n}", "accepted")


def test_exactly_what_would_leave_is_shown_and_then_sent(
    store: FeedbackStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store)
    assert main(["feedback", "show", "--leaving"]) == 0
    assert "nothing leaves" in capsys.readouterr().err
    address = f"folder:{tmp_path / 'sink'}"
    assert main(["feedback", "show", "--leaving", "--to", address]) == 0
    shown = capsys.readouterr().out
    assert main(["feedback", "forward", "--to", address]) == 0
    sent = "".join(path.read_text() for path in (tmp_path / "sink").glob("*/*.jsonl"))
    assert sent == shown
    assert "is None" not in sent  # no code without --with-code
    capsys.readouterr()
    assert main(["feedback", "show", "--leaving"]) == 0
    assert capsys.readouterr().out == ""


def test_rules_are_mined_approved_and_removed(
    store: FeedbackStore, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store)
    assert main(["feedback", "rules", "--mine", "--json"]) == 0
    (rule,) = json.loads(capsys.readouterr().out)
    assert (rule["pattern"], rule["state"]) == ("$A == None", "proposed")
    assert main(["feedback", "evaluate", "rules", "--json"]) == 0
    assert main(["feedback", "rules", "--approve", rule["id"], "--json"]) == 0
    assert '"approved"' in capsys.readouterr().out
    assert main(["feedback", "rules", "--remove", rule["id"], "--json"]) == 0
    assert main(["feedback", "rules", "--approve", rule["id"]]) != 0
    assert "there are: none" in capsys.readouterr().err


def test_what_the_order_of_the_menu_has_learned_is_explained(
    store: FeedbackStore, capsys: pytest.CaptureFixture[str]
) -> None:
    from treewright_agent.calls import Call

    assert main(["feedback", "taste"]) == 0
    assert "nothing was decided yet" in capsys.readouterr().err
    for n in range(12):
        proposal = proposal_of(f"t{n}", f"x{n} = 1\n", f"import y\nx{n} = 1\n")
        module = "typing" if n % 3 else "a b=c"
        arguments = {"path": "/w/a.py", "module": module, "name": "Iterable"}
        object.__setattr__(proposal, "calls", (Call("add_import", arguments),))
        store.record_proposal(proposal, "/w")
        store.record_outcome(f"t{n}", "accepted" if n % 3 else "rejected")
    assert main(["feedback", "taste", "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows)[:2] == ["any", "add_import"]
    taken, left = rows["add_import module=typing"], rows["add_import module=a b=c"]
    assert (round(taken["kept"]), round(taken["weight"])) == (8, 8)
    assert (round(left["kept"]), round(left["weight"])) == (0, 4)
    assert left["share"] < rows["add_import"]["share"] < taken["share"] < 1  # shrunk, not counted
    assert main(["feedback", "taste", "-n", "2"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2
    assert shown[1].endswith("add_import")


def test_a_rule_that_repeats_what_was_refused_cannot_be_approved(
    store: FeedbackStore, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store)
    assert main(["feedback", "rules", "--mine", "--json"]) == 0
    (rule,) = json.loads(capsys.readouterr().out)
    store.record_proposal(proposal_of("no", "z == None\n", "z is None\n", source="model"), "/w")
    store.record_outcome("no", "reverted")
    assert main(["feedback", "rules", "--approve", rule["id"]]) == 1
    assert "not approved" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nonsense"], "is none of ranking"),
        (["evaluate", "model"], "--endpoint URL and --model NAME"),
        (["evaluate", "ranking", "--rollback"], "nothing to roll back"),
        (["export", "--format", "rounds"], "needs --folder"),
        (["export", "--format", "csv"], "is none of messages"),
        (["tune", "axolotl", "--data", "/nowhere", "--model", "m", "--output", "/tmp/x"], "export --folder"),
    ],
)  # fmt: skip
def test_bad_usage_is_named(
    store: FeedbackStore, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["feedback", *arguments]) != 0
    assert message in capsys.readouterr().err


def test_the_gate_says_its_numbers(
    store: FeedbackStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feedback", "evaluate", "reranker", "--json", "--promote"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["promoted"]) == (False, 0)
    assert "10 are needed" in told["reason"]


# -------------------------------------------------------------------- rounds of tasks


def extract() -> Any:
    place = Path(__file__).resolve().parents[2] / "scripts/extract_ft_pairs.py"
    spec = importlib.util.spec_from_file_location("extract_ft_pairs", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rounds(folder: Path, name: str, *replies: Any, repository: str = "r", tail: str = "") -> None:
    lines = [
        json.dumps(
            {"iteration": n, "agent_input": {"system": "You help.", "task": f"做 {repository}", "repository": repository},
             "mcp_reply": reply},
            ensure_ascii=False,
        )
        for n, reply in enumerate(replies, 1)
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n" + tail, "utf-8")


THOUGHT = {
    "thought": "look",
    "tool_call": {"tool_name": "read_file", "arguments": {"path": "a.py"}},
}


def test_a_mixed_folder_gives_the_expected_rows_and_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "finetuning_data"
    rounds(folder, "a_finished", THOUGHT, {"final_answer": "done"})
    rounds(folder, "b_aborted", THOUGHT, {"event": "agent_abort", "reason": "budget"})
    rounds(
        folder,
        "c_rejected",
        {"final_answer": "no"},
        {"event": "outcome", "outcome": "rejected", "state": "rejected"},
    )
    rounds(folder, "d_corrupt", THOUGHT, {"final_answer": "x"})
    (folder / "d_corrupt.jsonl").write_text('{"iteration": 1,\n{"mcp_reply": {}}\n')
    rounds(folder, "e_duplicate", THOUGHT, {"final_answer": "done"})
    rounds(folder, "f_secret", {"final_answer": f"the key is {SECRET}"})
    rounds(folder, "g_killed", THOUGHT, {"final_answer": "whole"}, tail='{"iteration": 3, "age')
    rounds(folder, "h_unfinished", THOUGHT)
    rounds(folder, "i_failed", {"answer": "tried", "success": False})
    out = tmp_path / "ft_dataset.jsonl"
    assert extract().main(["--jsonl_dir", str(folder), "--out_file", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["messages"][-1]["content"] for row in rows] == [
        "Final Answer: done",
        "Final Answer: whole",
    ]
    assert [m["role"] for m in rows[0]["messages"]] == ["system", "user", "assistant", "assistant"]
    assert rows[0]["messages"][2]["content"].startswith("Thought: look\nAction: {")
    assert "做" in out.read_text("utf-8")
    told = capsys.readouterr().err
    for reason in ("aborted", "rejected", "a line is no JSON", "repetition", "holds a secret",
                   "no final answer", "failed"):  # fmt: skip
        assert f"1 left out: {reason}" in told


def test_repositories_are_split_whole(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for n in range(60):
        rounds(folder, f"t{n:02}", {"final_answer": f"{n}"}, repository=f"repo{n % 20}")
    out = tmp_path / "ft.jsonl"
    assert (
        extract().main(["--jsonl_dir", str(folder), "--out_file", str(out), "--val_share", "0.3"])
        == 0
    )
    found = [
        {
            json.loads(line)["messages"][1]["content"]
            for line in path.read_text("utf-8").splitlines()
        }
        for path in (out, out.with_suffix(".val.jsonl"))
    ]
    assert all(found)
    assert not found[0] & found[1]


def test_rounds_of_recorded_tasks_are_written_with_their_fate(
    store: FeedbackStore, tmp_path: Path
) -> None:
    from treewright_agent.feedback.rounds import export_rounds
    from treewright_agent.trajectory import THOUGHT_PROMPT, THOUGHT_RESPONSE, Trajectory

    fill(store)
    store.record_outcome("p1", "reverted")
    folder = tmp_path / "trajectories"
    for n in range(2):
        with Trajectory(f"t{n}", folder) as events:
            events.add(
                THOUGHT_PROMPT, "task", prompt={"messages": [{"role": "user", "content": "改"}]}
            )
            events.add(
                THOUGHT_RESPONSE, "task", thought="t", calls=[], answer="fertig", success=True
            )
    assert export_rounds(store, {"/w": folder}, tmp_path / "out") == 2
    lines = (tmp_path / "out/t1.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["iteration"] == 1
    assert "改" in lines[0]
    assert json.loads(lines[-1])["mcp_reply"]["outcome"] == "reverted"
    out = tmp_path / "ft.jsonl"
    assert extract().main(["--jsonl_dir", str(tmp_path / "out"), "--out_file", str(out)]) == 0
    (row,) = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert row["messages"][0] == {"role": "user", "content": "改"}
    store.record_consent("/w", "outcomes")
    assert export_rounds(store, {"/w": folder}, tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()
