"""`treewright task` as users run it: rules, repair, a model, a step server, branches; and what it
leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_step_protocol import step_server
from tests.support.lsp_client import ROOT
from tests.support.model_server import Reply, error, model_server, say, use, uses

pytestmark = pytest.mark.e2e

CALC = "def add(a, b):\n    return a - b\n"
TEST = "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
FIX = use("edit_file", file_path="calc.py", search="a - b", replace="a + b")
DONE = use("finish", summary="add adds now")


def git(root: Path, *argv: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *argv], cwd=root, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    root.mkdir()
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text(TEST)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def environment(root: Path, **more: str) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "MCP", "TREEWRIGHT"))
    }
    path = os.pathsep.join(str(ROOT / part) for part in ("server", "agent", "indexer"))
    return {
        **kept,
        "PYTHONPATH": path,
        "TREEWRIGHT_HOME": str(root.parent / "home"),
        "NO_COLOR": "1",
        **more,
    }


def command(root: Path, *argv: str) -> list[str]:
    return [sys.executable, "-m", "treewright_server", "task", str(root), *argv]


def task(root: Path, given: Any, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    raw = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return subprocess.run(
        command(root, *argv),
        input=raw,
        env=environment(root, **env),
        capture_output=True,
        text=True,
        timeout=120,
    )


def state(root: Path) -> str:
    """Everything of the folder that a user owns: files, index, HEAD, refs, worktrees."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).as_posix()
        if path.is_file() and (
            not inside.startswith(".git/") or inside in (".git/HEAD", ".git/index")
        ):
            digest.update(inside.encode() + b"\0" + path.read_bytes())
    digest.update(git(root, "for-each-ref").encode() + git(root, "worktree", "list").encode())
    return digest.hexdigest()


# -------------------------------------------------------------------- the contract


@pytest.mark.parametrize(
    "raw", ["{bad", "", "[]", "{}", '{"instruction": 5}', '{"instruction": ""}']
)
def test_a_bad_task_is_one_line_and_exit_1(root: Path, raw: str) -> None:
    ran = task(root, raw)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.strip().split("\n")) == 1
    assert ran.stderr.startswith("treewright: error: ")


@pytest.mark.parametrize("argv", [["--task-file", "/nonexistent.json"], ["--colour"]])
def test_bad_usage_is_exit_2(root: Path, argv: list[str]) -> None:
    assert task(root, "{}", *argv).returncode == 2


def test_a_rule_prints_a_diff_that_git_takes_and_writes_nothing(root: Path, tmp_path: Path) -> None:
    before = state(root)
    file = tmp_path / "task.json"
    file.write_text('{"instruction": "把 add 重命名为 plus"}')
    ran = task(root, "", "--task-file", str(file))
    assert ran.returncode == 0, ran.stderr
    assert "def plus" in ran.stdout
    check = subprocess.run(
        ["git", "apply", "--check", "-"], cwd=root, input=ran.stdout, text=True, check=False
    )
    assert check.returncode == 0
    assert state(root) == before


def test_write_writes(root: Path) -> None:
    ran = task(root, {"instruction": "rename add to plus"}, "--write", "--json")
    assert json.loads(ran.stdout)["written"] == ["calc.py", "test_calc.py"]
    assert (root / "calc.py").read_text() == "def plus(a, b):\n    return a - b\n"


