"""Changes carried over to text that was typed in meanwhile: right, or refused with the cause."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treewright_agent.changes import Create, Delete, FileChange, Rename, SourceChange, TextEdit
from treewright_agent.changes.algebra import apply_edits
from treewright_agent.changes.rebase import rebase, rebase_or_refuse, text_edits
from treewright_indexer.errors import RefusedError, UnknownFileError
from treewright_indexer.facts import outline as outline_of
from treewright_indexer.languages import LANGUAGES
from treewright_indexer.model import Symbol
from treewright_indexer.syntax import parse
from treewright_indexer.text import SourceText, Span

PATH = "/w/a.py"


def outline(path: str, text: SourceText) -> list[Symbol]:
    python = LANGUAGES["python"]
    return outline_of(python, text, parse(python, text.data))


def replacing(text: str, *pairs: tuple[str, str], group: str = "") -> SourceChange:
    """The first `old` of each pair becomes `new`."""
    source = SourceText.of(text)
    edits: list[TextEdit] = []
    for old, new in pairs:
        at = source.data.index(old.encode())
        groups = (group or f"{old}>{new}",)
        edits.append(TextEdit(Span(at, at + len(old.encode())), new, groups))
    return SourceChange((FileChange(PATH, source.hash, tuple(sorted(edits))),))


def carried(before: str, now: str, change: SourceChange) -> str:
    result = rebase_or_refuse(
        change, lambda _: SourceText.of(before), lambda _: SourceText.of(now), outline
    )
    data = SourceText.of(now).data
    return apply_edits(data, result.files[0].edits if result.files else ()).decode()


F, G = "def f():\n    return one\n\n\n", "def g():\n    return two\n"

CARRIED = [
    pytest.param(F + G, F + G, "def f():\n    return 1\n\n\n" + G, id="nothing typed"),
    pytest.param(F + G, "x = 1\n" + F + G, "x = 1\ndef f():\n    return 1\n\n\n" + G, id="typed above"),
    pytest.param(F + G, F + G + "x = 1\n", "def f():\n    return 1\n\n\n" + G + "x = 1\n", id="typed below"),
    pytest.param(F, "def f():\n    return one + 2\n\n\n", "def f():\n    return 1 + 2\n\n\n", id="typed on the line"),
    pytest.param(F, "def f(a):\n    return one\n\n\n", "def f(a):\n    return 1\n\n\n", id="typed in the definition"),
    pytest.param(F + G, G + "\n\n" + F, G + "\n\ndef f():\n    return 1\n\n\n", id="the definition stands elsewhere"),
    pytest.param(F + G, G.replace("two", "three") + "\n\n" + F.replace("f()", "f(a)"), G.replace("two", "three") + "\n\ndef f(a):\n    return 1\n\n\n", id="… and was changed besides"),
    pytest.param("class A:\n    " + F.replace("\n", "\n    ") + "\n" + F, F + "class A:\n    " + F.replace("\n", "\n    "), F + "class A:\n    " + "def f():\n        return 1\n    \n    \n    ", id="it is the method, not its namesake"),
    pytest.param(F.replace("\n", "\r\n"), "x\r\n" + F.replace("\n", "\r\n"), "x\r\n" + "def f():\n    return 1\n\n\n".replace("\n", "\r\n"), id="CRLF"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "after"), CARRIED)
def test_an_edit_is_carried_over(before: str, now: str, after: str) -> None:
    assert carried(before, now, replacing(before, ("one", "1"))) == after


REFUSED = [
    pytest.param(F + G, "def f():\n    return other\n\n\n" + G, "`f` in /w/a.py has changed at the same place", id="the same word was changed"),
    pytest.param(F + G, G, "`f` is gone from /w/a.py", id="the definition is gone"),
    pytest.param(F + G, F.replace("one", "x") + F.replace("one", "y") + G, "`f` is defined 2 times", id="the definition is there twice"),
    pytest.param("x = one\n", "x = two\n", "has changed", id="a line of the module was changed"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "reason"), REFUSED)
def test_what_cannot_be_carried_over_says_why(before: str, now: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        carried(before, now, replacing(before, ("one", "1")))


def test_a_group_is_carried_over_whole_or_not_at_all() -> None:
    before = F + G
    now = F + G.replace("two", "three")
    one, other = replacing(before, ("one", "1"), ("two", "2"), group="both"), SourceText.of(now)
    result = rebase(one, lambda _: SourceText.of(before), lambda _: other, outline)
    assert result.change.is_empty
    assert [bool(item.reason) for item in result.items] == [True, True]
    assert "another part of the same step" in result.items[0].reason
    apart = replacing(before, ("one", "1"), ("two", "2"))
    result = rebase(apart, lambda _: SourceText.of(before), lambda _: other, outline)
    assert [edit.new_text for edit in result.change.files[0].edits] == ["1"]
    assert [bool(item.reason) for item in result.items] == [False, True]


def test_files_that_are_gone_or_there_are_named() -> None:
    change = SourceChange(
        creates=(Create("/w/new.py", "x"),),
        renames=(Rename("/w/gone.py", "/w/c.py"),),
        deletes=(Delete("/w/old.py", SourceText.of("was").hash),),
    )

    def now_of(path: str) -> SourceText:
        if path == "/w/gone.py" or path == "/w/c.py":
            raise UnknownFileError(path)
        return SourceText.of("now")

    result = rebase(change, now_of, now_of)
    assert result.reason == (
        "/w/gone.py is gone; /w/new.py exists by now; /w/old.py has changed since"
    )
    assert result.change.is_empty


# ------------------------------------------------------------------ properties

_WORDS = st.sampled_from(["a", "b", "c", "x1", " ", "\n", "(", "é", "😋"])
_TEXTS = st.lists(_WORDS, max_size=30).map("".join)


@given(_TEXTS, _TEXTS)
@settings(max_examples=300, deadline=None)
def test_what_was_typed_leads_from_one_text_to_the_other(before: str, now: str) -> None:
    old, new = SourceText.of(before), SourceText.of(now)
    assert apply_edits(old.data, list(text_edits(old, new))) == new.data


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_typing_elsewhere_never_gets_lost_or_in_the_way(data: st.DataObject) -> None:
    """Functions with one change each; the user rewrites, moves and adds others meanwhile."""
    count = data.draw(st.integers(2, 6))
    bodies = [f"def f{i}():\n    return value{i}\n" for i in range(count)]
    before = "\n\n".join(bodies)
    mine = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    change = replacing(before, *((f"value{i}", f"NEW{i}") for i in sorted(mine)))
    typed = list(bodies)
    touched = data.draw(st.sets(st.integers(0, count - 1), max_size=count))
    for i in touched:
        how = data.draw(st.sampled_from(["argument", "docstring", "value"]))
        typed[i] = {
            "argument": typed[i].replace("()", "(a, b)"),
            "docstring": typed[i].replace(":\n", ":\n    '''Doc.'''\n"),
            "value": typed[i].replace(f"value{i}", f"other{i}"),
        }[how]
    order = data.draw(st.permutations(range(count)))
    now = "\n\n".join(typed[i] for i in order) + data.draw(st.sampled_from(["", "\nx = 1\n"]))
    result = rebase(change, lambda _: SourceText.of(before), lambda _: SourceText.of(now), outline)
    expected = now
    for i in mine:
        expected = expected.replace(f"value{i}", f"NEW{i}")
    edits = result.change.files[0].edits if result.change.files else ()
    assert apply_edits(SourceText.of(now).data, edits).decode() == expected
    lost = {i for i in mine if f"other{i}" in now}
    assert sum(bool(item.reason) for item in result.items) == len(lost)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_an_edit_never_lands_in_another_definition(data: st.DataObject) -> None:
    """All functions read alike; the user moves them about, and takes some out."""
    count = data.draw(st.integers(2, 6))
    bodies = [f"def f{i}():\n    a = 1\n    return a\n" for i in range(count)]
    before = "\n\n".join(bodies)
    chosen = data.draw(st.integers(0, count - 1))
    start = before.index(f"def f{chosen}")
    at = before.index("return a", start) + len("return ")
    edit = TextEdit(Span(at, at + 1), "changed", ("g",))
    change = SourceChange((FileChange(PATH, SourceText.of(before).hash, (edit,)),))
    kept = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    order = data.draw(st.permutations(sorted(kept)))
    now = "\n\n".join(bodies[i] for i in order)
    result = rebase(change, lambda _: SourceText.of(before), lambda _: SourceText.of(now), outline)
    edits = result.change.files[0].edits if result.change.files else ()
    after = apply_edits(SourceText.of(now).data, edits).decode()
    wanted = [
        b.replace("return a", "return changed") if i == chosen else b for i, b in enumerate(bodies)
    ]
    assert after == "\n\n".join(wanted[i] for i in order)
    assert result.is_whole == (chosen in kept)
