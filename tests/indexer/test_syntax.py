"""Trees: one per text, within limits, whatever the input."""

from __future__ import annotations

import pytest

from treewright_indexer.errors import UnreadableFileError
from treewright_indexer.facts import extract
from treewright_indexer.languages import LANGUAGES
from treewright_indexer.syntax import edited, parse
from treewright_indexer.text import SourceText, Span

PYTHON = LANGUAGES["python"]


def test_an_edit_leaves_the_older_tree_alone() -> None:
    before = SourceText(b"a = 1\nb = 2\n")
    after = before.splice(Span(0, 1), b"longer")
    tree = parse(PYTHON, before.data)
    moved = edited(tree, 0, 1, 6, before, after)
    assert tree.root_node.end_byte == len(before.data)
    assert str(parse(PYTHON, after.data, moved).root_node) == str(tree.root_node)


def test_large_texts_are_read_in_slices() -> None:
    data = b"x = 'aaaaaaaaaaaa'\n" * 10_000
    assert len(parse(PYTHON, data).root_node.children) == 10_000


@pytest.mark.parametrize("language", ["python", "javascript", "json", "c"])
def test_nesting_is_no_recursion(language: str) -> None:
    depth = 5_000
    data = b"x = " + b"[" * depth + b"]" * depth
    facts = extract(LANGUAGES[language], SourceText(data))
    assert sum(chunk.end - chunk.start for chunk in facts.chunks) == len(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"x = " + b"[" * 100_000 + b"]" * 100_000, id="brackets"),
        pytest.param(b"x" + b".a" * 100_000, id="attributes"),
    ],
)
def test_what_is_nested_too_deeply_is_given_up(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="nested more than"):
        extract(PYTHON, SourceText(data))


def test_one_very_long_line() -> None:
    text = SourceText(b"x = '" + b"a" * 300_000 + b"'\n")
    facts = extract(PYTHON, text)
    assert [symbol.name for symbol in facts.symbols] == ["x"]
    assert max(chunk.end - chunk.start for chunk in facts.chunks) <= 2000
