"""The documents and the tests hold together: every cell of the fault matrix, every claim, has its test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = (
    "LSP client", "parser", "grammar", "SQLite", "watcher", "worker", "embedder", "reranker", "GPU", "model endpoint",
    "linter", "test runner", "git", "disk",
)  # fmt: skip
FAULTS = ("absent", "slow", "wrong", "dies")


def _rows(document: str) -> list[list[str]]:
    text = (ROOT / "docs" / document).read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


@cache
def _tests_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{each.name}"
                for each in node.body
                if isinstance(each, ast.FunctionDef)
            }
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def missing(node_id: str) -> str:
    """Why there is no such test, or ''. A file alone, or one test of it; parameters are not looked at."""
    file, _, name = node_id.partition("::")
    if not (ROOT / file).is_file():
        return f"{file} does not exist"
    if file.endswith(".py") and name and name.partition("[")[0] not in _tests_of(file):
        return f"{file} has no {name}"
    return ""


def node_ids(cell: str) -> list[str]:
    return re.findall(r"`((?:tests|vscode-extension|editors|benchmarks)/[^`\s]+)`", cell)


@pytest.mark.parametrize("part", PARTS)
def test_every_cell_of_the_matrix_has_its_test(part: str) -> None:
    cells = {row[1]: row for row in _rows("resilience.md") if row[0] == part}
    assert tuple(cells) == FAULTS
    for row in cells.values():
        assert len(row) == 4, row
        assert len(row[2]) > 7, "what the user sees"
        ids = node_ids(row[3])
        assert ids, row
        assert not [why for each in ids if (why := missing(each))]


@pytest.mark.parametrize("document", ["security.md", "claims.md", "resilience.md"])
def test_every_test_that_a_document_names_is_there(document: str) -> None:
    ids = [each for row in _rows(document) for cell in row for each in node_ids(cell)]
    assert len(ids) > 20
    assert not sorted({why for each in ids if (why := missing(each))})


def test_every_claim_has_a_test() -> None:
    rows = [row for row in _rows("claims.md") if row[0] not in ("claim", "---")]
    assert len(rows) > 60
    for row in rows:
        assert len(row) == 3, row
        assert node_ids(row[2]) or row[2].startswith("not proven:"), row


def test_the_checker_sees_what_is_not_there() -> None:
    assert missing("tests/faults/test_matrix.py::test_every_claim_has_a_test") == ""
    assert "has no" in missing("tests/faults/test_matrix.py::test_no_such")
    assert "does not exist" in missing("tests/nowhere.py::test_x")
