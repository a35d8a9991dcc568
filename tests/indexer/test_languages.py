"""Each language's fixture says what its data finds; text in, facts out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.facts import shown
from treewright_indexer.facts import extract, outline
from treewright_indexer.languages import LANGUAGES, MISSING, language_for_id, language_for_path
from treewright_indexer.syntax import parse
from treewright_indexer.text import SourceText

FIXTURES = Path(__file__).parents[1] / "fixtures" / "languages"
SAMPLES = sorted(path for path in FIXTURES.iterdir() if path.suffix != ".expected")


def _read(sample: Path) -> SourceText:
    return SourceText(sample.read_bytes())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_facts(sample: Path) -> None:
    text = _read(sample)
    expected = sample.with_suffix(".expected").read_text("utf-8")
    assert shown(extract(LANGUAGES[sample.stem], text), text) == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_outline_is_the_symbols_of_the_facts(sample: Path) -> None:
    text, language = _read(sample), LANGUAGES[sample.stem]
    assert outline(language, text, parse(language, text.data)) == extract(language, text).symbols


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_names_and_spans_are_where_they_say(sample: Path) -> None:
    text = _read(sample)
    facts = extract(LANGUAGES[sample.stem], text)
    for symbol in facts.symbols:
        assert text.slice(symbol.name_span).strip() == symbol.name
        assert 0 <= symbol.start <= symbol.name_start < symbol.name_end <= symbol.end
    for name in facts.postings:
        for use in facts.references(name):
            assert text.data[use.start :].startswith(name.encode())
    assert facts.scopes[0].kind == "module"
    assert all(scope.parent < index for index, scope in enumerate(facts.scopes))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_chunks_hold_every_line(sample: Path) -> None:
    text = _read(sample)
    last = 0
    for chunk in extract(LANGUAGES[sample.stem], text).chunks:
        assert not text.data[last : chunk.start].strip()
        assert text.data[chunk.start : chunk.end].strip()
        last = chunk.end
    assert not text.data[last:].strip()


def test_every_language_has_a_fixture_and_loads() -> None:
    assert {sample.stem for sample in SAMPLES} == set(LANGUAGES) | set(MISSING)
    for language in LANGUAGES.values():
        assert language.query.pattern_count > 0
        assert language.version.startswith(f"{language.id} ")


@pytest.mark.parametrize(
    ("path", "language_id"),
    [
        ("a/b.py", "python"),
        ("b.PYI", "python"),
        ("x.d.ts", "typescript"),
        ("x.test.tsx", "tsx"),
        ("Rakefile", "ruby"),
        ("a\\b\\c.rs", "rust"),
        ("archive.tar.gz", None),
        ("noextension", None),
        ("v1.2/README", None),
    ],
)
def test_language_for_path(path: str, language_id: str | None) -> None:
    language = language_for_path(path)
    assert (language.id if language else None) == language_id


def test_language_for_id() -> None:
    assert language_for_id("typescriptreact") is LANGUAGES["tsx"]
    assert language_for_id("shellscript") is LANGUAGES["bash"]
    assert language_for_id("plaintext") is None