def test_what_nothing_covers_ends_in_a_guide_with_a_command_that_runs(root: Path) -> None:
    before = state(root)
    ran = task(root, {"instruction": "make add commutative for matrices"}, "--json")
    row = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert (row["success"], row["source"]) == (False, "guide")
    assert "calc.py:1" in row["fallback"]["locations"]
    run_it = subprocess.run(
        row["fallback"]["cli_command"].replace("python ", f"{sys.executable} "),
        shell=True,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert run_it.returncode in (0, 1)
    assert row["suggestion"].startswith("treewright search")
    for path in root.rglob(".pytest_cache"):
        import shutil

        shutil.rmtree(path)
    assert state(root) == before


def test_a_failing_test_is_mended_without_a_model(root: Path) -> None:
    before = state(root)
    ran = task(root, {"instruction": "fix the failing test"}, "--json")
    row = json.loads(ran.stdout)
    if "repair: programs cannot be run here" in row["attempts"]:
        pytest.skip("no sandbox on this machine")
    assert (row["success"], row["source"], row["deterministic"]) == (True, "repair", True)
    assert "+    return a + b" in row["diff"]
    assert state(root) == before


# -------------------------------------------------------------------- a model


def test_any_openai_compatible_endpoint_by_environment(root: Path) -> None:
    before = state(root)
    with model_server(FIX, DONE) as server:
        ran = task(
            root,
            {"instruction": "make add right"},
            "--json",
            OPENAI_BASE_URL=server.url,
            OPENAI_MODEL="m",
            OPENAI_API_KEY="sk-abc",
        )
    row = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert (row["source"], row["message"]) == ("model", "add adds now")
    assert {request["model"] for request in server.requests} == {"m"}
    assert server.headers[0]["authorization"] == "Bearer sk-abc"
    assert "sk-abc" not in ran.stdout + ran.stderr
    assert state(root) == before
    traces = list((root.parent / "home").rglob(f"{row['task_id']}.jsonl"))
    assert len(traces) == 1
    replayed = subprocess.run(
        command(root, "--replay", str(traces[0])),
        env=environment(root),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (replayed.returncode, replayed.stdout) == (0, row["diff"])


def test_a_key_alone_sends_nothing_anywhere(root: Path) -> None:
    row = json.loads(
        task(root, {"instruction": "make add right"}, "--json", OPENAI_API_KEY="sk-abc").stdout
    )
    assert row["source"] == "guide"
    assert row["spent"]["requests"] == 0


def test_a_step_server_by_environment(root: Path) -> None:
    edit = {
        "event": "tool_call",
        "name": "edit_file",
        "arguments": {"file_path": "calc.py", "new_content": "def add(a, b):\n    return a + b\n"},
    }
    with step_server(edit, {"event": "finish", "summary": "mended"}) as (url, got):
        ran = task(
            root, {"instruction": "make add right", "task_id": "t-9"}, "--json", MCP_SERVER_URL=url
        )
    row = json.loads(ran.stdout)
    assert (ran.returncode, row["source"], row["task_id"]) == (0, "step", "t-9")
    assert [json.loads(body)["payload"]["event"] for body in got] == ["start", "tool_result"]


@pytest.mark.parametrize(
    "reply", [error(500), say("prose"), Reply(body=b"junk"), Reply(calls=(("rm", {"path": "/"}),))]
)
def test_a_bad_model_changes_nothing(root: Path, reply: Reply) -> None:
    before = state(root)
    with model_server(otherwise=reply) as server:
        ran = task(root, {"instruction": "make add right"}, "--json", OPENAI_BASE_URL=server.url)
    row = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert row["error"]
    assert row["fallback"]
    assert state(root) == before


def test_an_interrupt_ends_it_within_a_second_or_so(root: Path) -> None:
    with model_server(otherwise=Reply(hang=True)) as server:
        child = subprocess.Popen(
            command(root, "--json"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment(root, OPENAI_BASE_URL=server.url),
        )  # fmt: skip
        assert child.stdin is not None
        child.stdin.write('{"instruction": "make add right"}')
        child.stdin.close()
        until = time.monotonic() + 30
        while not server.requests and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        started = time.monotonic()
        child.wait(10)
        assert time.monotonic() - started < 3
        assert child.stdout is not None
        assert json.loads(child.stdout.read())["status"] == "cancelled"
        child.stdout.close()
        assert child.stderr is not None
        child.stderr.close()


# -------------------------------------------------------------------- branches


def test_a_branch_holds_the_tasks_files_only(root: Path) -> None:
    (root / "notes.txt").write_text("mine, staged\n")
    git(root, "add", "notes.txt")
    (root / "draft.txt").write_text("mine, untracked\n")
    (root / "calc.py").write_text(CALC + "\n\n# not committed yet\nDIRTY = 1\n")
    files, index = state(root), (root / ".git/index").read_bytes()
    ran = task(root, {"instruction": "rename add to plus"}, "--branch", "--json")
    row = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    branch = row["branch"]
    assert branch["files"] == ["calc.py", "test_calc.py"]
    assert branch["pull_request"] is None
    assert "no pull request was opened" in branch["message"]
    assert "DIRTY" not in git(root, "show", f"{branch['name']}:calc.py")
    assert "def plus" in git(root, "show", f"{branch['name']}:calc.py")
    assert (root / ".git/index").read_bytes() == index
    git(root, "branch", "-D", branch["name"])
    assert state(root) == files


def test_outside_git_the_branch_says_why_and_the_rest_works(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    (root / "calc.py").write_text(CALC)
    ran = task(
        root,
        {"instruction": "rename add to plus"},
        "--branch",
        "--json",
        GIT_CEILING_DIRECTORIES=str(tmp_path),
    )
    assert ran.returncode == 1
    row = json.loads(ran.stdout)
    assert "not a git repository" in row["branch"]["error"]
    assert "def plus" in row["diff"]


# -------------------------------------------------------------------- the whole story

STRINGS = "def reverse_string(text):\n    return text\n"
RIGHT = "def reverse_string(text: str) -> str:\n    return text[::-1]\n"
TESTS = (
    "import pytest\n\nfrom utils.string_utils import reverse_string\n\n\n"
    '@pytest.mark.parametrize(("text", "expected"), [("abc", "cba"), ("", ""), ("a", "a"), ("äb", "bä")])\n'
    "def test_reverse_string(text, expected):\n    assert reverse_string(text) == expected\n"
)
PLAN = {"plan": [
    {"step": "add reverse_string", "description": "a function that reverses a text", "files_to_operate": ["utils/string_utils.py"], "operation_type": "MODIFY", "expected_outcome": "it reverses", "implementation_notes": "slicing"},
    {"step": "write tests", "description": "normal, empty, one letter, not ASCII", "files_to_operate": ["tests/test_string_utils.py"], "operation_type": "ADD", "expected_outcome": "they pass", "implementation_notes": ""},
]}  # fmt: skip


def test_reverse_string_from_request_to_branch(tmp_path: Path) -> None:
    """Plan, edit, run (red), diagnosis, repair, run (green), commit: all six stages in order."""
    root = tmp_path / "w"
    (root / "utils").mkdir(parents=True)
    (root / "utils/__init__.py").write_text("")
    (root / "utils/string_utils.py").write_text('"""Helpers for texts."""\n')
    (root / "conftest.py").write_text("")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    before = state(root)
    first = uses(
        (
            "edit_file",
            {
                "file_path": "utils/string_utils.py",
                "insert_after_line": 0,
                "new_content": "\n\n" + STRINGS,
            },
        ),
        ("edit_file", {"file_path": "tests/test_string_utils.py", "new_content": TESTS}),
    )
    reflection = {
        "diagnosis": "reverse_string returns its argument", "root_cause": "the text is not reversed", "severity": "HIGH",
        "fix_strategy": "slice backwards", "code_changes": [{"file_path": "utils/string_utils.py", "new_content": '"""Helpers for texts."""\n\n\n' + RIGHT}],
        "plan_adjustment_needed": False, "plan_adjustment_suggestion": "",
    }  # fmt: skip
    with model_server(
        say(json.dumps(PLAN)),
        first,
        use("finish", summary="added reverse_string with tests"),
        say(json.dumps(reflection)),
    ) as server:
        ran = task(
            root, {"instruction": "add reverse_string to utils/string_utils.py and write tests"}, "--branch", "--json",
            OPENAI_BASE_URL=server.url, OPENAI_MODEL="scripted",
        )  # fmt: skip
    row = json.loads(ran.stdout)
    assert ran.returncode == 0, (ran.stderr, row)
    if "tests were not run: there is no sandbox here" in row["notes"]:
        pytest.skip("no sandbox on this machine")
    assert row["plan"] == PLAN["plan"]
    assert row["tests"]["test_passed"] is True
    (trace,) = (root.parent / "home").rglob(f"{row['task_id']}.jsonl")
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    names = [event["event"] for event in events]
    order = ["plan", "edit", "test", "diagnosis", "reflection", "test", "final_output"]
    at = 0
    for name in order:
        at = names.index(name, at) + 1
    assert [e["test_passed"] for e in events if e["event"] == "test"] == [False, True]
    assert sorted(row["branch"]["files"]) == ["tests/test_string_utils.py", "utils/string_utils.py"]
    assert "text[::-1]" in git(root, "show", f"{row['branch']['name']}:utils/string_utils.py")
    assert "## How to test" in row["branch"]["body"]
    git(root, "branch", "-D", row["branch"]["name"])
    assert state(root) == before
