"""Incremental equals fresh: after any edits, tree and outline are those of the text alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treewright_indexer.facts import outline
from treewright_indexer.languages import LANGUAGES
from treewright_indexer.snapshot import Overlay
from treewright_indexer.syntax import parse
from treewright_indexer.text import SourceText, Span

FIXTURES = Path(__file__).parents[1] / "fixtures" / "languages"
SAMPLES = sorted(path for path in FIXTURES.iterdir() if path.suffix != ".expected")

PIECES = [
    "x", "1", " ", "\n", "\r\n", "\t", "\f", "(", ")", "[", "]", "{", "}", ":", ";", ",", ".", "=",
    '"', "'", '"""', "#", "//", "/*", "*/", "@", "好", "😋", "é", "self.a = 1\n", "    ", "\n    ",
    "def f(self): pass\n", "class A:\n    b = 1\n", "\n# note\n", "__all__ = ['f']\n", "else", "async ",
    "import a\n", "f = lambda: 0\n", "function g() { let h = 1 }\n", "int v = 2;\n", "",
]  # fmt: skip

PYTHON = """\
# Notes.
X = 1
__all__ = ["A", "f"]

class A(Base):
    \"\"\"Doc.\"\"\"

    limit = 3

    def __init__(self):
        self.limit = self.size = 2
        self.后 = "😋"

    # About m.
    @property
    def m(self):
        def inner():
            self.late = 1
        return inner

    class Inner:
        def deep(self): return 1

def f(x):
    y = 1
    return [y for y in x]

# About g.
async def g(): ...
X = 2
Z = X
"""


def _check(overlay: Overlay) -> None:
    assert overlay.language is not None
    fresh = parse(overlay.language, overlay.text.data)
    assert str(overlay.tree().root_node) == str(fresh.root_node)
    assert overlay.outline() == outline(overlay.language, overlay.text, fresh)


def _edited(overlay: Overlay, at: int, length: int, piece: str) -> Overlay:
    """With `length` characters from character `at` replaced."""
    string = overlay.text.string
    at = min(at, len(string))
    start = len(string[:at].encode())
    end = start + len(string[at : at + length].encode())
    return overlay.changed(overlay.version + 1, [(Span(start, end), piece)])


edits = st.lists(
    st.tuples(
        st.integers(0, 700), st.sampled_from([0, 0, 0, 1, 3, 20]), st.sampled_from(PIECES), st.booleans()
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(edits)
def test_python(changes: list[tuple[int, int, str, bool]]) -> None:
    overlay = Overlay.opened("a.py", "python", SourceText.of(PYTHON), 1)
    overlay.outline()
    for at, length, piece, asked in changes:
        overlay = _edited(overlay, at, length, piece)
        if asked:  # not every change is followed by a request
            _check(overlay)
    _check(overlay)


QUICK = {"python", "typescript", "java"}
"""Languages that are always tried; all of them with `-m slow`."""


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(path, marks=() if path.stem in QUICK else pytest.mark.slow, id=path.stem)
        for path in SAMPLES
    ],
)
def test_every_language(sample: Path) -> None:
    """220 edits of each fixture, a fresh start whenever little of it is left."""
    chance = random.Random(sample.stem)
    text = SourceText(sample.read_bytes())
    overlay = Overlay("a", LANGUAGES[sample.stem], text, 1)
    for _ in range(220):
        if not 0.5 < len(overlay.text.data) / len(text.data) < 2 or chance.random() < 0.1:
            overlay = Overlay("a", LANGUAGES[sample.stem], text, 1)
            overlay.outline()
        length = chance.choice([0, 0, 0, 1, 2, 12])
        overlay = _edited(
            overlay, chance.randrange(len(overlay.text.string)), length, chance.choice(PIECES)
        )
        if chance.random() < 0.7:
            _check(overlay)
