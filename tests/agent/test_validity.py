"""Whether a proposal may still be applied: text decides, names must exist, age is a hint."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.calls import Call
from treewright_agent.proposals import Proposal, consider
from treewright_agent.validity import Validity, check, ttl_of
from treewright_indexer.cancel import CancelToken

MADE = 1000.0


@contextmanager
def proposed(
    root: Path, text: str, operation: str, **arguments: Any
) -> Generator[tuple[Fixture, Proposal]]:
    with workspace_of(root, text) as fixture:
        given = (
            {"path": fixture.path, "offset": fixture.offset, **arguments}
            if fixture.path
            else arguments
        )
        calls = [Call(operation, given)]
        proposal = consider(fixture.snapshot, "Do it", calls, "operation", CancelToken())
        assert isinstance(proposal, Proposal), proposal
        yield fixture, replace(proposal, made_at=MADE)


def checked(fixture: Fixture, proposal: Proposal, now: float = MADE + 1) -> Validity:
    return check(proposal, fixture.snapshot, CancelToken(), now)


RENAME = "//- a.py\ndef $0f(): ...\n//- b.py\nfrom a import f\nf()\n"


def test_an_old_proposal_on_untouched_text_is_valid(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        validity = checked(fixture, proposal, MADE + 600)
        assert (validity.valid, validity.expired, validity.action) == (True, True, "look_again")
        assert validity.change == proposal.change


def test_a_young_proposal_on_changed_text_is_not(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        fixture.open("b.py", "from a import f\nh()\n")
        validity = checked(fixture, proposal)
        assert (validity.valid, validity.expired, validity.action) == (False, False, "regenerate")
        assert "line 2" in validity.reason


def test_typing_elsewhere_moves_it_along(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        fixture.open("a.py", "import os\n\n\ndef f(): ...\n")
        validity = checked(fixture, proposal)
        assert validity.valid
        assert validity.action == "apply"
        assert validity.change is not None
        after = validity.change.apply(fixture.snapshot.text)[fixture.absolute("a.py")]
        assert after is not None
        assert after.string == "import os\n\n\ndef g(): ...\n"


def test_a_target_that_is_gone_is_named(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        fixture.open("a.py", "def other(): ...\n")
        validity = checked(fixture, proposal)
        assert not validity.valid
        assert "`f` is gone from a.py" in validity.resources.problems


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        (tmp_path / "b.py").unlink()
        validity = checked(fixture, proposal)
        assert "b.py is gone" in validity.resources.problems
        assert validity.to_json()["pre_execution_check"]["resources_validated"] is False


def test_a_use_that_came_meanwhile_is_a_warning(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        fixture.open("c.py", "from a import f\n")
        validity = checked(fixture, proposal)
        assert validity.valid
        assert validity.unchanged.problems == ("c.py:1 would have to change as well",)
        assert validity.action == "look_again"


def test_a_record_without_a_time_is_refused(tmp_path: Path) -> None:
    with proposed(tmp_path, RENAME, "rename_symbol", new_name="g") as (fixture, proposal):
        validity = checked(fixture, replace(proposal, made_at=None))
        assert not validity.valid
        assert "no time" in validity.reason
        assert validity.to_json()["expires_at"] is None


KINDS = [
    pytest.param("//- a.py\nx = 1\n", "replace_text", {"path": "a.py", "old": "1", "new": "2"}, "modify", 60, id="modify"),
    pytest.param("//- a.py\nx = 1\n", "replace_text", {"path": "b.py", "content": "y = 1\n"}, "create", 60, id="create"),
    pytest.param("//- a.py\nx = 1\n", "apply_patch", {"patch": "diff --git a/a.py b/a.py\ndeleted file mode 100644\n--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n"}, "delete", 30, id="delete"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "operation", "arguments", "kind", "ttl"), KINDS)
def test_each_kind_expires_on_time(
    tmp_path: Path, text: str, operation: str, arguments: dict[str, Any], kind: str, ttl: float
) -> None:
    if "path" in arguments:
        arguments = {**arguments, "path": str(tmp_path / arguments["path"])}
    with proposed(tmp_path, text, operation, **arguments) as (fixture, proposal):
        fresh, stale = (
            checked(fixture, proposal, MADE + ttl),
            checked(fixture, proposal, MADE + ttl + 1),
        )
        assert (fresh.kind, fresh.ttl_s) == (kind, ttl)
        assert (fresh.expired, stale.expired) == (False, True)
        assert stale.to_json()["expires_at"] == MADE + ttl


@pytest.mark.parametrize(
    ("kind", "wanted", "ttl"),
    [
        ("query", None, 300),
        ("list", None, 600),
        ("other", None, 300),
        ("modify", 99999, 3600),
        ("modify", -1, 0),
    ],
)
def test_times_to_live(kind: str, wanted: float | None, ttl: float) -> None:
    assert ttl_of(kind, wanted) == ttl
