"""LateReranker: reorders by comparing tokens, with the embedder that is loaded anyway.

A document's score is the mean, over the query's tokens, of the best cosine with any token of the
document (MaxSim of ColBERT, Khattab and Zaharia 2020). It needs no second model, no pairs to run
and so no more than one pass over the documents; the states of late documents are remembered.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from treewright_indexer.encoders.codetext import document_text, query_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from treewright_indexer.encoders import Encoder
    from treewright_indexer.encoders.onnx import OnnxEncoder

WEIGHT: Final = 0.4
KINDS: Final[frozenset[str]] = frozenset(("web",))
"""Measured, see docs/search.md: elsewhere it changed nothing or for the worse."""
HEAD: Final = 16
"""Looking further down lifted nothing, and costs time."""
_REMEMBERED: Final = 400
"""Documents, of about 100 tokens of one byte a dimension each: 15 MB."""


def offers_states(encoder: Encoder) -> TypeGuard[OnnxEncoder]:
    """Whether the encoder's tokens were trained to rerank."""
    return bool(getattr(getattr(encoder, "manifest", None), "states", ""))


class LateReranker:
    """A Reranker. Safe between threads."""

    weight = WEIGHT
    kinds: frozenset[str] = KINDS
    head = HEAD

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self.generation = f"late:{encoder.generation}"
        self._known: OrderedDict[bytes, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def document(self, path: str, symbol: str, code: str) -> str:
        if self._encoder.manifest.text == "words":
            return document_text(path, symbol, code)
        return f"{path}\n{symbol}\n{code}"

    def scores(self, query: str, documents: Sequence[str]) -> list[float]:
        import numpy as np

        words = query_text(query) if self._encoder.manifest.text == "words" else query
        asked = self._encoder.states([words], query=True)[0]
        if len(asked) > 2:  # the marks at both ends mean the whole text, which was compared before
            asked = asked[1:-1]
        found = self._states(documents)
        ends = np.cumsum([len(each) for each in found])
        if not len(ends):
            return []
        # One byte a dimension: 127 is the scale, and cancels in the order.
        cosines = asked @ np.concatenate(found).astype(np.float32).T
        best = np.maximum.reduceat(cosines, np.concatenate(([0], ends[:-1])), axis=1)
        return [float(score) / 127.0 for score in best.mean(axis=0)]

    def _states(self, documents: Sequence[str]) -> list[NDArray[Any]]:
        import numpy as np

        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in documents]
        with self._lock:
            known = {key: self._known[key] for key in keys if key in self._known}
            for key in known:
                self._known.move_to_end(key)
        missing = {k: t for k, t in zip(keys, documents, strict=True) if k not in known}
        if missing:
            made = self._encoder.states(list(missing.values()))
            new = {
                key: np.round(states * 127.0).astype(np.int8)
                for key, states in zip(missing, made, strict=True)
            }
            known |= new
            with self._lock:
                self._known.update(new)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return [known[key] for key in keys]
