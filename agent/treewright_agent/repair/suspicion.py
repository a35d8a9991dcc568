"""Where the fault may be: lines that failing tests run and passing tests do not.

Ochiai's coefficient (Abreu, Zoeteweij and van Gemund, 2006) over lines, raised where an
exception left the project's code.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from treewright_agent.repair.model import TestCase
from treewright_agent.repair.mutate import Clues


def suspicion(
    targets: Sequence[TestCase],
    passing: Sequence[TestCase],
    clues: Clues,
    is_source: Collection[str],
) -> dict[str, dict[int, float]]:
    """file -> line (from 1) -> 0..1, the most suspicious line of all being 1.

    `is_source`: the files that may be changed.
    """
    failed: dict[tuple[str, int], int] = {}
    passed: dict[tuple[str, int], int] = {}
    for tests, counts in ((targets, failed), (passing, passed)):
        for test in tests:
            for file, lines in test.lines.items():
                if file in is_source:
                    for line in lines:
                        counts[file, line] = counts.get((file, line), 0) + 1
    n_failed = max(1, len(targets))
    scores: dict[str, dict[int, float]] = {}
    for (file, line), count in failed.items():
        together = count + passed.get((file, line), 0)
        score = count / math.sqrt(n_failed * together)
        if (file, line) in clues.raised_at:
            score = max(score, 0.5) * 1.25
        scores.setdefault(file, {})[line] = score
    top = max((s for lines in scores.values() for s in lines.values()), default=1.0)
    return {
        file: {line: score / top for line, score in lines.items()} for file, lines in scores.items()
    }
