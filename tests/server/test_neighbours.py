"""The rows of `treewright graph` for walks and for questions about the whole workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import UnknownFileError
from treewright_server.neighbours import Relation, rows

TEXT = """\
//- a.py
import b
class Base:
    def m(self): ...
class Sub(Base):
    def m(self):
        low()
def low(): ...
def mid():
    low()
def top():
    mid()
def never(): ...
//- b.py
import a
a.top()
a.Sub().m()
"""


@pytest.mark.parametrize(
    ("relation", "symbol", "to", "expected"),
    [
        ("overrides", "Base.m", "", [("m", 5)]),
        ("implementations", "Base", "", [("Sub", 4)]),
        ("path", "top", "low", [("top", 10), ("mid", 8), ("low", 7)]),
        ("path", "low", "top", []),
        ("dead", "", "", [("never", 12)]),
    ],
)
def test_rows(
    tmp_path: Path, relation: Relation, symbol: str, to: str, expected: list[tuple[str, int]]
) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        found = rows(fixture.snapshot, relation, symbol, CancelToken(), to=to)
        assert [(row["name"], row["line"]) for row in found] == expected


def test_impact_says_how_far_and_through_what(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:

        def impact(depth: int) -> dict[str, Any]:
            found = rows(fixture.snapshot, "impact", "low", CancelToken(), depth=depth)
            return {row["name"]: row["depth"] for row in found}

        assert impact(1) == {"m": 1, "mid": 1}
        assert impact(2)["top"] == 2
        first = rows(fixture.snapshot, "impact", "low", CancelToken(), depth=1)[0]
        assert first["via"]["text"] == "low()"


def test_cycles_and_what_is_related(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        assert rows(fixture.snapshot, "cycles", "", CancelToken()) == [{"files": ["a.py", "b.py"]}]
        near = rows(fixture.snapshot, "related", "mid", CancelToken(), limit=3)
        assert {"low", "top"} <= {row["name"] for row in near}
        assert near[0]["score"] > 0


def test_a_symbol_that_nothing_has(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        with pytest.raises(UnknownFileError, match="nobody"):
            rows(fixture.snapshot, "impact", "nobody", CancelToken())
        with pytest.raises(UnknownFileError, match="missing"):
            rows(fixture.snapshot, "path", "low", CancelToken())
