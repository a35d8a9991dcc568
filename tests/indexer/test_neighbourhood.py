"""What surrounds a symbol, as nodes and links: text in, names out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_indexer.graph import definitions
from treewright_indexer.graph.neighbourhood import Mode, Neighbourhood, neighbourhood
from treewright_indexer.graph.resolve import Resolver

WORKSPACE = """
//- base.py
class Base:
    def run(self): ...
//- core.py
from base import Base

class Job(Base):
    def run(self):
        return helper()

def helper$0():
    return leaf()

def leaf():
    return 1
//- use.py
from core import helper

def first():
    return helper()

def second():
    return first()
"""


def _around(fixture: Fixture, mode: Mode, depth: int = 1, limit: int = 100) -> Neighbourhood:
    snapshot = fixture.snapshot
    offset = fixture.offset - 1
    (target,) = definitions(snapshot, fixture.path, offset)
    return neighbourhood(snapshot, target, mode, depth, limit)


def _depths(found: Neighbourhood) -> dict[str, int]:
    return {node.target.name: node.depth for node in found.nodes}


@pytest.mark.parametrize(
    ("mode", "depth", "expected"),
    [
        ("around", 1, {"helper": 0, "run": -1, "first": -1, "leaf": 1}),
        ("callers", 1, {"helper": 0, "run": -1, "first": -1}),
        ("callees", 1, {"helper": 0, "leaf": 1}),
        ("impact", 2, {"helper": 0, "run": -1, "first": -1, "second": -2}),
        ("imports", 1, {"core": 0, "use": -1, "base": 1}),
    ],
)
def test_modes(tmp_path: Path, mode: Mode, depth: int, expected: dict[str, int]) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        found = _around(fixture, mode, depth)
    assert _depths(found) == expected
    assert not found.truncated


def test_inheritance_goes_both_ways(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE.replace("helper$0", "helper")) as fixture:
        path = fixture.absolute("base.py")
        text = fixture.snapshot.text(path).data
        target = Resolver(fixture.snapshot).target_of(path, 0)
        assert text[target.name_span.start :].startswith(b"Base")
        found = neighbourhood(fixture.snapshot, target, "inheritance", 2, 100)
    assert _depths(found) == {"Base": 0, "Job": -1}
    assert [link.kind for link in found.links] == ["inherit"]


def test_links_point_from_the_user_to_what_is_used(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        found = _around(fixture, "around")
        names = {node.target.key: node.target.name for node in found.nodes}
        links = {(names[link.source], names[link.target], link.kind) for link in found.links}
        places = {
            (names[link.source], fixture.show(link.via.path, link.via.span.start))
            for link in found.links
            if link.via is not None
        }
    assert links == {
        ("run", "helper", "call"),
        ("first", "helper", "call"),
        ("helper", "leaf", "call"),
    }
    assert ("first", "use.py:4") in places


def test_a_bound_that_cuts_off_is_said(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        cut = _around(fixture, "around", limit=2)
        whole = _around(fixture, "callers", depth=1)
    assert cut.truncated
    assert len(cut.nodes) == 2
    more = {node.target.name for node in whole.nodes if node.more}
    assert more == {"first"}, "second() calls first(), one step further"
    assert not whole.truncated


def test_unsaved_text_counts(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        fixture.open("use.py", "from core import helper\n\ndef third():\n    return helper()\n")
        found = _around(fixture, "callers")
    assert _depths(found) == {"helper": 0, "run": -1, "third": -1}
