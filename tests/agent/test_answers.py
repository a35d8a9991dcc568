"""Answers without a model: a question in, Markdown whose every number is a real place out."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.fixtures import Fixture, workspace_of
from treewright_agent.answers import Piece, Subject, answer
from treewright_indexer.cancel import CancelToken
from treewright_indexer.text import Span

WORKSPACE = '''
//- shop/prices.py
def total_price(prices):
    """Sum of all prices, with tax."""
    return sum(map(with_tax, prices))


def with_tax(price):
    return price * 1.19
//- shop/cart.py
from shop.prices import total_price


class Cart:
    def checkout(self):
        return total_price([1])
//- tests/test_cart.py
from shop.cart import Cart


def test_checkout():
    assert Cart().checkout()
'''


def _answer(fixture: Fixture, question: str, *subjects: Subject) -> tuple[str, dict[int, str]]:
    """The text, and number -> `path:line title` of its sources."""
    pieces: list[Piece] = list(answer(fixture.snapshot, question, subjects, CancelToken()))
    text = ""
    sources: dict[int, str] = {}
    for piece in pieces:
        if piece.source is not None:
            place = fixture.show(piece.source.path, piece.source.span.start)
            sources[piece.source.number] = f"{place} {piece.source.title}"
        for number in re.findall(r"\[(\d+)\]", piece.text):
            assert int(number) in sources, "a source comes before the text that names it"
        text += piece.text
    return text, sources


def test_a_named_function_is_shown_with_its_callers_and_what_it_calls(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        text, sources = _answer(fixture, "Who calls total_price and why?")
    assert "**function `total_price`**" in text
    assert "def total_price(prices)" in text
    assert "Sum of all prices, with tax." in text
    assert re.search(r"Called by: `Cart\.checkout` \[\d+\]", text)
    assert "shop/cart.py:6 Cart.checkout" in sources.values()
    assert "shop/prices.py:1 total_price" in sources.values()


def test_words_alone_find_code(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        text, sources = _answer(fixture, "where is the tax added to prices")
    assert text.startswith("**Found**")
    assert any("shop/prices.py" in source for source in sources.values())


def test_a_selection_stands_for_what_it_defines(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        path = fixture.absolute("shop/cart.py")
        whole = Span(0, len(fixture.snapshot.text(path).data))
        text, _ = _answer(fixture, "explain this", Subject(path, whole))
    assert "**class `Cart`**" in text


def test_a_file_is_outlined(tmp_path: Path) -> None:
    with workspace_of(tmp_path, WORKSPACE) as fixture:
        text, _ = _answer(fixture, "explain", Subject(fixture.absolute("shop/prices.py"), None))
    assert "- function `total_price` [" in text
    assert "- function `with_tax` [" in text


def test_nothing_is_made_up(tmp_path: Path) -> None:
    with workspace_of(tmp_path, "x = 1\n") as fixture:
        text, sources = _answer(fixture, "`frobnicate_quux`?")
    assert text.startswith("Nothing in this workspace")
    assert sources == {}


def test_names_with_backquotes_stay_inside_their_code(tmp_path: Path) -> None:
    with workspace_of(tmp_path, {"a`b.py": "def odd_name():\n    return 1\n"}) as fixture:
        text, _ = _answer(fixture, "odd_name")
    assert "``a`b.py``" in text
