"""Facts of Python text: who owns a reference, what a scope sees, what stays the same."""

from __future__ import annotations

import inspect
import typing

import pytest

from treewright_indexer.facts import extract
from treewright_indexer.languages import LANGUAGES
from treewright_indexer.model import FileFacts, Flag, Role
from treewright_indexer.text import SourceText

PYTHON = LANGUAGES["python"]
LARGE = SourceText.of(inspect.getsource(typing))


def _facts(text: str) -> FileFacts:
    return extract(PYTHON, SourceText.of(text))


def test_references_are_in_order_and_belong_to_the_innermost_definition() -> None:
    facts = extract(PYTHON, LARGE)
    owners = [
        (index, symbol)
        for index, symbol in enumerate(facts.symbols)
        if symbol.kind in ("class", "function", "method", "constructor", "property")
    ]
    for name in facts.postings:
        uses = list(facts.references(name))
        assert [use.start for use in uses] == sorted(use.start for use in uses)
        for use in uses:
            around = [index for index, symbol in owners if symbol.start <= use.start < symbol.end]
            assert use.symbol == (around[-1] if around else -1), (name, use)


def test_the_same_text_gives_the_same_facts() -> None:
    first = extract(PYTHON, LARGE)
    for _ in range(3):
        assert extract(PYTHON, LARGE) == first
    assert FileFacts.from_bytes(first.to_bytes(), first.postings) == first


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("def f(a=$0b): ...", ["module"], id="a default sees the names outside"),
        pytest.param("def f($0a): ...", ["function"], id="a parameter is inside"),
        pytest.param("def f(a: $0A): ...", ["module"], id="so is an annotation"),
        pytest.param("def f(a): $0a", ["function"], id="a body"),
        pytest.param("[x for x in $0y]", ["module"], id="the first iterable"),
        pytest.param("[x for x in y for z in $0x]", ["block"], id="the second iterable"),
        pytest.param("class A($0B): ...", ["module"], id="a base class"),
        pytest.param("lambda a=$0b: a", ["module"], id="a lambda's default"),
    ],
)
def test_scope_at(text: str, kinds: list[str]) -> None:
    offset = text.index("$0")
    facts = _facts(text.replace("$0", ""))
    assert [facts.scopes[facts.scope_at(offset)].kind] == kinds


def test_all_lists_what_is_exported() -> None:
    facts = _facts(
        "__all__ = ['f', 'g']\n__all__ += ('_h',)\ndef f(): ...\ndef k(): ...\ndef _h(): ...\n"
    )
    exported = [symbol.name for symbol in facts.symbols if symbol.flags & Flag.EXPORTED]
    assert facts.exports == ("f", "g", "_h")
    assert exported == ["f", "_h"]
    assert [use.role for use in facts.references("f")] == [Role.READ, Role.DEFINITION]


def test_what_stands_beside_an_error_is_found() -> None:
    facts = _facts("def f(): pass\ndef broken(:\n    pass\nclass A:\n    def m(self): pass\n")
    assert facts.n_errors > 0
    assert {"f", "A", "m"} <= {symbol.name for symbol in facts.symbols}


def test_quoted_annotations_are_types_and_literals_are_not() -> None:
    facts = _facts("x: 'pkg.A | None' = 1\ny: Literal['B'] = 2\nz: list['C'] = 3\n")
    assert [(use.role, use.attribute) for use in facts.references("A")] == [(Role.TYPE, True)]
    assert not facts.postings.get("B")
    assert [use.role for use in facts.references("C")] == [Role.TYPE]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        pytest.param(
            "rust", "use a::{self, b::{c as d, e}, f::*};\n", ["a as a", "a::b.c as d", "a::b.e as e", "a::f.* as "],
            id="a star among others holds its own module",
        ),
        pytest.param("rust", "pub use super::*;\n", ["super.* as "], id="a star alone"),
        pytest.param("scala", "import a.b.C\n", ["a.b.C as C"], id="every part of a path"),
        pytest.param("scala", "import a.b.C as D\nimport a._\n", ["a.b.C as D", "a.* as "], id="as of Scala 3"),
    ],
)  # fmt: skip
def test_imports(language: str, text: str, expected: list[str]) -> None:
    facts = extract(LANGUAGES[language], SourceText.of(text))
    shown = [f"{each.module}.{each.name} as {each.alias}".lstrip(".") for each in facts.imports]
    assert shown == expected
