"""Operations by symbol or exact code, as a plan names them that is written ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import workspace_of
from treewright_agent.calls import Call
from treewright_agent.operations import run
from treewright_agent.proposals import propose
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError

TEXT = """
//- pkg/__init__.py
//- pkg/shapes.py
def area(side):
    return side * side


class Box:
    def __init__(self, side):
        self.side = side

    def grow(self, by):
        self.side += by
        return area(self.side)
//- main.py
from pkg.shapes import Box, area

print(area(2), Box(1).grow(2))
"""


def changed(tmp_path: Path, operation: str, arguments: dict[str, Any]) -> dict[str, str]:
    with workspace_of(tmp_path, TEXT) as fixture:
        given = dict(arguments)
        if "path" in given:
            given["path"] = fixture.absolute(given["path"])
        change = run(operation, given, fixture.snapshot, CancelToken())
        texts = change.apply(fixture.snapshot.text)
        return {Path(p).name: t.string for p, t in texts.items() if t is not None}


def test_a_symbol_stands_for_path_and_offset(tmp_path: Path) -> None:
    parameters = [{"name": "side"}, {"name": "scale", "default": "1"}]
    texts = changed(
        tmp_path, "change_signature", {"symbol": "pkg.shapes.area", "parameters": parameters}
    )
    assert "def area(side, scale=1):" in texts["shapes.py"]


def test_code_stands_for_bytes_within_a_symbol(tmp_path: Path) -> None:
    texts = changed(
        tmp_path,
        "extract_variable",
        {"symbol": "Box.grow", "code": "area(self.side)", "name": "grown"},
    )
    assert "        grown = area(self.side)\n        return grown\n" in texts["shapes.py"]


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"symbol": "nothing"}, RefusedError, "no symbol `nothing`"),
        ({"symbol": ""}, ArgumentsError, "symbol: text that is not empty"),
        ({"symbol": "area", "offset": 4, "path": "pkg/shapes.py"}, ArgumentsError, "not both"),
        ({"code": "side"}, ArgumentsError, "code needs path or symbol"),
        ({"code": "side", "path": "pkg/shapes.py"}, RefusedError, "lines 1 and 2"),
        ({"code": "side @", "path": "pkg/shapes.py"}, RefusedError, "does not stand in"),
    ],
)
def test_a_bad_address_is_named(
    tmp_path: Path, arguments: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        changed(tmp_path, "inline_function", arguments)


def test_each_step_is_looked_up_in_what_the_steps_before_made(tmp_path: Path) -> None:
    with workspace_of(tmp_path, TEXT) as fixture:
        calls = [
            Call("rename_symbol", {"symbol": "area", "new_name": "square"}),
            Call("inline_function", {"symbol": "square"}),
        ]
        proposal = propose(fixture.snapshot, "both", calls, "operation", CancelToken())
        assert proposal is not None
        texts = proposal.change.apply(fixture.snapshot.text)
        after = {Path(p).name: t.string for p, t in texts.items() if t is not None}
    assert "return self.side * self.side" in after["shapes.py"]
    assert "print(2 * 2, Box(1).grow(2))" in after["main.py"]
