"""Operations by name on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import SourceText
from treewright_server.cli import main
from treewright_server.cli.operations import call_of

TEXT = "def f(a):\n    é = a + 1  # größer\n    return é\n"
AT = os.path.normpath("/w/a.py")


def call(name: str, *given: str) -> dict[str, object]:
    return dict(
        call_of(name, given, os.path.normpath("/w"), lambda path: SourceText.of(TEXT)).arguments
    )


def test_text_stays_text_and_the_rest_is_json() -> None:
    assert call("rename_symbol", "symbol=f", "new_name=1", "strings=true") == {
        "symbol": "f",
        "new_name": "1",
        "strings": True,
    }


def test_a_value_may_hold_the_sign() -> None:
    assert call("replace_pattern", "pattern=f($A)", "rewrite=g(x=$A)")["rewrite"] == "g(x=$A)"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("a.py:1:5", {"offset": 4}),
        ("a.py:2", {"offset": 14}),  # the first word of the line
        ("a.py:2:9-2:14", {"start": 19, "end": 24}),  # é is two bytes, one column
        ("a.py:2-3", {"start": 14, "end": len(TEXT.encode()) - 1}),
    ],
)
def test_places_count_as_the_graph_prints_them(place: str, expected: dict[str, int]) -> None:
    assert call("extract_variable", f"at={place}") == {"path": AT} | expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("new_name", "is not ARGUMENT=VALUE"),
        ("at=a.py", "write FILE:LINE:COLUMN"),
        ("at=a.py:99", "the file has"),
        ("at=a.py:1:99", "line 1 has 9 columns"),
        ("at=a.py:2:9-1:1", "the range ends before it starts"),
        ("at=a.py:1:1-1:2", "takes no start or end"),
    ],
)
def test_what_is_wrong_is_named(given: str, said: str) -> None:
    with pytest.raises(ArgumentsError, match=said):
        call("rename_symbol", given)


def test_a_verb_prints_the_diff_of_its_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    root = tmp_path / "w"
    root.mkdir()
    (root / "a.py").write_text("def f(): ...\n\n\nf()\n")
    calls = tmp_path / "calls.json"
    calls.write_text(
        json.dumps({"operation": "rename_symbol", "arguments": {"symbol": "f", "new_name": "g"}})
    )
    assert main(["apply", str(root), str(calls)]) == 0
    by_file = capsys.readouterr().out
    assert main(["apply", str(root), "rename_symbol", "at=a.py:4:1", "new_name=g"]) == 0
    assert capsys.readouterr().out == by_file
    assert "+g()" in by_file


@pytest.mark.parametrize("argv", [["apply", ".", "renme_symbol"], ["operations", "renme_symbol"]])
def test_a_wrong_name_is_bad_usage_with_the_right_one(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert "did you mean rename_symbol?" in capsys.readouterr().err


def test_every_operation_is_listed_with_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    from treewright_agent.operations import OPERATIONS

    assert main(["operations", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows} == {operation.name for operation in OPERATIONS}
    assert all(row["schema"]["properties"] for row in rows)


def test_no_option_is_guessed_from_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task", ".", "--task", "rename a to b"]) == 2
    assert "--task" in capsys.readouterr().err
