"""Names come by rank and length, as far as somebody takes them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from treewright_indexer.search.symbols import NamedHits, NameTable, rank_of, rank_symbols
from treewright_indexer.snapshot import SymbolHit

LETTERS = "abAB_1é.İ"


@given(
    names=st.lists(st.text(LETTERS, min_size=1, max_size=6), unique=True),
    query=st.text(LETTERS, min_size=0, max_size=3),
)
@example(names=["HTTPServer", "has", "hs", "h_s", "HS", "ashs"], query="hs")
def test_the_order_is_that_of_ranks(names: list[str], query: str) -> None:
    table = NameTable(NameTable.joined(names))
    found = list(table.ranked(query))
    expected = sorted(
        (rank, len(name), name) for name in names if (rank := rank_of(name, query)) is not None
    )
    ours = [(rank, len(name), name) for rank, name in found]
    assert sorted(ours) == expected
    assert [each[:2] for each in ours] == sorted(each[:2] for each in ours)


def test_names_come_back() -> None:
    names = ["bb", "a", "Ccc"]
    assert NameTable(NameTable.joined(names)).names == ["a", "bb", "Ccc"]
    assert NameTable(NameTable.joined([])).names == []
    assert list(NameTable("").ranked("x")) == []


def test_a_whole_name_leaves_out_what_only_holds_its_letters_in_order() -> None:
    table = NameTable(NameTable.joined(["load", "Load", "load_all", "reload", "lost_road"]))
    assert list(table.ranked("load")) == [
        (0, "load"),
        (1, "Load"),
        (2, "load_all"),
        (5, "reload"),
    ]
    assert (6, "lost_road") in list(table.ranked("loro"))


def test_names_beyond_ascii_stand_among_the_others() -> None:
    table = NameTable(NameTable.joined(["größe", "Größen", "grade", "gr"]))
    assert list(table.ranked("gr")) == [(0, "gr"), (2, "grade"), (2, "größe"), (2, "Größen")]
    assert list(table.ranked("GRÖ")) == [(2, "größe"), (2, "Größen")]


@given(
    names=st.lists(st.text(LETTERS, min_size=1, max_size=6)),
    query=st.text(LETTERS + ".", max_size=3),
    limit=st.integers(1, 5),
)
@example(names=["ab", "aB", "ab", "b"], query="B.ab", limit=1)
def test_the_best_of_a_text_are_among_those_it_gives(
    names: list[str], query: str, limit: int
) -> None:
    containers = ("", "a", "B")
    hits = [
        SymbolHit("x.py", name, "function", at, at, 0, 0, 0, containers[at % 3])
        for at, name in enumerate(names)
    ]
    some = NamedHits(hits)
    assert rank_symbols(some.matching(query, limit), query, limit) == rank_symbols(
        hits, query, limit
    )
    for name in names:
        assert some.named(name) == [hit for hit in hits if hit.name == name]
