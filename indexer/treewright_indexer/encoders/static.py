"""StaticEncoder: one vector a token, added up. Thousands of texts a second, on any processor.

It stands in while the embedder's vectors are made. Its table is a file of packed rows, one a
token: signed bytes and a float32 scale, as `search.dense.pack` writes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from treewright_indexer.encoders import codetext
from treewright_indexer.encoders.manifest import Manifest, ModelError
from treewright_indexer.encoders.wordpiece import WordPiece

if TYPE_CHECKING:
    from treewright_indexer.encoders import Matrix

_AT_ONCE: Final = 256


class StaticEncoder:
    """An Encoder over a table. Safe between threads."""

    def __init__(self, manifest: Manifest) -> None:
        """Reads and checks the files. Raises ModelError."""
        import numpy as np

        if manifest.task != "embed" or manifest.pooling != "static":
            raise ModelError(f"model {manifest.name} is not a static embedder")
        manifest.verify()
        try:
            self._tokens = WordPiece.read(manifest.folder / manifest.tokenizer)
        except (OSError, ValueError) as error:
            raise ModelError(
                f"model {manifest.name}: {manifest.tokenizer} is no tokenizer: {error}"
            ) from error
        raw = np.fromfile(manifest.model_path, np.uint8)
        width = manifest.dimensions + 4
        if len(raw) != len(self._tokens) * width:
            raise ModelError(
                f"model {manifest.name} has {len(raw) // width} vectors of {manifest.dimensions} "
                f"numbers for {len(self._tokens)} tokens: the tokenizer is another model's"
            )
        rows = raw.reshape(-1, width)
        self._codes = np.ascontiguousarray(rows[:, :-4]).view(np.int8)
        self._scales = np.ascontiguousarray(rows[:, -4:]).view("<f4")[:, 0]
        self.manifest = manifest
        self.generation = manifest.generation
        self.dimensions = manifest.dimensions
        self.relevant = manifest.relevant

    def documents(self, texts: Sequence[str]) -> Matrix:
        import numpy as np

        limit, pieces = self.manifest.max_tokens, self._tokens.pieces
        out = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            counts = [Counter(pieces(text, limit)) for text in texts[start : start + _AT_ONCE]]
            rows = [index for index, count in enumerate(counts) if count]
            if not rows:
                continue
            n_kinds = np.array([len(counts[index]) for index in rows])
            ids = np.fromiter(chain.from_iterable(counts[index] for index in rows), np.int64)
            times = chain.from_iterable(counts[index].values() for index in rows)
            weights = np.sqrt(np.fromiter(times, np.float32)) * self._scales[ids]
            starts = np.concatenate(([0], np.cumsum(n_kinds)[:-1]))
            weighed = self._codes[ids].astype(np.float32) * weights[:, None]
            out[np.array(rows) + start] = np.add.reduceat(weighed, starts, axis=0)
        lengths = np.linalg.norm(out, axis=1, keepdims=True)
        return out / np.maximum(lengths, 1e-12)

    def query(self, text: str) -> Matrix:
        words = codetext.query_text(text) if self.manifest.text == "words" else text[:4000]
        return self.documents([words])[0]
