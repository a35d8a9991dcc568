"""A reranker fitted to what one user opens: linear, over what is known of each hit.

It reorders what search has ranked already, the shipped reranker included, so its first feature
is the rank it was given and its starting point is to keep it. Fitted pair by pair, what was used
above what was passed over (logistic loss; RankNet, Burges et al. 2005, without the net), with
weights drawn back to that starting point (ridge), so that a few searches change little.
Words in places (`tests`, `migrations`, `.md`) are hashed: that is where tastes differ.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from treewright_agent.feedback.reading import SearchRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_N_HASHED = 64
_NAMED = ("rank", "symbol_said", "query_named", "path_said", "code_said", "exact", "words",
          "symbol_found", "is_test", "is_class", "is_function", "length")  # fmt: skip
N_FEATURES = len(_NAMED) + _N_HASHED
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_RIDGE = 3.0
"""So many searches weigh as much as what ships."""
_STEPS = 300
LOSS = 0.01
"""What a tuned reranker may lose on searches of others, as a share of NDCG@10."""
_MAX_PASSED_OVER = 10
"""Of one search: what is further down was hardly looked at."""

Result = Mapping[str, Any]
"""A hit: path, symbol, kind, snippet, sources."""


class Judged(NamedTuple):
    """One search with what was done: `gains[i]` is 2 for a result that was used, 1 for one that
    was opened, 0 for one that was passed over; None for one that was not judged."""

    query: str
    results: list[dict[str, Any]]
    gains: list[int | None]
    workspace: str = ""
    time: float = 0.0


def judged(search: SearchRow) -> Judged | None:
    """None when nothing was used, or nothing passed over."""
    gains: list[int | None] = [None] * len(search.results)
    for index, action in search.uses:
        if index < len(gains):
            gain = {"used": 2, "opened": 1}.get(action, 0)
            gains[index] = max(gain, gains[index] or 0)
    positive = [index for index, gain in enumerate(gains) if gain]
    if not positive:
        return None
    for index in range(min(max(positive), len(gains))):
        gains[index] = gains[index] or 0  # looked past
    if not any(gain == 0 for gain in gains):
        return None
    return Judged(search.query, search.results, gains, search.workspace, search.time)


class Orders(Protocol):
    """A linear reranker or a cross-encoder."""

    def order(self, query: str, results: Sequence[Result]) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class LinearReranker:
    weights: tuple[float, ...]
    number: int = 0
    """Of its version; 0: what ships, which keeps the order it is given."""

    def scores(self, query: str, results: Sequence[Result]) -> list[float]:
        rows = features(query, results)
        return [sum(w * x for w, x in zip(self.weights, row, strict=True)) for row in rows]

    def order(self, query: str, results: Sequence[Result]) -> list[int]:
        """Indexes into `results`, best first."""
        found = self.scores(query, results)
        return sorted(range(len(found)), key=lambda index: (-found[index], index))

    def to_json(self) -> dict[str, Any]:
        return {"features": N_FEATURES, "weights": [round(w, 6) for w in self.weights]}


def shipped() -> LinearReranker:
    return LinearReranker((1.0, *(0.0 for _ in range(N_FEATURES - 1))))


def in_force(value: Mapping[str, Any], number: int) -> Orders | None:
    """The reranker of a version, of whichever sort. Loads nothing."""
    if "cross_encoder" in value:
        from treewright_agent.feedback.tuning import cross

        return cross.from_json(value, number)
    return from_json(value, number)


def from_json(value: Mapping[str, Any], number: int) -> LinearReranker | None:
    """None for a version with other features than today's: it says nothing any more."""
    weights = tuple(float(w) for w in value.get("weights") or ())
    if value.get("features") != N_FEATURES or len(weights) != N_FEATURES:
        return None
    return LinearReranker(weights, number)


def features(query: str, results: Sequence[Result]) -> list[list[float]]:
    """One row a result, in the order they were ranked."""
    asked = _words(query)
    rows: list[list[float]] = []
    for rank, result in enumerate(results):
        path, symbol = str(result.get("path") or ""), str(result.get("symbol") or "")
        code, kind = str(result.get("snippet") or ""), str(result.get("kind") or "")
        sources = result.get("sources") or ()
        named = _words(symbol)
        row = [
            -math.log2(1 + rank),
            _share(asked & named, asked),
            _share(asked & named, named),
            _share(asked & _words(path), asked),
            _share(asked & _words(code), asked),
            float(bool(symbol) and symbol.rpartition(".")[2].lower() == query.strip().lower()),
            float("lexical" in sources),
            float("symbol" in sources),
            float("test" in path.lower()),
            float(kind == "class"),
            float(kind in ("function", "method")),
            math.log1p(len(code)) / 10,
        ]
        hashed = [0.0] * _N_HASHED
        for word in _places(path):
            hashed[zlib.crc32(word.encode("utf-8", "replace")) % _N_HASHED] = 1.0
        rows.append(row + hashed)
    return rows


