"""Text to vectors, on this machine: ONNX models behind two small protocols.

Nothing here imports numpy or onnxruntime until a model is opened, and nothing here downloads.
A model that cannot be used raises ModelError with a message for the user; search by words goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors of unit length; rows are in the order of the texts."""

    generation: str
    """Differs whenever vectors of two encoders must not be compared."""
    dimensions: int
    relevant: float
    """A best cosine below this means that nothing is relevant; 0 when it is not known."""

    def documents(self, texts: Sequence[str]) -> Matrix:
        """(len(texts), dimensions) float32. Raises ModelError."""
        ...

    def query(self, text: str) -> Matrix:
        """(dimensions,) float32. Raises ModelError."""
        ...


class Reranker(Protocol):
    """Scores how well each document answers a query; higher is better."""

    generation: str
    weight: float
    """Of its scores against those of the ranking before it, 0 to 1."""
    kinds: frozenset[str]
    """The kinds of query (see `search.plan`) that it is asked for; none named: all of them."""
    head: int
    """How many candidates of a ranking it looks at."""

    def document(self, path: str, symbol: str, code: str) -> str:
        """The text of a chunk in the form that `scores` takes."""
        ...

    def scores(self, query: str, documents: Sequence[str]) -> Sequence[float]:
        """One score per document, independent of the others. Raises ModelError."""
        ...
