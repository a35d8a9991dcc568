"""The search for repairs as a tool: a model gets what was proved, not what it would guess."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.agent.test_task import DONE, WORKSPACE, run, services_for, tested
from tests.support.fixtures import Fixture, workspace_of
from tests.support.model_server import model_server, use
from treewright_agent.changes import FileChange, SourceChange, TextEdit
from treewright_agent.draft import Draft
from treewright_agent.models.budget import Budget, Limits
from treewright_agent.routines.request import Repaired, Repairer
from treewright_agent.tools import all_tools
from treewright_agent.tools.bench import Bench, TestRun
from treewright_agent.tools.model import ToolCall, ToolOutput, Trouble
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

RED = TestRun(False, 1, kind="failed")


def _search(
    snapshot: Snapshot, root: str, tests: Sequence[str], seconds: float, token: CancelToken
) -> Repaired:
    """Finds that `a - b` should be `a + b`, when it is there."""
    path = f"{root}/calc.py"
    at = snapshot.text(path).string.find("a - b")
    if at < 0:
        return Repaired((), (), TestRun(True, 0), None, "no failing test")
    edit = TextEdit(Span(at + 2, at + 3), "+")
    change = SourceChange((FileChange(path, snapshot.hash(path), (edit,)),))
    return Repaired((change,), ("Repair: arithmetic operator in add",), RED, None, "")


def _output(fx: Fixture, search: Repairer | None, **arguments: Any) -> tuple[ToolOutput, Bench]:
    bench = Bench(Draft(fx.snapshot), CancelToken(), Budget(Limits()), fx.root, repair=search)
    return all_tools().execute(bench, ToolCall("repair", arguments)), bench


def test_it_shows_first_and_edits_when_told(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fx:
        output, bench = _output(fx, _search)
        assert output.ok
        assert "+    return a + b" in output.data["repairs"][0]["diff"]
        assert bench.draft.is_empty
        output, bench = _output(fx, _search, apply=True)
        assert output.ok
        assert output.data["files"] == ["calc.py"]
        assert "a + b" in bench.snapshot.text(fx.absolute("calc.py")).string
        assert Path(fx.absolute("calc.py")).read_text().count("a - b") == 1


def _nothing(*_: object) -> Repaired:
    return Repaired((), (), RED, None, "nothing was found: every candidate was tried")


def _refuses(*_: object) -> Repaired:
    raise RefusedError("no tests were found that could fail")


@pytest.mark.parametrize(
    ("search", "trouble", "said"),
    [
        (_nothing, Trouble.FAILED, "every candidate was tried"),
        (_refuses, Trouble.UNAVAILABLE, "no tests were found"),
        (None, Trouble.UNAVAILABLE, "no sandbox"),
    ],
)
def test_what_it_cannot_do_is_said(
    tmp_path: Path, search: Any, trouble: Trouble, said: str
) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fx:
        output, bench = _output(fx, search)
    assert (output.ok, output.trouble) == (False, trouble)
    assert said in output.message
    assert bench.draft.is_empty


def test_a_model_that_calls_it(tmp_path: Path) -> None:
    with (
        workspace_of(tmp_path, WORKSPACE) as fx,
        model_server(use("repair", apply=True), DONE) as server,
        services_for(server, repair=_search) as services,
    ):
        result = run(fx, tested(services), "make add right")
    assert (result.success, result.source) == (True, "model")
    assert "+    return a + b" in result.to_json(fx.root)["diff"]
    offered = {row["function"]["name"] for row in server.requests[0]["tools"]}
    assert "repair" in offered
