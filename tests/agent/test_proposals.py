"""Proposals: planned from calls, verified, and the same for the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.calls import Call
from treewright_agent.proposals import FILE, Proposal, ProposalRefused, consider, plan, propose
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError

TEXT = "//- a.py\nimport json\n\n\ndef f():\n    return os.name, re.X\n//- b.py\nfrom a import f\n\nf()\n"


def call(fixture: Fixture, operation: str, relative: str = "a.py", **arguments: object) -> Call:
    return Call(operation, {"path": fixture.absolute(relative), **arguments})


def considered(fixture: Fixture, *calls: Call) -> Proposal | ProposalRefused:
    return consider(fixture.snapshot, "Do it", calls, "operation", CancelToken())


def after(fixture: Fixture, proposal: Proposal, relative: str) -> str:
    text = proposal.change.apply(fixture.snapshot.text)[fixture.absolute(relative)]
    assert text is not None
    return text.string


def test_a_proposal_says_what_it_is(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        proposal = considered(fixture, call(fixture, "add_import", module="os"))
        assert isinstance(proposal, Proposal)
        assert proposal.diff.startswith("diff --git a/a.py b/a.py\n")
        assert "+import os\n" in proposal.diff
        assert (proposal.language, proposal.root, proposal.rung) == (
            "python",
            str(tmp_path),
            "operation",
        )
        assert [check.name for check in proposal.report.checks] == ["parse", "lint", "imports"]
        assert proposal.context[0].path == "a.py"
        assert "def f():" in proposal.context[0].code
        assert [a.needs_confirmation for a in proposal.annotations] == [False]


def test_the_same_calls_on_the_same_text_have_the_same_fingerprint(tmp_path: Path) -> None:
    prints: list[str] = []
    for folder in ("one", "two"):
        with workspace_of(tmp_path / folder, TEXT) as fixture:
            made = considered(fixture, call(fixture, "add_import", module="os"))
            assert isinstance(made, Proposal)
            prints.append(made.fingerprint)
            other = considered(fixture, call(fixture, "add_import", module="re"))
            assert isinstance(other, Proposal)
            prints.append(other.fingerprint)
    assert prints[0] == prints[2] != prints[1] == prints[3]


def test_calls_that_meet_are_planned_one_after_the_other(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        calls = [call(fixture, "add_import", module=module) for module in ("os", "re", "abc")]
        proposal = considered(fixture, *calls)
        assert isinstance(proposal, Proposal)
        expected = "import abc\nimport json\nimport os\nimport re\n"
        assert after(fixture, proposal, "a.py").startswith(expected)


def test_parts_of_two_calls_can_be_taken_apart(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        calls = [
            call(fixture, "add_import", module="os"),
            call(fixture, "rename_symbol", symbol="f", new_name="g"),
        ]
        change = plan(fixture.snapshot, calls, CancelToken())
        parts = change.split()
        assert [len(part.paths()) for part in parts] == [1, 2]
        rename = parts[1].apply(fixture.snapshot.text)
        assert sorted(Path(path).name for path in rename) == ["a.py", "b.py"]


def test_what_makes_a_file_worse_is_refused_with_the_reason(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        made = considered(fixture, call(fixture, "replace_text", old="def f():", new="def f(:"))
        assert isinstance(made, ProposalRefused)
        assert "syntax error" in made.reason
        assert made.report is not None
        given = [call(fixture, "replace_text", old="def f():", new="def f(:")]
        assert propose(fixture.snapshot, "Do it", given, "model", CancelToken()) is None


@pytest.mark.parametrize(
    "asked",
    [
        {"module": "sys"},
        {"module": "os.path", "name": "join"},
        {"module": "os.path", "name": "join", "alias": "j"},
        {"module": "os", "alias": "o"},
    ],
)
def test_an_import_that_is_asked_for_needs_no_use(tmp_path: Path, asked: dict[str, str]) -> None:
    with workspace_of(tmp_path, "//- a.py\nx = 1\n") as fixture:
        assert isinstance(considered(fixture, call(fixture, "add_import", **asked)), Proposal)


def test_an_import_that_nobody_asked_for_is_held(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "//- a.py\nx = 1\n") as fixture:
        made = considered(fixture, call(fixture, "replace_text", content="import sys\nx = 1\n"))
        assert isinstance(made, ProposalRefused)
        assert "F401" in made.reason


def test_nothing_to_change_is_no_proposal(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        made = considered(fixture, call(fixture, "add_import", module="json"))
        assert made == ProposalRefused("Do it", "it changes nothing")


def test_one_call_that_cannot_be_planned_stops_all(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        good = call(fixture, "add_import", module="os")
        with pytest.raises(RefusedError, match="no such import"):
            considered(fixture, good, call(fixture, "remove_import", module="zzz"))
        with pytest.raises(ArgumentsError, match="no argument 'modul'; did you mean module"):
            considered(fixture, good, call(fixture, "add_import", modul="re"))


def test_what_is_uncertain_asks_for_confirmation(tmp_path: Path) -> None:
    text = "class A:\n    def m(self): ...\n\n\ndef f(x):\n    x.m()\n\n\ndef g():\n    '''A text.'''\n"
    with workspace_of(tmp_path, text) as fixture:
        rename = call(fixture, "rename_symbol", "main.py", symbol="A.m", new_name="n")
        string = call(fixture, "replace_text", "main.py", old="text", new="word")
        delete = call(fixture, "replace_text", "main.py", old="def f(x):\n    x.m()\n\n\n", new="")
        reasons = [
            [annotation.reason for annotation in made.annotations if annotation.needs_confirmation]
            for made in (
                considered(fixture, rename),
                considered(fixture, string),
                considered(fixture, delete),
            )
            if isinstance(made, Proposal)
        ]
        assert len(reasons) == 3
        assert "not known here (main.py:6)" in reasons[0][0]
        assert "inside a string" in reasons[1][0]
        assert "deletes function f" in reasons[2][0]


def test_files_that_move_ask_for_confirmation(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "//- a.py\nx = 1\n//- b.py\nimport a\n") as fixture:
        proposal = considered(fixture, call(fixture, "move_file", new_path="c.py"))
        assert isinstance(proposal, Proposal)
        moves = [a for a in proposal.annotations if a.hunk == FILE]
        assert [(a.needs_confirmation, a.reason) for a in moves] == [(True, "renames a.py to c.py")]
        assert "rename from a.py\nrename to c.py\n" in proposal.diff
