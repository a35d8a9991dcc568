"""Generation: one encoder's vectors of one folder's chunks, and which are still to be made."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.encoders.codetext import document_of
from treewright_indexer.search.dense import DenseIndex, pack

if TYPE_CHECKING:
    from treewright_indexer.encoders import Encoder, Matrix
    from treewright_indexer.store import Store
    from treewright_indexer.store.vectors import SharedVectors

_KEYS_AT_ONCE: Final = 20_000


class Generation:
    """One writer; `index` may be read meanwhile."""

    def __init__(self, encoder: Encoder, store: Store, shared: SharedVectors | None) -> None:
        """`shared` None keeps nothing beyond this process."""
        self.encoder = encoder
        self.index = DenseIndex(encoder.dimensions)
        self.pending: dict[int, bytes] = {}
        """Chunk number -> key of what is to be embedded."""
        self._store = store
        self._shared = shared
        self._alive: Any = None
        """The numbers of all chunks, ascending, when they were last looked at."""
        self._seen = 0

    @property
    def progress(self) -> tuple[int, int]:
        """(chunks that have a vector, chunks)."""
        n = len(self.index)
        return n, n + len(self.pending)

    def look(self) -> None:
        """Forget the vectors of chunks that are gone; find or note those of new ones."""
        import numpy as np

        index = self.index
        self._alive = alive = np.array(self._store.chunk_ids(), np.int64)
        if len(alive) == 0 or int(alive[-1]) < self._seen:
            self._seen, self.pending = 0, {}  # the index was emptied: numbers start anew
            index.update(np.empty(0, np.int64), [])
        new: list[tuple[int, bytes]] = []
        fresh = False
        while True:
            rows = self._store.chunk_keys(self._seen, _KEYS_AT_ONCE)
            if not rows:
                break
            fresh = True
            known = self._shared.get([key for _, key in rows]) if self._shared is not None else {}
            for number, key in rows:
                data = known.get(key)
                if data is not None:
                    new.append((number, data))
                else:
                    self.pending[number] = key
            self._seen = rows[-1][0]
        if self.pending:
            there = set(alive.tolist())
            self.pending = {n: key for n, key in self.pending.items() if n in there}
        if fresh or len(index) + len(self.pending) != len(alive):
            index.update(alive, new)

    def next(self, n: int) -> dict[int, bytes]:
        """The first `n` that are to be embedded."""
        return dict(islice(self.pending.items(), n))

    def embed(self, some: Mapping[int, bytes], texts: Mapping[bytes, tuple[str, str, str]]) -> None:
        """Embed what `texts` has of `some`, as (path, symbol, code); the others stay without."""
        packed: dict[bytes, bytes] = {}
        if texts:
            vectors = _vectors(self.encoder, list(texts.values()))
            packed = dict(zip(texts, pack(vectors), strict=True))
            if self._shared is not None:
                self._shared.put(packed.items())
        new = [(number, packed[key]) for number, key in some.items() if key in packed]
        self.index.update(self._alive, new)
        for number in some:
            self.pending.pop(number, None)


def _vectors(encoder: Encoder, chunks: list[tuple[str, str, str]]) -> Matrix:
    make = getattr(encoder, "chunks", None)  # one that makes the texts itself
    if make is not None:
        return make(chunks)
    return encoder.documents([document_of(encoder, *chunk) for chunk in chunks])
