"""What the text says became of a proposal: outcomes without an editor that tells them."""

from __future__ import annotations

from treewright_server.feedback_watch import Hunk, Ledger, Splice

BASE = b"import os\n\n\ndef old():\n    return 1\n"
RENAME = [Hunk(16, 19, b"new")]


def shown(hunks: list[Hunk]) -> Ledger:
    ledger = Ledger(600.0)
    ledger.shown("p", {"a.py": (BASE, hunks)}, 0.0)
    return ledger


def test_undo_is_a_revert_even_when_something_was_typed_first() -> None:
    ledger = shown(RENAME)
    applied = BASE.replace(b"old", b"new")
    (event,) = ledger.text("a.py", applied, [Splice(16, 19, 3)], 1.0)
    assert event.outcome == "accepted"
    typed = b"# hi\n" + applied
    assert ledger.text("a.py", typed, [Splice(0, 0, 5)], 2.0) == []
    undone = b"# hi\n" + BASE
    (event,) = ledger.text("a.py", undone, [Splice(21, 24, 3)], 3.0)
    assert event.outcome == "reverted"


def test_hunks_accepted_in_text_that_was_edited_before_are_followed() -> None:
    hunks = [Hunk(0, 10, b"import sys\n"), *RENAME, Hunk(34, 35, b"2")]
    ledger = shown(hunks)
    typed = BASE.replace(b"\n\n\n", b"\n\nX = 1\n\n")
    assert ledger.text("a.py", typed, [Splice(11, 11, 6)], 1.0) == []
    assert ledger.chose("p", {"a.py": [1, 2]}, 2.0) == []
    applied = typed.replace(b"old", b"new").replace(b"return 1", b"return 2")
    assert ledger.text("a.py", applied, [Splice(22, 25, 3), Splice(40, 41, 1)], 2.0) == []
    ledger.decided("p", "accepted_in_part")
    (event,) = ledger.text("a.py", typed, [Splice(22, 25, 3), Splice(40, 41, 1)], 3.0)
    assert event.outcome == "reverted"


def test_an_edit_of_such_a_hunk_is_noticed_and_one_elsewhere_is_not() -> None:
    ledger = shown(RENAME)
    typed = b"# hi\n" + BASE
    ledger.text("a.py", typed, [Splice(0, 0, 5)], 1.0)
    applied = typed.replace(b"old", b"new")
    ledger.text("a.py", applied, [Splice(21, 24, 3)], 2.0)
    (event,) = ledger.chose("p", {"a.py": [0]}, 2.0)
    assert event.outcome == "accepted"
    longer = applied + b"# end\n"
    ledger.text("a.py", longer, [Splice(len(applied), len(applied), 6)], 3.0)
    assert ledger.saved("a.py") == []
    ledger.text("a.py", longer.replace(b"new", b"nEw"), [Splice(22, 23, 1)], 4.0)
    (event,) = ledger.saved("a.py")
    assert event.outcome == "edited"


def test_a_deleted_line_that_comes_back_is_a_revert() -> None:
    ledger = shown([Hunk(0, 10, b"")])
    applied = BASE[10:]
    (event,) = ledger.text("a.py", applied, [Splice(0, 10, 0)], 1.0)
    assert event.outcome == "accepted"
    typed = applied + b"x = 1\n"
    assert ledger.text("a.py", typed, [Splice(len(applied), len(applied), 6)], 2.0) == []
    (event,) = ledger.text("a.py", BASE + b"x = 1\n", [Splice(0, 0, 10)], 3.0)
    assert event.outcome == "reverted"


def test_another_change_of_the_hunk_is_no_revert() -> None:
    ledger = shown(RENAME)
    applied = BASE.replace(b"old", b"new")
    ledger.text("a.py", applied, [Splice(16, 19, 3)], 1.0)
    assert ledger.text("a.py", BASE.replace(b"old", b"mine"), [Splice(16, 19, 4)], 2.0) == []
    (event,) = ledger.saved("a.py")
    assert event.outcome == "edited"


def test_a_file_that_is_not_open_is_seen_on_disk() -> None:
    ledger = shown(RENAME)
    assert ledger.paths == ["a.py"]
    (event,) = ledger.text("a.py", BASE.replace(b"old", b"new"), (), 1.0)
    assert event.outcome == "accepted"
    (event,) = ledger.text("a.py", BASE, (), 2.0)
    assert event.outcome == "reverted"
