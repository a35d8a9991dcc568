"""Events in, rows out: what is recorded, at which level, what stands later, what is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.proposals import ROOT, proposal_of
from treewright_agent.feedback import FeedbackStore, Made, Outcome, Redactor
from treewright_agent.feedback.migrations import MIGRATIONS, tally_anew
from treewright_agent.feedback.outbox import Outbox
from treewright_agent.feedback.standing import from_json, share_standing, to_json, track
from treewright_indexer.errors import StoreError

SECRET = "ghp_" + "a1B2c3D4e5" * 4
DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path / "data") as opened:
        yield opened


def tally_rows(store: FeedbackStore) -> list[tuple[object, ...]]:
    assert store.database is not None
    return store.database.rows("SELECT * FROM tallies WHERE n > 0 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8")


# -------------------------------------------------------------------- events


def test_a_proposals_record_says_who_made_it_and_what_became_of_it(store: FeedbackStore) -> None:
    made = Made("unused_import", "local-7b", "t1", {"prompts": "3"}, 0.25, 0.01, 900)
    store.record_proposal(proposal_of("p"), ROOT, made=made, now=1000.0)
    for outcome in ("previewed", "accepted", "previewed"):
        store.record_outcome("p", outcome, now=1010.0)
    (row,) = store.proposals()
    assert (row.recipe, row.model, row.task) == ("unused_import", "local-7b", "t1")
    assert (row.seconds, row.cost, row.outcome) == (0.25, 0.01, Outcome.ACCEPTED)
    assert store.outcomes("p") == [Outcome.SHOWN, Outcome.PREVIEWED, Outcome.ACCEPTED]
    assert store.stats()["models"]["local-7b"]["kept"] == 1.0


def test_the_same_outcome_told_twice_is_recorded_once(store: FeedbackStore) -> None:
    store.record_proposal(proposal_of("p"), ROOT)
    store.record_proposal(proposal_of("p"), ROOT)
    for _ in range(3):
        assert store.record_outcome("p", "accepted")
        assert store.record_rating("chat-1", ROOT, 1, "good")
    assert store.outcomes("p") == [Outcome.SHOWN, Outcome.ACCEPTED]
    assert store.stats()["ratings"] == 1


def test_how_much_was_edited_and_when(store: FeedbackStore) -> None:
    store.record_proposal(
        proposal_of("p", "a\nb\n", "a\nnew 1\nnew 2\nnew 3\nnew 4\nb\n"), ROOT, now=1000.0
    )
    store.record_outcome("p", "accepted", now=1001.0)
    final = "a\nnew 1\nnew 2\nnew 3\nmine\nb\n"
    store.record_outcome("p", "edited", final_text={f"{ROOT}/a.py": final}, now=1090.0)
    (row,) = store.proposals()
    assert row.changed == 0.25
    assert store.database is not None
    assert store.database.rows("SELECT seconds_after FROM outcomes ORDER BY number")[-1] == (90.0,)


def test_consent_stands_beside_every_event(store: FeedbackStore) -> None:
    assert store.record_consent(ROOT, "local", now=1.0)
    assert not store.record_consent(ROOT, "local", now=2.0)
    store.record_proposal(proposal_of("p"), ROOT, "local", now=3.0)
    assert store.record_consent(ROOT, "outcomes", now=4.0)
    store.record_outcome("p", "rejected", comment="why", consent="outcomes", now=5.0)
    assert not store.record_outcome("p", "accepted", consent="off", now=6.0)
    assert store.database is not None
    rows = store.database.rows("SELECT outcome, consent, comment FROM outcomes ORDER BY number")
    assert rows == [("shown", "local", None), ("rejected", "outcomes", None)]
    assert [
        line for line in Outbox(store, "s", with_code=True).preview() if "import os" in line
    ] == []


def test_what_a_user_lists_is_never_recorded(store: FeedbackStore) -> None:
    store.redactor = Redactor(paths=("secret/*",), names=("Acme",))
    store.record_proposal(proposal_of("a", "x = Acme\n", "y = Acme\n", title="Acme!"), ROOT)
    store.record_proposal(proposal_of("b", "hidden = 1\n", "", path="secret/k.py"), ROOT)
    store.record_search("s", ROOT, "Acme?", [{"path": "secret/k.py", "snippet": "hidden = 1"}])
    assert store.database is not None
    dump = "\n".join(store.database.rows("SELECT group_concat(quote(diff) || quote(calls) ||"
                     " quote(context) || quote(title)) FROM proposals")[0])  # fmt: skip
    dump += str(list(store.searches()))
    assert "Acme" not in dump
    assert "hidden" not in dump
    assert [row.consent for row in store.proposals()] == ["local", "outcomes"]


# -------------------------------------------------------------------- what stands later


@pytest.mark.parametrize(
    ("before", "after", "now", "share"),
    [
        pytest.param("a\n", "a\nb\nc\n", "a\nb\nc\n", 1.0, id="untouched"),
        pytest.param("a\n", "a\nb\nc\n", "a\nb\n", 0.5, id="one of two lines went"),
        pytest.param("a\n", "a\nb\nc\n", "x\n  c\ny\nb\na\n", 1.0, id="moved and indented"),
        pytest.param("import os\na\n", "a\n", "import os\na\n", 0.0, id="removed, and back"),
        pytest.param("import os\na\n", "a\n", "a\nmore\n", 1.0, id="still removed"),
        pytest.param("b\na\n", "a\nb\n", "a\nb\n", 1.0, id="reordered"),
        pytest.param("b\na\n", "a\nb\n", "b\na\n", 0.0, id="reordered, and back"),
        pytest.param("a\n", "a\nb\n", None, 0.0, id="the file is gone"),
        pytest.param("a\r\n", "a\r\nb\r\n", "a\nb\n", 1.0, id="other line breaks"),
    ],
)
def test_what_stands_of_a_change(before: str, after: str, now: str | None, share: float) -> None:
    tracked = track("/w/a", before, after)
    assert tracked is not None
    (again,) = from_json(to_json([tracked]))
    assert again == tracked
    assert share_standing([again], lambda _: now) == share


LINES = st.lists(st.sampled_from(["a", "b", "c", "  d", ""]), max_size=8).map("\n".join)


@settings(deadline=None)
@given(LINES, LINES, LINES)
def test_standing_is_whole_at_once_and_nothing_after_an_undo(b: str, a: str, now: str) -> None:
    tracked = track("/w/a", b, a)
    if tracked is None:
        return
    assert share_standing([tracked], lambda _: a) == 1.0
    assert share_standing([tracked], lambda _: b) == 0.0
    assert 0.0 <= share_standing([tracked], lambda _: now) <= 1.0


# -------------------------------------------------------------------- counts


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([*Outcome][1:])), max_size=25))
def test_counts_are_those_of_the_events(steps: list[tuple[int, Outcome]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, FeedbackStore.open(folder) as store:
        for number, outcome in steps:
            name = f"p{number}"
            made = Made("r", "m" if number % 2 else "", seconds=0.5 if number % 3 else None)
            store.record_proposal(proposal_of(name), f"/w/{number % 2}", made=made, now=9e4)
            store.record_outcome(name, outcome, now=9e4)
        kept = tally_rows(store)
        with store.transaction() as connection:
            tally_anew(connection)
        assert tally_rows(store) == kept


# -------------------------------------------------------------------- forgetting


@pytest.mark.parametrize("what", ["workspace", "task", "proposal", "everything"])
def test_no_byte_of_what_is_forgotten_stays(tmp_path: Path, what: str) -> None:
    store = FeedbackStore.open(tmp_path)
    word = "unforgettable_marker"
    whole = what in ("workspace", "everything")
    gone, made = f"/w/{word}_root" if whole else "/w/other", Made(task=f"{word}_task")
    for n in range(30):
        store.record_proposal(proposal_of(f"other{n}", f"import os\nx{n} = 1\n"), "/w/other")
    body = f"import {word}\n" * 400  # more than a page
    store.record_proposal(proposal_of(f"{word}_id", body, "", title=word), gone, made=made)
    store.record_outcome(f"{word}_id", "accepted", comment=word)
    if whole:
        store.record_consent(gone, "local")
        store.record_search("s1", gone, word, [{"path": word, "snippet": word}])
        store.record_rating("c1", gone, 1, word)
    elif what == "task":
        store.record_rating(f"{word}_task", "/w/other", 1, "fine")
    Outbox(store, "s", with_code=True).seal()
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert word.encode() in found
    arguments = {"workspace": gone, "task": f"{word}_task", "proposal": f"{word}_id"}
    n = store.forget(everything=True) if what == "everything" else store.forget(
        **{what: arguments[what]}
    )  # fmt: skip
    assert n == (31 if what == "everything" else 1)
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert word.encode() not in left
    assert store.stats()["proposals"] == (0 if what == "everything" else 30)
    store.close()


# -------------------------------------------------------------------- bad input


def test_a_full_outbox_survives_a_new_schema(tmp_path: Path) -> None:
    """A file as an older treewright left it, with sealed and unsealed events."""
    path = tmp_path / "feedback.sqlite3"
    with FeedbackStore.open(tmp_path) as store:
        application = store.database.rows("PRAGMA application_id")[0][0] if store.database else 0
    path.unlink()
    old = sqlite3.connect(path)
    for script in MIGRATIONS[:3]:
        old.executescript(script)
    for n in range(4):
        old.execute(
            "INSERT INTO proposals (id, time, workspace, source, rung, fingerprint, operations,"
            " language, verification, consent) VALUES (?, 1, '/w', 'recipe', 'recipe', 'f', '[]',"
            " 'python', '{}', 'local')", (f"p{n}",),
        )  # fmt: skip
        old.execute(
            "INSERT INTO outcomes (proposal_id, time, outcome) VALUES (?, 1, 'shown')", (f"p{n}",)
        )
    old.execute("INSERT INTO outcomes (proposal_id, time, outcome) VALUES ('p3', 2, 'accepted')")
    # An event that was sent and then forgotten: its number must never be used again.
    old.execute("DELETE FROM outcomes WHERE number = 5")
    old.execute("INSERT INTO forward_cursors VALUES ('s', 'proposals', 2), ('s', 'outcomes', 5)")
    old.execute(
        "INSERT INTO batches (sink, key, workspace, sequence, body, n_events)"
        " VALUES ('s', 'k', '/w', 1, ?, 1)", (b'{"event":"proposals/1","id":"p0"}\n',),
    )  # fmt: skip
    old.execute(f"PRAGMA application_id = {application}")
    old.execute("PRAGMA user_version = 3")
    old.commit()
    old.close()
    with FeedbackStore.open(tmp_path, on_problem=pytest.fail) as store:
        store.record_outcome("p0", "accepted")
        lines = list(Outbox(store, "s").preview())
        assert store.stats()["outcomes"]["shown"] == 3
        assert store.stats()["outcomes"]["accepted"] == 1
    assert sum('"event":"proposals/' in line for line in lines) == 3  # p0 as sealed, p2, p3
    assert sum('"event":"outcomes/6"' in line for line in lines) == 1


def test_a_half_written_row_hides_no_other(store: FeedbackStore) -> None:
    store.record_proposal(proposal_of("good"), ROOT)
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO proposals (id, time, workspace, source, rung, fingerprint, operations,"
            " calls, language, verification, consent) VALUES ('half', 1, ?, 'recipe', 'recipe',"
            " 'f', '[\"a', '{\"x', 'python', '', 'local')", (ROOT,),
        )  # fmt: skip
        connection.execute(
            "INSERT INTO outcomes (proposal_id, time, outcome) VALUES ('half', 1, 'shown')"
        )
    assert [row.id for row in store.proposals()] == ["good", "half"]
    assert len(list(Outbox(store, "s").preview())) == 4


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "feedback.sqlite3")
    other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        FeedbackStore.open(tmp_path)


def test_rubbish_is_moved_aside_and_told(tmp_path: Path) -> None:
    (tmp_path / "feedback.sqlite3").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    told: list[str] = []
    with FeedbackStore.open(tmp_path, on_problem=told.append) as store:
        assert store.record_proposal(proposal_of("p"), ROOT)
    assert "was kept as" in told[0]
    assert list(tmp_path.glob("*.corrupt-*"))
