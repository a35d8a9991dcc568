"""A cross-encoder of the user's own, as `train_cross_encoder.py` wrote it: put in force by the gate.

It reads the query and each of the first results together and orders those by what it says and by
the rank they had, since the search knows what it does not; what is below stays. How much it is heard
is its `weight`, which the gate sets as high as searches of others bear. Its files are named with their
hashes, in its manifest and in the version: one that was changed or is gone is not used, and results
come in the order they had.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from treewright_agent.feedback.triples import text_of
from treewright_agent.feedback.tuning.reranker import LOSS, Judged, ndcg, ndcg_of, shipped
from treewright_indexer.encoders.manifest import ModelError, read_manifest
from treewright_indexer.errors import ArgumentsError

logger = logging.getLogger("treewright")

HEAD = 30
"""Results that are read; on a processor each costs a few milliseconds."""
WEIGHTS = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1)
"""How much it may be heard beside the rank, 0 to 1."""
QUERIES = "queries.json"
"""SHA-256 of the queries it was trained on, so that nobody judges it by those."""

Result = Mapping[str, Any]


class CrossReranker:
    """Any thread may ask; the model loads with the first query."""

    def __init__(
        self, folder: Path, sha256: str, number: int = 0, model: Any = None, weight: float = 1.0
    ) -> None:
        self.folder = folder
        self.weight = weight
        self.sha256 = sha256
        self.number = number
        self._lock = threading.Lock()
        self._model = model
        self._broken = ""

    def order(self, query: str, results: Sequence[Result]) -> list[int]:
        """Indexes into `results`, best first."""
        return self.ordered(self.scores(query, results), len(results))

    def scores(self, query: str, results: Sequence[Result]) -> list[float]:
        """What the model says of the first results, higher is better; [] when it says nothing."""
        model = self._opened()
        if model is None or len(results) < 2:
            return []
        try:
            return list(model.scores(query, [text_of(each) for each in results[:HEAD]]))
        except ModelError as error:
            logger.warning("the reranker of version %d: %s", self.number, error)
            return []

    def ordered(self, scores: Sequence[float], n: int) -> list[int]:
        """Indexes of `n` results whose first ones have these scores. Both opinions are scaled to
        0…1; a rank's falls with its logarithm, as the measure of the gate does."""
        ranks = _scaled([-math.log2(1 + rank) for rank in range(len(scores))])
        said = _scaled(scores)
        heard = [(1 - self.weight) * a + self.weight * b for a, b in zip(ranks, said, strict=True)]
        head = sorted(range(len(heard)), key=lambda index: (-heard[index], index))
        return [*head, *range(len(heard), n)]

    def to_json(self) -> dict[str, Any]:
        return {
            "cross_encoder": str(self.folder),
            "sha256": self.sha256,
            "weight": self.weight,
        }

    def _opened(self) -> Any:
        with self._lock:
            if self._model is None and not self._broken:
                try:
                    self._model = _read(self.folder, self.sha256)
                except ModelError as error:
                    self._broken = str(error)
                    logger.warning("the reranker of version %d is not used: %s", self.number, error)
            return self._model


def weigh(candidate: CrossReranker, others: Sequence[Judged]) -> None:
    """Let it be heard as much as the searches of others bear; least when they bear nothing."""
    least = ndcg(shipped(), others) * (1 - LOSS)
    scores = [candidate.scores(each.query, each.results) for each in others]
    for candidate.weight in WEIGHTS:
        orders = [
            candidate.ordered(said, len(each.results))
            for said, each in zip(scores, others, strict=True)
        ]
        if ndcg_of(orders, others) >= least:
            break


def _scaled(values: Sequence[float]) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]


def _read(folder: Path, sha256: str) -> Any:
    """Raises ModelError."""
    from treewright_indexer.encoders.onnx import OnnxReranker

    manifest = read_manifest(folder)
    if manifest.sha256 != sha256:
        raise ModelError(f"{folder} holds another model than the one that passed the gate")
    return OnnxReranker(manifest)  # checks the files


def cross_of(folder: Path) -> CrossReranker:
    """The one in `folder`. Raises ArgumentsError with what is wrong with it."""
    place = folder.expanduser().resolve()
    try:
        sha256 = read_manifest(place).sha256
        return CrossReranker(place, sha256, model=_read(place, sha256))
    except ModelError as error:
        raise ArgumentsError(f"{folder}: {error}") from error


def from_json(value: Mapping[str, Any], number: int) -> CrossReranker | None:
    folder, sha256, weight = value.get("cross_encoder"), value.get("sha256"), value.get("weight")
    if not isinstance(folder, str) or not isinstance(sha256, str):
        return None
    # A version of before there was a weight was measured without the rank.
    heard = float(weight) if isinstance(weight, int | float) else 1.0
    return CrossReranker(Path(folder), sha256, number, weight=heard)


def trained_on(folder: Path) -> frozenset[str]:
    """Hashes of the queries that it has seen. Raises ArgumentsError when nothing says so."""
    try:
        found = json.loads((folder.expanduser() / QUERIES).read_text("utf-8"))
        return frozenset(map(str, found["trained"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArgumentsError(
            f"{folder / QUERIES} does not say which queries the model was trained on: "
            "train it with treewright's train_cross_encoder.py"
        ) from error


def hash_of(query: str) -> str:
    return hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()
