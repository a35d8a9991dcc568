"""Tools: schemas from signatures, the one envelope, paths, edits, selection."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.brains.remote import tool_result, wire_result
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.draft import Draft
from treewright_agent.guard.plan_scope import PlanScope, Step
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.tools import all_tools
from treewright_agent.tools.bench import Bench, CommandRun
from treewright_agent.tools.model import Effect, ToolCall, ToolOutput, Trouble
from treewright_agent.tools.reading import read_file
from treewright_agent.tools.registry import Registry
from treewright_agent.tools.selection import ToolSelector
from treewright_indexer.cancel import CancelToken
from treewright_indexer.text import Span

WORKSPACE = """
//- pkg/__init__.py
//- pkg/core.py
class Base:
    def run(self):
        return helper(1)


def helper(n: int) -> int:
    return n + 1
//- pkg/use.py
from pkg.core import Base, helper as h


class Child(Base):
    def go(self):
        return h(2)
//- tests/test_core.py
from pkg.core import helper


def test_helper():
    assert helper(1) == 2
"""


@pytest.fixture(scope="module")
def fx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fixture]:
    with workspace_of(tmp_path_factory.mktemp("tools"), WORKSPACE) as fixture:
        yield fixture


@pytest.fixture
def bench(fx: Fixture) -> Bench:
    return Bench(Draft(fx.snapshot), CancelToken(), Budget(Limits()), fx.root)


TOOLS = all_tools()


def use(bench: Bench, name: str, /, **arguments: Any) -> ToolOutput:
    return TOOLS.execute(bench, ToolCall(name, arguments))


def data(bench: Bench, name: str, /, **arguments: Any) -> dict[str, Any]:
    output = use(bench, name, **arguments)
    assert output.ok, output.message
    return dict(output.data)


# -------------------------------------------------------------------- schemas and the envelope


def test_every_tool_has_a_schema_that_says_what_it_takes() -> None:
    for each in TOOLS.tools:
        function = each.schema["function"]
        assert function["name"] == each.name
        assert len(function["description"]) > 20, each.name
        assert function["parameters"]["type"] == "object"
        assert function["parameters"]["additionalProperties"] is False, each.name
        for name, described in function["parameters"]["properties"].items():
            assert described.get("description"), f"{each.name}.{name}"
        assert "$ref" not in json.dumps(function), each.name
    assert json.loads(TOOLS.get_schema_string()) == TOOLS.schemas()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "missing argument `file_path`"),
        ({"file_path": 3}, "file_path: "),
        ({"file_path": "a", "start": "0"}, "start: "),
        ({"file_path": "a", "start": -1}, "start: "),
        ({"file_path": "a", "depth": 1}, "unknown argument `depth`"),
    ],
)
def test_bad_arguments_name_the_field_and_run_nothing(
    bench: Bench, arguments: dict[str, Any], words: str
) -> None:
    ran: list[str] = []

    probe = Registry([dataclasses.replace(read_file, run=lambda bench, **given: ran.append("ran"))])
    output = probe.execute(bench, ToolCall("read_file", arguments))
    assert (output.status, output.trouble) == ("failure", Trouble.ARGUMENTS)
    assert words in output.message
    assert ran == []


def test_every_outcome_fits_the_envelope(bench: Bench) -> None:
    outputs = [use(bench, each.name) for each in TOOLS.tools]
    outputs += [use(bench, "read_file", file_path="pkg/core.py"), use(bench, "nothing")]
    for output in outputs:
        row = output.to_json()
        assert row["status"] in ("success", "failure")
        assert isinstance(row["message"], str)
        assert isinstance(row["truncated"], bool)
        assert isinstance(row["duration_ms"], int)
        assert ToolOutput.from_json(json.loads(json.dumps(row))) == output


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    max_leaves=8,
)  # fmt: skip


@given(st.text(), st.dictionaries(st.text(), json_values), st.text())
def test_a_call_survives_json(name: str, arguments: dict[str, Any], id: str) -> None:
    call = ToolCall(name, arguments, id)
    assert ToolCall.from_json(json.loads(json.dumps(call.to_json()))) == call


def test_a_registered_tool_can_be_called_at_once(bench: Bench) -> None:
    registry = Registry()
    schema = {"description": "d", "parameters": {"type": "object", "properties": {}}}
    registry.register_tool("hello", lambda who="you": f"hello {who}", schema)
    assert registry.has_tool("hello")
    assert registry.execute(bench, ToolCall("hello", {"who": "me"})).data == {"content": "hello me"}
    assert registry.schemas()[0]["function"]["name"] == "hello"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run_linter", {"file_path": "pkg/core.py"}),
        ("extract_symbols", {"file_path": "pkg/core.py"}),
        ("find_references", {"symbol": "helper"}),
        ("build_ir", {"symbols": ["helper"]}),
    ],
)
def test_other_names_are_understood(bench: Bench, name: str, arguments: dict[str, Any]) -> None:
    assert use(bench, name, **arguments).ok


# -------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    "path",
    [
        "../outside.py",
        "/etc/passwd",
        "/etc/nothing",
        "../{twin}/x.py",
        "a\0b",
        "file:///etc/passwd",
        "file:..%2f..%2fx",
        "link/x.py",
    ],
)
@pytest.mark.parametrize("name", ["read_file", "edit_file"])
def test_outside_paths_are_refused_alike(bench: Bench, fx: Fixture, name: str, path: str) -> None:
    twin = Path(fx.root + "-evil")
    twin.mkdir(exist_ok=True)
    (twin / "x.py").write_text("secret = 1\n")
    link = Path(fx.root, "link")
    if not link.is_symlink():
        link.symlink_to(twin)
    arguments: dict[str, Any] = {"file_path": path.format(twin=twin.name)}
    if name == "edit_file":
        arguments["new_content"] = "x = 1\n"
    output = use(bench, name, **arguments)
    assert output.trouble is Trouble.OUTSIDE
    assert "secret" not in json.dumps(output.to_json())
    assert wire_result(name, output) == {"status": "failure", "message": "路径越界被阻止"}


def test_a_missing_file_names_one_of_the_same_name(bench: Bench) -> None:
    output = use(bench, "read_file", file_path="core.py")
    assert output.trouble is Trouble.NO_FILE
    assert "pkg/core.py" in output.message
    assert wire_result("read_file", output) == {"status": "failure", "message": "文件不存在"}


# -------------------------------------------------------------------- reading


def test_reading_a_part(bench: Bench, fx: Fixture) -> None:
    whole = Path(fx.absolute("pkg/core.py")).read_text()
    assert data(bench, "read_file", file_path="pkg/core.py")["content"] == whole
    part = use(bench, "read_file", file_path="pkg/core.py", start=6, end=10)
    assert part.data["content"] == "Base"
    assert part.truncated
    assert part.data["total_characters"] == len(whole)
    lines = data(bench, "read_file", file_path="pkg/core.py", start_line=6, end_line=7)
    assert lines["content"] == "def helper(n: int) -> int:\n    return n + 1\n"


def test_reading_sees_unsaved_text_and_the_draft(fx: Fixture) -> None:
    fx.open("pkg/use.py", "unsaved = 1\n")
    bench = Bench(Draft(fx.snapshot), CancelToken(), Budget(Limits()), fx.root)
    assert data(bench, "read_file", file_path="pkg/use.py")["content"] == "unsaved = 1\n"
    use(bench, "edit_file", file_path="pkg/use.py", search="unsaved", replace="drafted")
    assert data(bench, "read_file", file_path="pkg/use.py")["content"] == "drafted = 1\n"
    fx.workspace.close_document(fx.absolute("pkg/use.py"))


def test_files_and_text(bench: Bench) -> None:
    assert data(bench, "list_files", pattern="pkg/*.py")["files"] == [
        "pkg/__init__.py",
        "pkg/core.py",
        "pkg/use.py",
    ]
    assert data(bench, "list_files", pattern="**/test_*.py")["files"] == ["tests/test_core.py"]
    found = data(bench, "search_text", pattern=r"def \w+\(self")["matches"]
    assert [(row["file"], row["line"]) for row in found] == [("pkg/core.py", 2), ("pkg/use.py", 5)]
    assert "pattern" in use(bench, "search_text", pattern="(").message


# -------------------------------------------------------------------- the graph


def test_references_are_the_exact_set(bench: Bench) -> None:
    found = data(bench, "references", symbol="helper")["references"]
    assert sorted({(row["file"], row["line"]) for row in found}) == [
        ("pkg/core.py", 3), ("pkg/core.py", 6), ("pkg/use.py", 1), ("pkg/use.py", 6),
        ("tests/test_core.py", 1), ("tests/test_core.py", 5),
    ]  # fmt: skip


def test_neighbours(bench: Bench) -> None:
    assert data(bench, "tests_of", symbol="helper")["tests"] == ["tests/test_core.py::test_helper"]
    assert [row["symbol"] for row in data(bench, "callees", symbol="Base.run")["callees"]] == [
        "pkg/core.py::helper"
    ]
    assert {row["inside"] for row in data(bench, "callers", symbol="helper")["references"]} >= {
        "Base.run",
        "Child.go",
    }
    reached = {row["symbol"] for row in data(bench, "impact", symbol="helper")["reached"]}
    assert "tests/test_core.py::test_helper" in reached
    edges = data(bench, "graph", symbols=["Base", "helper"])["edges"]
    assert {"from": "pkg/use.py::Child", "to": "pkg/core.py::Base", "kind": "inherits"} in edges


def test_an_unknown_symbol_names_near_ones(bench: Bench) -> None:
    output = use(bench, "references", symbol="helpr")
    assert output.trouble is Trouble.NOT_FOUND
    assert "helper" in output.message


def test_two_definitions_of_one_name_are_listed(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "//- a.py\ndef f(): ...\n//- b.py\ndef f(): ...\n") as other:
        bench = Bench(Draft(other.snapshot), CancelToken(), Budget(Limits()), other.root)
        output = use(bench, "references", symbol="f")
        assert output.data["candidates"] == ["a.py::f", "b.py::f"]
        assert use(bench, "references", symbol="b.py::f").ok


def test_types_at_places(tmp_path: Path) -> None:
    text = "import os\nn = 1\ns = 'a' + str(n)\nclass A: ...\na = A()\ndef f(x):\n    return x\nd = os.getcwd()\n"
    with workspace_of(tmp_path, text) as other:
        bench = Bench(Draft(other.snapshot), CancelToken(), Budget(Limits()), other.root)
        found = [
            data(bench, "infer_type", file_path="main.py", line=line, column=column)["type"]
            for line, column in ((2, 1), (3, 1), (5, 1), (6, 7), (8, 1))
        ]
    assert found == ["int", "str", "A", "unknown", "str"]


# -------------------------------------------------------------------- edit_file


def edited(tmp_path: Path, before: bytes, **arguments: Any) -> bytes:
    path = tmp_path / "t.py"
    path.write_bytes(before)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    with workspace_of(tmp_path, {}) as other:
        bench = Bench(Draft(other.snapshot), CancelToken(), Budget(Limits()), other.root)
        output = use(bench, "edit_file", file_path="t.py", **arguments)
        assert output.ok, output.message
        check = subprocess.run(
            ["git", "apply", "--check", "-"],
            cwd=tmp_path,
            input=output.data["diff"].encode(),
            capture_output=True,
        )
        assert check.returncode == 0, check.stderr
        assert path.read_bytes() == before
        return bench.snapshot.text(str(path)).data


@pytest.mark.parametrize(
    ("before", "arguments", "after"),
    [
        pytest.param(b"a\nb\n", {"new_content": "c\n"}, b"c\n", id="whole"),
        pytest.param(b"a\nb\nc\n", {"search": "b\n", "replace": "B\nBB\n"}, b"a\nB\nBB\nc\n", id="search"),
        pytest.param(b"a\nb\n", {"insert_after_line": 0, "new_content": "x"}, b"a\nx\nb\n", id="insert"),
        pytest.param(b"a\nb\n", {"insert_at_top": True, "new_content": "x\n"}, b"x\na\nb\n", id="top"),
        pytest.param(b"a\nb\n", {"insert_after_line": 1, "new_content": "x\n"}, b"a\nb\nx\n", id="behind the last line"),
        pytest.param(b"a\nb", {"insert_after_line": 1, "new_content": "x"}, b"a\nb\nx", id="behind a last line without a break"),
        pytest.param(b"a\r\nb\r\n", {"insert_after_line": 0, "new_content": "x\n"}, b"a\r\nx\r\nb\r\n", id="CRLF"),
        pytest.param(b"a\nb\nc\n", {"replace_lines": [1, 2], "new_content": "x"}, b"a\nx\n", id="lines"),
        pytest.param(b"a\nb\nc\n", {"diff_patch": "@@ -1,2 +1,2 @@\n a\n-b\n+B\n"}, b"a\nB\nc\n", id="patch"),
        pytest.param(b"0\n0\na\nb\n", {"diff_patch": "@@ -1,2 +1,2 @@\n a\n-b\n+B\n"}, b"0\n0\na\nB\n", id="shifted patch"),
    ],
)  # fmt: skip
def test_edit_modes(tmp_path: Path, before: bytes, arguments: dict[str, Any], after: bytes) -> None:
    assert edited(tmp_path, before, **arguments) == after


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"new_content": "a", "diff_patch": "b"},
        {"insert_after_line": 0},
        {"replace_lines": [0, 0]},
        {"insert_after_line": 0, "replace_lines": [0, 0], "new_content": "x"},
        {"search": "a"},
        {"replace": "a"},
        {"search": "a", "replace": "b", "new_content": "c"},
        {"diff_patch": "x", "insert_after_line": 1},
        {"insert_at_top": True, "insert_after_line": 1, "new_content": "x"},
    ],
)
def test_bad_combinations(bench: Bench, arguments: dict[str, Any]) -> None:
    output = use(bench, "edit_file", file_path="pkg/core.py", **arguments)
    assert output.trouble is Trouble.COMBINATION
    assert bench.draft.is_empty
    assert wire_result("edit_file", output)["message"] == "参数组合非法"


@pytest.mark.parametrize("lines", [[5, 3], [0, 99], [-1, 0]])
def test_lines_out_of_range(bench: Bench, lines: list[int]) -> None:
    output = use(bench, "edit_file", file_path="pkg/core.py", replace_lines=lines, new_content="x")
    assert output.trouble is Trouble.RANGE
    assert wire_result("edit_file", output)["message"] == "replace_lines 范围非法"


def test_a_patch_that_does_not_fit_names_its_hunk_and_changes_nothing(bench: Bench) -> None:
    patch = "@@ -1,1 +1,1 @@\n-class Base:\n+class Root:\n@@ -3,1 +3,1 @@\n-nothing like this\n+x\n"
    output = use(bench, "edit_file", file_path="pkg/core.py", diff_patch=patch)
    assert not output.ok
    assert "hunk 2" in output.message
    assert bench.draft.is_empty


def test_an_edit_that_changes_nothing_is_no_success(bench: Bench) -> None:
    output = use(bench, "edit_file", file_path="pkg/core.py", search="n + 1", replace="n + 1")
    assert not output.ok


def test_new_files_get_their_folders(bench: Bench) -> None:
    use(bench, "edit_file", file_path="new/deep/x.py", new_content="x = 1\n")
    assert bench.snapshot.exists(os.path.join(bench.root, "new/deep/x.py"))
    assert not os.path.exists(os.path.join(bench.root, "new"))


def test_edits_outside_the_plan_are_held(bench: Bench) -> None:
    bench.scope = PlanScope((Step((bench.path("pkg/core.py"),), "MODIFY"),))
    assert use(bench, "edit_file", file_path="pkg/core.py", search="n + 1", replace="n + 2").ok
    output = use(bench, "edit_file", file_path="ci.yml", new_content="x")
    assert output.trouble is Trouble.BLOCKED
    assert output.data["files"] == ["ci.yml"]


# -------------------------------------------------------------------- operations as tools


def test_operations_take_lines_and_code(bench: Bench) -> None:
    row = data(bench, "extract_variable", path="pkg/core.py", selection="n + 1", name="total")
    assert row["files"] == ["pkg/core.py"]
    assert "total = n + 1" in bench.snapshot.text(bench.path("pkg/core.py")).string
    call = bench.draft.log[-1].call
    assert call.operation == "extract_variable"
    assert call.arguments["path"] == "pkg/core.py"


def test_a_selection_that_is_not_there_says_so(bench: Bench) -> None:
    output = use(bench, "extract_variable", path="pkg/core.py", selection="n * 9", name="x")
    assert "not in the file" in output.message


# -------------------------------------------------------------------- checks, commands, git


def test_lint_looks_at_the_draft_and_merges_what_the_editor_knows(bench: Bench) -> None:
    path = bench.path("pkg/core.py")
    assert data(bench, "lint", file_path="pkg/core.py")["diagnostics"] == []
    bench.diagnostics = {path: [Diagnostic(path, Span(0, 5), "X1", "server", "from the editor", 2)]}
    assert [row["code"] for row in data(bench, "lint", file_path="pkg/core.py")["diagnostics"]] == [
        "X1"
    ]
    use(bench, "edit_file", file_path="pkg/core.py", search="n + 1", replace="'😋', undefined_name")
    found = data(bench, "lint", file_path="pkg/core.py")["diagnostics"]
    assert [(row["code"], row["line"], row["column"], row["utf16_column"]) for row in found] == [
        ("F821", 7, 17, 17)
    ]


class FakeWorkshop:
    def __init__(self, run: CommandRun) -> None:
        self.run, self.calls = run, []

    def command(
        self, change: Any, argv: Any, workdir: str, timeout_s: float, max_output: int, token: Any
    ) -> CommandRun:
        self.calls.append((list(argv), workdir, timeout_s, max_output))
        return self.run


def test_commands_run_without_a_shell(bench: Bench) -> None:
    workshop = FakeWorkshop(CommandRun(0, "out", "err", level="bubblewrap"))
    bench.workshop = workshop  # type: ignore[assignment]
    output = use(bench, "run_command", command="python -c 'print(1); x'", workdir="pkg", timeout=3)
    assert wire_result("run_command", output) == {
        "status": "success",
        "returncode": 0,
        "stdout": "out",
        "stderr": "err",
    }
    assert workshop.calls == [(["python", "-c", "print(1); x"], "pkg", 3.0, 20_000)]
    outside = use(bench, "run_command", command="ls", workdir="../..")
    assert wire_result("run_command", outside)["message"] == "工作目录越界"


def test_a_command_that_takes_too_long(bench: Bench) -> None:
    bench.workshop = FakeWorkshop(CommandRun(-9, "", "", limit="timeout"))  # type: ignore[assignment]
    output = use(bench, "run_command", command="sleep 60", timeout=2)
    assert output.trouble is Trouble.TIMEOUT
    assert wire_result("run_command", output)["message"] == "执行超时 2s"


def test_without_a_sandbox_nothing_that_runs_is_offered(bench: Bench) -> None:
    assert use(bench, "run_command", command="ls").trouble is Trouble.UNAVAILABLE
    offered = {each.name for each in ToolSelector(TOOLS).get_available_tools(bench)}
    assert not offered & {"run_command", "test", "build", "web_search", "ask_user", "fork"}


def test_git_reads_and_never_writes(tmp_path: Path) -> None:
    def git(*argv: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *argv],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    git("init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    git("add", ".")
    git("commit", "-qm", "first")
    (tmp_path / "a.py").write_text("x = 2\n")
    with workspace_of(tmp_path, {}) as other:
        bench = Bench(Draft(other.snapshot), CancelToken(), Budget(Limits()), other.root)
        assert " M a.py" in data(bench, "git", verb="status")["output"]
        assert "+x = 2" in data(bench, "git", verb="diff")["output"]
        assert "first" in data(bench, "git", verb="log", limit=1)["output"]
        assert "+x = 1" in data(bench, "git", verb="show")["output"]
        for revision in ("--output=/tmp/x", "-p", "a b", "$(id)"):
            assert use(bench, "git", verb="diff", revision=revision).trouble is Trouble.ARGUMENTS
        assert not use(bench, "git", verb="push").ok


def test_git_outside_a_repository(bench: Bench) -> None:
    assert use(bench, "git", verb="status").trouble is Trouble.UNAVAILABLE


def test_web_search_is_off_unless_set_up(bench: Bench) -> None:
    assert use(bench, "web_search", query="x").trouble is Trouble.UNAVAILABLE
    bench.web = lambda query, limit: [{"title": "t", "url": "u", "text": "z" * 9_000}] * 20
    found = data(bench, "web_search", query="x", limit=3)
    assert found["untrusted"] is True
    assert len(found["results"]) == 3
    assert all(len(row["text"]) < 2_200 for row in found["results"])


def test_asking_without_an_answer_is_a_failure(bench: Bench) -> None:
    bench.ask = lambda question: None
    assert not use(bench, "ask_user", question="which?").ok
    bench.ask = lambda question: question.choices[1]
    assert data(bench, "ask_user", question="which?", choices=["a", "b"]) == {"answer": "b"}


# -------------------------------------------------------------------- selection


@pytest.mark.parametrize("kind", ["explain", "chat", "review"])
def test_read_only_kinds_get_nothing_that_writes_or_runs(bench: Bench, kind: str) -> None:
    bench.workshop = FakeWorkshop(CommandRun(0, "", ""))  # type: ignore[assignment]
    registry, _ = ToolSelector(TOOLS).select_tools(
        kind, "explain; now delete file x and rename everything", bench
    )
    assert all(each.effect in (Effect.READS, Effect.CONTROLS) for each in registry.tools)


@pytest.mark.parametrize("kind", ["task", "fix", "refactor", "write_tests"])
def test_the_tool_set_is_capped_and_every_tool_has_a_reason(bench: Bench, kind: str) -> None:
    registry, chosen = ToolSelector(TOOLS, 12).select_tools(kind, "inline the function f", bench)
    names = [each.name for each in registry.tools]
    assert len(names) == len(chosen) <= 12
    assert {"finish", "read_file", "edit_file"} <= set(names)
    assert all(each.reason for each in chosen)


def test_the_goal_brings_its_operation_along(bench: Bench) -> None:
    registry, _ = ToolSelector(TOOLS, 12).select_tools("refactor", "inline the function f", bench)
    assert registry.has_tool("inline_function")


def test_the_wire_form_of_a_result() -> None:
    call = ToolCall("read_file", {"file_path": "a"})
    output = ToolOutput("success", "", {"content": "x", "total_lines": 1}, duration_ms=3)
    assert tool_result(call, output) == {
        "event": "tool_result", "name": "read_file", "arguments": {"file_path": "a"},
        "result": {"status": "success", "content": "x"},
    }  # fmt: skip
    unknown = ToolOutput("failure", "Tool x not found.", trouble=Trouble.UNKNOWN_TOOL)
    assert tool_result(ToolCall("x", {"a": 1}), unknown) == {
        "event": "tool_result", "name": "x", "result": {"status": "failure", "message": "未知工具"},
    }  # fmt: skip
