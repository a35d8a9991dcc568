"""Taking back what the agent did, and only that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fixtures import workspace_of
from treewright_agent.checkpoints import Checkpoints, undone
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import SourceText

A, B, C = (
    "a = 1\nb = 2\nc = 3\nd = 4\n",
    "a = 1\nb = 20\nc = 3\nd = 4\n",
    "a = 1\nb = 20\nc = 3\nd = 4\ne = 5\n",
)


def _of(text: str | None) -> SourceText | None:
    return None if text is None else SourceText.of(text)


@pytest.mark.parametrize(
    ("before", "after", "now", "wanted", "n_left"),
    [
        pytest.param(A, B, B, A, 0, id="as the agent left it"),
        pytest.param(A, B, B + "mine = 1\n", A + "mine = 1\n", 0, id="the user added below"),
        pytest.param(A, B, "mine = 1\n" + B, "mine = 1\n" + A, 0, id="the user added above"),
        pytest.param(
            A,
            B,
            B.replace("20", "21"),
            B.replace("20", "21"),
            1,
            id="the user changed that very part",
        ),
        pytest.param(A, B, A, A, 0, id="the user took it back"),
        pytest.param(None, A, A, None, 0, id="a file the agent made"),
        pytest.param(
            None, A, A + "mine = 1\n", A + "mine = 1\n", 1, id="that the user went on with"
        ),
        pytest.param(None, A, None, None, 0, id="that the user deleted"),
        pytest.param(A, None, None, A, 0, id="a file the agent deleted"),
        pytest.param(A, None, "new\n", "new\n", 1, id="that the user made again"),
        pytest.param(A, B, None, None, 1, id="a file the user deleted"),
    ],
)
def test_undone(
    before: str | None, after: str | None, now: str | None, wanted: str | None, n_left: int
) -> None:
    text, left = undone(_of(before), _of(after), _of(now))
    assert (text.string if text else None) == wanted
    assert len(left) == n_left or (now == A and after == B)


_LINES = st.lists(
    st.sampled_from(["a = 1", "b = 2", "c = 3", "def f():", "    return x", ""]), max_size=12
)


@given(_LINES, _LINES)
def test_what_nobody_touched_since_comes_back_to_the_byte(
    before: list[str], after: list[str]
) -> None:
    old, new = _of("\n".join(before)), _of("\n".join(after))
    assert undone(old, new, new) == (old, [])


@given(_LINES, _LINES, st.integers(0, 12))
def test_a_line_of_the_users_is_never_lost(before: list[str], after: list[str], place: int) -> None:
    mine = "mine = 'written by the user'"
    edited = [*after[:place], mine, *after[place:]]
    text, _ = undone(_of("\n".join(before)), _of("\n".join(after)), _of("\n".join(edited)))
    assert text is not None
    assert text.string.count(mine) == 1


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(
    st.lists(st.tuples(st.sampled_from(["a.py", "b.py", "n.py"]), _LINES), min_size=1, max_size=5)
)
def test_any_number_of_turns_is_taken_back_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[str]]]
) -> None:
    start: dict[str, str | None] = {"a.py": A, "b.py": B, "n.py": None}
    texts = dict(start)
    store = Checkpoints("w")
    folder = tmp_path_factory.mktemp("w")
    ids: list[int] = []
    for name, lines in steps:
        new = "\n".join(lines) + "\n"
        saved = store.save(
            str(folder), {f"{folder}/{name}": (_of(texts[name]), _of(new))}, title=name
        )
        texts[name] = new
        ids += [saved] if saved is not None else []
    if not ids:
        return
    with workspace_of(folder, {n: t for n, t in texts.items() if t is not None}) as fixture:
        planned = store.plan(ids[0], fixture.snapshot, fixture.root)
        assert not planned.left
        found = planned.change.apply(fixture.snapshot.text)
        for name, wanted in start.items():
            path = f"{fixture.root}/{name}"
            text = found[path] if path in found else _of(texts[name])
            assert (text.string if text else None) == wanted
    store.close()


def test_one_turn_alone_and_the_conversation_before_it(tmp_path: Path) -> None:
    path = f"{tmp_path}/a.py"
    store = Checkpoints("w", tmp_path / "state" / "checkpoints.db")
    first = store.save(
        str(tmp_path), {path: (_of(A), _of(B))}, title="one", said=[("user", "make b 20")]
    )
    second = store.save(str(tmp_path), {path: (_of(B), _of(C))}, title="two",
                        said=[("user", "make b 20"), ("user", "add e")])  # fmt: skip
    assert first is not None
    assert second is not None
    assert store.save(str(tmp_path), {path: (_of(C), _of(C))}) is None
    store.close()
    store = Checkpoints("w", tmp_path / "state" / "checkpoints.db")  # a restart
    assert [turn.title for turn in store.turns()] == ["one", "two"]
    assert (tmp_path / "state" / "checkpoints.db").stat().st_mode & 0o077 == 0
    with workspace_of(tmp_path / "w", {"a.py": C}) as fixture:
        root = fixture.root
        alone = store.plan(first, fixture.snapshot, root, only=True)
        (text,) = alone.change.apply(fixture.snapshot.text).values()
        assert text is not None
        assert text.string == A + "e = 5\n"  # the second turn's line stays
        back = store.plan(second, fixture.snapshot, root)
        assert back.said == (("user", "make b 20"),)
        (text,) = back.change.apply(fixture.snapshot.text).values()
        assert text is not None
        assert text.string == B
        store.restored(back.turns)
        assert [turn.restored for turn in store.turns()] == [False, True]
        assert store.plan(first, fixture.snapshot, root).turns == (first,)
    with pytest.raises(ArgumentsError, match="no checkpoint 99"):
        store.plan(99, fixture.snapshot, root)
    assert Checkpoints("another", tmp_path / "state" / "checkpoints.db").turns() == []


def test_the_store_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treewright_agent.checkpoints.MAX_TURNS", 5)
    store = Checkpoints("w")
    for number in range(12):
        store.save(str(tmp_path), {f"{tmp_path}/a.py": (_of(f"{number}"), _of(f"{number + 1}"))})
    assert len(store.turns()) == 5


def test_git_is_neither_asked_nor_changed(tmp_path: Path) -> None:
    with workspace_of(tmp_path / "w", {"a.py": B}) as fixture:
        root = fixture.root
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        before = {str(p): p.read_bytes() for p in Path(root, ".git").rglob("*") if p.is_file()}
        store = Checkpoints("w")
        turn = store.save(root, {f"{root}/a.py": (_of(A), _of(B))})
        assert turn is not None
        store.plan(turn, fixture.snapshot, root)
        after = {str(p): p.read_bytes() for p in Path(root, ".git").rglob("*") if p.is_file()}
        assert after == before
