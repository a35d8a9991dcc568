"""Names come by rank and length, as far as somebody takes them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from treewright_indexer.search.symbols import NameTable, rank_of

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
