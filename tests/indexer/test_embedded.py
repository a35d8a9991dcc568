"""Code inside other code: what a page's scripts and a document's fences say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.facts import extract
from treewright_indexer.facts.embedded import MAX_STRETCHES
from treewright_indexer.graph import definitions
from treewright_indexer.languages import LANGUAGES
from treewright_indexer.text import SourceText

CASES = [
    pytest.param(
        "//- a.html\n<p>x</p>\n<script>function f() {}</script>\n<script>\n$0f()\n</script>\n",
        ["a.html:2"],
        id="scripts of a page see each other",
    ),
    pytest.param(
        '//- m.js\nexport function f() {}\n//- a.html\n<script type="module">\n'
        'import { f } from "./m.js"\n$0f()\n</script>\n',
        ["m.js:1"],
        id="a script's import",
    ),
    pytest.param(
        "//- a.md\n```python\ndef f(): ...\n```\n\n```py\ndef f(): ...\n$0f()\n```\n",
        ["a.md:6"],
        id="each fence is on its own",
    ),
    pytest.param(
        "//- a.md\n> ```js\n> function f() {\n>   return $0f\n> }\n> ```\n",
        ["a.md:2"],
        id="the marks of a quotation are no code",
    ),
    pytest.param(
        "//- a.md\n```py\nfrom m import f\n$0f()\n```\n//- m.py\ndef f(): ...\n",
        [],
        id="a document imports nothing",
    ),
    pytest.param(
        "//- m.py\nclass A:\n    def only(self): ...\n//- n.py\ndef g(x):\n    x.$0only()\n"
        "//- a.md\n```py\nclass B:\n    def only(self): ...\n```\n",
        ["m.py:2"],
        id="an example is no second definition",
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_definition(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        found = definitions(fixture.snapshot, fixture.path, fixture.offset)
        assert [fixture.show(t.path, t.name_span.start) for t in found] == expected


def names(language: str, text: str) -> list[str]:
    facts = extract(LANGUAGES[language], SourceText(text.encode()))
    return [facts.qualified_name(index) for index in range(len(facts.symbols))]


def test_symbols_belong_to_the_heading_around_them() -> None:
    text = "# A\n\n## B\n\n```python\nclass C:\n    def m(self): ...\n```\n"
    assert names("markdown", text) == ["A", "A.B", "A.B.C", "A.B.C.m"]


def test_offsets_are_those_of_the_file() -> None:
    data = "# Ä 😋\r\n\r\n```python\r\ndef größe(): ...\r\n```\r\n".encode()
    facts = extract(LANGUAGES["markdown"], SourceText(data))
    found = next(symbol for symbol in facts.symbols if symbol.name == "größe")
    assert data[found.name_start : found.name_end].decode() == "größe"
    assert [use.start for use in facts.references("größe")] == [found.name_start]
    assert facts.symbols[next(facts.references("größe")).symbol].name == "größe"


def test_errors_of_an_example_are_not_the_document_s() -> None:
    facts = extract(LANGUAGES["markdown"], SourceText(b"```python\ndef (:\n```\n\ntext\n"))
    assert facts.n_errors == 0


def test_a_fence_without_a_known_language_is_text() -> None:
    text = "```\ndef f(): ...\n```\n\n```console\n$ f\n```\n\n```markdown\n# Not a heading\n```\n"
    assert names("markdown", text) == []


def test_no_more_stretches_are_read_than_the_limit() -> None:
    fences = "".join(f"```py\ndef f{n}(): ...\n```\n\n" for n in range(MAX_STRETCHES + 20))
    assert len(names("markdown", fences)) == MAX_STRETCHES
