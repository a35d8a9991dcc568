"""Proposals survive what users, formatters, other servers and version control do meanwhile.

Seeded schedules on a real workspace; `benchmarks/staleness.py` runs ten thousand of them.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.schedules import run_schedules


def test_nothing_is_corrupted_or_lost_and_nearly_all_still_apply(tmp_path: Path) -> None:
    tally = run_schedules(tmp_path, range(40))
    assert tally.made > 60
    assert tally.moved > 20
    assert not tally.corrupted, "\n".join(tally.corrupted)
    assert not tally.lost, "\n".join(tally.lost)
    assert tally.applicable >= 0.95, tally.held
