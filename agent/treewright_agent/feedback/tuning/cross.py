"""A cross-encoder of the user's own, as `train_cross_encoder.py` wrote it: put in force by the gate.

It reads the query and each of the first results together and orders those by what it says; what is
below stays. Its files are named with their hashes, in its manifest and in the version: one that was
changed or is gone is not used, and results come in the order they had.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from treewright_agent.feedback.triples import text_of
from treewright_indexer.encoders.manifest import ModelError, read_manifest
from treewright_indexer.errors import ArgumentsError

logger = logging.getLogger("treewright")

HEAD = 30
"""Results that are read; on a processor each costs a few milliseconds."""
QUERIES = "queries.json"
"""SHA-256 of the queries it was trained on, so that nobody judges it by those."""

Result = Mapping[str, Any]


class CrossReranker:
    """Any thread may ask; the model loads with the first query."""

    def __init__(self, folder: Path, sha256: str, number: int = 0, model: Any = None) -> None:
        self.folder = folder
        self.sha256 = sha256
        self.number = number
        self._lock = threading.Lock()
        self._model = model
        self._broken = ""

    def order(self, query: str, results: Sequence[Result]) -> list[int]:
        """Indexes into `results`, best first."""
        indexes = list(range(len(results)))
        model = self._opened()
        if model is None or len(results) < 2:
            return indexes
        try:
            scores = model.scores(query, [text_of(each) for each in results[:HEAD]])
        except ModelError as error:
            logger.warning("the reranker of version %d: %s", self.number, error)
            return indexes
        head = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
        return [*head, *indexes[len(scores) :]]

    def to_json(self) -> dict[str, Any]:
        return {"cross_encoder": str(self.folder), "sha256": self.sha256}

    def _opened(self) -> Any:
        with self._lock:
            if self._model is None and not self._broken:
                try:
                    self._model = _read(self.folder, self.sha256)
                except ModelError as error:
                    self._broken = str(error)
                    logger.warning("the reranker of version %d is not used: %s", self.number, error)
            return self._model


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
    folder, sha256 = value.get("cross_encoder"), value.get("sha256")
    if not isinstance(folder, str) or not isinstance(sha256, str):
        return None
    return CrossReranker(Path(folder), sha256, number)


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