def fit(searches: Sequence[Judged]) -> LinearReranker:
    """Fitted to all of them; what ships when there is nothing to learn from."""
    import numpy as np

    pairs = [_differences(search) for search in searches]
    pairs = [pair for pair in pairs if len(pair)]
    start = np.asarray(shipped().weights)
    if not pairs:
        return shipped()
    rows: NDArray[np.float64] = np.concatenate(pairs)
    # Every search weighs the same, however many of its results were passed over.
    share: NDArray[np.float64] = np.concatenate([np.full(len(p), 1 / len(p)) for p in pairs])
    share /= len(pairs)
    weights = start.copy()
    ridge = _RIDGE / len(pairs)
    momentum = np.zeros_like(weights)
    for _ in range(_STEPS):
        wrong = 1 / (1 + np.exp(np.clip(rows @ weights, -30, 30)))
        gradient = -(rows * (share * wrong)[:, None]).sum(axis=0) + ridge * (weights - start)
        momentum = 0.9 * momentum - 0.1 * gradient
        weights = weights + momentum
    return LinearReranker(tuple(float(w) for w in weights))


def fit_safely(own: Sequence[Judged], general: Sequence[Judged]) -> LinearReranker:
    """Fitted to `own` searches, and drawn back towards what ships until what others search for
    (`general`) is found as well as before, to within `LOSS`. Half of `general` anchors the fit,
    the other half judges it."""
    anchors, judges = list(general[::2]), list(general[1::2])
    found = fit([*own, *anchors])
    start = shipped()
    if not judges:
        return found
    least = ndcg(start, judges) * (1 - LOSS)
    for kept in (1.0, 0.8, 0.6, 0.4, 0.2, 0.1):
        blend = tuple(a + kept * (b - a) for a, b in zip(start.weights, found.weights, strict=True))
        if ndcg(LinearReranker(blend), judges) >= least:
            return LinearReranker(blend)
    return start


def _differences(search: Judged) -> NDArray[np.float64]:
    """A row for each pair of a better and a worse result: what sets them apart."""
    import numpy as np

    rows = np.asarray(features(search.query, search.results))
    pairs: list[tuple[int, int]] = []
    for one, gain in enumerate(search.gains):
        worse = [
            other
            for other, less in enumerate(search.gains)
            if gain and less is not None and less < gain
        ]
        pairs += [(one, other) for other in worse[:_MAX_PASSED_OVER]]
    if not pairs:
        return np.zeros((0, N_FEATURES))
    better, worse_ones = zip(*pairs, strict=True)
    return rows[list(better)] - rows[list(worse_ones)]


def ndcg(reranker: Orders, searches: Sequence[Judged], k: int = 10) -> float:
    """Mean NDCG@k (Järvelin and Kekäläinen 2002) with gains 2^g - 1; 0 without searches."""
    return ndcg_of([reranker.order(each.query, each.results) for each in searches], searches, k)


def ndcg_of(orders: Sequence[list[int]], searches: Sequence[Judged], k: int = 10) -> float:
    """The same of orders that are there."""
    total = 0.0
    for order, search in zip(orders, searches, strict=True):
        gains = [2.0 ** (gain or 0) - 1 for gain in search.gains]
        got = sum(gains[i] / math.log2(2 + place) for place, i in enumerate(order[:k]))
        best = sum(
            g / math.log2(2 + place) for place, g in enumerate(sorted(gains, reverse=True)[:k])
        )
        total += got / best if best else 0.0
    return total / len(searches) if searches else 0.0


def _share(some: frozenset[str], of: frozenset[str]) -> float:
    return len(some) / len(of) if of else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text) if len(word) > 1)


def _places(path: str) -> list[str]:
    """Folders and ending of a path; the file's own name is no place."""
    *folders, name = path.replace("\\", "/").split("/")
    return [*folders[:6], f".{name.rpartition('.')[2]}"]
