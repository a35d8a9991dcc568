"""How much of an accepted change still stands, measured on the text.

What is remembered of a change is how often each line that it added or removed occurred before
and after it, by hash: no code is kept to measure, and a line that moved still stands. A change
that only reorders lines is measured by pairs of neighbouring lines instead.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

MOMENTS: dict[str, tuple[float, float]] = {
    # moment -> seconds after acceptance, and how late it may still be measured
    "ten_minutes": (600.0, 3_600.0),
    "day": (86_400.0, 6 * 86_400.0),
}
COMMIT_S = 14 * 86_400.0
"""How long a commit of an accepted change is waited for."""


class Tracked(NamedTuple):
    """`counts`: hash of a line (or pair) -> how often it stood before and after the change."""

    path: str
    """Absolute; where the file is after the change."""
    pairs: bool
    counts: dict[str, tuple[int, int]]
    before: str
    """SHA-256 of the text before, of an absent file ''."""


def track(path: str, before: str, after: str) -> Tracked | None:
    """None when no line differs."""
    for pairs in (False, True):
        old, new = Counter(_units(before, pairs)), Counter(_units(after, pairs))
        counts = {
            _hash(unit): (old[unit], new[unit])
            for unit in old.keys() | new.keys()
            if old[unit] != new[unit]
        }
        if counts:
            return Tracked(path, pairs, dict(sorted(counts.items())), hash_of(before))
    return None


def share_standing(tracked: Iterable[Tracked], text_of: Callable[[str], str | None]) -> float:
    """Of all lines that were added or removed, the share that still is; 0 to 1.

    A file that is gone (None) keeps nothing.
    """
    kept = total = 0.0
    for file in tracked:
        text = text_of(file.path)
        now = None if text is None else Counter(map(_hash, _units(text, file.pairs)))
        for key, (before, after) in file.counts.items():
            grown = after - before
            total += abs(grown)
            if now is not None:
                kept += abs(grown) * min(1.0, max(0.0, (now[key] - before) / grown))
    return kept / total if total else 1.0


def to_json(tracked: Iterable[Tracked]) -> list[dict[str, Any]]:
    return [file._asdict() for file in tracked]


def from_json(value: Iterable[Mapping[str, Any]]) -> list[Tracked]:
    return [
        Tracked(
            str(file["path"]),
            bool(file["pairs"]),
            {key: (int(old), int(new)) for key, (old, new) in file["counts"].items()},
            str(file["before"]),
        )
        for file in value
    ]


def hash_of(text: str) -> str:
    """Line breaks do not count: an editor and a commit may differ in them."""
    whole = "\n".join(_lines(text))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest() if text else ""


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _units(text: str, pairs: bool) -> list[str]:
    """Blank lines say nothing; neither does the space around a line."""
    lines = [stripped for line in _lines(text) if (stripped := line.strip())]
    return [f"{one}\n{two}" for one, two in pairwise(["", *lines, ""])] if pairs else lines


def _hash(unit: str) -> str:
    return hashlib.blake2b(unit.encode("utf-8", "replace"), digest_size=6).hexdigest()
