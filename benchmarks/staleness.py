"""Ten thousand schedules of what happens between a proposal and its acceptance.

    python benchmarks/staleness.py [-n 10000] [--steps 12] [--seed 0]

Each schedule is a random run of typing (half statements too), comments, formatting on save, other
servers' edits, events of files, opening and closing, with proposals of nine operations made and
accepted in between; see `tests/support/schedules.py`. Counted: files that are not what they must
be afterwards (the program is run, and every word that was typed must be there), words that were
lost, and how many proposals still applied after they were made again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> int:
    from tests.support.schedules import run_schedules

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        seeds = range(arguments.seed, arguments.seed + arguments.n)
        tally = run_schedules(Path(scratch), seeds, arguments.steps)
    print(f"schedules {arguments.n}  seconds {time.monotonic() - started:.0f}")
    print(f"proposals made {tally.made}, refused when planned {tally.not_made}")
    print(f"applied {tally.applied}, of them on changed text {tally.moved}")
    print(f"held {sum(tally.held.values())}, still applicable {tally.applicable:.1%}")
    print(f"corrupted files {len(tally.corrupted)}, lost words {len(tally.lost)}")
    for problem in [*tally.corrupted, *tally.lost][:10]:
        print(problem)
    return 1 if tally.corrupted or tally.lost else 0


if __name__ == "__main__":
    sys.exit(main())
