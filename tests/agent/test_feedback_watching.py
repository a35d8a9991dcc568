"""What stands of an accepted change after ten minutes, a commit and a day: texts in, shares out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.proposals import ROOT, proposal_of
from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.watching import measure, watches

BEFORE = "import os\n\n\ndef f(a):\n    return a == None\n"
AFTER = "\n\ndef f(a):\n    return a is None\n"
PATH = f"{ROOT}/a.py"
ACCEPTED, MINUTE, HOUR, DAY = 1_000_000.0, 60.0, 3_600.0, 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeedbackStore]:
    with FeedbackStore.open(tmp_path) as opened:
        opened.record_proposal(proposal_of("p", BEFORE, AFTER), ROOT, now=ACCEPTED - 5)
        opened.record_outcome("p", "accepted", now=ACCEPTED)
        yield opened


def look(
    store: FeedbackStore, after: float, text: str | None, committed: str | None = None
) -> float | None:
    """Measure so long after the acceptance -> when it is worth looking again, from then."""
    _, again = measure(store, ACCEPTED + after, lambda _: text, lambda _path, _since: committed)
    return again


def kept(store: FeedbackStore) -> dict[str, float]:
    (row,) = store.proposals()
    return {moment: round(share, 3) for moment, share in row.kept.items()}


def test_each_moment_is_measured_on_the_text_of_then(store: FeedbackStore) -> None:
    assert look(store, 5 * MINUTE, AFTER) == pytest.approx(5 * MINUTE)
    assert kept(store) == {}  # too early to say
    assert look(store, 10 * MINUTE, AFTER) == pytest.approx(DAY - 10 * MINUTE)
    assert kept(store) == {"ten_minutes": 1.0}
    look(store, HOUR, AFTER, AFTER + "more = 1\n")  # typed below it, and committed so
    assert kept(store) == {"ten_minutes": 1.0, "commit": 1.0}
    assert look(store, DAY + 1, "import os\n" + AFTER) is None  # one of its three lines is back
    assert kept(store) == {"ten_minutes": 1.0, "commit": 1.0, "day": 0.667}
    assert not watches(store)  # nothing more will come


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (AFTER, 1.0),
        (f"# -*- coding: utf-8 -*-\n{AFTER}\n\nother = 2\n", 1.0),  # moved down and added to
        (BEFORE, 0.0),  # taken back
        (None, 0.0),  # the file is gone
        (AFTER.replace("is None", "is not None"), 0.667),  # what was taken out still is
    ],
)
def test_the_text_decides_and_no_time_of_a_file(
    store: FeedbackStore, text: str | None, share: float
) -> None:
    look(store, 11 * MINUTE, text)
    assert kept(store) == {"ten_minutes": share}


def test_what_was_slept_through_is_left_out_and_not_guessed(store: FeedbackStore) -> None:
    assert look(store, 30 * DAY, AFTER) is None
    assert kept(store) == {}
    assert not watches(store)


def test_a_moment_is_measured_once_also_when_the_clock_jumps_back(store: FeedbackStore) -> None:
    look(store, 10 * MINUTE, AFTER)
    look(store, -30 * DAY, BEFORE)  # before it was accepted, as this clock says
    look(store, 10 * MINUTE + 1, BEFORE)
    assert kept(store) == {"ten_minutes": 1.0}
    again = look(store, -DAY, BEFORE)
    assert again == pytest.approx(2 * DAY)  # it waits, by this clock


def test_a_commit_counts_once_all_its_files_are_in_it(store: FeedbackStore) -> None:
    look(store, HOUR, AFTER, None)
    assert "commit" not in kept(store)
    look(store, 2 * HOUR, AFTER, BEFORE)  # committed without the change
    assert kept(store)["commit"] == 0.0


def test_what_was_reverted_is_measured_as_that(store: FeedbackStore) -> None:
    store.record_outcome("p", "reverted", now=ACCEPTED + 60)
    look(store, 10 * MINUTE, BEFORE)
    assert kept(store).get("ten_minutes", 0.0) == 0.0
